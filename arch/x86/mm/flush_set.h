/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a CPU has been asked to forget: a few ranges; those that touch become one, and when there are too many it is everything.
 * Pure: the lock is the caller's.
 */
#ifndef ARCH_X86_MM_FLUSH_SET_H
#define ARCH_X86_MM_FLUSH_SET_H

#include <kernel/types.h>

#define FLUSH_SET_MAX	4u
#define FLUSH_WHOLE	UINT64_MAX

/* Of a space, by its root; of the kernel, which is in all of them, without. */
struct flush {
	paddr_t root;		/* 0: the kernel's */
	vaddr_t start, end;	/* 0 and FLUSH_WHOLE: all; the kernel's whole is everything */
};

struct flush_set {
	unsigned int nr;
	struct flush of[FLUSH_SET_MAX];
};

static inline bool flush_is_whole(const struct flush *f)
{
	return f->end == FLUSH_WHOLE;
}

static inline void flush_set_add(struct flush_set *set, const struct flush *f)
{
	static const struct flush everything = { .end = FLUSH_WHOLE };

	for (unsigned int i = 0; i < set->nr; i++) {
		struct flush *at = &set->of[i];

		if (!at->root && flush_is_whole(at))
			return;
		if (at->root != f->root || f->start > at->end || f->end < at->start)
			continue;
		at->start = MIN(at->start, f->start);
		at->end = MAX(at->end, f->end);
		return;
	}
	if (set->nr == FLUSH_SET_MAX || (!f->root && flush_is_whole(f))) {
		set->nr = 0;
		f = &everything;
	}
	set->of[set->nr++] = *f;
}

#endif
