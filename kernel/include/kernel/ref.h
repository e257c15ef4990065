/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference counts that saturate instead of wrapping, and after a get or put at 0: a leaked object is better than a freed one in use. The log
 * names who did it. Without CONFIG_REF_CHECKED they count and no more.
 */
#ifndef KERNEL_REF_H
#define KERNEL_REF_H

#include <kernel/types.h>

/* Two less than there are, so that one comparison of a sign finds what is wrong in the common case: -1 is one, -2 none. */
struct ref {
	int32_t less_two;
};

#define REF_ONE		(-1)
#define REF_NONE	(-2)
#define REF_SATURATED	(-0x40000000)
#ifndef REF_CHECKED
#define REF_CHECKED	1
#endif

/* Out of line: saturates, and logs what was wrong and who did it. */
void ref_get_wrong(struct ref *r);
void ref_put_wrong(struct ref *r, int32_t before);

static inline void ref_init(struct ref *r) { __atomic_store_n(&r->less_two, REF_ONE, __ATOMIC_RELAXED); }

/* How many there are just now. */
static inline uint32_t ref_count(const struct ref *r) { return (uint32_t)__atomic_load_n(&r->less_two, __ATOMIC_RELAXED) + 2; }

static inline void ref_get(struct ref *r)
{
	if (unlikely(__atomic_add_fetch(&r->less_two, 1, __ATOMIC_RELAXED) < 0) && REF_CHECKED)
		ref_get_wrong(r);
}

/* True when that was the last one: the caller frees the object. */
static inline bool __must_check ref_put(struct ref *r)
{
	int32_t before = __atomic_fetch_sub(&r->less_two, 1, __ATOMIC_ACQ_REL);

	if (likely(before > REF_ONE))
		return false;
	if (REF_CHECKED && unlikely(before != REF_ONE))
		ref_put_wrong(r, before);
	return before == REF_ONE;
}

/* Give one back if it is not the last; false: it is, and stays. */
static inline bool __must_check ref_put_unless_last(struct ref *r)
{
	int32_t before = __atomic_load_n(&r->less_two, __ATOMIC_RELAXED);

	while (before > REF_ONE)
		if (__atomic_compare_exchange_n(&r->less_two, &before, before - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	return before < REF_NONE;
}

/* Take one unless the object is already dying. */
static inline bool __must_check ref_get_live(struct ref *r)
{
	int32_t before = __atomic_load_n(&r->less_two, __ATOMIC_RELAXED);

	while (before != REF_NONE)
		if (__atomic_compare_exchange_n(&r->less_two, &before, before + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	return false;
}

#endif
