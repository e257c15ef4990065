/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system call table. A handler is SYSCALL(nr, name) in the file of its subject; the linker gathers them, kernel/syscall.c builds
 * the table at boot (two handlers for one number are a panic). Arguments arrive as six uint64_t; the result is a value or -errno.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <asm/regs.h>
#include <kernel/types.h>
#include <uapi/ferry/syscall.h>

/* Lies in the caller's frame: a handler reads it and changes nothing. */
struct syscall_args {
	uint64_t a[6];
};

static inline struct regs *syscall_regs(struct syscall_args *args)
{
	return container_of((uint64_t (*)[6])&args->a, struct regs, args);
}

#define SYSCALL_DRIVER	0x1u	/* a sandboxed driver process may call it */
#define SYSCALL_QUIET	0x2u	/* not implemented, known: ENOSYS without a log line */
#define SYSCALL_SHORT	0x4u	/* reads the caller's own state and no more: runs with interrupts off, takes no lock, touches no user memory */

struct syscall_entry {
	int64_t (*fn)(struct syscall_args *args);
	const char *name;
	uint32_t nr;
	uint32_t flags;
};

#define SYSCALL_FLAGS(nr_, name_, flags_)						\
	static int64_t sys_##name_(struct syscall_args *args);				\
	static const struct syscall_entry sys_##name_##_entry __used			\
		__section(".syscalls") __aligned(8) = { sys_##name_, #name_, nr_, flags_ }; \
	static int64_t sys_##name_(struct syscall_args *args)
#define SYSCALL(nr_, name_)	SYSCALL_FLAGS(nr_, name_, 0)

/* Carry out call @nr for the current process, as it would: for those who ask by other ways (io_uring). -ENOSYS. */
int64_t syscall_do(uint64_t nr, struct syscall_args *args);
/* The name of call @nr, or "?". */
const char *syscall_name(uint64_t nr);
/* From the assembly entry and back to it with interrupts off: runs the call, sets regs->rax; true when SYSRET may go back. */
bool syscall_dispatch(struct regs *regs);

#endif
