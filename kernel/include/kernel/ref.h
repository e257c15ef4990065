/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference counts that saturate instead of wrapping, and after a get or put at 0: a leaked object is better than a freed one in use. The log
 * names who did it. Without CONFIG_REF_CHECKED they count and no more.
 */
#ifndef KERNEL_REF_H
#define KERNEL_REF_H

#include <kernel/types.h>

struct ref {
	uint32_t count;
};

#define REF_SATURATED	0xc0000000u
#ifndef REF_CHECKED
#define REF_CHECKED	1
#endif

/* Saturates, and logs @what. */
void ref_wrong(struct ref *r, const char *what);

/* Was a count of @old none to add to or take from: 0, or saturated? */
static inline bool ref_is_wrong(uint32_t old) { return REF_CHECKED && unlikely(old - 1 >= REF_SATURATED - 1); }

static inline void ref_init(struct ref *r) { __atomic_store_n(&r->count, 1, __ATOMIC_RELAXED); }

static inline void ref_get(struct ref *r)
{
	uint32_t old = __atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);

	if (ref_is_wrong(old))
		ref_wrong(r, old ? "saturated count" : "use after the last reference");
}

/* True when that was the last one: the caller frees the object. */
static inline bool __must_check ref_put(struct ref *r)
{
	uint32_t old = __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL);

	if (ref_is_wrong(old)) {
		ref_wrong(r, old ? "saturated count" : "one reference too many given back");
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
