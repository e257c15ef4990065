/* SPDX-License-Identifier: GPL-2.0 */
/* Reference counts that saturate instead of wrapping: a leaked object is better than a freed one in use. */
#ifndef KERNEL_REF_H
#define KERNEL_REF_H

#include <kernel/types.h>

struct ref {
	uint32_t count;
};

#define REF_SATURATED	0xc0000000u

static inline void ref_init(struct ref *r) { __atomic_store_n(&r->count, 1, __ATOMIC_RELAXED); }

static inline void ref_get(struct ref *r)
{
	if (__atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED) >= REF_SATURATED)
		__atomic_store_n(&r->count, REF_SATURATED, __ATOMIC_RELAXED);
}

/* True when that was the last one: the caller frees the object. */
static inline bool __must_check ref_put(struct ref *r)
{
	uint32_t old = __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL);

	if (unlikely(old >= REF_SATURATED)) {
		__atomic_store_n(&r->count, REF_SATURATED, __ATOMIC_RELAXED);
		return false;
	}
	return old == 1;
}

/* Give one back if it is not the last; false: it is, and stays. */
static inline bool __must_check ref_put_unless_last(struct ref *r)
{
	uint32_t old = __atomic_load_n(&r->count, __ATOMIC_RELAXED);

	while (old > 1 && old < REF_SATURATED)
		if (__atomic_compare_exchange_n(&r->count, &old, old - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	return old >= REF_SATURATED;
}

/* Take one unless the object is already dying. */
static inline bool __must_check ref_get_live(struct ref *r)
{
	uint32_t old = __atomic_load_n(&r->count, __ATOMIC_RELAXED);

	while (old)
		if (__atomic_compare_exchange_n(&r->count, &old, old + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	return false;
}

#endif
