/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux's x86-64 ABI of processes, signals and memory maps: numbers and layouts on the border. Every name begins with LINUX_ or
 * linux_, so that libc's headers may be included beside this one. Only builtin types of the LP64 model.
 */
#ifndef UAPI_FERRY_LINUX_PROCESS_H
#define UAPI_FERRY_LINUX_PROCESS_H

#include <uapi/ferry/linux_sched.h>
#include <uapi/ferry/linux_time.h>

/* Signals. */
#define LINUX_SIGHUP		1
#define LINUX_SIGINT		2
#define LINUX_SIGQUIT		3
#define LINUX_SIGILL		4
#define LINUX_SIGTRAP		5
#define LINUX_SIGABRT		6
#define LINUX_SIGBUS		7
#define LINUX_SIGFPE		8
#define LINUX_SIGKILL		9
#define LINUX_SIGUSR1		10
#define LINUX_SIGSEGV		11
#define LINUX_SIGUSR2		12
#define LINUX_SIGPIPE		13
#define LINUX_SIGALRM		14
#define LINUX_SIGTERM		15
#define LINUX_SIGSTKFLT		16
#define LINUX_SIGCHLD		17
#define LINUX_SIGCONT		18
#define LINUX_SIGSTOP		19
#define LINUX_SIGTSTP		20
#define LINUX_SIGTTIN		21
#define LINUX_SIGTTOU		22
#define LINUX_SIGURG		23
#define LINUX_SIGXCPU		24
#define LINUX_SIGXFSZ		25
#define LINUX_SIGVTALRM		26
#define LINUX_SIGPROF		27
#define LINUX_SIGWINCH		28
#define LINUX_SIGIO		29
#define LINUX_SIGPWR		30
#define LINUX_SIGSYS		31
#define LINUX_SIGRTMIN		32
#define LINUX_SIGRTMAX		64
#define LINUX_NSIG		64

#define LINUX_SIG_DFL		0ul
#define LINUX_SIG_IGN		1ul

#define LINUX_SA_NOCLDSTOP	0x00000001ul
#define LINUX_SA_NOCLDWAIT	0x00000002ul
#define LINUX_SA_SIGINFO	0x00000004ul
#define LINUX_SA_KNOWN		(0x00000007ul | 0xdc000000ul)	/* the others are forgotten, so that a program sees what is supported */
#define LINUX_SA_RESTORER	0x04000000ul
#define LINUX_SA_ONSTACK	0x08000000ul
#define LINUX_SA_RESTART	0x10000000ul
#define LINUX_SA_NODEFER	0x40000000ul
#define LINUX_SA_RESETHAND	0x80000000ul

#define LINUX_SIG_BLOCK		0
#define LINUX_SIG_UNBLOCK	1
#define LINUX_SIG_SETMASK	2

#define LINUX_SS_ONSTACK	1u
#define LINUX_SS_DISABLE	2u
#define LINUX_SS_AUTODISARM	0x80000000u
#define LINUX_MINSIGSTKSZ	2048

/* si_code. */
#define LINUX_SI_USER		0
#define LINUX_SI_KERNEL		0x80
#define LINUX_POLL_IN		1	/* of SIGIO */
#define LINUX_POLL_OUT		2
#define LINUX_POLL_MSG		3
#define LINUX_POLL_PRI		5
#define LINUX_POLL_HUP		6
#define LINUX_SI_QUEUE		(-1)
#define LINUX_SI_TIMER		(-2)
#define LINUX_SI_MESGQ		(-3)
#define LINUX_SI_TKILL		(-6)
#define LINUX_ILL_ILLOPN	2
#define LINUX_ILL_PRVOPC	5
#define LINUX_FPE_INTDIV	1
#define LINUX_FPE_INTOVF	2
#define LINUX_FPE_FLTDIV	3
#define LINUX_FPE_FLTINV	7
#define LINUX_SEGV_MAPERR	1
#define LINUX_SEGV_ACCERR	2
#define LINUX_BUS_ADRALN	1
#define LINUX_BUS_ADRERR	2
#define LINUX_BUS_OBJERR	3
#define LINUX_TRAP_BRKPT	1
#define LINUX_TRAP_TRACE	2
#define LINUX_TRAP_HWBKPT	4
#define LINUX_CLD_EXITED	1
#define LINUX_CLD_KILLED	2
#define LINUX_CLD_DUMPED	3
#define LINUX_CLD_TRAPPED	4
#define LINUX_CLD_STOPPED	5
#define LINUX_CLD_CONTINUED	6

/* 128 bytes. */
struct linux_siginfo {
	int si_signo, si_errno, si_code, si_pad;
	union {
		struct {
			int pid;
			unsigned int uid;
			union {
				struct {
					int status, pad;
					long utime, stime;
				} child;
				unsigned long value;
			};
		} sender;
		struct {
			int id, overrun;
			unsigned long value;
		} timer;
		struct {
			unsigned long addr;
			short addr_lsb, pad[3];
		} fault;
		struct {
			long band;
			int fd, pad;
		} poll;
		struct {
			unsigned long address;
			int nr;
			unsigned int arch;
		} call;
		unsigned char bytes[112];
	};
};

struct linux_sigaction {
	unsigned long handler, flags, restorer, mask;
};

struct linux_sigaltstack {
	unsigned long ss_sp;
	unsigned int ss_flags, ss_pad;
	unsigned long ss_size;
};

/* The registers of an interrupted program, 256 bytes. */
struct linux_sigcontext {
	unsigned long r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	unsigned short cs, gs, fs, ss;
	unsigned long err, trapno, oldmask, cr2, fpstate, reserved[8];
};

#define LINUX_UC_FP_XSTATE		1ul
#define LINUX_UC_SIGCONTEXT_SS		2ul
#define LINUX_UC_STRICT_RESTORE_SS	4ul

struct linux_ucontext {
	unsigned long uc_flags, uc_link;
	struct linux_sigaltstack uc_stack;
	struct linux_sigcontext uc_mcontext;
	unsigned long uc_sigmask;
};

/* On the user stack at the handler's entry; the FPU state lies above it, 64-byte aligned. */
struct linux_sigframe {
	unsigned long restorer;
	struct linux_ucontext uc;
	struct linux_siginfo info;
};

/* clone. The low byte is the exit signal. */
#define LINUX_CSIGNAL			0x000000fful
#define LINUX_CLONE_VM			0x00000100ul
#define LINUX_CLONE_FS			0x00000200ul
#define LINUX_CLONE_FILES		0x00000400ul
#define LINUX_CLONE_SIGHAND		0x00000800ul
#define LINUX_CLONE_PIDFD		0x00001000ul
#define LINUX_CLONE_PTRACE		0x00002000ul
#define LINUX_CLONE_VFORK		0x00004000ul
#define LINUX_CLONE_PARENT		0x00008000ul
#define LINUX_CLONE_THREAD		0x00010000ul
#define LINUX_CLONE_NEWNS		0x00020000ul
#define LINUX_CLONE_SYSVSEM		0x00040000ul
#define LINUX_CLONE_SETTLS		0x00080000ul
#define LINUX_CLONE_PARENT_SETTID	0x00100000ul
#define LINUX_CLONE_CHILD_CLEARTID	0x00200000ul
#define LINUX_CLONE_DETACHED		0x00400000ul
#define LINUX_CLONE_UNTRACED		0x00800000ul
#define LINUX_CLONE_CHILD_SETTID	0x01000000ul
#define LINUX_CLONE_NEWCGROUP		0x02000000ul
#define LINUX_CLONE_NEWUTS		0x04000000ul
#define LINUX_CLONE_NEWIPC		0x08000000ul
#define LINUX_CLONE_NEWUSER		0x10000000ul
#define LINUX_CLONE_NEWPID		0x20000000ul
#define LINUX_CLONE_NEWNET		0x40000000ul
#define LINUX_CLONE_IO			0x80000000ul
#define LINUX_CLONE_CLEAR_SIGHAND	0x100000000ul
#define LINUX_CLONE_INTO_CGROUP		0x200000000ul
#define LINUX_CLONE_NEWTIME		0x00000080ul

/* kcmp */
#define LINUX_KCMP_FILE		0
#define LINUX_KCMP_VM		1
#define LINUX_KCMP_FILES	2
#define LINUX_KCMP_FS		3
#define LINUX_KCMP_SIGHAND	4
#define LINUX_KCMP_IO		5
#define LINUX_KCMP_SYSVSEM	6

struct linux_clone_args {
	unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	unsigned long set_tid, set_tid_size, cgroup;
};
#define LINUX_CLONE_ARGS_SIZE_VER0	64
#define LINUX_CLONE_ARGS_SIZE_VER1	80
#define LINUX_CLONE_ARGS_SIZE_VER2	88

/* wait4, waitid. */
#define LINUX_WNOHANG		0x00000001
#define LINUX_WUNTRACED		0x00000002
#define LINUX_WSTOPPED		LINUX_WUNTRACED
#define LINUX_WEXITED		0x00000004
#define LINUX_WCONTINUED	0x00000008
#define LINUX_WNOWAIT		0x01000000
#define LINUX_WNOTHREAD		0x20000000
#define LINUX_WALL		0x40000000
#define LINUX_WCLONE		0x80000000
#define LINUX_P_ALL		0
#define LINUX_P_PID		1
#define LINUX_P_PGID		2
#define LINUX_P_PIDFD		3
#define LINUX_W_EXIT(code)	(((code) & 0xff) << 8)
#define LINUX_W_STOP(sig)	((sig) << 8 | 0x7f)
#define LINUX_W_CONTINUED	0xffff
#define LINUX_W_CORE		0x80

/* Resource limits. */
#define LINUX_RLIMIT_CPU	0
#define LINUX_RLIMIT_FSIZE	1
#define LINUX_RLIMIT_DATA	2
#define LINUX_RLIMIT_STACK	3
#define LINUX_RLIMIT_CORE	4
#define LINUX_RLIMIT_RSS	5
#define LINUX_RLIMIT_NPROC	6
#define LINUX_RLIMIT_NOFILE	7
#define LINUX_RLIMIT_MEMLOCK	8
#define LINUX_RLIMIT_AS		9
#define LINUX_RLIMIT_LOCKS	10
#define LINUX_RLIMIT_SIGPENDING	11
#define LINUX_RLIMIT_MSGQUEUE	12
#define LINUX_RLIMIT_NICE	13
#define LINUX_RLIMIT_RTPRIO	14
#define LINUX_RLIMIT_RTTIME	15
#define LINUX_RLIMIT_COUNT	16
#define LINUX_RLIM_INFINITY	(~0ul)

struct linux_rlimit {
	unsigned long cur, max;
};

/* Memory maps. */
#define LINUX_PROT_NONE		0x0
#define LINUX_PROT_READ		0x1
#define LINUX_PROT_WRITE	0x2
#define LINUX_PROT_EXEC		0x4
#define LINUX_PROT_SEM		0x8
#define LINUX_PROT_GROWSDOWN	0x01000000
#define LINUX_PROT_GROWSUP	0x02000000
#define LINUX_MAP_SHARED	0x01
#define LINUX_MAP_PRIVATE	0x02
#define LINUX_MAP_SHARED_VALIDATE 0x03
#define LINUX_MAP_TYPE		0x0f
#define LINUX_MAP_FIXED		0x10
#define LINUX_MAP_ANONYMOUS	0x20
#define LINUX_MAP_32BIT		0x40
#define LINUX_MAP_GROWSDOWN	0x00100
#define LINUX_MAP_DENYWRITE	0x00800
#define LINUX_MAP_EXECUTABLE	0x01000
#define LINUX_MAP_LOCKED	0x02000
#define LINUX_MAP_NORESERVE	0x04000
#define LINUX_MAP_POPULATE	0x08000
#define LINUX_MAP_NONBLOCK	0x10000
#define LINUX_MAP_STACK		0x20000
#define LINUX_MAP_HUGETLB	0x40000
#define LINUX_MAP_SYNC		0x80000
#define LINUX_MAP_FIXED_NOREPLACE 0x100000
#define LINUX_MREMAP_MAYMOVE	1
#define LINUX_MREMAP_FIXED	2
#define LINUX_MREMAP_DONTUNMAP	4
#define LINUX_MS_ASYNC		1
#define LINUX_MS_INVALIDATE	2
#define LINUX_MS_SYNC		4
#define LINUX_MADV_NORMAL	0
#define LINUX_MADV_RANDOM	1
#define LINUX_MADV_SEQUENTIAL	2
#define LINUX_MADV_WILLNEED	3
#define LINUX_MADV_DONTNEED	4
#define LINUX_MADV_FREE		8
#define LINUX_MADV_REMOVE	9
#define LINUX_MADV_DONTFORK	10
#define LINUX_MADV_DOFORK	11
#define LINUX_MADV_HWPOISON	100
#define LINUX_MADV_MERGEABLE	12
#define LINUX_MADV_UNMERGEABLE	13
#define LINUX_MADV_HUGEPAGE	14
#define LINUX_MADV_NOHUGEPAGE	15
#define LINUX_MADV_DONTDUMP	16
#define LINUX_MADV_DODUMP	17
#define LINUX_MADV_WIPEONFORK	18
#define LINUX_MADV_KEEPONFORK	19
#define LINUX_MADV_COLD		20
#define LINUX_MADV_PAGEOUT	21
#define LINUX_MADV_POPULATE_READ 22
#define LINUX_MADV_POPULATE_WRITE 23
#define LINUX_MADV_DONTNEED_LOCKED 24
#define LINUX_MCL_CURRENT	1
#define LINUX_MCL_FUTURE	2
#define LINUX_MCL_ONFAULT	4
#define LINUX_MLOCK_ONFAULT	1

struct linux_tms {
	long tms_utime, tms_stime, tms_cutime, tms_cstime;
};

struct linux_rusage {
	struct linux_timeval ru_utime, ru_stime;
	long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv,
		ru_nsignals, ru_nvcsw, ru_nivcsw;
};
#define LINUX_RUSAGE_SELF	0
#define LINUX_RUSAGE_CHILDREN	(-1)
#define LINUX_RUSAGE_THREAD	1

#define LINUX_SI_LOAD_ONE	65536u	/* a load of 1 in sysinfo(2) */

struct linux_sysinfo {
	long uptime;
	unsigned long loads[3];
	unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	unsigned short procs, pad;
	unsigned int pad2;
	unsigned long totalhigh, freehigh;
	unsigned int mem_unit;
	unsigned int pad3;
};

#define LINUX_UTSNAME_LENGTH	65
struct linux_utsname {
	char sysname[LINUX_UTSNAME_LENGTH], nodename[LINUX_UTSNAME_LENGTH], release[LINUX_UTSNAME_LENGTH];
	char version[LINUX_UTSNAME_LENGTH], machine[LINUX_UTSNAME_LENGTH], domainname[LINUX_UTSNAME_LENGTH];
};

/* futex. */
#define LINUX_FUTEX_WAIT		0
#define LINUX_FUTEX_WAKE		1
#define LINUX_FUTEX_FD			2
#define LINUX_FUTEX_REQUEUE		3
#define LINUX_FUTEX_CMP_REQUEUE		4
#define LINUX_FUTEX_WAKE_OP		5
#define LINUX_FUTEX_LOCK_PI		6
#define LINUX_FUTEX_UNLOCK_PI		7
#define LINUX_FUTEX_TRYLOCK_PI		8
#define LINUX_FUTEX_WAIT_BITSET		9
#define LINUX_FUTEX_WAKE_BITSET		10
#define LINUX_FUTEX_WAIT_REQUEUE_PI	11
#define LINUX_FUTEX_CMP_REQUEUE_PI	12
#define LINUX_FUTEX_LOCK_PI2		13
#define LINUX_FUTEX_PRIVATE_FLAG	128
#define LINUX_FUTEX_CLOCK_REALTIME	256
#define LINUX_FUTEX_CMD_MASK		(~(LINUX_FUTEX_PRIVATE_FLAG | LINUX_FUTEX_CLOCK_REALTIME))
#define LINUX_FUTEX_BITSET_ANY		0xffffffffu
#define LINUX_FUTEX_32			2
#define LINUX_FUTEX_WAITV_MAX		128u

struct linux_futex_waitv {
	unsigned long val, uaddr;
	unsigned int flags, reserved;
};
#define LINUX_FUTEX_WAITERS		0x80000000u
#define LINUX_FUTEX_OWNER_DIED		0x40000000u
#define LINUX_FUTEX_TID_MASK		0x3fffffffu
#define LINUX_FUTEX_OP_SET		0
#define LINUX_FUTEX_OP_ADD		1
#define LINUX_FUTEX_OP_OR		2
#define LINUX_FUTEX_OP_ANDN		3
#define LINUX_FUTEX_OP_XOR		4
#define LINUX_FUTEX_OP_ARG_SHIFT	8
#define LINUX_FUTEX_CMP_EQ		0
#define LINUX_FUTEX_CMP_NE		1
#define LINUX_FUTEX_CMP_LT		2
#define LINUX_FUTEX_CMP_LE		3
#define LINUX_FUTEX_CMP_GT		4
#define LINUX_FUTEX_CMP_GE		5

struct linux_robust_list_head {
	unsigned long next;		/* user address of the first entry */
	long futex_offset;
	unsigned long list_op_pending;
};

/* arch_prctl, prctl. */
#define LINUX_ARCH_SET_GS	0x1001
#define LINUX_ARCH_SET_FS	0x1002
#define LINUX_ARCH_GET_FS	0x1003
#define LINUX_ARCH_GET_GS	0x1004
#define LINUX_ARCH_GET_CPUID	0x1011
#define LINUX_ARCH_SET_CPUID	0x1012
#define LINUX_ARCH_CET_STATUS	0x3001

/* personality(2) */
#define LINUX_PER_MASK			0xffu
#define LINUX_PER_LINUX32		8u
#define LINUX_UNAME26			0x0020000u
#define LINUX_ADDR_NO_RANDOMIZE		0x0040000u
#define LINUX_READ_IMPLIES_EXEC		0x0400000u
#define LINUX_STICKY_TIMEOUTS		0x4000000u

#define LINUX_PR_SET_PDEATHSIG		1
#define LINUX_PR_GET_PDEATHSIG		2
#define LINUX_PR_GET_DUMPABLE		3
#define LINUX_PR_SET_DUMPABLE		4
#define LINUX_PR_GET_KEEPCAPS		7
#define LINUX_PR_SET_KEEPCAPS		8
#define LINUX_PR_GET_TIMING		13
#define LINUX_PR_SET_TIMING		14
#define LINUX_PR_TIMING_STATISTICAL	0
#define LINUX_PR_SET_NAME		15
#define LINUX_PR_GET_NAME		16
#define LINUX_PR_GET_SECCOMP		21
#define LINUX_PR_SET_SECCOMP		22
#define LINUX_PR_CAPBSET_READ		23
#define LINUX_PR_CAPBSET_DROP		24
#define LINUX_PR_GET_TSC		25
#define LINUX_PR_SET_TSC		26
#define LINUX_PR_TSC_ENABLE		1
#define LINUX_PR_TSC_SIGSEGV		2
#define LINUX_PR_GET_SECUREBITS		27
#define LINUX_PR_SET_SECUREBITS		28
#define LINUX_PR_SET_TIMERSLACK		29
#define LINUX_PR_GET_TIMERSLACK		30
#define LINUX_PR_TASK_PERF_EVENTS_DISABLE	31
#define LINUX_PR_TASK_PERF_EVENTS_ENABLE	32
#define LINUX_PR_MCE_KILL		33
#define LINUX_PR_MCE_KILL_CLEAR		0
#define LINUX_PR_MCE_KILL_SET		1
#define LINUX_PR_MCE_KILL_DEFAULT	2	/* and late 0, early 1 */
#define LINUX_PR_MCE_KILL_GET		34
#define LINUX_PR_SET_MM			35
#define LINUX_PR_SET_CHILD_SUBREAPER	36
#define LINUX_PR_GET_CHILD_SUBREAPER	37
#define LINUX_PR_SET_NO_NEW_PRIVS	38
#define LINUX_PR_GET_NO_NEW_PRIVS	39
#define LINUX_PR_GET_TID_ADDRESS	40
#define LINUX_PR_SET_THP_DISABLE	41
#define LINUX_PR_GET_THP_DISABLE	42
#define LINUX_PR_CAP_AMBIENT		47
#define LINUX_PR_CAP_AMBIENT_IS_SET	1
#define LINUX_PR_CAP_AMBIENT_RAISE	2
#define LINUX_PR_CAP_AMBIENT_LOWER	3
#define LINUX_PR_CAP_AMBIENT_CLEAR_ALL	4
#define LINUX_PR_GET_SPECULATION_CTRL	52
#define LINUX_PR_SET_SPECULATION_CTRL	53
#define LINUX_PR_SPEC_STORE_BYPASS	0
#define LINUX_PR_SPEC_INDIRECT_BRANCH	1
#define LINUX_PR_SPEC_L1D_FLUSH		2
#define LINUX_PR_SPEC_NOT_AFFECTED	0
#define LINUX_PR_SPEC_ENABLE		2
#define LINUX_PR_SPEC_DISABLE		4
#define LINUX_PR_SPEC_FORCE_DISABLE	8
#define LINUX_PR_SET_IO_FLUSHER		57
#define LINUX_PR_GET_IO_FLUSHER		58
#define LINUX_PR_SET_SYSCALL_USER_DISPATCH	59
#define LINUX_PR_SYS_DISPATCH_OFF	0
#define LINUX_PR_SYS_DISPATCH_ON	1
#define LINUX_SYSCALL_DISPATCH_FILTER_ALLOW	0
#define LINUX_SYSCALL_DISPATCH_FILTER_BLOCK	1
#define LINUX_PR_SET_VMA		0x53564d41
#define LINUX_PR_SET_PTRACER		0x59616d61

/* The auxiliary vector of a new program. */
#define LINUX_AT_NULL		0
#define LINUX_AT_PHDR		3
#define LINUX_AT_PHENT		4
#define LINUX_AT_PHNUM		5
#define LINUX_AT_PAGESZ		6
#define LINUX_AT_BASE		7
#define LINUX_AT_FLAGS		8
#define LINUX_AT_ENTRY		9
#define LINUX_AT_UID		11
#define LINUX_AT_EUID		12
#define LINUX_AT_GID		13
#define LINUX_AT_EGID		14
#define LINUX_AT_PLATFORM	15
#define LINUX_AT_HWCAP		16
#define LINUX_AT_CLKTCK		17
#define LINUX_AT_SECURE		23
#define LINUX_AT_RANDOM		25
#define LINUX_AT_HWCAP2		26
#define LINUX_AT_EXECFN		31
#define LINUX_AT_SYSINFO_EHDR	33
#define LINUX_AT_MINSIGSTKSZ	51

/* reboot. */
#define LINUX_REBOOT_MAGIC1		0xfee1deadu
#define LINUX_REBOOT_MAGIC2		672274793u
#define LINUX_REBOOT_MAGIC2A		85072278u
#define LINUX_REBOOT_MAGIC2B		369367448u
#define LINUX_REBOOT_MAGIC2C		537993216u
#define LINUX_REBOOT_CMD_RESTART	0x01234567u
#define LINUX_REBOOT_CMD_HALT		0xcdef0123u
#define LINUX_REBOOT_CMD_CAD_ON		0x89abcdefu
#define LINUX_REBOOT_CMD_CAD_OFF	0x00000000u
#define LINUX_REBOOT_CMD_POWER_OFF	0x4321fedcu
#define LINUX_REBOOT_CMD_RESTART2	0xa1b2c3d4u

/* rseq. */
#define LINUX_RSEQ_FLAG_UNREGISTER		0x1u
#define LINUX_RSEQ_CPU_ID_UNINITIALIZED	(~0u)

struct linux_rseq {
	unsigned int cpu_id_start, cpu_id;
	unsigned long long rseq_cs;	/* address of the sequence, 0: in none */
	unsigned int flags, reserved[3];
};

struct linux_rseq_cs {
	unsigned int version, flags;
	unsigned long long start_ip, post_commit_offset, abort_ip;
};

/* Memory of nodes. */
#define LINUX_MPOL_DEFAULT		0
#define LINUX_MPOL_PREFERRED		1
#define LINUX_MPOL_BIND			2
#define LINUX_MPOL_INTERLEAVE		3
#define LINUX_MPOL_LOCAL		4
#define LINUX_MPOL_PREFERRED_MANY	5
#define LINUX_MPOL_F_STATIC_NODES	0x8000
#define LINUX_MPOL_F_RELATIVE_NODES	0x4000
#define LINUX_MPOL_F_NODE		0x1
#define LINUX_MPOL_F_ADDR		0x2
#define LINUX_MPOL_F_MEMS_ALLOWED	0x4
#define LINUX_MPOL_MF_STRICT		0x1
#define LINUX_MPOL_MF_MOVE		0x2
#define LINUX_MPOL_MF_MOVE_ALL		0x4

/* syslog(2). */
#define LINUX_SYSLOG_CLOSE		0
#define LINUX_SYSLOG_OPEN		1
#define LINUX_SYSLOG_READ		2
#define LINUX_SYSLOG_READ_ALL		3
#define LINUX_SYSLOG_READ_CLEAR		4
#define LINUX_SYSLOG_CLEAR		5
#define LINUX_SYSLOG_CONSOLE_OFF	6
#define LINUX_SYSLOG_CONSOLE_ON		7
#define LINUX_SYSLOG_CONSOLE_LEVEL	8
#define LINUX_SYSLOG_SIZE_UNREAD	9
#define LINUX_SYSLOG_SIZE_BUFFER	10

/* getrandom. */
#define LINUX_GRND_NONBLOCK	1u
#define LINUX_GRND_RANDOM	2u
#define LINUX_GRND_INSECURE	4u

/* execveat and friends. */
#define LINUX_EXECVEAT_EMPTY_PATH	0x1000
#define LINUX_EXECVEAT_SYMLINK_NOFOLLOW	0x100

/* membarrier. */
#define LINUX_MEMBARRIER_QUERY				0
#define LINUX_MEMBARRIER_GLOBAL				0x01
#define LINUX_MEMBARRIER_GLOBAL_EXPEDITED		0x02
#define LINUX_MEMBARRIER_REGISTER_GLOBAL_EXPEDITED	0x04
#define LINUX_MEMBARRIER_PRIVATE_EXPEDITED		0x08
#define LINUX_MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE	0x20
#define LINUX_MEMBARRIER_PRIVATE_EXPEDITED_RSEQ		0x80
#define LINUX_MEMBARRIER_FLAG_CPU			0x1

#endif
