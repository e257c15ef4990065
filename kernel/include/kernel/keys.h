/* SPDX-License-Identifier: GPL-2.0 */
/* Keyrings (keyrings(7), kernel/keys/): what the rest of the kernel tells them. A thread that never used a key pays a look at a pointer or two. */
#ifndef KERNEL_KEYS_H
#define KERNEL_KEYS_H

#include <kernel/thread.h>

struct user_ns;

/* The new thread @t has the session keyring of the current one; with @same_process the keyrings of the process, and one of its own if that has. */
void keys_inherit_slow(struct thread *t, bool same_process);
static inline void keys_inherit(struct thread *t, bool same_process)
{
	const struct thread_keys *from = &current->keys;

	if (unlikely(from->thread || from->process || from->session || from->default_ring))
		keys_inherit_slow(t, same_process);
}

/* The current thread runs another program: what was its own and its process's is gone. May sleep. */
void keys_exec(void);
/* The current thread ends. May sleep. */
void keys_leave(void);
/* The current thread is user @uid to files: its own keyring is that user's too. Any context of it. */
void keys_owner_follow(uint32_t uid);
/* @u is no more. Any context. */
void keys_ns_gone(struct user_ns *u);

#endif
