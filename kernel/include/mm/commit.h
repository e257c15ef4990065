/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Promised memory: pages that programs may still ask for by touching what they mapped (Linux's Documentation/vm/overcommit-accounting.rst).
 * Private areas that may be written promise all of their pages (VM_ACCOUNT), files in memory each page that they have, those made with a size
 * all of it.
 */
#ifndef MM_COMMIT_H
#define MM_COMMIT_H

#include <kernel/types.h>

struct space;

/* The numbers of /proc/sys/vm, in this order. */
enum commit_setting {
	COMMIT_MODE,		/* overcommit_memory: a COMMIT_* below */
	COMMIT_RATIO,		/* overcommit_ratio: percent of memory. To set one of these two clears the other */
	COMMIT_KBYTES,		/* overcommit_kbytes */
	COMMIT_USER_RESERVE,	/* user_reserve_kbytes */
	COMMIT_ADMIN_RESERVE,	/* admin_reserve_kbytes */
	COMMIT_SETTINGS
};

#define COMMIT_GUESS	0u	/* at once no more than there is */
#define COMMIT_ALWAYS	1u
#define COMMIT_STRICT	2u	/* together no more than commit_limit() */

/* For the two below. Relaxed atomics: what is promised, and up to how much at once nobody looks. */
extern int64_t commit_promised;
extern uint64_t commit_unasked;
/* May @s have the @pages that are counted already? -ENOMEM: no, they are not any more. */
int commit_check(const struct space *s, uint64_t pages);

/*
 * Promise @pages more to @s, whose lock is held; NULL: to a file. -ENOMEM: too many, nothing is promised. Spaces of drivers are never refused.
 * Any context that @s allows.
 */
static inline int commit_take(const struct space *s, uint64_t pages)
{
	__atomic_fetch_add(&commit_promised, (int64_t)pages, __ATOMIC_RELAXED);
	return likely(pages <= READ_ONCE(commit_unasked)) ? 0 : commit_check(s, pages);
}

/* @pages of that are not promised any more. Any context. */
static inline void commit_give(uint64_t pages)
{
	__atomic_fetch_sub(&commit_promised, (int64_t)pages, __ATOMIC_RELAXED);
}

/* Does nobody get memory without a promise (MAP_NORESERVE)? */
bool commit_is_strict(void);
/* Pages that are promised, and that may be in strict mode. */
uint64_t commit_pages(void);
uint64_t commit_limit(void);

uint64_t commit_get(enum commit_setting which);
/* -EINVAL: no such mode. */
int commit_set(enum commit_setting which, uint64_t value);

#endif
