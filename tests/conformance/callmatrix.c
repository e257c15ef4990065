// SPDX-License-Identifier: GPL-2.0
/*
 * Every system call with arguments good, odd and hostile, each in a child without privileges that has the same files and memory: prints one
 * line "NAME(ARGUMENT,...) RESULT" a call, RESULT being a number, a -errno or how the child died. The arguments follow from the seed alone, so
 * the lines of two systems can be compared (tests/conformance/calls). What ends, blocks for good or forks by design is left out.
 *
 * With -w what is not an address or a length has bits in its upper half, which calls that take an int do not look at.
 *
 * usage: callmatrix [-n VECTORS] [-s SEED] [-w] [NAME...]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096ul
#define NOBODY		65534
#define BLOCKED_MS	300
#define ARGS		6
#define UPPER_HALF	0xdefaced000000000ul

struct value {
	const char *name;
	uint64_t value;
};

struct call {
	const char *name;
	unsigned int nr;
	const char *kinds;	/* of its arguments: see struct kind */
};

#include "callmatrix.h"

static char *memory, *read_only, *unterminated;	/* two pages and a guard; one page and a guard; a page of 'a' and a guard */
static struct timespec *some_time, *bad_time;
static struct iovec *vectors, *bad_vectors;

/* Where things lie is this program's own: the names are what both systems print. */
static struct value pointers[10], strings[6], times[5], iovecs[4];

static const struct value descriptors[] = {
	{ "file", 3 }, { "dir", 4 }, { "pipe-out", 5 }, { "pipe-in", 6 }, { "socket", 7 }, { "epoll", 8 }, { "eventfd", 9 }, { "timerfd", 10 },
	{ "path-fd", 11 }, { "read-only", 12 }, { "99", 99 }, { "-1", -1ull }, { "cwd", (uint64_t)AT_FDCWD }, { "null", 13 },
};
static const struct value lengths[] = {
	{ "0", 0 }, { "1", 1 }, { "8", 8 }, { "16", 16 }, { "100", 100 }, { "4096", 4096 }, { "8192", 8192 }, { "2^31-1", 0x7fffffff },
	{ "2^31", 0x80000000 }, { "2^32", 1ull << 32 }, { "2^63", 1ull << 63 }, { "-1", -1ull }, { "-4096", -4096ull },
};
static const struct value flags[] = {
	{ "0", 0 }, { "1", 1 }, { "2", 2 }, { "3", 3 }, { "4", 4 }, { "8", 8 }, { "16", 16 }, { "0x100", 0x100 }, { "0x800", 0x800 },
	{ "0x1000", 0x1000 },
	{ "0x80000", 0x80000 },
	{ "2^31", 0x80000000 }, { "-1", -1ull }, { "7", 7 }, { "5", 5 }, { "10", 10 }, { "0x40", 0x40 }, { "2^40", 1ull << 40 },
};
static const struct value signals[] = {
	{ "0", 0 }, { "1", 1 }, { "9", 9 }, { "10", 10 }, { "17", 17 }, { "19", 19 }, { "32", 32 }, { "64", 64 }, { "65", 65 },
	{ "-1", -1ull },
};
static const struct value processes[] = {
	{ "0", 0 }, { "1", 1 }, { "32000", 32000 }, { "-1", -1ull }, { "2^31-1", 0x7fffffff }, { "2^31", 0x80000000 },
};
static const struct value ids[] = {
	{ "0", 0 }, { "1", 1 }, { "nobody", NOBODY }, { "-1", 0xffffffff }, { "-1l", -1ull }, { "2^31", 0x80000000 },
};
static const struct value addresses[] = {
	{ "0", 0 }, { "0x10000000", 0x10000000 },
	{ "0x10000001", 0x10000001 }, { "0x7ffffffff000", 0x7ffffffff000 }, { "2^63", 1ull << 63 }, { "-4096", -4096ull },
};

static uint64_t state;
static bool wide;

static uint32_t pick(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

static struct value pick_of(const struct value *values, size_t n)
{
	return values[pick((uint32_t)n)];
}

#define PICK(values)	pick_of(values, sizeof(values) / sizeof((values)[0]))

/* f descriptor, p pointer, n length, s string, i flags or small number, t time, v vectors, g signal, k process, u user, a address, 0 nothing */
static struct value good(char kind)
{
	switch (kind) {
	case 'f': return PICK(descriptors);
	case 'p': return PICK(pointers);
	case 'n': return PICK(lengths);
	case 's': return PICK(strings);
	case 'i': return PICK(flags);
	case 't': return PICK(times);
	case 'v': return PICK(iovecs);
	case 'g': return PICK(signals);
	case 'k': return PICK(processes);
	case 'u': return PICK(ids);
	case 'a': return PICK(addresses);
	default: return (struct value){ "0", 0 };
	}
}

static struct value argument(char kind)
{
	static const char any[] = "fpnsitvgkua";

	return pick(8) ? good(kind) : good(any[pick(sizeof(any) - 1)]);
}

static char *pages(size_t n)
{
	char *at = mmap(NULL, (n + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + n * PAGE, PAGE, PROT_NONE))
		exit(3);
	return at;
}

static void prepare_memory(void)
{
	memory = pages(2);
	read_only = pages(1);
	unterminated = pages(1);
	memset(unterminated, 'a', PAGE);
	some_time = (void *)pages(1);
	bad_time = some_time + 8;
	*some_time = (struct timespec){ 0, 1000 };
	*bad_time = (struct timespec){ 0, 2000000000 };
	vectors = (void *)pages(1);
	bad_vectors = vectors + 32;
	vectors[0] = vectors[1] = (struct iovec){ memory, 16 };
	bad_vectors[0] = (struct iovec){ (void *)1, 16 };
	bad_vectors[1] = (struct iovec){ memory, SIZE_MAX };
	strcpy(read_only, "file");
	strcpy(read_only + 16, "dir");
	strcpy(read_only + 32, "nothing/there");
	mprotect(read_only, PAGE, PROT_READ);
}

static struct value at(const char *name, const void *address)
{
	return (struct value){ name, (uint64_t)address };
}

static void name_memory(void)
{
	const struct value p[] = {
		at("memory", memory), at("memory+1", memory + 1), at("memory+4096", memory + PAGE), at("end-4", memory + 2 * PAGE - 4),
		at("read-only", read_only), at("null", 0), at("1", (void *)1), at("kernel", (void *)0xffffffff81000000ul),
		at("hole", (void *)0x800000000000ul), at("guard", memory + 2 * PAGE),
	};
	const struct value s[] = {
		at("\"file\"", read_only), at("\"dir\"", read_only + 16), at("\"nothing/there\"", read_only + 32), at("\"\"", memory),
		at("unterminated", unterminated), at("1", (void *)1),
	};
	const struct value t[] = { at("1us", some_time), at("bad-time", bad_time), at("null", 0), at("zero", memory), at("1", (void *)1) };
	const struct value v[] = {
		at("vectors", vectors), at("bad-vectors", bad_vectors), at("1", (void *)1), at("kernel", (void *)0xffffffff81000000ul),
	};

	memcpy(pointers, p, sizeof(p));
	memcpy(strings, s, sizeof(s));
	memcpy(times, t, sizeof(t));
	memcpy(iovecs, v, sizeof(v));
}

static void put_at(int fd, int place)
{
	if (fd < 0)
		_exit(3);
	if (fd != place) {
		dup2(fd, place);
		close(fd);
	}
}

/* Children share nothing that one of them could change for the next. */
static void open_descriptors(void)
{
	int p[2], s[2];

	if (pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		_exit(3);
	for (int i = 0; i < 2; i++) {
		p[i] = fcntl(p[i], F_DUPFD, 40);
		s[i] = fcntl(s[i], F_DUPFD, 50);
	}
	for (int fd = 0; fd < 20; fd++)
		close(fd);
	put_at(open("/dev/null", O_RDWR), 0);
	dup2(0, 1);
	dup2(0, 2);
	put_at(open("file", O_RDWR | O_CREAT, 0644), 3);
	if (write(3, "0123456789abcdef", 16) != 16)
		_exit(3);
	lseek(3, 0, SEEK_SET);
	put_at(open("dir", O_RDONLY | O_DIRECTORY), 4);
	dup2(p[0], 5);
	dup2(p[1], 6);
	dup2(s[0], 7);
	put_at(epoll_create1(0), 8);
	put_at(eventfd(1, 0), 9);
	put_at(timerfd_create(CLOCK_MONOTONIC, 0), 10);
	put_at(open("file", O_PATH), 11);
	put_at(open("file", O_RDONLY), 12);
	put_at(open("/dev/null", O_RDWR), 13);
	close(p[0]);
	close(p[1]);
	close(s[0]);
}

static void child(const struct call *c, const uint64_t *a, const char *directory)
{
	struct itimerval limit = { .it_value.tv_usec = BLOCKED_MS * 1000 };
	int64_t result;

	setsid();
	if (mkdir(directory, 0755) || chown(directory, NOBODY, NOBODY) || chdir(directory))
		_exit(4);
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(4);
	umask(022);
	if (mkdir("dir", 0755))
		_exit(4);
	open_descriptors();
	prctl(PR_SET_DUMPABLE, 0);
	setitimer(ITIMER_REAL, &limit, NULL);
	__asm__ volatile("movq %5, %%r10\n\tmovq %6, %%r8\n\tmovq %7, %%r9\n\tsyscall"
			 : "=a"(result) : "a"((uint64_t)c->nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5])
			 : "rcx", "r8", "r9", "r10", "r11", "memory");
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(result < 0 && result >= -200 ? -result : 0) : "rcx", "r11", "memory");
}

static void remove_tree(const char *directory)
{
	static const char *const names[] = { "file", "dir/file", "aaa", "nothing" };
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (unlink(path))
			rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/dir", directory);
	if (rmdir(path))
		unlink(path);
	rmdir(directory);
}

static int wait_for(pid_t pid)
{
	struct timespec pause = { 0, 200000 };
	int status;

	for (int i = 0; i < 20000; i++) {
		if (waitpid(pid, &status, WNOHANG | __WALL) == pid)
			return status;
		nanosleep(&pause, NULL);
		if (i == 10000)
			kill(pid, SIGKILL);
	}
	return -1;
}

static void run(const struct call *c, unsigned int n)
{
	uint64_t a[ARGS];
	char directory[64], text[256];
	size_t length = 0;
	int status;
	pid_t pid;

	for (unsigned int i = 0; i < ARGS; i++) {
		struct value v = i < strlen(c->kinds) ? argument(c->kinds[i]) : (struct value){ "", 0 };

		a[i] = v.value;
		if (wide && i < strlen(c->kinds) && strchr("figku", c->kinds[i]))
			a[i] = (uint32_t)a[i] | UPPER_HALF;
		if (*v.name)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i ? "," : "", v.name);
	}
	text[length] = '\0';
	snprintf(directory, sizeof(directory), "/tmp/matrix.%u", n);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(c, a, directory);
	status = wait_for(pid);
	remove_tree(directory);
	if (status == -1)
		printf("%s(%s) stuck\n", c->name, text);
	else if (WIFSIGNALED(status))
		printf("%s(%s) %s%d\n", c->name, text, WTERMSIG(status) == SIGALRM ? "blocks " : "signal ", WTERMSIG(status));
	else
		printf("%s(%s) %d\n", c->name, text, -WEXITSTATUS(status));
}

static bool wanted(const char *name, char **names, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(name, names[i]))
			return true;
	return nr == 0;
}

int main(int argc, char **argv)
{
	unsigned int vectors_each = 50, seed = 1;
	int option;

	while ((option = getopt(argc, argv, "n:s:w")) != -1) {
		if (option == 'n')
			vectors_each = (unsigned int)atoi(optarg);
		else if (option == 's')
			seed = (unsigned int)atoi(optarg);
		else if (option == 'w')
			wide = true;
		else
			return 2;
	}
	prepare_memory();
	name_memory();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		state = seed * 1000003ull + calls[i].nr * 7919ull;
		pick(2);
		for (unsigned int n = 0; n < vectors_each && wanted(calls[i].name, argv + optind, argc - optind); n++)
			run(&calls[i], n);
	}
	printf("callmatrix: done\n");
	return 0;
}
