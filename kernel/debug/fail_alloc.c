// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail on purpose: "N" written to /proc/ferry/fail_alloc makes the N-th allocation fail that the writer makes from then on
 * in system calls, of memory by size or of frames, once; "0" ends that. Reading tells how many are left and whether it has happened.
 * For one thread at a time.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>
#include <lib/format.h>
#include "debug.h"

static const struct thread *victim;
static uint32_t left;		/* the victim's own from the moment it is set */
static bool happened;

bool debug_fail_alloc(void)
{
	if (likely(!READ_ONCE(victim)) || victim != current || this_cpu()->irq_depth)
		return false;
	/* A page fault of the program itself without memory ends the biggest of all: that is no call's business. */
	if ((current->process && current->syscall_nr == -1) || --left)
		return false;
	victim = NULL;
	happened = true;
	return true;
}

void debug_fail_set(uint32_t nth)
{
	WRITE_ONCE(victim, NULL);
	happened = happened && !nth;
	left = nth;
	WRITE_ONCE(victim, nth ? current : NULL);
}

static void fail_show(struct seq *s, void *priv)
{
	seq_printf(s, "left %u\nhappened %u\n", READ_ONCE(victim) ? left : 0, happened);
}

static int fail_write(void *priv, char *text)
{
	unsigned long long count;

	if (parse_u64(text, 10, 0, &count) || count > UINT32_MAX)
		return -EINVAL;
	debug_fail_set((uint32_t)count);
	return 0;
}

static int fail_init(void)
{
	return proc_create_rw("ferry/fail_alloc", 0600, fail_show, fail_write, NULL);
}
INITCALL("4class", fail_init);
