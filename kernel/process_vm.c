// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv(2) and process_vm_writev(2): bytes between the caller and another process that it may trace, through a buffer of one
 * page. What was moved before a fault counts.
 */
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include "process_internal.h"

struct vm_copy {
	struct space *space;
	struct iter local;
	char *buffer;
	bool write;
};

static ssize_t copy_step(struct vm_copy *c, uint64_t remote, size_t n)
{
	ssize_t got;

	if (!c->write) {
		got = space_read(c->space, remote, c->buffer, n);
		return got > 0 ? iter_put(&c->local, c->buffer, got) : got;
	}
	got = iter_get(&c->local, c->buffer, n);
	return got > 0 ? space_write(c->space, remote, c->buffer, got) : got;
}

/* One piece of the other's memory; fewer bytes than it has end the call. */
static ssize_t copy_piece(struct vm_copy *c, const struct iovec_k *v)
{
	uint64_t length = MIN(v->length, c->local.left), done = 0;

	while (done < length) {
		size_t n = MIN(length - done, PAGE_SIZE - (v->base + done) % PAGE_SIZE);
		ssize_t got = copy_step(c, v->base + done, n);

		if (got <= 0)
			return done ? (ssize_t)done : -EFAULT;
		done += got;
		if ((size_t)got < n || signal_interrupts())
			break;
	}
	return done;
}

static int64_t copy_pieces(struct vm_copy *c, const struct iovec_k *remote, unsigned int nr)
{
	int64_t done = 0;

	for (unsigned int i = 0; i < nr && c->local.left; i++) {
		ssize_t n = remote[i].length ? copy_piece(c, &remote[i]) : 0;

		if (n < 0)
			return done ? done : n;
		done += n;
		if ((uint64_t)n < remote[i].length)
			break;
	}
	return done;
}

int iovec_from_user(struct iovec_k *vec, uint64_t uvec, unsigned int nr)
{
	uint64_t sum = 0;

	if (copy_from_user(vec, uvec, nr * sizeof(*vec)))
		return -EFAULT;
	for (unsigned int i = 0; i < nr; i++) {
		if ((int64_t)vec[i].length < 0 || (int64_t)(sum + vec[i].length) < 0)
			return -EINVAL;
		sum += vec[i].length;
	}
	return 0;
}

static int pieces_are_user(const struct iovec_k *vec, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		if (!user_range_ok(vec[i].base, vec[i].length))
			return -EFAULT;
	return 0;
}

static int64_t copy_with(struct process *p, struct vm_copy *c, const struct iovec_k *local, const struct iovec_k *remote, const uint64_t *a)
{
	int64_t n;

	c->space = ptrace_space_get(p);
	if (!c->space || IS_ERR(c->space))
		return c->space ? PTR_ERR(c->space) : -ESRCH;
	iter_init(&c->local, local, (uint32_t)a[2], false);
	n = copy_pieces(c, remote, a[4]);
	space_put(c->space);
	return n;
}

/* Is there anything to move? */
static bool any_bytes(const struct iovec_k *vec, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (vec[i].length)
			return true;
	return false;
}

/* The order of the checks is Linux's: the caller's vector, the other's, then whose it is. */
static int64_t vm_run(const uint64_t *a, struct iovec_k *vec, bool write)
{
	struct vm_copy c = { .write = write };
	struct thread *t;
	uint32_t nr = (uint32_t)a[2];
	int64_t n = iovec_from_user(vec, a[1], nr);

	if (!n)
		n = pieces_are_user(vec, nr);
	if (n || !any_bytes(vec, nr))
		return n;
	n = a[4] > LINUX_IOV_MAX ? -EINVAL : iovec_from_user(vec + nr, a[3], a[4]);
	if (n || !any_bytes(vec + nr, a[4]))
		return n;
	t = thread_find(0, pid_meant((pid_t)a[0]));
	if (!t)
		return -ESRCH;
	c.buffer = kzalloc(PAGE_SIZE);
	n = c.buffer ? copy_with(t->process, &c, vec, vec + nr, a) : -ENOMEM;
	kfree(c.buffer);
	thread_put(t);
	return n;
}

/* (pid, local, nr, remote, nr, flags). Of the first number the low half counts, as on Linux. */
static int64_t vm_call(const uint64_t *a, bool write)
{
	struct iovec_k *vec;
	int64_t n;

	if (a[5] || (uint32_t)a[2] > LINUX_IOV_MAX)
		return -EINVAL;
	vec = kcalloc((uint32_t)a[2] + MIN(a[4], (uint64_t)LINUX_IOV_MAX) + 1, sizeof(*vec));
	if (!vec)
		return -ENOMEM;
	n = vm_run(a, vec, write);
	kfree(vec);
	return n;
}

SYSCALL(NR_process_vm_readv, process_vm_readv)
{
	return vm_call(args->a, false);
}

SYSCALL(NR_process_vm_writev, process_vm_writev)
{
	return vm_call(args->a, true);
}
