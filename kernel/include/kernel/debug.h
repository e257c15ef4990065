/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel tells its own checks (CONFIG_DEBUG_KERNEL, kernel/debug/). Without them every call here is nothing. Any context
 * unless it says otherwise.
 */
#ifndef KERNEL_DEBUG_H
#define KERNEL_DEBUG_H

#include <kernel/types.h>

struct slab_cache;
struct spinlock;
struct mutex;
struct thread;

/* How a lock was asked for: a try cannot wait, so it closes no circle. */
enum lock_how { LOCK_WAITS, LOCK_TRIES };

#ifdef FERRY_DEBUG

/* Bytes behind each slab object: a red zone and what is known about the object. */
#define DEBUG_OBJECT_EXTRA	32u
#define DEBUG_MUTEXES_MAX	12u

/* In struct thread, its own. */
struct thread_debug {
	uint32_t nr_mutexes;
	struct held_mutex {
		struct mutex *mutex;
		uint32_t taken;		/* where: kernel/debug/stack.c's number */
	} mutexes[DEBUG_MUTEXES_MAX];	/* in the order they were taken */
};

/* First thing at boot, on the boot stack, before any function with a checked variable of its own. */
void debug_early_init(void);
/* While the kernel's page table is built: @map enters one page; the table is loaded by the caller. */
void debug_map_shadow(void (*map)(vaddr_t v, paddr_t p));
/* With the new page table: from here on accesses are checked. */
void debug_start(void);

/* @size bytes from @p are about to be read or written by code that is not instrumented. */
void debug_check(const volatile void *p, size_t size, bool write);
/*
 * @size bytes from @from leave the kernel for a program: filled by somebody? And without an address of the kernel's, unless they are a
 * program's own bytes that come back (files, pipes), which may hold any number.
 */
void debug_check_leak(const void *from, size_t size, bool may_hold_anything);

/* A stack's slot of two stack sizes is mapped (false: no memory), unmapped, or about to be used by a thread. */
bool debug_stack_map(vaddr_t stack);
void debug_stack_unmap(vaddr_t stack);
void debug_stack_reuse(vaddr_t stack);
/* Its thread is gone: what lies in it keeps nothing alive. */
void debug_stack_left(vaddr_t stack);
/* A frame block is given out, or free. */
void debug_frames_alloc(void *at, size_t bytes, bool cleared);
void debug_frames_free(void *at, size_t bytes);
/* Whole frames that kzalloc() gave for @size bytes; and before they are freed: false if they may not be. */
void debug_large_alloc(void *p, size_t size, size_t bytes);
bool debug_large_free(void *p);
/* Something that is no kernel memory is freed: false if that was reported. */
bool debug_may_free(const void *p);
/* Objects of a slab; @room: the object with what DEBUG_OBJECT_EXTRA added. A slab without objects yet is @bytes at @slab. */
void debug_slab_new(void *slab, size_t bytes);
void debug_object_alloc(void *p, size_t size, size_t room);
/* True: kept back for a while, or freed wrongly and not at all. */
bool debug_object_free(struct slab_cache *c, void *p, size_t room);
/* Free what is kept back of the slabs; false when there was nothing. */
bool debug_objects_drain(void);
/* The bytes of the objects that are kept back. */
uint64_t debug_bytes_waiting(void);

/* Is this allocation the one that is to fail? */
bool debug_fail_alloc(void);
/* The @nth of the calling thread from now on does; 0: none. */
void debug_fail_set(uint32_t nth);

/* @size bytes at @p are freed: no lock in them is held? */
void debug_lock_freed(const void *p, size_t size);
/* Locks: right after one was taken and right before it is given back. */
void debug_spin_locked(struct spinlock *lock, enum lock_how how);
void debug_mutex_lock(struct mutex *m);
void debug_mutex_locked(struct mutex *m, enum lock_how how);
/* False: it is not the caller's to give back, which was reported. */
bool debug_spin_unlock(struct spinlock *lock);
bool debug_mutex_unlock(struct mutex *m);
/* The caller may sleep here. */
void debug_may_sleep(void);
/* On the way to user mode, and at a thread's end: nothing is held any more. */
void debug_nothing_held(const char *where);

/* After a fault that a check survives (debug=continue, a kernel thread of a test): where to go on, 0 for a panic. */
uint64_t debug_fault_resume(uint64_t rip, uint64_t rbp, const char *what, uint64_t address);

#else

#define DEBUG_OBJECT_EXTRA	0u

struct thread_debug { };

static inline void debug_early_init(void) { }
static inline void debug_map_shadow(void (*map)(vaddr_t v, paddr_t p)) { }
static inline void debug_start(void) { }
static inline void debug_check(const volatile void *p, size_t size, bool write) { }
static inline void debug_check_leak(const void *from, size_t size, bool may_hold_anything) { }
static inline bool debug_stack_map(vaddr_t stack) { return true; }
static inline void debug_stack_unmap(vaddr_t stack) { }
static inline void debug_stack_reuse(vaddr_t stack) { }
static inline void debug_stack_left(vaddr_t stack) { }
static inline void debug_frames_alloc(void *at, size_t bytes, bool cleared) { }
static inline void debug_frames_free(void *at, size_t bytes) { }
static inline void debug_large_alloc(void *p, size_t size, size_t bytes) { }
static inline bool debug_large_free(void *p) { return true; }
static inline bool debug_may_free(const void *p) { return true; }
static inline void debug_slab_new(void *slab, size_t bytes) { }
static inline void debug_object_alloc(void *p, size_t size, size_t room) { }
static inline bool debug_object_free(struct slab_cache *c, void *p, size_t room) { return false; }
static inline bool debug_objects_drain(void) { return false; }
static inline uint64_t debug_bytes_waiting(void) { return 0; }
static inline bool debug_fail_alloc(void) { return false; }
static inline void debug_lock_freed(const void *p, size_t size) { }
static inline void debug_spin_locked(struct spinlock *lock, enum lock_how how) { }
static inline bool debug_spin_unlock(struct spinlock *lock) { return true; }
static inline void debug_mutex_lock(struct mutex *m) { }
static inline void debug_mutex_locked(struct mutex *m, enum lock_how how) { }
static inline bool debug_mutex_unlock(struct mutex *m) { return true; }
static inline void debug_may_sleep(void) { }
static inline void debug_nothing_held(const char *where) { }
static inline uint64_t debug_fault_resume(uint64_t rip, uint64_t rbp, const char *what, uint64_t address) { return 0; }

#endif
#endif
