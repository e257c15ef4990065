// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: the table of files that requests name by an index instead of a descriptor: given by io_uring_register(2), or by requests that open,
 * accept or make sockets into it (direct descriptors). Other rings send files into it too, so it has a lock of its own, files_lock, which
 * holds no file's end.
 */
#include <mm/slab.h>
#include "uring.h"

#define ONE_FILE	(sizeof(struct file *) + sizeof(uint64_t))	/* with its tag */

struct file *uring_file_get(struct uring *u, uint32_t index)
{
	uint64_t flags = spin_lock_irq(&u->files_lock);
	struct file *f = index < u->nr_files ? u->files[index] : NULL;

	if (f)
		file_get(f);
	spin_unlock_irq(&u->files_lock, flags);
	return f;
}

static void table_set(struct uring *u, struct file **files, uint64_t *tags, uint32_t nr)
{
	uint64_t flags = spin_lock_irq(&u->files_lock);

	u->files = files;
	u->file_tags = tags;
	u->nr_files = nr;
	u->files_from = 0;
	u->files_to = nr;
	spin_unlock_irq(&u->files_lock, flags);
}

void uring_files_forget(struct uring *u)
{
	struct file **files = u->files;
	uint32_t nr = u->nr_files;

	table_set(u, NULL, NULL, 0);
	for (uint32_t i = 0; i < nr; i++)
		file_put(files[i]);
	kfree(files);
	uring_unpay(u, nr * ONE_FILE);
}

/* files_lock held: what was at @index, with its tag; @f, with @tag, is the table's from now on. */
static struct file *slot_set(struct uring *u, uint32_t index, struct file *f, uint64_t *tag)
{
	struct file *old = u->files[index];
	uint64_t old_tag = u->file_tags[index];

	u->files[index] = f;
	u->file_tags[index] = *tag;
	*tag = old_tag;
	return old;
}

/* u->lock held, so the table stays. @f, whose reference is taken over in any case, takes the place of what was at @index: 0 or -ENOMEM. */
static int slot_change(struct uring *u, uint32_t index, struct file *f, uint64_t tag)
{
	struct uring_request *era = u->era ? uring_note_create(u) : NULL;
	uint64_t flags;

	if (u->era && !era) {
		file_put(f);
		return -ENOMEM;
	}
	flags = spin_lock_irq(&u->files_lock);
	f = slot_set(u, index, f, &tag);
	spin_unlock_irq(&u->files_lock, flags);
	if (tag)
		uring_tag_retire(u, tag, era);
	else
		uring_note_free(era);
	file_put(f);
	return 0;
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

/* The descriptor at @from and the tag at @tags; no tag for what is no file. */
static int entry_read(uint64_t from, uint64_t tags, int *fd, uint64_t *tag)
{
	*tag = 0;
	if (get_user32((uint32_t *)fd, from) || (tags && get_user64(tag, tags)))
		return -EFAULT;
	return *tag && (*fd == -1 || *fd == LINUX_URING_FILES_SKIP) ? -EINVAL : 0;
}

int64_t uring_files_update(struct uring *u, uint32_t first, uint64_t from, uint32_t nr, uint64_t tags)
{
	int fd, err = tags ? uring_tags_begin(u) : 0;
	struct file *f;
	uint64_t tag;
	uint32_t i;

	if (!u->files)
		return -ENXIO;
	if (!nr || nr > u->nr_files || first > u->nr_files - nr)
		return -EINVAL;
	for (i = 0; i < nr && !err; i++) {
		err = entry_read(from + i * 4ul, tags ? tags + i * 8ul : 0, &fd, &tag);
		if (!err && fd == LINUX_URING_FILES_SKIP)
			continue;
		err = err ? err : file_choose(fd, &f);
		err = err ? err : slot_change(u, first + i, f, tag);
		if (err)
			break;
	}
	return i ? (int64_t)i : err;
}

int uring_files_register(struct uring *u, uint64_t from, uint32_t nr, uint64_t tags)
{
	struct file **files;
	int64_t n;

	if (u->files)
		return -EBUSY;
	if (!nr || nr > URING_FILES_MAX || nr > current_process->rlimits[LINUX_RLIMIT_NOFILE].cur)
		return nr ? -EMFILE : -EINVAL;
	if (uring_pay(u, nr * ONE_FILE))
		return -ENOMEM;
	files = kcalloc(nr, ONE_FILE);
	if (!files) {
		uring_unpay(u, nr * ONE_FILE);
		return -ENOMEM;
	}
	table_set(u, files, (uint64_t *)(files + nr), nr);
	n = from ? uring_files_update(u, 0, from, nr, tags) : nr;
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
	struct uring_request *era = READ_ONCE(u->era) ? uring_note_create(u) : NULL;
	uint64_t flags, tag = 0;
	struct file *old = f;
	int64_t n = 0;

	if (file_is_uring(f)) {
		uring_note_free(era);
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
	else if (slot != URING_SLOT_ANY && u->file_tags[slot - 1] && !era)
		n = -ENOMEM;
	if (n >= 0)
		old = slot_set(u, slot == URING_SLOT_ANY ? (uint32_t)n : slot - 1, f, &tag);
	spin_unlock_irq(&u->files_lock, flags);
	if (tag)
		uring_tag_retire(u, tag, era);
	else
		uring_note_free(era);
	file_put(old);
	return n;
}

int uring_file_remove(struct uring *u, uint32_t slot)
{
	if (!u->files)
		return -ENXIO;
	if (slot - 1 >= u->nr_files)
		return -EINVAL;
	return u->files[slot - 1] ? slot_change(u, slot - 1, NULL, 0) : -EBADF;
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
