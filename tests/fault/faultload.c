// SPDX-License-Identifier: GPL-2.0
/*
 * faultload DISK WHAT ROUNDS: read a block of faulty_blk's that makes its driver go wrong, so many times, while neighbours read harmless
 * ones all the time. WHAT is a hang by its name, which must end in the right data, or poison, which must end in EIO. Every word that is
 * read is checked. Ends with "faultload: what=NAME rounds=N good=N eio=N neighbours=N", and exit status 0 when all went as it must.
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
#include <unistd.h>
#include "faulty.h"

#define NEIGHBOURS	3

static const struct {
	const char *name;
	unsigned int block;
	bool poison;
} blocks[] = {
	{ "poison", FAULTY_POISON, true }, { "poison_hang", FAULTY_POISON_HANG, true },
	{ "submit", FAULTY_HANG + HANG_IN_SUBMIT, false }, { "timer", FAULTY_HANG + HANG_IN_TIMER, false },
	{ "irq", FAULTY_HANG + HANG_IN_IRQ, false }, { "lost", FAULTY_HANG + HANG_LOST, false },
	{ "live_lock", FAULTY_HANG + HANG_LIVE_LOCK, false }, { "irq_storm", FAULTY_HANG + HANG_IRQ_STORM, false },
	{ "probe", FAULTY_HANG + HANG_IN_PROBE, false }, { "remove", FAULTY_HANG + HANG_IN_REMOVE, false },
};

static int disk;
static bool over;
static unsigned long neighbour_reads, neighbour_errors;

static void *buffer_get(void)
{
	void *p = NULL;

	if (posix_memalign(&p, FAULTY_BLOCK, FAULTY_BLOCK))
		exit(2);
	return p;
}

/* 0, an errno, or -1: not what it must be. */
static int block_read(uint64_t *words, unsigned int block)
{
	unsigned int i;

	memset(words, 0xee, FAULTY_BLOCK);
	if (pread(disk, words, FAULTY_BLOCK, (off_t)block * FAULTY_BLOCK) != FAULTY_BLOCK)
		return errno;
	for (i = 0; i < FAULTY_BLOCK / 8; i++)
		if (words[i] != FAULTY_WORD(block, i))
			return -1;
	return 0;
}

static void *neighbour(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	uint64_t *words = buffer_get();
	int err;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		err = block_read(words, (unsigned int)rand_r(&seed) % FAULTY_POISON);
		if (err)
			printf("neighbour: error %d\n", err);
		__atomic_fetch_add(err ? &neighbour_errors : &neighbour_reads, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int what = 0, rounds = argc == 4 ? (unsigned int)atoi(argv[3]) : 0, good = 0, eio = 0, i;
	unsigned int nr = sizeof(blocks) / sizeof(blocks[0]);
	pthread_t threads[NEIGHBOURS];
	uint64_t *words = buffer_get();
	int err;

	while (argc == 4 && what < nr && strcmp(argv[2], blocks[what].name))
		what++;
	disk = rounds && what < nr ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
	if (disk < 0) {
		fprintf(stderr, "usage: faultload DISK WHAT ROUNDS\n");
		return 2;
	}
	for (i = 0; i < NEIGHBOURS; i++)
		if (pthread_create(&threads[i], NULL, neighbour, (void *)(uintptr_t)(i + 1)))
			return 2;
	for (i = 0; i < rounds; i++) {
		err = block_read(words, blocks[what].block);
		good += !err;
		eio += err == EIO;
		if (err && err != EIO)
			printf("%s: error %d\n", blocks[what].name, err);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (i = 0; i < NEIGHBOURS; i++)
		pthread_join(threads[i], NULL);
	printf("faultload: what=%s rounds=%u good=%u eio=%u neighbours=%lu errors=%lu\n", argv[2], rounds, good, eio, neighbour_reads,
	       neighbour_errors);
	return (blocks[what].poison ? eio : good) == rounds && neighbour_reads && !neighbour_errors ? 0 : 1;
}
