// SPDX-License-Identifier: GPL-2.0
/* Pipes as a ring of slots: packets, what counts as full, sizes and who may have how much, what a fault leaves, pages that move. */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "abi.h"

#define SLOTS	16
#define PAGE	4096

static char block[2 * SLOTS * PAGE];

static int held(int fd)
{
	int n;

	CHECK(!ioctl(fd, FIONREAD, &n));
	return n;
}

static short ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static void set_number(const char *path, const char *number)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0 && write(fd, number, strlen(number)) == (ssize_t)strlen(number) && !close(fd));
}

/* The last page of @nr that is followed by none. */
static char *before_a_hole(void)
{
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(m != MAP_FAILED && !munmap(m + PAGE, PAGE));
	return m;
}

ABI_CASE(packets_are_read_one_at_a_time)
{
	int p[2];

	CHECK(!pipe2(p, O_DIRECT | O_NONBLOCK));
	CHECK(!(fcntl(p[0], F_GETFL) & O_DIRECT) && fcntl(p[1], F_GETFL) & O_DIRECT);
	CHECK(write(p[1], "abc", 3) == 3 && write(p[1], "defg", 4) == 4 && write(p[1], block, 5000) == 5000 && held(p[0]) == 5007);
	CHECK(read(p[0], block, 2) == 2 && read(p[0], block, 100) == 4 && !memcmp(block, "defg", 4));
	CHECK(read(p[0], block, 10000) == PAGE && read(p[0], block, 10000) == 5000 - PAGE);
	CHECK_ERR(read(p[0], block, 1), EAGAIN);
	for (int i = 0; i < SLOTS; i++)
		CHECK(write(p[1], "x", 1) == 1);
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
	CHECK(read(p[0], block, 100) == 1 && !fcntl(p[1], F_SETFL, O_NONBLOCK));
	CHECK(write(p[1], "y", 1) == 1 && write(p[1], "z", 1) == 1 && held(p[0]) == SLOTS + 1);
}

ABI_CASE(a_pipe_is_writable_with_a_free_slot)
{
	int p[2];

	CHECK(!pipe2(p, O_NONBLOCK) && write(p[1], block, SLOTS * PAGE) == SLOTS * PAGE && !ready(p[1]));
	CHECK(read(p[0], block, 1) == 1 && !ready(p[1]));
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
	CHECK(read(p[0], block, PAGE - 1) == PAGE - 1 && ready(p[1]) == POLLOUT && held(p[0]) == (SLOTS - 1) * PAGE);
}

ABI_CASE(a_small_write_goes_behind_the_last_bytes_if_it_fits)
{
	int p[2];

	CHECK(!pipe2(p, O_NONBLOCK) && fcntl(p[1], F_SETPIPE_SZ, 2 * PAGE) == 2 * PAGE);
	CHECK(write(p[1], block, 100) == 100 && write(p[1], block, 5000) == 5000 && !ready(p[1]));
	CHECK_ERR(write(p[1], block, 3000), EAGAIN);
	CHECK(read(p[0], block, 5100) == 5100 && write(p[1], block, PAGE) == PAGE && write(p[1], block, 100) == 100);
	CHECK(write(p[1], block, PAGE - 100) == PAGE - 100);
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
}

ABI_CASE(sizes_of_pipes_are_rounded_and_refused)
{
	int p[2];

	CHECK(!pipe2(p, O_NONBLOCK) && fcntl(p[1], F_SETPIPE_SZ, 0) == PAGE && fcntl(p[1], F_SETPIPE_SZ, 65537) == 131072);
	CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, (1u << 31) + 1), EINVAL);
	CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 1u << 31), ENOMEM);
	CHECK(fcntl(p[1], F_SETPIPE_SZ, 1 << 21) == 1 << 21 && fcntl(p[0], F_SETPIPE_SZ, 2 * PAGE) == 2 * PAGE);
	CHECK(write(p[1], block, 100) == 100 && write(p[1], block, PAGE) == PAGE);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, PAGE), EBUSY);
	CHECK(read(p[0], block, PAGE) == PAGE && fcntl(p[0], F_SETPIPE_SZ, PAGE) == PAGE && read(p[0], block, PAGE) == 100);
	CHECK(!setresuid(77, 77, 77));
	CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 1 << 21), EPERM);
	CHECK(fcntl(p[1], F_SETPIPE_SZ, 1 << 20) == 1 << 20);
}

ABI_CASE(the_size_that_anybody_may_ask_for_can_be_set)
{
	char text[32];
	int status;

	CHECK(!strcmp(abi_read("/proc/sys/fs/pipe-max-size", text, sizeof(text)), "1048576\n"));
	set_number("/proc/sys/fs/pipe-max-size", "8193");
	CHECK(!strcmp(abi_read("/proc/sys/fs/pipe-max-size", text, sizeof(text)), "16384\n"));
	status = fork();
	if (!status) {
		int p[2];

		CHECK(!setresuid(78, 78, 78) && !pipe(p) && fcntl(p[0], F_GETPIPE_SZ) == 16384);
		CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 32768), EPERM);
		_exit(0);
	}
	status = abi_wait(status);
	set_number("/proc/sys/fs/pipe-max-size", "1048576");
	CHECK(status == 0);
}

static void make_pipes_past_the_limits(void)
{
	int p[2], sizes[20], nr = 0;

	CHECK(!setresuid(79, 79, 79));
	while (nr < 20 && !pipe(p))
		sizes[nr++] = fcntl(p[0], F_GETPIPE_SZ);
	CHECK(errno == ENFILE && nr == 16 && sizes[0] == SLOTS * PAGE && sizes[1] == SLOTS * PAGE && sizes[2] == 2 * PAGE && sizes[15] == 2 * PAGE);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 4 * PAGE), EPERM);
	CHECK(fcntl(p[0], F_SETPIPE_SZ, PAGE) == PAGE);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 2 * PAGE), EPERM);
	close(p[0]);
	close(p[1]);
	CHECK(!pipe(p));
	CHECK_ERR(pipe(p), ENFILE);
}

ABI_CASE(a_user_may_have_so_many_pages_in_pipes)
{
	int status;
	pid_t pid;

	set_number("/proc/sys/fs/pipe-user-pages-soft", "40");
	set_number("/proc/sys/fs/pipe-user-pages-hard", "60");
	pid = fork();
	if (!pid) {
		make_pipes_past_the_limits();
		_exit(0);
	}
	status = abi_wait(pid);
	set_number("/proc/sys/fs/pipe-user-pages-soft", "16384");
	set_number("/proc/sys/fs/pipe-user-pages-hard", "0");
	CHECK(status == 0);
}

ABI_CASE(what_a_write_cannot_read_leaves_no_slot)
{
	char *edge = before_a_hole();
	struct iovec small[3] = { { block, 64 }, { edge + PAGE, 64 }, { block, 64 } };
	struct iovec large[3] = { { block, PAGE }, { edge + PAGE - 96, 200 }, { block, 64 } };
	int p[2];

	CHECK(!pipe2(p, O_NONBLOCK));
	CHECK_ERR(writev(p[1], small, 3), EFAULT);
	CHECK(!held(p[0]) && write(p[1], "ab", 2) == 2);
	CHECK_ERR(writev(p[1], small, 3), EFAULT);
	CHECK(held(p[0]) == 2 && writev(p[1], large, 3) == 264);
	CHECK_ERR(write(p[1], edge + PAGE - 6, 20), EFAULT);
	CHECK_ERR(read(p[0], edge + PAGE - 6, 20), EFAULT);
	CHECK(held(p[0]) == 266);
}

ABI_CASE(a_reader_that_came_late_is_not_told_of_ends_before)
{
	int early, late, writer;

	abi_fresh();
	CHECK(!mkfifo("f", 0600));
	early = open("f", O_RDONLY | O_NONBLOCK);
	CHECK(early >= 0 && !ready(early));
	writer = open("f", O_WRONLY);
	CHECK(writer >= 0 && !close(writer) && ready(early) == POLLHUP);
	late = open("f", O_RDONLY | O_NONBLOCK);
	CHECK(late >= 0 && !ready(late) && ready(early) == POLLHUP && read(late, block, 1) == 0);
	CHECK((writer = open("f", O_WRONLY)) >= 0 && !close(writer) && ready(late) == POLLHUP);
	CHECK_ERR(open("f", O_RDWR | O_DIRECT), EINVAL);
	CHECK((writer = open("f", O_RDWR | O_NONBLOCK)) >= 0 && !fcntl(writer, F_SETFL, O_DIRECT | O_NONBLOCK));
	CHECK(write(writer, "a", 1) == 1 && write(writer, "b", 1) == 1 && read(writer, block, 2) == 1);
}

ABI_CASE(a_writer_is_told_at_the_edge_when_a_slot_comes_free)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int p[2], ep = epoll_create1(0);

	CHECK(!pipe2(p, O_NONBLOCK) && !epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e) && epoll_wait(ep, &e, 1, 0) == 1);
	CHECK(write(p[1], block, PAGE) == PAGE && read(p[0], block, PAGE) == PAGE && epoll_wait(ep, &e, 1, 0) == 0);
	CHECK(write(p[1], block, SLOTS * PAGE) == SLOTS * PAGE && read(p[0], block, 100) == 100 && epoll_wait(ep, &e, 1, 0) == 0);
	CHECK(read(p[0], block, PAGE) == PAGE && epoll_wait(ep, &e, 1, 0) == 1);
	CHECK(read(p[0], block, PAGE) == PAGE && epoll_wait(ep, &e, 1, 0) == 0);
}

ABI_CASE(each_page_of_vmsplice_has_a_slot)
{
	char *m = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), *edge = before_a_hole();
	struct iovec all = { m, 32 * PAGE }, odd = { m + 100, 2 * PAGE }, one = { m, 1 }, to = { block, sizeof(block) };
	struct iovec bad[2] = { { m, 100 }, { edge + PAGE - 96, 200 } }, back[2] = { { block, 10 }, { edge + PAGE, 100 } };
	int p[2];

	CHECK(m != MAP_FAILED && !pipe(p));
	CHECK(vmsplice(p[1], &all, 1, 0) == SLOTS * PAGE && !ready(p[1]));
	CHECK_ERR(vmsplice(p[1], &all, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK(vmsplice(p[0], &to, 1, 0) == SLOTS * PAGE && vmsplice(p[1], &odd, 1, 0) == 2 * PAGE);
	for (int i = 3; i < SLOTS; i++)
		CHECK(vmsplice(p[1], &one, 1, SPLICE_F_NONBLOCK) == 1);
	CHECK_ERR(vmsplice(p[1], &one, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK(read(p[0], block, sizeof(block)) == 2 * PAGE + SLOTS - 3);
	CHECK(vmsplice(p[1], bad, 2, 0) == 196 && held(p[0]) == 196);
	CHECK_ERR(vmsplice(p[0], back, 2, 0), EFAULT);
	CHECK(held(p[0]) == 196);
}

ABI_CASE(pages_that_two_pipes_have_stay_as_they_are)
{
	int a[2], b[2];

	CHECK(!pipe2(a, O_NONBLOCK) && !pipe2(b, O_NONBLOCK));
	CHECK(write(a[1], "hello", 5) == 5 && tee(a[0], b[1], 3, 0) == 3 && write(a[1], " you", 4) == 4 && write(b[1], "X", 1) == 1);
	CHECK(read(a[0], block, 9) == 9 && !memcmp(block, "hello you", 9));
	for (int i = 0; i < SLOTS; i++)	/* the page is not written again while the other has it */
		CHECK(write(a[1], "zzzzz", 5) == 5 && read(a[0], block, 5) == 5);
	CHECK(read(b[0], block, 9) == 4 && !memcmp(block, "helX", 4));
	CHECK(write(a[1], "0123456789", 10) == 10 && splice(a[0], NULL, b[1], NULL, 4, 0) == 4);
	CHECK(write(a[1], "ab", 2) == 2 && splice(a[0], NULL, b[1], NULL, 100, 0) == 8 && write(b[1], "cd", 2) == 2);
	for (int i = 0; i < SLOTS; i++)
		CHECK(write(a[1], "zzzzz", 5) == 5 && read(a[0], block, 5) == 5);
	CHECK(read(b[0], block, 100) == 14 && !memcmp(block, "0123456789abcd", 14));
}

ABI_CASE(tee_counts_slots)
{
	int a[2], b[2];

	CHECK(!pipe2(a, O_DIRECT) && !pipe2(b, O_NONBLOCK));
	for (int i = 0; i < SLOTS; i++)
		CHECK(write(a[1], "p", 1) == 1);
	CHECK(tee(a[0], b[1], 10, 0) == 10 && tee(a[0], b[1], 10, 0) == 6);
	CHECK_ERR(tee(a[0], b[1], 10, 0), EAGAIN);
	CHECK(read(b[0], block, 100) == 1 && splice(a[0], NULL, b[1], NULL, 100, 0) == 1 && read(b[0], block, 100) == 1);
}

/* Numbers, one after the other, in writes of many sizes. */
static void write_numbers(int fd, unsigned int nr)
{
	static uint32_t numbers[4000];
	unsigned int step, at = 0;

	for (unsigned int sent = 0; sent < nr; sent += step) {
		step = (sent * 7 + 1) % 1500 + 1;
		step = step < nr - sent ? step : nr - sent;
		for (unsigned int i = 0; i < step; i++)
			numbers[i] = at++;
		CHECK(write(fd, numbers, 4 * step) == (ssize_t)(4 * step));
	}
}

static void expect_numbers(int fd, unsigned int nr)
{
	static unsigned char got[40000];
	uint64_t at = 0, size = 7;
	ssize_t n;

	for (; (n = read(fd, got, size)) > 0; size = (size * 5 + 3) % 9000 + 1)
		for (ssize_t i = 0; i < n; i++, at++)
			CHECK(got[i] == (unsigned char)(at / 4 >> 8 * (at % 4)));
	CHECK(n == 0 && at == 4ull * nr);
}

static void close_all(int *fds, int nr, int but, int and)
{
	for (int i = 0; i < nr; i++)
		if (fds[i] != but && fds[i] != and)
			close(fds[i]);
}

ABI_CASE(bytes_keep_their_order_while_pages_move)
{
	enum { NUMBERS = 200000 };
	int fds[8], *a = fds, *b = fds + 2, *c = fds + 4, *s = fds + 6;
	pid_t pids[4];
	ssize_t n;

	CHECK(!pipe(a) && !pipe(b) && !pipe(c) && !pipe(s));
	for (int role = 0; role < 4; role++) {
		pids[role] = fork();
		if (pids[role])
			continue;
		if (role == 0) {
			close_all(fds, 8, a[1], -1);
			write_numbers(a[1], NUMBERS);
		} else if (role == 1) {
			close_all(fds, 8, a[0], b[1]);
			for (size_t size = 5; (n = splice(a[0], NULL, b[1], NULL, size, 0)) > 0; size = (size * 13 + 7) % 20000 + 1)
				;
			CHECK(n == 0);
		} else if (role == 2) {
			close_all(fds, 8, b[0], c[1]);
			for (size_t size = 3; (n = tee(b[0], c[1], size, 0)) > 0; size = (size * 11 + 7) % 20000 + 1)
				for (ssize_t left = n, got; left; left -= got)
					CHECK((got = read(b[0], block, (size_t)left)) > 0);
			CHECK(n == 0);
		} else {
			struct iovec to = { block, 5000 };

			close_all(fds, 8, c[0], s[1]);
			while ((n = vmsplice(c[0], &to, 1, 0)) > 0)
				CHECK(write(s[1], block, (size_t)n) == n);
			CHECK(n == 0);
		}
		_exit(0);
	}
	close_all(fds, 8, s[0], -1);
	expect_numbers(s[0], NUMBERS);
	for (int role = 0; role < 4; role++)
		CHECK(abi_wait(pids[role]) == 0);
}
