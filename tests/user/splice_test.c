// SPDX-License-Identifier: GPL-2.0
/* splice, tee, vmsplice, sendfile and copy_file_range: what arrives, what stays, and how they refuse. */
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "abi.h"

#define PIPE_BYTES	65536

static int temporary(const char *text)
{
	char path[] = "/tmp/splice.XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && !unlink(path));
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char got[64] = "";

	CHECK(read(fd, got, sizeof(got) - 1) == (ssize_t)strlen(text));
	CHECK(!strcmp(got, text));
}

ABI_CASE(splice_moves_a_file_through_a_pipe)
{
	int in = temporary("0123456789"), out = temporary(""), p[2];
	off_t at = 2, to = 0;

	CHECK(!pipe(p));
	CHECK(splice(in, &at, p[1], NULL, 5, 0) == 5 && at == 7);
	CHECK(lseek(in, 0, SEEK_CUR) == 0);
	CHECK(splice(p[0], NULL, out, &to, 100, 0) == 5 && to == 5);
	expect(out, "23456");
	CHECK(splice(in, NULL, p[1], NULL, 3, 0) == 3 && lseek(in, 0, SEEK_CUR) == 3);
	expect(p[0], "012");
	at = 10;
	CHECK(splice(in, &at, p[1], NULL, 3, 0) == 0);
}

ABI_CASE(splice_between_pipes_and_to_sockets)
{
	int a[2], b[2], s[2];

	CHECK(!pipe(a) && !pipe(b) && !socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK(write(a[1], "hello", 5) == 5);
	CHECK(splice(a[0], NULL, b[1], NULL, 100, 0) == 5);
	CHECK(splice(b[0], NULL, s[0], NULL, 100, 0) == 5);
	CHECK(splice(s[1], NULL, a[1], NULL, 100, 0) == 5);
	expect(a[0], "hello");
	close(a[1]);
	CHECK(splice(a[0], NULL, b[1], NULL, 100, 0) == 0);
}

ABI_CASE(splice_refuses)
{
	int f = temporary("abc"), g = temporary(""), p[2], q[2], append;
	off_t at = 0;

	CHECK(!pipe(p) && !pipe2(q, O_NONBLOCK));
	CHECK_ERR(splice(f, NULL, g, NULL, 3, 0), EINVAL);
	CHECK_ERR(splice(p[0], NULL, p[1], NULL, 3, 0), EINVAL);
	CHECK_ERR(splice(f, NULL, p[1], &at, 3, 0), ESPIPE);
	CHECK_ERR(splice(p[1], NULL, g, NULL, 3, 0), EBADF);
	CHECK_ERR(splice(f, NULL, p[0], NULL, 3, 0), EBADF);
	CHECK_ERR(splice(f, NULL, p[1], NULL, 3, 0x100), EINVAL);
	CHECK_ERR(splice(p[0], NULL, g, NULL, 3, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(splice(q[0], NULL, p[1], NULL, 3, 0), EAGAIN);
	CHECK_ERR(syscall(SYS_splice, f, 1, p[1], 0, 3, 0), EFAULT);
	CHECK(splice(f, NULL, p[1], NULL, 0, 0) == 0);
	append = open("/tmp", O_RDWR | O_APPEND | O_TMPFILE, 0600);
	if (append >= 0) {
		CHECK(write(p[1], "x", 1) == 1);
		CHECK_ERR(splice(p[0], NULL, append, NULL, 1, 0), EINVAL);
	}
	close(q[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(splice(f, NULL, q[1], NULL, 3, 0), EPIPE);
}

ABI_CASE(splice_loses_nothing_when_the_target_is_full)
{
	int p[2], q[2], n, sum = 0;
	char buffer[4096];

	CHECK(!pipe(p) && !pipe2(q, O_NONBLOCK));
	CHECK(fcntl(q[1], F_SETPIPE_SZ, 4096) == 4096);
	memset(buffer, 'x', sizeof(buffer));
	for (int i = 0; i < 3; i++)
		CHECK(write(p[1], buffer, sizeof(buffer)) == sizeof(buffer));
	while ((n = splice(p[0], NULL, q[1], NULL, 3 * 4096, SPLICE_F_NONBLOCK)) > 0)
		sum += n;
	CHECK(n == -1 && errno == EAGAIN && sum == 4096);
	CHECK(read(q[0], buffer, sizeof(buffer)) == 4096);
	CHECK(read(p[0], buffer, sizeof(buffer)) == 4096 && read(p[0], buffer, sizeof(buffer)) == 4096);
}

ABI_CASE(bytes_that_a_file_does_not_take_stay_in_the_pipe)
{
	int p[2], full = open("/dev/full", O_WRONLY);

	CHECK(!pipe(p) && full >= 0);
	CHECK(write(p[1], "keep", 4) == 4);
	CHECK(splice(p[0], NULL, full, NULL, 4, 0) == -1);
	CHECK(write(p[1], "!", 1) == 1);
	expect(p[0], "keep!");
}

ABI_CASE(tee_copies_and_leaves)
{
	int a[2], b[2], f = temporary("");

	CHECK(!pipe(a) && !pipe(b));
	CHECK(write(a[1], "twice", 5) == 5);
	CHECK(tee(a[0], b[1], 100, 0) == 5);
	expect(b[0], "twice");
	expect(a[0], "twice");
	CHECK_ERR(tee(a[0], b[1], 5, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(tee(a[0], f, 5, 0), EINVAL);
	CHECK_ERR(tee(a[0], a[1], 5, 0), EINVAL);
	close(a[1]);
	CHECK(tee(a[0], b[1], 5, 0) == 0);
}

ABI_CASE(vmsplice_goes_both_ways)
{
	char out[8] = "", more[8] = "";
	struct iovec in[2] = { { "ab", 2 }, { "cde", 3 } }, to[2] = { { out, 3 }, { more, 8 } };
	struct iovec bad = { (void *)8, 4 };
	int p[2];

	CHECK(!pipe(p));
	CHECK(vmsplice(p[1], in, 2, 0) == 5);
	CHECK(vmsplice(p[0], to, 2, 0) == 5);
	CHECK(!strcmp(out, "abc") && !strcmp(more, "de"));
	CHECK_ERR(vmsplice(p[1], &bad, 1, 0), EFAULT);
	CHECK_ERR(vmsplice(p[0], to, 2, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(vmsplice(temporary(""), in, 1, 0), EBADF);
	CHECK_ERR(vmsplice(p[1], in, 5000, 0), EINVAL);
}

ABI_CASE(two_splicers_and_a_reader_see_every_byte)
{
	int p[2], q[2];
	long sum = 0, n;
	char buffer[4096];

	CHECK(!pipe(p) && !pipe(q));
	for (int i = 0; i < 2; i++)
		if (fork() == 0) {
			close(p[1]);
			while (splice(p[0], NULL, q[1], NULL, 1000, 0) > 0)
				;
			_exit(0);
		}
	if (fork() == 0) {
		for (int i = 0; i < 400; i++)
			CHECK(write(p[1], buffer, 1000) == 1000);
		_exit(0);
	}
	close(p[1]);
	close(q[1]);
	while ((n = read(q[0], buffer, sizeof(buffer))) > 0)
		sum += n;
	CHECK(n == 0 && sum == 400 * 1000);
}

ABI_CASE(copy_file_range_copies_and_refuses_overlap)
{
	int in = temporary("0123456789"), out = temporary(""), dir = open("/tmp", O_RDONLY | O_DIRECTORY), p[2];
	off_t from = 1, to = 4;

	CHECK(!pipe(p));
	CHECK(copy_file_range(in, &from, out, NULL, 4, 0) == 4 && from == 5);
	CHECK(lseek(out, 0, SEEK_SET) == 0);
	expect(out, "1234");
	from = 1;
	CHECK_ERR(copy_file_range(in, &from, in, &to, 5, 0), EINVAL);
	CHECK_ERR(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
	from = -1;
	CHECK_ERR(copy_file_range(in, &from, out, NULL, 1, 0), EOVERFLOW);
	to = 1;
	CHECK_ERR(copy_file_range(in, NULL, out, &to, SIZE_MAX, 0), EOVERFLOW);
	CHECK_ERR(copy_file_range(p[0], NULL, out, NULL, 1, 0), EINVAL);
	CHECK_ERR(copy_file_range(dir, NULL, out, NULL, 1, 0), EISDIR);
}

ABI_CASE(counters_and_records_are_not_spliced)
{
	int p[2], counter = eventfd(0, 0), dir = open("/tmp", O_RDONLY | O_DIRECTORY), in = temporary("0123456789");
	int end = open("/tmp/splice_end", O_WRONLY | O_CREAT | O_APPEND, 0600);

	CHECK(!pipe(p) && counter >= 0 && end >= 0 && !unlink("/tmp/splice_end"));
	CHECK_ERR(splice(counter, NULL, p[1], NULL, 8, 0), EINVAL);
	CHECK_ERR(splice(dir, NULL, p[1], NULL, 8, 0), EINVAL);
	CHECK(write(p[1], "12345678", 8) == 8);
	CHECK_ERR(splice(p[0], NULL, counter, NULL, 8, SPLICE_F_NONBLOCK), EINVAL);
	CHECK_ERR(sendfile(end, in, NULL, 1), EINVAL);
	CHECK_ERR(sendfile(in, dir, NULL, 1), EINVAL);
}

ABI_CASE(copy_file_range_stays_in_one_file_system)
{
	int in = open("/proc/self/stat", O_RDONLY), out = temporary("");

	CHECK(in >= 0);
	CHECK_ERR(copy_file_range(in, NULL, out, NULL, 100, 0), EXDEV);
	CHECK_ERR(copy_file_range(in, NULL, out, NULL, 100, 1), EINVAL);
}
