// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O on a disk at a steady queue depth: as many requests as ended are submitted again, in one call. Runs on Ferry and on Linux.
 *
 *	blkload [-s PERCENT] [-w WORKLOAD] DISK...	every workload, or one, on every disk; waits ten seconds for a disk to appear
 *
 * Prints "load DISK WORKLOAD requests N ns_per_request X ticks_per_request Y", and at depth 1 "median_ns Z quick_ns Q", of the requests one
 * by one, the latter of the quickest tenth: a busy host moves the mean, then the median, that last. What is written is lost: for disks without
 * content.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../user/aio.h"
#include "measure.h"

#define DEPTH_MAX	128u
#define BYTES_MAX	(128u << 10)
#define REQUESTS_MAX	65536u

struct workload {
	const char *name;
	bool write, sequential;
	unsigned int bytes, depth;
	unsigned long requests;
};

static const struct workload workloads[] = {
	{ "randread-4k-1", false, false, 4096, 1, 2000 },
	{ "randread-4k-8", false, false, 4096, 8, 8000 },
	{ "randread-4k-32", false, false, 4096, 32, 10000 },
	{ "randread-4k-128", false, false, 4096, 128, 10000 },
	{ "randwrite-4k-1", true, false, 4096, 1, 2000 },
	{ "randwrite-4k-8", true, false, 4096, 8, 8000 },
	{ "randwrite-4k-32", true, false, 4096, 32, 10000 },
	{ "randwrite-4k-128", true, false, 4096, 128, 10000 },
	{ "read-128k-8", false, true, 128 << 10, 8, 2000 },
	{ "write-128k-8", true, true, 128 << 10, 8, 2000 },
};

static struct iocb iocbs[DEPTH_MAX];
static struct io_event events[DEPTH_MAX];
static unsigned char *buffers;
static uint32_t took[REQUESTS_MAX];	/* of each request, ns; depth 1 */
static uint64_t seed = 0x9e3779b97f4a7c15ull;

static void die(const char *what)
{
	fprintf(stderr, "blkload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int open_disk(const char *path)
{
	for (unsigned int tries = 0; tries < 100; tries++) {
		int fd = open(path, O_RDWR | O_DIRECT);

		if (fd >= 0)
			return fd;
		usleep(100000);
	}
	die(path);
	return -1;
}

/* Every second place: neighbours of a batch would be merged. */
static int64_t next_offset(const struct workload *w, uint64_t size, unsigned long n)
{
	uint64_t slots = size / w->bytes;

	return (int64_t)((w->sequential ? 2 * n % slots : next_random() % slots) * w->bytes);
}

static void submit(unsigned long ctx, struct iocb **list, long nr)
{
	for (long done = 0; done < nr; ) {
		long r = syscall(SYS_io_submit, ctx, nr - done, list + done);

		if (r <= 0)
			die("io_submit");
		done += r;
	}
}

/* @n requests at the workload's depth. */
static void run(int fd, const struct workload *w, uint64_t size, unsigned long ctx, unsigned long n)
{
	struct iocb *list[DEPTH_MAX];
	unsigned long sent = 0, over = 0;

	for (; sent < w->depth && sent < n; sent++) {
		iocbs[sent] = (struct iocb){ .data = sent, .fd = (uint32_t)fd, .opcode = w->write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
					     .buf = (uintptr_t)(buffers + sent * (w->bytes > 4096 ? BYTES_MAX : 4096)),
					     .nbytes = w->bytes, .offset = next_offset(w, size, sent) };
		list[sent] = &iocbs[sent];
	}
	submit(ctx, list, (long)sent);
	while (over < n) {
		long got = syscall(SYS_io_getevents, ctx, 1L, (long)w->depth, events, NULL), again = 0;

		if (got <= 0)
			die("io_getevents");
		for (long i = 0; i < got; i++) {
			struct iocb *cb = &iocbs[events[i].data];

			if (events[i].res != (int64_t)w->bytes)
				die("a request");
			if (sent == n)
				continue;
			cb->offset = next_offset(w, size, sent++);
			list[again++] = cb;
		}
		over += (unsigned long)got;
		submit(ctx, list, again);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* One request after another, each by itself. */
static void one_by_one(int fd, const struct workload *w, uint64_t size, unsigned long ctx, unsigned long n)
{
	n = n < REQUESTS_MAX ? n : REQUESTS_MAX;
	for (unsigned long i = 0; i < n; i++) {
		uint64_t start = clock_ns();

		run(fd, w, size, ctx, 1);
		took[i] = (uint32_t)(clock_ns() - start);
	}
	qsort(took, n, sizeof(took[0]), compare);
	printf(" median_ns %u quick_ns %u", took[n / 2], took[n / 10]);
}

static void measure(const char *name, int fd, const struct workload *w, uint64_t size, unsigned long n)
{
	unsigned long ctx = 0;
	uint64_t tsc, ns;

	if (syscall(SYS_io_setup, DEPTH_MAX, &ctx))
		die("io_setup");
	run(fd, w, size, ctx, n / 10 + 1);
	ns = clock_ns();
	tsc = ticks();
	profile_begin();
	run(fd, w, size, ctx, n);
	profile_end();
	tsc = ticks() - tsc;
	ns = clock_ns() - ns;
	printf("load %s %s requests %lu ns_per_request %.1f ticks_per_request %.1f", name, w->name, n, (double)ns / n, (double)tsc / n);
	if (w->depth == 1)
		one_by_one(fd, w, size, ctx, n);
	putchar('\n');
	syscall(SYS_io_destroy, ctx);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long percent = 100;
	const char *only = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "s:w:")) == 's' || opt == 'w') {
		if (opt == 's')
			percent = strtoul(optarg, NULL, 0);
		else
			only = optarg;
	}
	if (opt != -1 || optind >= argc) {
		fprintf(stderr, "usage: blkload [-s PERCENT] [-w WORKLOAD] DISK...\n");
		return 2;
	}
	if (posix_memalign((void **)&buffers, 4096, 8 * BYTES_MAX))
		die("memory");
	memset(buffers, 1, 8 * BYTES_MAX);
	calibrate();
	for (int i = optind; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		int fd = open_disk(argv[i]);
		uint64_t size;

		if (ioctl(fd, BLKGETSIZE64, &size))
			die(argv[i]);
		for (unsigned int j = 0; j < sizeof(workloads) / sizeof(workloads[0]); j++)
			if (!only || !strcmp(only, workloads[j].name))
				measure(slash ? slash + 1 : argv[i], fd, &workloads[j], size,
					workloads[j].requests * percent / 100 + 1);
		close(fd);
	}
	return 0;
}
