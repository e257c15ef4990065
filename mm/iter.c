// SPDX-License-Identifier: GPL-2.0
/* Pieces of user or kernel memory as the source or destination of file I/O; the caller owns the iter, nothing is locked. */
#include <mm/user.h>
#include "user_partial.h"

void iter_init(struct iter *it, const struct iovec_k *vec, unsigned int nr, bool kernel)
{
	*it = (struct iter){ .vec = vec, .nr = nr, .kernel = kernel };
	for (unsigned int i = 0; i < nr; i++)
		it->left += vec[i].length;
}

void iter_advance(struct iter *it, size_t n)
{
	n = MIN(n, it->left);
	it->left -= n;
	it->offset += n;
	while (it->nr && it->offset >= it->vec->length) {
		it->offset -= it->vec->length;
		it->vec++;
		it->nr--;
	}
}

void iter_revert(struct iter *it, size_t n)
{
	it->left += n;
	while (n > it->offset) {
		n -= it->offset;
		it->vec--;
		it->nr++;
		it->offset = it->vec->length;
	}
	it->offset -= n;
}

enum direction { PUT, GET, ZERO };

/* Bytes moved of one piece. */
static inline __attribute__((always_inline)) size_t move_piece(const struct iter *it, enum direction dir, char *buffer, size_t n)
{
	uint64_t at = it->vec->base + it->offset;

	if (!it->kernel) {
		if (dir == ZERO)
			return user_clear_out(at, n);
		return dir == PUT ? user_copy_out(at, buffer, n) : user_copy_in(buffer, at, n);
	}
	if (dir == ZERO)
		memset((void *)at, 0, n);
	else if (dir == PUT)
		memcpy((void *)at, buffer, n);
	else
		memcpy(buffer, (void *)at, n);
	return n;
}

static ssize_t move_pieces(struct iter *it, enum direction dir, char *buffer, size_t n)
{
	size_t done = 0;

	iter_advance(it, 0);	/* over pieces of no length */
	while (done < n) {
		size_t step = MIN(n - done, it->vec->length - it->offset);
		size_t moved = move_piece(it, dir, buffer ? buffer + done : NULL, step);

		iter_advance(it, moved);
		done += moved;
		if (moved < step)
			return done ? (ssize_t)done : -EFAULT;
	}
	return done;
}

/* Nearly always the piece at hand is enough. */
static inline __attribute__((always_inline)) ssize_t iter_move(struct iter *it, enum direction dir, char *buffer, size_t n)
{
	size_t moved;

	n = MIN(n, it->left);
	if (unlikely(!n || n > it->vec->length - it->offset))
		return move_pieces(it, dir, buffer, n);
	moved = move_piece(it, dir, buffer, n);
	it->left -= moved;
	it->offset += moved;
	if (it->offset == it->vec->length) {
		it->offset = 0;
		it->vec++;
		it->nr--;
	}
	return moved ? (ssize_t)moved : -EFAULT;
}

ssize_t iter_put(struct iter *it, const void *from, size_t n)
{
	return iter_move(it, PUT, (char *)from, n);
}

ssize_t iter_get(struct iter *it, void *to, size_t n)
{
	return iter_move(it, GET, to, n);
}

ssize_t iter_zero(struct iter *it, size_t n)
{
	return iter_move(it, ZERO, NULL, n);
}
