/* SPDX-License-Identifier: GPL-2.0 */
/* One mistake of the kernel's on purpose. A defence that works stops it: by a panic, by an error, by a line in the log. */
#ifndef TESTS_PROVOKE_H
#define TESTS_PROVOKE_H

#include <kernel/types.h>

struct provocation {
	const char *name;
	/* What became of it, when it comes back; "harm: ..." when nothing stood in its way. @user: an address that root gave. */
	const char *(*run)(uint64_t user);
};

/* memory.c: objects, counts, lists. pages.c: what may be written, executed, touched. stuck.c: what does not go on. Each ends with a NULL name. */
extern const struct provocation provoke_memory[], provoke_pages[], provoke_stuck[];

#endif
