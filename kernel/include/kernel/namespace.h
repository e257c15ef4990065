/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Namespaces (namespaces(7)): which names a thread shares with whom. Each is an object that begins with a struct ns; a thread has a set, one of
 * each kind, which it shares with the threads it makes until somebody asks for another. User namespaces are in credentials (kernel/user_ns.h).
 */
#ifndef KERNEL_NAMESPACE_H
#define KERNEL_NAMESPACE_H

#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/thread.h>
#include <uapi/ferry/linux.h>

struct cgroup;
struct credentials;
struct file;
struct fs_context;
struct ns;
struct user_ns;

/* Those of a set, in the order in which setns(2) enters them: the last alone changes something by that. Then the user namespace. */
enum ns_kind { NS_UTS, NS_IPC, NS_PID, NS_CGROUP, NS_NET, NS_TIME, NS_MOUNT, NS_SET_KINDS, NS_USER = NS_SET_KINDS, NS_KINDS };

struct ns_type {
	const char *name;	/* in /proc/<pid>/ns and of the link there */
	enum ns_kind kind;
	uint64_t flag;		/* LINUX_CLONE_NEW* */
	/* Another one for who owns @owner, as @from is now; @fs is to stand in it. ERR_PTR. NULL: there is no other one. May sleep. */
	struct ns *(*copy)(struct ns *from, struct user_ns *owner, struct fs_context *fs);
	/* May who becomes @who enter @ns (who it is, is seen to)? @fs stands in it then. NULL: nothing more to see to. May sleep. */
	int (*enter)(struct ns *ns, const struct credentials *who, struct fs_context *fs);
	/* The last reference is gone. May sleep; with buried set it may take vfs_lock too, and what is put is destroyed later (ns_bury). */
	void (*destroy)(struct ns *ns);
	bool buried;
	bool alone;	/* only a process with one thread and memory of its own enters it: -EUSERS */
};

struct ns {
	struct ref ref;
	const struct ns_type *type;
	struct user_ns *owner;	/* counted; NULL: that of the first user namespace */
	uint32_t payer;		/* the user whose number of namespaces it counts for */
	uint64_t ino;		/* its number: never another's */
	struct ns *next_dead;
};

struct ns_set {
	struct ref ref;
	struct ns *of[NS_SET_KINDS];
};

extern struct ns_set ns_first;		/* what a thread's ns being NULL means */

static inline struct ns_set *ns_set_of(const struct thread *t)
{
	return likely(!t || !t->ns) ? &ns_first : t->ns;
}

static inline struct ns *ns_current(enum ns_kind kind)
{
	return ns_set_of(current)->of[kind];
}

/* Begin a namespace with one reference, for a number of the current user's. -ENOSPC: too many; -ENOMEM. What it was is undone by ns_end(). */
int ns_begin(struct ns *ns, const struct ns_type *type, struct user_ns *owner);
void ns_end(struct ns *ns);
void ns_get(struct ns *ns);
/* Any context of a thread that can sleep, also with vfs_lock held. */
void ns_put(struct ns *ns);
/* Destroy what was put and could not be. Without locks; may sleep. */
void ns_bury(void);

/* The user who pays for what @who makes: who it is, or who made the outermost user namespace that it is in. */
uint32_t ns_payer(const struct credentials *who);

void ns_set_put(struct ns_set *set);
/* @set with another namespace for each of @flags, of who @who is, for @fs to stand in. ERR_PTR(-EPERM, -EINVAL, -ENOSPC, -ENOMEM). May sleep. */
struct ns_set *ns_set_copy(struct ns_set *set, uint64_t flags, const struct credentials *who, struct fs_context *fs);
/* The current thread has @set, taken over, from now on. May sleep. */
void ns_set_change(struct ns_set *set);
/* The namespace of @kind that the process is in, counted; NULL: it has ended. Any thread. */
struct ns *ns_of_process(struct process *p, enum ns_kind kind);
/* The same, where that of children is another one (PID and time): the one that the process itself is in. */
struct ns *ns_around_process(struct process *p, enum ns_kind kind);

/* A new thread of the current one's kind. In a few instructions where nobody asked for a namespace. */
static inline void ns_inherit(struct thread *t)
{
	t->ns = current->ns;
	if (unlikely(t->ns))
		ref_get(&t->ns->ref);
}
/* @t, which has not run yet, has @set, taken over, instead of what it inherited. May sleep. */
void ns_replace(struct thread *t, struct ns_set *set);
/* The current thread @t ends. May sleep. */
void ns_leave(struct thread *t);

/* kernel/ns/cgroup.c: the group that is the root of the current thread's namespace, which holds it; NULL: the root of all. */
struct cgroup *cgroup_ns_root(void);

/* fs/nsfs.c: a file that stands for @ns (taken over), as open(2) of its link gives it: a descriptor or -errno. Of a file: borrowed, or NULL. */
int ns_install(struct ns *ns);
struct ns *ns_of_file(const struct file *f);

#define NS_CLONE_FLAGS	(LINUX_CLONE_NEWNS | LINUX_CLONE_NEWCGROUP | LINUX_CLONE_NEWUTS | LINUX_CLONE_NEWIPC | LINUX_CLONE_NEWPID | \
			 LINUX_CLONE_NEWNET | LINUX_CLONE_NEWTIME)

extern const struct ns_type *const ns_types[NS_KINDS];

#endif
