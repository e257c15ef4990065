// SPDX-License-Identifier: GPL-2.0
/* io_uring: a thread of the kernel's takes submissions (IORING_SETUP_SQPOLL), and ends with its program. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "uring.h"

#define FLAG_SLEEPS	LINUX_URING_SQ_NEED_WAKEUP

static unsigned int sq_flags(struct ring *r)
{
	return __atomic_load_n(word(r, r->p.sq.flags), __ATOMIC_SEQ_CST);
}

static struct ring open_polled(unsigned int entries, unsigned int idle_ms)
{
	return ring_open_params(entries, &(struct linux_uring_params){ .flags = LINUX_URING_SETUP_SQPOLL, .sq_thread_idle = idle_ms });
}

/* What a library does after it wrote to the ring. */
static void submitted(struct ring *r)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (sq_flags(r) & FLAG_SLEEPS)
		CHECK(syscall(SYS_io_uring_enter, r->fd, 1, 0, LINUX_URING_ENTER_SQ_WAKEUP, NULL, 0) == 1);
}

static struct linux_uring_cqe awaited(struct ring *r)
{
	while (!ready(r))
		;
	return pop(r);
}

static struct linux_uring_sqe nop(unsigned long long name)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = name };
}

/* The thread does not sleep for the hour that it was told, so no call is made at all. */
ABI_CASE(uring_thread_takes_submissions_without_a_call)
{
	struct ring r = open_polled(8, 3600000);

	for (unsigned int i = 0; i < 100; i++) {
		push(&r, nop(i));
		CHECK(awaited(&r).user_data == i);
	}
	CHECK(!(sq_flags(&r) & FLAG_SLEEPS));
}

ABI_CASE(uring_thread_that_sleeps_says_so_and_is_woken)
{
	struct ring r = open_polled(8, 1);

	for (unsigned int i = 0; i < 3; i++) {
		while (!(sq_flags(&r) & FLAG_SLEEPS))
			sched_yield();
		push(&r, nop(i));
		CHECK(syscall(SYS_io_uring_enter, r.fd, 1, 1, LINUX_URING_ENTER_SQ_WAKEUP | LINUX_URING_ENTER_GETEVENTS, NULL, 0) == 1);
		CHECK(pop(&r).user_data == i);
	}
}

/* What waited goes on in the thread: the program makes no call, another one writes. */
ABI_CASE(uring_thread_goes_on_with_what_waited)
{
	struct ring r = open_polled(8, 3600000);
	struct linux_uring_sqe sqe;
	char in[8] = "";
	int p[2];

	CHECK(!pipe(p));
	sqe = move(LINUX_URING_OP_READ, p[0], in, 8, 0);
	sqe.user_data = 3;
	push(&r, sqe);
	if (!fork()) {
		usleep(20000);
		_exit(write(p[1], "later", 5) != 5);
	}
	CHECK(awaited(&r).result == 5 && !strcmp(in, "later"));
	wait(NULL);
}

ABI_CASE(uring_thread_waits_for_room_to_be_made)
{
	struct ring r = open_polled(4, 1);
	unsigned int got = 0;

	for (unsigned int i = 0; i < 64; i++) {
		CHECK(syscall(SYS_io_uring_enter, r.fd, 0, 0, LINUX_URING_ENTER_SQ_WAIT | LINUX_URING_ENTER_SQ_WAKEUP, NULL, 0) == 0);
		push(&r, nop(i));
		submitted(&r);
		for (; ready(&r); got++)
			CHECK(pop(&r).user_data == got);
	}
	for (; got < 64; got++)
		CHECK(awaited(&r).user_data == got);
}

ABI_CASE(uring_thread_has_a_processor_where_there_is_one)
{
	struct linux_uring_params p = { .flags = LINUX_URING_SETUP_SQPOLL | LINUX_URING_SETUP_SQ_AFF };
	int fd = setup(4, &p);

	CHECK(fd >= 0 && !close(fd));
	p = (struct linux_uring_params){ .flags = p.flags, .sq_thread_cpu = 100000 };
	CHECK_ERR(setup(4, &p), EINVAL);
	p = (struct linux_uring_params){ .flags = LINUX_URING_SETUP_SQ_AFF };
	CHECK_ERR(setup(4, &p), EINVAL);
}

/* A program with such a ring, busy or asleep, ends by itself, is killed, or runs another one. */
ABI_CASE(uring_thread_ends_with_its_program)
{
	for (unsigned int how = 0; how < 6; how++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			struct ring r = open_polled(8, how & 1 ? 1 : 3600000);

			for (unsigned int i = 0; i < 8; i++)
				push(&r, nop(i));
			if (how / 2 == 0)
				_exit(7);
			if (how / 2 == 1)
				kill(getpid(), SIGKILL);
			execl("/bin/sh", "sh", "-c", "exit 7", NULL);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(how / 2 == 1 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : WIFEXITED(status) && WEXITSTATUS(status) == 7);
	}
}

/* The ring is its child's as well, whose calls say that nobody takes anything any more. */
ABI_CASE(uring_without_its_thread_says_so)
{
	int p[2], answer = 0;

	CHECK(!pipe(p));
	if (!fork()) {
		struct ring r = open_polled(8, 1);
		pid_t me = getpid();

		if (!fork()) {
			while (getppid() == me)
				usleep(1000);
			answer = syscall(SYS_io_uring_enter, r.fd, 1, 0, 0, NULL, 0) == 1 ? 1 : errno;
			_exit(write(p[1], &answer, sizeof(answer)) != sizeof(answer));
		}
		_exit(0);
	}
	wait(NULL);
	CHECK(read(p[0], &answer, sizeof(answer)) == sizeof(answer) && answer == EOWNERDEAD);
}

/* Stopped with its program, and on again. */
ABI_CASE(uring_thread_stops_with_its_program)
{
	int p[2], status;
	char c;
	pid_t pid;

	CHECK(!pipe(p));
	pid = fork();
	if (!pid) {
		struct ring r = open_polled(8, 3600000);

		for (unsigned int i = 0;; i++) {
			push(&r, nop(i));
			(void)awaited(&r);
			(void)!write(p[1], "x", 1);
		}
	}
	for (unsigned int i = 0; i < 3; i++) {
		CHECK(read(p[0], &c, 1) == 1);
		CHECK(!kill(pid, SIGSTOP) && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		CHECK(!kill(pid, SIGCONT));
	}
	CHECK(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid);
}

static struct linux_uring_sqe poll_of(int fd, unsigned long long name)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = fd, .op_flags = POLLIN, .user_data = name };
}

static void all_taken(struct ring *r)
{
	while (__atomic_load_n(word(r, r->p.sq.head), __ATOMIC_ACQUIRE) != *word(r, r->p.sq.tail))
		sched_yield();
}

/* The thread of @r ends its request that holds @other, and stays in a call until somebody opens @fifo: then it puts the other ring's file. */
static void lets_go_of(struct ring *r, struct ring *other, const char *fifo)
{
	struct linux_uring_sqe open = { .opcode = LINUX_URING_OP_OPENAT, .fd = AT_FDCWD, .address = (uintptr_t)fifo };

	push(r, poll_of(other->fd, 1));
	all_taken(r);
	push(r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .address = 1 });
	push(r, open);
}

/* Two rings whose threads put each other's file, both at once. What their requests held comes back while the program lives. */
ABI_CASE(uring_threads_that_hold_each_other_end)
{
	const char *names[2] = { "fifo0", "fifo1" };
	struct ring r[2];
	int p[2][2];

	abi_fresh();
	for (unsigned int i = 0; i < 2; i++) {
		r[i] = open_polled(8, 3600000);
		CHECK(!mkfifo(names[i], 0600) && !pipe(p[i]));
		push(&r[i], poll_of(p[i][0], 2));
	}
	signal(SIGPIPE, SIG_IGN);
	for (unsigned int i = 0; i < 2; i++)
		lets_go_of(&r[i], &r[!i], names[i]);
	for (unsigned int i = 0; i < 2; i++)
		all_taken(&r[i]);
	for (unsigned int i = 0; i < 2; i++) {
		CHECK(!munmap(r[i].at, r[i].bytes) && !munmap(r[i].sqes, r[i].p.sq_entries * sizeof(*r[i].sqes)));
		CHECK(!close(r[i].fd) && !close(p[i][0]));
	}
	for (unsigned int i = 0; i < 2; i++)
		CHECK(open(names[i], O_RDWR) >= 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct pollfd end = { .fd = p[i][1] };

		CHECK(poll(&end, 1, -1) == 1 && end.revents & POLLERR);
		CHECK_ERR((int)write(p[i][1], "x", 1), EPIPE);
	}
}
