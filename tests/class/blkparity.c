// SPDX-License-Identifier: GPL-2.0
/*
 * Transcripts of a disk, for the guest: every operation with its result, errno and a checksum of the data; nothing is judged here. The same
 * disk must give the same transcript in both placements. An ordinary Linux program (static musl).
 *
 *	blkparity plain /dev/vda	all kinds of operations, good and bad
 *	blkparity errors /dev/vda	a disk of 8 MiB whose host fails reads at 1 MiB, writes at 2 MiB, both at 3 MiB
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "../user/aio.h"
#include "blkpattern.h"

#define MIB		(1024u * 1024)
#define BUFFER_BYTES	(2 * MIB)

static int fd = -1, direct = -1;
static uint64_t disk_bytes;
static uint32_t block_bytes;
static unsigned char *a, *b;	/* two buffers, page aligned */

static void told(const char *what, long result, const unsigned char *data, size_t n)
{
	int e = result < 0 ? errno : 0;

	printf("%-44s = %ld errno %d", what, result, e);
	if (data && result >= 0)	/* what a failed read left behind is nobody's claim */
		printf(" data %08x", checksum(data, n));
	printf("\n");
}

static void parity_io(int f, const char *kind, bool write_it, uint64_t at, size_t n, uint64_t seed)
{
	char what[96];

	snprintf(what, sizeof(what), "%s %s %zu at %lld", kind, write_it ? "write" : "read", n, (long long)at);
	if (write_it)
		pattern(a, at, n, seed);
	else
		memset(b, 0xee, n);
	errno = 0;
	told(what, write_it ? pwrite(f, a, n, at) : pread(f, b, n, at), write_it ? NULL : b, n);
}

static void parity_ioctl(const char *name, unsigned long cmd, uint64_t start, uint64_t length)
{
	uint64_t range[2] = { start, length };
	char what[96];

	snprintf(what, sizeof(what), "ioctl %s %lld+%lld", name, (long long)start, (long long)length);
	errno = 0;
	told(what, ioctl(fd, cmd, range), NULL, 0);
}

static int plain(void)
{
	static const uint64_t places[] = { 0, 512, 4096, 5000, 65536, 1048576 - 512, 1048576 };
	static const size_t sizes[] = { 1, 511, 512, 4096, 4097, 65536, 1048576 };
	unsigned int seed = 99;

	printf("size %llu block %u\n", (unsigned long long)disk_bytes, block_bytes);
	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (int which = 0; which < 2; which++) {
				parity_io(which ? direct : fd, which ? "direct" : "buffered", true, places[p], sizes[s], p * 16 + s);
				parity_io(which ? direct : fd, which ? "direct" : "buffered", false, places[p], sizes[s], 0);
			}
	for (int d = -2; d <= 2; d++) {
		parity_io(fd, "buffered", true, disk_bytes + d * 2048, 4096, 77);
		parity_io(fd, "buffered", false, disk_bytes + d * 2048, 4096, 0);
		parity_io(direct, "direct", true, disk_bytes + d * 4096, 4096, 78);
		parity_io(direct, "direct", false, disk_bytes + d * 4096, 4096, 0);
	}
	parity_ioctl("BLKZEROOUT", BLKZEROOUT, 8192, 4096);
	parity_ioctl("BLKZEROOUT", BLKZEROOUT, 8192, 100);
	parity_ioctl("BLKZEROOUT", BLKZEROOUT, disk_bytes, 4096);
	parity_ioctl("BLKDISCARD", BLKDISCARD, 16384, 65536);
	parity_ioctl("BLKDISCARD", BLKDISCARD, 16385, 65536);
	parity_ioctl("BLKDISCARD", BLKDISCARD, disk_bytes, 4096);
	parity_ioctl("BLKDISCARD", BLKDISCARD, 0, ~0ull & ~4095ull);
	parity_ioctl("BLKFLSBUF", BLKFLSBUF, 0, 0);
	parity_io(fd, "buffered", false, 4096, 65536, 0);
	told("fsync", fsync(fd), NULL, 0);
	for (int i = 0; i < 100; i++) {
		uint64_t at = (uint64_t)(rand_r(&seed) % (disk_bytes / 4096)) * 4096;
		size_t n = (1 + rand_r(&seed) % 8) * 4096;

		parity_io(i & 1 ? direct : fd, i & 1 ? "direct" : "buffered", rand_r(&seed) & 1, at, n, i);
	}
	return 0;
}

/* A vector over a bad place, so that good and bad pieces are one call. */
static void errors_vector(bool write_it, uint64_t at)
{
	struct iovec vec[3] = { { a, 4096 }, { a + 65536, 8192 }, { a + 32768, 4096 } };
	char what[96];

	snprintf(what, sizeof(what), "vector %s 16384 at %lld", write_it ? "write" : "read", (long long)at);
	errno = 0;
	told(what, write_it ? pwritev(direct, vec, 3, (off_t)at) : preadv(direct, vec, 3, (off_t)at), NULL, 0);
}

/* Neighbours, in one request as far as the disk takes them, the third of them at a place that is bad: each has its own end. */
static void errors_batch(bool write_it, uint64_t at)
{
	struct iocb io[4], *list[4];
	struct io_event events[4];
	unsigned long ctx = 0;
	long results[4] = { 0, 0, 0, 0 }, got;

	if (syscall(SYS_io_setup, 4, &ctx)) {
		told("io_setup", -1, NULL, 0);
		return;
	}
	pattern(a, at, sizeof(io) / sizeof(io[0]) * 4096, 7);
	for (unsigned int i = 0; i < 4; i++) {
		io[i] = (struct iocb){ .data = i, .opcode = write_it ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD, .fd = (uint32_t)direct,
				       .buf = (uintptr_t)(a + i * 4096), .nbytes = 4096, .offset = (int64_t)(at + i * 4096) };
		list[i] = &io[i];
	}
	got = syscall(SYS_io_submit, ctx, 4, list);
	got = got == 4 ? syscall(SYS_io_getevents, ctx, 4, 4, events, NULL) : 0;
	for (long i = 0; i < got; i++)
		results[events[i].data & 3] = (long)events[i].res;
	printf("batch %s at %lld: %ld %ld %ld %ld\n", write_it ? "write" : "read", (long long)at, results[0], results[1], results[2],
	       results[3]);
	syscall(SYS_io_destroy, ctx);
}

static int errors(void)
{
	for (int pass = 0; pass < 2; pass++)
		for (uint64_t mib = 1; mib < 6; mib++) {
			uint64_t at = mib * MIB;

			parity_io(direct, "direct", true, at - 4096, 4096, mib);
			parity_io(direct, "direct", true, at, 4096, mib);
			parity_io(direct, "direct", true, at - 8192, 65536, mib);
			parity_io(direct, "direct", false, at - 4096, 4096, 0);
			parity_io(direct, "direct", false, at, 4096, 0);
			parity_io(direct, "direct", false, at - 8192, 65536, 0);
			parity_io(direct, "direct", false, at - MIB / 2, MIB, 0);
			parity_io(fd, "buffered", false, at - 4096, 8192, 0);
			parity_io(fd, "buffered", true, at, 512, mib);
			told("fsync", fsync(fd), NULL, 0);
			told("fsync again", fsync(fd), NULL, 0);
			errors_vector(true, at - 4096);
			errors_vector(false, at - 4096);
			errors_batch(true, at - 8192);
			errors_batch(false, at - 8192);
			parity_ioctl("BLKZEROOUT", BLKZEROOUT, at, 4096);
			parity_ioctl("BLKDISCARD", BLKDISCARD, at, 4096);
			parity_ioctl("BLKFLSBUF", BLKFLSBUF, 0, 0);
		}
	parity_io(direct, "direct", false, 0, 65536, 0);
	return 0;
}

int main(int argc, char **argv)
{
	int ssz = 512;

	if (argc != 3 || (strcmp(argv[1], "plain") && strcmp(argv[1], "errors"))) {
		fprintf(stderr, "usage: blkparity plain|errors DISK\n");
		return 2;
	}
	fd = open(argv[2], O_RDWR);
	direct = open(argv[2], O_RDWR | O_DIRECT);
	if (fd < 0 || direct < 0 || ioctl(fd, BLKGETSIZE64, &disk_bytes) || ioctl(fd, BLKSSZGET, &ssz) ||
	    posix_memalign((void **)&a, 4096, BUFFER_BYTES) || posix_memalign((void **)&b, 4096, BUFFER_BYTES)) {
		fprintf(stderr, "blkparity: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	block_bytes = (uint32_t)ssz;
	memset(a, 0, BUFFER_BYTES);
	memset(b, 0, BUFFER_BYTES);
	return argv[1][0] == 'p' ? plain() : errors();
}
