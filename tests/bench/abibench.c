// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's doors cost, on Ferry and on Linux alike: one static binary, one line a test.
 *
 *	abibench [-s PERCENT] [NAME...]		all tests, or those named; -s scales the number of rounds
 *	abibench -l				the names
 *
 * Prints "bench NAME rounds N ns_per_round X ticks_per_round Y". A round of a ping-pong or a switch is there and back. The calls
 * that are measured are made without the C library. Everything runs on CPU 0. Each test runs a tenth of its rounds first, uncounted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "measure.h"

#define PAGE			4096ul
#define FUTEX_WAIT		0	/* futex(2); musl has no header of them */
#define FUTEX_WAKE		1
#define FUTEX_PRIVATE_FLAG	128

struct bench {
	const char *name;
	unsigned long rounds;
	void (*setup)(unsigned long n);
	void (*run)(unsigned long n);
	void (*finish)(void);
};

static char self[256];		/* this program, for exec */

static void die(const char *what)
{
	fprintf(stderr, "abibench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

/* The door itself, without what a C library does around it. */
static inline long raw3(long nr, long a, const void *b, long c)
{
	__asm__ volatile("syscall" : "+a"(nr) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return nr;
}

/* ---- Calls ------------------------------------------------------------------------------------ */

static int fd_a, fd_b;

static void run_null(unsigned long n)
{
	while (n--)
		raw3(SYS_getppid, 0, NULL, 0);
}

static void open_zero(unsigned long n)
{
	(void)n;
	fd_a = open("/dev/zero", O_RDONLY);
	must(fd_a >= 0, "/dev/zero");
}

static void open_null(unsigned long n)
{
	(void)n;
	fd_a = open("/dev/null", O_WRONLY);
	must(fd_a >= 0, "/dev/null");
}

static void close_a(void)
{
	close(fd_a);
}

static void close_both(void)
{
	close(fd_a);
	close(fd_b);
}

static void run_read(unsigned long n)
{
	char c;

	while (n--)
		must(raw3(SYS_read, fd_a, &c, 1) == 1, "read");
}

static void run_write(unsigned long n)
{
	while (n--)
		must(raw3(SYS_write, fd_a, "x", 1) == 1, "write");
}

static void run_open(unsigned long n)
{
	while (n--) {
		int fd = open("/dev/null", O_RDONLY);

		must(fd >= 0, "open");
		close(fd);
	}
}

static void run_clock(unsigned long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

static void open_pipe(unsigned long n)
{
	int fds[2];

	(void)n;
	must(!pipe(fds), "pipe");
	fd_a = fds[0];
	fd_b = fds[1];
}

static void run_pipe_self(unsigned long n)
{
	char c = 0;

	while (n--)
		must(raw3(SYS_write, fd_b, &c, 1) == 1 && raw3(SYS_read, fd_a, &c, 1) == 1, "pipe");
}

static void run_mmap(unsigned long n)
{
	while (n--) {
		char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(p != MAP_FAILED, "mmap");
		*p = 1;
		munmap(p, 16 * PAGE);
	}
}

static char *fault_area;
static unsigned long fault_bytes;

static void map_area(unsigned long n)
{
	fault_bytes = n * PAGE;
	fault_area = mmap(NULL, fault_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(fault_area != MAP_FAILED, "mmap");
	(void)madvise(fault_area, fault_bytes, MADV_NOHUGEPAGE);
}

static void run_fault(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		fault_area[i * PAGE] = 1;
}

static void unmap_area(void)
{
	munmap(fault_area, fault_bytes);
}

/* ---- Processes -------------------------------------------------------------------------------- */

static void reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && status == 0, "child");
}

static void run_fork(unsigned long n)
{
	while (n--) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (!pid)
			_exit(0);
		reap(pid);
	}
}

static void run_exec(unsigned long n)
{
	while (n--) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (!pid) {
			execl(self, self, "-x", (char *)NULL);
			_exit(1);
		}
		reap(pid);
	}
}

static void *thread_nothing(void *arg)
{
	return arg;
}

static void run_thread(unsigned long n)
{
	while (n--) {
		pthread_t t;

		must(!pthread_create(&t, NULL, thread_nothing, NULL), "pthread_create");
		pthread_join(t, NULL);
	}
}

/* ---- Ping-pong: the partner answers every message until the line closes -------------------------- */

struct link {
	int in, out;			/* this side's ends; the partner's: */
	int peer_in, peer_out;
	int bytes;
};

static struct link link_;
static pid_t partner;
static pthread_t partner_thread;
static unsigned long partner_rounds;

static void answer(void)
{
	uint64_t word = 1;

	for (unsigned long i = 0; i < partner_rounds; i++)
		if (raw3(SYS_read, link_.peer_in, &word, link_.bytes) != link_.bytes ||
		    raw3(SYS_write, link_.peer_out, &word, link_.bytes) != link_.bytes)
			_exit(1);
}

static void run_link(unsigned long n)
{
	uint64_t word = 1;

	while (n--)
		must(raw3(SYS_write, link_.out, &word, link_.bytes) == link_.bytes &&
		     raw3(SYS_read, link_.in, &word, link_.bytes) == link_.bytes, "ping");
}

static void start_process(void (*body)(void))
{
	partner = fork();
	must(partner >= 0, "fork");
	if (partner)
		return;
	body();
	_exit(0);
}

static void *thread_body(void *arg)
{
	((void (*)(void))arg)();
	return NULL;
}

static void start_thread(void (*body)(void))
{
	must(!pthread_create(&partner_thread, NULL, thread_body, (void *)body), "pthread_create");
}

static void link_pipes(void)
{
	int there[2], back[2];

	must(!pipe(there) && !pipe(back), "pipe");
	link_ = (struct link){ .in = back[0], .out = there[1], .peer_in = there[0], .peer_out = back[1], .bytes = 1 };
}

static void link_eventfds(void)
{
	int there = eventfd(0, 0), back = eventfd(0, 0);

	must(there >= 0 && back >= 0, "eventfd");
	link_ = (struct link){ .in = back, .out = there, .peer_in = there, .peer_out = back, .bytes = 8 };
}

static void link_sockets(void)
{
	int s[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
	link_ = (struct link){ .in = s[0], .out = s[0], .peer_in = s[1], .peer_out = s[1], .bytes = 1 };
}

#define LINK_SETUP(kind)											\
	static void kind##_process(unsigned long n) { link_##kind(); partner_rounds = n; start_process(answer); }	\
	static void kind##_thread(unsigned long n) { link_##kind(); partner_rounds = n; start_thread(answer); }
LINK_SETUP(pipes)
LINK_SETUP(eventfds)
LINK_SETUP(sockets)

static void close_link(void)
{
	close(link_.in);
	close(link_.out);
	close(link_.peer_in);
	close(link_.peer_out);
}

static void finish_process(void)
{
	reap(partner);
	close_link();
}

static void finish_thread(void)
{
	pthread_join(partner_thread, NULL);
	close_link();
}

/* ---- Futex ping-pong and switches ----------------------------------------------------------------- */

static uint32_t *words;		/* [0] there, [16] back */
static int futex_private;

static void futex_pass(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE | futex_private, 1, NULL, NULL, 0);
}

static void futex_await(uint32_t *word)
{
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, word, FUTEX_WAIT | futex_private, 0, NULL, NULL, 0);
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

static void futex_answer(void)
{
	for (unsigned long i = 0; i < partner_rounds; i++) {
		futex_await(&words[0]);
		futex_pass(&words[16]);
	}
}

static void run_futex(unsigned long n)
{
	while (n--) {
		futex_pass(&words[0]);
		futex_await(&words[16]);
	}
}

/* Both sides yield; words[16] says who ran last, so that a yield that gave the CPU to nobody is no round. */
static unsigned long alternate(uint32_t me, unsigned long rounds)
{
	while (rounds && !__atomic_load_n(&words[0], __ATOMIC_ACQUIRE)) {
		if (words[16] != me) {
			words[16] = me;
			rounds--;
		}
		raw3(SYS_sched_yield, 0, NULL, 0);
	}
	return rounds;
}

static void yield_answer(void)
{
	(void)alternate(1, ~0ul);
}

static void run_switch(unsigned long n)
{
	must(!alternate(2, n), "switch");
}

static void run_yield(unsigned long n)
{
	while (n--)
		raw3(SYS_sched_yield, 0, NULL, 0);
}

static void map_words(unsigned long n)
{
	partner_rounds = n;
	words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(words != MAP_FAILED, "mmap");
}

static void futex_process(unsigned long n) { map_words(n); futex_private = 0; start_process(futex_answer); }
static void futex_thread(unsigned long n) { map_words(n); futex_private = FUTEX_PRIVATE_FLAG; start_thread(futex_answer); }
static void switch_process(unsigned long n) { map_words(n); start_process(yield_answer); }
static void switch_thread(unsigned long n) { map_words(n); start_thread(yield_answer); }

static void finish_words_process(void)
{
	__atomic_store_n(&words[0], 1, __ATOMIC_RELEASE);
	reap(partner);
	munmap(words, PAGE);
}

static void finish_words_thread(void)
{
	__atomic_store_n(&words[0], 1, __ATOMIC_RELEASE);
	pthread_join(partner_thread, NULL);
	munmap(words, PAGE);
}

/* ---- The table ------------------------------------------------------------------------------------ */

static const struct bench benches[] = {
	{ "null", 200000, NULL, run_null, NULL },
	{ "read1", 100000, open_zero, run_read, close_a },
	{ "write1", 100000, open_null, run_write, close_a },
	{ "open_close", 10000, NULL, run_open, NULL },
	{ "clock_vdso", 200000, NULL, run_clock, NULL },
	{ "pipe_self", 30000, open_pipe, run_pipe_self, close_both },
	{ "yield", 50000, NULL, run_yield, NULL },
	{ "switch_thread", 30000, switch_thread, run_switch, finish_words_thread },
	{ "switch_process", 10000, switch_process, run_switch, finish_words_process },
	{ "pipe_thread", 10000, pipes_thread, run_link, finish_thread },
	{ "pipe_process", 5000, pipes_process, run_link, finish_process },
	{ "eventfd_thread", 10000, eventfds_thread, run_link, finish_thread },
	{ "eventfd_process", 5000, eventfds_process, run_link, finish_process },
	{ "futex_thread", 10000, futex_thread, run_futex, finish_words_thread },
	{ "futex_process", 5000, futex_process, run_futex, finish_words_process },
	{ "unix_thread", 10000, sockets_thread, run_link, finish_thread },
	{ "unix_process", 5000, sockets_process, run_link, finish_process },
	{ "thread", 2000, NULL, run_thread, NULL },
	{ "fork", 500, NULL, run_fork, NULL },
	{ "exec", 300, NULL, run_exec, NULL },
	{ "fault", 4000, map_area, run_fault, unmap_area },
	{ "mmap", 5000, NULL, run_mmap, NULL },
};

#define BENCHES	(sizeof(benches) / sizeof(benches[0]))

static void measure(const struct bench *b, unsigned long n, bool print)
{
	uint64_t tsc, ns;

	if (b->setup)
		b->setup(n);
	ns = clock_ns();
	tsc = ticks();
	if (print)
		profile_begin();
	b->run(n);
	if (print)
		profile_end();
	tsc = ticks() - tsc;
	ns = clock_ns() - ns;
	if (b->finish)
		b->finish();
	if (print)
		printf("bench %s rounds %lu ns_per_round %.1f ticks_per_round %.1f\n", b->name, n, (double)ns / n, (double)tsc / n);
	fflush(stdout);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	unsigned long percent = 100;
	cpu_set_t one;
	int opt;

	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "/proc/self/exe");
	while ((opt = getopt(argc, argv, "xls:")) != -1) {
		if (opt == 'x')
			return 0;
		for (unsigned int i = 0; opt == 'l' && i < BENCHES; i++)
			puts(benches[i].name);
		if (opt != 's')
			return opt == 'l' ? 0 : 2;
		percent = strtoul(optarg, NULL, 0);
	}
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	calibrate();
	for (unsigned int i = 0; i < BENCHES; i++) {
		unsigned long n = benches[i].rounds * percent / 100;

		if (!wanted(benches[i].name, argv + optind))
			continue;
		measure(&benches[i], n / 10 + 1, false);
		measure(&benches[i], n ? n : 1, true);
	}
	return 0;
}
