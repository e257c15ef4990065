// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of the driver system calls from inside a driver process: random numbers, handles, lengths, pointers and structures. Run by root
 * without a device manager, this program takes the manager's place and starts itself as the driver of a device, once for each seed. It
 * does not matter how the driver ends; what matters is that the kernel, another disk and the accounts are as before. Results as KTAP.
 *
 * usage: callfuzz [ROUNDS [SEED [CALLS]]]
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <uapi/ferry/manifest.h>
#include "hostile.h"
#include "manager.h"

#define SELF		"/bin/callfuzz"
#define ARENA_BYTES	65536u
#define CALLS		3000u
#define FERRY_NR	64u
#define ARENA		0x200000000000ull

static uint64_t state;
static sigjmp_buf back;
static unsigned char *arena;	/* two halves, the second of which comes and goes; far from everything else */

static uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint32_t below(uint32_t n)
{
	return next_random() % n;
}

/* ---- In the driver ---- */

/* Numbers that are often just wrong enough. */
static uint64_t odd_number(void)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 255, 511, 512, 4095, 4096, 4097, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000ull, 0x7fffffffffffffffull, 0x8000000000000000ull, ~0ull, ~0ull - 4095,
	};

	return below(4) ? numbers[below(sizeof(numbers) / sizeof(numbers[0]))] : (uint64_t)next_random() << below(33);
}

static uint64_t handle(void)
{
	switch (below(6)) {
	case 0:
		return FD;
	case 1:
		return odd_number();
	case 2:
		return (below(3) << 10) + below(16);
	default:
		return 3 + below(40);
	}
}

/* The sizes of all structures of the ABI; the fuzzer may take the wrong one. */
static const unsigned int sizes[] = {
	sizeof(struct ferry_device_info), sizeof(struct ferry_mmio_map), sizeof(struct ferry_port_map), sizeof(struct ferry_irq_request),
	sizeof(struct ferry_dma_alloc), sizeof(struct ferry_pci_config), sizeof(struct ferry_block_register),
	sizeof(struct ferry_misc_register), sizeof(struct ferry_class_update), sizeof(struct ferry_cap_derive), sizeof(struct ferry_cap_info),
	sizeof(struct ferry_cap_map), sizeof(struct ferry_cap_open), sizeof(struct ferry_budget), sizeof(struct ferry_driver_spawn),
	sizeof(struct ferry_mem_keep),
};

static const struct {
	unsigned int nr, size, argument;
} structures[] = {
	{ NR_ferry_device_info, sizeof(struct ferry_device_info), 1 }, { NR_ferry_mmio_map, sizeof(struct ferry_mmio_map), 1 },
	{ NR_ferry_port_map, sizeof(struct ferry_port_map), 1 }, { NR_ferry_irq_request, sizeof(struct ferry_irq_request), 1 },
	{ NR_ferry_dma_alloc, sizeof(struct ferry_dma_alloc), 1 }, { NR_ferry_pci_config, sizeof(struct ferry_pci_config), 1 },
	{ NR_ferry_class_register, sizeof(struct ferry_block_register), 1 }, { NR_ferry_class_update, sizeof(struct ferry_class_update), 1 },
	{ NR_ferry_cap_derive, sizeof(struct ferry_cap_derive), 0 }, { NR_ferry_cap_info, sizeof(struct ferry_cap_info), 1 },
	{ NR_ferry_cap_map, sizeof(struct ferry_cap_map), 0 }, { NR_ferry_cap_open, sizeof(struct ferry_cap_open), 0 },
	{ NR_ferry_budget, sizeof(struct ferry_budget), 0 }, { NR_ferry_driver_spawn, sizeof(struct ferry_driver_spawn), 0 },
	{ NR_ferry_mem_keep, sizeof(struct ferry_mem_keep), 1 },
};

/* A structure with the right head, and words that may mean something. */
static uint64_t structure(unsigned int size)
{
	unsigned int at = below(8) ? below(ARENA_BYTES - 1024) & ~7u : ARENA_BYTES - (size & ~7u) + 8 * below(3), i;
	uint32_t *words = (uint32_t *)(arena + at);

	for (i = 0; i < size / 4; i++)
		words[i] = below(3) ? below(3) ? below(8) : (uint32_t)handle() : (uint32_t)odd_number();
	if (below(16))
		words[0] = size;
	if (below(16))
		words[1] = FERRY_ABI_VERSION;
	return PTR(words);
}

static uint64_t pointer(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return 0xffffffff80000000ull + below(1 << 20);
	case 2:
		return 0xffff800000000000ull + odd_number();
	case 3:
		return 0x00007ffffffff000ull - below(64);
	case 4:
		return PTR(arena) + ARENA_BYTES - below(16);	/* what follows may be unmapped */
	case 5:
		return odd_number();
	default:
		return structure(sizes[below(sizeof(sizes) / sizeof(sizes[0]))]);
	}
}

static uint64_t argument(void)
{
	switch (below(3)) {
	case 0:
		return handle();
	case 1:
		return pointer();
	default:
		return odd_number();
	}
}

/* What would only end the fuzzer or make it wait: its own death, sleeping, reading what does not come. */
static void ferry_call(void)
{
	static const unsigned int last[] = { NR_ferry_driver_fault, NR_ferry_driver_spawn };
	unsigned int nr = NR_FERRY_FIRST + below(FERRY_NR), i;
	uint64_t a[4] = { below(3) ? FD : handle(), argument(), argument(), argument() };

	for (i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (nr == last[i] && below(200))
			return;
	if (nr == NR_ferry_driver_wait) {
		a[0] = pointer();
		a[1] = below(4) ? sizeof(struct ferry_events) : odd_number();
		a[2] = 0;
		a[3] = below(4) ? 0 : odd_number() & ~(uint64_t)FERRY_WAIT_SLEEP;
	}
	if (nr == NR_ferry_ipc_recv)
		a[3] = 0;
	if (nr == NR_ferry_driver_log && below(20))
		return;
	for (i = 0; i < sizeof(structures) / sizeof(structures[0]) && below(10); i++)
		if (nr == structures[i].nr)
			a[structures[i].argument] = structure(structures[i].size);
	call(nr, a[0], a[1], a[2], a[3]);
}

/* Memory of its own, so that it lives a while. */
static void memory_call(void)
{
	uint64_t at = PTR(arena) + ARENA_BYTES + (below(16) << 12), length = (uint64_t)(1 + below(4)) << 12, odd = (uint32_t)odd_number();

	switch (below(6)) {
	case 0:
		syscall(NR_mmap, below(2) ? at : 0, below(4) ? length : odd, below(8), below(64), below(2) ? -1 : (int)handle(), 0);
		break;
	case 1:
		call(NR_munmap, at, length, 0, 0);
		break;
	case 2:
		call(NR_mprotect, at, below(4) ? length : odd, below(8), 0);
		break;
	case 3:
		syscall(NR_mremap, at, length, below(2) ? length * 2 : odd, below(4), PTR(arena) + ARENA_BYTES);
		break;
	case 4:
		call(NR_madvise, at, length, below(30), 0);
		break;
	default:
		call(NR_close, below(8) ? 4 + below(40) : handle(), 0, 0, 0);
	}
}

static void any_call(void)
{
	struct pollfd p = { .fd = (int)handle(), .events = POLLIN | POLLOUT };
	unsigned int nr = below(450);

	if (below(3)) {
		call(NR_poll, PTR(&p), 1, 0, 0);
		call(NR_write, (uint64_t)p.fd, pointer(), odd_number(), 0);
		return;
	}
	switch (nr) {	/* as above */
	case NR_exit: case NR_exit_group: case NR_pause: case NR_nanosleep: case NR_clock_nanosleep: case NR_futex: case NR_poll:
	case NR_ppoll: case NR_read: case NR_readv: case NR_brk: case NR_munmap: case NR_mmap: case NR_mremap: case NR_mprotect:
	case NR_madvise: case NR_arch_prctl: case NR_rt_sigprocmask: case NR_rt_sigaction: case NR_restart_syscall: case NR_rseq:
	case NR_set_tid_address: case NR_set_robust_list:
		return;
	}
	syscall(nr, argument(), argument(), argument(), argument(), odd_number(), odd_number());
}

/* It tears its own memory apart; that is no reason to stop. */
static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void fuzz(uint64_t seed, unsigned int calls)
{
	static struct ferry_device_info info = { .abi = ABI(ferry_device_info) };
	static struct sigaction action = { .sa_handler = on_fault };
	static unsigned int i;

	arena = mmap((void *)ARENA, 2 * ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	call(NR_ferry_device_info, FD, PTR(&info), 0, 0);
	call(NR_ferry_driver_state, FERRY_STATE_PROBING, 0, 0, 0);
	sigsetjmp(back, 1);
	while (i++ < calls) {
		if (below(10) < 7)
			ferry_call();
		else if (below(2))
			memory_call();
		else
			any_call();
	}
}

/* ---- In the manager's place ---- */

static long frames_free(void)
{
	FILE *f = fopen("/proc/ferry/frames", "r");
	long sum = 0, n;
	char line[100];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "free %ld", &n) == 1 || sscanf(line, "stack %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

/* True when the driver came to an end by itself, whichever. */
static int round_run(unsigned int device, uint64_t seed, unsigned int calls)
{
	char name[32];
	unsigned int tries = 0;
	struct child c;
	int err;

	snprintf(name, sizeof(name), "f%llx.%x", (unsigned long long)seed, calls);
	/* The one before may have had all the memory there is, and its process goes after the driver has. */
	while ((err = child_spawn(SELF, &c, device, name, FERRY_NEEDS_ALL)) == -ENOMEM && tries++ < 1000)
		poll(NULL, 0, 10);
	if (err)
		printf("# seed %llu is not started: %d\n", (unsigned long long)seed, err);
	return !err && child_wait(&c) >= 0;
}

/* Every other round with limits. */
static void limits_set(unsigned int device, uint64_t seed)
{
	struct ferry_budget b = { .abi = ABI(ferry_budget), .device = device, .handle = -1, .set = (1u << FERRY_BUDGET_KINDS) - 1 };

	b.cpu_period_us = 10000;
	if (seed % 2) {
		b.items[FERRY_BUDGET_CPU].limit = 9000;
		b.items[FERRY_BUDGET_MEMORY].limit = 2048;
		b.items[FERRY_BUDGET_DMA].limit = 256;
		b.items[FERRY_BUDGET_HANDLES].limit = 20;
		b.items[FERRY_BUDGET_IRQS].limit = 1000;
		b.items[FERRY_BUDGET_DEPTH].limit = 8;
	}
	call(NR_ferry_budget, PTR(&b), 0, 0, 0);
}

static int rounds_run(unsigned int device, unsigned int rounds, uint64_t seed, unsigned int calls)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		limits_set(device, seed + i);
		if (round_run(device, seed + i, calls))
			continue;
		printf("# seed %llu did not end\n", (unsigned long long)(seed + i));
		return 0;
	}
	return 1;
}

/* The same rounds again and again: what leaks does so each time. */
static int nothing_leaks(unsigned int device, uint64_t seed, unsigned int calls)
{
	unsigned int pass, wait;
	long lost = 1;

	for (pass = 0; pass < 4 && lost > 0; pass++) {
		long before = frames_free();

		rounds_run(device, 3, seed, calls);
		for (wait = 0; wait < 40 && (lost = before - frames_free()) > 0; wait++)
			poll(NULL, 0, 50);
	}
	if (lost > 0)
		printf("# lost %ld frames\n", lost);
	return lost <= 0;
}

static unsigned long disk_sum(void)
{
	static unsigned char bytes[65536];
	int fd = open("/dev/vda", O_RDONLY | O_DIRECT);
	unsigned long sum = 0;
	ssize_t n, i;

	if (fd < 0)
		return 0;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (i = 0; i < n; i++)
			sum = sum * 31 + bytes[i];
	close(fd);
	return sum;
}

static int no_handle_is_left(unsigned int device)
{
	FILE *f = fopen("/proc/ferry/budgets", "r");
	char line[128], name[32];
	unsigned long long used;
	int left = 0;

	(void)device;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s f%*s handles %llu", name, &used) == 2 || sscanf(line, "%31s f%*s dma %llu", name, &used) == 2)
			left += used != 0;
	if (f)
		fclose(f);
	return f && !left;
}

static int manage(unsigned int rounds, uint64_t seed, unsigned int calls)
{
	unsigned int device = device_take_pci(0x1234, 0x11e8);
	unsigned long before = disk_sum();

	if (!device)
		device = device_take("null_blk.0");
	printf("KTAP version 1\n1..4\n# rounds %u from seed %llu, %u calls each\n", rounds, (unsigned long long)seed, calls);
	result(rounds_run(device, rounds, seed, calls), "every_driver_comes_to_an_end");
	result(disk_sum() == before, "the_neighbour_reads_the_same");
	result(nothing_leaks(device, seed, calls), "no_frame_is_lost");
	result(no_handle_is_left(device), "accounts_are_empty");
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 30, calls;
	unsigned long long seed;

	if (sscanf(argv[0], "f%llx.%x", &seed, &calls) == 2) {
		fuzz(seed, calls);
		_exit(0);
	}
	return manage(rounds, argc > 2 ? strtoull(argv[2], NULL, 0) : 1, argc > 3 ? (unsigned int)atoi(argv[3]) : CALLS);
}
