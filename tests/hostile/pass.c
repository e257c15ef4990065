// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities that go from process to process. Run by root without a device manager, this program takes the manager's place and starts
 * itself as drivers of two devices. The manager grants by passing a narrowed DEVICE handle; one driver passes memory to the other; and
 * whatever was passed is gone when its parent is revoked or dies, also while the other is using it. The results are KTAP.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/ferry/manifest.h>
#include "hostile.h"
#include "manager.h"

#define SELF		"/bin/pass"
#define RW		(FERRY_RIGHT_READ | FERRY_RIGHT_WRITE)
#define ROUNDS		300
#define MARK		0x5a5a5a5au
#define FIRST_GIVEN	4	/* where the first handle comes that is passed to a new driver */

static struct ferry_device_info info = { .abi = ABI(ferry_device_info) };
static sigjmp_buf back;

static void start(void)
{
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_PROBING, 0, 0, 0), 0);
}

static long ask(long handle, struct ferry_cap_info *cap)
{
	*cap = (struct ferry_cap_info){ .abi = ABI(ferry_cap_info) };
	return call(NR_ferry_cap_info, (uint64_t)handle, PTR(cap), 0, 0);
}

static long derive(int handle, unsigned int rights, int process)
{
	struct ferry_cap_derive d = { .abi = ABI(ferry_cap_derive), .handle = handle, .rights = rights, .process = process };
	long err = call(NR_ferry_cap_derive, PTR(&d), 0, 0, 0);

	return err ? err : d.derived;
}

static void pause_ms(unsigned int ms)
{
	call(NR_poll, 0, 0, ms, 0);
}

/* The number under which the next handle arrives; kinds come in the order they are passed. */
static long arrival(long from, unsigned int kind)
{
	struct ferry_cap_info cap;
	unsigned int i;
	long fd;

	for (i = 0; i < 60000; i++, pause_ms(1))
		for (fd = from; fd < from + 4; fd++)
			if (ask(fd, &cap) == 0 && cap.kind == kind)
				return fd;
	return -1;
}

/* ---- Drivers ---- */

/* Starts without a right and gets the right to DMA, not that to registers; until that is taken back. */
static void waits_for_grant(void)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 4096 };
	struct ferry_mmio_map m = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };
	struct ferry_cap_info cap;
	long given;

	start();
	given = arrival(FIRST_GIVEN, FERRY_HANDLE_DEVICE);
	WANT(given > 0, 1);
	WANT(call(NR_ferry_mmio_map, (uint64_t)given, PTR(&m), 0, 0), -EACCES);
	WANT(call(NR_ferry_dma_alloc, (uint64_t)given, PTR(&a), 0, 0), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_RUNNING, 0, 0, 0), 0);
	while (ask(given, &cap) == 0)
		pause_ms(1);
	WANT(ask(given, &cap), -ESTALE);
	WANT(ask(a.handle, &cap), -ESTALE);
	WANT(call(NR_ferry_dma_alloc, (uint64_t)given, PTR(&a), 0, 0), -ESTALE);
	WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
}

/* All is taken: the kernel ends no process for that, but there is nothing left that it could do when the taker's call has ended. */
static void loses_everything(void)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 4096 };
	struct ferry_events e;
	struct ferry_cap_info cap;

	start();
	WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_RUNNING, 0, 0, 0), 0);
	while (ask(FD, &cap) == 0)
		pause_ms(1);
	WANT(call(NR_ferry_driver_wait, PTR(&e), sizeof(e), 0, 0), -ESTALE);
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), -ESTALE);
	WANT(ask(a.handle, &cap), -ESTALE);
	for (unsigned int i = 0; i < 10000; i++, pause_ms(1))	/* handles die together, then what they mapped goes */
		*(volatile char *)(uintptr_t)a.address = 1;	/* ends it */
}

/* Shares memory with the process it was given, ROUNDS times, and takes it back each time while the other uses it. */
static void gives_memory(void)
{
	long process, round;

	start();
	process = arrival(FIRST_GIVEN, FERRY_HANDLE_PROCESS);
	WANT(process > 0, 1);
	WANT(derive(FD, 0, 99), -EBADF);
	for (round = 0; round < ROUNDS; round++) {
		struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 8192 };

		WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
		*(volatile uint32_t *)(uintptr_t)a.address = MARK;
		WANT(derive(a.handle, FERRY_RIGHT_READ, (int)process) > 0, 1);
		if (round % 2)
			call(NR_sched_yield, 0, 0, 0, 0);
		WANT(call(NR_ferry_cap_revoke, (uint64_t)a.handle, round % 3 ? 0 : FERRY_REVOKE_DERIVED, 0, 0), 0);
		if (round % 3 == 0)
			WANT(call(NR_ferry_dma_free, FD, (uint64_t)a.handle, 0, 0), 0);
		else
			WANT(call(NR_close, (uint64_t)a.handle, 0, 0, 0), 0);
	}
	/* One that stays until this driver dies with it. */
	{
		struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 4096 };

		WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
		*(volatile uint32_t *)(uintptr_t)a.address = ~MARK;
		WANT(derive(a.handle, FERRY_RIGHT_READ, (int)process) > 0, 1);
	}
	WANT(call(NR_ferry_driver_state, FERRY_STATE_RUNNING, 0, 0, 0), 0);
	for (;;)
		pause_ms(100);
}

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* 0: there is nothing any more at @address. */
static int look(uint64_t address, uint32_t *value)
{
	static struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(back, 1))
		return 0;
	*value = *(volatile uint32_t *)(uintptr_t)address;
	return 1;
}

/* Looks at what came under @number as long as it is there: always what the giver wrote. True after the giver's last. */
static int use(long number)
{
	struct ferry_cap_map map = { .abi = ABI(ferry_cap_map), .handle = (int)number, .perms = FERRY_RIGHT_READ };
	long err = call(NR_ferry_cap_map, PTR(&map), 0, 0, 0);
	uint32_t now, last = 0;

	if (err) {
		WANT(err, -ESTALE);
		return 0;
	}
	while (look(map.address, &now)) {
		WANT(now == MARK || now == ~MARK, 1);
		if (now == ~MARK && last != now)
			WANT(call(NR_ferry_driver_state, FERRY_STATE_RUNNING, 0, 0, 0), 0);
		last = now;
	}
	return last == ~MARK;
}

/* Sees never more than what it was given, and the end of the giver as the end of that. */
static void takes_memory(void)
{
	static long next[FIRST_GIVEN + ROUNDS + 2];	/* by slot: the number that the next handle there will have */
	unsigned int slot, nr = sizeof(next) / sizeof(next[0]);
	struct ferry_cap_info cap;
	int over = 0;

	start();
	for (slot = 0; slot < nr; slot++)
		next[slot] = slot;
	while (!over) {
		for (slot = FIRST_GIVEN; slot < nr && !over; slot++) {
			long err = ask(next[slot], &cap);

			if (err == -EBADF)
				continue;
			over = !err && use(next[slot]);
			WANT(call(NR_close, (uint64_t)next[slot], 0, 0, 0), 0);
			next[slot] += 1024;
		}
		call(NR_sched_yield, 0, 0, 0, 0);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} drivers[] = {
	{ "waits_for_grant", waits_for_grant },
	{ "loses_everything", loses_everything },
	{ "gives_memory", gives_memory },
	{ "takes_memory", takes_memory },
};

/* ---- In the manager's place ---- */

static unsigned int devices[2];
static long root_open(unsigned int device, unsigned int kind)
{
	struct ferry_cap_open o = { .abi = ABI(ferry_cap_open), .device = device, .kind = kind };
	long err = call(NR_ferry_cap_open, PTR(&o), 0, 0, 0);

	return err ? err : o.handle;
}

/* ZOS-04, ZOS-12, ZOS-13: what was not spawned with a right gets it by a grant, and only that. */
static int granted_and_taken_back(void)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 4096 };
	struct child c;
	long root, given;
	int ok;

	if (!child_start(SELF, &c, devices[0], "waits_for_grant", FERRY_NEEDS_DMA | FERRY_NEEDS_MMIO))
		return 0;
	root = root_open(c.device, FERRY_HANDLE_DEVICE);
	given = root < 0 ? root : derive((int)root, FERRY_NEEDS_DMA, -1);
	ok = given > 0 && derive((int)given, FERRY_NEEDS_DMA | FERRY_NEEDS_MMIO, c.process) == -EACCES;
	ok &= call(NR_ferry_dma_alloc, (uint64_t)root, PTR(&a), 0, 0) == -EPERM;	/* no driver's process */
	ok &= derive((int)given, FERRY_NEEDS_DMA, c.process) == FIRST_GIVEN;
	ok &= state_reached(c.device, FERRY_STATE_RUNNING);
	ok &= call(NR_ferry_cap_revoke, (uint64_t)given, 0, 0, 0) == 0;
	ok &= call(NR_ferry_cap_revoke, (uint64_t)given, 0, 0, 0) == -ESTALE;
	ok &= child_wait(&c) == 0;
	ok &= call(NR_ferry_cap_revoke, (uint64_t)root, 0, 0, 0) == -ESTALE;	/* it ended with the driver */
	close((int)root);
	close((int)given);
	return ok;
}

static int root_takes_everything(void)
{
	struct child c;
	long root;
	int ok;

	if (!child_start(SELF, &c, devices[0], "loses_everything", FERRY_NEEDS_ALL))
		return 0;
	root = root_open(c.device, FERRY_HANDLE_DEVICE);
	ok = root > 0 && state_reached(c.device, FERRY_STATE_RUNNING);
	ok &= call(NR_ferry_cap_revoke, (uint64_t)root, 0, 0, 0) == 0;
	ok &= child_wait(&c) == SIGSEGV;
	close((int)root);
	return ok;
}

/* Two processes, and where there are two CPUs at the same time. */
static int passed_memory_is_taken_back_in_use(void)
{
	struct child giver, taker;
	int ok;

	if (!child_start(SELF, &taker, devices[1], "takes_memory", 0))
		return 0;
	if (!child_start(SELF, &giver, devices[0], "gives_memory", FERRY_NEEDS_DMA)) {
		kill(taker.pid, SIGKILL);
		child_wait(&taker);
		return 0;
	}
	ok = derive(taker.process, FERRY_PROCESS_PASS, giver.process) == FIRST_GIVEN;
	ok &= state_reached(giver.device, FERRY_STATE_RUNNING) && state_reached(taker.device, FERRY_STATE_RUNNING);
	kill(giver.pid, SIGKILL);
	ok &= child_wait(&giver) == SIGKILL;
	ok &= child_wait(&taker) == 0;
	return ok;
}

/* A handle on a process that ended takes no more. */
static int the_dead_get_nothing(void)
{
	struct pollfd ended;
	struct child c;
	long root;
	int ok;

	if (!child_start(SELF, &c, devices[1], "takes_memory", 0))
		return 0;
	root = root_open(c.device, FERRY_HANDLE_BUDGET);
	ok = root > 0;
	kill(c.pid, SIGKILL);
	ended = (struct pollfd){ .fd = c.process, .events = POLLIN };
	ok &= poll(&ended, 1, 10000) == 1;
	ok &= derive((int)root, FERRY_RIGHT_READ, c.process) == -ESRCH;
	ok &= child_wait(&c) == SIGKILL;
	close((int)root);
	return ok;
}

/* Live handles by /proc. */
static int no_handle_is_left(const char *first, const char *second)
{
	FILE *f = fopen("/proc/ferry/caps", "r");
	char line[256];
	int lines = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, first) || strstr(line, second))
			lines++;
	if (f)
		fclose(f);
	return f && !lines;
}

static int manage(const char *first, const char *second)
{
	devices[0] = device_take(first);
	devices[1] = device_take(second);
	printf("KTAP version 1\n1..5\n");
	result(granted_and_taken_back(), "granted_and_taken_back");
	result(root_takes_everything(), "root_takes_everything");
	result(passed_memory_is_taken_back_in_use(), "passed_memory_is_taken_back_in_use");
	result(the_dead_get_nothing(), "the_dead_get_nothing");
	result(no_handle_is_left(first, second), "no_handle_is_left");
	return failures ? 1 : 0;
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
	return manage(argc > 1 ? argv[1] : "null_blk.0", argc > 2 ? argv[2] : "ram_blk.0");
}
