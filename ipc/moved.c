// SPDX-License-Identifier: GPL-2.0
/*
 * Life and death of a driver process. Spawning makes the process, gives it its DEVICE handle as descriptor 3 and nothing else, makes
 * it resident and lets it run before ordinary threads. When it ends, for whatever reason, moved_exit() runs in its last thread:
 * device_unbind() does the death protocol (kernel/device.c), and only afterwards is the process's own memory taken apart.
 *
 * Locks: dev->bind_lock, then strands. References: dev->moved, each handle and each waiter hold one.
 */
#include <driver/log.h>
#include <fs/internal.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <kernel/process.h>
#include <kernel/trace.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "handle_file.h"
#include "message.h"
#include "moved.h"

#define QUIET_NS	(50 * NSEC_PER_MSEC)	/* so long a dead driver says nothing: its successor has the processor and the disk */

void moved_get(struct moved *m)
{
	ref_get(&m->ref);
}

void moved_put(struct moved *m)
{
	if (!m || !ref_put(&m->ref))
		return;
	process_put(m->process);
	device_put(m->dev);
	mail_free(m->mail);
	kfree(m);
}

struct moved *moved_of(struct device *dev)
{
	struct moved *m;

	mutex_lock(&dev->bind_lock);
	m = dev->moved;
	if (m)
		moved_get(m);
	mutex_unlock(&dev->bind_lock);
	return m;
}

void moved_wake(struct moved *m)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* what the driver is to see was stored before; it looks after it set sleeping */
	if (!__atomic_load_n(&m->sleeping, __ATOMIC_SEQ_CST))
		return;
	m->dev->counters.wakeups++;
	sched_wake(m->thread);
	wait_wake(&m->wait, 0);
}

void moved_ring(struct moved *m)
{
	moved_priority_lend(m);
	m->dev->counters.doorbells++;
	TRACE(RING, RING_BELL, m->dev->id, m->sleeping);
	__atomic_store_n(&m->doorbell, 1, __ATOMIC_SEQ_CST);
	moved_wake(m);
}

/* ---- Calls of the driver ---- */

/* Of the calling driver process. A standby has none until its turn comes, and waits here for it. */
static struct handle *own_device_handle(int fd, uint32_t rights, struct file **f)
{
	struct handle *h = handle_get(fd, FERRY_HANDLE_DEVICE, rights, f);

	if (PTR_ERR(h) != -EBADF)
		return h;
	standby_wait();
	return handle_get(fd, FERRY_HANDLE_DEVICE, rights, f);
}

/* What a driver with one thread and nothing unusual has at its descriptor, without counting file and handle; NULL: look closer. */
static struct moved *device_borrow(int fd)
{
	bool shared;
	struct file *f = fd_borrow(fd, &shared);
	struct handle *h = f && !shared ? handle_of_file(f) : NULL;
	struct moved *m = h && h->kind == FERRY_HANDLE_DEVICE && handle_is_live(h) ? h->object : NULL;

	if (f)
		fd_return(f, shared);
	return m && m->process == current_process ? m : NULL;
}

struct moved *moved_current(int fd, uint32_t rights)
{
	struct moved *m = ERR_PTR(-EPERM);
	struct handle *h;
	struct file *f;

	if (!current_process->device)
		return m;
	if (!rights && (m = device_borrow(fd))) {
		moved_get(m);
		return m;
	}
	m = ERR_PTR(-EPERM);
	h = own_device_handle(fd, rights, &f);
	if (IS_ERR(h))
		return (struct moved *)h;
	if (((struct moved *)h->object)->process == current_process) {
		m = h->object;
		moved_get(m);
	}
	file_put(f);
	return m;
}

bool moved_is_bound(const struct moved *m)
{
	return m->generation == m->dev->generation && m->dev->placement == PLACED_MOVED && !m->dev->faulted;
}

int64_t moved_locked(struct moved *m, struct syscall_args *args,
		     int64_t (*fn)(struct moved *m, struct syscall_args *args))
{
	int64_t result = -ESHUTDOWN;

	mutex_lock(&m->dev->bind_lock);
	if (moved_is_bound(m))
		result = fn(m, args);
	mutex_unlock(&m->dev->bind_lock);
	return result;
}

/* The handle may have been revoked until the lock was there; then not any more. What the manager has not granted yet, the driver has not. */
static int64_t call_through(struct handle *h, uint32_t rights, struct syscall_args *args,
			    int64_t (*fn)(struct moved *m, struct syscall_args *args))
{
	struct moved *m = h->object;
	int64_t result = -ESHUTDOWN;

	if (m->process != current_process)
		return -EPERM;
	mutex_lock(&m->dev->bind_lock);
	if (!handle_is_live(h)) {
		result = -ESTALE;
	} else if (m->asks && rights & ~m->dev->granted) {
		result = -EACCES;
	} else if (moved_is_bound(m)) {
		m->via = h;
		result = fn(m, args);
		m->via = NULL;
	}
	mutex_unlock(&m->dev->bind_lock);
	return result;
}

int64_t moved_call(int fd, uint32_t rights, struct syscall_args *args,
		     int64_t (*fn)(struct moved *m, struct syscall_args *args))
{
	int64_t result = -EPERM;
	struct handle *h;
	struct file *f;

	if (!current_process->device)
		return result;
	h = own_device_handle(fd, rights, &f);
	if (IS_ERR(h)) {
		result = PTR_ERR(h);
	} else {
		result = call_through(h, rights, args, fn);
		file_put(f);
	}
	if (result < 0)
		moved_refused(current_process->device, result);
	return result;
}

void moved_refused(struct device *dev, int64_t error)
{
	static const uint8_t refusals[] = { EPERM, EACCES, EBADF, ESTALE, EINVAL, ERANGE, EFAULT, EDQUOT, EMFILE, ESRCH };

	for (unsigned int i = 0; i < sizeof(refusals); i++) {
		if (error != -(int64_t)refusals[i])
			continue;
		__atomic_fetch_add(&dev->counters.refused, 1, __ATOMIC_RELAXED);
		device_log(dev, LOG_WARN, "%s refused: error %d", syscall_name((uint64_t)current->syscall_nr), (int)error);
	}
}

int abi_copy_in(void *to, uint64_t from, size_t size)
{
	struct ferry_abi *abi = to;

	if (copy_from_user(to, from, size))
		return -EFAULT;
	return abi->size == size && abi->version == FERRY_ABI_VERSION ? 0 : -EINVAL;
}

/* ---- Death ---- */

void (*moved_leaves)(struct moved *m);

/* Why the process ended, unless it said so itself. */
static void exit_reason(struct moved *m, int status)
{
	if (m->end_reason[0])
		return;
	if (m->end_state == DRIVER_QUIESCED)
		str_copy(m->end_reason, "stopped", sizeof(m->end_reason));
	else if (status & 0x7f)
		format_text(m->end_reason, sizeof(m->end_reason), "killed by signal %d", status & 0x7f);
	else
		format_text(m->end_reason, sizeof(m->end_reason), "exited with status %d", status >> 8 & 0xff);
}

static int device_handle(struct moved *m);
static void device_bind(struct device *dev, struct moved *m);

/* What is left once the device is somebody else's or nobody's. */
static void moved_ended(struct moved *m)
{
	struct device *dev = m->dev;

	block_remote_free(m->block);
	m->block = NULL;
	misc_remote_free(m->misc);
	m->misc = NULL;
	thread_put(m->thread);
	m->exit_status = m->process->exit_status;
	__atomic_store_n(&m->gone, true, __ATOMIC_RELEASE);
	wait_wake(&m->ended, 0);
	manager_event(FERRY_EVENT_STATE, dev);
	moved_put(m);
}

/*
 * The next driver is the standby, if there is one: it is returned with a reference, and waits. With no manager either, it is the kernel's own
 * build or none. bind_lock held.
 */
static struct moved *successor_bind(struct device *dev)
{
	struct moved *next;

	device_set_state(dev, DRIVER_RESTARTING);
	next = standby_take(dev);
	if (!next && !READ_ONCE(device_manager_alive) && device_fall_back(dev, NULL) == -EOPNOTSUPP)
		device_give_up(dev, DRIVER_FAILED, NULL);
	if (!next)
		return NULL;
	device_bind(dev, next);
	if (device_handle(next))
		process_kill(next->process, LINUX_SIGKILL);
	moved_get(next);
	return next;
}

/* The process's last thread leaves; its files and its space are still there. */
static void moved_exit(struct process *p)
{
	struct moved *m = p->driver_side;
	struct device *dev = m->dev;
	struct moved *next = NULL;
	struct crash crash;

	if (standby_detach(dev, m)) {
		moved_ended(m);
		return;
	}
	log_hold();
	throttle_del(m);
	watchdog_del(m);
	exit_reason(m, p->exit_status);
	if (m->end_state == DRIVER_CRASHED && dev->process == p) {
		restart_fault(dev);
		device_set_state_why(dev, DRIVER_CRASHED, m->end_reason);
		manager_event(FERRY_EVENT_STATE, dev);
	}
	if (dev->process == p && !dev->faulted)
		dev->killed = dev->replaced || (p->exit_status & 0x7f) == LINUX_SIGKILL;
	if (!dev->killed)
		WRITE_ONCE(dev->code_place, 0);
	/* Nothing happens here when a fault has unbound the driver before; then the reason is already told. */
	device_unbind(dev, m->end_state, m->end_reason);
	crash_begin(&crash, m, p);
	mutex_lock(&dev->bind_lock);
	dev->moved = NULL;
	restart_moment(dev, RESTART_GONE);
	if (dev->awaited)
		next = successor_bind(dev);
	else
		standby_kill(dev);
	if (dev->state == DRIVER_CRASHED)
		device_set_state(dev, DRIVER_FAILED);
	if (dev->state == DRIVER_UNBOUND)
		dev->driver_name[0] = '\0';	/* not its device after all */
	mutex_unlock(&dev->bind_lock);
	if (moved_leaves)
		moved_leaves(m);
	if (next)
		standby_start(next);
	thread_set_class(m->thread, SCHED_FAIR);	/* nobody waits for what is left: everybody else runs first */
	sched_yield();
	device_get(dev);
	moved_ended(m);
	if (next)
		restart_wait(dev, QUIET_NS);
	log_release();
	crash_write(&crash);
	moved_put(next);
	device_put(dev);
}

static int moved_wait_gone(struct moved *m, time_ns_t timeout_ns)
{
	return wait_event(&m->ended, READ_ONCE(m->gone), time_now() + timeout_ns, true);
}

int moved_kill(struct moved *m, time_ns_t timeout_ns)
{
	process_kill(m->process, LINUX_SIGKILL);
	return moved_wait_gone(m, timeout_ns);
}

int moved_stop(struct moved *m, time_ns_t timeout_ns)
{
	int err;

	WRITE_ONCE(m->dev->replaced, false);
	WRITE_ONCE(m->dev->restart, false);	/* also when it must be killed in the end */
	__atomic_or_fetch(&m->control, FERRY_CONTROL_REMOVE, __ATOMIC_SEQ_CST);
	moved_wake(m);
	err = moved_wait_gone(m, timeout_ns);
	if (err != -ETIMEDOUT)
		return err;
	log_warn("device %s: driver %s does not stop, killing it", m->dev->name, m->dev->driver_name);
	return moved_kill(m, timeout_ns);
}

/* ---- Spawn ---- */

static struct moved *moved_create(struct device *dev, struct process *p, const struct ferry_driver_spawn *spawn)
{
	struct moved *m = kzalloc(sizeof(*m));

	if (!m)
		return NULL;
	m->mail = mail_create();
	if (!m->mail) {
		kfree(m);
		return NULL;
	}
	ref_init(&m->ref);
	wait_queue_init(&m->wait, "driver wait");
	wait_queue_init(&m->ended, "driver ended");
	m->dev = dev;
	device_get(dev);
	m->process = p;
	process_get(p);
	m->class_id = spawn->class_id;
	m->needs = spawn->needs;
	m->asks = spawn->flags & FERRY_SPAWN_ASKS;
	m->spawn = *spawn;
	m->end_state = DRIVER_CRASHED;
	m->thread = list_first(&p->threads, struct thread, process_link);	/* a driver process has one */
	thread_get(m->thread);
	m->thread->uses_reserve = true;
	p->driver_side = m;	/* ends with on_exit */
	p->device = dev;
	device_get(dev);
	p->on_exit = moved_exit;
	return m;
}

/* @dev is now @m's. bind_lock held. */
static void device_bind(struct device *dev, struct moved *m)
{
	const struct ferry_driver_spawn *spawn = &m->spawn;

	m->generation = ++dev->generation;
	m->waited_ns = time_now();
	thread_set_class(m->thread, SCHED_RT);
	throttle_add(m);
	watchdog_add(m);
	dev->moved = m;
	dev->process = m->process;
	process_get(m->process);
	dev->placement = PLACED_MOVED;
	dev->granted = 0;
	dev->dma_bits = spawn->dma_bits;
	dev->nr_strands = 1;
	dev->faulted = dev->killed = false;
	dev->restart = spawn->flags & FERRY_SPAWN_RESTART;
	dev->fallback = spawn->flags & FERRY_SPAWN_FALLBACK;
	dev->fell_back = false;
	dev->replaced = false;
	dev->fail_reason[0] = 0;
	str_copy(dev->driver_name, spawn->name, sizeof(dev->driver_name));
	if (!m->asks)
		moved_grant(dev, spawn->needs);
	device_set_state(dev, DRIVER_SPAWNED);
}

void binding_hold(void *object)
{
	moved_get(object);
}

void binding_drop(void *object)
{
	moved_put(object);
}

/* Whoever takes the DEVICE handle away takes the device's way to memory with it. */
static void device_handle_undo(struct handle *h)
{
	if (h->bound && h->dev->pci)
		pci_set_bus_master(h->dev->pci, false);
}

static const struct handle_ops device_ops = { .get = binding_hold, .put = binding_drop, .undo = device_handle_undo };

static struct handle *device_handle_create(struct moved *m, struct handle *parent)
{
	const struct handle from = {
		.kind = FERRY_HANDLE_DEVICE, .rights = m->needs, .dev = m->dev, .generation = m->generation,
		.object = m, .ops = &device_ops, .bound = true,
	};

	moved_get(m);
	return handle_create(&from, parent);
}

/* The binding ends: all that was given for it is stale, in every process. */
static void handles_undo(struct device *dev, void *arg)
{
	struct moved *m = arg;
	struct handle *root = m->root;

	m->root = NULL;
	(void)handle_revoke_locked(root, true);
	handle_put(root);
}

static int root_handle(struct moved *m)
{
	struct handle *root = device_handle_create(m, NULL);
	int err;

	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	err = device_on_release(m->dev, handles_undo, m);
	if (err) {
		(void)handle_revoke_locked(root, true);
		handle_put(root);
		return err;
	}
	m->root = root;
	return 0;
}

/* What the process starts with: one handle, below the root. */
static int device_handle(struct moved *m)
{
	int err = root_handle(m), fd;
	struct handle *h;

	if (!err)
		err = fd_table_count_generations(m->process->files);
	if (err)
		return err;
	h = device_handle_create(m, m->root);
	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	fd = handle_install(m->process, h, FERRY_DEVICE_FD);
	handle_put(h);
	if (fd != FERRY_DEVICE_FD)
		return fd < 0 ? fd : -EBUSY;
	return moved_budget(m);
}

int moved_root_handle(struct device *dev)
{
	struct moved *m;
	int fd = -ESRCH;

	mutex_lock(&dev->bind_lock);
	m = dev->moved;
	if (m && m->root)
		fd = handle_install(current_process, m->root, 0);
	mutex_unlock(&dev->bind_lock);
	return fd;
}

static int moved_tell(struct moved *m, struct ferry_driver_spawn *spawn)
{
	spawn->process = moved_process_handle(m);
	spawn->pid = m->process->pid;
	return spawn->process < 0 ? spawn->process : 0;
}

static int moved_equip(struct device *dev, struct process *p, struct ferry_driver_spawn *spawn)
{
	struct moved *m = moved_create(dev, p, spawn);
	int err;

	if (!m)
		return -ENOMEM;
	device_bind(dev, m);
	err = device_handle(m);
	return err ? err : moved_tell(m, spawn);
}

static bool device_is_free(const struct device *dev)
{
	return dev->placement == PLACED_NONE && !dev->moved;
}

/*
 * Code keeps its place until a driver fails by itself, which is what somebody could learn from. Always another one would be dear where a
 * processor's translations of code are (decision 0008).
 */
static struct process *process_load(struct device *dev, const struct ferry_driver_spawn *spawn, const char *path)
{
	const char *const argv[] = { spawn->name, NULL }, *const envp[] = { NULL };
	struct process_spawn_args args = {
		.path = path, .argv = argv, .envp = envp, .resident = true, .syscalls = SYSCALLS_DRIVER,
		.code_place = &dev->code_place,
	};

	return process_spawn_with(&args);
}

static void process_begin(struct process *p, int err)
{
	if (err)
		process_abandon(p);	/* its end unbinds the device */
	else
		process_start(p);
	process_put(p);
}

/* Loaded without bind_lock: the running driver needs it for each of its calls. */
static int standby_spawn(struct device *dev, struct ferry_driver_spawn *spawn, const char *path)
{
	struct process *p = process_load(dev, spawn, path);
	struct moved *m;
	int err = -ENOMEM;

	if (IS_ERR(p))
		return (int)PTR_ERR(p);
	m = moved_create(dev, p, spawn);
	if (m) {
		m->waits = true;
		err = moved_tell(m, spawn);
		if (!err) {
			err = standby_attach(dev, m);
			if (err)
				fd_close(current_process->files, spawn->process);
		}
		if (err)
			p->on_exit = NULL;
	}
	if (m && err)
		moved_ended(m);
	process_begin(p, err);
	return err;
}

int moved_spawn(struct device *dev, struct ferry_driver_spawn *spawn, const char *path)
{
	struct process *p;
	int err = -EBUSY;

	if (spawn->flags & FERRY_SPAWN_STANDBY)
		return standby_spawn(dev, spawn, path);
	mutex_lock(&dev->bind_lock);
	if (dev->removed)
		err = -ENODEV;
	if (dev->removed || !device_is_free(dev))
		goto unlock;
	p = process_load(dev, spawn, path);
	err = IS_ERR(p) ? (int)PTR_ERR(p) : 0;
	if (err)
		goto unlock;
	err = moved_equip(dev, p, spawn);
	mutex_unlock(&dev->bind_lock);
	process_begin(p, err);
	if (!err)
		manager_event(FERRY_EVENT_STATE, dev);
	return err;
unlock:
	mutex_unlock(&dev->bind_lock);
	return err;
}
