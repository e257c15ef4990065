// SPDX-License-Identifier: GPL-2.0
/*
 * What programs were promised, and how much they may be: mm/commit.h. One count for all processors: it changes where areas and files do, never at a
 * page fault of private memory. Left out: the user's reserve for files, whose caller's space may be locked.
 */
#include <kernel/init.h>
#include <kernel/privilege.h>
#include <mm/commit.h>
#include <mm/page.h>
#include "space_internal.h"

#define RESERVE_PART	32u		/* of free memory at boot, and of a program's own size */
#define USER_RESERVE	(128 * 1024u)	/* KiB, at most */
#define ADMIN_RESERVE	(8 * 1024u)
#define PAGE_KIB	(PAGE_SIZE / 1024)

int64_t commit_promised;
uint64_t commit_unasked = UINT64_MAX;	/* until memory is counted */

static uint64_t total;		/* pages of the machine */
static uint64_t settings[COMMIT_SETTINGS] = { [COMMIT_RATIO] = 50 };	/* relaxed atomics */

uint64_t commit_pages(void)
{
	return (uint64_t)MAX(__atomic_load_n(&commit_promised, __ATOMIC_RELAXED), 0);
}

uint64_t commit_limit(void)
{
	uint64_t kbytes = READ_ONCE(settings[COMMIT_KBYTES]);

	return kbytes ? kbytes / PAGE_KIB : total * READ_ONCE(settings[COMMIT_RATIO]) / 100;
}

bool commit_is_strict(void)
{
	return READ_ONCE(settings[COMMIT_MODE]) == COMMIT_STRICT;
}

/* What @s may not use: something stays for root, and for the user who has to end a program that has it all. */
static uint64_t kept_back(const struct space *s)
{
	uint64_t kept = privileged(LINUX_CAP_SYS_ADMIN) ? 0 : READ_ONCE(settings[COMMIT_ADMIN_RESERVE]) / PAGE_KIB;

	if (s)
		kept += MIN((space_bytes(s, 0, USER_END, 0) >> PAGE_SHIFT) / RESERVE_PART, READ_ONCE(settings[COMMIT_USER_RESERVE]) / PAGE_KIB);
	return kept;
}

int commit_check(const struct space *s, uint64_t pages)
{
	if ((s && s->resident) || (commit_is_strict() && commit_pages() + kept_back(s) < commit_limit()))
		return 0;
	commit_give(pages);
	return -ENOMEM;
}

uint64_t commit_get(enum commit_setting which)
{
	return READ_ONCE(settings[which]);
}

/* In this mode. */
static uint64_t unasked(uint64_t mode)
{
	return mode == COMMIT_GUESS ? total : mode == COMMIT_ALWAYS ? UINT64_MAX : 0;
}

int commit_set(enum commit_setting which, uint64_t value)
{
	if (which == COMMIT_MODE && value > COMMIT_STRICT)
		return -EINVAL;
	WRITE_ONCE(settings[which], value);
	if (which == COMMIT_MODE)
		WRITE_ONCE(commit_unasked, unasked(value));
	if (which == COMMIT_RATIO)
		WRITE_ONCE(settings[COMMIT_KBYTES], 0);
	else if (which == COMMIT_KBYTES)
		WRITE_ONCE(settings[COMMIT_RATIO], 0);
	return 0;
}

static int commit_init(void)
{
	struct frame_stats stats;

	frame_stats(&stats);
	total = stats.total;
	commit_unasked = unasked(COMMIT_GUESS);
	settings[COMMIT_USER_RESERVE] = MIN(stats.free * PAGE_KIB / RESERVE_PART, USER_RESERVE);
	settings[COMMIT_ADMIN_RESERVE] = MIN(stats.free * PAGE_KIB / RESERVE_PART, ADMIN_RESERVE);
	return 0;
}
INITCALL("1core", commit_init);
