// SPDX-License-Identifier: GPL-2.0
/*
 * System V shared memory: shmget, shmat, shmdt, shmctl. A segment is a file of tmpfs without a name that ids and keys find; attaching is
 * mapping it, so fork, exec and exit need nothing from here. A removed segment keeps its id until nobody maps it, which is looked for
 * at the next call. Left out: huge pages, SHM_LOCK's effect (nothing is swapped).
 */
#include <fs/node.h>
#include <fs/tmpfs.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <lib/format.h>
#include <mm/commit.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_ipc.h>
#include "ids.h"

#define SIZE_MAX_BYTES	(1ull << 40)

struct segment {
	struct sysv_perm perm;	/* the first member */
	struct file *file, *to_read;	/* the same inode; the latter for who may only read */
	bool removed, locked;
	uint64_t size;
	uint64_t attached_at, detached_at, changed_at;	/* seconds since 1970; 0: never */
	int32_t creator, last;
};

static struct mutex lock = MUTEX_INIT(lock, "shm");	/* guards the tables of all namespaces, and what is in them */
static const char is_segment;	/* what the priv of a segment's file points to: whichever namespace's, and when that is gone */

static struct sysv_ids *ids(void)
{
	return &ipc_ns_current()->ids[IPC_SHM];
}

static uint64_t now_seconds(void)
{
	return time_realtime() / NSEC_PER_SEC;
}

static struct segment *segment_at(unsigned int index)
{
	return (struct segment *)ids()->slots[index];
}

static uint64_t nr_attached(const struct segment *s)
{
	return mapping_count(&s->file->inode->mapping);
}

static void segment_free(struct sysv_ids *table, struct segment *s)
{
	sysv_remove(table, &s->perm);
	file_put(s->to_read);
	file_put(s->file);
	kfree(s);
}

void shm_ns_end(struct ipc_ns *n)
{
	struct sysv_ids *table = &n->ids[IPC_SHM];

	mutex_lock(&lock);
	for (unsigned int i = 0; i < SYSV_SLOTS; i++)
		if (table->slots[i])
			segment_free(table, (struct segment *)table->slots[i]);
	mutex_unlock(&lock);
}

/* Give back what was removed and is mapped nowhere. */
static void segments_sweep(void)
{
	for (unsigned int i = 0; ids()->nr_used && i < SYSV_SLOTS; i++) {
		struct segment *s = segment_at(i);

		if (s && s->removed && !nr_attached(s))
			segment_free(ids(), s);
	}
}

/* NULL: no such id. */
static struct segment *segment_find(uint64_t id)
{
	struct sysv_perm *perm = sysv_find(ids(), (int)id);

	return IS_ERR(perm) ? NULL : (struct segment *)perm;
}

/* ---- shmget ---- */

static struct file *file_make(int32_t key, uint64_t size, uint32_t flags)
{
	bool promised = !(flags & LINUX_SHM_NORESERVE) || commit_is_strict();
	char name[16];

	format_text(name, sizeof(name), "SYSV%08x", (uint32_t)key);
	return tmpfs_file_sized(name, LINUX_O_RDWR | LINUX_O_LARGEFILE, ALIGN_UP(size, PAGE_SIZE), promised);
}

static int64_t segment_create(int32_t key, uint64_t size, uint32_t flags)
{
	struct segment *s;
	int64_t id;

	if (!size || size > SIZE_MAX_BYTES)
		return -EINVAL;
	if (flags & LINUX_SHM_HUGETLB)	/* there are none, and the pool is root's group's */
		return privileged(LINUX_CAP_IPC_LOCK) || current_in_group(0) ? -ENOMEM : -EPERM;
	s = kzalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->file = file_make(key, size, flags);
	if (IS_ERR(s->file)) {
		id = PTR_ERR(s->file);
		goto free_segment;
	}
	s->to_read = tmpfs_file_again(s->file, LINUX_O_RDONLY | LINUX_O_LARGEFILE);
	id = file_alloc_error();
	if (!s->to_read)
		goto put_file;
	s->file->priv = s->to_read->priv = (void *)&is_segment;
	id = sysv_add(ids(), &s->perm, key, flags);
	if (id < 0)
		goto put_file;
	s->size = size;
	s->changed_at = now_seconds();
	s->creator = current_process->pid;
	return id;
put_file:
	file_put(s->to_read);
	file_put(s->file);
free_segment:
	kfree(s);
	return id;
}

static int64_t segment_get(int32_t key, uint64_t size, uint32_t flags)
{
	struct segment *s = (struct segment *)sysv_find_key(ids(), key);
	int64_t id;

	if (!s)
		return key == LINUX_IPC_PRIVATE || flags & LINUX_IPC_CREAT ? segment_create(key, size, flags) : -ENOENT;
	id = sysv_get(&s->perm, flags);
	return id >= 0 && size > s->size ? -EINVAL : id;
}

/* shmget(key, size, flags) */
SYSCALL(NR_shmget, shmget)
{
	int64_t id;

	mutex_lock(&lock);
	segments_sweep();
	id = segment_get((int32_t)args->a[0], args->a[1], (uint32_t)args->a[2]);
	mutex_unlock(&lock);
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
		err = sysv_access(&s->perm, writes ? 6 : 4);
	if (err)
		return err;
	at = space_map(current_process->space, address, ALIGN_UP(s->size, PAGE_SIZE), rights, map_flags, writes ? s->file : s->to_read, 0);
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

	mutex_lock(&lock);
	segments_sweep();
	at = segment_attach(args->a[0], args->a[1], args->a[2]);
	mutex_unlock(&lock);
	return at;
}

static struct segment *segment_of(const struct file *f)
{
	for (unsigned int i = 0; f && i < SYSV_SLOTS; i++)
		if (segment_at(i) && (segment_at(i)->file == f || segment_at(i)->to_read == f))
			return segment_at(i);
	return NULL;
}

/* How many bytes of a segment that was attached at @address lie there still, 0: none. *@segment: NULL if it is not the namespace's. */
static uint64_t attached_at(struct space *space, vaddr_t address, struct segment **segment)
{
	const struct file *f = NULL;
	const struct vma *vma;
	vaddr_t v = address;

	mutex_lock(&space->lock);
	vma = space_find(space, address);
	if (vma && vma->start == address && !vma->offset && vma->file && vma->file->priv == &is_segment)
		f = vma->file;
	*segment = segment_of(f);
	while (f && (vma = space_find(space, v)) && vma->file == f && vma->offset == vma->start - address)
		v = vma->end;
	mutex_unlock(&space->lock);
	return v - address;
}

/* shmdt(address) */
SYSCALL(NR_shmdt, shmdt)
{
	struct segment *s;
	uint64_t length;
	int err = -EINVAL;

	mutex_lock(&lock);
	length = attached_at(current_process->space, args->a[0], &s);
	if (length)
		err = space_unmap(current_process->space, args->a[0], length);
	if (!err && s) {
		s->detached_at = now_seconds();
		s->last = current_process->pid;
	}
	segments_sweep();
	mutex_unlock(&lock);
	return err;
}

/* ---- shmctl ---- */

static uint32_t segment_mode(const struct segment *s)
{
	return s->perm.mode | (s->removed ? LINUX_SHM_DEST : 0) | (s->locked ? LINUX_SHM_LOCKED : 0);
}

static void segment_stat(const struct segment *s, struct linux_shmid_ds *to)
{
	*to = (struct linux_shmid_ds){ .size = s->size, .atime = s->attached_at, .dtime = s->detached_at, .ctime = s->changed_at,
				       .cpid = pid_told(s->creator), .lpid = pid_told(s->last), .nr_attached = nr_attached(s) };
	sysv_show(&s->perm, &to->perm);
	to->perm.mode = segment_mode(s);
}

static int segment_remove(struct segment *s)
{
	if (!sysv_is_owner(&s->perm))
		return -EPERM;
	s->removed = true;
	s->perm.key = LINUX_IPC_PRIVATE;
	return 0;
}

/* Nothing is swapped: locking is noted and shown. */
static int segment_lock(struct segment *s, bool lock)
{
	uint32_t euid = current->cred.euid;

	if (!sysv_privileged(LINUX_CAP_IPC_LOCK) &&
	    ((euid != s->perm.uid && euid != s->perm.cuid) || (lock && !current_process->rlimits[LINUX_RLIMIT_MEMLOCK].cur)))
		return -EPERM;
	s->locked = lock;
	return 0;
}

static int segment_change(struct segment *s, uint32_t command, const struct linux_shmid_ds *ds)
{
	int err;

	switch (command) {
	case LINUX_IPC_SET:
		err = sysv_set(&s->perm, &ds->perm);
		if (!err)
			s->changed_at = now_seconds();
		return err;
	case LINUX_IPC_RMID:
		return segment_remove(s);
	}
	return segment_lock(s, command == LINUX_SHM_LOCK);
}

static int64_t shm_change(int id, uint32_t command, uint64_t uds)
{
	struct linux_shmid_ds ds = { 0 };
	struct segment *s;
	int err;

	if (command == LINUX_IPC_SET && copy_from_user(&ds, uds, sizeof(ds)))
		return -EFAULT;
	mutex_lock(&lock);
	segments_sweep();
	s = (struct segment *)sysv_find(ids(), id);
	err = IS_ERR(s) ? (int)PTR_ERR(s) : segment_change(s, command, &ds);
	segments_sweep();
	mutex_unlock(&lock);
	return err;
}

static int64_t shm_stat(int number, uint32_t command, uint64_t uds)
{
	struct linux_shmid_ds ds;
	struct segment *s;
	int64_t result;

	mutex_lock(&lock);
	segments_sweep();
	s = (struct segment *)sysv_find_or_at(ids(), number, command != LINUX_IPC_STAT);
	result = IS_ERR(s) ? PTR_ERR(s) : command == LINUX_SHM_STAT_ANY ? 0 : sysv_access(&s->perm, 4);
	if (!result) {
		segment_stat(s, &ds);
		result = command == LINUX_IPC_STAT ? 0 : s->perm.id;
	}
	mutex_unlock(&lock);
	return result >= 0 && copy_to_user(uds, &ds, sizeof(ds)) ? -EFAULT : result;
}

static int64_t shm_limits(uint64_t uinfo)
{
	struct linux_shminfo info = { .shmmax = SIZE_MAX_BYTES, .shmmin = 1, .shmmni = READ_ONCE(ids()->most), .shmseg = READ_ONCE(ids()->most),
				      .shmall = SIZE_MAX_BYTES / PAGE_SIZE };

	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : sysv_last_index(ids());
}

static int64_t shm_use(uint64_t uinfo)
{
	struct linux_shm_info info = { 0 };
	int last;

	mutex_lock(&lock);
	segments_sweep();
	info.used_ids = (int)ids()->nr_used;
	for (unsigned int i = 0; i < SYSV_SLOTS; i++) {
		if (!segment_at(i))
			continue;
		info.shm_tot += ALIGN_UP(segment_at(i)->size, PAGE_SIZE) / PAGE_SIZE;
		info.shm_rss += segment_at(i)->file->inode->nr_pages;
	}
	last = sysv_last_index(ids());
	mutex_unlock(&lock);
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : last;
}

/* shmctl(id, command, struct shmid_ds *) */
SYSCALL(NR_shmctl, shmctl)
{
	uint32_t command = (uint32_t)args->a[1];

	if ((int)args->a[0] < 0)
		return -EINVAL;
	switch (command) {
	case LINUX_IPC_INFO:
		return shm_limits(args->a[2]);
	case LINUX_SHM_INFO:
		return shm_use(args->a[2]);
	case LINUX_IPC_STAT:
	case LINUX_SHM_STAT:
	case LINUX_SHM_STAT_ANY:
		return shm_stat((int)args->a[0], command, args->a[2]);
	case LINUX_IPC_SET:
	case LINUX_IPC_RMID:
	case LINUX_SHM_LOCK:
	case LINUX_SHM_UNLOCK:
		return shm_change((int)args->a[0], command, args->a[2]);
	}
	return -EINVAL;
}

static void sysv_shm_show(struct seq *to, void *priv)
{
	seq_puts(to, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      "
		     "ctime                   rss                  swap\n");
	mutex_lock(&lock);
	for (unsigned int i = 0; i < SYSV_SLOTS; i++) {
		const struct segment *s = segment_at(i);
		struct linux_ipc_perm p;

		if (!s)
			continue;
		sysv_show(&s->perm, &p);
		seq_printf(to, "%10d %10d  %4o %21llu %5u %5u  %5llu %5u %5u %5u %5u %10llu %10llu %10llu %21llu %21u\n", s->perm.key,
			   s->perm.id, segment_mode(s), (unsigned long long)s->size, pid_told(s->creator), pid_told(s->last),
			   (unsigned long long)nr_attached(s), p.uid, p.gid, p.cuid, p.cgid,
			   (unsigned long long)s->attached_at, (unsigned long long)s->detached_at,
			   (unsigned long long)s->changed_at, (unsigned long long)s->file->inode->nr_pages * PAGE_SIZE, 0u);
	}
	mutex_unlock(&lock);
}

static int shm_init(void)
{
	int err = proc_create("sysvipc/shm", 0444, sysv_shm_show, NULL);

	if (!err)
		err = proc_create_number("sys/kernel/shmmax", SIZE_MAX_BYTES);
	if (!err)
		err = proc_create_number("sys/kernel/shmall", SIZE_MAX_BYTES / PAGE_SIZE);
	return err;
}
INITCALL("2fs", shm_init);
