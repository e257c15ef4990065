/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an administrator's process may do beyond others, in parts: the "capabilities" of Linux's capabilities(7). They are called
 * privileges here, for capabilities are something else in Ferry (kernel/handle.h). A process that drives a device has none.
 */
#ifndef KERNEL_PRIVILEGE_H
#define KERNEL_PRIVILEGE_H

#include <kernel/types.h>
#include <uapi/ferry/linux_capability.h>

#define PRIVILEGES_ALL	((1ull << (LINUX_CAP_LAST + 1)) - 1)

/* Bits 1 << LINUX_CAP_*. Written by the process itself, under its lock; another may read one at any time. */
struct privileges {
	uint64_t effective, permitted, inheritable, bounding, ambient;
	bool keep;		/* PR_SET_KEEPCAPS: permitted outlives the end of the last root id; until execve */
};

struct process;

/* May the current process do what @cap (LINUX_CAP_*) stands for? Kernel threads may. Any context of a thread. */
bool privileged(unsigned int cap);
/* Of a new program: what execve makes of @from for the ids that were chosen. @raised: its set-id bits changed an id. */
void privileges_of_program(struct privileges *to, const struct privileges *from, uint32_t uid, uint32_t euid, bool raised);
/* The ids were @uid, @euid, @suid and @fsuid before a change; process->lock held. */
void privileges_follow_ids(struct process *p, uint32_t uid, uint32_t euid, uint32_t suid, uint32_t fsuid);
/* prctl's part; -ENOSYS if @option is none of them. */
int64_t privilege_prctl(int option, const uint64_t *args);

#endif
