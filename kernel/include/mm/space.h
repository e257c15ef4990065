/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User address spaces: areas (VMAs) over a page table; demand-zero and file pages, copy-on-write, and wholly resident areas for drivers.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <mm/node.h>

struct file;
struct page;
struct inode;
struct mapping;
struct cgroup;
struct userfault;

#define VM_READ		0x1u
#define VM_WRITE	0x2u
#define VM_EXEC		0x4u
#define VM_SHARED	0x8u
#define VM_STACK	0x10u	/* grows down to the rlimit */
#define VM_RESIDENT	0x20u	/* filled at map time, never faults (drivers) */
#define VM_IO		0x40u	/* device registers: uncached, not copied by fork, not pinned */
#define VM_DONT_FORK	0x100u	/* children do not get it (madvise) */
#define VM_WIPE_ON_FORK	0x200u	/* children get it empty; private and anonymous */
#define VM_LOCKED	0x400u	/* counts against RLIMIT_MEMLOCK; children do not inherit that (mlock) */
#define VM_OBJECT	0x80u	/* frames given by the creator (rings, DMA memory): not copied by fork */
#define VM_INHERITED	0x800u	/* with VM_OBJECT: children share the frames */
#define VM_DONT_DUMP	0x1000u	/* core files leave its content out (madvise) */
#define VM_ACCOUNT	0x100000u	/* its pages are promised (mm/commit.h) */
#define VM_NORESERVE	0x200000u	/* and need not be, whatever its rights become (MAP_NORESERVE) */
#define VM_UFFD_MISSING	0x10000u	/* a program brings its pages (mm/userfault.h) */
#define VM_UFFD_WP	0x20000u	/* and is told of writes to those that it protected */
#define VM_UFFD_MINOR	0x40000u	/* and of touches of pages that the file has */
#define VM_UFFD		(VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)

/* Of an access: a program's own instruction makes it, so any signal may end a wait for it. */
#define ACCESS_USER	0x80000000u

#define VM_LOCK_ONFAULT	0x80000u	/* with VM_LOCKED: pages come when they are touched (mlock2) */
#define VM_LOCK_FLAGS	(VM_LOCKED | VM_LOCK_ONFAULT)
#define VM_CLEAN	0x8000000u	/* its pages were forgotten to have been written, but for those that are PT_WRITTEN (clear_refs) */

#define MAP_MIN		0x10000ul	/* nothing below, so that null pointers fault */
extern uint32_t space_areas_max;	/* of one space: vm.max_map_count; relaxed atomic */

struct vma {
	struct list link;	/* sorted by start */
	vaddr_t start, end;	/* page aligned, end exclusive */
	uint32_t flags;
	struct file *file;	/* counted; NULL: anonymous */
	uint64_t offset;	/* bytes in the file of start */
	struct vma_object *object;	/* VM_OBJECT and VM_IO: counted */
	struct space *space;	/* where it was put in; for mm/mapping.c, with the next two */
	struct list mapping_link;
	uint64_t walk;
	struct mapping *mapping;	/* whose pages it shows; NULL without a file */
	uint64_t mapping_first;		/* index there of the file's first page */
	uint64_t mapping_end;		/* pages from this index on are not the file's; 0: all there are */
	bool anon;		/* may hold pages of its own (anonymous, or copied from the file) */
	struct mem_policy policy;	/* where those come from; the default: as the thread wants */
	struct userfault *userfault;	/* counted; NULL without VM_UFFD */
};

/* Frames mapped as given; counted, the frames go back with the last reference through release(). */
struct vma_object {
	struct ref ref;
	struct page **pages;	/* NULL for VM_IO */
	paddr_t io_base;
	uint64_t nr_pages;
	void (*release)(struct vma_object *o);
	/* mremap(2) may move it as a whole, and tells; the space is locked. NULL: it may not. */
	void (*moved)(struct vma_object *o, vaddr_t to);
	void *priv;
};

struct space {
	struct ref ref;
	uint64_t number;	/* of no other space, ever */
	struct mutex lock;	/* guards areas and brk; taken before page table locks */
	struct list areas;
	uint64_t nr_areas;	/* space_areas_max at most, where a program asks for more */
	paddr_t root;		/* top page table */
	vaddr_t brk_start, brk_end, mmap_base;
	uint64_t nr_pages;	/* resident user pages */
	uint64_t peak_pages;	/* the most there were when some went; space_peak() */
	uint64_t nr_table_pages;
	uint64_t limit_pages;	/* 0: none */
	struct cgroup *group;	/* counted: whose account has the pages; NULL: nobody's (kernel/cgroup_memory.c) */
	struct file *program;	/* what it was made to run (file_run()); NULL: nothing, or a driver. Set before others see the space */
	bool resident;		/* a driver's: every area is VM_RESIDENT */
	uint32_t lock_future;	/* LINUX_MCL_*: areas to come are VM_LOCKED (mlockall) */
	struct vma *hint;	/* where the last search ended */
	vaddr_t full_above;	/* from here to mmap_base no gap has full_length bytes; 0: nobody has looked */
	uint64_t full_length;
	struct userfault *userfaults;	/* that watch some of it (mm/userfault.c) */
	struct userfault_note *notes;	/* of who holds the lock */
};

struct space *space_create(void);			/* NULL when out of memory */
struct space *space_fork(struct space *from);		/* copy-on-write copy; NULL when out of memory */
void space_get(struct space *s);
void space_put(struct space *s);
void space_switch(struct space *s);	/* load its page table on this CPU; NULL: kernel only. Preemption off. */
void space_unneeded(void);		/* the thread that comes next needs none: this CPU is not told of changes until space_switch() */

/*
 * Map @length bytes. @address is a hint, or exact with LINUX_MAP_FIXED in @map_flags (LINUX_MAP_*: linux.h). @vm_flags: VM_*.
 * Returns the address or -errno (-ENOMEM, -EINVAL, -EACCES, -EEXIST). May sleep.
 */
int64_t space_map(struct space *s, vaddr_t address, uint64_t length, uint32_t vm_flags, uint32_t map_flags, struct file *file,
		  uint64_t offset);
/* Takes its own reference to @object. All of it is mapped at once. */
int64_t space_map_object(struct space *s, vaddr_t address, uint32_t vm_flags, struct vma_object *object);
int space_unmap(struct space *s, vaddr_t address, uint64_t length);
/* Take @object out of the space wherever it is mapped; on no CPU is there a translation left when this returns. May sleep. */
void space_unmap_object(struct space *s, const struct vma_object *object);
/* The object mapped at @address with a reference, or NULL. */
struct vma_object *space_object_at(struct space *s, vaddr_t address);
/* @nr_pages zeroed frames that the kernel shares with a program, with one reference; NULL without memory. Nothing in them is believed. */
struct vma_object *vma_object_create(uint64_t nr_pages);
/* What its release() does, for those that have one of their own around it. */
void vma_object_free(struct vma_object *o);
/* NULL is fine. */
void vma_object_put(struct vma_object *o);
int space_protect(struct space *s, vaddr_t address, uint64_t length, uint32_t vm_flags);
/* VM_DONT_FORK, VM_WIPE_ON_FORK or VM_DONT_DUMP on or off. 0, -ENOMEM (a hole), -EINVAL (not for such areas). */
int space_mark(struct space *s, vaddr_t address, uint64_t length, uint32_t flag, bool on);
int64_t space_remap(struct space *s, vaddr_t old, uint64_t old_length, uint64_t new_length, uint32_t flags, vaddr_t new_address);
int64_t space_brk(struct space *s, vaddr_t brk);
/* Drop the content of whole pages: zero or the file's again at the next touch. 0, -ENOMEM (a hole), -EINVAL (not for this area). */
int space_discard(struct space *s, vaddr_t address, uint64_t length);
/* madvise(2) for any space. 0, -EINVAL (no such advice, or not for such areas), -ENOMEM (a hole), -EACCES, or a file's error. May sleep. */
int64_t space_advise(struct space *s, uint64_t address, uint64_t length, int advice);
/* Fault everything in, for @access. 0 or an error of space_fault(). */
int space_populate(struct space *s, vaddr_t address, uint64_t length, uint32_t access);
struct vma *space_find(struct space *s, vaddr_t address);	/* lock held */
/* Bytes of all areas: what RLIMIT_AS limits. May sleep. */
uint64_t space_size(struct space *s);
/* Is a page of the range locked (mlock)? May sleep. */
bool space_any_locked(struct space *s, vaddr_t start, vaddr_t end);

/*
 * Resolve a fault at @address; @access is VM_READ, VM_WRITE or VM_EXEC, with ACCESS_USER or without. 0, -EFAULT (no such area), -EACCES (not
 * allowed), -ENOMEM, -EIO, -EINTR: a signal ended the wait for a program that resolves it.
 */
int space_fault(struct space *s, vaddr_t address, uint32_t access);

/* Write @n bytes as a debugger may: also where a private area is read-only. Bytes, or -EFAULT. May sleep. */
ssize_t space_poke(struct space *s, vaddr_t to, const void *from, size_t n);

/*
 * Pin the pages of [@address, +@length) for device access (faulting them in; @write: the device will write). Fills @pages, returns the
 * count or -errno. Pinned pages survive unmapping. user_unpin() gives them back.
 */
int user_pin(struct space *s, vaddr_t address, uint64_t length, bool write, struct page **pages, unsigned int max);
/* The one page that @address lies in; ERR_PTR. */
struct page *user_pin_page(struct space *s, vaddr_t address, bool write);
void user_unpin(struct page **pages, unsigned int count);

/* Check that a user range lies below USER_END without wrap. */
static inline bool user_range_ok(vaddr_t a, uint64_t length) { return length <= 0x00007ffffffff000ul && a <= 0x00007ffffffff000ul - length; }

/* Bytes of an area. */
struct space_usage {
	uint64_t resident, anonymous;
	uint64_t part;		/* each page divided by who maps it; of that what is dirty, anonymous, and of files in memory */
	uint64_t part_dirty, part_anonymous, part_memory;
	uint64_t own[2][2];	/* shared and its own; clean and dirty */
	uint64_t referenced, dirty;
	uint64_t nodes[NODES_MAX];
	uint32_t most_mapped;	/* of a page, how often */
};

/* What /proc/<pid>/clear_refs forgets. */
enum space_forget {
	SPACE_REFERENCED = 1, SPACE_REFERENCED_ANON, SPACE_REFERENCED_FILES, SPACE_WRITTEN, SPACE_PEAK,
};
/* May sleep. */
void space_forget(struct space *s, enum space_forget what);
/* Most resident pages ever. Relaxed. */
static inline uint64_t space_peak(const struct space *s)
{
	return READ_ONCE(s->peak_pages) > READ_ONCE(s->nr_pages) ? READ_ONCE(s->peak_pages) : READ_ONCE(s->nr_pages);
}

/* The words of /proc/<pid>/pagemap for @nr pages from @v on; @frames: with their numbers. May sleep. */
void space_pagemap(struct space *s, vaddr_t v, uint64_t *to, size_t nr, bool frames);
/* Of @vma, an area of @s. Its lock is held. */
void space_usage(const struct space *s, const struct vma *vma, struct space_usage *u);
/*
 * What the first area of @s that ends behind @from is like: bounds, flags, offset and file, which is counted (file_put()); the rest of @to means
 * nothing. @usage may be NULL. False: there is none. Who asks for names of files does so by this, for their lock lies outside @s's. May sleep.
 */
bool space_area(struct space *s, vaddr_t from, struct vma *to, struct space_usage *usage);

#endif
