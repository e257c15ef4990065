/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system call table. A handler is SYSCALL(nr, name) in the file of its subject; the linker gathers them, kernel/syscall.c builds
 * the table at boot (two handlers for one number are a panic). Arguments arrive as six uint64_t; the result is a value or -errno.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <asm/exit.h>
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

#define SYSCALL_SHORTS	192u	/* short calls have numbers below this */

/* It keeps every register but RAX. */
typedef int64_t syscall_short_fn(void) __attribute__((no_caller_saved_registers));

struct syscall_short_entry {
	syscall_short_fn *fn;
	uint64_t nr;
};

/*
 * A call without arguments that only reads what thread @t's own process or thread says and never fails: no lock, no user memory, a result below
 * 2^63. The entry asks the second function first, without a frame and with interrupts off. What it answers is negative when there is work on
 * the way to user mode, or when the process is one whose calls are looked at (SYSCALLS_ALL is 0); then the call is made as any other.
 */
#define SYSCALL_SHORT(nr_, name_, flags_)							\
	_Static_assert((nr_) < SYSCALL_SHORTS, #name_);						\
	static inline int64_t read_##name_(const struct thread *t);				\
	SYSCALL_FLAGS(nr_, name_, flags_)							\
	{											\
		return read_##name_(current);							\
	}											\
	static syscall_short_fn short_##name_;							\
	static __attribute__((no_caller_saved_registers)) int64_t short_##name_(void)		\
	{											\
		const struct thread *t = current;						\
		uint64_t work = exit_work(t);							\
												\
		__asm__("" : "+r"(work));							\
		work |= t->process->syscalls;							\
		return read_##name_(t) | -(int64_t)(work != 0);					\
	}											\
	static const struct syscall_short_entry short_##name_##_entry __used			\
		__section(".syscall_shorts") __aligned(8) = { short_##name_, nr_ };		\
	static inline int64_t read_##name_(const struct thread *t)

/* Carry out call @nr for the current process, as it would: for those who ask by other ways (io_uring). -ENOSYS. */
int64_t syscall_do(uint64_t nr, struct syscall_args *args);
/* The name of call @nr, or "?". */
const char *syscall_name(uint64_t nr);
/* From the assembly entry and back to it with interrupts off: runs the call, sets regs->rax; true when SYSRET may go back. */
bool syscall_dispatch(struct regs *regs);

#endif
