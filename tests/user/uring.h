/* SPDX-License-Identifier: GPL-2.0 */
/* A ring of io_uring for tests: requests go in by push() and enter(), completions come out by pop(). */
#ifndef TESTS_USER_URING_H
#define TESTS_USER_URING_H

#include <sys/mman.h>
#include <sys/syscall.h>
#include <uapi/ferry/linux_uring.h>
#include "abi.h"

struct ring {
	int fd;
	unsigned char *at;
	size_t bytes;
	struct linux_uring_sqe *sqes;
	struct linux_uring_params p;
};

static inline unsigned int *word(struct ring *r, unsigned int offset)
{
	return (unsigned int *)(r->at + offset);
}

static inline int setup(unsigned int entries, struct linux_uring_params *p)
{
	return (int)syscall(SYS_io_uring_setup, entries, p);
}

static inline struct ring ring_open_params(unsigned int entries, const struct linux_uring_params *p)
{
	struct ring r = { .fd = -1, .p = *p };

	r.fd = setup(entries, &r.p);
	CHECK(r.fd >= 0);
	CHECK(r.p.features & LINUX_URING_FEAT_SINGLE_MMAP);
	r.bytes = r.p.sq.array + r.p.sq_entries * 4;
	if (r.bytes < r.p.cq.cqes + r.p.cq_entries * sizeof(struct linux_uring_cqe))
		r.bytes = r.p.cq.cqes + r.p.cq_entries * sizeof(struct linux_uring_cqe);
	r.at = mmap(NULL, r.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r.fd, LINUX_URING_OFF_SQ_RING);
	r.sqes = mmap(NULL, r.p.sq_entries * sizeof(*r.sqes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r.fd, LINUX_URING_OFF_SQES);
	CHECK(r.at != MAP_FAILED && r.sqes != MAP_FAILED);
	return r;
}

static inline struct ring ring_open_with(unsigned int entries, unsigned int flags)
{
	return ring_open_params(entries, &(struct linux_uring_params){ .flags = flags });
}

static inline struct ring ring_open(unsigned int entries)
{
	return ring_open_with(entries, 0);
}

static inline void ring_close(struct ring *r)
{
	CHECK(!munmap(r->at, r->bytes) && !munmap(r->sqes, r->p.sq_entries * sizeof(*r->sqes)) && !close(r->fd));
}

static inline void push(struct ring *r, struct linux_uring_sqe sqe)
{
	unsigned int tail = *word(r, r->p.sq.tail), i = tail & *word(r, r->p.sq.ring_mask);

	r->sqes[i] = sqe;
	word(r, r->p.sq.array)[i] = i;
	__atomic_store_n(word(r, r->p.sq.tail), tail + 1, __ATOMIC_RELEASE);
}

static inline int enter(struct ring *r, unsigned int submit, unsigned int wait)
{
	return (int)syscall(SYS_io_uring_enter, r->fd, submit, wait, wait ? LINUX_URING_ENTER_GETEVENTS : 0, NULL, 0);
}

static inline unsigned int ready(struct ring *r)
{
	return __atomic_load_n(word(r, r->p.cq.tail), __ATOMIC_ACQUIRE) - *word(r, r->p.cq.head);
}

static inline struct linux_uring_cqe pop(struct ring *r)
{
	unsigned int head = *word(r, r->p.cq.head);
	struct linux_uring_cqe *cqes = (struct linux_uring_cqe *)(r->at + r->p.cq.cqes), cqe;

	CHECK(ready(r));
	cqe = cqes[head & *word(r, r->p.cq.ring_mask)];
	__atomic_store_n(word(r, r->p.cq.head), head + 1, __ATOMIC_RELEASE);
	return cqe;
}

/* The next completion, waited for. */
static inline struct linux_uring_cqe pop_wait(struct ring *r)
{
	if (!ready(r))
		CHECK(enter(r, 0, 1) >= 0);
	return pop(r);
}

/* That of the request @name. */
static inline struct linux_uring_cqe pop_named(struct ring *r, unsigned long long name)
{
	struct linux_uring_cqe cqe = pop_wait(r);

	CHECK(cqe.user_data == name);
	return cqe;
}

/* One request from beginning to end. */
static inline int one(struct ring *r, struct linux_uring_sqe sqe)
{
	struct linux_uring_cqe cqe;

	sqe.user_data = 0x1234567890ull + sqe.opcode;
	push(r, sqe);
	CHECK(enter(r, 1, 1) == 1);
	cqe = pop(r);
	CHECK(cqe.user_data == sqe.user_data);
	return cqe.result;
}

static inline struct linux_uring_sqe move(int op, int fd, const void *at, unsigned int length, unsigned long long offset)
{
	return (struct linux_uring_sqe){ .opcode = (unsigned char)op, .fd = fd, .address = (uintptr_t)at, .length = length, .offset = offset };
}

#endif
