// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: made, derived, looked up, revoked. A live handle is in the tree of derivation (cap_tree.c), which holds a reference; each open
 * file holds another. A handle made by a resource call stays in the tree when its files are closed: what it names belongs to the
 * device's binding. A derived one leaves with its last file. Locks: cap_lock guards the tree and nothing is called with it held;
 * bind_lock of the device is held while something is taken back.
 */
#include <fs/node.h>
#include <kernel/budget.h>
#include <kernel/device.h>
#include <kernel/handle.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include "cap_tree.h"
#include "handle_file.h"

struct handle_node {
	struct handle h;	/* first */
	struct ref ref;
	struct cap_node node;
	struct list all_link;	/* while live */
	uint64_t id;		/* never used again */
	uint32_t files;		/* open files of it */
	pid_t holder;		/* the process that got the first */
	struct device *holder_dev;	/* counted: charged for it */
};

static struct spinlock cap_lock = SPINLOCK_INIT("capabilities");
static struct list live_handles = LIST_INIT(live_handles);
static uint64_t last_id;

static struct handle_node *node_of(const struct handle *h)
{
	return h->node;
}

/* ---- References ---- */

void handle_hold(struct handle *h)
{
	ref_get(&node_of(h)->ref);
}

static void object_drop(struct handle *h)
{
	void *object = h->object;

	h->object = NULL;
	if (object && h->ops)
		h->ops->put(object);
}

void handle_put(struct handle *h)
{
	if (!h || !ref_put(&node_of(h)->ref))
		return;
	object_drop(h);
	device_put(h->dev);
	device_put(node_of(h)->holder_dev);
	kfree(node_of(h));
}

/* ---- Making ---- */

static int node_enter(struct handle_node *n, struct handle *parent)
{
	uint64_t flags = spin_lock_irq(&cap_lock);
	int err = cap_tree_add(&n->node, parent ? &node_of(parent)->node : NULL);

	if (!err) {
		n->id = ++last_id;
		list_append(&live_handles, &n->all_link);
		ref_get(&n->ref);
	}
	spin_unlock_irq(&cap_lock, flags);
	return err;
}

struct handle *handle_create(const struct handle *from, struct handle *parent)
{
	struct handle_node *n = kzalloc(sizeof(*n));
	int err;

	if (!n) {
		if (from->object && from->ops)
			from->ops->put(from->object);
		return ERR_PTR(-ENOMEM);
	}
	n->h = *from;
	n->h.node = n;
	n->h.space = NULL;
	n->h.view = NULL;
	n->h.ports_of = NULL;
	if (n->h.dev)
		device_get(n->h.dev);
	ref_init(&n->ref);
	list_init(&n->all_link);
	err = node_enter(n, parent);
	if (!err)
		return &n->h;
	handle_put(&n->h);
	return ERR_PTR(err);
}

static struct handle *derive_locked(struct handle *h, uint32_t rights)
{
	struct handle from = *h;

	if (!handle_is_live(h))
		return ERR_PTR(-ESTALE);
	from.rights = rights;
	from.bound = false;
	if (from.object && from.ops)
		from.ops->get(from.object);
	return handle_create(&from, h);
}

/* A revocation on another CPU may take the object of memory away: it does so under bind_lock. */
struct handle *handle_derive(struct handle *h, uint32_t rights)
{
	struct handle *derived;

	if (rights & ~h->rights)
		return ERR_PTR(-EACCES);
	if (!h->dev)
		return derive_locked(h, rights);
	mutex_lock(&h->dev->bind_lock);
	derived = derive_locked(h, rights);
	mutex_unlock(&h->dev->bind_lock);
	return derived;
}

static int files_add(struct handle_node *n, struct process *p)
{
	int err = p->device ? budget_charge(p->device, FERRY_BUDGET_HANDLES, 1) : 0;
	uint64_t flags;

	if (err)
		return err;
	flags = spin_lock_irq(&cap_lock);
	if (!n->files++) {
		n->holder = p->pid;
		n->holder_dev = p->device;
		if (n->holder_dev)
			device_get(n->holder_dev);
	} else if (p->device) {
		budget_uncharge(p->device, FERRY_BUDGET_HANDLES, 1);	/* one handle is charged once */
	}
	spin_unlock_irq(&cap_lock, flags);
	return 0;
}

int handle_install(struct process *p, struct handle *h, int fd)
{
	struct fd_table *files = process_files_get(p);
	int err = files ? files_add(node_of(h), p) : -ESRCH;
	struct file *f;

	if (err)
		goto put_files;
	handle_hold(h);
	fd = MAX(fd, FERRY_DEVICE_FD);	/* a driver's handles begin with its first; others keep their standard files */
	f = handle_file_create(h);
	if (f) {
		err = fd_install(files, f, fd, true);
		file_put(f);
	} else {
		handle_file_closed(h);
		err = file_alloc_error();
	}
put_files:
	fd_table_put(files);
	return err;
}

/* ---- The end ---- */

/* What was mapped through a handle that is dead goes out of the space, on every CPU. */
static void unmap_view(struct handle *h)
{
	if (h->space) {
		space_unmap_object(h->space, h->view);
		space_put(h->space);
		vma_object_put(h->view);
	}
	h->space = NULL;
	h->view = NULL;
}

/* Whoever got it first is charged as long as it lives and a file is open. */
static void charge_end(struct handle_node *n)
{
	uint64_t flags = spin_lock_irq(&cap_lock);
	struct device *charged = n->holder_dev;

	n->holder_dev = NULL;
	spin_unlock_irq(&cap_lock, flags);
	if (charged)
		budget_uncharge(charged, FERRY_BUDGET_HANDLES, 1);
	device_put(charged);
}

static void handle_undo(struct handle *h)
{
	charge_end(node_of(h));
	if (h->ops && h->ops->undo)
		h->ops->undo(h);
	unmap_view(h);
	/* Others are looked at without bind_lock and keep what they name until their files are closed. */
	if (h->kind == FERRY_HANDLE_DMA || h->kind == FERRY_HANDLE_MEMORY)
		object_drop(h);
}

static int sever(struct handle *h, bool self, struct list *dead)
{
	uint64_t flags = spin_lock_irq(&cap_lock);
	int err = node_of(h)->node.live ? 0 : -ESTALE;
	struct handle_node *n;

	if (!err)
		cap_tree_sever(&node_of(h)->node, self, dead);
	list_for_each(n, dead, node.sibling)
		list_del(&n->all_link);
	spin_unlock_irq(&cap_lock, flags);
	return err;
}

int handle_revoke_locked(struct handle *h, bool self)
{
	struct list dead = LIST_INIT(dead);
	struct handle_node *n;
	int err = sever(h, self, &dead);

	while (!err && !list_empty(&dead)) {
		n = list_first(&dead, struct handle_node, node.sibling);
		list_del(&n->node.sibling);
		handle_undo(&n->h);
		handle_put(&n->h);
	}
	return err;
}

int handle_revoke(struct handle *h, bool self)
{
	int err;

	if (!h->dev)
		return handle_revoke_locked(h, self);
	mutex_lock(&h->dev->bind_lock);
	err = handle_revoke_locked(h, self);
	mutex_unlock(&h->dev->bind_lock);
	return err;
}

/* Off the tree, alone. True when it was there: its reference is the caller's now. */
static bool node_leave(struct handle_node *n)
{
	uint64_t flags = spin_lock_irq(&cap_lock);
	bool was_live = n->node.live;

	cap_tree_drop(&n->node);
	list_del(&n->all_link);
	spin_unlock_irq(&cap_lock, flags);
	return was_live;
}

/* A derived handle whose last file is closed. */
static void handle_end_locked(struct handle *h)
{
	if (!node_leave(node_of(h)))
		return;
	handle_undo(h);
	handle_put(h);
}

static void handle_end(struct handle *h)
{
	if (!h->dev) {
		handle_end_locked(h);
		return;
	}
	mutex_lock(&h->dev->bind_lock);
	handle_end_locked(h);
	mutex_unlock(&h->dev->bind_lock);
}

void handle_file_closed(struct handle *h)
{
	struct handle_node *n = node_of(h);
	uint64_t flags = spin_lock_irq(&cap_lock);
	bool last = !--n->files;

	spin_unlock_irq(&cap_lock, flags);
	if (last)
		charge_end(n);
	if (!h->bound && last)
		handle_end(h);
	handle_put(h);
}

int handle_give(struct handle *h)
{
	int fd;

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	fd = handle_install(current_process, h, 0);
	if (fd < 0)
		(void)handle_revoke_locked(h, true);
	handle_put(h);
	return fd;
}

/* ---- Looking up ---- */

bool handle_is_live(const struct handle *h)
{
	return READ_ONCE(node_of(h)->node.live) && (!h->dev || h->generation == READ_ONCE(h->dev->generation));
}

struct handle *handle_get(int fd, uint32_t kind, uint32_t rights, struct file **file)
{
	struct file *f = fd_get(current_process->files, fd);
	struct handle *h;
	int err = -EBADF;

	*file = NULL;
	if (!f)
		return ERR_PTR(fd_is_stale(current_process->files, fd) ? -ESTALE : -EBADF);
	h = handle_of_file(f);
	if (!h)
		goto put;
	err = -EINVAL;
	if (kind && h->kind != kind)
		goto put;
	err = -ESTALE;
	if (!handle_is_live(h))
		goto put;
	err = -EACCES;
	if ((h->rights & rights) != rights)
		goto put;
	*file = f;
	return h;
put:
	file_put(f);
	return ERR_PTR(err);
}

/* ---- /proc/ferry/caps ---- */

/* The live handle with the lowest id above @id, with a reference, and what it was derived from; NULL. */
static struct handle_node *handle_after(uint64_t id, uint64_t *parent)
{
	uint64_t flags = spin_lock_irq(&cap_lock);
	struct handle_node *n, *found = NULL;

	list_for_each(n, &live_handles, all_link) {
		if (n->id <= id)
			continue;
		found = n;
		ref_get(&n->ref);
		*parent = n->node.parent ? list_entry(n->node.parent, struct handle_node, node)->id : 0;
		break;
	}
	spin_unlock_irq(&cap_lock, flags);
	return found;
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[FERRY_HANDLE_DEVICE] = "device", [FERRY_HANDLE_PROCESS] = "process", [FERRY_HANDLE_MEMORY] = "memory",
		[FERRY_HANDLE_IRQ] = "irq", [FERRY_HANDLE_IOPORT] = "ioport", [FERRY_HANDLE_DMA] = "dma", [FERRY_HANDLE_RING] = "ring",
		[FERRY_HANDLE_NOTIFY] = "notify", [FERRY_HANDLE_BUDGET] = "budget",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "?";
}

static void handles_show(struct seq *s, void *priv)
{
	struct handle_node *n;
	uint64_t id = 0, parent;

	seq_puts(s, "ID PARENT KIND RIGHTS DEVICE GENERATION HOLDER FILES START LENGTH\n");
	while ((n = handle_after(id, &parent))) {
		const struct handle *h = &n->h;

		id = n->id;
		seq_printf(s, "%llu %llu %s %x %s %llu %d %u %llx %llx\n", (unsigned long long)id, (unsigned long long)parent,
			   kind_name(h->kind), h->rights, h->dev ? h->dev->name : "-", (unsigned long long)h->generation, n->holder,
			   READ_ONCE(n->files), (unsigned long long)h->start, (unsigned long long)h->length);
		handle_put(&n->h);
	}
}

static int handle_proc_init(void)
{
	return proc_create("ferry/caps", 0400, handles_show, NULL);
}
INITCALL("4class", handle_proc_init);
