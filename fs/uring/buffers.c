// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: buffers that the kernel chooses (IOSQE_BUFFER_SELECT). A program gives them in groups, by requests (IORING_OP_PROVIDE_BUFFERS) or in
 * a ring of its own memory (IORING_REGISTER_PBUF_RING), from which one is taken when there is something to put into it. That ring is read
 * as any memory of the program is, in the process that gave it. u->lock held throughout.
 */
#include <mm/slab.h>
#include "uring.h"

#define PROVIDED_MAX	65536u		/* of a ring, all groups together */
#define GROUPS_MAX	4096u
#define PAID_AT_ONCE	64u
#define NUMBERS		65536u		/* that buffers of a group may have */
#define RING_TAIL	14u		/* in the place of the first entry's last field */
#define RING_ENTRIES_MAX 32768u

struct uring_buffer {
	struct list link;
	uint64_t address;
	uint32_t length;
	uint16_t number;
};

struct uring_group {
	struct list link;
	uint16_t number;
	struct list buffers;		/* given by requests */
	uint64_t ring;			/* user address; 0: no ring */
	uint64_t space_number;		/* whose */
	uint32_t nr_entries;		/* of the ring: a power of two */
	uint16_t head;
};

static struct uring_group *group_find(struct uring *u, uint16_t number)
{
	struct uring_group *g;

	list_for_each(g, &u->groups, link)
		if (g->number == number)
			return g;
	return NULL;
}

static struct uring_group *group_create(struct uring *u, uint16_t number)
{
	struct uring_group *g = u->nr_groups < GROUPS_MAX && !uring_pay(u, sizeof(*g)) ? kzalloc(sizeof(*g)) : NULL;

	if (!g)
		return NULL;
	g->number = number;
	list_init(&g->buffers);
	list_append(&u->groups, &g->link);
	u->nr_groups++;
	return g;
}

/* They are paid for in steps, as many as there ever were. */
static struct uring_buffer *buffer_create(struct uring *u)
{
	if (u->nr_provided == u->provided_paid) {
		if (uring_pay(u, PAID_AT_ONCE * sizeof(struct uring_buffer)))
			return NULL;
		u->provided_paid += PAID_AT_ONCE;
	}
	return kzalloc(sizeof(struct uring_buffer));
}

static uint32_t buffers_drop(struct uring *u, struct uring_group *g, uint32_t nr)
{
	uint32_t dropped = 0;

	while (dropped < nr && !list_empty(&g->buffers)) {
		struct uring_buffer *b = list_first(&g->buffers, struct uring_buffer, link);

		list_del(&b->link);
		kfree(b);
		u->nr_provided--;
		dropped++;
	}
	return dropped;
}

static void group_forget(struct uring *u, struct uring_group *g)
{
	buffers_drop(u, g, ~0u);
	list_del(&g->link);
	u->nr_groups--;
	kfree(g);
	uring_unpay(u, sizeof(*g));
}

void uring_groups_forget(struct uring *u)
{
	while (!list_empty(&u->groups))
		group_forget(u, list_first(&u->groups, struct uring_group, link));
}

/* ---- By requests: numbers from @offset on, fd of them, one behind the other in memory ---- */

static int provide_check(const struct linux_uring_sqe *sqe)
{
	uint64_t nr = (uint32_t)sqe->fd, bytes;

	if (sqe->op_flags || sqe->splice_fd)
		return -EINVAL;
	if (!nr || nr > NUMBERS || sqe->offset >= NUMBERS)
		return -E2BIG;
	if (sqe->offset + nr > NUMBERS)
		return -EINVAL;
	if (__builtin_mul_overflow(nr, (uint64_t)sqe->length, &bytes))
		return -EOVERFLOW;
	return user_range_ok(sqe->address, bytes) ? 0 : -EFAULT;
}

int64_t uring_buffers_provide(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	struct uring_group *g = group_find(r->uring, sqe->buffer_index);
	int err = provide_check(sqe);
	uint32_t i;

	if (err || (g && g->ring))
		return err ? err : -EINVAL;
	if (!g)
		g = group_create(r->uring, sqe->buffer_index);
	for (i = 0; g && i < (uint32_t)sqe->fd && r->uring->nr_provided < PROVIDED_MAX; i++) {
		struct uring_buffer *b = buffer_create(r->uring);

		if (!b)
			break;
		*b = (struct uring_buffer){ .address = sqe->address + (uint64_t)i * sqe->length, .length = sqe->length,
					    .number = (uint16_t)(sqe->offset + i) };
		list_append(&g->buffers, &b->link);
		r->uring->nr_provided++;
	}
	return g && i ? 0 : -ENOMEM;
}

int64_t uring_buffers_remove(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	struct uring_group *g = group_find(r->uring, sqe->buffer_index);
	uint32_t nr = (uint32_t)sqe->fd;

	if (sqe->op_flags || sqe->address || sqe->length || sqe->offset || sqe->splice_fd || !nr || nr > NUMBERS)
		return -EINVAL;
	if (!g)
		return -ENOENT;
	return g->ring ? -EINVAL : (int64_t)buffers_drop(r->uring, g, nr);
}

/* ---- In a ring ---- */

int uring_ring_register(struct uring *u, uint64_t from, uint32_t nr)
{
	struct linux_uring_buf_reg reg;
	struct uring_group *g;
	uint16_t tail;

	if (nr != 1)
		return -EINVAL;
	if (copy_from_user(&reg, from, sizeof(reg)))
		return -EFAULT;
	if (reg.pad || reg.reserved[0] || reg.reserved[1] || reg.reserved[2] || !reg.ring_entries || reg.ring_entries & (reg.ring_entries - 1))
		return -EINVAL;
	if (!reg.ring_address || reg.ring_address & ~PAGE_MASK)
		return reg.ring_address ? -EINVAL : -EFAULT;
	if (reg.ring_entries > RING_ENTRIES_MAX)
		return -EINVAL;
	g = group_find(u, reg.group);
	if (g && (g->ring || !list_empty(&g->buffers)))
		return -EEXIST;
	if (copy_from_user(&tail, reg.ring_address + reg.ring_entries * sizeof(struct linux_uring_buf) - sizeof(tail), sizeof(tail)))
		return -EFAULT;
	g = g ? g : group_create(u, reg.group);
	if (!g)
		return -ENOMEM;
	g->ring = reg.ring_address;
	g->nr_entries = reg.ring_entries;
	g->space_number = current_process->space->number;
	g->head = 0;
	return 0;
}

int uring_ring_unregister(struct uring *u, uint64_t from, uint32_t nr)
{
	struct linux_uring_buf_reg reg;
	struct uring_group *g;

	if (nr != 1)
		return -EINVAL;
	if (copy_from_user(&reg, from, sizeof(reg)))
		return -EFAULT;
	if (reg.pad || reg.reserved[0] || reg.reserved[1] || reg.reserved[2])
		return -EINVAL;
	g = group_find(u, reg.group);
	if (!g)
		return -ENOENT;
	if (!g->ring)
		return -EINVAL;
	group_forget(u, g);
	return 0;
}

/* -ENOBUFS: the program's tail says that there is none. */
static int ring_take(struct uring_group *g, struct linux_uring_buf *b)
{
	uint16_t tail;

	if (g->space_number != current_process->space->number || copy_from_user(&tail, g->ring + RING_TAIL, sizeof(tail)))
		return -EFAULT;
	if (tail == g->head)
		return -ENOBUFS;
	if (copy_from_user(b, g->ring + (g->head & (g->nr_entries - 1)) * sizeof(*b), sizeof(*b)))
		return -EFAULT;
	g->head++;
	return 0;
}

/* ---- Choosing ---- */

static int list_take(struct uring *u, struct uring_group *g, struct linux_uring_buf *to)
{
	struct uring_buffer *b;

	if (list_empty(&g->buffers))
		return -ENOBUFS;
	b = list_first(&g->buffers, struct uring_buffer, link);
	*to = (struct linux_uring_buf){ .address = b->address, .length = b->length, .number = b->number };
	list_del(&b->link);
	kfree(b);
	u->nr_provided--;
	return 0;
}

int uring_buffer_select(struct uring_request *r)
{
	struct uring_group *g = group_find(r->uring, r->sqe.buffer_index);
	int err = !g ? -ENOBUFS : g->ring ? ring_take(g, &r->chosen) : list_take(r->uring, g, &r->chosen);

	if (err)
		return err;
	r->sqe.address = r->chosen.address;
	r->sqe.length = !r->wanted || r->wanted > r->chosen.length ? r->chosen.length : r->wanted;
	r->one = (struct iovec_k){ r->sqe.address, r->sqe.length };
	r->cqe_flags = LINUX_URING_CQE_BUFFER | (uint32_t)r->chosen.number << LINUX_URING_CQE_BUFFER_SHIFT;
	return user_range_ok(r->sqe.address, r->sqe.length) ? 0 : -EFAULT;
}

void uring_buffer_return(struct uring_request *r)
{
	struct uring_group *g = r->cqe_flags ? group_find(r->uring, r->sqe.buffer_index) : NULL;
	struct uring_buffer *b;

	r->cqe_flags = 0;
	if (!g)
		return;
	if (g->ring) {
		g->head--;
		return;
	}
	b = buffer_create(r->uring);
	if (!b)
		return;		/* the program misses one */
	*b = (struct uring_buffer){ .address = r->chosen.address, .length = r->chosen.length, .number = r->chosen.number };
	list_push(&g->buffers, &b->link);
	r->uring->nr_provided++;
}
