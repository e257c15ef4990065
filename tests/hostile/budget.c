// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers that want more than their budget. Run by root without a device manager, this program takes the manager's place, sets a limit
 * and starts itself as a driver that runs into it. Each limit is an errno or a pause for the driver, a count, and nobody else's business. The
 * results are KTAP.
 *
 * usage: budget                          the tests
 *        budget DEVICE [KIND LIMIT]...   set limits of a device in either placement (CPU: in 20 ms), print all
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <uapi/ferry/manifest.h>
#include "hostile.h"
#include "manager.h"

#define SELF		"/bin/budget"
#define EDU_RAISE	0x60	/* of QEMU's edu device: docs/specs/edu */
#define EDU_ACK		0x64
#define PERIOD_US	20000u
#define RW		(FERRY_RIGHT_READ | FERRY_RIGHT_WRITE)

static const char *const kinds[FERRY_BUDGET_KINDS] = { "cpu", "memory", "dma", "handles", "irqs", "depth" };

static struct ferry_device_info info = { .abi = ABI(ferry_device_info) };

static void start(void)
{
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_PROBING, 0, 0, 0), 0);
}

static void running(void)
{
	WANT(call(NR_ferry_driver_state, FERRY_STATE_RUNNING, 0, 0, 0), 0);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- Drivers ---- */

static void spins(void)
{
	start();
	running();
	for (;;)
		;
}

/* The limit leaves room for some. */
static void maps_memory(void)
{
	unsigned int n = 0;

	start();
	while (n < 4096 && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		n++;
	WANT(n > 0 && n < 4096, 1);
	WANT(errno, ENOMEM);
}

/* Of 1024 pages; some are the process's. */
static void keeps_memory(void)
{
	struct ferry_mem_keep k = { .abi = ABI(ferry_mem_keep), .length = 1024 * 4096 };
	unsigned int n = 0;

	start();
	WANT(call(NR_ferry_mem_keep, FD, PTR(&k), 0, 0), -EDQUOT);
	k.length = 512 * 4096;
	WANT(call(NR_ferry_mem_keep, FD, PTR(&k), 0, 0), 0);
	while (n < 512 && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		n++;
	WANT(n > 0 && n < 512, 1);
	WANT(errno, ENOMEM);
}

static long dma(unsigned int pages, int *handle)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = pages * 4096 };
	long err = call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0);

	*handle = a.handle;
	return err;
}

/* 16 pages. */
static void pins_memory(void)
{
	int handle[4], more, i;

	start();
	for (i = 0; i < 4; i++)
		WANT(dma(4, &handle[i]), 0);
	WANT(dma(1, &more), -EDQUOT);
	WANT(call(NR_ferry_dma_free, FD, (uint64_t)handle[2], 0, 0), 0);
	WANT(dma(8, &more), -EDQUOT);
	WANT(dma(4, &more), 0);
	WANT(dma(1, &more), -EDQUOT);
}

/* 8 handles, of which one is there. */
static void opens_handles(void)
{
	struct ferry_cap_derive d = { .abi = ABI(ferry_cap_derive), .process = -1 };
	long last = 0;
	int i;

	start();
	for (i = 0; i < 7; i++) {
		last = call(NR_ferry_notify_create, FD, 0, 0, 0);
		WANT(last > 0, 1);
	}
	WANT(call(NR_ferry_notify_create, FD, 0, 0, 0), -EDQUOT);
	d.handle = (int)last;
	WANT(call(NR_ferry_cap_derive, PTR(&d), 0, 0, 0), -EDQUOT);
	WANT(call(NR_close, (uint64_t)last, 0, 0, 0), 0);
	WANT(call(NR_ferry_notify_create, FD, 0, 0, 0) > 0, 1);
}

/* Asks for 32. */
static void registers_a_deep_queue(void)
{
	static struct ferry_block_register reg = { .abi = ABI(ferry_block_register) };

	start();
	reg.limits.nr_blocks = 1024;
	reg.limits.block_size = 512;
	reg.limits.nr_queues = 1;
	reg.limits.queue_depth = 32;
	reg.limits.max_segments = 4;
	memcpy(reg.limits.prefix, "budget", 7);
	WANT(call(NR_ferry_class_register, FD, PTR(&reg), 0, 0), 0);
}

/* Raises interrupts as fast as it can for three seconds, then one: that comes, by the timer or by itself. */
static void raises_interrupts(void)
{
	struct ferry_irq_request req = { .abi = ABI(ferry_irq_request), .wanted = 1 };
	struct ferry_mmio_map map = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };
	volatile uint32_t *regs;
	uint64_t end, count, sum = 0;
	struct pollfd p = { .events = POLLIN };

	start();
	WANT(call(NR_ferry_mmio_map, FD, PTR(&map), 0, 0), 0);
	WANT(call(NR_ferry_irq_request, FD, PTR(&req), 0, 0), 1);
	regs = (volatile uint32_t *)(uintptr_t)map.address;
	p.fd = req.handle;
	for (end = now_ns() + 3000000000ull; now_ns() < end;) {
		regs[EDU_RAISE / 4] = 1;
		regs[EDU_ACK / 4] = 1;
		if (call(NR_poll, PTR(&p), 1, 0, 0) == 1 && call(NR_read, (uint64_t)p.fd, PTR(&count), 8, 0) == 8)
			sum += count;
	}
	WANT(sum > 0, 1);
	WANT(sum < 3000, 1);	/* 100 a second, and 100 polls a second */
	regs[EDU_RAISE / 4] = 1;
	WANT(call(NR_poll, PTR(&p), 1, 20000, 0), 1);
	regs[EDU_ACK / 4] = 1;
}

/* Given a BUDGET handle to look at. */
static void looks_at_its_budget(void)
{
	struct ferry_budget b = { .abi = ABI(ferry_budget), .handle = 4 };
	unsigned int i;

	start();
	for (i = 0; i < 20000 && call(NR_ferry_budget, PTR(&b), 0, 0, 0) == -EBADF; i++)
		call(NR_poll, 0, 0, 1, 0);
	WANT(call(NR_ferry_budget, PTR(&b), 0, 0, 0), 0);
	WANT(b.device, info.id);
	WANT(b.items[FERRY_BUDGET_HANDLES].used, 2);
	b.set = 1 << FERRY_BUDGET_DMA;
	WANT(call(NR_ferry_budget, PTR(&b), 0, 0, 0), -EACCES);
}

static const struct {
	const char *name;
	void (*run)(void);
} drivers[] = {
	{ "spins", spins }, { "maps_memory", maps_memory }, { "keeps_memory", keeps_memory }, { "pins_memory", pins_memory },
	{ "opens_handles", opens_handles },
	{ "registers_a_deep_queue", registers_a_deep_queue }, { "raises_interrupts", raises_interrupts },
	{ "looks_at_its_budget", looks_at_its_budget },
};

/* ---- In the manager's place ---- */

static unsigned int null_device, edu_device;
static struct ferry_budget seen;	/* as last told */

static long ask(unsigned int device)
{
	seen = (struct ferry_budget){ .abi = ABI(ferry_budget), .device = device, .handle = -1 };
	return call(NR_ferry_budget, PTR(&seen), 0, 0, 0);
}

static long limit(unsigned int device, unsigned int kind, uint64_t value)
{
	seen = (struct ferry_budget){ .abi = ABI(ferry_budget), .device = device, .handle = -1, .set = 1u << kind, .cpu_period_us = PERIOD_US };
	seen.items[kind].limit = value;
	return call(NR_ferry_budget, PTR(&seen), 0, 0, 0);
}

static uint64_t exceeded(unsigned int device, unsigned int kind)
{
	return ask(device) ? 0 : seen.items[kind].exceeded;
}

/* The driver finds the limit where it is, it is counted, and the next driver starts with a clean account. */
static int runs_into(const char *driver, unsigned int device, unsigned int kind, uint64_t value, unsigned int needs)
{
	uint64_t before = exceeded(device, kind);
	struct child c;
	int ok;

	if (limit(device, kind, value) || !child_start(SELF, &c, device, driver, needs))
		return 0;
	ok = child_wait(&c) == 0;
	ok &= exceeded(device, kind) > before;
	ok &= kind != FERRY_BUDGET_DMA || !seen.items[kind].used;
	ok &= limit(device, kind, 0) == 0;
	return ok;
}

/* CPU time of a process in ticks of 10 ms. */
static long ticks_of(int pid)
{
	char path[40], text[512] = "", *after;
	long user = -1, system = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(text, sizeof(text), f) && (after = strrchr(text, ')')))
		sscanf(after + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %ld", &user, &system);
	if (f)
		fclose(f);
	return user + system;
}

/* A real-time thread that never sleeps, with a tenth of a CPU: it gets less than half, and this program goes on. */
static int spinner_is_throttled(void)
{
	uint64_t before = exceeded(null_device, FERRY_BUDGET_CPU), begin;
	long ticks, passed;
	struct child c;
	int ok;

	if (limit(null_device, FERRY_BUDGET_CPU, PERIOD_US / 10) || !child_start(SELF, &c, null_device, "spins", 0))
		return 0;
	ok = state_reached(null_device, FERRY_STATE_RUNNING);
	begin = now_ns();
	ticks = ticks_of(c.pid);
	while (exceeded(null_device, FERRY_BUDGET_CPU) < before + 20 && now_ns() - begin < 20000000000ull)
		poll(NULL, 0, 20);
	poll(NULL, 0, 1000);
	passed = (long)((now_ns() - begin) / 10000000u);
	ticks = ticks_of(c.pid) - ticks;
	printf("# cpu: %ld of %ld ticks, exceeded %llu\n", ticks, passed, (unsigned long long)(exceeded(null_device, FERRY_BUDGET_CPU) - before));
	ok &= ticks * 2 < passed && exceeded(null_device, FERRY_BUDGET_CPU) >= before + 20;
	kill(c.pid, SIGKILL);	/* also one that waits for its next period */
	ok &= child_wait(&c) == SIGKILL;
	ok &= limit(null_device, FERRY_BUDGET_CPU, 0) == 0;
	return ok;
}

static int too_large_to_start(void)
{
	uint64_t before = exceeded(null_device, FERRY_BUDGET_MEMORY);
	struct child c;
	int ok = limit(null_device, FERRY_BUDGET_MEMORY, 1) == 0;

	ok &= child_spawn(SELF, &c, null_device, "maps_memory", 0) == -EDQUOT;
	ok &= exceeded(null_device, FERRY_BUDGET_MEMORY) > before;
	ok &= limit(null_device, FERRY_BUDGET_MEMORY, 0) == 0;
	return ok;
}

static int budget_handles_have_rights(void)
{
	struct ferry_cap_open o = { .abi = ABI(ferry_cap_open), .device = null_device, .kind = FERRY_HANDLE_BUDGET };
	struct ferry_cap_derive d = { .abi = ABI(ferry_cap_derive), .rights = FERRY_RIGHT_READ };
	struct ferry_budget b = { .abi = ABI(ferry_budget), .set = 1u << FERRY_BUDGET_CPU, .cpu_period_us = 5 };
	struct child c;
	int ok;

	if (call(NR_ferry_cap_open, PTR(&o), 0, 0, 0) || !child_start(SELF, &c, null_device, "looks_at_its_budget", 0))
		return 0;
	d.handle = b.handle = o.handle;
	d.process = c.process;
	ok = call(NR_ferry_cap_derive, PTR(&d), 0, 0, 0) == 0;
	ok &= child_wait(&c) == 0;
	b.items[FERRY_BUDGET_CPU].limit = 1;
	ok &= call(NR_ferry_budget, PTR(&b), 0, 0, 0) == -EINVAL;	/* no such period */
	b.set = 1u << FERRY_BUDGET_KINDS;
	ok &= call(NR_ferry_budget, PTR(&b), 0, 0, 0) == -EINVAL;
	b.set = 0;
	ok &= call(NR_ferry_budget, PTR(&b), 0, 0, 0) == 0 && b.device == null_device;
	close(o.handle);
	return ok;
}

static int tests(void)
{
	null_device = device_take("null_blk.0");
	edu_device = device_take_pci(0x1234, 0x11e8);
	printf("KTAP version 1\n1..9\n");
	result(spinner_is_throttled(), "spinner_is_throttled");
	result(runs_into("maps_memory", null_device, FERRY_BUDGET_MEMORY, 1024, 0), "memory_ends_at_its_limit");
	result(runs_into("keeps_memory", null_device, FERRY_BUDGET_MEMORY, 1024, FERRY_NEEDS_KEEP), "kept_memory_counts_too");
	result(too_large_to_start(), "too_large_to_start");
	result(runs_into("pins_memory", null_device, FERRY_BUDGET_DMA, 16, FERRY_NEEDS_DMA), "dma_pages_end_at_their_limit");
	result(runs_into("opens_handles", null_device, FERRY_BUDGET_HANDLES, 8, 0), "handles_end_at_their_limit");
	result(runs_into("registers_a_deep_queue", null_device, FERRY_BUDGET_DEPTH, 4, 0), "queue_is_cut_to_its_depth");
	result(runs_into("raises_interrupts", edu_device, FERRY_BUDGET_IRQS, 100, FERRY_NEEDS_ALL), "interrupt_storm_is_polled");
	result(budget_handles_have_rights(), "budget_handles_have_rights");
	return failures ? 1 : 0;
}

/* ---- By hand ---- */

static unsigned int id_of(const char *name)
{
	static struct ferry_device_desc list[128];
	long i, n;

	list[0].abi = (struct ferry_abi)ABI(ferry_device_desc);
	n = syscall(NR_ferry_device_list, list, 128, 0);
	for (i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return list[i].id;
	return 0;
}

static int set_by_hand(unsigned int device, int argc, char **argv)
{
	unsigned int k;
	long err = 0;
	int i;

	for (i = 0; !err && i + 1 < argc; i += 2) {
		for (k = 0; k < FERRY_BUDGET_KINDS && strcmp(kinds[k], argv[i]); k++)
			;
		err = k < FERRY_BUDGET_KINDS ? limit(device, k, strtoull(argv[i + 1], NULL, 0)) : -EINVAL;
	}
	if (!err)
		err = ask(device);
	for (k = 0; !err && k < FERRY_BUDGET_KINDS; k++)
		printf("%s used=%llu limit=%llu exceeded=%llu\n", kinds[k], seen.items[k].used, seen.items[k].limit, seen.items[k].exceeded);
	if (err)
		fprintf(stderr, "budget: %s\n", strerror((int)-err));
	return err != 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(argv[0], drivers[i].name))
			continue;
		drivers[i].run();
		_exit(0);
	}
	return argc > 1 ? set_by_hand(id_of(argv[1]), argc - 2, argv + 2) : tests();
}
