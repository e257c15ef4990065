// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: stretches of the program's memory that requests name by an index (READ_FIXED, WRITE_FIXED). They are memory like any other: a request
 * pins the pages that it is about. u->lock held throughout.
 */
#include <mm/slab.h>
#include "uring.h"

#define ONE_BUFFER	(sizeof(struct iovec_k) + sizeof(uint64_t))	/* with its tag */
#define BYTES_MAX	(1ul << 30)

static int one_read(uint64_t from, uint64_t tags, uint32_t i, struct iovec_k *buffer, uint64_t *tag)
{
	*buffer = (struct iovec_k){ .base = 0 };
	*tag = 0;
	if (from && copy_from_user(buffer, from + i * sizeof(*buffer), sizeof(*buffer)))
		return -EFAULT;
	if (tags && get_user64(tag, tags + i * sizeof(*tag)))
		return -EFAULT;
	if (!buffer->base)
		return buffer->length ? -EFAULT : *tag ? -EINVAL : 0;
	return !buffer->length || buffer->length > BYTES_MAX || !user_range_ok(buffer->base, buffer->length) ? -EFAULT : 0;
}

static void table_free(struct uring *u, struct iovec_k *buffers, uint32_t nr)
{
	kfree(buffers);
	uring_unpay(u, nr * ONE_BUFFER);
}

int uring_buffers_register(struct uring *u, uint64_t from, uint32_t nr, uint64_t tags)
{
	struct iovec_k *buffers;
	int err = tags ? uring_tags_begin(u) : 0;
	uint64_t *tag;

	if (u->buffers)
		return -EBUSY;
	if (!nr || nr > URING_BUFFERS_MAX)
		return -EINVAL;
	if (err || uring_pay(u, nr * ONE_BUFFER))
		return -ENOMEM;
	buffers = kcalloc(nr, ONE_BUFFER);
	if (!buffers)
		err = -ENOMEM;
	tag = (uint64_t *)(buffers + nr);
	for (uint32_t i = 0; i < nr && !err; i++)
		err = one_read(from, tags, i, &buffers[i], &tag[i]);
	if (err) {
		table_free(u, buffers, nr);
		return err;
	}
	u->buffers = buffers;
	u->buffer_tags = tag;
	u->nr_buffers = nr;
	return 0;
}

int uring_buffers_unregister(struct uring *u)
{
	if (!u->buffers)
		return -ENXIO;
	table_free(u, u->buffers, u->nr_buffers);
	u->buffers = NULL;
	u->nr_buffers = 0;
	return 0;
}

static int buffer_change(struct uring *u, uint32_t at, const struct iovec_k *buffer, uint64_t tag)
{
	uint64_t old = u->buffer_tags[at];
	struct uring_request *era = NULL;
	int err = tag ? uring_tags_begin(u) : 0;

	if (!err && old) {
		era = uring_note_create(u);
		err = era ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	u->buffers[at] = *buffer;
	u->buffer_tags[at] = tag;
	uring_tag_retire(u, old, era);
	return 0;
}

int64_t uring_buffers_update(struct uring *u, const struct linux_uring_resources_update *update)
{
	struct iovec_k buffer;
	uint64_t tag;
	uint32_t i;
	int err = 0;

	if (!u->buffers)
		return -ENXIO;
	if (!update->nr || update->nr > u->nr_buffers || update->offset > u->nr_buffers - update->nr)
		return -EINVAL;
	for (i = 0; i < update->nr; i++) {
		err = one_read(update->data, update->tags, i, &buffer, &tag);
		if (!err)
			err = buffer_change(u, update->offset + i, &buffer, tag);
		if (err)
			break;
	}
	return i ? (int64_t)i : err;
}

int uring_fixed_check(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	const struct iovec_k *buffer = &r->uring->buffers[sqe->buffer_index];

	if (sqe->buffer_index >= r->uring->nr_buffers || !buffer->base || sqe->address < buffer->base ||
	    sqe->address - buffer->base > buffer->length || sqe->length > buffer->length - (sqe->address - buffer->base))
		return -EFAULT;
	uring_tag_use(r);
	return 0;
}
