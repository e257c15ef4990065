/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of a device: what a bus reported, which driver has it, in which placement, and its strands. struct device is opaque
 * to drivers (include/driver/device.h); shim/kernel, ipc/ and the buses use these fields.
 */
#ifndef KERNEL_DEVICE_H
#define KERNEL_DEVICE_H

#include <driver/device.h>
#include <driver/driver.h>
#include <kernel/budget.h>
#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/time.h>

struct page;
struct vma_object;
struct pci_function;
struct process;
struct block_group;
struct misc_device;

enum device_placement { PLACED_NONE, PLACED_KERNEL, PLACED_MOVED };

/* design.md section 8; Quiesced is a stop asked for by the administrator. */
enum driver_state {
	DRIVER_UNBOUND, DRIVER_SPAWNED, DRIVER_INITIALIZING, DRIVER_GRANTED, DRIVER_PROBING, DRIVER_RUNNING,
	DRIVER_CRASHED, DRIVER_RESTARTING, DRIVER_FAILED, DRIVER_QUIESCED,
	DRIVER_STATES,
};

/* One strand: callbacks of the driver run under its lock with interrupts off, never nested. */
struct strand {
	struct spinlock lock;
	struct device *dev;
	unsigned int number;
	struct timer timer;
	bool timer_due;
	void *class_queue;	/* the class core's queue for this strand */
	bool deferred_due;	/* set under lock: deferred() has work */
	void (*deferred)(struct strand *s);	/* the class core's: called by strand_unlock() without the lock */
	time_ns_t entered;	/* kernel/driver_time.c, with the next two */
	uint64_t driver_calls, driver_ns;
	uint64_t flags;
};

/* On the way from a fault to its end, in their order. */
enum restart_moment {
	RESTART_FAULT,		/* it was seen */
	RESTART_QUIET,		/* the device is reset, its memory given back */
	RESTART_GONE,		/* the process has ended */
	RESTART_SPAWNED, RESTART_PROBING, RESTART_RUNNING,	/* the successor's states */
	RESTART_DONE,		/* its first completed request */
	RESTART_MOMENTS
};

struct device_counters {
	uint64_t irqs, irqs_spurious, requests, bytes, errors, faults, wakeups, doorbells;
	uint64_t bad_messages, denied;	/* control messages that were wrong; needs that the policy did not grant */
	uint64_t copied_bytes;	/* bytes copied by a CPU on the data path: 0 for DMA drivers */
	uint64_t refused;	/* driver calls that asked for more than there is a handle for, or made no sense */
	uint64_t denied_calls;	/* system calls that are not for drivers */
};

#define DEVICE_PORTS_MAX	4u
#define DEVICE_ISA_IRQS_MAX	2u

struct device_ports {
	uint16_t first, length;
};

struct device {
	struct ref ref;
	struct list link;		/* of all devices; guarded by device_list_lock */
	uint32_t id;			/* never used again */
	char name[32];			/* "0000:00:03.0", "null_blk.0" */
	uint16_t bus;			/* enum ferry_bus */
	uint16_t vendor, device, subvendor, subdevice;
	uint8_t revision;
	uint32_t class_code;		/* PCI */
	struct pci_function *pci;	/* NULL on other buses */
	void (*release)(struct device *dev);	/* the bus's: the last reference is gone; may be NULL */
	/* Legacy resources that the bus knows to be this device's: they stand at no BAR and on no pin. Set before device_add(). */
	struct device_ports ports[DEVICE_PORTS_MAX];
	uint8_t isa_irqs[DEVICE_ISA_IRQS_MAX];
	unsigned int nr_ports, nr_isa_irqs;

	/* Guarded by bind_lock. */
	struct mutex bind_lock;
	bool removed;		/* the device is gone (hot-unplug): no driver comes any more */
	enum device_placement placement, placed_last;
	enum driver_state state;
	char driver_name[32];
	char fail_reason[96];
	const struct driver *driver;	/* PLACED_KERNEL */
	const struct block_ops *block;	/* the driver's own, or the remote end's */
	const struct misc_ops *misc;	/* likewise */
	struct process *process;	/* PLACED_MOVED; counted */
	uint64_t generation;		/* counts bindings */
	uint32_t granted;		/* FERRY_NEEDS_* */
	uint32_t dma_bits;

	void *priv;			/* the driver's (y) or the remote end's (m) */
	bool faulted;			/* callbacks have stopped */
	struct list failing;		/* of the devices that a thread takes down (kernel/device.c) */
	unsigned int nr_strands;
	struct strand strands[DEVICE_STRANDS_MAX];
	struct block_group *block_group;	/* the class core's: the disks of this device */
	struct misc_device *misc_device;	/* the class core's: the file of this device */
	void (*class_gone)(struct device *dev);	/* the class core's: forget the device for good (device_remove) */
	void (*class_give_up)(struct device *dev);	/* the class core's: no driver will come, end what waits for one */
	/* The class core's: names of its nodes, comma-separated; returns how many files of them are open. */
	unsigned int (*class_users)(struct device *dev, char *nodes, size_t size);
	struct list resources;		/* devres: undone in reverse order when the driver goes */
	struct device_irqs *irqs;	/* shim/kernel/irq.c */
	struct iommu_domain *iommu;	/* mm/iommu.c: once there was one it stays */
	bool iommu_open;
	bool unstopped;			/* its last driver died, and it could be neither reset nor kept away from memory */
	struct list kept_frames;	/* kernel/dma_frames.c: mapped for it, and no driver's */
	struct vma_object *kept_memory;	/* kernel/kept_memory.c, with the next two */
	uint64_t kept_by;		/* the last generation that took it */
	char kept_for[32];		/* ... and that driver's name */
	void *moved;			/* ipc/: state of the driver process's side */
	void *standby;			/* ipc/: of the process that waits for its turn */
	uint64_t code_place;		/* ipc/: of its driver's code, until one fails by itself; 0: not chosen */
	struct device_counters counters;

	/* Supervision. restart is the manager's word, awaited follows from it at a death; both written under bind_lock. */
	bool restart;			/* a driver that dies gets a successor: requests wait for it */
	bool fallback;			/* ... and when no process will come any more, that is the kernel's own build of it */
	bool fell_back;			/* which has the device now */
	bool replaced;			/* ... also when it ends in order: another binary is to take its place */
	bool awaited;			/* it died, and nobody has given up on it */
	bool killed;			/* ... from outside: no request is to blame */
	time_ns_t moments[RESTART_MOMENTS];	/* of the restart under way; FAULT is 0 when there is none. Atomic */
	uint32_t restarts, restart_last_us, restart_max_us;	/* from the fault to the first completed request */
	uint32_t log_tokens;
	time_ns_t log_refill;
	uint64_t log_dropped;
	struct budget budget;		/* kernel/budget.c */
};

/* Add what a bus found (name, ids filled in); takes over the reference. Tries the linked-in drivers. May sleep. */
struct device *device_create(void);
int device_add(struct device *dev);
/* It is gone (hot-unplug): the driver is removed, requests fail. May sleep. */
void device_remove(struct device *dev);
/* The same without a word to its driver, which would wait for hardware that is not there any more. May sleep. */
void device_vanished(struct device *dev);
/* Devices came or went: set once, by who tells the device manager. May sleep. */
extern void (*device_list_hook)(struct device *dev);
/* Called when a restart is over: the successor completed something. Under a strand; NULL: nobody asks. */
extern void (*device_restarted_hook)(struct device *dev);
/* kernel/device_sys.c: into and out of /sys. */
void device_sys_add(const struct device *dev);
void device_sys_remove(const struct device *dev);
/* It has a driver that runs, or has one no more. May sleep. */
void device_sys_bound(const struct device *dev, bool bound);
void device_get(struct device *dev);
void device_put(struct device *dev);
/* With a reference, or NULL. */
struct device *device_find(const char *name);
struct device *device_find_id(uint32_t id);
void device_for_each(bool (*fn)(struct device *dev, void *arg), void *arg);

/* Does row @m of a manifest fit? Bounds are the caller's. */
bool device_matches(const struct device *dev, const struct ferry_match *m);
/* Try every linked-in driver. 0 or -ENODEV. Called by device_add(). */
int device_bind_kernel(struct device *dev);
/* Stop the driver in either placement: its callbacks end, death protocol, resources undone. @reason for the log. */
void device_unbind(struct device *dev, enum driver_state end_state, const char *reason);
/*
 * lifecycle.c: the next state, told in the log with @why (NULL: the device's fail_reason when it died or failed). -EINVAL, and nothing
 * happened: there is no such edge. The state it has already is fine.
 */
int device_set_state(struct device *dev, enum driver_state state);
int device_set_state_why(struct device *dev, enum driver_state state, const char *why);
bool driver_state_may(enum driver_state from, enum driver_state to);
const char *driver_state_name(enum driver_state state);

/* kernel/driver_events.c: tell whoever depends on the driver. May sleep. */
void driver_event(struct device *dev, enum driver_state from, enum driver_state to, const char *why);

/* ---- kernel/restart.c: from a death to the first completed request ---- */

/* Will a driver that ends so have a successor? bind_lock held. */
bool restart_comes(const struct device *dev, enum driver_state end_state);
/* Did an earlier driver of @dev register with its class, and does that wait for the next one? */
bool restart_has_users(const struct device *dev);
/* A driver that would get a successor failed: the time runs from the first call on. Any context. */
void restart_fault(struct device *dev);
/* A part of the way is done; nothing when no restart is under way. Any context. */
void restart_moment(struct device *dev, enum restart_moment moment);
/* Sleep until no restart of @dev is under way: its first request is done, or it was given up. At most @timeout_ns. */
void restart_wait(struct device *dev, time_ns_t timeout_ns);
/* Is there a device manager, which restarts drivers? Set by ipc/. */
extern bool device_manager_alive;
/* No driver will come for this device: what waits for one ends. bind_lock held. */
void device_give_up(struct device *dev, enum driver_state end_state, const char *reason);
/*
 * shim/kernel/bind.c: no process will come any more, so the kernel's own build of the same driver takes the device over, and what waits for one
 * with it. 0; -EOPNOTSUPP: the manager does not want that, or the kernel has none (CONFIG_DRIVER_FALLBACK); any other: it could not, and
 * has given up. bind_lock held, no driver there, awaited. May sleep.
 */
int device_fall_back(struct device *dev, const char *reason);
bool device_has_fallback(const struct device *dev);
/* Its driver, which is the kernel's, makes room for a process that is to come (replaced is set): requests wait for that as after a death. */
void device_hand_over(struct device *dev, const char *reason);
/* The first request since a fault was completed: note how long that took. Any context. */
void device_restarted(struct device *dev);

/* ---- kernel/dma_frames.c: frames for DMA memory ---- */

/*
 * At least @bytes of contiguous zeroed frames, aligned to their size, charged to the device and mapped for it: its address for them is in
 * (*frames)->index. Those of a driver that died come first. 0, -EDQUOT, -ENOMEM, -ERANGE. May sleep.
 */
int dma_frames_get(struct device *dev, uint32_t bytes, struct page **frames);
/* No driver's any more: unmapped and given back, or kept for the next driver. May sleep. */
void dma_frames_put(struct device *dev, struct page *frames);
/* Nobody will come for what is kept, or has come and left it. Not that of a device which may still write to it. May sleep. */
void dma_frames_trim(struct device *dev);
/* The device is gone. */
void dma_frames_release(struct device *dev);

/* ---- kernel/kept_memory.c: memory that outlives a driver; bind_lock held but for release() by device_put() ---- */

/* For the driver that is there, once, with a reference. ERR_PTR: -EINVAL, -EBUSY, -ENOMEM. May sleep. */
struct vma_object *kept_memory_get(struct device *dev, uint64_t bytes);
/* How much of it the driver that is there has. */
uint64_t kept_memory_pages(const struct device *dev);
/* It goes back unless it is the driver's that is there. */
void kept_memory_trim(struct device *dev);
void kept_memory_release(struct device *dev);

/* Something to undo when the driver goes, newest first. -ENOMEM. */
int device_on_release(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg);
/* Undo it early: run and forget the newest record with these two values; false when there is none. */
bool device_release_now(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg);
/* Forget it without running it. */
bool device_release_forget(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg);

/*
 * The driver broke a rule or hangs: its callbacks stop at once, the rest of the death protocol follows in a kernel thread
 * (device_unbind with DRIVER_FAILED in the kernel, DRIVER_CRASHED for a process). Any context, strand locked or not.
 */
void device_fail(struct device *dev, const char *reason);
/* The death protocol without the driver's say: interrupts, bus mastering, reset, then everything undone. bind_lock held. */
void device_teardown(struct device *dev);

/* Callbacks under the strand's lock. strand_run is what everything that calls into a driver uses. */
void strand_lock(struct strand *s) __acquires(s);
void strand_unlock(struct strand *s) __releases(s);	/* then runs what the class core deferred */

/* Interrupts of either placement (shim/kernel/irq.c): @fn(arg, vector) in interrupt context. Returns vectors given. */
int device_irq_setup(struct device *dev, unsigned int wanted, void (*fn)(void *arg, unsigned int vector), void *arg);
void device_irq_teardown(struct device *dev);
/* A level-triggered line was masked when it fired; open it again. Nothing for MSI and for edges. */
void device_irq_ack(struct device *dev, unsigned int vector);

/* Fixed ports, in either placement (shim/kernel/port.c): 0 when all of them are @dev's, -EINVAL for an empty or wild range, -EACCES. */
int device_ports_check(const struct device *dev, uint32_t first, uint32_t length);

/*
 * Device addresses for RAM (mm/iommu.c): physical ones, and where there is an IOMMU the device reaches just these pages. -ERANGE: not
 * reachable. Once unmapped, the pages are out of the device's reach when this returns. Any context.
 */
int dma_map_frames(struct device *dev, paddr_t start, uint64_t length, uint64_t *address);
void dma_unmap_frames(struct device *dev, uint64_t address, uint64_t length);

#endif
