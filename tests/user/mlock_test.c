// SPDX-License-Identifier: GPL-2.0
/* Locked memory: what is counted, what is refused, who inherits it; and how many areas a program may have. */
#include <alloca.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define PAGE		4096ul
#define AREAS_MAX	65530

static char *pages(unsigned long nr, int flags)
{
	char *m = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	CHECK(m != MAP_FAILED);
	return m;
}

/* VmLck of /proc/self/status in pages. */
static unsigned long locked_pages(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kb = 0;
	bool found = false;
	char line[256];

	CHECK(f);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "VmLck: %lu kB", &kb) == 1;
	fclose(f);
	CHECK(found);
	return kb / 4;
}

static bool is_in(char *m)
{
	unsigned char in;

	CHECK(!mincore(m, PAGE, &in));
	return in & 1;
}

static void limit_to(unsigned long nr)
{
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ nr * PAGE, nr * PAGE }));
	if (!geteuid())
		CHECK(!setresuid(65534, 65534, 65534));
}

ABI_CASE(locked_memory_is_counted_once)
{
	char *m = pages(4, 0);

	CHECK(locked_pages() == 0 && !mlock(m, PAGE) && !mlock(m + 1, PAGE) && locked_pages() == 2);
	CHECK(is_in(m) && is_in(m + PAGE) && !is_in(m + 2 * PAGE));
	CHECK(!syscall(SYS_mlock2, m + 2 * PAGE, PAGE, 1) && locked_pages() == 3 && !is_in(m + 2 * PAGE));
	CHECK(!munlock(m + PAGE, PAGE) && locked_pages() == 2);
	CHECK(!munmap(m, PAGE) && locked_pages() == 1);
	CHECK(!munlockall() && locked_pages() == 0);
}

ABI_CASE(locked_memory_is_not_thrown_away)
{
	char *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(m != MAP_FAILED && !mlock(m, PAGE));
	CHECK_ERR(msync(m, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
	CHECK(!msync(m, PAGE, MS_SYNC));
	CHECK_ERR(madvise(m, PAGE, MADV_DONTNEED), EINVAL);
	CHECK(!munlock(m, PAGE) && !msync(m, PAGE, MS_SYNC | MS_INVALIDATE) && !madvise(m, PAGE, MADV_DONTNEED));
}

ABI_CASE(locked_memory_is_limited)
{
	char *m = pages(8, 0), *more;

	limit_to(4);
	CHECK(!mlock(m, 3 * PAGE) && !mlock(m, 4 * PAGE));
	CHECK_ERR(mlock(m + 4 * PAGE, PAGE), ENOMEM);
	CHECK(!mlock(m + PAGE, 3 * PAGE));		/* it is already */
	CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
	CHECK_ERR(mlockall(MCL_CURRENT), ENOMEM);
	CHECK(!munlock(m, PAGE));
	more = pages(1, MAP_LOCKED);
	CHECK(is_in(more) && locked_pages() == 4);
	CHECK_ERR((long)mremap(more, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EAGAIN);
}

ABI_CASE(nobody_locks_under_a_limit_of_nothing)
{
	char *m = pages(1, 0);

	limit_to(0);
	CHECK_ERR(mlock(m, PAGE), EPERM);
	CHECK_ERR(mlockall(MCL_FUTURE), EPERM);
	CHECK_ERR(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
	CHECK(!munlock(m, PAGE) && !munlockall());
}

ABI_CASE(memory_to_come_is_locked)
{
	char *m;

	if (geteuid())
		return;
	CHECK(!mlockall(MCL_FUTURE));
	m = pages(2, 0);
	CHECK(is_in(m) && is_in(m + PAGE) && locked_pages() >= 2);
	m = mremap(m, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	CHECK(m != MAP_FAILED && is_in(m + 2 * PAGE) && locked_pages() >= 3);
	CHECK(!mlockall(MCL_CURRENT) && locked_pages() > 3);
	m = pages(1, 0);
	CHECK(!is_in(m) && !munlockall() && locked_pages() == 0);
}

ABI_CASE(children_have_nothing_locked)
{
	char *m = pages(1, 0);
	pid_t pid;

	CHECK(!mlock(m, PAGE) && locked_pages() == 1);
	pid = fork();
	if (!pid)
		_exit(locked_pages() != 0);
	CHECK(!abi_wait(pid) && locked_pages() == 1);
}

ABI_CASE(pages_that_cannot_be_had_are_told)
{
	char *m = pages(2, 0);

	CHECK(!mprotect(m + PAGE, PAGE, PROT_NONE));
	CHECK_ERR(mlock(m, 2 * PAGE), ENOMEM);
	CHECK(is_in(m) && !munmap(m + PAGE, PAGE));
	CHECK_ERR(mlock(m, 2 * PAGE), ENOMEM);
	CHECK_ERR(munlock(m, 2 * PAGE), ENOMEM);
	if (!geteuid())
		CHECK_ERR(mlock(m, -PAGE), EINVAL);
}

ABI_CASE(nothing_is_locked_anywhere_and_the_limit_is_told_first)
{
	char *m = pages(1, 0), *beyond = (char *)(1ul << 63);

	CHECK(!mlock(beyond, 0) && !munlock(beyond, 0));
	CHECK_ERR(munlock(beyond, PAGE), ENOMEM);
	CHECK_ERR(munlock(m, -PAGE), EINVAL);
	limit_to(4);
	CHECK_ERR(mlock(m, -PAGE), ENOMEM);
	CHECK_ERR(mlock(beyond, PAGE), ENOMEM);
	CHECK(!mlock(m, PAGE));
}

/* Of VmSize in /proc/self/statm. */
static unsigned long size_in_pages(void)
{
	unsigned long nr = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f && fscanf(f, "%lu", &nr) == 1 && !fclose(f));
	return nr;
}

ABI_CASE(the_size_of_a_program_is_limited)
{
	char *m = pages(64, 0), *top = sbrk(0);
	unsigned long limit = (size_in_pages() + 64) * PAGE;

	CHECK(!setrlimit(RLIMIT_AS, &(struct rlimit){ limit, limit }));
	CHECK_ERR((long)mmap(NULL, 80 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK(syscall(SYS_brk, top + 80 * PAGE) < (long)(top + 80 * PAGE));
	CHECK_ERR((long)mremap(m, 64 * PAGE, 144 * PAGE, MREMAP_MAYMOVE), ENOMEM);
	pages(60, 0);
	CHECK(mmap(m, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == m);
	CHECK_ERR((long)mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK(!munmap(m, 64 * PAGE));
	pages(64, 0);
}

static int status_under(unsigned long limit, void (*run)(void))
{
	pid_t pid = fork();

	if (pid)
		return abi_wait(pid);
	if (setrlimit(RLIMIT_AS, &(struct rlimit){ limit, limit }))
		_exit(1);
	run();
	_exit(2);
}

static void use_stack(void)
{
	volatile char *low = alloca(256 * PAGE);

	low[0] = 1;
	_exit(0);
}

static void become_program(void)
{
	execl(abi_self, abi_self, "@argc", NULL);
}

ABI_CASE(stacks_and_new_programs_are_limited_in_size)
{
	unsigned long now = size_in_pages() * PAGE;

	CHECK(status_under(now + 1024 * PAGE, use_stack) == 0);
	CHECK(WTERMSIG(status_under(now + 64 * PAGE, use_stack)) == SIGSEGV);
	CHECK(status_under(1ul << 30, become_program) == 2 << 8);
	CHECK(WTERMSIG(status_under(16 * PAGE, become_program)) == SIGSEGV);
}

/* Areas that cannot melt: every other page of one may be read only. */
ABI_CASE(areas_of_a_program_are_limited)
{
	char *m = mmap(NULL, 2 * AREAS_MAX * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int nr = 0;

	CHECK(m != MAP_FAILED);
	while (nr < AREAS_MAX && !mprotect(m + 2 * nr * PAGE, PAGE, PROT_READ))
		nr++;
	CHECK(errno == ENOMEM && nr > AREAS_MAX / 2 - 100 && nr <= AREAS_MAX / 2);
	CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK(!munmap(m, 2 * AREAS_MAX * PAGE));
	pages(1, 0);
}

ABI_CASE(freed_places_are_found_again)
{
	char *m[4];

	for (int i = 0; i < 4; i++)
		CHECK((m[i] = mmap(NULL, 3 * PAGE, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED);
	CHECK(m[0] == m[1] + 3 * PAGE && m[1] == m[2] + 3 * PAGE);
	CHECK(!munmap(m[1], 3 * PAGE));
	CHECK(mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < (void *)m[3]);
	CHECK(mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == m[1]);
	CHECK(!munmap(m[1], 2 * PAGE) && mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == m[1] + PAGE);
}
