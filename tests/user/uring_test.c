// SPDX-License-Identifier: GPL-2.0
/* io_uring by its three system calls: rings, results, what is refused. Order and waiting: uring_wait_test.c; disks are fio's to try. */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include "uring.h"

static int file_make(void)
{
	char path[] = "/tmp/uring.XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && !unlink(path));
	return fd;
}

ABI_CASE(uring_nops_come_back_in_order)
{
	struct ring r = ring_open(8);

	CHECK(r.p.sq_entries == 8 && r.p.cq_entries == 16);
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < 8; i++)
			push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = round * 8 + i });
		CHECK(enter(&r, 8, 8) == 8);
		for (unsigned int i = 0; i < 8; i++)
			CHECK(pop(&r).user_data == round * 8 + i);
	}
}

ABI_CASE(uring_reads_what_it_wrote)
{
	struct ring r = ring_open(4);
	char text[] = "over the ring", back[32] = "";
	struct iovec out[2] = { { text, 5 }, { text + 5, 8 } }, in[2] = { { back, 3 }, { back + 3, 10 } };
	int fd = file_make();

	CHECK(one(&r, move(LINUX_URING_OP_WRITEV, fd, out, 2, 100)) == 13);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_FSYNC, .fd = fd }) == 0);
	CHECK(one(&r, move(LINUX_URING_OP_READV, fd, in, 2, 100)) == 13);
	CHECK(!strcmp(back, text));
	CHECK(one(&r, move(LINUX_URING_OP_WRITE, fd, text, 4, 0)) == 4);
	memset(back, 0, sizeof(back));
	CHECK(one(&r, move(LINUX_URING_OP_READ, fd, back, 4, ~0ull)) == 4);
	CHECK(!memcmp(back, text, 4) && lseek(fd, 0, SEEK_CUR) == 4);
}

ABI_CASE(uring_fixed_buffers_end_where_they_end)
{
	struct ring r = ring_open(4);
	static char buffer[4096];
	struct iovec vec = { buffer, sizeof(buffer) };
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_WRITE_FIXED, .address = (uintptr_t)buffer, .length = 4096 };

	sqe.fd = file_make();
	CHECK(one(&r, sqe) == -EFAULT);
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_BUFFERS, &vec, 1));
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_BUFFERS, &vec, 1), EBUSY);
	CHECK(one(&r, sqe) == 4096);
	sqe.address++;
	CHECK(one(&r, sqe) == -EFAULT);
	sqe.address -= 2;
	CHECK(one(&r, sqe) == -EFAULT);
	sqe.address++;
	sqe.buffer_index = 1;
	CHECK(one(&r, sqe) == -EFAULT);
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_UNREGISTER_BUFFERS, NULL, 0));
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_UNREGISTER_BUFFERS, NULL, 0), ENXIO);
}

ABI_CASE(uring_errors_are_results)
{
	struct ring r = ring_open(4);
	int fd = file_make(), pipes[2];
	char c;

	CHECK(!pipe(pipes));
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_READ, .fd = 999, .address = (uintptr_t)&c, .length = 1 }) == -EBADF);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_READ, .fd = pipes[1], .address = (uintptr_t)&c, .length = 1 }) == -EBADF);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_WRITE, .fd = fd, .address = 1, .length = 1 }) == -EFAULT);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = 200, .fd = fd }) == -EINVAL);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_READ, .fd = r.fd, .address = (uintptr_t)&c, .length = 1 }) == -EINVAL);
}

ABI_CASE(uring_bad_index_is_dropped)
{
	struct ring r = ring_open(4);

	push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = 1 });
	word(&r, r.p.sq.array)[0] = 77;
	push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = 2 });
	enter(&r, 2, 0);
	enter(&r, 2, 0);
	CHECK(*word(&r, r.p.sq.dropped) == 1);
	CHECK(pop(&r).user_data == 2 && !ready(&r));
}

/* It says that there are four thousand million entries, none of which is one. */
ABI_CASE(uring_tail_that_makes_no_sense_is_not_walked_to)
{
	struct ring r = ring_open(4);

	for (unsigned int i = 0; i < 4; i++)
		word(&r, r.p.sq.array)[i] = 77;
	__atomic_store_n(word(&r, r.p.sq.tail), *word(&r, r.p.sq.head) - 1, __ATOMIC_RELEASE);
	enter(&r, 4, 0);
	CHECK(*word(&r, r.p.sq.dropped) >= 1 && *word(&r, r.p.sq.dropped) <= 4 && !ready(&r));
}

ABI_CASE(uring_full_ring_loses_nothing)
{
	struct ring r = ring_open(2);
	unsigned int sent = 0, got = 0;

	while (sent < 100) {
		push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = sent });
		if (enter(&r, 1, 0) != 1)
			break;
		sent++;
	}
	CHECK(sent == 100 || (errno == EBUSY && sent > 4));	/* newer Linux queues without end */
	CHECK(*word(&r, r.p.sq.flags) & LINUX_URING_SQ_CQ_OVERFLOW);
	while (got < sent) {
		if (!ready(&r))
			CHECK(enter(&r, 0, 1) >= 0);
		CHECK(pop(&r).user_data == got++);
	}
	CHECK(!(*word(&r, r.p.sq.flags) & LINUX_URING_SQ_CQ_OVERFLOW));
}

ABI_CASE(uring_tells_an_eventfd_and_poll)
{
	struct ring r = ring_open(2);
	int e = eventfd(0, EFD_NONBLOCK), file = file_make();
	struct pollfd p = { .fd = r.fd, .events = POLLIN };
	uint64_t count;

	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_EVENTFD, &e, 1));
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_EVENTFD, &e, 1), EBUSY);
	CHECK(poll(&p, 1, 0) == 0);
	push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP });
	CHECK(enter(&r, 1, 0) == 1);
	CHECK(read(e, &count, 8) == 8 && count == 1);
	CHECK(poll(&p, 1, 0) == 1 && p.revents & POLLIN);
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_UNREGISTER_EVENTFD, NULL, 0));
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_EVENTFD, &file, 1), EINVAL);
}

ABI_CASE(uring_refuses_what_makes_no_sense)
{
	struct linux_uring_params p = { .flags = 0 };
	struct ring r = ring_open(4);
	int file = file_make();

	CHECK_ERR(setup(0, &p), EINVAL);
	CHECK_ERR(setup(1u << 20, &p), EINVAL);
	CHECK_ERR((long)mmap(NULL, 1 << 24, PROT_READ, MAP_SHARED, r.fd, LINUX_URING_OFF_SQES), EINVAL);
	CHECK_ERR((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, r.fd, 0x4000000), EINVAL);
	CHECK_ERR(syscall(SYS_io_uring_enter, file, 0, 0, 0, NULL, 0), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0), EBADF);
	CHECK_ERR(syscall(SYS_io_uring_enter, r.fd, 0, 0, 1u << 30, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, 9999, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_io_uring_register, file, 9999, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_io_uring_register, file, LINUX_URING_UNREGISTER_FILES, NULL, 0), EOPNOTSUPP);
	CHECK(!syscall(SYS_io_uring_enter, r.fd, 0, 0, 1ul << 40, NULL, 0));
}

ABI_CASE(uring_probe_names_the_operations)
{
	struct {
		struct linux_uring_probe head;
		struct linux_uring_probe_op ops[48];
	} probe;
	struct ring r = ring_open(1);

	memset(&probe, 0, sizeof(probe));
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_PROBE, &probe, 48));
	CHECK(probe.head.nr_ops >= 24);
	CHECK(probe.ops[LINUX_URING_OP_READ].flags & LINUX_URING_OP_SUPPORTED && probe.ops[LINUX_URING_OP_NOP].flags & LINUX_URING_OP_SUPPORTED);
}

ABI_CASE(uring_mapping_outlives_its_descriptor)
{
	struct ring r = ring_open(4);

	push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = 5 });
	CHECK(enter(&r, 1, 1) == 1);
	close(r.fd);
	CHECK(pop(&r).user_data == 5);
}

/* Attribute user.a: what is at @value, or goes there. */
static struct linux_uring_sqe attribute(int op, int fd, const char *path, void *value, unsigned int size)
{
	return (struct linux_uring_sqe){ .opcode = (unsigned char)op, .fd = fd, .address = (uintptr_t)"user.a", .offset = (uintptr_t)value,
					 .length = size, .address3 = (uintptr_t)path };
}

ABI_CASE(uring_attributes_are_set_and_read)
{
	struct ring r = ring_open(4);
	struct linux_uring_sqe sqe;
	char got[8] = "";
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	CHECK(fd >= 0);
	CHECK(one(&r, attribute(LINUX_URING_OP_GETXATTR, 0, "f", got, sizeof(got))) == -ENODATA);
	CHECK(one(&r, attribute(LINUX_URING_OP_SETXATTR, 0, "f", "123", 3)) == 0);
	CHECK(one(&r, attribute(LINUX_URING_OP_FGETXATTR, fd, NULL, got, sizeof(got))) == 3 && !memcmp(got, "123", 3));
	CHECK(one(&r, attribute(LINUX_URING_OP_FSETXATTR, fd, NULL, "45", 2)) == 0);
	CHECK(one(&r, attribute(LINUX_URING_OP_GETXATTR, 0, "f", got, sizeof(got))) == 2 && !memcmp(got, "453", 3));
	CHECK(fgetxattr(fd, "user.a", NULL, 0) == 2);
	CHECK(one(&r, attribute(LINUX_URING_OP_GETXATTR, 0, "f", got, 1)) == -ERANGE);
	CHECK(one(&r, attribute(LINUX_URING_OP_GETXATTR, 0, "g", got, 1)) == -ENOENT);
	CHECK(one(&r, attribute(LINUX_URING_OP_FGETXATTR, -1, NULL, got, 1)) == -EBADF);
	CHECK(one(&r, attribute(LINUX_URING_OP_SETXATTR, 0, "f", BAD, 1)) == -EFAULT);
	sqe = attribute(LINUX_URING_OP_FSETXATTR, fd, NULL, "6", 1);
	sqe.op_flags = XATTR_CREATE;
	CHECK(one(&r, sqe) == -EEXIST);
	sqe = attribute(LINUX_URING_OP_SETXATTR, 0, "f", "6", 1);
	sqe.flags = LINUX_URING_SQE_FIXED_FILE;
	CHECK(one(&r, sqe) == -EBADF);
}
