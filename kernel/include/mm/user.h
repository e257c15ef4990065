/* SPDX-License-Identifier: GPL-2.0 */
/* Copies between kernel and the current user space: bounds-checked, fault-tolerant, under SMAP. Process context; may sleep. */
#ifndef MM_USER_H
#define MM_USER_H

#include <kernel/types.h>

/* 0 or -EFAULT; on failure the destination in the kernel is zeroed from the fault on, one in user memory may be partly written. */
static inline int __must_check copy_from_user(void *to, uint64_t from, size_t n);
static inline int __must_check copy_to_user(uint64_t to, const void *from, size_t n);
/* What programs chose, registers or the data of their signals and events: it may look like an address of the kernel's (kernel/debug/heap.c). */
int __must_check copy_back_to_user(uint64_t to, const void *from, size_t n);
int __must_check clear_user(uint64_t to, size_t n);
/*
 * A structure that programs may know in another length: @known bytes here, @size there. What is missing there is zero here; what is more there
 * must be zero (-E2BIG). -EFAULT.
 */
int __must_check copy_struct_from_user(void *to, size_t known, uint64_t from, uint64_t size);
/* The length without terminator, -EFAULT, or -ENAMETOOLONG when no terminator lies in @size bytes. */
ssize_t __must_check strncpy_from_user(char *to, uint64_t from, size_t size);

/*
 * mm/user.c: the same without the check; and the check: kernel memory outside one object (mm/slab.h), in the kernel's code or past a stack is a
 * panic.
 */
int __must_check user_copy_from(void *to, uint64_t from, size_t n);
int __must_check user_copy_to(uint64_t to, const void *from, size_t n);
void user_copy_check(uint64_t kernel, size_t n);

/* For sizes that only running tells. Objects begin at multiples of 16, so what stays between two of those stays in its own. */
static inline void user_copy_bounds(const void *kernel, size_t n)
{
	if (n - 1 >= 16 - (uint64_t)kernel % 16)
		user_copy_check((uint64_t)kernel, n);
}

/* A size that the compiler knows is the object's own. */
static inline int copy_from_user(void *to, uint64_t from, size_t n)
{
	if (!__builtin_constant_p(n))
		user_copy_bounds(to, n);
	return user_copy_from(to, from, n);
}

static inline int copy_to_user(uint64_t to, const void *from, size_t n)
{
	if (!__builtin_constant_p(n))
		user_copy_bounds(from, n);
	return user_copy_to(to, from, n);
}

static inline int __must_check get_user32(uint32_t *v, uint64_t from) { return copy_from_user(v, from, 4); }
static inline int __must_check get_user64(uint64_t *v, uint64_t from) { return copy_from_user(v, from, 8); }
static inline int __must_check put_user32(uint64_t to, uint32_t v) { return copy_to_user(to, &v, 4); }
static inline int __must_check put_user64(uint64_t to, uint64_t v) { return copy_to_user(to, &v, 8); }

/* Atomic compare-and-exchange and load of a user word for futexes: 0 or -EFAULT. */
int __must_check user_cmpxchg32(uint64_t address, uint32_t expected, uint32_t desired, uint32_t *seen);

/*
 * Source or destination of file I/O: pieces of user or kernel memory. Advances as it is used; a short copy (fault) stops it.
 */
struct iovec_k {
	uint64_t base;
	uint64_t length;
};

struct iter {
	const struct iovec_k *vec;
	unsigned int nr;
	uint64_t offset;	/* inside vec[0] */
	size_t left;		/* bytes */
	bool kernel;		/* bases are kernel addresses */
	bool append;		/* written behind a file's end, whatever its flags say */
	bool nowait;		/* what cannot be done at once is -EAGAIN; where files know that: pipes, sockets, eventfd and its kin */
};

void iter_init(struct iter *it, const struct iovec_k *vec, unsigned int nr, bool kernel);
/* One piece: @storage must live as long as the iter. */
static inline void iter_init_one(struct iter *it, struct iovec_k *storage, uint64_t base, size_t length, bool kernel)
{
	*storage = (struct iovec_k){ .base = base, .length = length };
	*it = (struct iter){ .vec = storage, .nr = 1, .left = length, .kernel = kernel };
}
/* Bytes copied into/out of the iter's memory, fewer only at its end or a fault (then -EFAULT when none). */
ssize_t iter_put(struct iter *it, const void *from, size_t n);
ssize_t iter_get(struct iter *it, void *to, size_t n);
ssize_t iter_zero(struct iter *it, size_t n);
void iter_advance(struct iter *it, size_t n);
/* Go back @n bytes that were just copied (same iter, vec unchanged). */
void iter_revert(struct iter *it, size_t n);

#endif
