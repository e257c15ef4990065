/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers of scopes. PROFILE_SCOPE("send_packet"); as a declaration measures from there to the end of the block, however that is left, when
 * somebody asks for profiles (drvctl profile, /proc/ferry/profile) and costs a test otherwise. Results are counted by driver and name, and
 * lie in the trace. Names have at most 16 characters. Any callback.
 */
#ifndef DRIVER_PROFILE_H
#define DRIVER_PROFILE_H

#include <stdint.h>

struct profile_site {
	const char *name, *file;
};

struct profile_scope {
	const struct profile_site *site;
	uint64_t began;		/* the world's clock; 0: not measured */
};

/* One scope is over: @began is what profile_clock() said. The shim's. */
void profile_end(const struct profile_site *site, uint64_t began);

#include <shim/profile.h>	/* profile_clock(): this world's clock, 0 while nobody asks */

static inline void profile_scope_end(struct profile_scope *scope)
{
	if (__builtin_expect(scope->began != 0, 0))
		profile_end(scope->site, scope->began);
}

#define PROFILE_SCOPE(text)		PROFILE_SCOPE_AT(text, __LINE__)
#define PROFILE_SCOPE_AT(text, line)	PROFILE_SCOPE_NAMED(text, line)
#define PROFILE_SCOPE_NAMED(text, line)								\
	_Static_assert(sizeof(text) <= 17, "the name of a profile scope has at most 16 characters"); \
	static const struct profile_site profile_site_##line					\
		__attribute__((section("ferry_profiles"), used)) = { text, __FILE__ };		\
	struct profile_scope profile_scope_##line __attribute__((cleanup(profile_scope_end), unused)) =	\
		{ &profile_site_##line, profile_clock() }

#endif
