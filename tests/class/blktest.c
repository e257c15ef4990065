// SPDX-License-Identifier: GPL-2.0
/*
 * The block class suite, run in the guest against one disk: the same claims for every driver in every placement. It is an ordinary
 * Linux program (static musl), so that Linux's own answers can be had by running it there.
 *
 *	blktest suite /dev/vda [ro]	KTAP, one line a claim; overwrites the disk (not with ro)
 *	blktest fill /dev/vda SEED	write the pattern of SEED over the whole disk, fsync
 *	blktest verify /dev/vda SEED	read it back and compare
 *	blktest far /dev/vda SEED	write and read where block numbers grow a bit: 32 bits of sectors, of blocks, the end
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/ferry/linux_uring.h>
#include "../user/aio.h"
#include "blkpattern.h"
#include "claims.h"

#define MIB		(1024u * 1024)
#define BUFFER_BYTES	(2 * MIB)

static const char *path;
static int fd = -1, direct = -1;
static uint64_t disk_bytes;
static uint32_t block_bytes;
static unsigned char *a, *b;	/* two buffers, page aligned */

/* ---- Claims ---- */

static bool size_is_told_alike_by_every_call(void)
{
	unsigned long sectors = 0;
	int ssz = 0;

	CHECK(ioctl(fd, BLKGETSIZE, &sectors) == 0);
	CHECK((uint64_t)sectors * 512 == disk_bytes);
	CHECK(ioctl(fd, BLKSSZGET, &ssz) == 0);
	CHECK(ssz >= 512 && ssz <= 4096 && !(ssz & (ssz - 1)));
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)disk_bytes);
	return true;
}

static bool direct_write_reads_back(void)
{
	pattern(a, 0, 64 * 1024, 1);
	CHECK(pwrite(direct, a, 64 * 1024, 0) == 64 * 1024);
	memset(b, 0, 64 * 1024);
	CHECK(pread(direct, b, 64 * 1024, 0) == 64 * 1024);
	CHECK(matches(b, 0, 64 * 1024, 1));
	return true;
}

static bool buffered_write_is_seen_by_direct_read_after_fsync(void)
{
	pattern(a, 65536, 10000, 2);
	CHECK(pwrite(fd, a, 10000, 65536) == 10000);
	CHECK(fsync(fd) == 0);
	CHECK(pread(direct, b, 8192, 65536) == 8192);
	CHECK(matches(b, 65536, 8192, 2));
	return true;
}

static bool direct_write_is_seen_by_buffered_read(void)
{
	CHECK(pread(fd, b, 4096, 131072) == 4096);	/* have it cached */
	pattern(a, 131072, 4096, 3);
	CHECK(pwrite(direct, a, 4096, 131072) == 4096);
	CHECK(pread(fd, b, 4096, 131072) == 4096);
	CHECK(matches(b, 131072, 4096, 3));
	return true;
}

static bool odd_buffered_writes_keep_their_neighbours(void)
{
	uint64_t at = 256 * 1024;

	pattern(a, at, 16384, 4);
	CHECK(pwrite(fd, a, 16384, at) == 16384);
	CHECK(pwrite(fd, "x", 1, at + 5000) == 1);
	CHECK(pwrite(fd, "yz", 2, at + 8191) == 2);
	CHECK(fsync(fd) == 0);
	CHECK(pread(direct, b, 16384, at) == 16384);
	CHECK(b[5000] == 'x' && b[8191] == 'y' && b[8192] == 'z');
	CHECK(matches(b, at, 5000, 4) && matches(b + 5001, at + 5001, 3190, 4) && matches(b + 8193, at + 8193, 8191, 4));
	return true;
}

static bool misaligned_direct_io_is_einval(void)
{
	CHECK(pread(direct, b + 1, block_bytes, 0) == -1 && errno == EINVAL);
	CHECK(pread(direct, b, block_bytes - 1, 0) == -1 && errno == EINVAL);
	CHECK(pread(direct, b, block_bytes, 7) == -1 && errno == EINVAL);
	CHECK(pwrite(direct, b, block_bytes, 100) == -1 && errno == EINVAL);
	return true;
}

static bool read_at_the_end_is_short_then_zero(void)
{
	CHECK(pread(fd, b, 8192, disk_bytes - 4096) == 4096);
	CHECK(pread(fd, b, 10, disk_bytes - 3) == 3);
	CHECK(pread(fd, b, 4096, disk_bytes) == 0);
	CHECK(pread(fd, b, 4096, disk_bytes + MIB) == 0);
	CHECK(pread(direct, b, 8192, disk_bytes - 4096) == 4096);
	CHECK(pread(direct, b, 4096, disk_bytes) == 0);
	return true;
}

static bool write_past_the_end_is_enospc(void)
{
	CHECK(pwrite(fd, a, 4096, disk_bytes) == -1 && errno == ENOSPC);
	CHECK(pwrite(direct, a, 4096, disk_bytes) == -1 && errno == ENOSPC);
	CHECK(pwrite(fd, a, 8192, disk_bytes - 4096) == 4096);
	return true;
}

static bool negative_offset_is_einval(void)
{
	CHECK(pread(fd, b, 512, -1) == -1 && errno == EINVAL);
	CHECK(lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL);
	return true;
}

static bool bad_buffer_is_efault(void)
{
	CHECK(pread(fd, (void *)8, 4096, 0) == -1 && errno == EFAULT);
	CHECK(pread(direct, (void *)4096, 4096, 0) == -1 && errno == EFAULT);
	CHECK(pwrite(direct, (void *)0x7ffffffff000ull, 4096, 0) == -1 && errno == EFAULT);
	return true;
}

static bool megabyte_in_one_direct_call(void)
{
	pattern(a, MIB, MIB, 5);
	CHECK(pwrite(direct, a, MIB, MIB) == (ssize_t)MIB);
	memset(b, 0, MIB);
	CHECK(pread(direct, b, MIB, MIB) == (ssize_t)MIB);
	CHECK(matches(b, MIB, MIB, 5));
	return true;
}

static bool vectors_gather_and_scatter(void)
{
	struct iovec out[3] = { { a, 4096 }, { a + 8192, 8192 }, { a + 65536, 4096 } };
	struct iovec in[2] = { { b, 12288 }, { b + 16384, 4096 } };

	for (int i = 0; i < 3; i++)
		memset(out[i].iov_base, 'a' + i, out[i].iov_len);
	CHECK(pwritev(direct, out, 3, 512 * 1024) == 16384);
	CHECK(preadv(direct, in, 2, 512 * 1024) == 16384);
	CHECK(b[0] == 'a' && b[4095] == 'a' && b[4096] == 'b' && b[12287] == 'b' && b[16384] == 'c' && b[20479] == 'c');
	return true;
}

static bool zeroout_zeroes_exactly_its_range(void)
{
	uint64_t range[2] = { 768 * 1024 + 4096, 8192 };

	pattern(a, 768 * 1024, 16384, 6);
	CHECK(pwrite(direct, a, 16384, 768 * 1024) == 16384);
	CHECK(ioctl(fd, BLKZEROOUT, range) == 0);
	CHECK(pread(direct, b, 16384, 768 * 1024) == 16384);
	CHECK(matches(b, 768 * 1024, 4096, 6));
	CHECK(all_zero(b + 4096, 8192));
	CHECK(matches(b + 12288, 768 * 1024 + 12288, 4096, 6));
	return true;
}

static bool discard_works_or_says_so(void)
{
	uint64_t range[2] = { 832 * 1024, 65536 };
	uint64_t wild[2] = { disk_bytes, 4096 }, odd[2] = { 1, 4096 };

	CHECK(ioctl(fd, BLKDISCARD, range) == 0 || errno == EOPNOTSUPP);
	CHECK(ioctl(fd, BLKDISCARD, wild) == -1 && (errno == EINVAL || errno == EOPNOTSUPP));
	CHECK(ioctl(fd, BLKDISCARD, odd) == -1 && (errno == EINVAL || errno == EOPNOTSUPP));
	return true;
}

static bool flush_calls_succeed(void)
{
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0 && fsync(direct) == 0);
	CHECK(ioctl(fd, BLKFLSBUF, 0) == 0);
	return true;
}

static bool unknown_ioctl_is_enotty(void)
{
	CHECK(ioctl(fd, _IO(0x77, 0x77), 0) == -1 && errno == ENOTTY);
	return true;
}

static bool readonly_descriptor_refuses_writes(void)
{
	int ro = open(path, O_RDONLY);

	CHECK(ro >= 0);
	CHECK(pwrite(ro, a, 512, 0) == -1 && errno == EBADF);
	close(ro);
	return true;
}

/* One child of the next claim: random reads and writes in its own slice, each verified. */
static int slice_worker(unsigned int who, uint64_t from, uint64_t length)
{
	unsigned int seed = 12345 + who;
	unsigned char generation[256] = { 0 };
	uint64_t chunks = length / 4096;
	int f = open(path, O_RDWR | (who & 1 ? O_DIRECT : 0));

	chunks = chunks > 256 ? 256 : chunks;
	for (int i = 0; i < 300; i++) {
		uint64_t c = rand_r(&seed) % chunks, at = from + c * 4096;

		if (rand_r(&seed) & 1) {
			generation[c]++;
			pattern(a, at, 4096, who * 1000 + generation[c]);
			if (pwrite(f, a, 4096, at) != 4096)
				return 1;
		} else if (generation[c]) {
			if (pread(f, a, 4096, at) != 4096 || !matches(a, at, 4096, who * 1000 + generation[c]))
				return 2;
		}
	}
	return fsync(f) ? 3 : 0;
}

static bool four_processes_share_the_disk(void)
{
	uint64_t slice = disk_bytes / 4 / 4096 * 4096;
	bool ok = true;
	int status;

	for (unsigned int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(slice_worker(i, i * slice, slice));
	for (int i = 0; i < 4; i++) {
		CHECK(wait(&status) > 0);
		ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	CHECK(ok);
	return true;
}

static bool aio_batch_of_32_completes(void)
{
	static struct iocb io[32];
	struct iocb *list[32];
	struct io_event events[32];
	unsigned long ctx = 0;
	long got = 0;

	CHECK(syscall(SYS_io_setup, 64, &ctx) == 0);
	pattern(a, 0, 32 * 4096, 7);
	for (int i = 0; i < 32; i++) {
		io[i] = (struct iocb){ .data = i, .opcode = IOCB_CMD_PWRITE, .fd = direct, .buf = (uintptr_t)(a + i * 4096),
				       .nbytes = 4096, .offset = i * 4096 };
		list[i] = &io[i];
	}
	for (int pass = 0; pass < 2; pass++) {
		CHECK(syscall(SYS_io_submit, ctx, 32, list) == 32);
		for (got = 0; got < 32; ) {
			struct timespec limit = { 10, 0 };
			long n = syscall(SYS_io_getevents, ctx, 1, 32, events, &limit);

			CHECK(n > 0);
			for (long i = 0; i < n; i++)
				CHECK(events[i].res == 4096);
			got += n;
		}
		memset(b, 0, 32 * 4096);
		for (int i = 0; i < 32; i++) {
			io[i].opcode = IOCB_CMD_PREAD;
			io[i].buf = (uintptr_t)(b + i * 4096);
		}
	}
	CHECK(pread(direct, b, 32 * 4096, 0) == 32 * 4096 && matches(b, 0, 32 * 4096, 7));
	CHECK(syscall(SYS_io_destroy, ctx) == 0);
	return true;
}

static bool aio_tells_an_eventfd(void)
{
	int e = eventfd(0, EFD_NONBLOCK);
	struct iocb io = { .opcode = IOCB_CMD_PREAD, .fd = direct, .buf = (uintptr_t)b, .nbytes = 4096, .flags = 1, .resfd = e };
	struct iocb wrong = io, *list[] = { &io, &io, &wrong };
	struct io_event events[2];
	unsigned long ctx = 0;
	uint64_t count = 0;

	wrong.resfd = direct;
	CHECK(syscall(SYS_io_setup, 4, &ctx) == 0);
	CHECK(syscall(SYS_io_submit, ctx, 3, list) == 2);
	CHECK(syscall(SYS_io_submit, ctx, 1, list + 2) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_io_getevents, ctx, 2, 2, events, NULL) == 2 && events[0].res == 4096);
	CHECK(read(e, &count, 8) == 8 && count == 2);
	CHECK(syscall(SYS_io_destroy, ctx) == 0 && close(e) == 0);
	return true;
}

/* ---- Neighbours in one request ---- */

#define NEIGHBOURS	8

static FILE *queue_file(const char *file, const char *mode)
{
	char name[128];

	snprintf(name, sizeof(name), "/sys/block/%s/%s", strrchr(path, '/') + 1, file);
	return fopen(name, mode);
}

static bool nomerges_set(unsigned int value)
{
	FILE *f = queue_file("queue/nomerges", "w");

	return f && fprintf(f, "%u\n", value) > 0 && !fclose(f);
}

/* Of reads and writes together; -1: not told. */
static long merged(void)
{
	FILE *f = queue_file("stat", "r");
	unsigned long reads, writes;
	int n = f ? fscanf(f, "%*u %lu %*u %*u %*u %lu", &reads, &writes) : 0;

	if (f)
		fclose(f);
	return n == 2 ? (long)(reads + writes) : -1;
}

static bool batch_of_neighbours(bool write, unsigned char *buffer)
{
	uint16_t opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	struct iocb io[NEIGHBOURS], *list[NEIGHBOURS];
	struct timespec limit = { 60, 0 };
	struct io_event events[NEIGHBOURS];
	unsigned long ctx = 0;
	long got;

	CHECK(syscall(SYS_io_setup, NEIGHBOURS, &ctx) == 0);
	for (unsigned int i = 0; i < NEIGHBOURS; i++) {
		io[i] = (struct iocb){ .opcode = opcode, .fd = direct, .buf = (uintptr_t)(buffer + i * 4096), .nbytes = 4096,
				       .offset = MIB + i * 4096 };
		list[i] = &io[i];
	}
	CHECK(syscall(SYS_io_submit, ctx, NEIGHBOURS, list) == NEIGHBOURS);
	got = syscall(SYS_io_getevents, ctx, NEIGHBOURS, NEIGHBOURS, events, &limit);
	CHECK(syscall(SYS_io_destroy, ctx) == 0);
	CHECK(got == NEIGHBOURS);
	for (unsigned int i = 0; i < NEIGHBOURS; i++)
		CHECK(events[i].res == 4096);
	return true;
}

static bool ring_of_neighbours(bool write, unsigned char *buffer)
{
	struct linux_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, NEIGHBOURS, &p);
	unsigned char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, LINUX_URING_OFF_SQ_RING);
	struct linux_uring_sqe *sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, LINUX_URING_OFF_SQES);
	const struct linux_uring_cqe *cqes;

	CHECK(ring >= 0 && at != MAP_FAILED && sqes != MAP_FAILED);
	cqes = (const struct linux_uring_cqe *)(at + p.cq.cqes);
	for (unsigned int i = 0; i < NEIGHBOURS; i++) {
		sqes[i] = (struct linux_uring_sqe){ .opcode = write ? LINUX_URING_OP_WRITE : LINUX_URING_OP_READ, .fd = direct,
						    .address = (uintptr_t)(buffer + i * 4096), .length = 4096, .offset = MIB + i * 4096 };
		((unsigned int *)(at + p.sq.array))[i] = i;
	}
	__atomic_store_n((unsigned int *)(at + p.sq.tail), NEIGHBOURS, __ATOMIC_RELEASE);
	CHECK(syscall(SYS_io_uring_enter, ring, NEIGHBOURS, NEIGHBOURS, LINUX_URING_ENTER_GETEVENTS, NULL, 0) == NEIGHBOURS);
	for (unsigned int i = 0; i < NEIGHBOURS; i++)
		CHECK(cqes[i].result == 4096);
	return !munmap(at, 4096) && !munmap(sqes, 4096) && !close(ring);
}

static bool neighbours_are_merged(bool (*batch)(bool write, unsigned char *buffer))
{
	long before, wrote, end;

	pattern(a, MIB, NEIGHBOURS * 4096, 9);
	memset(b, 0, NEIGHBOURS * 4096);
	CHECK(fsync(fd) == 0);
	before = merged();
	CHECK(before >= 0 && batch(true, a));
	wrote = merged();
	CHECK(wrote > before && batch(false, b));
	end = merged();
	CHECK(end > wrote && end - before <= 2 * (NEIGHBOURS - 1) && matches(b, MIB, NEIGHBOURS * 4096, 9));
	return true;
}

static bool neighbours_of_a_batch_are_merged(void)
{
	return neighbours_are_merged(batch_of_neighbours);
}

static bool neighbours_in_a_ring_are_merged(void)
{
	return neighbours_are_merged(ring_of_neighbours);
}

static bool neighbours_stay_apart_where_asked(void)
{
	long before, after;
	bool ok;

	CHECK(fsync(fd) == 0);
	CHECK(!nomerges_set(3) && nomerges_set(2));
	before = merged();
	ok = batch_of_neighbours(false, b);
	after = merged();
	CHECK(nomerges_set(0) && ok && before >= 0 && after == before);
	return true;
}

/* ---- A disk that may only be read ---- */

static bool writing_a_readonly_disk_is_refused(void)
{
	int f = open(path, O_RDWR), ro = 0;

	CHECK(ioctl(fd, BLKROGET, &ro) == 0 && ro == 1);
	if (f < 0) {
		CHECK(errno == EACCES || errno == EROFS);
		return true;
	}
	CHECK(pwrite(f, a, 4096, 0) == -1 && errno == EPERM);
	close(f);
	return true;
}

static bool readonly_disk_reads(void)
{
	CHECK(pread(fd, b, 65536, 0) == 65536);
	return true;
}

/* ---- Opening, verbs ---- */

static void die(const char *what)
{
	fprintf(stderr, "blktest: %s: %s: %s\n", path, what, strerror(errno));
	exit(1);
}

static void open_disk(bool ro)
{
	int ssz = 512;

	fd = open(path, ro ? O_RDONLY : O_RDWR);
	direct = open(path, (ro ? O_RDONLY : O_RDWR) | O_DIRECT);
	if (fd < 0 || direct < 0)
		die("open");
	if (ioctl(fd, BLKGETSIZE64, &disk_bytes) || ioctl(fd, BLKSSZGET, &ssz))
		die("size");
	block_bytes = ssz;
	if (posix_memalign((void **)&a, 4096, BUFFER_BYTES) || posix_memalign((void **)&b, 4096, BUFFER_BYTES))
		die("memory");
	memset(a, 0, BUFFER_BYTES);
	memset(b, 0, BUFFER_BYTES);
}

static int suite_ro(void)
{
	printf("KTAP version 1\n1..3\n");
	run("size_is_told_alike_by_every_call", size_is_told_alike_by_every_call);
	run("readonly_disk_reads", readonly_disk_reads);
	run("writing_a_readonly_disk_is_refused", writing_a_readonly_disk_is_refused);
	return nr_failed != 0;
}

#define CLAIM(f) { #f, f }

static const struct {
	const char *name;
	bool (*claim)(void);
} claims[] = {
	CLAIM(size_is_told_alike_by_every_call), CLAIM(direct_write_reads_back),
	CLAIM(buffered_write_is_seen_by_direct_read_after_fsync), CLAIM(direct_write_is_seen_by_buffered_read),
	CLAIM(odd_buffered_writes_keep_their_neighbours), CLAIM(misaligned_direct_io_is_einval),
	CLAIM(read_at_the_end_is_short_then_zero), CLAIM(write_past_the_end_is_enospc), CLAIM(negative_offset_is_einval),
	CLAIM(bad_buffer_is_efault), CLAIM(megabyte_in_one_direct_call), CLAIM(vectors_gather_and_scatter),
	CLAIM(zeroout_zeroes_exactly_its_range), CLAIM(discard_works_or_says_so), CLAIM(flush_calls_succeed),
	CLAIM(unknown_ioctl_is_enotty), CLAIM(readonly_descriptor_refuses_writes), CLAIM(four_processes_share_the_disk),
	CLAIM(aio_batch_of_32_completes), CLAIM(aio_tells_an_eventfd),
	CLAIM(neighbours_of_a_batch_are_merged), CLAIM(neighbours_in_a_ring_are_merged), CLAIM(neighbours_stay_apart_where_asked),
};

static int suite(void)
{
	unsigned int n = sizeof(claims) / sizeof(claims[0]);

	if (disk_bytes < 4 * MIB) {
		fprintf(stderr, "blktest: %s: the suite needs 4 MiB, this disk has %llu bytes\n", path, (unsigned long long)disk_bytes);
		return 1;
	}
	printf("KTAP version 1\n1..%u\n", n);
	for (unsigned int i = 0; i < n; i++)
		run(claims[i].name, claims[i].claim);
	return nr_failed != 0;
}

/* Write (seed > 0) or check the whole disk in pieces. */
static int sweep(bool write_it, uint64_t seed)
{
	for (uint64_t at = 0; at < disk_bytes; at += MIB) {
		size_t n = disk_bytes - at < MIB ? disk_bytes - at : MIB;

		if (write_it) {
			pattern(a, at, n, seed);
			if (pwrite(fd, a, n, at) != (ssize_t)n)
				die("write");
		} else if (pread(fd, a, n, at) != (ssize_t)n) {
			die("read");
		} else if (!matches(a, at, n, seed)) {
			fprintf(stderr, "blktest: %s: wrong data in the mebibyte at %llu\n", path, (unsigned long long)at);
			return 1;
		}
	}
	if (write_it && fsync(fd))
		die("fsync");
	return 0;
}

/* Places where an address that is cut to 28 or 32 bits would meet another one. */
static int far(uint64_t seed)
{
	const uint64_t places[] = { 0, 1ull << 37, 1ull << 41, (1ull << 32) * block_bytes, disk_bytes / 2 / 4096 * 4096, disk_bytes - 65536 };
	const unsigned int nr = sizeof(places) / sizeof(places[0]);

	for (unsigned int pass = 0; pass < 2; pass++)
		for (unsigned int i = 0; i < nr; i++) {
			uint64_t at = places[i] && places[i] + 65536 <= disk_bytes ? places[i] - (i && i < nr - 1 ? 32768 : 0) : 0;

			pattern(a, at, 65536, seed);
			if (pass ? pread(direct, b, 65536, at) != 65536 : pwrite(i & 1 ? direct : fd, a, 65536, at) != 65536)
				die("far");
			if (pass && memcmp(a, b, 65536)) {
				fprintf(stderr, "blktest: %s: wrong data at %llu\n", path, (unsigned long long)at);
				return 1;
			}
			if (!pass && fsync(fd))
				die("fsync");
		}
	return 0;
}

int main(int argc, char **argv)
{
	bool ro = argc > 3 && !strcmp(argv[3], "ro");

	if (argc < 3) {
		fprintf(stderr, "usage: blktest suite|fill|verify|far DISK [ro|SEED]\n");
		return 2;
	}
	path = argv[2];
	open_disk(ro);
	if (!strcmp(argv[1], "suite"))
		return ro ? suite_ro() : suite();
	if ((!strcmp(argv[1], "fill") || !strcmp(argv[1], "verify")) && argc > 3)
		return sweep(argv[1][0] == 'f', strtoull(argv[3], NULL, 0));
	if (!strcmp(argv[1], "far") && argc > 3)
		return far(strtoull(argv[3], NULL, 0));
	fprintf(stderr, "blktest: %s: no such verb, or its argument is missing\n", argv[1]);
	return 2;
}
