// SPDX-License-Identifier: GPL-2.0
/* io_uring: how far one call takes requests, what of a chain is told, and who may use a ring. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include "uring.h"

#define LINK	LINUX_URING_SQE_IO_LINK
#define QUIET	LINUX_URING_SQE_CQE_SKIP
#define DRAIN	LINUX_URING_SQE_IO_DRAIN

static void push_as(struct ring *r, struct linux_uring_sqe sqe, unsigned int flags, unsigned long long name)
{
	sqe.flags = (unsigned char)flags;
	sqe.user_data = name;
	push(r, sqe);
}

static void push_nops(struct ring *r, unsigned int nr, unsigned int flags)
{
	for (unsigned int i = 0; i < nr; i++)
		push_as(r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP }, flags, i);
}

static void expect(struct ring *r, unsigned long long name, int result)
{
	struct linux_uring_cqe cqe = pop_wait(r);

	if (cqe.user_data != name || cqe.result != result)
		fprintf(stderr, "# completion %llu: %d, wanted %llu: %d\n", cqe.user_data, cqe.result, name, result);
	CHECK(cqe.user_data == name && cqe.result == result);
}

static struct linux_uring_sqe counting(unsigned int nr)
{
	static long long hour[2] = { 3600, 0 };

	return move(LINUX_URING_OP_TIMEOUT, -1, hour, 1, nr);
}

/* Whoever waits for fewer completions ends first, whenever it was sent. */
ABI_CASE(uring_timeouts_count_each_for_itself)
{
	struct ring r = ring_open(8);

	push_as(&r, counting(3), 0, 10);
	push_as(&r, counting(1), 0, 11);
	push_as(&r, counting(2), 0, 12);
	push_as(&r, counting(2), 0, 13);
	CHECK(enter(&r, 4, 0) == 4 && !ready(&r));
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_TIMEOUT_REMOVE, .fd = -1, .address = 12 }, 0, 14);
	CHECK(enter(&r, 1, 3) == 1);
	expect(&r, 12, -ECANCELED);
	expect(&r, 14, 0);
	expect(&r, 11, 0);
	CHECK(!ready(&r));
	push_nops(&r, 1, 0);
	CHECK(enter(&r, 1, 2) == 1);
	expect(&r, 0, 0);
	expect(&r, 13, 0);
	CHECK(!ready(&r));
	push_nops(&r, 1, 0);
	CHECK(enter(&r, 1, 2) == 1);
	expect(&r, 0, 0);
	expect(&r, 10, 0);
}

ABI_CASE(uring_call_ends_at_what_makes_no_sense)
{
	struct linux_uring_sqe wrong = { .opcode = 200 }, urgent = { .opcode = LINUX_URING_OP_READ, .fd = 999, .ioprio = 0xffff };
	struct ring r = ring_open(8), all = ring_open_with(8, LINUX_URING_SETUP_SUBMIT_ALL);

	push_nops(&r, 2, 0);
	push_as(&r, wrong, 0, 7);
	push_nops(&r, 2, 0);
	CHECK(enter(&r, 5, 0) == 3 && ready(&r) == 3);
	CHECK(enter(&r, 2, 0) == 2 && ready(&r) == 5);
	push_as(&all, urgent, 0, 7);
	push_as(&all, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .ioprio = 1 }, 0, 8);
	push_nops(&all, 2, 0);
	CHECK(enter(&all, 4, 0) == 4 && ready(&all) == 4);
	expect(&all, 7, -EINVAL);
	expect(&all, 8, -EINVAL);
	/* What is only found when it starts does not end the call. */
	while (ready(&r))
		pop(&r);
	push_as(&r, move(LINUX_URING_OP_READV, 0, NULL, 1, 0), 0, 7);
	push_nops(&r, 1, 0);
	CHECK(enter(&r, 2, 0) == 2 && ready(&r) == 2);
	expect(&r, 7, -EFAULT);
}

ABI_CASE(uring_quiet_chain_tells_of_its_failure_alone)
{
	struct timespec hour = { .tv_sec = 3600 };
	struct linux_uring_sqe limit = { .opcode = LINUX_URING_OP_LINK_TIMEOUT, .fd = -1, .address = (uintptr_t)&hour, .length = 1 };
	struct ring r = ring_open(8);
	int p[2];

	CHECK(!pipe(p));
	push_nops(&r, 2, LINK | QUIET);
	push_as(&r, move(LINUX_URING_OP_WRITE, p[1], NULL, 100, 0), LINK | QUIET, 2);
	push_nops(&r, 2, LINK);
	CHECK(enter(&r, 5, 0) == 5 && ready(&r) == 1);
	expect(&r, 2, -EFAULT);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP }, LINK, 3);
	push_as(&r, limit, QUIET, 4);
	CHECK(enter(&r, 2, 0) == 2 && ready(&r) == 1);
	expect(&r, 3, 0);
	/* Who counts completions cannot drain. */
	push_nops(&r, 1, DRAIN);
	CHECK(enter(&r, 1, 0) == 1);
	expect(&r, 0, -EOPNOTSUPP);
}

ABI_CASE(uring_chain_drains_as_a_whole)
{
	struct ring r = ring_open(8);
	char c;
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 7);
	push_nops(&r, 1, LINK);
	push_nops(&r, 1, LINK | DRAIN);
	push_nops(&r, 1, 0);
	CHECK(enter(&r, 4, 0) == 4 && !ready(&r));
	CHECK(write(p[1], "x", 1) == 1);
	expect(&r, 7, 1);
	for (unsigned int i = 0; i < 3; i++)
		expect(&r, 0, 0);
}

ABI_CASE(uring_largest_ring_takes_twice_its_size)
{
	struct ring r = ring_open(32768);

	CHECK(r.p.sq_entries == 32768 && r.p.cq_entries == 65536);
	for (unsigned int round = 1; round <= 2; round++) {
		push_nops(&r, 32768, 0);
		CHECK(enter(&r, 32768, 0) == 32768 && ready(&r) == round * 32768);
	}
}

ABI_CASE(uring_more_may_wait_than_there_is_room_for)
{
	struct ring r = ring_open(8);
	int p[2];

	CHECK(!pipe(p));
	for (unsigned int i = 0; i < 100; i++) {
		push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = p[0], .op_flags = POLLIN }, 0, i);
		CHECK(enter(&r, 1, 0) == 1);
	}
	CHECK(write(p[1], "x", 1) == 1);
	for (unsigned int i = 0; i < 100; i++) {
		if (!ready(&r))
			CHECK(enter(&r, 0, 1) >= 0);
		CHECK(pop(&r).result == POLLIN);
	}
}

ABI_CASE(uring_eventfd_keeps_silent_when_asked_to)
{
	struct ring r = ring_open(8);
	int e = eventfd(0, 0);
	uint64_t count = 0;

	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_EVENTFD, &e, 1));
	*word(&r, r.p.cq.flags) = LINUX_URING_CQ_EVENTFD_DISABLED;
	push_as(&r, move(LINUX_URING_OP_READ, e, &count, sizeof(count), 0), 0, 1);
	push_nops(&r, 3, 0);
	CHECK(enter(&r, 4, 0) == 4 && ready(&r) == 3);
	*word(&r, r.p.cq.flags) = 0;
	while (ready(&r))
		pop(&r);
	push_nops(&r, 1, 0);
	CHECK(enter(&r, 1, 2) == 1 && ready(&r) == 2);
	CHECK(count == 1);	/* the nop's; being ready to read it is no event of its own */
}

ABI_CASE(uring_fallocate_past_the_limit_is_no_signal)
{
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_FALLOCATE, .address = 128 << 10 };
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct rlimit limit = { 64 << 10, 64 << 10 };
		char path[] = "/tmp/uring.XXXXXX";
		struct ring r;

		sqe.fd = mkstemp(path);
		CHECK(sqe.fd >= 0 && !unlink(path) && !setrlimit(RLIMIT_FSIZE, &limit));
		r = ring_open(2);
		CHECK(one(&r, sqe) == -EFBIG);
		posix_fallocate(sqe.fd, 0, 128 << 10);	/* the call is */
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
}

/* A child has the ring's memory, and what it sends by it is its own. */
ABI_CASE(uring_memory_goes_to_children)
{
	struct ring r = ring_open(4);
	int status;

	if (!fork()) {
		push_nops(&r, 1, 0);
		_exit(enter(&r, 1, 1) != 1);
	}
	CHECK(wait(&status) > 0 && !status);
	expect(&r, 0, 0);
	CHECK(!madvise(r.sqes, r.p.sq_entries * sizeof(*r.sqes), MADV_DONTFORK));
	if (!fork()) {
		signal(SIGSEGV, SIG_DFL);
		push_nops(&r, 1, 0);
		_exit(1);
	}
	CHECK(wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static int error_in_a_child(struct ring *r, bool enables)
{
	int status;

	if (!fork()) {
		int err = 0;

		if (enables && syscall(SYS_io_uring_register, r->fd, LINUX_URING_REGISTER_ENABLE_RINGS, NULL, 0))
			_exit(errno);
		push_nops(r, 1, 0);
		if (enter(r, 1, 0) != 1)
			err = errno;
		_exit(err);
	}
	CHECK(wait(&status) > 0 && WIFEXITED(status));
	return WEXITSTATUS(status);
}

ABI_CASE(uring_of_a_single_issuer_is_nobody_elses)
{
	unsigned int single = LINUX_URING_SETUP_SINGLE_ISSUER, off = LINUX_URING_SETUP_R_DISABLED;
	struct ring mine = ring_open_with(4, single), later = ring_open_with(4, single | off), child = ring_open_with(4, single | off);

	CHECK(error_in_a_child(&mine, false) == EEXIST);
	CHECK(enter(&mine, 1, 1) == 1);
	push_nops(&later, 1, 0);
	CHECK_ERR(enter(&later, 1, 0), EBADFD);
	CHECK_ERR(syscall(SYS_io_uring_register, later.fd, LINUX_URING_REGISTER_ENABLE_RINGS, NULL, 1), EINVAL);
	CHECK(!syscall(SYS_io_uring_register, later.fd, LINUX_URING_REGISTER_ENABLE_RINGS, NULL, 0));
	CHECK_ERR(syscall(SYS_io_uring_register, later.fd, LINUX_URING_REGISTER_ENABLE_RINGS, NULL, 0), EBADFD);
	CHECK(enter(&later, 1, 1) == 1);
	CHECK(error_in_a_child(&later, false) == EEXIST);
	CHECK(error_in_a_child(&child, true) == 0);
	CHECK_ERR(enter(&child, 1, 0), EEXIST);
}

/* A thread that takes submissions takes none before it may. */
ABI_CASE(uring_thread_waits_until_the_ring_is_enabled)
{
	struct ring r = ring_open_with(4, LINUX_URING_SETUP_SQPOLL | LINUX_URING_SETUP_R_DISABLED);

	push_nops(&r, 1, 0);
	CHECK_ERR(enter(&r, 1, 0), EBADFD);
	CHECK(!ready(&r));
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_ENABLE_RINGS, NULL, 0));
	CHECK(enter(&r, 0, 1) >= 0);
	expect(&r, 0, 0);
}
