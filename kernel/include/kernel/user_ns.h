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
#define USER_NS_DEPTH	33u

struct id_range {
	uint32_t inside, outside, count;	/* outside: in the first namespace */
};

/* Written once, as a whole. */
struct id_map {
	uint32_t nr;
	struct id_range ranges[];
};

enum id_kind { ID_USER, ID_GROUP, ID_KINDS };

struct key_register;

struct user_ns {
	struct ns ns;			/* its owner is the parent */
	struct user_ns *parent;		/* NULL: this is the first */
	uint32_t level;			/* 0: the first */
	uint32_t owner, owner_group;	/* who made it */
	bool groups_denied;		/* setgroups(2); guarded by the lock of maps (kernel/ns/user_map.c), as who writes the next */
	struct id_map *maps[ID_KINDS];	/* NULL: not written yet */
	struct key_register *keys;	/* of its users (kernel/keys/holder.c), guarded by the lock of keys; NULL: none */
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

/* May who @c is do in @u (NULL: the first) what @cap stands for? There, or because they made it or one above it. */
bool credentials_privileged_in(const struct credentials *c, const struct user_ns *u, unsigned int cap);
/* The same for the current thread; kernel threads may. */
bool privileged_in(const struct user_ns *u, unsigned int cap);
/* In its own, whichever that is: for what is its own. */
bool privileged_here(unsigned int cap);
/* Is @u @of or below it? NULL: the first. */
bool user_ns_is_below(const struct user_ns *u, const struct user_ns *of);

/* @c, not a thread's yet, is in a new user namespace, with all privileges there and a reference to it. -EPERM, -ENOSPC, -ENOMEM. May sleep. */
int user_ns_create(struct credentials *c);
/* The same in @u, which is there already. -EINVAL: it is in it; -EPERM. */
int user_ns_enter(struct credentials *c, struct user_ns *u);
/* The current thread, alone in its process, is @c, whose reference to a user namespace is taken over. */
void user_ns_change(const struct credentials *c);

/* A number outside for one inside @u and back: ID_NONE if there is none. NULL: the first, where they are the same. Any context. */
uint32_t id_outside(const struct user_ns *u, enum id_kind kind, uint32_t inside);
uint32_t id_inside(const struct user_ns *u, enum id_kind kind, uint32_t outside);
/* What the current thread is told, and what it means by a number that it says (ID_NONE, or "leave as it is": ID_NONE). */
uint32_t id_told_slow(enum id_kind kind, uint32_t outside);
static inline uint32_t id_told(enum id_kind kind, uint32_t id) { return likely(!current->cred.user_ns) ? id : id_told_slow(kind, id); }
static inline uint32_t uid_told(uint32_t id) { return id_told(ID_USER, id); }
static inline uint32_t gid_told(uint32_t id) { return id_told(ID_GROUP, id); }
static inline uint32_t uid_meant(uint32_t id) { return id_outside(current->cred.user_ns, ID_USER, id); }
static inline uint32_t gid_meant(uint32_t id) { return id_outside(current->cred.user_ns, ID_GROUP, id); }
/* Who is root in @u (NULL: the first); ID_NONE: nobody. */
static inline uint32_t root_of(const struct user_ns *u) { return likely(!u) ? 0 : id_outside(u, ID_USER, 0); }

/* kernel/ns/user_map.c, for /proc. @text of @kind's map, written by who @who was when the file was opened: -EPERM, -EINVAL, -ENOMEM. */
int user_ns_map_write(struct user_ns *u, enum id_kind kind, char *text, const struct credentials *who);
/* "allow" or "deny". */
int user_ns_groups_write(struct user_ns *u, const char *text);
/* May groups be set there? */
bool user_ns_may_set_groups(const struct user_ns *u);

#endif
