/* SPDX-License-Identifier: GPL-2.0 */
/* The names of pseudo-terminals. */
#ifndef FS_DEVPTS_H
#define FS_DEVPTS_H

#include <kernel/types.h>

struct path;

/* Terminal @index with device number @rdev has a name from now on, the caller's own. -EEXIST, -ENOMEM. May sleep. */
int devpts_add(unsigned int index, uint64_t rdev);
void devpts_remove(unsigned int index);
/* Where it is, counted: -ENOENT. Needs no mount that the caller could reach. */
int devpts_path(unsigned int index, struct path *to);

#endif
