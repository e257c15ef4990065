// SPDX-License-Identifier: GPL-2.0
/* Pipes, polling in all its forms, and the files that exist to be polled. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include "abi.h"

static int *volatile nowhere = (int *)1;

static int ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static short ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

ABI_CASE(a_pipe_ends_when_its_writers_are_gone)
{
	char c[4];
	int fd[2];

	CHECK(!pipe(fd) && write(fd[1], "ab", 2) == 2 && !close(fd[1]));
	CHECK(read(fd[0], c, 4) == 2 && read(fd[0], c, 4) == 0);
}

ABI_CASE(a_pipe_without_readers_signals)
{
	int fd[2];

	CHECK(!pipe(fd) && !close(fd[0]));
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(fd[1], "x", 1), EPIPE);
	CHECK(ready(fd[1], POLLOUT) & POLLERR);
}

ABI_CASE(a_full_pipe_takes_whole_messages_or_none)
{
	static char block[4096];
	int fd[2], n, total = 0;

	CHECK(!pipe2(fd, O_NONBLOCK));
	CHECK_ERR(read(fd[0], block, 1), EAGAIN);
	while (write(fd[1], block, 4096) == 4096)
		total += 4096;
	CHECK(errno == EAGAIN && total == 65536 && fcntl(fd[1], F_GETPIPE_SZ) == 65536);
	CHECK(!ioctl(fd[0], FIONREAD, &n) && n == total && !ready(fd[1], POLLOUT));
	CHECK(read(fd[0], block, 4096) == 4096 && write(fd[1], block, 4096) == 4096);
	CHECK_ERR(pipe2(fd, 0x10000000), EINVAL);
	CHECK_ERR(pipe(nowhere), EFAULT);
	CHECK_ERR(lseek(fd[0], 0, SEEK_SET), ESPIPE);
}

ABI_CASE(a_pipe_can_grow_and_not_below_its_content)
{
	static char block[65536];
	int fd[2];

	CHECK(!pipe2(fd, O_NONBLOCK) && write(fd[1], block, 65536) == 65536);
	CHECK(fcntl(fd[1], F_SETPIPE_SZ, 131072) == 131072 && write(fd[1], block, 65536) == 65536);
	CHECK_ERR(fcntl(fd[1], F_SETPIPE_SZ, 4096), EBUSY);
	CHECK(read(fd[0], block, 65536) == 65536 && read(fd[0], block, 65536) == 65536);
	CHECK(fcntl(fd[1], F_SETPIPE_SZ, 4096) == 4096);
}

ABI_CASE(bytes_keep_their_order_through_a_pipe)
{
	unsigned int sum = 0, expected = 0, i, n;
	unsigned char block[3000];
	int fd[2];
	pid_t pid;

	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		for (i = 0; i < 200; i++) {
			for (n = 0; n < sizeof(block); n++)
				block[n] = (unsigned char)(i * 7 + n);
			CHECK(write(fd[1], block, sizeof(block)) == sizeof(block));
		}
		_exit(0);
	}
	close(fd[1]);
	for (i = 0; i < 200; i++)
		for (n = 0; n < sizeof(block); n++)
			expected = expected * 31 + (unsigned char)(i * 7 + n);
	while ((n = read(fd[0], block, 1777)) > 0)
		for (i = 0; i < n; i++)
			sum = sum * 31 + block[i];
	CHECK(sum == expected && abi_wait(pid) == 0);
}

ABI_CASE(poll_tells_and_times_out)
{
	struct timespec start;
	struct pollfd p[2];
	int fd[2];

	CHECK(!pipe(fd));
	p[0] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = 99, .events = POLLIN };
	CHECK(poll(p, 2, -1) == 1 && p[1].revents == POLLNVAL && !p[0].revents);
	p[1].fd = -1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	CHECK(poll(p, 2, 50) == 0 && ms_since(&start) >= 49);
	CHECK(ready(fd[1], POLLOUT) == POLLOUT && write(fd[1], "x", 1) == 1 && ready(fd[0], POLLIN | POLLOUT) == POLLIN);
	close(fd[1]);
	CHECK(ready(fd[0], POLLIN) == (POLLIN | POLLHUP));
	CHECK_ERR(poll((void *)nowhere, 1, 0), EFAULT);
}

ABI_CASE(poll_wakes_for_a_writer)
{
	struct pollfd p = { .events = POLLIN };
	int fd[2];
	pid_t pid;

	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		usleep(50000);
		_exit(write(fd[1], "x", 1) == 1 ? 0 : 1);
	}
	p.fd = fd[0];
	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN && abi_wait(pid) == 0);
}

static void nothing(int sig)
{
	(void)sig;
}

ABI_CASE(ppoll_lets_a_signal_in)
{
	struct timespec limit = { 50, 0 };
	sigset_t none, usr;

	sigemptyset(&none);
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	signal(SIGUSR1, nothing);
	CHECK(!sigprocmask(SIG_BLOCK, &usr, NULL) && !kill(getpid(), SIGUSR1));
	CHECK_ERR(ppoll(NULL, 0, &limit, &none), EINTR);
	CHECK(!sigprocmask(0, NULL, &none) && sigismember(&none, SIGUSR1));
}

ABI_CASE(select_answers_by_bits)
{
	struct timeval t = { 0, 0 };
	fd_set in, out;
	int fd[2];

	CHECK(!pipe(fd));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fd[0], &in);
	FD_SET(fd[1], &out);
	CHECK(select(fd[1] + 1, &in, &out, NULL, &t) == 1 && !FD_ISSET(fd[0], &in) && FD_ISSET(fd[1], &out));
	CHECK(write(fd[1], "x", 1) == 1);
	FD_SET(fd[0], &in);
	CHECK(select(fd[1] + 1, &in, &out, NULL, NULL) == 2);
	FD_SET(99, &in);
	CHECK_ERR(select(100, &in, NULL, NULL, &t), EBADF);
	CHECK_ERR(select(-1, NULL, NULL, NULL, &t), EINVAL);
}

ABI_CASE(eventfd_counts)
{
	int fd = eventfd(2, EFD_NONBLOCK), one = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	uint64_t v = 3;

	CHECK(write(fd, &v, 8) == 8 && read(fd, &v, 8) == 8 && v == 5);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
	CHECK_ERR(read(fd, &v, 4), EINVAL);
	v = ~0ull;
	CHECK_ERR(write(fd, &v, 8), EINVAL);
	v--;
	CHECK(write(fd, &v, 8) == 8);
	v = 1;
	CHECK_ERR(write(fd, &v, 8), EAGAIN);
	CHECK(ready(fd, POLLIN | POLLOUT) == POLLIN);
	CHECK(read(one, &v, 8) == 8 && v == 1 && read(one, &v, 8) == 8 && v == 1);
	CHECK_ERR(read(one, &v, 8), EAGAIN);
}

ABI_CASE(timerfd_expires)
{
	struct itimerspec t = { { 0, 10000000 }, { 0, 20000000 } }, now;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n;

	CHECK(fd >= 0 && !timerfd_settime(fd, 0, &t, NULL) && read(fd, &n, 8) == 8 && n >= 1);
	usleep(50000);
	CHECK(read(fd, &n, 8) == 8 && n >= 2 && !timerfd_gettime(fd, &now) && now.it_interval.tv_nsec == 10000000);
	t = (struct itimerspec){ 0 };
	CHECK(!timerfd_settime(fd, 0, &t, NULL) && !ready(fd, POLLIN));
	t.it_value.tv_nsec = 1000000000;
	CHECK_ERR(timerfd_settime(fd, 0, &t, NULL), EINVAL);
	CHECK_ERR(timerfd_create(77, 0), EINVAL);
}

static int wait_one(int ep, struct epoll_event *e, int ms)
{
	return epoll_wait(ep, e, 1, ms);
}

ABI_CASE(epoll_reports_by_level_edge_and_once)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 0x1122334455667788 };
	int ep = epoll_create1(EPOLL_CLOEXEC), fd[2];
	char c;

	CHECK(!pipe(fd) && !epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e) && wait_one(ep, &e, 0) == 0);
	CHECK(write(fd[1], "a", 1) == 1 && wait_one(ep, &e, 1000) == 1 && e.events == EPOLLIN && e.data.u64 == 0x1122334455667788);
	CHECK(wait_one(ep, &e, 0) == 1);
	e.events = EPOLLIN | EPOLLET;
	CHECK(!epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e) && wait_one(ep, &e, 0) == 1 && wait_one(ep, &e, 0) == 0);
	CHECK(write(fd[1], "b", 1) == 1 && wait_one(ep, &e, 0) == 1 && wait_one(ep, &e, 0) == 0);
	e.events = EPOLLIN | EPOLLONESHOT;
	CHECK(!epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e) && wait_one(ep, &e, 0) == 1 && write(fd[1], "c", 1) == 1 && wait_one(ep, &e, 0) == 0);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_DEL, fd[0], NULL) && read(fd[0], &c, 1) == 1 && wait_one(ep, &e, 0) == 0);
}

ABI_CASE(epoll_tells_of_everything_that_is_ready_at_once)
{
	struct epoll_event e[300] = { { .events = EPOLLIN } };
	int ep = epoll_create1(0);

	for (int i = 0; i < 300; i++)
		CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, eventfd(1, 0), e));
	CHECK(epoll_wait(ep, e, 300, 0) == 300 && epoll_wait(ep, e, 299, 0) == 299);
}

ABI_CASE(epoll_refuses_what_makes_no_sense)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0), other = epoll_create1(0), fd[2];

	CHECK(!pipe(fd) && !epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e));
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e), EEXIST);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, fd[1], &e), ENOENT);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fd[1], &e), ENOENT);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e), EINVAL);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e), EBADF);
	CHECK_ERR(epoll_ctl(fd[0], EPOLL_CTL_ADD, fd[1], &e), EINVAL);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, open("/", O_RDONLY), &e), EPERM);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, other, &e));
	CHECK_ERR(epoll_ctl(other, EPOLL_CTL_ADD, ep, &e), ELOOP);
	CHECK_ERR(epoll_wait(ep, &e, 0, 0), EINVAL);
	CHECK_ERR(epoll_create1(1), EINVAL);
}

ABI_CASE(epoll_takes_exclusive_items_when_they_are_new)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int ep = epoll_create1(0), other = epoll_create1(0), fd[2];

	CHECK(!pipe(fd));
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e), EINVAL);	/* not even whether it is there */
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, other, &e), EINVAL);
	e.events |= EPOLLONESHOT;
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e), EINVAL);
	e.events = EPOLLEXCLUSIVE | EPOLLIN | EPOLLOUT | EPOLLET | EPOLLWAKEUP;
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e));
	e.events = EPOLLIN;
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e), EINVAL);
	CHECK(write(fd[1], "a", 1) == 1 && wait_one(ep, &e, 0) == 1);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_DEL, fd[0], NULL) && !epoll_ctl(ep, EPOLL_CTL_ADD, other, &(struct epoll_event){ .events = EPOLLIN }));
}

ABI_CASE(epoll_forgets_a_closed_file_and_sees_through_another)
{
	struct epoll_event e = { .events = EPOLLIN };
	int inner = epoll_create1(0), outer = epoll_create1(0), fd[2];

	CHECK(!pipe(fd) && !epoll_ctl(inner, EPOLL_CTL_ADD, fd[0], &e) && !epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e));
	CHECK(wait_one(outer, &e, 0) == 0 && write(fd[1], "x", 1) == 1 && wait_one(outer, &e, 1000) == 1);
	CHECK(!close(fd[0]) && wait_one(inner, &e, 0) == 0);
}

ABI_CASE(events_of_requests_are_awaited_with_another_mask)
{
	struct { const sigset_t *mask; unsigned long size; } arg = { .size = 8 };
	struct timespec none = { 0, 0 }, long_time = { 60, 0 };
	unsigned long context = 0;
	char events[32];
	sigset_t set;

	sigemptyset(&set);
	arg.mask = &set;
	CHECK(!syscall(SYS_io_setup, 4, &context));
	CHECK(syscall(SYS_io_pgetevents, context, 0, 1, events, &none, NULL) == 0);
	CHECK(syscall(SYS_io_pgetevents, context, 1, 1, events, &none, &arg) == 0);
	CHECK_ERR(syscall(SYS_io_pgetevents, context, 1, 1, events, &none, BAD), EFAULT);
	arg.size = 7;
	CHECK_ERR(syscall(SYS_io_pgetevents, context, 1, 1, events, &none, &arg), EINVAL);
	arg.size = 8;
	/* Blocked and pending before, let in by the call's own mask. */
	signal(SIGUSR1, nothing);
	sigaddset(&set, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL) && !raise(SIGUSR1));
	sigemptyset(&set);
	CHECK_ERR(syscall(SYS_io_pgetevents, context, 1, 1, events, &long_time, &arg), EINTR);
	CHECK(!sigprocmask(SIG_BLOCK, NULL, &set) && sigismember(&set, SIGUSR1) == 1);
	CHECK(!syscall(SYS_io_destroy, context));
	CHECK_ERR(syscall(SYS_io_pgetevents, context, 0, 1, events, &none, NULL), EINVAL);
}

ABI_CASE(epoll_files_watch_one_another_five_deep)
{
	struct epoll_event e = { .events = EPOLLIN };
	int below, fd[2];

	CHECK(!pipe(fd));
	below = fd[0];
	for (int depth = 0; depth < 5; depth++) {
		int ep = epoll_create1(0);

		CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, below, &e));
		below = ep;
	}
	errno = 0;
	CHECK(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, below, &e) == -1 && (errno == ELOOP || errno == EINVAL));
	CHECK(write(fd[1], "x", 1) == 1 && epoll_wait(below, &e, 1, 1000) == 1);
}

/* Each of a level watches all of the next: the ways through them are millions. */
ABI_CASE(epoll_files_that_share_what_they_watch_are_looked_at_once)
{
	enum { LEVELS = 5, WIDTH = 40 };
	static int ep[LEVELS][WIDTH];
	struct epoll_event e = { .events = EPOLLIN };

	for (int level = 0; level < LEVELS; level++) {
		for (int n = 0; n < WIDTH; n++) {
			ep[level][n] = epoll_create1(0);
			for (int below = 0; level && below < WIDTH; below++)
				CHECK(!epoll_ctl(ep[level][n], EPOLL_CTL_ADD, ep[level - 1][below], &e));
		}
	}
	CHECK_ERR(epoll_ctl(ep[0][0], EPOLL_CTL_ADD, ep[LEVELS - 1][0], &e), ELOOP);
}

ABI_CASE(an_epoll_file_tells_all_that_is_ready_at_once)
{
	enum { MANY = 6000 };
	struct rlimit limit = { MANY + 100, MANY + 100 };
	struct epoll_event *e = calloc(MANY + 1, sizeof(*e));
	int ep = epoll_create1(0);

	if (geteuid())
		return;
	CHECK(e && !setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = 0; i < MANY; i++) {
		e->events = EPOLLIN;
		CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, eventfd(1, 0), e));
	}
	CHECK(epoll_wait(ep, e, MANY + 1, 0) == MANY && epoll_wait(ep, e, 10, 0) == 10);
}
