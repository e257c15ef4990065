// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache of disks, run in the guest as an ordinary Linux program. Everything overwrites the disk.
 *
 *	cachetest claims DISK		KTAP: mappings, msync and what other ways to the disk see of it
 *	cachetest pressure DISK		map a disk that is larger than memory, write and read all of it
 *	cachetest thread DISK		dirty pages reach the disk although nobody asks
 *	cachetest errors DISK BYTE	KTAP: reads and writes of the page at BYTE fail
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/ferry/linux_uring.h>
#include "../user/aio.h"
#include "claims.h"

#define MIB		(1024u * 1024)

static const char *path;
static int fd = -1, direct = -1;
static uint64_t disk_bytes;
static unsigned char *a, *b;	/* two buffers of 1 MiB, page aligned */

static void pattern(unsigned char *to, uint64_t offset, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)((offset + i) * 31 + ((offset + i) >> 12) * 7 + seed);
}

static bool matches(const unsigned char *p, uint64_t offset, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != (unsigned char)((offset + i) * 31 + ((offset + i) >> 12) * 7 + seed))
			return false;
	return true;
}

/* The result of one request of an io_uring, or -1 when there is none. */
static int ring_do(int op, void *at, unsigned int length, uint64_t offset)
{
	struct linux_uring_params p = { .flags = 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &p), result = -1;
	struct linux_uring_sqe *sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, LINUX_URING_OFF_SQES);
	unsigned char *rings = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, LINUX_URING_OFF_SQ_RING);

	if (ring < 0 || sqe == MAP_FAILED || rings == MAP_FAILED)
		return -1;
	*sqe = (struct linux_uring_sqe){ .opcode = (unsigned char)op, .fd = fd, .address = (uintptr_t)at, .length = length, .offset = offset };
	__atomic_store_n((unsigned int *)(rings + p.sq.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, LINUX_URING_ENTER_GETEVENTS, NULL, 0) == 1)
		result = ((struct linux_uring_cqe *)(rings + p.cq.cqes))->result;
	munmap(rings, 4096);
	munmap(sqe, sizeof(*sqe));
	close(ring);
	return result;
}

/* ---- The disk in memory ---- */

static unsigned char *map_at(uint64_t at, size_t n, int prot, int flags)
{
	unsigned char *p = mmap(NULL, n, prot, flags, fd, at);

	return p == MAP_FAILED ? NULL : p;
}

static bool a_mapping_shows_what_the_disk_holds(void)
{
	unsigned char *p;

	pattern(a, MIB, 256 * 1024, 11);
	CHECK(pwrite(direct, a, 256 * 1024, MIB) == 256 * 1024);
	p = map_at(MIB, 256 * 1024, PROT_READ, MAP_SHARED);
	CHECK(p && matches(p, MIB, 256 * 1024, 11));
	CHECK(pwrite(fd, "mapped", 6, MIB + 4094) == 6);
	CHECK(!memcmp(p + 4094, "mapped", 6));
	pattern(a, MIB, 4096, 12);
	CHECK(pwrite(direct, a, 4096, MIB) == 4096);
	CHECK(matches(p, MIB, 4096, 12) && !memcmp(p + 4096, "pped", 4));
	CHECK(munmap(p, 256 * 1024) == 0);
	return true;
}

static bool a_shared_mapping_is_written_back_by_msync(void)
{
	unsigned char *p = map_at(2 * MIB, 65536, PROT_READ | PROT_WRITE, MAP_SHARED);

	CHECK(p);
	pattern(p + 4096, 2 * MIB + 4096, 40000, 13);
	CHECK(msync(p, 65536, MS_SYNC) == 0);
	CHECK(pread(direct, b, 65536, 2 * MIB) == 65536);
	CHECK(matches(b + 4096, 2 * MIB + 4096, 40000, 13));
	p[5000] ^= 0xff;	/* a page that was written back may be written again, and is written back again */
	CHECK(fsync(fd) == 0);
	CHECK(pread(direct, b, 65536, 2 * MIB) == 65536);
	CHECK(b[5000] == p[5000]);
	CHECK(munmap(p, 65536) == 0);
	return true;
}

static bool a_private_mapping_changes_nothing_on_the_disk(void)
{
	unsigned char *p;

	pattern(a, 3 * MIB, 8192, 14);
	CHECK(pwrite(direct, a, 8192, 3 * MIB) == 8192);
	p = map_at(3 * MIB, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	CHECK(p && matches(p, 3 * MIB, 8192, 14));
	memset(p, 0x5a, 4096);
	CHECK(fsync(fd) == 0 && pread(fd, b, 8192, 3 * MIB) == 8192 && matches(b, 3 * MIB, 8192, 14));
	pattern(a, 3 * MIB, 8192, 15);
	CHECK(pwrite(direct, a, 8192, 3 * MIB) == 8192);	/* takes the page away, not the copy */
	CHECK(p[0] == 0x5a && p[4095] == 0x5a && matches(p + 4096, 3 * MIB + 4096, 4096, 15));
	CHECK(munmap(p, 8192) == 0);
	return true;
}

static sigjmp_buf bus;

static void on_bus(int sig)
{
	siglongjmp(bus, sig);
}

static bool a_mapping_ends_with_SIGBUS_where_the_disk_ends(void)
{
	struct sigaction act = { .sa_handler = on_bus };
	unsigned char *p = map_at(disk_bytes - 8192, 16384, PROT_READ, MAP_SHARED);
	volatile int hit = 0;

	CHECK(p && sigaction(SIGBUS, &act, NULL) == 0);
	hit = sigsetjmp(bus, 1);
	if (!hit)
		b[0] = ((volatile unsigned char *)p)[8192];
	CHECK(hit == SIGBUS);
	hit = sigsetjmp(bus, 1);
	if (!hit)
		b[0] = ((volatile unsigned char *)p)[8191];
	CHECK(hit == 0);
	CHECK(munmap(p, 16384) == 0);
	return true;
}

static bool a_read_only_descriptor_maps_for_reading_only(void)
{
	int ro = open(path, O_RDONLY);
	void *p;

	CHECK(ro >= 0);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED && errno == EACCES);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	CHECK(p != MAP_FAILED);
	CHECK(mprotect(p, 4096, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	CHECK(munmap(p, 4096) == 0);
	close(ro);
	return true;
}

/* The kernel reads and writes a mapping that is not in memory on behalf of calls on the same disk. */
static bool a_mapping_is_a_buffer_for_its_own_disk(void)
{
	unsigned char *p;

	pattern(a, 0, 65536, 16);
	CHECK(pwrite(direct, a, 65536, 0) == 65536 && ioctl(fd, BLKFLSBUF, 0) == 0);
	p = map_at(0, 131072, PROT_READ | PROT_WRITE, MAP_SHARED);
	CHECK(p);
	CHECK(pwrite(fd, p, 65536, 65536) == 65536);		/* buffered, from pages that come in on the way */
	CHECK(pread(fd, p + 65536 + 100, 30000, 8192) == 30000);	/* and into them */
	CHECK(pread(direct, p + 65536 + 32768, 4096, 4096) == 4096);	/* a device writes into a page of the cache */
	CHECK(msync(p, 131072, MS_SYNC) == 0 && ioctl(fd, BLKFLSBUF, 0) == 0);
	CHECK(pread(direct, b, 131072, 0) == 131072);
	CHECK(matches(b, 0, 65536, 16) && matches(b + 65536 + 32768, 4096, 4096, 16));
	CHECK(!memcmp(b + 65536 + 100, b + 8192, 30000));
	CHECK(munmap(p, 131072) == 0);
	return true;
}

static bool processes_see_each_other_through_a_mapping(void)
{
	unsigned char *p = map_at(MIB, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
	int status;

	CHECK(p);
	for (unsigned int who = 0; who < 4; who++)
		if (fork() == 0) {
			for (unsigned int i = 0; i < 50; i++)
				for (unsigned int page = who; page < 16; page += 4) {
					p[page * 4096 + i] = (unsigned char)(who + i + 1);
					if (i % 16 == who && msync(p + page * 4096, 4096, MS_SYNC))
						_exit(1);
				}
			_exit(0);
		}
	for (int i = 0; i < 4; i++)
		CHECK(wait(&status) > 0 && status == 0);
	CHECK(fsync(fd) == 0 && pread(direct, b, 16 * 4096, MIB) == 16 * 4096);
	for (unsigned int page = 0; page < 16; page++)
		for (unsigned int i = 0; i < 50; i++)
			CHECK(b[page * 4096 + i] == (unsigned char)(page % 4 + i + 1) && p[page * 4096 + i] == b[page * 4096 + i]);
	CHECK(munmap(p, 16 * 4096) == 0);
	return true;
}

/* ---- More than memory holds ---- */

static int pressure(void)
{
	uint64_t *p = mmap(NULL, disk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t words = disk_bytes / 8;

	if (p == MAP_FAILED)
		return 2;
	for (uint64_t i = 0; i < words; i += 512)
		p[i] = i * 0x9e3779b97f4a7c15ull;
	for (uint64_t i = 0; i < words; i += 512)
		if (p[i] != i * 0x9e3779b97f4a7c15ull) {
			printf("wrong word at %llu\n", (unsigned long long)i * 8);
			return 3;
		}
	if (msync(p, disk_bytes, MS_SYNC) || munmap(p, disk_bytes))
		return 4;
	for (uint64_t at = 0; at < disk_bytes; at += MIB) {
		if (pread(direct, a, MIB, at) != (ssize_t)MIB)
			return 5;
		for (uint64_t i = 0; i < MIB / 8; i += 512)
			if (((uint64_t *)a)[i] != (at / 8 + i) * 0x9e3779b97f4a7c15ull)
				return 6;
	}
	return 0;
}

/* ---- Nobody asks ---- */

static unsigned long meminfo(const char *name)
{
	unsigned long value = ~0ul;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			value = strtoul(line + strlen(name), NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static int thread(void)
{
	unsigned char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return 2;
	pattern(p, 0, 65536, 3);
	pattern(a, MIB, 65536, 4);
	if (pwrite(fd, a, 65536, MIB) != 65536)
		return 3;
	if (meminfo("Dirty:") < 128)
		return 4;
	for (int i = 0; i < 1200 && meminfo("Dirty:") + meminfo("Writeback:"); i++)
		usleep(100 * 1000);
	printf("dirty %lu\n", meminfo("Dirty:") + meminfo("Writeback:"));
	return 0;	/* the disk's file says the rest */
}

/* ---- A bad page ---- */

static uint64_t bad;

static int touch(volatile unsigned char *p)
{
	volatile int hit = sigsetjmp(bus, 1);

	if (!hit)
		b[0] = *p;
	return hit;
}

static bool reading_a_bad_page_through_a_mapping_is_SIGBUS(void)
{
	struct sigaction act = { .sa_handler = on_bus };
	unsigned char *p = map_at(bad - 65536, 131072, PROT_READ, MAP_SHARED);

	CHECK(p && sigaction(SIGBUS, &act, NULL) == 0);
	CHECK(touch(p + 65536) == SIGBUS && touch(p + 65536 + 100) == SIGBUS);
	CHECK(touch(p + 65535) == 0 && touch(p + 65536 + 4096) == 0);
	CHECK(munmap(p, 131072) == 0);
	return true;
}

static bool a_call_that_copies_from_it_is_EFAULT(void)
{
	unsigned char *p = map_at(bad, 4096, PROT_READ, MAP_SHARED);
	int pipes[2];

	CHECK(p && pipe(pipes) == 0);
	CHECK(write(pipes[1], p, 100) == -1 && errno == EFAULT);
	CHECK(munmap(p, 4096) == 0);
	close(pipes[0]);
	close(pipes[1]);
	return true;
}

static bool reading_up_to_it_is_short_and_then_EIO(void)
{
	CHECK(pread(fd, b, 65536, bad - 8192) == 8192);
	CHECK(pread(fd, b, 4096, bad) == -1 && errno == EIO);
	CHECK(pread(fd, b, 4096, bad + 4096) == 4096);
	return true;
}

/* Of two descriptors that were open each is told once; one opened later never. */
static bool a_failed_write_back_is_told_to_every_descriptor_once(void)
{
	int other = open(path, O_RDWR), later;

	memset(a, 7, 4096);
	CHECK(other >= 0 && pwrite(fd, a, 4096, bad) == 4096);
	CHECK(fsync(fd) == -1 && errno == EIO);
	CHECK(fsync(fd) == 0);
	later = open(path, O_RDWR);
	CHECK(later >= 0 && fsync(later) == 0);
	CHECK(fsync(other) == -1 && errno == EIO);
	CHECK(fsync(other) == 0);
	close(other);
	close(later);
	return true;
}

static bool msync_tells_a_failed_write_back(void)
{
	unsigned char *p = map_at(bad, 8192, PROT_READ | PROT_WRITE, MAP_SHARED);

	CHECK(p);
	memset(a, 9, 4096);
	CHECK(pwrite(fd, a, 4096, bad) == 4096);	/* a whole page: it is not read, and the mapping has it */
	p[5] = 10;
	CHECK(msync(p, 8192, MS_SYNC) == -1 && errno == EIO);
	p[4096] = 11;
	CHECK(msync(p + 4096, 4096, MS_SYNC) == 0);
	CHECK(munmap(p, 8192) == 0);
	return true;
}

static bool a_ring_goes_through_the_cache(void)
{
	pattern(a, 5, MIB, 9);
	CHECK(ring_do(LINUX_URING_OP_WRITE, a + 1, MIB - 1, 3 * MIB + 5) == MIB - 1);
	CHECK(pread(fd, b, MIB - 1, 3 * MIB + 5) == MIB - 1 && !memcmp(a + 1, b, MIB - 1));
	CHECK(ring_do(LINUX_URING_OP_FSYNC, NULL, 0, 0) == 0);
	CHECK(pread(direct, b, 4096, 3 * MIB + 4096) == 4096 && !memcmp(a + 1 + 4091, b, 4096));
	memset(b, 0, MIB);
	CHECK(ring_do(LINUX_URING_OP_READ, b + 3, MIB - 3, 3 * MIB + 5) == MIB - 3 && !memcmp(a + 1, b + 3, MIB - 3));
	CHECK(ring_do(LINUX_URING_OP_READ, b, 4096, disk_bytes) == 0);
	CHECK(ring_do(LINUX_URING_OP_READ, b, 8192, disk_bytes - 4096) == 4096);
	CHECK(ring_do(LINUX_URING_OP_READ, (void *)16, 4096, 0) == -EFAULT);
	return true;
}

static bool a_ring_tells_the_error_of_the_disk(void)
{
	CHECK(ring_do(LINUX_URING_OP_READ, b, 4096, bad) == -EIO);
	CHECK(ring_do(LINUX_URING_OP_READ, b, 4096, bad + 4096) == 4096);
	return true;
}

#define CLAIM(f) { #f, f }

struct claim {
	const char *name;
	bool (*claim)(void);
};

static const struct claim claims[] = {
	CLAIM(a_mapping_shows_what_the_disk_holds), CLAIM(a_shared_mapping_is_written_back_by_msync),
	CLAIM(a_private_mapping_changes_nothing_on_the_disk), CLAIM(a_mapping_ends_with_SIGBUS_where_the_disk_ends),
	CLAIM(a_read_only_descriptor_maps_for_reading_only), CLAIM(a_mapping_is_a_buffer_for_its_own_disk),
	CLAIM(processes_see_each_other_through_a_mapping), CLAIM(a_ring_goes_through_the_cache),
};

static const struct claim errors[] = {
	CLAIM(reading_a_bad_page_through_a_mapping_is_SIGBUS), CLAIM(a_call_that_copies_from_it_is_EFAULT),
	CLAIM(reading_up_to_it_is_short_and_then_EIO), CLAIM(a_ring_tells_the_error_of_the_disk),
	CLAIM(a_failed_write_back_is_told_to_every_descriptor_once),
	CLAIM(msync_tells_a_failed_write_back),
};

static int run_all(const struct claim *list, size_t n)
{
	printf("KTAP version 1\n1..%zu\n", n);
	for (size_t i = 0; i < n; i++)
		run(list[i].name, list[i].claim);
	return nr_failed != 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	path = argv[2];
	fd = open(path, O_RDWR);
	direct = open(path, O_RDWR | O_DIRECT);
	if (fd < 0 || direct < 0 || ioctl(fd, BLKGETSIZE64, &disk_bytes))
		return 2;
	if (posix_memalign((void **)&a, 4096, MIB) || posix_memalign((void **)&b, 4096, MIB))
		return 2;
	if (!strcmp(argv[1], "claims"))
		return run_all(claims, sizeof(claims) / sizeof(claims[0]));
	if (!strcmp(argv[1], "pressure"))
		return pressure();
	if (!strcmp(argv[1], "thread"))
		return thread();
	if (strcmp(argv[1], "errors") || argc < 4)
		return 2;
	bad = strtoull(argv[3], NULL, 0);
	return run_all(errors, sizeof(errors) / sizeof(errors[0]));
}
