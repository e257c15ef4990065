// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: what a ring may still be asked for once it is handed to others (IORING_REGISTER_RESTRICTIONS): given while the ring is disabled, in
 * force from the moment that it is enabled. u->lock held.
 */
#include "uring.h"

#define MOST	(LINUX_URING_RESTRICT_FLAGS_MUST + 1 + LINUX_URING_REGISTER_LAST + LINUX_URING_OP_LAST)

_Static_assert(LINUX_URING_OP_LAST <= 64 && LINUX_URING_REGISTER_LAST <= 64, "bits for all");

static int add(struct uring_limits *l, const struct linux_uring_restriction *r)
{
	switch (r->what) {
	case LINUX_URING_RESTRICT_REGISTER:
		if (r->value >= LINUX_URING_REGISTER_LAST)
			return -EINVAL;
		l->registers |= 1ull << r->value;
		return 0;
	case LINUX_URING_RESTRICT_OP:
		if (r->value >= LINUX_URING_OP_LAST)
			return -EINVAL;
		l->ops |= 1ull << r->value;
		return 0;
	case LINUX_URING_RESTRICT_FLAGS_MAY:
		l->flags_may = r->value;
		return 0;
	case LINUX_URING_RESTRICT_FLAGS_MUST:
		l->flags_must = r->value;
		return 0;
	}
	return -EINVAL;
}

int uring_restrict(struct uring *u, uint64_t from, uint32_t nr)
{
	struct uring_limits limits = { .given = true };
	struct linux_uring_restriction r;
	int err = 0;

	if (!u->disabled)
		return -EBADFD;
	if (u->limits.given)
		return -EBUSY;
	if (!from || nr > MOST)
		return -EINVAL;
	for (uint32_t i = 0; i < nr && !err; i++)
		err = copy_from_user(&r, from + i * sizeof(r), sizeof(r)) ? -EFAULT : add(&limits, &r);
	if (!err)
		u->limits = limits;
	return err;
}

bool uring_may_register(const struct uring *u, uint32_t what)
{
	return !u->limits.given || u->disabled || u->limits.registers >> what & 1;
}

bool uring_may_ask(const struct uring *u, const struct linux_uring_sqe *sqe)
{
	const struct uring_limits *l = &u->limits;

	if (!l->given)
		return true;
	return l->ops >> sqe->opcode & 1 && (sqe->flags & l->flags_must) == l->flags_must && !(sqe->flags & ~(l->flags_may | l->flags_must));
}
