/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rate of a counter, from measurements that may each have been held up: pure arithmetic for arch/x86/clock.c. A measurement bounds the
 * rate from both sides; those that agree are kept, and what they have in common is the result.
 */
#ifndef ASM_CLOCK_RATE_H
#define ASM_CLOCK_RATE_H

#include <kernel/types.h>

/* One look at the reference: it stood at @count, counting up, between two readings of the TSC. */
struct rate_mark {
	uint64_t before, after;
	uint32_t count;
};

/* The rate lies from @low to @high, in cycles a second; so say @votes measurements. No votes: nothing is known. */
struct rate_range {
	uint64_t low, high;
	unsigned int votes;
};

/* What two marks tell when the reference, of which the bits of @mask count, runs at @hz and did not come round in between. */
struct rate_range rate_between(const struct rate_mark *a, const struct rate_mark *b, uint64_t hz, uint32_t mask);
/* The range that most of @n measurements have in common; the narrowest of several such. */
struct rate_range rate_agree(const struct rate_range *all, unsigned int n);
/* Do enough agree, and closely enough, to end the measuring? */
bool rate_is_settled(const struct rate_range *r);
/* The middle of the range; 0 when nothing is known. */
uint64_t rate_hz(const struct rate_range *r);

#endif
