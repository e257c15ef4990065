/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's numbers and structures of ptrace(2) on x86-64. */
#ifndef UAPI_FERRY_LINUX_PTRACE_H
#define UAPI_FERRY_LINUX_PTRACE_H

#include <stdint.h>

#define LINUX_PTRACE_TRACEME		0
#define LINUX_PTRACE_PEEKTEXT		1
#define LINUX_PTRACE_PEEKDATA		2
#define LINUX_PTRACE_PEEKUSER		3
#define LINUX_PTRACE_POKETEXT		4
#define LINUX_PTRACE_POKEDATA		5
#define LINUX_PTRACE_POKEUSER		6
#define LINUX_PTRACE_CONT		7
#define LINUX_PTRACE_KILL		8
#define LINUX_PTRACE_SINGLESTEP		9
#define LINUX_PTRACE_GETREGS		12
#define LINUX_PTRACE_SETREGS		13
#define LINUX_PTRACE_GETFPREGS		14
#define LINUX_PTRACE_SETFPREGS		15
#define LINUX_PTRACE_ATTACH		16
#define LINUX_PTRACE_DETACH		17
#define LINUX_PTRACE_SYSCALL		24
#define LINUX_PTRACE_ARCH_PRCTL		30
#define LINUX_PTRACE_SYSEMU		31
#define LINUX_PTRACE_SYSEMU_SINGLESTEP	32
#define LINUX_PTRACE_SETOPTIONS		0x4200
#define LINUX_PTRACE_GETEVENTMSG	0x4201
#define LINUX_PTRACE_GETSIGINFO		0x4202
#define LINUX_PTRACE_SETSIGINFO		0x4203
#define LINUX_PTRACE_GETREGSET		0x4204
#define LINUX_PTRACE_SETREGSET		0x4205
#define LINUX_PTRACE_SEIZE		0x4206
#define LINUX_PTRACE_INTERRUPT		0x4207
#define LINUX_PTRACE_LISTEN		0x4208
#define LINUX_PTRACE_PEEKSIGINFO	0x4209
#define LINUX_PTRACE_GETSIGMASK		0x420a
#define LINUX_PTRACE_SETSIGMASK		0x420b
#define LINUX_PTRACE_SECCOMP_GET_FILTER	0x420c
#define LINUX_PTRACE_SECCOMP_GET_METADATA 0x420d
#define LINUX_PTRACE_GET_SYSCALL_INFO	0x420e
#define LINUX_PTRACE_GET_RSEQ_CONFIGURATION 0x420f

#define LINUX_PTRACE_O_TRACESYSGOOD	0x00000001u
#define LINUX_PTRACE_O_TRACEFORK	0x00000002u
#define LINUX_PTRACE_O_TRACEVFORK	0x00000004u
#define LINUX_PTRACE_O_TRACECLONE	0x00000008u
#define LINUX_PTRACE_O_TRACEEXEC	0x00000010u
#define LINUX_PTRACE_O_TRACEVFORKDONE	0x00000020u
#define LINUX_PTRACE_O_TRACEEXIT	0x00000040u
#define LINUX_PTRACE_O_TRACESECCOMP	0x00000080u
#define LINUX_PTRACE_O_EXITKILL		0x00100000u
#define LINUX_PTRACE_O_SUSPEND_SECCOMP	0x00200000u

/* The option of an event is bit (1 << event). */
#define LINUX_PTRACE_EVENT_FORK		1u
#define LINUX_PTRACE_EVENT_VFORK	2u
#define LINUX_PTRACE_EVENT_CLONE	3u
#define LINUX_PTRACE_EVENT_EXEC		4u
#define LINUX_PTRACE_EVENT_VFORK_DONE	5u
#define LINUX_PTRACE_EVENT_EXIT		6u
#define LINUX_PTRACE_EVENT_SECCOMP	7u
#define LINUX_PTRACE_EVENT_STOP		128u

#define LINUX_NT_PRSTATUS		1
#define LINUX_NT_PRFPREG		2
#define LINUX_NT_X86_XSTATE		0x202

#define LINUX_SYSCALL_INFO_NONE		0
#define LINUX_SYSCALL_INFO_ENTRY	1
#define LINUX_SYSCALL_INFO_EXIT		2
#define LINUX_SYSCALL_INFO_SECCOMP	3

/* What PTRACE_GETEVENTMSG tells in a stop of PTRACE_SYSCALL. */
#define LINUX_PTRACE_EVENTMSG_SYSCALL_ENTRY	1u
#define LINUX_PTRACE_EVENTMSG_SYSCALL_EXIT	2u

struct linux_user_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
	uint64_t rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};

/* struct user: the registers first, the debug registers last. */
#define LINUX_USER_DEBUGREG		848u
#define LINUX_USER_DEBUGREG_END		912u
#define LINUX_USER_SIZE			928u

#define LINUX_PTRACE_PEEKSIGINFO_SHARED	1u

struct linux_peeksiginfo_args {
	uint64_t off;
	uint32_t flags;
	int32_t nr;
};

struct linux_syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction_pointer, stack_pointer;
	union {
		struct {
			uint64_t nr, args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error, pad[7];
		} exit;
		struct {
			uint64_t nr, args[6];
			uint32_t ret_data, pad;
		} seccomp;
	};
};

struct linux_ptrace_rseq {
	uint64_t pointer;
	uint32_t size, signature, flags, pad;
};

#endif
