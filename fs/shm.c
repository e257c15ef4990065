// SPDX-License-Identifier: GPL-2.0
/*
 * System V shared memory: shmget, shmat, shmdt, shmctl. A segment is a file of tmpfs without a name that ids and keys find; attaching is
 * mapping it, so fork, exec and exit need nothing from here. A removed segment keeps its id until nobody maps it, which is looked for
 * at the next call. Left out: huge pages, SHM_LOCK's effect (nothing is swapped), IPC_INFO.
 */
#include <fs/tmpfs.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <lib/format.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_shm.h>

#define SEGMENTS	128u
#define ID_SHIFT	8
#define SIZE_MAX_BYTES	(1ull << 40)

struct segment {
	struct file *file;	/* NULL: the slot is free */
	int32_t key;
	bool removed;
	uint16_t sequence;
	uint64_t size;
	uint32_t uid, gid, cuid, cgid, mode;
	uint64_t attached_at, detached_at, changed_at;	/* seconds since 1970; 0: never */
	int32_t creator, last;
};

static struct mutex shm_lock = MUTEX_INIT(shm_lock, "shm");
static struct segment segments[SEGMENTS];	/* guarded by shm_lock */

static uint64_t now_seconds(void)
{
	return time_realtime() / NSEC_PER_SEC;
}

static int segment_id(const struct segment *s)
{
	return (int)((uint32_t)(s->sequence & 0x7fff) << ID_SHIFT | (uint32_t)(s - segments));
}

static uint64_t nr_attached(const struct segment *s)
{
	struct inode *inode = s->file->inode;
	const struct vma *vma;
	uint64_t nr = 0;

	spin_lock(&inode->pages.lock);
	list_for_each(vma, &inode->mappings, mapping_link)
		nr++;
	spin_unlock(&inode->pages.lock);
	return nr;
}

/* Give back what was removed and is mapped nowhere. */
static void segments_sweep(void)
{
	for (unsigned int i = 0; i < SEGMENTS; i++) {
		struct segment *s = &segments[i];

		if (!s->file || !s->removed || nr_attached(s))
			continue;
		file_put(s->file);
		*s = (struct segment){ .sequence = (uint16_t)(s->sequence + 1) };
	}
}

/* NULL: no such id. */
static struct segment *segment_find(uint64_t id)
{
	struct segment *s = &segments[id & (SEGMENTS - 1)];

	return (uint32_t)id >> ID_SHIFT <= 0x7fff && s->file && segment_id(s) == (int)id ? s : NULL;
}

static bool is_owner(const struct segment *s)
{
	uint32_t euid = current_process->euid;

	return !euid || euid == s->uid || euid == s->cuid;
}

/* May the process have @want, bits of one rwx triple? */
static int access_check(const struct segment *s, uint32_t want)
{
	const struct process *p = current_process;
	unsigned int shift = 0;

	if (!p->euid)
		return 0;
	if (is_owner(s))
		shift = 6;
	else if (p->egid == s->gid || p->egid == s->cgid)
		shift = 3;
	return (s->mode >> shift & want) == want ? 0 : -EACCES;
}

/* ---- shmget ---- */

static struct segment *key_find(int32_t key)
{
	for (unsigned int i = 0; i < SEGMENTS && key != LINUX_IPC_PRIVATE; i++)
		if (segments[i].file && !segments[i].removed && segments[i].key == key)
			return &segments[i];
	return NULL;
}

static struct segment *slot_free(void)
{
	for (unsigned int i = 0; i < SEGMENTS; i++)
		if (!segments[i].file)
			return &segments[i];
	return NULL;
}

static struct file *file_make(int32_t key, uint64_t size)
{
	struct file *f;
	char name[16];
	int err;

	format_text(name, sizeof(name), "SYSV%08x", (uint32_t)key);
	f = tmpfs_file_create(name, LINUX_O_RDWR | LINUX_O_LARGEFILE);
	if (IS_ERR(f))
		return f;
	mutex_lock(&f->inode->lock);
	err = f->inode->ops->truncate(f->inode, ALIGN_UP(size, PAGE_SIZE));
	mutex_unlock(&f->inode->lock);
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

static int64_t segment_create(int32_t key, uint64_t size, uint32_t flags)
{
	const struct process *p = current_process;
	struct segment *s = slot_free();
	struct file *f;

	if (!size || size > SIZE_MAX_BYTES || flags & LINUX_SHM_HUGETLB)
		return -EINVAL;
	if (!s)
		return -ENOSPC;
	f = file_make(key, size);
	if (IS_ERR(f))
		return PTR_ERR(f);
	*s = (struct segment){ .file = f, .key = key, .sequence = s->sequence, .size = size, .uid = p->euid, .gid = p->egid, .cuid = p->euid,
			       .cgid = p->egid, .mode = flags & 0777, .changed_at = now_seconds(), .creator = p->pid };
	return segment_id(s);
}

static int64_t segment_get(int32_t key, uint64_t size, uint32_t flags)
{
	struct segment *s = key_find(key);
	int err;

	if (!s)
		return key == LINUX_IPC_PRIVATE || flags & LINUX_IPC_CREAT ? segment_create(key, size, flags) : -ENOENT;
	if ((flags & LINUX_IPC_CREAT) && (flags & LINUX_IPC_EXCL))
		return -EEXIST;
	err = access_check(s, (flags >> 6 | flags >> 3 | flags) & 7);
	if (err)
		return err;
	return size > s->size ? -EINVAL : segment_id(s);
}

/* shmget(key, size, flags) */
SYSCALL(NR_shmget, shmget)
{
	int64_t id;

	mutex_lock(&shm_lock);
	segments_sweep();
	id = segment_get((int32_t)args->a[0], args->a[1], (uint32_t)args->a[2]);
	mutex_unlock(&shm_lock);
	return id;
}

/* ---- shmat and shmdt ---- */

static int place_choose(uint64_t flags, uint64_t *address, uint32_t *map_flags)
{
	*map_flags = LINUX_MAP_SHARED;
	if (!*address)
		return flags & LINUX_SHM_REMAP ? -EINVAL : 0;
	if (*address % PAGE_SIZE && !(flags & LINUX_SHM_RND))
		return -EINVAL;
	*address &= PAGE_MASK;
	*map_flags |= flags & LINUX_SHM_REMAP ? LINUX_MAP_FIXED : LINUX_MAP_FIXED_NOREPLACE;
	return 0;
}

static int64_t segment_attach(uint64_t id, uint64_t address, uint64_t flags)
{
	bool writes = !(flags & LINUX_SHM_RDONLY);
	uint32_t rights = VM_SHARED | VM_READ | (writes ? VM_WRITE : 0) | (flags & LINUX_SHM_EXEC ? VM_EXEC : 0), map_flags;
	struct segment *s = segment_find(id);
	int64_t at;
	int err;

	if (!s)
		return -EINVAL;
	err = place_choose(flags, &address, &map_flags);
	if (!err)
		err = access_check(s, writes ? 6 : 4);
	if (err)
		return err;
	at = space_map(current_process->space, address, ALIGN_UP(s->size, PAGE_SIZE), rights, map_flags, s->file, 0);
	if (at == -EEXIST)
		return -EINVAL;
	if (at >= 0) {
		s->attached_at = now_seconds();
		s->last = current_process->pid;
	}
	return at;
}

/* shmat(id, address, flags) */
SYSCALL(NR_shmat, shmat)
{
	int64_t at;

	mutex_lock(&shm_lock);
	segments_sweep();
	at = segment_attach(args->a[0], args->a[1], args->a[2]);
	mutex_unlock(&shm_lock);
	return at;
}

static struct segment *segment_of(const struct file *f)
{
	for (unsigned int i = 0; i < SEGMENTS; i++)
		if (f && segments[i].file == f)
			return &segments[i];
	return NULL;
}

/* The segment that was attached at @address and how many bytes of it lie there still; NULL: none. */
static struct segment *attached_at(struct space *space, vaddr_t address, uint64_t *length)
{
	struct segment *s = NULL;
	const struct vma *vma;
	vaddr_t v = address;

	mutex_lock(&space->lock);
	vma = space_find(space, address);
	if (vma && vma->start == address && !vma->offset)
		s = segment_of(vma->file);
	while (s && (vma = space_find(space, v)) && vma->file == s->file && vma->offset == vma->start - address)
		v = vma->end;
	mutex_unlock(&space->lock);
	*length = v - address;
	return s;
}

/* shmdt(address) */
SYSCALL(NR_shmdt, shmdt)
{
	struct segment *s;
	uint64_t length;
	int err = -EINVAL;

	mutex_lock(&shm_lock);
	s = attached_at(current_process->space, args->a[0], &length);
	if (s)
		err = space_unmap(current_process->space, args->a[0], length);
	if (!err) {
		s->detached_at = now_seconds();
		s->last = current_process->pid;
	}
	segments_sweep();
	mutex_unlock(&shm_lock);
	return err;
}

/* ---- shmctl ---- */

static void segment_stat(const struct segment *s, struct linux_shmid_ds *to)
{
	*to = (struct linux_shmid_ds){
		.perm = { .key = s->key, .uid = s->uid, .gid = s->gid, .cuid = s->cuid, .cgid = s->cgid,
			  .mode = s->mode | (s->removed ? LINUX_SHM_DEST : 0), .sequence = s->sequence },
		.size = s->size, .atime = s->attached_at, .dtime = s->detached_at, .ctime = s->changed_at,
		.cpid = s->creator, .lpid = s->last, .nr_attached = nr_attached(s),
	};
}

static int segment_set(struct segment *s, const struct linux_shmid_ds *from)
{
	if (!is_owner(s))
		return -EPERM;
	s->uid = from->perm.uid;
	s->gid = from->perm.gid;
	s->mode = from->perm.mode & 0777;
	s->changed_at = now_seconds();
	return 0;
}

static int segment_remove(struct segment *s)
{
	if (!is_owner(s))
		return -EPERM;
	s->removed = true;
	s->key = LINUX_IPC_PRIVATE;
	return 0;
}

static int segment_control(struct segment *s, uint32_t command, struct linux_shmid_ds *ds)
{
	int err = 0;

	switch (command) {
	case LINUX_IPC_STAT:
		err = access_check(s, 4);
		if (!err)
			segment_stat(s, ds);
		return err;
	case LINUX_IPC_SET:
		return segment_set(s, ds);
	case LINUX_IPC_RMID:
		return segment_remove(s);
	case LINUX_SHM_LOCK:
	case LINUX_SHM_UNLOCK:
		return is_owner(s) ? 0 : -EPERM;
	}
	return -EINVAL;
}

/* shmctl(id, command, struct shmid_ds *) */
SYSCALL(NR_shmctl, shmctl)
{
	uint32_t command = (uint32_t)args->a[1];
	struct linux_shmid_ds ds;
	struct segment *s;
	int err = -EINVAL;

	if (command == LINUX_IPC_SET && copy_from_user(&ds, args->a[2], sizeof(ds)))
		return -EFAULT;
	mutex_lock(&shm_lock);
	segments_sweep();
	s = segment_find(args->a[0]);
	if (s)
		err = segment_control(s, command, &ds);
	segments_sweep();
	mutex_unlock(&shm_lock);
	if (!err && command == LINUX_IPC_STAT)
		return copy_to_user(args->a[2], &ds, sizeof(ds));
	return err;
}
