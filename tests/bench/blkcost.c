// SPDX-License-Identifier: GPL-2.0
/*
 * What a block request costs, seen from a program: batches of 4 KiB direct reads through io_submit and io_getevents, counted by the TSC.
 * Under --icount one tick is one guest instruction, so the figures are exact. Calibrates first: "loop" must read 2.000 then.
 *
 *	blkcost [-d DEPTH] DISK [BATCHES]
 *
 * Then a read of 512 bytes that the page cache has.
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

#define DEPTH_MAX	128
#define CACHED_READS	20000ul
#define CACHED_BYTES	512u

/* Page table loads since boot, all CPUs; -1 on another system. */
static long space_switches(void)
{
	FILE *f = fopen("/proc/ferry/cpus", "r");
	unsigned long cpu, switches, spaces, calls, interrupts;
	char line[256];
	long sum = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lu %lu %lu %lu %lu", &cpu, &switches, &spaces, &calls, &interrupts) == 5)
			sum += spaces;
	fclose(f);
	return sum;
}

static void die(const char *what)
{
	fprintf(stderr, "blkcost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void measure(int fd, unsigned int depth, unsigned long batches, unsigned char *buffer, bool print)
{
	struct iocb io[DEPTH_MAX], *list[DEPTH_MAX];
	struct io_event events[DEPTH_MAX];
	uint64_t submit = 0, wait = 0, ns;
	unsigned long ctx = 0;
	long before, after;

	if (syscall(SYS_io_setup, DEPTH_MAX, &ctx))
		die("io_setup");
	for (unsigned int i = 0; i < depth; i++) {
		io[i] = (struct iocb){ .data = i, .fd = fd, .buf = (uintptr_t)(buffer + i * 4096), .nbytes = 4096, .offset = i * 4096 };
		list[i] = &io[i];
	}
	before = space_switches();
	ns = clock_ns();
	if (print)
		profile_begin();
	for (unsigned long n = 0; n < batches; n++) {
		uint64_t t0 = ticks(), t1;

		if (syscall(SYS_io_submit, ctx, (long)depth, list) != (long)depth)
			die("io_submit");
		t1 = ticks();
		for (long got = 0; got < (long)depth; ) {
			long r = syscall(SYS_io_getevents, ctx, (long)depth - got, (long)depth - got, events, NULL);

			if (r <= 0 || events[0].res != 4096)
				die("io_getevents");
			got += r;
		}
		submit += t1 - t0;
		wait += ticks() - t1;
	}
	if (print)
		profile_end();
	ns = clock_ns() - ns;
	after = space_switches();
	if (print)
		printf("rounds %lu depth %u ticks_per_request %.1f of_which_submit %.1f wait_and_complete %.1f "
		       "space_switches_per_batch %.2f submit_ns %.1f\n", batches * depth, depth,
		       (double)(submit + wait) / batches / depth, (double)submit / batches / depth, (double)wait / batches / depth,
		       (double)(after - before) / batches, (double)ns * submit / (submit + wait) / batches / depth);
	syscall(SYS_io_destroy, ctx);
}

static void measure_cached(const char *disk, unsigned char *buffer)
{
	int fd = open(disk, O_RDONLY);
	uint64_t ns, t;

	if (fd < 0)
		die(disk);
	for (unsigned int i = 0; i < 100; i++)
		if (pread(fd, buffer, CACHED_BYTES, 0) != CACHED_BYTES)
			die("cached read");
	ns = clock_ns();
	t = ticks();
	for (unsigned long i = 0; i < CACHED_READS; i++)
		if (pread(fd, buffer, CACHED_BYTES, 0) != CACHED_BYTES)
			die("cached read");
	t = ticks() - t;
	ns = clock_ns() - ns;
	close(fd);
	printf("cached reads %lu bytes %u ticks_per_read %.1f ns_per_read %.1f\n", CACHED_READS, CACHED_BYTES, (double)t / CACHED_READS,
	       (double)ns / CACHED_READS);
}

int main(int argc, char **argv)
{
	unsigned int only = 0;
	unsigned long batches;
	unsigned char *buffer;
	int fd, opt;

	while ((opt = getopt(argc, argv, "d:")) == 'd')
		only = strtoul(optarg, NULL, 0);
	batches = optind + 1 < argc ? strtoul(argv[optind + 1], NULL, 0) : 200;
	if (opt != -1 || optind >= argc || !batches || only > DEPTH_MAX) {
		fprintf(stderr, "usage: blkcost [-d DEPTH] DISK [BATCHES]\n");
		return 2;
	}
	fd = open(argv[optind], O_RDONLY | O_DIRECT);
	if (fd < 0 || posix_memalign((void **)&buffer, 4096, DEPTH_MAX * 4096))
		die(argv[optind]);
	memset(buffer, 1, DEPTH_MAX * 4096);
	calibrate();
	measure(fd, only ? only : 32, batches / 10 + 1, buffer, false);
	for (unsigned int depth = only ? only : 1; depth <= (only ? only : 32); depth *= 32)
		measure(fd, depth, batches, buffer, true);
	if (!only)
		measure_cached(argv[optind], buffer);
	return 0;
}
