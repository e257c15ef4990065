// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptor tables: small integers to files. A slot is a file pointer and a close-on-exec bit; the lowest free one is given. The table of
 * a driver process counts how often each slot was closed and puts that into the number, so that an old number never reaches a new file.
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define SLOTS_FIRST	64
#define SLOTS_MAX	65536

struct fd_table {
	struct ref ref;
	struct spinlock lock;	/* guards the rest */
	int size, next;		/* no slot below next is free */
	struct file **files;
	uint64_t *cloexec;
	uint32_t *generations;	/* by slot: times it was closed; NULL: numbers are slots */
};

static int table_resize(struct fd_table *t, int size)
{
	struct file **files = kcalloc(size, sizeof(*files));
	uint64_t *cloexec = kcalloc(size / 64, sizeof(*cloexec));

	if (!files || !cloexec) {
		kfree(files);
		kfree(cloexec);
		return -ENOMEM;
	}
	if (t->files) {
		memcpy(files, t->files, t->size * sizeof(*files));
		memcpy(cloexec, t->cloexec, t->size / 64 * sizeof(*cloexec));
	}
	kfree(t->files);
	kfree(t->cloexec);
	t->files = files;
	t->cloexec = cloexec;
	t->size = size;
	return 0;
}

/* The slot that @fd means, or -1. */
static int slot_of(const struct fd_table *t, int fd)
{
	int slot = fd;

	if (fd >= 0 && t->generations) {
		slot = fd_number_slot(fd);
		if (t->generations[slot] != fd_number_generation(fd))
			return -1;
	}
	return slot < t->size ? slot : -1;
}

struct fd_table *fd_table_create(void)
{
	struct fd_table *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	ref_init(&t->ref);
	spin_init(&t->lock, "fd_table");
	if (!table_resize(t, SLOTS_FIRST))
		return t;
	kfree(t);
	return NULL;
}

int fd_table_count_generations(struct fd_table *t)
{
	uint32_t *generations = kcalloc(FD_SLOTS_COUNTED, sizeof(*generations));

	if (!generations)
		return -ENOMEM;
	spin_lock(&t->lock);
	t->generations = generations;
	spin_unlock(&t->lock);
	return 0;
}

bool fd_is_stale(struct fd_table *t, int fd)
{
	bool stale;

	spin_lock(&t->lock);
	stale = fd >= 0 && t->generations && fd_number_generation(fd) < t->generations[fd_number_slot(fd)];
	spin_unlock(&t->lock);
	return stale;
}

static void table_copy_slots(struct fd_table *to, struct fd_table *from)
{
	int i;

	memcpy(to->cloexec, from->cloexec, from->size / 64 * sizeof(*to->cloexec));
	for (i = 0; i < from->size; i++) {
		to->files[i] = from->files[i];
		if (to->files[i])
			file_get(to->files[i]);
	}
	to->next = from->next;
}

struct fd_table *fd_table_copy(struct fd_table *from)
{
	struct fd_table *t = fd_table_create();
	int err = 0;

	if (!t)
		return NULL;
	spin_lock(&from->lock);
	if (from->size > t->size)
		err = table_resize(t, from->size);
	if (!err)
		table_copy_slots(t, from);
	spin_unlock(&from->lock);
	if (!err)
		return t;
	fd_table_put(t);
	return NULL;
}

bool fd_table_is_shared(const struct fd_table *t)
{
	return ref_count(&t->ref) > 1;
}

struct fd_table *fd_table_share(struct fd_table *t)
{
	ref_get(&t->ref);
	return t;
}

static struct file *slot_clear(struct fd_table *t, int fd)
{
	struct file *f = t->files[fd];

	t->files[fd] = NULL;
	t->cloexec[fd / 64] &= ~(1ull << (fd % 64));
	if (t->generations)
		t->generations[fd]++;
	if (fd < t->next)
		t->next = fd;
	return f;
}

static void slot_drop(struct fd_table *t, struct file *f)
{
	if (f->inode) {
		file_locks_release_posix(f, t);
		dnotify_forget(f, t);
	}
	file_put(f);
}

void fd_table_put(struct fd_table *t)
{
	int i;

	if (!t || !ref_put(&t->ref))
		return;
	for (i = 0; i < t->size; i++)
		if (t->files[i])
			slot_drop(t, slot_clear(t, i));
	kfree(t->files);
	kfree(t->cloexec);
	kfree(t->generations);
	kfree(t);
}

void fd_table_close_on_exec(struct fd_table *t)
{
	struct file *f;
	int i;

	for (i = 0; i < t->size; i++) {
		f = NULL;
		spin_lock(&t->lock);
		if (t->files[i] && (t->cloexec[i / 64] >> (i % 64) & 1))
			f = slot_clear(t, i);
		spin_unlock(&t->lock);
		if (f)
			slot_drop(t, f);
	}
}

static int table_limit(const struct fd_table *t)
{
	uint64_t limit = current_process ? current_process->rlimits[LINUX_RLIMIT_NOFILE].cur : SLOTS_MAX;

	if (t->generations)
		return FD_SLOTS_COUNTED;
	return limit < SLOTS_MAX ? limit : SLOTS_MAX;
}

/* A slot whose numbers are used up stays empty for ever. */
static bool slot_is_taken(const struct fd_table *t, int fd)
{
	return t->files[fd] || (t->generations && t->generations[fd] > FD_GENERATION_MAX);
}

static int table_cover(struct fd_table *t, int fd)
{
	int size = t->size;

	while (size <= fd)
		size *= 2;
	return size == t->size ? 0 : table_resize(t, size);
}

static void slot_set(struct fd_table *t, int fd, struct file *f, bool cloexec)
{
	uint64_t bit = 1ull << (fd % 64);

	file_get(f);
	t->files[fd] = f;
	if (cloexec)
		t->cloexec[fd / 64] |= bit;
	else
		t->cloexec[fd / 64] &= ~bit;
}

static int table_install(struct fd_table *t, struct file *f, int from, int limit, bool cloexec)
{
	int fd = from < t->next ? t->next : from;

	while (fd < t->size && slot_is_taken(t, fd))
		fd++;
	if (fd >= limit)
		return -EMFILE;
	if (table_cover(t, fd))
		return -ENOMEM;
	slot_set(t, fd, f, cloexec);
	if (from <= t->next)
		t->next = fd + 1;
	return t->generations ? fd_number(fd, t->generations[fd]) : fd;
}

static int ring_keep(struct ring_call *call, struct file *f, bool cloexec)
{
	if (cloexec)
		return -EINVAL;
	file_put(call->kept);
	file_get(f);
	call->kept = f;
	return FD_OF_RING;
}

int fd_install(struct fd_table *t, struct file *f, int from, bool cloexec)
{
	int fd, limit = table_limit(t);

	if (unlikely(current->ring_call && current->ring_call->keeps))
		return ring_keep(current->ring_call, f, cloexec);
	if (from < 0 || from >= limit)
		return from < 0 ? -EINVAL : -EMFILE;
	spin_lock(&t->lock);
	fd = table_install(t, f, from, limit, cloexec);
	spin_unlock(&t->lock);
	return fd;
}

bool fd_has_room(struct fd_table *t)
{
	int fd, limit = table_limit(t);

	if (unlikely(current->ring_call && current->ring_call->keeps))
		return true;
	spin_lock(&t->lock);
	for (fd = t->next; fd < t->size && slot_is_taken(t, fd); fd++)
		;
	spin_unlock(&t->lock);
	return fd < limit;
}

int fd_install_new(struct file *f, uint32_t flags)
{
	int fd = fd_install(current_process->files, f, 0, flags & LINUX_O_CLOEXEC);

	file_put(f);
	return fd;
}

static struct file *ring_file(void)
{
	return current->ring_call ? current->ring_call->file : NULL;
}

static struct file *ring_file_get(void)
{
	struct file *f = ring_file();

	if (f)
		file_get(f);
	return f;
}

struct file *fd_get(struct fd_table *t, int fd)
{
	struct file *f = NULL;
	int slot;

	if (!t || fd < 0)
		return NULL;
	if (unlikely(fd == FD_OF_RING) && current->ring_call)
		return ring_file_get();
	spin_lock(&t->lock);
	slot = slot_of(t, fd);
	if (slot >= 0)
		f = t->files[slot];
	if (f)
		file_get(f);
	spin_unlock(&t->lock);
	return f;
}

struct file *fd_get_io(int fd)
{
	struct file *f = fd_get(current_process->files, fd);

	if (!f || !(f->flags & LINUX_O_PATH))
		return f;
	file_put(f);
	return NULL;
}

/* The only thread with this table may go without its lock: nobody else can close or replace a file in it. */
struct file *fd_borrow(int fd, bool *shared)
{
	const struct process *p = current_process;
	const struct fd_table *t = p->files;
	struct file *f;

	*shared = ref_count(&t->ref) != 1 || READ_ONCE(p->nr_threads) != 1;
	if (unlikely(*shared))
		return fd_get_io(fd);
	if ((unsigned int)fd >= (unsigned int)t->size)
		return fd == FD_OF_RING ? ring_file() : NULL;
	f = t->files[fd];
	return f && !(f->flags & LINUX_O_PATH) ? f : NULL;
}

int fd_next(struct fd_table *t, int fd, struct file **f)
{
	*f = NULL;
	spin_lock(&t->lock);
	while (fd < t->size && !t->files[fd])
		fd++;
	if (fd < t->size) {
		*f = t->files[fd];
		file_get(*f);
	}
	spin_unlock(&t->lock);
	return *f ? fd : -1;
}

int fd_close(struct fd_table *t, int fd)
{
	struct file *f = NULL;
	int slot;

	if (fd < 0)
		return -EBADF;
	spin_lock(&t->lock);
	slot = slot_of(t, fd);
	if (slot >= 0 && t->files[slot])
		f = slot_clear(t, slot);
	spin_unlock(&t->lock);
	if (!f)
		return -EBADF;
	slot_drop(t, f);
	return 0;
}

int fd_set_cloexec(struct fd_table *t, int fd, bool on)
{
	int err = -EBADF;

	spin_lock(&t->lock);
	if (fd >= 0 && fd < t->size && t->files[fd]) {
		if (on)
			t->cloexec[fd / 64] |= 1ull << (fd % 64);
		else
			t->cloexec[fd / 64] &= ~(1ull << (fd % 64));
		err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

int fd_get_cloexec(struct fd_table *t, int fd)
{
	int v = -EBADF;

	spin_lock(&t->lock);
	if (fd >= 0 && fd < t->size && t->files[fd])
		v = t->cloexec[fd / 64] >> (fd % 64) & 1;
	spin_unlock(&t->lock);
	return v;
}

SYSCALL_FLAGS(NR_close, close, SYSCALL_DRIVER)
{
	return fd_close(current_process->files, (int)args->a[0]);
}

SYSCALL(NR_close_range, close_range)
{
	uint64_t first = (uint32_t)args->a[0], last = (uint32_t)args->a[1], flags = args->a[2];
	struct fd_table *t = current_process->files, *copy;
	uint64_t fd;

	if (first > last || (flags & ~(uint64_t)(LINUX_CLOSE_RANGE_UNSHARE | LINUX_CLOSE_RANGE_CLOEXEC)))
		return -EINVAL;
	if ((flags & LINUX_CLOSE_RANGE_UNSHARE) && fd_table_is_shared(t)) {
		if (!process_has_one_thread(current_process))
			return -EINVAL;
		copy = fd_table_copy(t);
		if (!copy)
			return -ENOMEM;
		current_process->files = copy;
		fd_table_put(t);
		t = copy;
	}
	for (fd = first; fd <= last && fd < (uint64_t)t->size; fd++) {
		if (flags & LINUX_CLOSE_RANGE_CLOEXEC)
			fd_set_cloexec(t, fd, true);
		else
			fd_close(t, fd);
	}
	return 0;
}

int fd_replace(struct file *f, int new, bool cloexec)
{
	struct fd_table *t = current_process->files;
	struct file *over = NULL;
	int err;

	if (new < 0 || new >= table_limit(t))
		return -EBADF;
	spin_lock(&t->lock);
	err = table_cover(t, new);
	if (!err) {
		if (t->files[new])
			over = slot_clear(t, new);
		slot_set(t, new, f, cloexec);
	}
	spin_unlock(&t->lock);
	if (over)
		slot_drop(t, over);
	return err ? err : new;
}

static int64_t do_dup2(int old, int new, bool cloexec)
{
	struct file *f = fd_get(current_process->files, old);
	int fd = f ? fd_replace(f, new, cloexec) : -EBADF;

	if (f)
		file_put(f);
	return fd;
}

SYSCALL(NR_dup, dup)
{
	struct file *f = fd_get(current_process->files, (int)args->a[0]);
	int fd;

	if (!f)
		return -EBADF;
	fd = fd_install(current_process->files, f, 0, false);
	file_put(f);
	return fd;
}

SYSCALL(NR_dup2, dup2)
{
	int old = args->a[0], new = args->a[1];

	if (old != new)
		return do_dup2(old, new, false);
	return fd_get_cloexec(current_process->files, old) < 0 ? -EBADF : new;
}

SYSCALL(NR_dup3, dup3)
{
	int old = args->a[0], new = args->a[1];

	if (old == new || ((uint32_t)args->a[2] & ~LINUX_O_CLOEXEC))
		return -EINVAL;
	return do_dup2(old, new, args->a[2] & LINUX_O_CLOEXEC);
}
