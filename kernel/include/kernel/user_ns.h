/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User namespaces (user_namespaces(7)). Numbers of users and groups in the kernel are those of the first one; what programs say and are told is
 * translated at the border. A thread's privileges are those in its user namespace: privileged() asks for the first one.
 */
#ifndef KERNEL_USER_NS_H
#define KERNEL_USER_NS_H

#include <kernel/credentials.h>
#include <kernel/namespace.h>

#define ID_NONE		0xffffffffu	/* no user and no group */
#define ID_OVERFLOW	65534u		/* what a number without a name inside is told as */
#define ID_RANGES_MAX	340u
#define USER_NS_DEPTH	32u

struct id_range {
	uint32_t inside, outside, count;	/* outside: in the first namespace */
};

/* Written once. */
struct id_map {
	uint32_t nr;
	struct id_range ranges[];
};

enum id_kind { ID_USER, ID_GROUP, ID_KINDS };

struct user_ns {
	struct ns ns;
	struct user_ns *parent;		/* counted; NULL: the first */
	uint32_t level;			/* 0: the first */
	uint32_t owner, owner_group;	/* who made it */
	bool parent_may_set_groups;
	bool groups_denied;		/* guarded by map_lock, as writing the next */
	struct id_map *maps[ID_KINDS];	/* NULL: not written yet */
};

extern struct user_ns user_ns_first;

static inline struct user_ns *user_ns_of(const struct credentials *c)
{
	return c->user_ns ? c->user_ns : &user_ns_first;
}

static inline void user_ns_get(struct user_ns *u)
{
	if (unlikely(u))
		ns_get(&u->ns);
}
static inline void user_ns_put(struct user_ns *u)
{
	if (unlikely(u))
		ns_put(&u->ns);
}

/* May who @c is do in @u (NULL: the first) what @cap stands for: there, or because they made it or one above it? */
bool credentials_privileged_in(const struct credentials *c, const struct user_ns *u, unsigned int cap);
/* The same for the current thread; kernel threads may. */
bool privileged_in(const struct user_ns *u, unsigned int cap);
/* Is @u @of or below it? NULL: the first. */
bool user_ns_is_below(const struct user_ns *u, const struct user_ns *of);

#endif
