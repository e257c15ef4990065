/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads and the scheduler. Kernel threads have no process; user threads belong to one. Preemptible in the kernel wherever
 * preempt_count is 0. Two classes: fair (ticks), and real time, of drivers among others, which run before every fair thread.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <asm/thread.h>
#include <kernel/credentials.h>
#include <kernel/debug.h>
#include <kernel/heap.h>
#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/signal.h>
#include <mm/node.h>

struct process;
struct cgroup;
struct key;
struct landlock_layer;
struct ns_set;

enum thread_state { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_SLEEPING, THREAD_STOPPED, THREAD_DEAD };
enum sched_class { SCHED_FAIR, SCHED_RT, SCHED_IDLE_CLASS };
/* What ends a sleep early: nothing; a signal; only what ends the thread (thread_is_dying()). */
enum sleep_end { SLEEP_ON, SLEEP_SIGNAL, SLEEP_DEATH };

/* How a thread is to be scheduled. */
struct sched_params {
	enum sched_class sclass;
	uint8_t policy;			/* LINUX_SCHED_*, as sched_getscheduler(2) tells it */
	uint8_t rt_priority;		/* of the real-time class: 1 to 99, the higher first; RT_PRIORITY_DEADLINE (kernel/sched.h) */
	int8_t nice;			/* of the fair class */
	time_ns_t deadline_ns;		/* of who is lent RT_PRIORITY_DEADLINE: the earlier first */
};

#define RT_PRIORITY_KERNEL	50	/* of drivers and kernel threads, in the middle of what programs can have */

#define KSTACK_SIZE	16384ul

/* What a thread read and wrote, [0] and [1]: by calls, and of disks, for /proc/<pid>/io. */
struct io_counts {
	uint64_t chars[2], calls[2], bytes[2];
};

/* Of a thread, for getrusage(2): pages that came in, [0] out of memory and [1] from a disk; turns at a CPU that it [0] gave away, [1] lost. */
struct usage_counts {
	uint64_t faults[2], switches[2];
};

struct thread {
	struct thread_arch arch;	/* saved stack pointer, FS base, FPU state: arch/x86 */
	struct ref ref;
	pid_t tid, own_tid;		/* in the first PID namespace; in its own */
	char name[32];
	struct process *process;	/* NULL: kernel thread */
	vaddr_t kstack;			/* lowest address; a guard page lies below */
	uint64_t canary;		/* between the locals and the return addresses of its stack (asm/thread.h) */
	struct list process_link;	/* in process->threads, guarded by its lock */

	/* Guarded by the run queue's lock. */
	enum thread_state state;
	enum sched_class sclass;	/* with the next three: in effect now; set by thread_set_sched() */
	uint8_t policy, rt_priority;
	int nice;
	uint32_t weight;		/* share of a CPU in the fair class; 1024 is nice 0 */
	struct ring_call *ring_call;	/* of the io_uring request that it carries out (fs/internal.h), or NULL. Its own */
	struct list *rings_going;	/* io_urings whose file it put while it ended another; NULL: it ends none. Its own */
	bool uses_reserve;		/* a driver's or the device manager's: gets the last frames and waits for no reclaim. Its own */
	uint16_t io_priority;		/* class and level as ioprio_get(2) tells them; inherited */
	struct mem_policy mem_policy;	/* its own, inherited (mm/mem_policy.c) */
	uint32_t nr_above_high;	/* pages that it got while its control group was above memory.high */
	uint32_t slice_ticks;		/* of real time: 0 when it goes behind its equals */
	uint64_t vruntime;		/* fair class: ns weighted */
	struct cgroup *group;		/* its process's while it is one of its threads (sched_set_group) */
	uint32_t group_weight;		/* what it counts for there; 0 while it sleeps */
	time_ns_t started_ns, runtime_ns;
	time_ns_t system_ns;		/* of runtime_ns, by ticks */
	struct usage_counts counts;	/* faults: its own */
	struct list run_link;		/* real time: in the run queue's list, else a list of its own or the dead */
	struct heap_node run_node;	/* fair: in the run queue's heap */
	bool queued;			/* ready in one of the two */
	bool throttled;			/* would be, but waits for runtime (kernel/deadline.c) */
	time_ns_t deadline_ns;		/* at RT_PRIORITY_DEADLINE: the order there */
	struct deadline *deadline;	/* of who is or was a SCHED_DEADLINE thread */
	uint32_t cpu;			/* whose run queue; changes under its lock */
	uint64_t affinity;		/* CPUs it may run on */

	/* hand_over.c; its own, and the timer interrupt's on its CPU. */
	bool sleeps_soon;		/* drivers that it rings may wait until it does */
	uint16_t doubts, doubt_next;	/* submissions for which that is not believed; how many the next time, half of it */

	/* Sleeping. */
	uint8_t interruptible;		/* enum sleep_end: SLEEP_ON if no signal is looked at */
	uint32_t stood_turn;		/* in which of process->hold_turn it stood last, or was born */
	bool held;			/* stopped or throttled on its way to user mode: as long as others like */
	bool woken_by_timeout;

	/* Signals: guarded by process->signal_lock. */
	sigset_t pending, blocked, saved_blocked;
	union {
		struct {
			union {
				struct {
					bool restore_blocked;	/* saved_blocked comes back on the way to user mode */
					bool trace_trap;	/* stop for the tracer before the next instruction */
				};
				uint16_t signal_flags;	/* both in one question */
			};
			bool rseq_due;		/* rseq_resume() before the next instruction */
			bool interrupted;	/* what the call returns is not settled (signal_interrupts) */
		};
		uint32_t exit_flags;	/* all in one question */
	};
	bool mask_borrowed;		/* saved_blocked is the mask to give back (signal_mask_borrow) */
	sigset_t waiting_for;		/* blocked signals that end the sleep of sigtimedwait */
	struct list sigqueue;
	struct sigaltstack_k altstack;
	struct pi_waiter *pi_waiter;	/* with the next three: kernel/futex_pi.c */
	bool boosted;			/* scheduled as a waiter is; its own way is the next */
	struct sched_params own_sched;
	bool reset_on_fork;		/* children start as SCHED_OTHER */
	struct trace *trace;		/* NULL: never was traced (kernel/ptrace.h) */
	struct seccomp_filter *seccomp_filter;	/* counted, the newest; with the next: kernel/seccomp.c, under process->lock */
	uint8_t seccomp_mode;
	struct landlock_layer *landlock;	/* counted (fs/landlock.h); NULL: not restricted */
	struct ns_set *ns;		/* counted (kernel/namespace.h), under process->lock; NULL: the first of each kind */
	struct thread_keys {		/* keyrings, counted (kernel/keys.h); the session's also written under process_tree_lock */
		struct key *thread, *process, *session;
		int8_t default_ring;	/* LINUX_KEY_REQKEY_DEFL_* */
	} keys;
	struct user_dispatch { bool on; uint64_t offset, length, selector; } dispatch;	/* kernel/user_dispatch.c */
	uint64_t timer_slack_ns, default_slack_ns;	/* kept for who asks (prctl(2)): timers here have none */
	uint8_t memory_failure;		/* LINUX_PR_MCE_KILL_DEFAULT or whatever the program said; this and the next kept for who asks */
	bool io_flusher;
	bool no_new_privs;		/* for good; another thread sets it with its filters, under process->lock */
	struct credentials cred;	/* written by the thread itself (credentials_set), under process->lock; read by anybody */

	/* Owned by the thread itself; the scheduler reads the first two (kernel/rseq.c). */
	uint64_t rseq;			/* user address; 0: not registered */
	uint32_t rseq_cpu, rseq_signature;	/* what was told there last */
	struct regs *user_regs;		/* at the top of the kernel stack while in the kernel */
	uint64_t clear_child_tid;	/* user address */
	uint64_t robust_list;
	int syscall_nr;			/* -1 outside a system call */
	struct io_counts io;
	bool exiting;
	bool parked;			/* waits for a core file; guarded by process->lock */
	bool detached;			/* left its process, whose space may go meanwhile */
	/* What continues a call that a stop interrupted (ERESTART_BLOCK): restart(t) through restart_syscall(2). */
	int64_t (*restart)(struct thread *t);
	uint64_t restart_args[6];
	/* User copies: when set, a fault in the kernel resumes there (mm/user.c and arch). */
	uint64_t fault_resume;
	uint64_t watched_runtime;	/* with the next one kernel/stuck.c's: runtime_ns when it last looked, and since when it is that */
	time_ns_t watched_since;
	struct thread_debug debug;	/* kernel/debug/ */
};

/* A kernel thread running @fn(@arg); starts when thread_start() is called. ERR_PTR(-ENOMEM). May sleep. */
struct thread *thread_create(const char *name, void (*fn)(void *arg), void *arg, enum sched_class sclass);
/* A thread of @process whose first return to user mode uses @regs (copied). Not started. */
struct thread *thread_create_user(struct process *process, const char *name, const struct regs *regs);
/* From here on the creator's reference is the thread's own: take another one first to look at it later. */
void thread_start(struct thread *t);
void thread_get(struct thread *t);
void thread_put(struct thread *t);
/* End the calling thread; never returns. Its stack is freed by whoever runs next. */
void thread_exit(void) __noreturn;

/* Give the CPU away; returns when chosen again. Not with a spinlock held. */
void schedule(void);
void sched_yield(void);
/* May the caller, who has nothing to do, rather look on for a moment than sleep? Nobody else wants this CPU, and others run beside it. */
bool sched_may_poll(void);
/* Make a sleeping thread ready; true when it was sleeping. Any context. */
bool sched_wake(struct thread *t);
/* Something is pending for @t: end its sleep if it is interruptible, or make it look if it runs on another CPU. Any context. */
void sched_interrupt(struct thread *t);
/* Between these the caller waits for a disk: CPUs that idle meanwhile say so (/proc/stat). */
extern uint32_t nr_iowait;
static inline void iowait_begin(void) { __atomic_fetch_add(&nr_iowait, 1, __ATOMIC_RELAXED); }
static inline void iowait_end(void) { __atomic_fetch_sub(&nr_iowait, 1, __ATOMIC_RELAXED); }
/* How many threads ran or were ready, on average over 1, 5 and 15 minutes, in 1/LOAD_ONE. */
#define LOAD_ONE	2048u
void load_averages(uint32_t load[3]);
/* From the timer interrupt, 100 times a second on each busy CPU. */
void sched_tick(void);
void sched_init(void);
/* The queue and the idle thread of another CPU, not running yet: the top of the thread's stack, 0 when out of memory. */
uint64_t sched_cpu_init(struct cpu *cpu);
/* Turn the boot context into this CPU's idle thread and run; never returns. */
void sched_start(void) __noreturn;
/* From now on @t is scheduled so. Any context. */
void thread_set_sched(struct thread *t, const struct sched_params *p);
/* The same for a class alone: real time is at RT_PRIORITY_KERNEL. */
void thread_set_class(struct thread *t, enum sched_class sclass);
/* How @t is scheduled when no waiter lends it anything; the same changed, where waiters' priorities are seen to. May sleep. */
struct sched_params thread_own_sched(const struct thread *t);
void thread_set_own_sched(struct thread *t, const struct sched_params *p);
/* Does the caller hold the lock of all futexes with priority inheritance? Nobody may wait for a program then. */
bool futex_pi_held(void);
/* From now on @t's time is @g's (NULL: the root's). Any context. */
void sched_set_group(struct thread *t, struct cgroup *g);
/* Run @t only on CPUs of @mask, of which one must be running. When it is the caller it is there when this returns. */
void thread_set_affinity(struct thread *t, uint64_t mask);

/* Sleep until @deadline (ns since boot). 0, or -EINTR when interruptible and a signal came. */
int sleep_until(time_ns_t deadline, bool interruptible);
/*
 * The building block of wait queues: mark the caller sleeping; then check the condition; then schedule_timeout() or sleep_cancel().
 * A wake between the two is not lost.
 */
void sleep_prepare(enum sleep_end interruptible);
void sleep_cancel(void);
/* Sleep as prepared until woken or @deadline: 0 woken, -ETIMEDOUT, -EINTR (a signal that ends it is pending). */
int schedule_timeout(time_ns_t deadline);
/* The three together, for who is woken by sched_wake(): one sleep, unless @condition holds by now. 0, or as schedule_timeout(). */
#define sleep_unless(condition, deadline)					\
({										\
	int err_ = 0;								\
	sleep_prepare(true);							\
	if (condition)								\
		sleep_cancel();							\
	else									\
		err_ = schedule_timeout(deadline);				\
	err_;									\
})
bool signal_pending(const struct thread *t);
/*
 * The same of the current thread, for a call that ends early because of it: what it returns is settled on the way to user mode, even if
 * another thread has taken the signal by then.
 */
bool signal_interrupts(void);

#endif
