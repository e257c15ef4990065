// SPDX-License-Identifier: GPL-2.0
/*
 * Files in memory: their content. Pages come when they are written (holes cost nothing), each is charged to its file system before it is
 * allocated. Readers take no lock but the page tree's; writers hold inode->lock. A page being read or mapped stays until it is let go,
 * also when the file is cut meanwhile; mappings of a part that was cut off lose it (mm/mapping.c).
 */
#include <fs/internal.h>
#include <fs/tmpfs.h>
#include <kernel/cgroup.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <mm/commit.h>
#include <mm/page.h>
#include <mm/pagecache.h>
#include <mm/reclaim.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define SIZE_MAX_FILE	((uint64_t)INT64_MAX)

static struct tmpfs *tmpfs_of(const struct inode *inode)
{
	return inode->super->priv;
}

bool tmpfs_charge(uint64_t *used, uint64_t max, uint64_t n)
{
	uint64_t old = __atomic_load_n(used, __ATOMIC_RELAXED);

	do {
		if (max && (n > max || old > max - n))
			return false;
	} while (!__atomic_compare_exchange_n(used, &old, old + n, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

void tmpfs_uncharge(uint64_t *used, uint64_t n)
{
	__atomic_fetch_sub(used, n, __ATOMIC_RELAXED);
}

static bool room_take(struct inode *inode)
{
	struct tmpfs *t = tmpfs_of(inode);

	if (!tmpfs_charge(&t->used_pages, t->max_pages, 1))
		return false;
	if (inode->sized || !commit_take(NULL, 1))
		return true;
	tmpfs_uncharge(&t->used_pages, 1);
	return false;
}

static void room_give(struct inode *inode, uint64_t pages)
{
	tmpfs_uncharge(&tmpfs_of(inode)->used_pages, pages);
	if (!inode->sized)
		commit_give(pages);
}

/* A frame that the group of the current process pays for; NULL: none, or it may have no more. */
static struct page *frame_of_group(uint32_t flags)
{
	struct cgroup *g = cgroup_of_process(current_process), *full = cgroup_memory_full(g);
	struct page *page = NULL;

	if (full && !reclaim_within(full, 2))
		cgroup_count_event(full, CGROUP_MAX);
	else
		page = frame_alloc(0, flags, PAGE_FILE);
	if (page && g)
		cgroup_page_charge(g, page, CGROUP_SHMEM);
	cgroup_put(g);
	return page;
}

static struct page *page_charge(struct inode *inode, uint32_t flags)
{
	struct page *page;

	if (!room_take(inode))
		return ERR_PTR(-ENOSPC);
	if (likely(!current_process || !READ_ONCE(current_process->group)))
		page = frame_alloc(0, flags, PAGE_FILE);
	else
		page = frame_of_group(flags);
	if (page)
		return page;
	room_give(inode, 1);
	return ERR_PTR(-ENOMEM);
}

static void page_uncharge(struct inode *inode, struct page *page)
{
	page_put(page);
	room_give(inode, 1);
}

static int page_publish(struct inode *inode, uint64_t index, struct page *page)
{
	int err = page_tree_insert(&inode->pages, index, page);

	if (!err)
		__atomic_fetch_add(&inode->nr_pages, 1, __ATOMIC_RELAXED);
	return err;
}

static void pages_drop(struct inode *inode, uint64_t first, uint64_t last)
{
	uint64_t n = page_tree_remove(&inode->pages, first, last);

	__atomic_fetch_sub(&inode->nr_pages, n, __ATOMIC_RELAXED);
	room_give(inode, n);
}

bool inode_is_memory(const struct inode *inode)
{
	return inode->ops == &tmpfs_file_inode_ops;
}

struct page *tmpfs_page_alloc(struct inode *inode, bool zero)
{
	return page_charge(inode, zero ? FRAME_ZERO : 0);
}

int tmpfs_page_add(struct inode *inode, uint64_t index, struct page *page)
{
	int err;

	page_get(page);
	err = page_publish(inode, index, page);
	if (err)
		page_put(page);
	return err;
}

void tmpfs_page_free(struct inode *inode, struct page *page)
{
	page_uncharge(inode, page);
}

void tmpfs_page_remove(struct inode *inode, uint64_t index)
{
	pages_drop(inode, index, index);
}

static struct page *page_make(struct inode *inode, uint64_t index)
{
	struct page *page = page_tree_get(&inode->pages, index);
	int err;

	if (page)
		return page;
	page = page_charge(inode, FRAME_ZERO);
	if (IS_ERR(page))
		return page;
	page_get(page);
	err = page_publish(inode, index, page);
	if (!err)
		return page;
	page_put(page);
	page_uncharge(inode, page);
	return err == -EEXIST ? page_tree_get(&inode->pages, index) : ERR_PTR(err);
}

static struct page *tmpfs_get_page(struct inode *inode, uint64_t index)
{
	struct page *page;

	if (index >= ALIGN_UP(READ_ONCE(inode->size), PAGE_SIZE) >> PAGE_SHIFT)
		return ERR_PTR(-EIO);
	page = page_make(inode, index);
	return page ? page : ERR_PTR(-EIO);
}

static ssize_t tmpfs_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct inode *inode = f->inode;
	uint64_t size = READ_ONCE(inode->size), offset;
	ssize_t done = 0, got = 0;
	struct page *page;
	size_t n;

	file_accessed(f);
	while (to->left && (uint64_t)*pos < size) {
		offset = *pos & (PAGE_SIZE - 1);
		n = MIN(PAGE_SIZE - offset, MIN(size - *pos, to->left));
		page = page_tree_get(&inode->pages, *pos >> PAGE_SHIFT);
		got = page ? iter_put(to, (char *)page_addr(page) + offset, n) : iter_zero(to, n);
		if (page)
			page_put(page);
		if (got <= 0)
			break;
		*pos += got;
		done += got;
		if ((size_t)got < n)
			break;
	}
	return done ? done : got;
}

/* A page that is not there yet: filled before anybody can see it. */
static ssize_t write_new(struct inode *inode, uint64_t index, uint64_t offset, size_t n, struct iter *from)
{
	struct page *page = page_charge(inode, n == PAGE_SIZE ? 0 : FRAME_ZERO), *other;
	ssize_t got;
	int err;

	if (IS_ERR(page))
		return PTR_ERR(page);
	got = iter_get(from, (char *)page_addr(page) + offset, n);
	if (got <= 0) {
		page_uncharge(inode, page);
		return got;
	}
	if (n == PAGE_SIZE)
		memset((char *)page_addr(page) + got, 0, n - got);
	err = page_publish(inode, index, page);
	if (!err)
		return got;
	other = err == -EEXIST ? page_tree_get(&inode->pages, index) : NULL;
	if (other) {
		memcpy((char *)page_addr(other) + offset, (char *)page_addr(page) + offset, got);
		page_put(other);
		err = 0;
	}
	page_uncharge(inode, page);
	return err ? err : got;
}

static ssize_t write_page(struct inode *inode, uint64_t index, uint64_t offset, size_t n, struct iter *from)
{
	struct page *page = page_tree_get(&inode->pages, index);
	ssize_t got;

	if (!page)
		return write_new(inode, index, offset, n, from);
	got = iter_get(from, (char *)page_addr(page) + offset, n);
	page_put(page);
	return got;
}

static ssize_t write_pages(struct inode *inode, struct iter *from, loff_t *pos, uint64_t length)
{
	ssize_t done = 0, got = 0;
	uint64_t offset;
	size_t n;

	while (length) {
		offset = *pos & (PAGE_SIZE - 1);
		n = MIN(PAGE_SIZE - offset, length);
		got = write_page(inode, *pos >> PAGE_SHIFT, offset, n, from);
		if (got <= 0)
			break;
		*pos += got;
		done += got;
		length -= got;
		if ((uint64_t)*pos > inode->size)
			WRITE_ONCE(inode->size, *pos);
		if ((size_t)got < n)
			break;
	}
	return done ? done : got;
}

/* How much of @left may be written at @pos: 0 bytes of room is -EFBIG. */
static int64_t write_room(const struct inode *inode, uint64_t pos, uint64_t left)
{
	uint64_t limit = current_process ? current_process->rlimits[LINUX_RLIMIT_FSIZE].cur : SIZE_MAX_FILE;

	if (inode->seals & (SEAL_WRITE | SEAL_FUTURE))
		return -EPERM;
	if ((inode->seals & SEAL_GROW) && pos + left > inode->size)
		return pos < inode->size ? (int64_t)(inode->size - pos) : -EPERM;
	if (limit < SIZE_MAX_FILE && pos >= limit) {
		inode_too_long();
		return -EFBIG;
	}
	limit = MIN(limit, SIZE_MAX_FILE);
	return pos >= limit ? -EFBIG : (int64_t)MIN(left, limit - pos);
}

static ssize_t tmpfs_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct inode *inode = f->inode;
	int64_t n;

	if (!from->left)
		return 0;
	mutex_lock(&inode->lock);
	if (from->append || (f->flags & LINUX_O_APPEND))
		*pos = inode->size;
	n = write_room(inode, *pos, from->left);
	if (n > 0)
		n = write_pages(inode, from, pos, n);
	if (n > 0) {
		inode_touch(inode);
		inode_strip(inode);
	}
	mutex_unlock(&inode->lock);
	return n;
}

/* The next data or hole at or after @offset. */
static loff_t seek_content(struct inode *inode, uint64_t offset, bool data)
{
	uint64_t index = offset >> PAGE_SHIFT, at, size = inode->size;
	struct page *page;

	if (offset >= size)
		return -ENXIO;
	for (;;) {
		at = index;
		page = page_tree_next(&inode->pages, &at);
		if (page)
			page_put(page);
		if (data)
			return !page || at << PAGE_SHIFT >= size ? -ENXIO : (loff_t)MAX(offset, at << PAGE_SHIFT);
		if (!page || at != index)
			return MIN(size, MAX(offset, index << PAGE_SHIFT));
		index++;
	}
}

static loff_t tmpfs_seek(struct file *f, loff_t offset, int whence)
{
	struct inode *inode = f->inode;
	loff_t base = 0;

	if (whence == LINUX_SEEK_DATA || whence == LINUX_SEEK_HOLE) {
		offset = offset < 0 ? -ENXIO : seek_content(inode, offset, whence == LINUX_SEEK_DATA);
		if (offset < 0)
			return offset;
	} else if (whence == LINUX_SEEK_CUR) {
		base = f->pos;
	} else if (whence == LINUX_SEEK_END) {
		base = inode->size;
	} else if (whence != LINUX_SEEK_SET) {
		return -EINVAL;
	}
	if ((offset > 0 && base > INT64_MAX - offset) || base + offset < 0)
		return -EINVAL;
	f->pos = base + offset;
	return f->pos;
}

static void zero_part(struct inode *inode, uint64_t index, uint64_t from, uint64_t to)
{
	struct page *page = from < to ? page_tree_get(&inode->pages, index) : NULL;

	if (!page)
		return;
	memset((char *)page_addr(page) + from, 0, to - from);
	page_put(page);
}

/* The promise of a file that was made with its size. */
static int promise_size(struct inode *inode, uint64_t length)
{
	uint64_t pages = inode->sized ? ALIGN_UP(length, PAGE_SIZE) >> PAGE_SHIFT : 0, had = inode->nr_promised;

	if (pages > had && commit_take(NULL, pages - had))
		return -ENOMEM;
	if (pages < had)
		commit_give(had - pages);
	inode->nr_promised = pages;
	return 0;
}

static int tmpfs_truncate(struct inode *inode, uint64_t length)
{
	if (length > SIZE_MAX_FILE)
		return -EINVAL;
	if ((length < inode->size && (inode->seals & SEAL_SHRINK)) || (length > inode->size && (inode->seals & SEAL_GROW)))
		return -EPERM;
	if (promise_size(inode, length))
		return -ENOMEM;
	if (length < inode->size) {
		WRITE_ONCE(inode->size, length);
		pages_drop(inode, ALIGN_UP(length, PAGE_SIZE) >> PAGE_SHIFT, ~0ull);
		if (length & (PAGE_SIZE - 1))
			zero_part(inode, length >> PAGE_SHIFT, length & (PAGE_SIZE - 1), PAGE_SIZE);
	}
	WRITE_ONCE(inode->size, length);
	inode_touch(inode);
	inode_strip(inode);
	return 0;
}

/* Zero [@start, @end): whole pages go away, parts are cleared. */
static void zero_range(struct inode *inode, uint64_t start, uint64_t end)
{
	uint64_t first = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	if (start >> PAGE_SHIFT == last) {
		zero_part(inode, last, start & (PAGE_SIZE - 1), end & (PAGE_SIZE - 1));
		return;
	}
	if (start & (PAGE_SIZE - 1))
		zero_part(inode, start >> PAGE_SHIFT, start & (PAGE_SIZE - 1), PAGE_SIZE);
	zero_part(inode, last, 0, end & (PAGE_SIZE - 1));
	if (first < last)
		pages_drop(inode, first, last - 1);
}

static int fill_range(struct inode *inode, uint64_t start, uint64_t end)
{
	struct tmpfs *t = tmpfs_of(inode);
	struct page *page;
	uint64_t i;

	if (t->max_pages && (end - start) >> PAGE_SHIFT > t->max_pages)
		return -ENOSPC;
	for (i = start >> PAGE_SHIFT; i < ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT; i++) {
		page = page_make(inode, i);
		if (IS_ERR(page))
			return PTR_ERR(page);
		if (page)
			page_put(page);
	}
	return 0;
}

/* As Linux's shmem_fallocate() looks: seals against writing forbid holes only, growing counts also where the size is kept. */
static int fallocate_check(const struct inode *inode, uint64_t end, bool punch)
{
	int err;

	if (punch)
		return inode->seals & (SEAL_WRITE | SEAL_FUTURE) ? -EPERM : 0;
	err = inode_may_grow(inode, end);
	return !err && end > inode->size && (inode->seals & SEAL_GROW) ? -EPERM : err;
}

static int tmpfs_fallocate(struct file *f, int mode, uint64_t offset, uint64_t length)
{
	bool punch = mode == (LINUX_FALLOC_FL_PUNCH_HOLE | LINUX_FALLOC_FL_KEEP_SIZE);
	struct inode *inode = f->inode;
	uint64_t end = offset + length;
	bool zero = mode & LINUX_FALLOC_FL_ZERO_RANGE;
	int err;

	if (!punch && (mode & ~(LINUX_FALLOC_FL_KEEP_SIZE | LINUX_FALLOC_FL_ZERO_RANGE)))
		return -EOPNOTSUPP;
	mutex_lock(&inode->lock);
	err = fallocate_check(inode, end, punch);
	if (!err && zero && (inode->seals & (SEAL_WRITE | SEAL_FUTURE)))
		err = -EPERM;
	if (!err && (punch || zero))
		zero_range(inode, offset, end);
	if (!err && !punch)
		err = fill_range(inode, offset, end);
	if (!err && !(mode & LINUX_FALLOC_FL_KEEP_SIZE) && end > inode->size)
		WRITE_ONCE(inode->size, end);
	if (!err)
		inode_touch(inode);
	mutex_unlock(&inode->lock);
	if (!err && (punch || zero))
		mapping_unmap(&inode->mapping, offset >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT);
	return err;
}

static int tmpfs_fsync(struct file *f, bool data_only)
{
	return 0;
}

void tmpfs_inode_destroy(struct inode *inode)
{
	struct tmpfs *t = tmpfs_of(inode);

	pages_drop(inode, 0, ~0ull);
	commit_give(inode->nr_promised);
	tmpfs_uncharge(&t->used_inodes, 1);
	if (LINUX_S_ISLNK(inode->mode))
		kfree(inode->priv);
	if (!inode->nlink)
		tmpfs_removed(inode, -1);
}

void tmpfs_removed(struct inode *inode, int more)
{
	__atomic_fetch_add(&inode->super->nr_removed, (uint32_t)more, __ATOMIC_SEQ_CST);
}

const struct file_ops tmpfs_file_ops = {
	.read = tmpfs_read, .write = tmpfs_write, .seek = tmpfs_seek, .fsync = tmpfs_fsync, .fallocate = tmpfs_fallocate,
};

const struct inode_ops tmpfs_file_inode_ops = {
	.truncate = tmpfs_truncate, .get_page = tmpfs_get_page, .destroy = tmpfs_inode_destroy,
};
