// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring in a storm: threads of a process share rings, pipes and sockets, and send, cancel, poll, close, register, fork and kill at random
 * until the process ends as it happens to. Nothing of what single requests do is looked at: that every process ends, no request holds one,
 * and the memory comes back. STORM_ROUNDS in the environment makes it long; a kernel that checks itself then looks for leaks at the end.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "uring.h"

#define RINGS	3
#define THREADS	4
#define STEPS	300
#define ROUNDS	6
#define ENTRIES	16
#define SPREAD_KIB	512	/* of what other programs have meanwhile */

static struct ring rings[RINGS];
static int fds[8];
static char memory[4096];
static long long soon[2] = { 0, 300000 }, hour[2] = { 3600, 0 };
static unsigned int round_nr;

static unsigned int any(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % below;
}

static struct linux_uring_sqe request(unsigned int *s)
{
	static const unsigned char ops[] = {
		LINUX_URING_OP_NOP, LINUX_URING_OP_READ, LINUX_URING_OP_READ, LINUX_URING_OP_WRITE, LINUX_URING_OP_READV, LINUX_URING_OP_POLL_ADD,
		LINUX_URING_OP_POLL_ADD, LINUX_URING_OP_POLL_REMOVE, LINUX_URING_OP_TIMEOUT, LINUX_URING_OP_TIMEOUT_REMOVE,
		LINUX_URING_OP_ASYNC_CANCEL,
		LINUX_URING_OP_ASYNC_CANCEL, LINUX_URING_OP_LINK_TIMEOUT, LINUX_URING_OP_RECV, LINUX_URING_OP_SEND, LINUX_URING_OP_OPENAT,
		LINUX_URING_OP_CLOSE, LINUX_URING_OP_MSG_RING, LINUX_URING_OP_MSG_RING, LINUX_URING_OP_PROVIDE_BUFFERS, LINUX_URING_OP_FILES_UPDATE,
		LINUX_URING_OP_FSYNC, LINUX_URING_OP_EPOLL_CTL,
	};
	struct linux_uring_sqe sqe = { .opcode = ops[any(s, sizeof(ops))], .user_data = any(s, 8) };
	bool timed = sqe.opcode == LINUX_URING_OP_TIMEOUT || sqe.opcode == LINUX_URING_OP_LINK_TIMEOUT;

	sqe.fd = any(s, 4) ? fds[any(s, 8)] : rings[any(s, RINGS)].fd;
	sqe.address = (uintptr_t)memory;
	sqe.length = 1 + any(s, 16);
	sqe.flags = any(s, 3) ? 0 : (unsigned char)any(s, 128);
	if (timed) {
		sqe.address = (uintptr_t)(any(s, 2) ? soon : hour);
		sqe.length = 1;
		sqe.offset = sqe.opcode == LINUX_URING_OP_TIMEOUT ? any(s, 4) : 0;
	}
	switch (sqe.opcode) {
	case LINUX_URING_OP_POLL_ADD:
		sqe.op_flags = any(s, 2) ? POLLIN : POLLOUT;
		sqe.length = !any(s, 3);
		sqe.address = 0;
		break;
	case LINUX_URING_OP_ASYNC_CANCEL:
		sqe.op_flags = any(s, 3) ? 0 : any(s, 16);
		sqe.address = any(s, 8);
		sqe.length = 0;
		break;
	case LINUX_URING_OP_POLL_REMOVE:
	case LINUX_URING_OP_TIMEOUT_REMOVE:
		sqe.address = any(s, 8);
		sqe.length = 0;
		break;
	case LINUX_URING_OP_OPENAT:
		sqe.fd = AT_FDCWD;
		sqe.address = (uintptr_t)"/dev/zero";
		sqe.length = 0;
		sqe.splice_fd = any(s, 4) ? (int)any(s, 5) : -1;
		break;
	case LINUX_URING_OP_CLOSE:
		sqe = (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_CLOSE, .splice_fd = 1 + (int)any(s, 5) };
		break;
	case LINUX_URING_OP_MSG_RING:
		sqe.fd = rings[any(s, RINGS)].fd;
		sqe.address = any(s, 2);
		sqe.splice_fd = sqe.address ? 1 + (int)any(s, 4) : 0;
		sqe.address3 = sqe.address ? any(s, 4) : 0;
		break;
	}
	return sqe;
}

/* Several threads at one ring: the tail jumps, entries are torn. The kernel has to live with that. */
static void send_some(unsigned int *s)
{
	struct ring *r = &rings[any(s, RINGS)];
	unsigned int nr = 1 + any(s, 6);

	for (unsigned int i = 0; i < nr; i++)
		push(r, request(s));
	syscall(SYS_io_uring_enter, r->fd, nr, 0, any(s, 2) ? LINUX_URING_ENTER_GETEVENTS : 0, NULL, 0);
	if (any(s, 4))
		__atomic_store_n(word(r, r->p.cq.head), __atomic_load_n(word(r, r->p.cq.tail), __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

static void register_some(unsigned int *s)
{
	struct linux_uring_resources t = { .nr = 4, .flags = LINUX_URING_RESOURCES_SPARSE };
	struct linux_uring_sync_cancel c = { .address = any(s, 8), .fd = fds[any(s, 8)], .flags = any(s, 4), .nanoseconds = 100000 };
	int ring = rings[any(s, RINGS)].fd, event = fds[6];

	switch (any(s, 6)) {
	case 0:
		syscall(SYS_io_uring_register, ring, LINUX_URING_REGISTER_FILES2, &t, sizeof(t));
		break;
	case 1:
		syscall(SYS_io_uring_register, ring, LINUX_URING_UNREGISTER_FILES, NULL, 0);
		break;
	case 2:
		syscall(SYS_io_uring_register, ring, LINUX_URING_REGISTER_EVENTFD, &event, 1);
		break;
	case 3:
		syscall(SYS_io_uring_register, ring, LINUX_URING_UNREGISTER_EVENTFD, NULL, 0);
		break;
	default:
		syscall(SYS_io_uring_register, ring, LINUX_URING_REGISTER_SYNC_CANCEL, &c, 1);
	}
}

static void files_stir(unsigned int *s)
{
	char some[64];

	switch (any(s, 4)) {
	case 0:
		(void)!write(fds[1], memory, 1 + any(s, 32));
		break;
	case 1:
		(void)!read(fds[0], some, sizeof(some));
		break;
	case 2:
		send(fds[2 + any(s, 2)], memory, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 3:
		recv(fds[2 + any(s, 2)], some, sizeof(some), MSG_DONTWAIT);
		break;
	}
}

static void become_nothing(void)
{
	(void)!dup2(open("/dev/null", O_WRONLY), 1);
	execl("/proc/self/exe", "storm", "no_such_case", NULL);
}

/* A child that uses its parent's rings and goes, one way or another. */
static void child_goes(unsigned int *s)
{
	pid_t pid = fork();

	if (!pid) {
		unsigned int way = any(s, 3);

		for (unsigned int i = 0; i < 4; i++)
			send_some(s);
		if (!way)
			kill(getpid(), SIGKILL);
		if (way == 1)
			become_nothing();
		_exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

static void *thread_main(void *arg)
{
	unsigned int seed = round_nr * THREADS + (unsigned int)(uintptr_t)arg, number = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int what = any(&seed, 32);

		if (what < 20)
			send_some(&seed);
		else if (what < 26)
			files_stir(&seed);
		else if (what < 30)
			register_some(&seed);
		else if (what == 30 && !any(&seed, 4))
			child_goes(&seed);
		else if (!number && !any(&seed, STEPS / 4))
			close(rings[any(&seed, RINGS)].fd);
	}
	return NULL;
}

static void nothing(int number)
{
}

static void storm(void)
{
	struct linux_uring_params thread = { .flags = LINUX_URING_SETUP_SQPOLL, .sq_thread_idle = 1 };
	unsigned int seed = round_nr, way = any(&seed, 4);
	struct epoll_event event = { .events = EPOLLIN };
	pthread_t threads[THREADS];

	CHECK(!pipe2(fds, O_NONBLOCK) && !socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 2) && !pipe(fds + 4));
	fds[6] = eventfd(0, EFD_NONBLOCK);
	fds[7] = epoll_create1(0);
	for (unsigned int i = 0; i < RINGS; i++)
		rings[i] = i ? ring_open(ENTRIES) : ring_open_params(ENTRIES, &thread);
	CHECK(!epoll_ctl(fds[7], EPOLL_CTL_ADD, rings[1].fd, &event));
	signal(SIGPIPE, nothing);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_main, (void *)i));
	if (way == 1)
		become_nothing();
	for (unsigned int i = 0; way > 1 && i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	if (way == 2)
		kill(getpid(), SIGKILL);
	_exit(0);
}

/* KiB of what a kernel has or programs have, but for page caches and frames that objects lie in: of these the objects that live. */
static unsigned long memory_used(void)
{
	unsigned long sum = 0, n;
	char line[128], use[32];
	FILE *f = fopen("/proc/ferry/frames", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s %lu", use, &n) != 2)
			continue;
		if (!strcmp(use, "kernel") || !strcmp(use, "table") || !strcmp(use, "anon") || !strcmp(use, "stack"))
			sum += n * 4;
		else if (!strcmp(use, "slab_bytes"))
			sum += n / 1024;
	}
	fclose(f);
	return sum;
}

/* Twice more: what is found the first time may be on its way, or a pointer to it left behind on a stack. */
static void leaks_look(void)
{
	char first[64] = "";
	FILE *f;
	int fd = open("/proc/ferry/leaks", O_WRONLY);

	if (fd < 0)
		return;
	for (unsigned int i = 0; i < 3; i++)
		CHECK(write(fd, "scan", 4) == 4);
	close(fd);
	f = fopen("/proc/ferry/leaks", "r");
	CHECK(f && fgets(first, sizeof(first), f) && !strcmp(first, "unreachable 0\n"));
	fclose(f);
}

ABI_CASE(uring_survives_a_storm)
{
	unsigned long rounds = getenv("STORM_ROUNDS") ? strtoul(getenv("STORM_ROUNDS"), NULL, 0) : ROUNDS, before = 0, now;

	if (rounds > ROUNDS)
		alarm(0);
	for (round_nr = 0; round_nr < rounds; round_nr++) {
		pid_t pid = fork();

		if (!pid)
			storm();
		CHECK(pid > 0);
		(void)abi_wait(pid);
		now = memory_used();
		if (round_nr && round_nr % 50 == 0)
			printf("# %u storms, %lu KiB used\n", round_nr, now);
		before = round_nr == ROUNDS / 2 ? now : before;
	}
	for (unsigned int i = 0; i < 100 && memory_used() > before + SPREAD_KIB; i++)
		usleep(100000);		/* what the last one had may still be on its way */
	CHECK(memory_used() <= before + SPREAD_KIB);
	if (rounds > ROUNDS)
		leaks_look();
}
