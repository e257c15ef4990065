// SPDX-License-Identifier: GPL-2.0
/*
 * The rate of a counter, from measurements that may each have been held up. Whoever takes the CPU away widens the gap between the TSC
 * readings round a look at the reference, so a late measurement is wide and not wrong; the ranges' intersection (K. Marzullo, 1984) is as
 * narrow as the best of them, and a reference that lied is outvoted.
 */
#include <asm/clock_rate.h>
#include <asm/math.h>

#define VOTES_WANTED	3
#define PART_WANTED	500	/* the range is at most this part of the rate */

struct rate_range rate_between(const struct rate_mark *a, const struct rate_mark *b, uint64_t hz, uint32_t mask)
{
	uint64_t turns = (b->count - a->count) & mask;

	if (turns < 2 || b->before <= a->after || b->after - a->before > UINT64_MAX / hz)
		return (struct rate_range){ 0 };
	/* Each look fell somewhere into its turn. */
	return (struct rate_range){
		.low = mul_div64(b->before - a->after, hz, turns + 1),
		.high = mul_div64(b->after - a->before, hz, turns - 1),
		.votes = 1,
	};
}

/* What those that hold @point have in common. */
static struct rate_range common(const struct rate_range *all, unsigned int n, uint64_t point)
{
	struct rate_range r = { 0, UINT64_MAX, 0 };

	for (unsigned int i = 0; i < n; i++) {
		if (!all[i].votes || all[i].low > point || all[i].high < point)
			continue;
		r.low = MAX(r.low, all[i].low);
		r.high = MIN(r.high, all[i].high);
		r.votes++;
	}
	return r;
}

/* Where most ranges overlap, one of them begins. */
struct rate_range rate_agree(const struct rate_range *all, unsigned int n)
{
	struct rate_range best = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		struct rate_range r = common(all, n, all[i].low);

		if (r.votes > best.votes || (r.votes && r.votes == best.votes && r.high - r.low < best.high - best.low))
			best = r;
	}
	return best;
}

bool rate_is_settled(const struct rate_range *r)
{
	return r->votes >= VOTES_WANTED && r->high - r->low <= r->low / PART_WANTED;
}

uint64_t rate_hz(const struct rate_range *r)
{
	return r->votes ? r->low + (r->high - r->low) / 2 : 0;
}
