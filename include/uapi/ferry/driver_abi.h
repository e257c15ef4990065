/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver system calls (numbers in syscall.h): structures between the kernel and driver processes, and between the kernel and the
 * device manager. Each structure starts with its size and FERRY_ABI_VERSION as the caller knows them; anything else is -EINVAL and
 * nothing happened. Arguments are in the order given; pointers are user addresses.
 *
 * A process that drives nothing gets -EPERM from every driver call; a need that was not granted gives -EACCES; a range outside the
 * device's gives -ERANGE; a handle of an earlier binding gives -ESTALE.
 */
#ifndef UAPI_FERRY_DRIVER_ABI_H
#define UAPI_FERRY_DRIVER_ABI_H

#define FERRY_ABI_VERSION	1u
#define FERRY_DEVICE_FD		3	/* a driver process starts with its DEVICE handle here, and nothing else */
#define FERRY_VECTORS_MAX	32u
#define FERRY_LOG_MAX		200u

struct ferry_abi {
	unsigned int size;	/* of the whole structure */
	unsigned int version;	/* FERRY_ABI_VERSION */
};

/* What a handle is. Memory, Irq and IoPort have the numbers of the requirements. */
enum ferry_handle_kind {
	FERRY_HANDLE_NONE = 0,
	FERRY_HANDLE_DEVICE = 1,	/* rights: FERRY_NEEDS_* */
	FERRY_HANDLE_PROCESS = 2,	/* readable once the process ended: its wait status, 4 bytes; rights: FERRY_PROCESS_* */
	FERRY_HANDLE_MEMORY = 3,	/* a register window; rights of this and all that follow: FERRY_RIGHT_* */
	FERRY_HANDLE_IRQ = 4,		/* as an eventfd: readable when interrupts arrived, read gives their number, 8 bytes */
	FERRY_HANDLE_IOPORT = 5,
	FERRY_HANDLE_DMA = 6,
	FERRY_HANDLE_RING = 7,
	FERRY_HANDLE_NOTIFY = 8,	/* an eventfd: write adds 8 bytes, read takes the sum */
	FERRY_HANDLE_BUDGET = 9,	/* of a device's driver: read, set */
};

#define FERRY_RIGHT_READ	0x1u
#define FERRY_RIGHT_WRITE	0x2u
#define FERRY_PROCESS_WAIT	0x1u	/* for its end */
#define FERRY_PROCESS_PASS	0x2u	/* put handles into its table */

/* Placement and state as numbers; the names are in /proc/drivers. */
#define FERRY_PLACED_NONE	0u
#define FERRY_PLACED_KERNEL	1u
#define FERRY_PLACED_MOVED	2u

enum ferry_driver_state {
	FERRY_STATE_UNBOUND, FERRY_STATE_SPAWNED, FERRY_STATE_INITIALIZING, FERRY_STATE_GRANTED, FERRY_STATE_PROBING,
	FERRY_STATE_RUNNING, FERRY_STATE_CRASHED, FERRY_STATE_RESTARTING, FERRY_STATE_FAILED, FERRY_STATE_QUIESCED,
};

/* ---- Device manager (uid 0, no driver itself) ---- */

#define FERRY_DEVICE_FALLBACK	0x1u	/* when no process comes any more, the kernel's own build of its driver will take over */
#define FERRY_DEVICE_FELL_BACK	0x2u	/* it has; reason says why */
#define FERRY_DEVICE_RESTARTING	0x4u	/* a restart is under way, which its first completed request ends */

/* NR_ferry_device_list(struct ferry_device_desc *array, count, after_id) -> number filled, ids ascending. Set abi of array[0]. */
struct ferry_device_desc {
	struct ferry_abi abi;
	unsigned int id;
	unsigned short bus, vendor, device, subvendor, subdevice, revision;
	unsigned int class_code;
	unsigned int placement, state;
	int pid;			/* of the driver process, 0: none */
	unsigned int granted;		/* FERRY_NEEDS_* */
	int standby;			/* pid of the process that waits to become the driver, 0: none */
	unsigned int refused;		/* needs that the policy did not grant, so far */
	unsigned int flags;		/* FERRY_DEVICE_* */
	unsigned long long generation;
	unsigned long long bad_messages;
	unsigned int restarts, restart_last_us;
	char name[32];
	char driver[32];
	char reason[96];		/* why it failed */
};

/*
 * NR_ferry_driver_spawn(struct ferry_driver_spawn *) -> 0. The first caller becomes the manager until it ends; others get -EPERM.
 * -ENODEV: no such device; -EBUSY: it has a driver; errors of exec.
 */
#define FERRY_SPAWN_RESTART	0x1u	/* when it dies its manager starts another: requests wait for that (state Restarting) */
/*
 * Beside the running driver (else -EBUSY): a process that waits, holding nothing, and becomes the driver when that one dies. Which is at
 * once, so it is for restarts that need no pause; kill it to take that back. It ends with its driver when that is stopped.
 */
#define FERRY_SPAWN_STANDBY	0x2u
#define FERRY_SPAWN_ASKS	0x4u	/* nothing is granted at once: the driver registers and asks (message.h), needs is the most it may get */
/* With RESTART: who gives up on it leaves the device to the kernel's own build of the driver, if there is one. */
#define FERRY_SPAWN_FALLBACK	0x8u
#define FERRY_SPAWN_ALL		0xfu

struct ferry_driver_spawn {
	struct ferry_abi abi;
	unsigned int device;		/* id */
	unsigned int needs;		/* granted: FERRY_NEEDS_* */
	unsigned int dma_bits;
	unsigned int class_id;		/* enum ferry_class; the only class it may register */
	unsigned long long path;	/* of the ELF file */
	char name[32];			/* of the driver; becomes argv[0] */
	int process;			/* out: PROCESS handle, closed on exec */
	int pid;			/* out */
	unsigned int flags;		/* FERRY_SPAWN_* */
	unsigned int reserved;
};

/*
 * NR_ferry_driver_grant(PROCESS handle, struct ferry_driver_grant *) -> 0. For the manager, once for a driver that asks, while it is
 * Initializing: with nothing refused the driver is CapabilityGranted. -EACCES: more than the spawn named.
 */
struct ferry_driver_grant {
	struct ferry_abi abi;
	unsigned int granted, refused;	/* FERRY_NEEDS_*; refused ones are counted and told in the log */
	char why[96];			/* the rule that refused */
};

/*
 * NR_ferry_driver_adopt(struct ferry_driver_adopt *) -> 0. For the manager: a driver process that an earlier one started. -ESRCH: none. What
 * one that is Initializing has sent can be received again.
 */
struct ferry_driver_adopt {
	struct ferry_abi abi;
	unsigned int device;		/* id */
	int process;			/* out: PROCESS handle, like the rest */
	int pid;
	unsigned int needs, flags;	/* as the spawn named them */
	unsigned int reserved;
	unsigned long long asked;	/* number of the last question that a manager asked it */
};

/* NR_ferry_manager_wait(struct ferry_manager_event *, deadline_ns) -> 0, -ETIMEDOUT, -EINTR. For the manager only; as above. */
enum ferry_event {
	FERRY_EVENT_RESCAN = 1,		/* events were lost, or devices came: look at everything again */
	FERRY_EVENT_STATE = 2,		/* a driver changed its state */
	FERRY_EVENT_START = 3,		/* an administrator asks for the device's driver */
	FERRY_EVENT_MESSAGE = 4,	/* the driver has sent a message: NR_ferry_ipc_recv */
};

struct ferry_manager_event {
	struct ferry_abi abi;
	unsigned int kind;		/* enum ferry_event */
	unsigned int device;		/* id */
	unsigned int state;
	unsigned int reserved;
};

/* NR_ferry_driver_control(struct ferry_driver_control *) -> 0. uid 0. -ENODEV, -ESRCH (nothing to act on), -EOPNOTSUPP, -ETIMEDOUT. */
enum ferry_control {
	FERRY_CONTROL_START = 1,	/* ask the manager; returns at once */
	FERRY_CONTROL_STOP = 2,		/* remove() and exit; killed at the timeout; returns when it is gone */
	FERRY_CONTROL_KILL = 3,		/* kill -9; returns when it is gone */
	FERRY_CONTROL_GIVE_UP = 4,	/* no (further) restart: what waits for a driver ends with an error, the state is Failed */
	FERRY_CONTROL_REPLACE = 5,	/* manager: its end, however it comes, is followed by another driver: requests wait for that. -EBUSY:
					   a standby is being ended first */
};

struct ferry_driver_control {
	struct ferry_abi abi;
	unsigned int device;		/* id */
	unsigned int verb;		/* enum ferry_control */
	unsigned int timeout_ms;	/* 0: 5,000 */
	unsigned int reserved;
	char reason[96];		/* of GIVE_UP; empty: that of the last death stays */
};

/* ---- Budgets: what the driver of a device may use, in either placement. 0: no limit. ---- */

enum ferry_budget_kind {
	FERRY_BUDGET_CPU = 0,		/* us in each period; its thread waits for the next (m) */
	FERRY_BUDGET_MEMORY = 1,	/* pages of its process (m) */
	FERRY_BUDGET_DMA = 2,		/* pages of DMA memory */
	FERRY_BUDGET_HANDLES = 3,	/* open handles (m) */
	FERRY_BUDGET_IRQS = 4,		/* interrupts a second; above it the device is masked and polled for a while */
	FERRY_BUDGET_DEPTH = 5,		/* requests of a queue at a time; what is registered with more gets this */
};
#define FERRY_BUDGET_KINDS	6u

struct ferry_budget_item {
	unsigned long long limit;
	unsigned long long used;	/* out */
	unsigned long long exceeded;	/* out: times it was, since boot */
};

/*
 * NR_ferry_budget(struct ferry_budget *) -> 0: set the limits whose bits are in set (1 << kind), then fill in all. By handle (BUDGET, with
 * the right to read or to set), or with handle -1 by device id for uid 0. Limits stay with the device across drivers and hold at once for
 * what is asked for from now on; the depth from the next start on. -EINVAL, -ENODEV, -EPERM, errors of handles.
 */
struct ferry_budget {
	struct ferry_abi abi;
	unsigned int device;		/* id; out with a handle */
	int handle;
	unsigned int set;
	unsigned int cpu_period_us;	/* with the CPU limit: 1,000 to 1,000,000 */
	struct ferry_budget_item items[FERRY_BUDGET_KINDS];
};

/* ---- Capabilities: any process that holds some. Documentation/capabilities.md ---- */

/*
 * NR_ferry_cap_derive(struct ferry_cap_derive *) -> 0: one more handle on the same object with no more rights, here or in the process
 * that a PROCESS handle (FERRY_PROCESS_PASS) names. -EACCES (rights that are not there), -ESTALE, -ESRCH (that process has ended), -EDQUOT.
 */
struct ferry_cap_derive {
	struct ferry_abi abi;
	int handle;
	unsigned int rights;
	int process;		/* PROCESS handle; -1: into the own table */
	int derived;		/* out: its number in that table */
};

/*
 * NR_ferry_cap_revoke(handle, flags) -> 0: it and all that was derived from it or made with it is stale, in every process, from now on;
 * what was mapped through it is unmapped, its ports and its interrupts are closed when this returns.
 */
#define FERRY_REVOKE_DERIVED	0x1u	/* only what was derived, not the handle itself */

/* NR_ferry_cap_info(handle, struct ferry_cap_info *) -> 0, also for one without any right. */
struct ferry_cap_info {
	struct ferry_abi abi;
	unsigned int kind;		/* enum ferry_handle_kind */
	unsigned int rights;
	unsigned int device;		/* id; 0: none */
	unsigned int reserved;
	unsigned long long generation;	/* of the binding */
	unsigned long long start, length;	/* bus address, first port or device address; 0: covers no range */
};

/*
 * NR_ferry_cap_map(struct ferry_cap_map *) -> 0: map a MEMORY or DMA handle that was given by another, with @perms out of its rights; open
 * the ports of an IOPORT handle (read and write) for the calling thread. Closing the handle undoes it. -EBUSY: it is mapped already.
 */
struct ferry_cap_map {
	struct ferry_abi abi;
	int handle;
	unsigned int perms;
	unsigned long long address;	/* out */
	unsigned long long length;	/* out */
};

/*
 * NR_ferry_cap_open(struct ferry_cap_open *) -> 0: for the manager: the DEVICE handle from which everything of the device's driver process
 * was derived, or a BUDGET handle. -ENODEV, -ESRCH (it has no driver process).
 */
struct ferry_cap_open {
	struct ferry_abi abi;
	unsigned int device;		/* id */
	unsigned int kind;
	int handle;			/* out */
	unsigned int reserved;
};

/* NR_ferry_notify_create(fd) -> NOTIFY handle with both rights. fd: DEVICE handle; ignored for uid 0 without a device. */

/* ---- Driver process; @fd is the DEVICE handle ---- */

/* NR_ferry_device_info(fd, struct ferry_device_info *) -> 0 */
#define FERRY_BAR_IO		0x1u
#define FERRY_BAR_PREFETCHABLE	0x2u
#define FERRY_BAR_64BIT		0x4u

struct ferry_bar {
	unsigned long long length;	/* 0: absent */
	unsigned int flags;
	unsigned int reserved;
};

#define FERRY_INFO_ASKS		0x1u	/* nothing is granted yet: register with the manager and ask (message.h) */
#define FERRY_INFO_AWAITED	0x2u	/* the users of an earlier driver wait for this one */

struct ferry_device_info {
	struct ferry_abi abi;
	unsigned int id;
	unsigned short bus, vendor, device, subvendor, subdevice, revision;
	unsigned int class_code;
	unsigned int granted;		/* FERRY_NEEDS_* */
	unsigned int dma_bits;
	unsigned int nr_cpus;
	unsigned int flags;		/* FERRY_INFO_* */
	unsigned int pad;
	unsigned long long generation;
	char name[32];
	struct ferry_bar bars[6];
};

/* NR_ferry_device_param(fd, char name[32], unsigned long long *value) -> 0: in the fallback, out the value. */

/* NR_ferry_mmio_map(fd, struct ferry_mmio_map *) -> 0. Undone by munmap and close. */
struct ferry_mmio_map {
	struct ferry_abi abi;
	unsigned int bar;
	unsigned int perms;		/* 1 read, 2 write */
	unsigned long long offset, length;	/* length 0: to the end; out: its value */
	unsigned long long address;	/* out: of byte @offset */
	int handle;			/* out: MEMORY */
	unsigned int reserved;
};

/* NR_ferry_port_map(fd, struct ferry_port_map *) -> 0. */
#define FERRY_PORT_FIXED	~0u

struct ferry_port_map {
	struct ferry_abi abi;
	unsigned int bar;		/* FERRY_PORT_FIXED: offset is a port of the bus */
	unsigned int offset, length;	/* length 0: to the end; out: its value */
	unsigned int first;		/* out: port number */
	int handle;			/* out: IOPORT */
	unsigned int reserved;
};

/* NR_ferry_irq_request(fd, struct ferry_irq_request *) -> vectors given. NR_ferry_irq_release(fd). */
struct ferry_irq_request {
	struct ferry_abi abi;
	unsigned int wanted;
	unsigned int kind;		/* out: enum irq_kind */
	int handle;			/* out: IRQ */
	unsigned int reserved;
};

/* NR_ferry_dma_alloc(fd, struct ferry_dma_alloc *) -> 0. NR_ferry_dma_free(fd, handle). */
struct ferry_dma_alloc {
	struct ferry_abi abi;
	unsigned int length, align;
	unsigned long long address;	/* out: in the process */
	unsigned long long device_address;	/* out */
	int handle;			/* out: DMA */
	unsigned int reserved;
};

/*
 * NR_ferry_mem_keep(fd, struct ferry_mem_keep *) -> 0, once: -EBUSY; -EDQUOT: over the memory budget; -EINVAL: no length, or too much of it.
 * What the driver before left in it, if that died and this one is its successor and asks for as much; zeroes otherwise.
 */
struct ferry_mem_keep {
	struct ferry_abi abi;
	unsigned long long length;
	unsigned long long address;	/* out: in the process */
	int handle;			/* out: MEMORY */
	unsigned int reserved;
};

/* NR_ferry_pci_config(fd, struct ferry_pci_config *) -> 0, -EINVAL, -ERANGE, -EACCES (filter), -ENODEV */
struct ferry_pci_config {
	struct ferry_abi abi;
	unsigned int offset, width;	/* width 1, 2, 4 */
	unsigned int write;		/* 0 or 1 */
	unsigned int value;
};

/* As struct block_limits of the driver API, field by field. */
struct ferry_block_limits {
	unsigned long long nr_blocks;
	unsigned int block_size, physical_block_size, flags, nr_queues, queue_depth, max_segments, max_segment_bytes;
	unsigned int max_request_blocks, max_discard_blocks, max_write_zeroes_blocks, request_timeout_ms, unit, first_queue, segment_boundary;
	char prefix[8];
	char serial[64];
};

/*
 * NR_ferry_class_register(fd, struct ferry_block_register *) -> 0, once for each unit. Units may share queues: a registration brings rings
 * for those of its queues that no earlier one had, bit n of new_queues for queue n; none: region is 0. The region is mapped into the
 * process; the queues lie in it in ascending order, queue_stride apart. Offsets are in a queue's part. The submission ring has the
 * kernel as producer, the completion ring the driver. A queue stays until the process ends, its units may come and go.
 */
struct ferry_block_register {
	struct ferry_abi abi;
	struct ferry_block_limits limits;	/* out: as reduced by the kernel */
	unsigned long long region, region_length;	/* out, like everything from here on */
	unsigned long long queue_stride;
	unsigned int submit_offset, submit_entries;
	unsigned int complete_offset, complete_entries;
	unsigned int segment_offset, segments_per_tag;	/* struct ferry_block_segment [depth][segments_per_tag] */
	unsigned int data_offset, data_bytes_per_tag;	/* FERRY_NEEDS_CPU_DATA, or pages of BLOCK_INFO_COPIED: bytes [depth][data_bytes_per_tag] */
	int handle;				/* RING; -1 without a region */
	unsigned int new_queues;
};

/* As struct misc_limits of the driver API, field by field. */
struct ferry_misc_limits {
	unsigned long long size;
	unsigned int depth, max_bytes, request_timeout_ms, flags;
	char name[16];
};

/*
 * NR_ferry_class_register(fd, struct ferry_misc_register *) -> 0, once, of a driver of the misc class. The region is mapped into the process;
 * offsets are in it. The submission ring has the kernel as producer, the completion ring the driver; tag n has slot n of the bytes.
 */
struct ferry_misc_register {
	struct ferry_abi abi;
	struct ferry_misc_limits limits;
	unsigned long long region, region_length;	/* out, like everything from here on */
	unsigned int submit_offset, complete_offset, ring_entries;
	unsigned int data_offset, slot_bytes;
	int handle;				/* RING */
};

/* NR_ferry_class_update(fd, struct ferry_class_update *): a disk has another size. */
struct ferry_class_update {
	struct ferry_abi abi;
	unsigned long long nr_blocks;
	unsigned int unit;
	unsigned int reserved;
};

/*
 * NR_ferry_class_unregister(fd, step, unit): STOP: no more submissions come; FINISH: then, with what is in flight completed, the disks go.
 * UNIT: that one disk goes, once what is in flight for it is completed; -EINVAL when there is none.
 */
#define FERRY_UNREGISTER_STOP	0u
#define FERRY_UNREGISTER_FINISH	1u
#define FERRY_UNREGISTER_UNIT	2u

/*
 * NR_ferry_driver_wait(struct ferry_events *, size, deadline_ns, flags) -> 0. Acknowledges the interrupts told of last time, takes
 * completions off the rings, and returns when a doorbell was rung, an interrupt or a control message has come, or at the deadline (ns since
 * boot, 0: at once, ~0: never). Doorbells ring for submission rings with need_wakeup set: set it, look, then call. Counts are written
 * only when irqs is not 0.
 */
#define FERRY_WAIT_SLEEP	0x1u	/* only the deadline (or the end) ends it; nothing is taken or acknowledged */

#define FERRY_CONTROL_REMOVE	0x1u	/* events.control: remove() and exit */
#define FERRY_CONTROL_MESSAGE	0x2u	/* a message of the manager lies there: NR_ferry_ipc_recv */
#define FERRY_CONTROL_TRACE	0x4u	/* NR_ferry_driver_trace wants to know what the driver does */
#define FERRY_CONTROL_PROFILE	0x8u	/* ... and how long its scopes take */

struct ferry_events {
	unsigned long long now_ns;
	unsigned int doorbell;		/* 1: need_wakeup of a submission ring was taken since the last call */
	unsigned int control;
	unsigned long long irqs;	/* bit n: vector n */
	unsigned int counts[FERRY_VECTORS_MAX];
};

/* NR_ferry_driver_log(level, text, length). NR_ferry_driver_fault(what, length, where): never returns. */

/*
 * NR_ferry_driver_state(state, error, trace): PROBING, RUNNING, FAILED (with the errno of probe; also while it asks for its needs), QUIESCED.
 * trace is the address of struct ferry_trace, taken with PROBING (0: none).
 */

#endif
