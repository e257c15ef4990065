// SPDX-License-Identifier: GPL-2.0
/* Promised memory: what counts in Committed_AS, and what is refused in each of the modes of overcommit_memory. Modes need root; passes without. */
#include <alloca.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define PAGE	4096ul
#define BIG	(16ul << 20)
#define SLACK	1024l	/* KiB that others may have been promised meanwhile */
#define VM	"/proc/sys/vm/"

static long meminfo(const char *name)
{
	char text[8192], *at = strstr(abi_read("/proc/meminfo", text, sizeof(text)), name);

	CHECK(at);
	return strtol(at + strlen(name), NULL, 10);
}

static long promised(void)
{
	return meminfo("Committed_AS:");
}

/* Is so much more promised than @before, in KiB? */
static bool more(long before, unsigned long bytes)
{
	long by = promised() - before - (long)(bytes / 1024);

	return by > -SLACK && by < SLACK;
}

static char *map(unsigned long size, int prot, int flags)
{
	return mmap(NULL, size, prot, MAP_ANONYMOUS | flags, -1, 0);
}

static bool set(const char *name, unsigned long value)
{
	char path[128], text[24];
	int fd, n = snprintf(text, sizeof(text), "%lu", value);
	bool ok;

	snprintf(path, sizeof(path), VM "%s", name);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	ok = write(fd, text, (size_t)n) == n;
	close(fd);
	return ok;
}

static unsigned long get(const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), VM "%s", name);
	return strtoul(abi_read(path, text, sizeof(text)), NULL, 10);
}

ABI_CASE(private_memory_that_may_be_written_is_promised)
{
	long before = promised();
	char *m = map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE), *none;

	CHECK(m != MAP_FAILED && more(before, BIG));
	none = map(BIG, PROT_NONE, MAP_PRIVATE);
	CHECK(none != MAP_FAILED && more(before, BIG));
	CHECK(!mprotect(none, BIG / 2, PROT_READ | PROT_WRITE) && more(before, BIG + BIG / 2));
	CHECK(!mprotect(none, BIG / 2, PROT_READ) && more(before, BIG + BIG / 2));
	CHECK(!mprotect(none, BIG, PROT_READ | PROT_WRITE) && more(before, 2 * BIG));
	CHECK(!munmap(m + BIG / 4, BIG / 2) && more(before, BIG + BIG / 2));
	CHECK(mmap(none, BIG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == none && more(before, BIG / 2));
	CHECK(!munmap(m, BIG) && !munmap(none, BIG) && more(before, 0));
}

ABI_CASE(private_areas_of_a_file_are_promised_when_they_may_be_written)
{
	long before = promised();
	char *m;
	int fd;

	abi_fresh();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, BIG) && more(before, 0));
	m = mmap(NULL, BIG, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(m != MAP_FAILED && more(before, 0) && !mprotect(m, BIG, PROT_READ | PROT_WRITE) && more(before, BIG));
	CHECK(!munmap(m, BIG) && more(before, 0));
	m = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED && more(before, 0));
}

ABI_CASE(memory_without_reserve_is_not_promised)
{
	long before = promised();
	char *m = map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE), *none = map(BIG, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);

	CHECK(m != MAP_FAILED && none != MAP_FAILED && more(before, 0));
	CHECK(!mprotect(none, BIG, PROT_READ | PROT_WRITE) && more(before, 0));
	m[0] = none[0] = 1;
	CHECK(!munmap(m, BIG) && !munmap(none, BIG) && more(before, 0));
}

ABI_CASE(shared_memory_is_promised_when_it_is_made)
{
	long before = promised();
	char *m = map(BIG, PROT_NONE, MAP_SHARED), *lazy = map(BIG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
	int id;

	CHECK(m != MAP_FAILED && lazy != MAP_FAILED && more(before, BIG));
	memset(lazy, 1, 4096 * PAGE / 2);
	CHECK(more(before, BIG + 4096 * PAGE / 2));
	CHECK(!munmap(lazy, BIG) && !munmap(m, BIG) && more(before, 0));
	id = shmget(IPC_PRIVATE, BIG, 0600);
	CHECK(id >= 0 && more(before, BIG));
	m = shmat(id, NULL, 0);
	CHECK(m != (void *)-1 && !shmctl(id, IPC_RMID, NULL) && more(before, BIG));
	CHECK(!shmdt(m) && more(before, 0));
	id = shmget(IPC_PRIVATE, BIG, 0600 | SHM_NORESERVE);
	CHECK(id >= 0 && more(before, 0) && !shmctl(id, IPC_RMID, NULL));
}

ABI_CASE(files_in_memory_are_promised_page_by_page)
{
	long before = promised();
	int fd = memfd_create("promised", 0);
	char *m;

	CHECK(fd >= 0 && !ftruncate(fd, BIG) && more(before, 0));
	m = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED && more(before, 0));
	memset(m, 1, BIG / 2);
	CHECK(more(before, BIG / 2) && !munmap(m, BIG) && more(before, BIG / 2));
	CHECK(!fallocate(fd, 0, 0, BIG) && more(before, BIG) && !ftruncate(fd, BIG / 4) && more(before, BIG / 4));
	CHECK(!close(fd) && more(before, 0));
}

ABI_CASE(what_moves_or_grows_is_promised_as_it_is_then)
{
	long before = promised();
	char *m = map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE), *other;
	long top;

	m = mremap(m, BIG, 2 * BIG, MREMAP_MAYMOVE);
	CHECK(m != MAP_FAILED && more(before, 2 * BIG));
	CHECK(mremap(m, 2 * BIG, BIG, 0) == m && more(before, BIG));
	other = map(2 * BIG, PROT_NONE, MAP_PRIVATE);
	CHECK(mremap(m, BIG, 2 * BIG, MREMAP_MAYMOVE | MREMAP_FIXED, other) == other && more(before, 2 * BIG));
	m = (char *)syscall(SYS_mremap, other, 2 * BIG, 2 * BIG, MREMAP_MAYMOVE | 4, NULL);	/* MREMAP_DONTUNMAP */
	CHECK(m != MAP_FAILED && more(before, 4 * BIG));
	CHECK(!munmap(m, 2 * BIG) && more(before, 2 * BIG) && !munmap(other, 2 * BIG) && more(before, 0));
	top = syscall(SYS_brk, 0);
	CHECK(syscall(SYS_brk, top + (long)BIG) == top + (long)BIG);
	CHECK(more(before, BIG) && syscall(SYS_brk, top) == top && more(before, 0));
}

/* KiB that a child is promised when it starts; with it they go. */
static long child_promises(void)
{
	long before = promised(), with;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	CHECK(pid > 0);
	with = promised();
	CHECK(!kill(pid, SIGKILL));
	abi_wait(pid);
	for (int i = 0; i < 100 && !more(before, 0); i++)
		usleep(10000);
	CHECK(more(before, 0));
	return with - before;
}

ABI_CASE(children_are_promised_what_they_inherit)
{
	long own = child_promises();
	char *m = map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE), *kept = map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	CHECK(m != MAP_FAILED && kept != MAP_FAILED && !madvise(kept, BIG, MADV_DONTFORK));
	CHECK(labs(child_promises() - own - (long)(BIG / 1024)) < SLACK);
}

ABI_CASE(stacks_are_promised_as_they_grow)
{
	long before = promised();
	volatile char *low = alloca(4ul << 20);

	low[0] = 1;
	CHECK(more(before, 4ul << 20));
}

static bool area_has(const void *at, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool inside = false, found = false;
	unsigned long start, end;
	char line[1024];

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (unsigned long)at && (unsigned long)at < end;
		if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	fclose(f);
	return found;
}

ABI_CASE(smaps_tells_what_is_promised)
{
	char *m = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE), *none = map(PAGE, PROT_NONE, MAP_PRIVATE);
	char *lazy = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);

	CHECK(area_has(m, " ac ") && !area_has(m, " nr ") && !area_has(none, " ac ") && area_has(lazy, " nr ") && !area_has(lazy, " ac "));
	CHECK(!mprotect(none, PAGE, PROT_READ | PROT_WRITE) && area_has(none, " ac ") && !mprotect(none, PAGE, PROT_READ) && area_has(none, " ac "));
}

ABI_CASE(more_than_there_is_is_refused_at_once)
{
	unsigned long all = ((unsigned long)meminfo("MemTotal:") + 1024) * 1024;
	unsigned long swap = (unsigned long)meminfo("SwapTotal:") * 1024;
	char *none;

	if (get("overcommit_memory"))
		return;
	all += swap;
	CHECK_ERR((long)map(all, PROT_READ | PROT_WRITE, MAP_PRIVATE), ENOMEM);
	CHECK_ERR((long)map(all, PROT_READ | PROT_WRITE, MAP_SHARED), ENOMEM);
	CHECK_ERR(shmget(IPC_PRIVATE, all, 0600), ENOMEM);
	CHECK(map(all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE) != MAP_FAILED);
	none = map(all, PROT_NONE, MAP_PRIVATE);
	CHECK(none != MAP_FAILED);
	CHECK_ERR(mprotect(none, all, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK(!mprotect(none, all / 2, PROT_READ | PROT_WRITE));
}

static void use_stack(unsigned long bytes)
{
	volatile char *low = alloca(bytes);

	low[0] = 1;
	_exit(0);
}

/* Run @body where @bytes more than now may be promised altogether. */
static void strictly(unsigned long bytes, void (*body)(void))
{
	unsigned long mode = get("overcommit_memory"), ratio = get("overcommit_ratio");
	pid_t pid;
	int status;

	if (geteuid())
		return;
	CHECK(set("overcommit_kbytes", promised() + child_promises() + bytes / 1024) && set("overcommit_memory", 2));
	pid = fork();
	if (!pid) {
		body();
		_exit(0);
	}
	status = pid < 0 ? -1 : abi_wait(pid);
	CHECK(set("overcommit_memory", mode) && set("overcommit_ratio", ratio) && !status);
}

static void in_strict_mode(void)
{
	char *none = map(4 * BIG, PROT_NONE, MAP_PRIVATE), *half = map(BIG / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE), *top = sbrk(0);
	pid_t pid;
	int fd;

	CHECK(none != MAP_FAILED && half != MAP_FAILED);
	CHECK_ERR((long)map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE), ENOMEM);
	CHECK_ERR((long)map(BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE), ENOMEM);
	CHECK_ERR((long)map(BIG, PROT_READ | PROT_WRITE, MAP_SHARED), ENOMEM);
	CHECK_ERR((long)map(BIG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE), ENOMEM);
	CHECK_ERR(shmget(IPC_PRIVATE, BIG, 0600 | SHM_NORESERVE), ENOMEM);
	CHECK_ERR(mprotect(none, BIG, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK_ERR((long)mremap(half, BIG / 2, 2 * BIG, MREMAP_MAYMOVE), ENOMEM);
	CHECK(syscall(SYS_brk, top + BIG) < (long)(top + BIG));
	fd = memfd_create("full", 0);
	CHECK(fd >= 0 && !ftruncate(fd, BIG));
	CHECK_ERR(fallocate(fd, 0, 0, BIG), ENOSPC);
	close(fd);
	CHECK(!mprotect(none, BIG / 8, PROT_READ | PROT_WRITE));
	CHECK(map(BIG / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE) == MAP_FAILED || fork() == -1);
	CHECK(!setrlimit(RLIMIT_STACK, &(struct rlimit){ 4 * BIG, 4 * BIG }) && !munmap(half, BIG / 2));
	pid = fork();
	if (!pid)
		use_stack(2 * BIG);
	CHECK(pid > 0 && WTERMSIG(abi_wait(pid)) == SIGSEGV);
}

ABI_CASE(in_strict_mode_all_promises_have_a_limit)
{
	strictly(BIG + (256ul << 10), in_strict_mode);
}

static void without_privileges(void)
{
	unsigned long reserve = get("admin_reserve_kbytes") * 1024;
	char *m = map(BIG - reserve / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	CHECK(m != MAP_FAILED && !munmap(m, BIG - reserve / 2) && !setresuid(65534, 65534, 65534));
	CHECK_ERR((long)map(BIG - reserve / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE), ENOMEM);
	CHECK(map(BIG - 2 * reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED);
}

ABI_CASE(something_is_kept_for_root)
{
	unsigned long reserve = get("admin_reserve_kbytes");

	if (geteuid() || !set("admin_reserve_kbytes", 2048))
		return;
	strictly(BIG + (1ul << 20), without_privileges);
	CHECK(set("admin_reserve_kbytes", reserve));
}

ABI_CASE(modes_and_limits_are_set)
{
	unsigned long mode = get("overcommit_memory"), ratio = get("overcommit_ratio"), total = (unsigned long)meminfo("MemTotal:");

	if (geteuid())
		return;
	CHECK(!set("overcommit_memory", 3) && errno == EINVAL && get("overcommit_memory") == mode);
	CHECK(set("overcommit_kbytes", 40960) && !get("overcommit_ratio") && meminfo("CommitLimit:") == 40960);
	CHECK(set("overcommit_ratio", 25) && !get("overcommit_kbytes"));
	CHECK(labs(meminfo("CommitLimit:") - (long)(total / 4) - meminfo("SwapTotal:")) < 16);
	CHECK(set("overcommit_memory", 1));
	CHECK(map(total * 2048, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED);
	CHECK(set("overcommit_memory", mode) && set("overcommit_ratio", ratio));
}
