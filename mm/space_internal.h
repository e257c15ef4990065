/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the address space tell each other. Everything needs space->lock unless it says otherwise. */
#ifndef MM_SPACE_INTERNAL_H
#define MM_SPACE_INTERNAL_H

#include <kernel/cgroup.h>
#include <mm/page.h>
#include <mm/pagecache.h>
#include <mm/space.h>

#define STACK_GAP	(256 * PAGE_SIZE)	/* a growing stack keeps away from what lies below */

/* vma.c. No lock needed to allocate and free; freeing gives back file and object (may sleep: not with the lock held). */
struct vma *vma_alloc(vaddr_t start, vaddr_t end, uint32_t flags);
void vma_free(struct vma *vma);
void vma_free_list(struct list *dead);
/* A copy of what @from says, with references of its own; NULL when out of memory. */
struct vma *vma_copy(const struct vma *from);
/* The first area that ends above @address, or NULL. */
struct vma *vma_after(struct space *s, vaddr_t address);
struct vma *vma_next(struct space *s, const struct vma *vma);
struct vma *vma_prev(struct space *s, const struct vma *vma);
/* Put in where nothing overlaps, and melt it with neighbours of its kind; those that end go to @dead. */
void vma_insert(struct space *s, struct vma *vma, struct list *dead);
void vma_merge(struct space *s, struct vma *vma, struct list *dead);
void vma_unlink(struct space *s, struct vma *vma);
/* Make @address a border between areas if it lies inside one. -ENOMEM. */
int vma_split(struct space *s, vaddr_t address);
/* The same at both ends of a range. */
int vma_split_range(struct space *s, vaddr_t start, vaddr_t end);
/* The highest gap of @length below @limit and not below MAP_MIN; 0: none. */
vaddr_t vma_find_gap(struct space *s, uint64_t length, vaddr_t limit);
/* Is every page of the range in some area? (space_map.c) */
bool space_covers(struct space *s, vaddr_t start, vaddr_t end);
bool vma_range_free(struct space *s, vaddr_t start, vaddr_t end);
/* Map the frames of the area's object: 0, -EINVAL (it has fewer), -ENOMEM. (space_map.c) */
int vma_map_object(struct space *s, const struct vma *vma);

static inline uint64_t vma_nr_pages(const struct vma *vma) { return (vma->end - vma->start) >> PAGE_SHIFT; }
static inline bool vma_is_object(const struct vma *vma) { return vma->flags & (VM_OBJECT | VM_IO); }
/* Of the page at @v in the area's mapping. */
static inline uint64_t vma_file_index(const struct vma *vma, vaddr_t v)
{
	return vma->mapping_first + ((vma->offset + (v - vma->start)) >> PAGE_SHIFT);
}

/* Is every first write of a page told to the mapping? */
static inline bool vma_is_tracked(const struct vma *vma)
{
	return vma->flags & VM_SHARED && vma->mapping && vma->mapping->ops;
}

/* @n user pages more in @s, or fewer. */
static inline void space_count(struct space *s, int64_t n)
{
	s->nr_pages += (uint64_t)n;
}

/* space.c: pages leave a range; translations are forgotten before frames are freed. @flush false: the table is not loaded anywhere. */
void space_drop_range(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end, bool flush);
/* mem_policy.c: a mask of nodes of a call, of which the first 64 count. migrate.c: can the page be given another frame? */
int node_mask_get(uint64_t address, uint64_t bits, uint64_t *mask);
bool page_is_movable(const struct vma *vma, const struct page *page);
/* fault.c: another frame, where the area's policy wants it, for @page, the area's own and nobody else's at @v. */
int space_renew_page_locked(struct space *s, struct vma *vma, vaddr_t v, struct page *page);
extern struct page *zero_page;
bool space_is_current(const struct space *s);

/* mapping.c: an area of a file enters a space; it is about to be freed. */
void mapping_add(struct space *s, struct vma *vma);
void mapping_remove(struct vma *vma);

/* fault.c. PT_* for VM_*. */
uint32_t vma_prot(uint32_t vm_flags);
/* May @page, mapped in @vma, be written without copying first? */
bool page_may_write(const struct vma *vma, const struct page *page);
/* May the group of @s, which has one, have a page more? */
bool space_may_charge(const struct space *s);
/* space.c. A frame for its own memory, not cleared, charged to its group; NULL: no memory, or its group has enough. */
struct page *space_frame(const struct space *s);
/* Put @page in at @v; takes over the caller's reference, also on failure. */
int space_enter_page(struct space *s, vaddr_t v, struct page *page, uint32_t prot);
/* Resolve one page; @v page aligned. -EAGAIN: it must be read first. */
int space_fault_locked(struct space *s, vaddr_t v, uint32_t access);
/* The same at any @address, also ACCESS_USER, waiting for what must be read first, or for a program: the lock is let go meanwhile. */
int space_fault_wait(struct space *s, vaddr_t address, uint32_t access);
/* Make the page at @v, which can be read, the area's own although it may not be written. */
int space_own_page_locked(struct space *s, vaddr_t v);
/* Waits as space_fault_wait() does, but in resident spaces, where nothing has to be read. */
int space_populate_locked(struct space *s, vaddr_t start, vaddr_t end, uint32_t access);

/* mlock.c. May the current process lock @length bytes more? 0, -EPERM, -ENOMEM. Always for spaces that are not its own. */
int space_lock_check(const struct space *s, uint64_t length);
/* VM_LOCKED for an area that a program asks for now with these LINUX_MAP_* flags, or 0. */
uint32_t space_lock_flags(const struct space *s, uint32_t map_flags);
/* Fault in what can be of a range; the first error. */
int space_lock_fill(struct space *s, vaddr_t start, vaddr_t end);

/* advise.c. 0 when every page of a range is in some area, -EINVAL (it goes round the end), -ENOMEM. Without the lock. */
int64_t space_check_mapped(struct space *s, uint64_t address, uint64_t length);

/* vma.c. Bytes of a range that lie in areas with all of these flags. */
uint64_t space_bytes(const struct space *s, vaddr_t start, vaddr_t end, uint32_t flags);
/* space_map.c. May the space have @length bytes more (RLIMIT_AS of the current process, if it is its)? 0 or -ENOMEM. */
int space_grow_check(const struct space *s, uint64_t length);

/* space_map.c. Unmap; whole areas go to @dead. */
int space_unmap_locked(struct space *s, vaddr_t start, vaddr_t end, struct list *dead);

#endif
