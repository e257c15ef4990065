/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bugs on purpose, for the kernel's checks to find (CONFIG_PLANTED_BUGS). Each is a function of its own that runs in a kernel thread of
 * its own; the line that a report has to name ends in a comment that says so: tests/planted/run reads it from there.
 *
 *	PLANTED(read_after_free)
 *	{
 *		...
 *		keep(p->value);		// here, as a C comment
 *	}
 */
#ifndef TESTS_PLANTED_H
#define TESTS_PLANTED_H

#include <kernel/debug.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/types.h>
#include <mm/slab.h>

struct planted {
	const char *name;
	void (*run)(void);
};

#define PLANTED(id)									\
	static void id(void);								\
	static const struct planted id##_planted = { #id, id };				\
	static const struct planted *const id##_entry					\
		__attribute__((section("planted_bugs"), used)) = &id##_planted;		\
	static void __attribute__((noinline)) id(void)

/* The compiler knows nothing of a value that went through here, and cannot leave its use out. */
uint64_t planted_keep(uint64_t value);
#define keep(value)	planted_keep((uint64_t)(value))
#define hide(value)	((__typeof__(value))planted_keep((uint64_t)(value)))

/* The @nth allocation of this thread from now on fails. */
void planted_fail(uint32_t nth);
/* Lose a value: nothing on the stack holds it any more. */
void planted_forget(void);

#endif
