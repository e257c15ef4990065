// SPDX-License-Identifier: GPL-2.0
/* Linux's asynchronous I/O: the ring of events in the program's memory, and polls. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <uapi/ferry/linux_block.h>
#include "abi.h"

#define MAGIC	0xa10a10a1u

struct ring {
	unsigned int id, nr, head, tail, magic, compat, incompat, header;
	struct linux_io_event events[];
};

static struct ring *context_open(unsigned int nr)
{
	unsigned long context = 0;

	CHECK(!syscall(SYS_io_setup, nr, &context) && context);
	return (struct ring *)context;
}

static long submit(struct ring *r, struct linux_iocb *cb)
{
	return syscall(SYS_io_submit, r, 1, &cb);
}

static unsigned int there(const struct ring *r)
{
	unsigned int tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	return (tail + r->nr - r->head) % r->nr;
}

static struct linux_iocb read_of(int fd, void *to)
{
	return (struct linux_iocb){ .opcode = LINUX_IOCB_CMD_PREAD, .fd = (unsigned int)fd, .buf = (uintptr_t)to, .nbytes = 1 };
}

/* Many times more events than the context has room for, all of them taken without a call: room is found again. */
ABI_CASE(aio_events_are_taken_from_memory)
{
	struct ring *r = context_open(4);
	char c;
	struct linux_iocb cb = read_of(open("/dev/zero", O_RDONLY), &c);
	unsigned int sent = 0;

	CHECK(r->magic == MAGIC && r->header == sizeof(*r) && r->nr > 4 && r->head == r->tail);
	for (unsigned int i = 0; i < 1000; i++) {
		cb.data = i;
		while (submit(r, &cb) == 1)
			if (++sent % 3 == 0)
				break;
		for (unsigned int n = there(r); n; n--) {
			CHECK(r->events[r->head].obj == (uintptr_t)&cb && r->events[r->head].res == 1);
			__atomic_store_n(&r->head, (r->head + 1) % r->nr, __ATOMIC_RELEASE);
		}
	}
	CHECK(sent == 3000);
	CHECK(!syscall(SYS_io_destroy, r));
}

/* Some by itself, some by a call; a head that cannot be is not believed. */
ABI_CASE(aio_head_is_not_believed)
{
	struct ring *r = context_open(4);
	struct timespec none = { 0, 0 };
	struct linux_io_event events[4];
	char c;
	struct linux_iocb cb = read_of(open("/dev/zero", O_RDONLY), &c);

	for (unsigned int i = 0; i < 3; i++) {
		cb.data = i;
		CHECK(submit(r, &cb) == 1);
	}
	r->head = (r->head + 1) % r->nr;
	CHECK(syscall(SYS_io_getevents, r, 0, 1, events, &none) == 1 && events[0].data == 1);
	r->head = 0xfffffff0u;
	r->tail = 0x7fffffffu;
	r->nr = 0;
	CHECK(syscall(SYS_io_getevents, r, 0, 4, events, &none) <= 4);
	cb.data = 9;
	CHECK(submit(r, &cb) == 1);
	CHECK(syscall(SYS_io_getevents, r, 0, 4, events, &none) <= 4);
	CHECK(!syscall(SYS_io_destroy, r));
}

/* The context goes where its ring goes. */
ABI_CASE(aio_ring_moves)
{
	struct ring *r = context_open(1), *moved;
	size_t bytes = (sizeof(*r) + r->nr * sizeof(struct linux_io_event) + 4095) & ~4095ul;
	void *place = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct linux_io_event event;
	char c;
	struct linux_iocb cb = read_of(open("/dev/zero", O_RDONLY), &c);

	CHECK(place != MAP_FAILED && submit(r, &cb) == 1);
	CHECK(mremap(r, bytes, 2 * bytes, MREMAP_MAYMOVE) == MAP_FAILED);
	moved = mremap(r, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	CHECK(moved == place && there(moved) == 1);
	CHECK_ERR(syscall(SYS_io_getevents, r, 1, 1, &event, NULL), EINVAL);
	CHECK(syscall(SYS_io_getevents, moved, 1, 1, &event, NULL) == 1 && event.obj == (uintptr_t)&cb && !there(moved));
	CHECK(submit(moved, &cb) == 1 && there(moved) == 1);
	CHECK(!syscall(SYS_io_destroy, moved));
	CHECK_ERR(syscall(SYS_io_destroy, moved), EINVAL);
}

static struct linux_iocb poll_of(int fd, unsigned int events)
{
	return (struct linux_iocb){ .opcode = LINUX_IOCB_CMD_POLL, .fd = (unsigned int)fd, .buf = events };
}

ABI_CASE(aio_polls_end_when_the_file_is_ready)
{
	struct ring *r = context_open(4);
	struct timespec none = { 0, 0 };
	struct linux_io_event event;
	int p[2], told = eventfd(0, 0);
	unsigned long long number;
	struct linux_iocb cb;

	CHECK(!pipe(p));
	cb = poll_of(p[1], POLLOUT);
	CHECK(submit(r, &cb) == 1 && syscall(SYS_io_getevents, r, 1, 1, &event, NULL) == 1 && event.res == POLLOUT);
	cb = poll_of(p[0], POLLIN);
	cb.flags = LINUX_IOCB_FLAG_RESFD;
	cb.resfd = (unsigned int)told;
	CHECK(submit(r, &cb) == 1 && syscall(SYS_io_getevents, r, 0, 1, &event, &none) == 0);
	CHECK(write(p[1], "x", 1) == 1);
	CHECK(read(told, &number, 8) == 8 && number == 1);
	CHECK(syscall(SYS_io_getevents, r, 1, 1, &event, NULL) == 1 && event.res & POLLIN && event.obj == (uintptr_t)&cb);
	cb = poll_of(p[0], 0x10000);
	CHECK_ERR(submit(r, &cb), EINVAL);
	cb = poll_of(p[0], POLLIN);
	cb.nbytes = 1;
	CHECK_ERR(submit(r, &cb), EINVAL);
}

/* By a call, by the end of the context and by that of the program. */
ABI_CASE(aio_polls_are_cancelled)
{
	struct ring *r = context_open(4);
	struct linux_io_event event;
	struct linux_iocb cb, other;
	int p[2];

	CHECK(!pipe(p));
	cb = other = poll_of(p[0], POLLIN);
	CHECK(submit(r, &cb) == 1 && submit(r, &other) == 1);
	CHECK_ERR(syscall(SYS_io_cancel, r, &cb, &event), EINPROGRESS);
	CHECK(syscall(SYS_io_getevents, r, 1, 1, &event, NULL) == 1 && event.obj == (uintptr_t)&cb && !event.res);
	CHECK_ERR(syscall(SYS_io_cancel, r, &cb, &event), EINVAL);
	CHECK(!close(p[0]) && !syscall(SYS_io_destroy, r));
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	r = context_open(4);
	CHECK(!pipe(p));
	cb = poll_of(p[0], POLLIN);
	CHECK(submit(r, &cb) == 1);
}

ABI_CASE(aio_reads_and_writes_are_told_to_who_watches)
{
	struct ring *r = context_open(4);
	int watch = inotify_init1(IN_NONBLOCK), fd = open("f", O_CREAT | O_RDWR, 0644);
	struct linux_iocb cb;
	char byte = 'x';
	struct inotify_event e;

	CHECK(inotify_add_watch(watch, "f", IN_ACCESS | IN_MODIFY) == 1);
	cb = read_of(fd, &byte);
	cb.opcode = LINUX_IOCB_CMD_PWRITE;
	CHECK(submit(r, &cb) == 1);
	CHECK(read(watch, &e, sizeof(e)) == sizeof(e) && e.mask == IN_MODIFY);
	cb.opcode = LINUX_IOCB_CMD_PREAD;
	CHECK(submit(r, &cb) == 1);
	CHECK(read(watch, &e, sizeof(e)) == sizeof(e) && e.mask == IN_ACCESS);
}
