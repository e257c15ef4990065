// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: the table of files that requests name by an index instead of a descriptor: given by io_uring_register(2), or by requests that open,
 * accept or make sockets into it (direct descriptors). Other rings send files into it too, so it has a lock of its own, files_lock, which
 * holds no file's end.
 */
#include <mm/slab.h>
#include "uring.h"

struct file *uring_file_get(struct uring *u, uint32_t index)
{
	uint64_t flags = spin_lock_irq(&u->files_lock);
	struct file *f = index < u->nr_files ? u->files[index] : NULL;

	if (f)
		file_get(f);
	spin_unlock_irq(&u->files_lock, flags);
	return f;
}

static void table_set(struct uring *u, struct file **files, uint32_t nr)
{
	uint64_t flags = spin_lock_irq(&u->files_lock);

	u->files = files;
	u->nr_files = nr;
	u->files_from = 0;
	u->files_to = nr;
	spin_unlock_irq(&u->files_lock, flags);
}

void uring_files_forget(struct uring *u)
{
	struct file **files = u->files;
	uint32_t nr = u->nr_files;

	table_set(u, NULL, 0);
	for (uint32_t i = 0; i < nr; i++)
		file_put(files[i]);
	kfree(files);
	uring_unpay(u, nr * sizeof(*files));
}

/* What was at @index; @f is the table's from now on. */
static struct file *slot_change(struct uring *u, uint32_t index, struct file *f)
{
	uint64_t flags = spin_lock_irq(&u->files_lock);
	struct file *old = f;

	if (index < u->nr_files) {
		old = u->files[index];
		u->files[index] = f;
	}
	spin_unlock_irq(&u->files_lock, flags);
	return old;
}

/* Descriptor @fd for a place in the table; -1 gives NULL. A ring in a ring's table would keep itself alive. */
static int file_choose(int fd, struct file **f)
{
	*f = NULL;
	if (fd == -1)
		return 0;
	*f = fd_get_io(fd);
	if (*f && !file_is_uring(*f))
		return 0;
	file_put(*f);
	return -EBADF;
}

int64_t uring_files_update(struct uring *u, uint32_t first, uint64_t from, uint32_t nr)
{
	struct file *f;
	uint32_t fd, i;
	int err = 0;

	if (!u->files)
		return -ENXIO;
	if (!nr || nr > u->nr_files || first > u->nr_files - nr)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		err = get_user32(&fd, from + i * 4ul);
		if (!err && (int)fd == LINUX_URING_FILES_SKIP)
			continue;
		err = err ? err : file_choose((int)fd, &f);
		if (err)
			break;
		file_put(slot_change(u, first + i, f));
	}
	return i ? (int64_t)i : err;
}

int uring_files_register(struct uring *u, uint64_t from, uint32_t nr)
{
	struct file **files;
	int64_t n;

	if (u->files)
		return -EBUSY;
	if (!nr || nr > URING_FILES_MAX || nr > current_process->rlimits[LINUX_RLIMIT_NOFILE].cur)
		return nr ? -EMFILE : -EINVAL;
	if (uring_pay(u, nr * sizeof(*files)))
		return -ENOMEM;
	files = kcalloc(nr, sizeof(*files));
	if (!files) {
		uring_unpay(u, nr * sizeof(*files));
		return -ENOMEM;
	}
	table_set(u, files, nr);
	n = from ? uring_files_update(u, 0, from, nr) : nr;
	if (n == nr)
		return 0;
	uring_files_forget(u);
	return n < 0 ? (int)n : -EBADF;
}

int uring_files_unregister(struct uring *u)
{
	if (!u->files)
		return -ENXIO;
	uring_files_forget(u);
	return 0;
}

/* ---- Requests that give files ---- */

int uring_files_range(struct uring *u, uint64_t from)
{
	struct linux_uring_file_range range;
	uint64_t flags;
	uint32_t end;
	int err = 0;

	if (copy_from_user(&range, from, sizeof(range)))
		return -EFAULT;
	if (__builtin_add_overflow(range.offset, range.length, &end))
		return -EOVERFLOW;
	if (range.reserved)
		return -EINVAL;
	flags = spin_lock_irq(&u->files_lock);
	if (end > u->nr_files) {
		err = -EINVAL;
	} else {
		u->files_from = range.offset;
		u->files_to = end;
	}
	spin_unlock_irq(&u->files_lock, flags);
	return err;
}

/* files_lock held. An empty place, or nr_files. */
static uint32_t slot_empty(const struct uring *u)
{
	for (uint32_t i = u->files_from; i < u->files_to; i++)
		if (!u->files[i])
			return i;
	return u->nr_files;
}

int64_t uring_file_install(struct uring *u, struct file *f, uint32_t slot)
{
	uint64_t flags;
	struct file *old = f;
	int64_t n = 0;

	if (file_is_uring(f)) {
		file_put(f);
		return -EBADF;
	}
	flags = spin_lock_irq(&u->files_lock);
	if (slot == URING_SLOT_ANY)
		n = slot_empty(u);
	if (!u->files)
		n = -ENXIO;
	else if (slot == URING_SLOT_ANY && n == u->nr_files)
		n = -ENFILE;
	else if (slot != URING_SLOT_ANY && slot - 1 >= u->nr_files)
		n = -EINVAL;
	if (n >= 0) {
		uint32_t index = slot == URING_SLOT_ANY ? (uint32_t)n : slot - 1;

		old = u->files[index];
		u->files[index] = f;
	}
	spin_unlock_irq(&u->files_lock, flags);
	file_put(old);
	return n;
}

int uring_file_remove(struct uring *u, uint32_t slot)
{
	struct file *old;

	if (!u->files)
		return -ENXIO;
	if (slot - 1 >= u->nr_files)
		return -EINVAL;
	old = slot_change(u, slot - 1, NULL);
	file_put(old);
	return old ? 0 : -EBADF;
}

static int64_t file_place(struct uring *u, uint64_t at)
{
	struct file *f;
	uint32_t fd;
	int64_t n;

	if (get_user32(&fd, at))
		return -EFAULT;
	if (file_choose((int)fd, &f) || !f)
		return -EBADF;
	n = uring_file_install(u, f, URING_SLOT_ANY);
	if (n < 0 || !put_user32(at, (uint32_t)n))
		return n;
	(void)uring_file_remove(u, (uint32_t)n + 1);
	return -EFAULT;
}

int64_t uring_files_place(struct uring *u, uint64_t at, uint32_t nr)
{
	int64_t n = u->files ? 0 : -ENXIO;
	uint32_t i;

	for (i = 0; i < nr && n >= 0; i++)
		n = file_place(u, at + i * 4ul);
	if (n < 0 && i)
		i--;
	return i ? i : n;
}
