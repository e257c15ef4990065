// SPDX-License-Identifier: GPL-2.0
/*
 * diskstorm DISK SECONDS [WORKERS [DEPTH [until FILE]]]: write and read back all over the disk while others kill its driver, for so long, or
 * until the file is there. Each worker has a part of the disk and works in epochs: a handful of batches of DEPTH asynchronous requests past
 * the cache, now and then one through it, then a flush. A block carries who wrote it, where, in which epoch and the how-manieth write to
 * it this is. What was acknowledged last is known at every moment, so a read that finds anything else (lost, old, misplaced, torn) ends
 * the storm; so does any error. In the end everything is read once more.
 *
 * Ends with "storm: operations=N flushes=N epochs=N errors=0", and exit status 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "../user/aio.h"

#define BLOCK		4096u
#define WORKERS_MAX	16u
#define DEPTH_MAX	32u
#define BLOCKS_MAX	1024u		/* of one worker */
#define BATCHES		6u		/* in an epoch */
#define MAGIC		0x6d726f7473797266ull

/* The first words of each block; the rest follows from them. */
struct header {
	uint64_t magic, worker, block, epoch, count;
};

struct worker {
	pthread_t thread;
	unsigned int number, depth, seed;
	uint64_t first, nr_blocks;	/* on the disk, in blocks */
	uint64_t epoch, operations, flushes;
	uint64_t *epochs, *counts;	/* of each block: as it must be read; count 0: never written */
	uint8_t *buffers;
	unsigned long aio;
};

static int direct, cached;
static time_t end;
static const char *path, *until;

static _Noreturn void fail(const struct worker *w, const char *what, uint64_t block, int err)
{
	printf("storm: worker %u: %s at block %llu: %s\n", w->number, what, (unsigned long long)block, err ? strerror(err) : "wrong data");
	fflush(stdout);
	_exit(1);
}

static void block_fill(const struct worker *w, uint8_t *to, uint64_t i)
{
	struct header h = { MAGIC, w->number, w->first + i, w->epochs[i], w->counts[i] };
	uint64_t *words = (uint64_t *)to, x = h.block * 0x9e3779b97f4a7c15ull ^ h.count;

	memcpy(to, &h, sizeof(h));
	for (unsigned int n = sizeof(h) / 8; n < BLOCK / 8; n++)
		words[n] = x = x * 6364136223846793005ull + 1442695040888963407ull;
}

static void block_check(const struct worker *w, const uint8_t *found, uint64_t i)
{
	uint8_t wanted[BLOCK] __attribute__((aligned(8)));
	struct header h;

	block_fill(w, wanted, i);
	if (!memcmp(found, wanted, BLOCK))
		return;
	memcpy(&h, found, sizeof(h));
	printf("storm: wanted worker=%u block=%llu epoch=%llu count=%llu; found magic=%llx worker=%llu block=%llu epoch=%llu count=%llu\n",
	       w->number, (unsigned long long)(w->first + i), (unsigned long long)w->epochs[i], (unsigned long long)w->counts[i],
	       (unsigned long long)h.magic, (unsigned long long)h.worker, (unsigned long long)h.block, (unsigned long long)h.epoch,
	       (unsigned long long)h.count);
	fail(w, "comparison", w->first + i, 0);
}

static void block_renew(struct worker *w, uint8_t *buffer, uint64_t i)
{
	w->counts[i]++;
	w->epochs[i] = w->epoch;
	block_fill(w, buffer, i);
}

/* ---- One block, waiting for it ---- */

static void cached_write(struct worker *w, uint64_t i)
{
	block_renew(w, w->buffers, i);
	if (pwrite(cached, w->buffers, BLOCK, (off_t)((w->first + i) * BLOCK)) != BLOCK)
		fail(w, "cached write", w->first + i, errno);
	if (fsync(cached))
		fail(w, "fsync", w->first + i, errno);
	w->flushes++;
}

static void one_read(struct worker *w, int fd, uint64_t i)
{
	errno = 0;
	if (pread(fd, w->buffers, BLOCK, (off_t)((w->first + i) * BLOCK)) != BLOCK)
		fail(w, "read", w->first + i, errno);
	block_check(w, w->buffers, i);
}

/* ---- A batch of different blocks at a time: neighbours, which may go as one request, or far apart ---- */

static void batch_run(struct worker *w, struct iocb *cbs, unsigned int nr)
{
	struct io_event events[DEPTH_MAX];
	struct iocb *list[DEPTH_MAX];
	long got;

	for (unsigned int n = 0; n < nr; n++)
		list[n] = &cbs[n];
	if (syscall(SYS_io_submit, w->aio, (long)nr, list) != (long)nr)
		fail(w, "io_submit", w->first, errno);
	for (unsigned int n = 0; n < nr; n += (unsigned int)got) {
		got = syscall(SYS_io_getevents, w->aio, 1L, (long)(nr - n), events, NULL);
		if (got < 0 && errno == EINTR)
			got = 0;
		if (got < 0)
			fail(w, "io_getevents", w->first, errno);
		for (long k = 0; k < got; k++)
			if (events[k].res != BLOCK)
				fail(w, "asynchronous request", events[k].data, (int)-events[k].res);
	}
}

static void batch(struct worker *w)
{
	uint64_t at = (uint64_t)rand_r(&w->seed), step = rand_r(&w->seed) & 64 ? 1 : w->nr_blocks / w->depth, blocks[DEPTH_MAX];
	struct iocb cbs[DEPTH_MAX];

	memset(cbs, 0, sizeof(cbs));
	for (unsigned int n = 0; n < w->depth; n++) {
		uint64_t i = blocks[n] = (at + n * step) % w->nr_blocks;
		uint8_t *buffer = w->buffers + (size_t)n * BLOCK;
		bool write = !w->counts[i] || rand_r(&w->seed) & 64;

		if (write)
			block_renew(w, buffer, i);
		cbs[n] = (struct iocb){ .data = w->first + i, .opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD, .fd = (uint32_t)direct,
					.buf = (uintptr_t)buffer, .nbytes = BLOCK, .offset = (int64_t)((w->first + i) * BLOCK) };
	}
	batch_run(w, cbs, w->depth);
	for (unsigned int n = 0; n < w->depth; n++)
		if (cbs[n].opcode == IOCB_CMD_PREAD)
			block_check(w, w->buffers + (size_t)n * BLOCK, blocks[n]);
	w->operations += w->depth;
}

static void epoch(struct worker *w)
{
	uint64_t i = (uint64_t)rand_r(&w->seed) % w->nr_blocks;

	w->epoch++;
	for (unsigned int n = 0; n < BATCHES; n++)
		batch(w);
	if (w->number == 0 && w->epoch % 8 == 0) {
		cached_write(w, i);
		one_read(w, direct, i);
		w->operations += 2;
	}
	if (fdatasync(direct))
		fail(w, "fdatasync", w->first, errno);
	w->flushes++;
}

static bool over(void)
{
	return until ? !access(until, F_OK) : time(NULL) >= end;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	if (syscall(SYS_io_setup, (long)w->depth, &w->aio))
		fail(w, "io_setup", 0, errno);
	do
		epoch(w);
	while (!over());
	for (uint64_t i = 0; i < w->nr_blocks; i++)
		if (w->counts[i])
			one_read(w, direct, i);
	syscall(SYS_io_destroy, w->aio);
	return NULL;
}

/* ---- Set-up ---- */

static void worker_init(struct worker *w, unsigned int number, unsigned int workers, unsigned int depth, uint64_t disk_blocks)
{
	w->number = number;
	w->depth = depth;
	w->seed = 4711 + number;
	w->nr_blocks = disk_blocks / workers;
	w->first = number * w->nr_blocks;
	if (w->nr_blocks > BLOCKS_MAX)
		w->nr_blocks = BLOCKS_MAX;
	w->epochs = calloc(w->nr_blocks, sizeof(*w->epochs));
	w->counts = calloc(w->nr_blocks, sizeof(*w->counts));
	if (w->nr_blocks < depth || !w->epochs || !w->counts || posix_memalign((void **)&w->buffers, BLOCK, (size_t)depth * BLOCK))
		fail(w, "set-up", 0, ENOMEM);
}

int main(int argc, char **argv)
{
	static struct worker workers[WORKERS_MAX];
	unsigned int nr = argc > 3 ? (unsigned int)atoi(argv[3]) : 2, depth = argc > 4 ? (unsigned int)atoi(argv[4]) : 8;
	uint64_t operations = 0, flushes = 0, epochs = 0, bytes = 0;

	if (argc < 3 || !nr || nr > WORKERS_MAX || !depth || depth > DEPTH_MAX) {
		fprintf(stderr, "usage: diskstorm DISK SECONDS [WORKERS [DEPTH [until FILE]]]\n");
		return 2;
	}
	path = argv[1];
	until = argc > 6 ? argv[6] : NULL;
	direct = open(path, O_RDWR | O_DIRECT);
	cached = open(path, O_RDWR);
	if (direct < 0 || cached < 0 || ioctl(direct, BLKGETSIZE64, &bytes)) {
		perror(path);
		return 2;
	}
	end = time(NULL) + atoi(argv[2]);
	for (unsigned int i = 0; i < nr; i++) {
		worker_init(&workers[i], i, nr, depth, bytes / BLOCK);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			fail(&workers[i], "pthread_create", 0, EAGAIN);
	}
	for (unsigned int i = 0; i < nr; i++) {
		pthread_join(workers[i].thread, NULL);
		operations += workers[i].operations;
		flushes += workers[i].flushes;
		epochs += workers[i].epoch;
	}
	printf("storm: operations=%llu flushes=%llu epochs=%llu errors=0\n", (unsigned long long)operations, (unsigned long long)flushes,
	       (unsigned long long)epochs);
	return 0;
}
