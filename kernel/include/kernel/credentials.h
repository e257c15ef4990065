/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who a thread is (credentials(7)): its ids, groups and privileges. Every thread has its own; libc keeps those of a program equal. What is asked
 * of a process is answered by its first thread's, which the process keeps when that thread ends.
 */
#ifndef KERNEL_CREDENTIALS_H
#define KERNEL_CREDENTIALS_H

#include <kernel/privilege.h>
#include <kernel/types.h>

struct group_list;
struct user_ns;

struct credentials {
	uint32_t uid, gid, euid, egid, suid, sgid, fsuid, fsgid;
	struct privileges privileges;	/* in @user_ns */
	/* Counted by a thread and a process (credentials_get()), not by copies. */
	struct user_ns *user_ns;	/* NULL: the first */
	struct group_list *groups;	/* supplementary ones (kernel/groups.h) */
};

/* One more that counts what @c refers to, and one less. Any context, and process context without locks. */
void credentials_get(const struct credentials *c);
void credentials_put(const struct credentials *c);

/* The current thread is this from now on; no core file or tracer for whom it became more than it was. Any context of a thread of a process. */
void credentials_set(const struct credentials *c);
/* Is @gid one of the supplementary groups? */
bool credentials_in_groups(const struct credentials *c, uint32_t gid);
/* May who is @me signal who is @whom (kill(2)), its privileges aside? */
bool credentials_match(const struct credentials *me, const struct credentials *whom);

#endif
