// SPDX-License-Identifier: GPL-2.0
/* What is told of memory that was touched and written (clear_refs, pagemap, smaps, numa_maps), and of what the kernel does for a thread. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define PAGE		4096ul
#define MIB		(1024ul * 1024)
#define SOFT		(1ull << 55)
#define PRESENT		(1ull << 63)
#define POPULATE_READ	22
#define POPULATE_WRITE	23

static bool forget(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);
	bool ok;

	CHECK(fd >= 0);
	ok = write(fd, what, strlen(what)) == (ssize_t)strlen(what);
	close(fd);
	return ok;
}

static uint64_t word(const volatile void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t w = 0;

	CHECK(fd >= 0 && pread(fd, &w, sizeof(w), (off_t)((uintptr_t)at / PAGE * 8)) == sizeof(w));
	close(fd);
	return w;
}

static bool written(const volatile void *at)
{
	return word(at) & SOFT;
}

/* With a hole on either side, lest the area melt with another. */
static volatile char *map(unsigned long nr, int prot, int flags, int fd)
{
	char *m = mmap(NULL, (nr + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(m != MAP_FAILED && mmap(m + PAGE, nr * PAGE, prot, flags | MAP_FIXED, fd, 0) == m + PAGE);
	return m + PAGE;
}

/* The number of KiB, or the text, that smaps has behind @name for the area of @at. */
static const char *area_line(const char *file, const volatile void *at, const char *name)
{
	static char line[4096];
	unsigned long start, end;
	bool inside = false;
	FILE *f = fopen(file, "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (unsigned long)at && (unsigned long)at < end;
		else if (inside && !strncmp(line, name, strlen(name)))
			break;
	}
	fclose(f);
	return line + strlen(name);
}

static unsigned long kib(const volatile void *at, const char *name)
{
	return strtoul(area_line("/proc/self/smaps", at, name), NULL, 10);
}

ABI_CASE(what_was_written_since_is_told)
{
	volatile char *m = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	CHECK(written(m) && written(m + PAGE) && !(word(m) & PRESENT));
	m[0] = m[PAGE] = 1;
	CHECK(written(m) && forget("4") && !written(m) && !written(m + PAGE) && word(m) & PRESENT && !written(m + 2 * PAGE));
	CHECK(m[0] == 1 && !written(m));
	m[0] = 2;
	m[2 * PAGE] = 3;
	CHECK(written(m) && !written(m + PAGE) && written(m + 2 * PAGE) && m[3 * PAGE] == 0 && !written(m + 3 * PAGE));
	CHECK(m[0] == 2 && m[PAGE] == 1 && m[2 * PAGE] == 3);
}

static void check_rights(volatile char *m)
{
	*m = 1;
	CHECK(written(m) && forget("4") && !written(m));
	CHECK(!mprotect((void *)m, PAGE, PROT_READ) && !written(m) && !mprotect((void *)m, PAGE, PROT_READ | PROT_WRITE) && !written(m));
	CHECK(!mprotect((void *)m, PAGE, PROT_NONE) && !mprotect((void *)m, PAGE, PROT_READ | PROT_WRITE) && *m == 1 && !written(m));
	*m = 2;
	CHECK(written(m) && !mprotect((void *)m, PAGE, PROT_READ) && written(m) && *m == 2);
}

ABI_CASE(new_rights_write_nothing)
{
	int fd = memfd_create("written", 0);

	CHECK(fd >= 0 && !ftruncate(fd, PAGE));
	check_rights(map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
	check_rights(map(1, PROT_READ | PROT_WRITE, MAP_SHARED, fd));
	check_rights(map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd));
}

ABI_CASE(what_was_written_goes_along)
{
	volatile char *m = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), *to;
	pid_t pid;

	m[0] = m[PAGE] = 1;
	CHECK(forget("4"));
	m[0] = 2;
	pid = fork();
	if (!pid) {
		CHECK(written(m) && !written(m + PAGE));
		m[PAGE] = 3;
		CHECK(written(m + PAGE));
		_exit(0);
	}
	CHECK(!abi_wait(pid) && written(m) && !written(m + PAGE) && forget("4") && !written(m));
	to = mremap((void *)m, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map(4, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
	CHECK(to != MAP_FAILED && written(to) && written(to + PAGE) && to[0] == 2 && to[PAGE] == 1);
}

ABI_CASE(areas_are_told_to_be_new)
{
	volatile char *m = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), *other;

	CHECK(strstr(area_line("/proc/self/smaps", m, "VmFlags:"), " sd ") && forget("4"));
	CHECK(!strstr(area_line("/proc/self/smaps", m, "VmFlags:"), " sd "));
	other = map(1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	CHECK(strstr(area_line("/proc/self/smaps", other, "VmFlags:"), " sd ") && written(other));
}

ABI_CASE(what_was_touched_is_forgotten_and_told)
{
	volatile char *m = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int fd = memfd_create("touched", 0);
	volatile char *f;

	CHECK(fd >= 0 && !ftruncate(fd, 4 * PAGE));
	f = map(4, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	memset((void *)m, 1, 4 * PAGE);
	memset((void *)f, 1, 4 * PAGE);
	CHECK(kib(m, "Referenced:") == 16 && kib(f, "Referenced:") == 16);
	CHECK(forget("2") && kib(m, "Referenced:") == 0 && kib(f, "Referenced:") == 16);
	CHECK(forget("4") && m[PAGE] == 1 && kib(m, "Referenced:") == 4);	/* of these Linux flushes translations for "4" alone */
	CHECK(forget("3") && forget("4") && kib(m, "Referenced:") == 4 && kib(f, "Referenced:") == 0);
	f[0] = 2;
	CHECK(kib(f, "Referenced:") == 4 && forget("1") && kib(m, "Referenced:") == 0 && kib(f, "Referenced:") == 0);
	CHECK(kib(m, "Rss:") == 16 && kib(f, "Rss:") == 16);
}

static unsigned long most_kib(void)
{
	char text[4096], *at = strstr(abi_read("/proc/self/status", text, sizeof(text)), "VmHWM:");

	CHECK(at);
	return strtoul(at + 6, NULL, 10);
}

ABI_CASE(the_most_memory_there_was_is_kept_until_it_is_forgotten)
{
	void *m = (void *)map(16 * MIB / PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memset(m, 1, 16 * MIB);
	CHECK(!munmap(m, 16 * MIB) && most_kib() >= 16 * 1024 && forget("5") && most_kib() < 12 * 1024);
}

ABI_CASE(only_five_things_are_forgotten)
{
	CHECK(!forget("0") && errno == EINVAL && !forget("6") && errno == EINVAL && !forget("all") && errno == EINVAL && !forget("-1"));
}

ABI_CASE(only_who_may_touch_memory_fills_it)
{
	char *reads = (char *)map(1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *writes = (char *)map(1, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	CHECK(!madvise(reads, PAGE, POPULATE_READ) && !madvise(writes, PAGE, POPULATE_WRITE));
	CHECK_ERR(madvise(reads, PAGE, POPULATE_WRITE), EINVAL);
	CHECK_ERR(madvise(writes, PAGE, POPULATE_READ), EINVAL);
}

ABI_CASE(memory_that_is_locked_when_it_is_touched_grows_so)
{
	char *m = (char *)map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	CHECK(!syscall(SYS_mlock2, m, PAGE, 1) && !(word(m) & PRESENT));
	m = mremap(m, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	CHECK(m != MAP_FAILED && !(word(m) & PRESENT) && !(word(m + 2 * PAGE) & PRESENT));
	CHECK(strstr(area_line("/proc/self/smaps", m, "VmFlags:"), " lo "));
	CHECK(!mlock(m, 3 * PAGE) && word(m) & PRESENT && word(m + 2 * PAGE) & PRESENT);
	m = mremap(m, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK(m != MAP_FAILED && word(m + 3 * PAGE) & PRESENT);
}

/* The line of numa_maps that begins with the address of an area. */
static const char *numa_line(const volatile void *at)
{
	static char line[4096];
	FILE *f = fopen("/proc/self/numa_maps", "r");
	bool found = false;

	if (!f)
		return NULL;	/* a Linux without nodes */
	while (!found && fgets(line, sizeof(line), f))
		found = strtoul(line, NULL, 16) == (unsigned long)at;
	fclose(f);
	return found ? line : "";
}

ABI_CASE(pages_are_told_by_node)
{
	volatile char *m = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned long all = 1;
	const char *line;

	line = numa_line(m);
	if (!line)
		return;
	CHECK(strstr(line, " default") && !strstr(line, "anon="));
	memset((void *)m, 1, 3 * PAGE);
	line = numa_line(m);
	CHECK(strstr(line, " anon=3") && strstr(line, " dirty=3") && strstr(line, "kernelpagesize_kB=4\n"));
	CHECK(!syscall(SYS_mbind, m, 4 * PAGE, 2, &all, 8, 0) && strstr(numa_line(m), " bind:0 "));
}

ABI_CASE(what_a_thread_ran_is_told)
{
	unsigned long long ran, waited, turns, again;
	char text[8192];

	CHECK(sscanf(abi_read("/proc/self/schedstat", text, sizeof(text)), "%llu %llu %llu", &ran, &waited, &turns) == 3);
	for (int i = 0; i < 3; i++)
		usleep(20000);
	for (volatile unsigned long i = 0; i < 3000000; i++)
		;
	usleep(20000);
	CHECK(sscanf(abi_read("/proc/self/schedstat", text, sizeof(text)), "%llu %llu %llu", &again, &waited, &turns) == 3);
	CHECK(again > ran && turns >= 4);
	abi_read("/proc/self/sched", text, sizeof(text));
	CHECK(strstr(text, "#threads: 1)") && strstr(text, "se.sum_exec_runtime") && strstr(text, "nr_voluntary_switches"));
	CHECK(!strncmp(abi_read("/proc/schedstat", text, sizeof(text)), "version 15\ntimestamp ", 21) && strstr(text, "\ncpu0 "));
}

ABI_CASE(where_the_kernel_waits_for_a_thread_is_the_administrator_s_to_know)
{
	char path[64], text[4096];
	pid_t pid = fork();
	int fd;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			syscall(SYS_pause);
	}
	abi_await_call(pid, SYS_pause);
	snprintf(path, sizeof(path), "/proc/%d/stack", (int)pid);
	if (!geteuid()) {
		CHECK(!strncmp(abi_read(path, text, sizeof(text)), "[<0>] ", 6) && strstr(text, "+0x") && !strstr(text, "ffffff"));
		snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
		abi_read(path, text, sizeof(text));
		CHECK(text[0] && strcmp(text, "0"));
		snprintf(path, sizeof(path), "/proc/%d/stack", (int)pid);
		CHECK(!setresuid(65534, 65534, 65534));
	}
	fd = open(path, O_RDONLY);
	CHECK(fd < 0 || read(fd, text, sizeof(text)) <= 0);
}
