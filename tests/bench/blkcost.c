// SPDX-License-Identifier: GPL-2.0
/*
 * What a block request costs, seen from a program: batches of 4 KiB direct reads through io_submit and io_getevents, counted by the TSC.
 * Under --icount one tick is one guest instruction, so the figures are exact. Calibrates first: "loop" must read 2.000 then.
 *
 *	blkcost [-d DEPTH] [-b BYTES] DISK [BATCHES]
 *	blkcost -c DISK
 *
 * On Ferry also what of it is the class core's, from the request that it was given to its end (/proc/ferry/disks), and, in rounds of their
 * own, because looking costs, what the core's calls into the driver take: submit, and commit with its doorbell (/proc/ferry/driver_time).
 * Then, without -d, a read of 512 bytes that the page cache has; with -c, nothing but that.
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
#define GAP		8192	/* neighbours would be merged, and a merged one costs next to nothing */
#define CACHED_READS	20000ul
#define CACHED_BYTES	512u
#define BYTES_MAX	4096u
#define PARTS		100u
#define DISKS		"/proc/ferry/disks"
#define DRIVER_TIME	"/proc/ferry/driver_time"

static unsigned int bytes = BYTES_MAX;	/* of a request */

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

/* The two numbers that end the line of @path which begins with @name; with @device a word lies between. False: there is none. */
static bool numbers_of(const char *path, const char *name, char *device, unsigned long long *a, unsigned long long *b)
{
	FILE *f = fopen(path, "r");
	char line[256], key[64];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = (device ? sscanf(line, "%63s %63s %llu %llu", key, device, a, b) == 4 : sscanf(line, "%63s %llu %llu", key, a, b) == 3) &&
			!strcmp(key, name);
	if (f)
		fclose(f);
	return found;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
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
		io[i] = (struct iocb){ .data = i, .fd = fd, .buf = (uintptr_t)(buffer + i * 4096), .nbytes = bytes, .offset = i * GAP };
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

			if (r <= 0 || events[0].res != (long long)bytes)
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

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Parts that the host did not interrupt are alike: their median says more than a mean. */
static double median(double *values)
{
	qsort(values, PARTS, sizeof(*values), compare);
	return values[PARTS / 2];
}

/* From the core's side; nothing on another system. */
static void measure_core(int fd, const char *disk, unsigned int depth, unsigned long batches, unsigned char *buffer)
{
	unsigned long long calls[2], ns[2];
	double in_core[PARTS], in_driver[PARTS], entered = 0;
	unsigned long rounds = batches / PARTS + 1;
	char device[64];
	int hold;

	if (!numbers_of(DISKS, base_of(disk), device, &calls[0], &ns[0]))
		return;
	for (unsigned int i = 0; i < PARTS; i++) {
		measure(fd, depth, rounds, buffer, false);
		if (!numbers_of(DISKS, base_of(disk), device, &calls[1], &ns[1]))
			die(DISKS);
		in_core[i] = (double)(ns[1] - ns[0]) / (calls[1] - calls[0]);
		calls[0] = calls[1];
		ns[0] = ns[1];
	}
	hold = open(DRIVER_TIME, O_RDONLY);
	if (hold < 0 || !numbers_of(DRIVER_TIME, device, NULL, &calls[0], &ns[0]))
		die(DRIVER_TIME);
	for (unsigned int i = 0; i < PARTS; i++) {
		measure(fd, depth, rounds, buffer, false);
		if (!numbers_of(DRIVER_TIME, device, NULL, &calls[1], &ns[1]))
			die(DRIVER_TIME);
		in_driver[i] = (double)(ns[1] - ns[0]) / rounds / depth;
		entered = (double)(calls[1] - calls[0]) / rounds / depth;
		calls[0] = calls[1];
		ns[0] = ns[1];
	}
	close(hold);
	printf("core: depth %u in_core_ns %.1f driver_calls %.2f in_driver_ns %.1f\n", depth, median(in_core), entered, median(in_driver));
}

static void reads_cached(int fd, unsigned char *buffer, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		if (pread(fd, buffer, CACHED_BYTES, 0) != CACHED_BYTES)
			die("cached read");
}

static void measure_cached(const char *disk, unsigned char *buffer, bool print)
{
	int fd = open(disk, O_RDONLY);
	double ns[PARTS];
	uint64_t t, last;

	if (fd < 0)
		die(disk);
	reads_cached(fd, buffer, 100);
	t = ticks();
	if (print)
		profile_begin();
	for (unsigned int i = 0; i < PARTS; i++) {
		last = clock_ns();
		reads_cached(fd, buffer, CACHED_READS / PARTS);
		ns[i] = (double)(clock_ns() - last) / (CACHED_READS / PARTS);
	}
	if (print)
		profile_end();
	t = ticks() - t;
	close(fd);
	printf("cached %s %lu bytes %u ticks_per_read %.1f ns_per_read %.1f quickest %.1f\n", print ? "rounds" : "reads", CACHED_READS, CACHED_BYTES,
	       (double)t / CACHED_READS, median(ns), ns[PARTS / 10]);
}

int main(int argc, char **argv)
{
	unsigned int only = 0;
	unsigned long batches;
	unsigned char *buffer;
	bool cached = false;
	int fd, opt;

	while ((opt = getopt(argc, argv, "cd:b:")) == 'c' || opt == 'd' || opt == 'b')
		if (opt == 'c')
			cached = true;
		else
			*(opt == 'd' ? &only : &bytes) = strtoul(optarg, NULL, 0);
	batches = optind + 1 < argc ? strtoul(argv[optind + 1], NULL, 0) : 200;
	if (opt != -1 || optind >= argc || !batches || only > DEPTH_MAX || !bytes || bytes > BYTES_MAX) {
		fprintf(stderr, "usage: blkcost [-c] [-d DEPTH] [-b BYTES] DISK [BATCHES]\n");
		return 2;
	}
	fd = open(argv[optind], O_RDONLY | O_DIRECT);
	if (fd < 0 || posix_memalign((void **)&buffer, 4096, DEPTH_MAX * 4096))
		die(argv[optind]);
	memset(buffer, 1, DEPTH_MAX * 4096);
	calibrate();
	if (cached) {
		measure_cached(argv[optind], buffer, true);
		return 0;
	}
	measure(fd, only ? only : 32, batches / 10 + 1, buffer, false);
	for (unsigned int depth = only ? only : 1; depth <= (only ? only : 32); depth *= 32)
		measure(fd, depth, batches, buffer, true);
	for (unsigned int depth = only ? only : 1; depth <= (only ? only : 32); depth *= 32)
		measure_core(fd, argv[optind], depth, batches, buffer);
	if (!only)
		measure_cached(argv[optind], buffer, false);
	return 0;
}
