/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an administrator's thread may do beyond others, in parts: the "capabilities" of Linux's capabilities(7). They are called
 * privileges here, for capabilities are something else in Ferry (kernel/handle.h). A process that drives a device has none.
 */
#ifndef KERNEL_PRIVILEGE_H
#define KERNEL_PRIVILEGE_H

#include <kernel/types.h>
#include <uapi/ferry/linux_capability.h>

#define PRIVILEGES_ALL	((1ull << (LINUX_CAP_LAST + 1)) - 1)

/* Bits 1 << LINUX_CAP_*. */
struct privileges {
	uint64_t effective, permitted, inheritable, bounding, ambient;
	uint8_t secure_bits;	/* LINUX_SECBIT_* */
};

/* What a file gives to who executes it: nothing unless @present. */
struct file_privileges {
	uint64_t permitted, inheritable;
	bool present, effective;
};

struct credentials;

/*
 * May the current thread do to the whole machine, in the first user namespace, what @cap (LINUX_CAP_*) stands for? Kernel threads may. In
 * another: privileged_in() (kernel/user_ns.h). Any context of a thread.
 */
bool privileged(unsigned int cap);
/*
 * @to, a copy of @from with the ids that a new program's set-id bits give, becomes what execve makes of @from. @bound: it must not gain
 * anything (no new privileges, or a tracer). Is the program to be told that it knows more than who started it (AT_SECURE)? -EPERM: @file
 * says that the program cannot run with less than it gives, and the bounding set forbids that.
 */
int privileges_of_program(struct credentials *to, const struct credentials *from, const struct file_privileges *file, bool bound, bool no_new,
			  bool *secure);
/* @to, a copy of @from with other real, effective or saved user ids: its sets follow. The same for the id for files alone. */
void privileges_follow_ids(struct credentials *to, const struct credentials *from);
void privileges_follow_fsuid(struct credentials *to, const struct credentials *from);
/* prctl's part; -ENOSYS if @option is none of them. */
int64_t privilege_prctl(int option, const uint64_t *args);

#endif
