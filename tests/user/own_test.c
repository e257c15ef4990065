// SPDX-License-Identifier: GPL-2.0
/* Ferry's own system calls, from 1000 on, made without a C library in between. Nothing to see on Linux. */
#include <fcntl.h>
#include <sys/syscall.h>
#include "abi.h"

#define FERRY_GET_TIME		1000
#define FERRY_BLOCK_READ	1001
#define FERRY_BLOCK_WRITE	1002
#define FERRY_NONE		1063
#define SECTOR			512
#define BLOCK_MAX		4096

static long call(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

static bool on_ferry(void)
{
	char line[64] = "";
	FILE *f = fopen("/proc/version", "r");
	bool ferry = f && fgets(line, sizeof(line), f) && strstr(line, "-ferry ");

	if (f)
		fclose(f);
	return ferry;
}

ABI_CASE(write_by_instruction_reaches_its_descriptor)
{
	char got[6] = "";
	int p[2];

	CHECK(!pipe(p) && dup2(p[1], 1) == 1);
	CHECK(call(1, 1, (long)"Hello", 5, 0) == 5);
	CHECK(call(0, p[0], (long)got, 5, 0) == 5 && !strcmp(got, "Hello"));
}

ABI_CASE(unknown_private_call_gives_all_ones_and_is_logged)
{
	static char log[70000];
	FILE *f;
	size_t n;

	if (!on_ferry())
		return;
	CHECK(call(FERRY_NONE, 0, 0, 0, 0) == -1);
	CHECK(call(511, 0, 0, 0, 0) == -ENOSYS);
	CHECK(call(-1, 0, 0, 0, 0) == -ENOSYS && call(0x40000001, 0, 0, 0, 0) == -ENOSYS);
	f = fopen("/proc/kmsg", "r");
	if (!f)
		return;	/* not root */
	n = fread(log, 1, sizeof(log) - 1, f);
	log[n] = '\0';
	CHECK(strstr(log, "Unknown syscall: 1063"));
}

ABI_CASE(own_clock_goes_on)
{
	long before, after;

	if (!on_ferry())
		return;
	before = call(FERRY_GET_TIME, 0, 0, 0, 0);
	CHECK(before > 0);
	usleep(2000);
	after = call(FERRY_GET_TIME, 0, 0, 0, 0);
	CHECK(after - before >= 2000000);
}

ABI_CASE(own_block_calls_check_what_they_are_given)
{
	static char buffer[BLOCK_MAX];
	long n = -1;

	if (!on_ferry() || geteuid())
		return;
	memset(buffer, 'x', sizeof(buffer));
	/* Disks first: a null_blk, which is there before them, leaves what the memory held, and a kernel that checks itself minds. */
	for (long id = 15; id > 0 && n <= 0; id--)
		n = call(FERRY_BLOCK_READ, id, 0, 1, (long)buffer);
	CHECK(n >= SECTOR && n <= BLOCK_MAX && buffer[0] != 'x');
	CHECK(call(FERRY_BLOCK_READ, 9999, 0, 1, (long)buffer) < 0);
	CHECK(call(FERRY_BLOCK_READ, 1, -1, 1, (long)buffer) < 0);
	CHECK(call(FERRY_BLOCK_READ, 1, 0, 1, -4096) < 0);
	CHECK(call(FERRY_BLOCK_WRITE, 9999, 0, 1, (long)buffer) < 0);
}

static long slab_allocs(void)
{
	FILE *f = fopen("/proc/ferry/frames", "r");
	char line[128];
	long n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "slab_allocs %ld", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

#define OWN_CALLS	20000

/* Others may allocate meanwhile, but not once for every second call. */
static long allocs_of_writes(int fd, int back, long n)
{
	long before = slab_allocs();
	char got;

	for (long i = 0; i < n; i++)
		if (call(SYS_write, fd, (long)"\r", 1, 0) != 1 || (back >= 0 && call(SYS_read, back, (long)&got, 1, 0) != 1))
			return -1;
	return slab_allocs() - before;
}

ABI_CASE(writing_a_byte_allocates_nothing)
{
	int p[2], null = open("/dev/null", O_WRONLY), console = open("/dev/console", O_WRONLY | O_NOCTTY);
	long n;

	if (!on_ferry())
		return;
	CHECK(slab_allocs() > 0 && !pipe(p) && write(p[1], "", 1) == 1);
	n = allocs_of_writes(null, -1, OWN_CALLS);
	CHECK(n >= 0 && n < OWN_CALLS / 2);
	n = allocs_of_writes(p[1], p[0], OWN_CALLS);
	CHECK(n >= 0 && n < OWN_CALLS / 2);
	if (console < 0)
		return;		/* not root */
	n = allocs_of_writes(console, -1, 200);
	CHECK(n >= 0 && n < 100);
}
