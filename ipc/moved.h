/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ipc/'s own: the kernel's side of one driver process, from spawn to the end of its process. dev->moved points to it until then.
 * dev->bind_lock guards everything without another remark; generation tells whether the binding is still this one.
 */
#ifndef IPC_MOVED_H
#define IPC_MOVED_H

#include <kernel/device.h>
#include <kernel/handle.h>
#include <kernel/syscall.h>
#include <kernel/wait.h>
#include <uapi/ferry/driver_abi.h>

struct block_remote;
struct misc_remote;
struct vma_object;
struct mail;

struct moved {
	struct ref ref;
	struct device *dev;		/* counted */
	struct process *process;	/* counted */
	uint64_t generation;
	uint32_t class_id;
	uint32_t needs;			/* FERRY_NEEDS_*: the most it may be granted */
	bool asks;			/* it registers with the manager and asks for its needs */
	struct mail *mail;		/* message.c; never NULL */
	struct block_remote *block;	/* the class's remote end; NULL before class_register, freed with the process */
	struct misc_remote *misc;	/* likewise */
	uint64_t trace;			/* struct ferry_trace in the process; 0: none */
	time_ns_t traced_ns;		/* no record of the process is older; the driver's thread */
	struct ferry_driver_spawn spawn;	/* as it was asked for */
	bool waits;			/* a standby whose turn has not come (standby.c) */
	enum driver_state end_state;	/* what the process said before it ended; CRASHED otherwise */
	char end_reason[96];
	uint64_t kept_pages;		/* of memory that outlives it */
	struct handle *root;		/* DEVICE handle that all others of the binding come from; counted */
	struct handle *via;		/* the DEVICE handle that the current call came through: parent of what it makes */
	struct handle *irq;		/* IRQ handle, counted; NULL: no interrupts */

	/* Any context, atomics. */
	struct wait_queue wait;		/* who waits by the IRQ handle; the driver's thread in driver_wait is woken by name */
	uint32_t sleeping;		/* it waits: a wake-up costs something */
	uint32_t control;		/* FERRY_CONTROL_REMOVE */
	uint32_t doorbell;		/* rung: a need_wakeup is taken, and the driver must go back to set it again */
	uint64_t irqs;			/* arrived, not told */
	uint32_t irq_counts[FERRY_VECTORS_MAX];

	/* The driver's thread. */
	uint64_t irqs_unacked;		/* told, the line may be masked */
	time_ns_t waited_ns;		/* last time in driver_wait */

	/* driver_poll.c */
	struct {
		time_ns_t mean_wait_ns;
		time_ns_t polled_ns;		/* of its thread's time: looked on while it had nothing to do */
		uint64_t rounds, found;
	} poll;

	/* throttle.c; guarded by its lock. */
	struct {
		struct timer timer;	/* end of the period, or the earliest time at which the quota can be used up */
		time_ns_t period_end, used_before;	/* the thread's time when the period began */
		bool running, ended;	/* the timer comes; it never comes again */
	} throttle;

	/* watchdog.c */
	struct list watch_link;
	struct thread *thread;		/* the process's one; counted */
	bool demoted;			/* it has lost its priority */
	bool busy;			/* ... because it has not let a CPU go for too long, driver_wait or not */
	unsigned int busy_periods;	/* in a row */
	time_ns_t ran_before;		/* its CPU time when the period began */
	bool lent;			/* it has a client's, which is higher */

	struct wait_queue ended;	/* who waits for the process */
	bool gone;			/* the process has ended */
	int exit_status;
};

/* moved.c: life and death. */
void moved_get(struct moved *m);
/* A handle's reference to its binding. */
void binding_hold(void *object);
void binding_drop(void *object);
void moved_put(struct moved *m);
/* Is this still the device's binding, and not faulted? bind_lock held. */
bool moved_is_bound(const struct moved *m);
/* By a PROCESS handle of the caller, counted; or a new PROCESS handle for it in the caller's table. ERR_PTR, -errno. */
struct moved *moved_by_process_handle(int fd);
int moved_process_handle(struct moved *m);
/* Start the driver of @spawn for @dev. 0 or -errno. May sleep. */
int moved_spawn(struct device *dev, struct ferry_driver_spawn *spawn, const char *path);
/* The driver process of @dev with a reference, or NULL. May sleep. */
struct moved *moved_of(struct device *dev);
/* Ask it to go and see to it: 0 when it is gone, -ETIMEDOUT. May sleep. */
int moved_stop(struct moved *m, time_ns_t timeout_ns);
int moved_kill(struct moved *m, time_ns_t timeout_ns);
/* The DEVICE handle that all of @dev's driver process come from, for the current process: its descriptor, -ESRCH. May sleep. */
int moved_root_handle(struct device *dev);
/* Something came for the driver's thread. Any context. */
void moved_wake(struct moved *m);
/* The driver said it would sleep, and a ring has work for it: it returns from its wait, even if it took the work already. */
void moved_ring(struct moved *m);
/* watchdog.c: who rings lends its priority. The driver has nothing to do: what was lent goes back. */
void moved_priority_lend(struct moved *m);
void moved_priority_back(struct moved *m);
/* PROCESS handles. */
uint32_t moved_process_poll(struct file *f, struct moved *m, struct poll_table *table);
int moved_process_wait(struct moved *m, bool block);
/* IRQ handles (driver_wait.c): interrupts of all vectors since the last look; looking acknowledges those told before. */
uint32_t moved_irq_poll(struct file *f, struct moved *m, struct poll_table *table);
int moved_irq_read(struct handle *h, uint64_t *count, bool block);

/*
 * The caller's binding by its DEVICE handle @fd with @rights, counted: -EPERM (no driver process) or an error of handle_get(). ERR_PTR.
 * moved_locked() calls @fn with bind_lock held, so that the binding stays; -ESHUTDOWN when the driver is being ended. moved_call()
 * is both: what every driver call is made of.
 */
struct moved *moved_current(int fd, uint32_t rights);
int64_t moved_locked(struct moved *m, struct syscall_args *args,
		     int64_t (*fn)(struct moved *m, struct syscall_args *args));
int64_t moved_call(int fd, uint32_t rights, struct syscall_args *args,
		     int64_t (*fn)(struct moved *m, struct syscall_args *args));
/* What another process wrote, made one clean line of less than @size bytes. */
void text_clean(char *text, size_t size);
/* Copy a structure of the ABI in and check its size and version: 0, -EFAULT, -EINVAL. */
int abi_copy_in(void *to, uint64_t from, size_t size);

/* The caller was refused something: counted, and told in the log with its name and the call's. Any error that is no refusal is let be. */
void moved_refused(struct device *dev, int64_t error);

/*
 * driver_cap.c: a handle for the current driver, made with the DEVICE handle that the call came through (see handle_create()): @from's
 * kind, rights, object, ops and range. Map @view into the current process through @h: the address or -errno. bind_lock held.
 */
struct handle *moved_handle(struct moved *m, const struct handle *from);
int64_t moved_handle_map(struct handle *h, struct vma_object *view, uint32_t vm_flags);

/*
 * crash_report.c: what is left of a driver that died, written by its last thread while its memory is there. begin() while the binding is still
 * this one; write() when a successor may already run.
 */
struct crash {
	char driver[32], device[32], cause[96];
	uint64_t generation, trace;
	uint64_t log_end;		/* what was logged later is the successor's */
	bool outside;			/* killed by an administrator */
	int sig, pid;
};
void crash_begin(struct crash *c, const struct moved *m, const struct process *p);
void crash_write(const struct crash *c);

/*
 * standby.c: a second process that waits for the death of the first. attach: -EBUSY when nothing runs that would get a successor, or there
 * is one. wait: the calling process's first driver call waits for its turn. take (bind_lock held): it is no standby any more, or NULL.
 * start: it is bound now and may go on. detach: true when @m was waiting still. kill (bind_lock held): it is not wanted.
 */
int standby_attach(struct device *dev, struct moved *m);
void standby_wait(void);
struct moved *standby_take(struct device *dev);
void standby_start(struct moved *m);
bool standby_detach(struct device *dev, struct moved *m);
void standby_kill(struct device *dev);

/* step_kill.c, when it is built in: the calling driver goes back with a request; a driver's process has ended. NULL otherwise. */
extern void (*moved_told)(struct moved *m);
extern void (*moved_leaves)(struct moved *m);

/* driver_trace.c: FERRY_CONTROL_TRACE and _PROFILE, as they are wanted now. */
uint32_t driver_recording(void);

/* watchdog.c: threads that do not come back lose their priority. add and del once each; back() by the driver's thread in driver_wait. */
void watchdog_add(struct moved *m);
void watchdog_del(struct moved *m);
void watchdog_back(struct moved *m);

/* driver_budget.c: a BUDGET handle of @dev for the current process: its descriptor or -errno. */
int budget_handle(struct device *dev);

/* driver_budget.c: the limits of the device hold for this process from now on: 0, -EDQUOT (it has more memory already). */
int moved_budget(struct moved *m);

/*
 * driver_poll.c, for the driver's thread. Is there something for it? Look on instead of sleeping, if that is likely to be worth it: true when
 * there is. The wait that began at @begin is over.
 */
static inline bool moved_has_work(const struct moved *m)
{
	return __atomic_load_n(&m->irqs, __ATOMIC_ACQUIRE) || __atomic_load_n(&m->control, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&m->doorbell, __ATOMIC_ACQUIRE) || READ_ONCE(m->dev->faulted);
}
bool moved_poll(struct moved *m, time_ns_t begin, time_ns_t deadline);
void moved_waited(struct moved *m, time_ns_t begin);

/* throttle.c: the CPU time of its thread up to now, without what it only looked on. Any context. */
time_ns_t moved_cpu_time(const struct moved *m, time_ns_t now);

/* throttle.c: the CPU budget. add and del once each; update() after the limit changed. Any context but interrupts. */
void throttle_add(struct moved *m);
void throttle_del(struct moved *m);
void throttle_update(struct moved *m);

/* driver_manager.c: tell the device manager. Any context. */
/* driver_manager.c: tell the device manager; is it the caller? Any context. */
void manager_event(uint32_t kind, const struct device *dev);
bool manager_is_current(void);
/* manager_watch.c: a manager has come, or gone. Any context. */
void manager_watch_tell(bool is_there);
/* driver_grant.c: @dev's driver may use @needs from now on. bind_lock held. */
void moved_grant(struct device *dev, uint32_t needs);

/* class/block_remote.c. All with bind_lock held, but pending. */
int block_remote_register(struct moved *m, struct ferry_block_register *args);
/* No more submissions to the driver; then the disk goes. */
void block_remote_stop(struct block_remote *r);
void block_remote_finish(struct block_remote *r);
/* One disk goes: 0 or -EINVAL. */
int block_remote_leave(struct block_remote *r, uint64_t unit);
/* The process is gone, nobody looks at the rings any more. NULL is fine. */
void block_remote_free(struct block_remote *r);
/* Take the driver's completions off the rings. */
void block_remote_drain(struct block_remote *r);

/* class/misc_remote.c: likewise. */
int misc_remote_register(struct moved *m, struct ferry_misc_register *args);
void misc_remote_finish(struct misc_remote *r);
void misc_remote_free(struct misc_remote *r);
void misc_remote_drain(struct misc_remote *r);

#endif
