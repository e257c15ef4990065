// SPDX-License-Identifier: GPL-2.0
/* Mappings of files that change under them, and files without a name. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include "abi.h"

#define PAGE	4096

static sigjmp_buf bus;
static volatile char touched;
static void *volatile fault_address;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault_address = info->si_addr;
	siglongjmp(bus, info->si_code);
}

/* The si_code of the SIGBUS that reading @p into touched ends in; 0: none. */
static int touch(volatile char *p)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	int code;

	sigaction(SIGBUS, &action, NULL);
	code = sigsetjmp(bus, 1);
	if (!code)
		touched = *p;
	return code;
}

static int file_of(int pages)
{
	int fd = open("/tmp", O_RDWR | O_TMPFILE, 0600);
	char page[PAGE];

	CHECK(fd >= 0);
	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i, PAGE);
		CHECK(write(fd, page, PAGE) == PAGE);
	}
	return fd;
}

static char *map(int fd, int pages, int prot, int flags)
{
	char *p = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

ABI_CASE(a_truncated_mapping_gives_SIGBUS)
{
	int fd = file_of(3);
	char *p = map(fd, 3, PROT_READ | PROT_WRITE, MAP_SHARED);

	CHECK(p[0] == 'a' && p[PAGE] == 'b' && p[2 * PAGE] == 'c');
	CHECK(!ftruncate(fd, PAGE + 10));
	CHECK(!touch(p) && !touch(p + PAGE));
	CHECK(p[PAGE + 9] == 'b' && p[PAGE + 10] == 0);
	CHECK(touch(p + 2 * PAGE + 5) == BUS_ADRERR && fault_address == p + 2 * PAGE + 5);
	CHECK(!ftruncate(fd, 3 * PAGE));
	CHECK(!touch(p + 2 * PAGE) && p[2 * PAGE] == 0);
}

ABI_CASE(a_private_copy_beyond_the_end_goes_too)
{
	int fd = file_of(2);
	char *p = map(fd, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	p[0] = 'x';
	p[PAGE] = 'y';
	CHECK(!ftruncate(fd, PAGE));
	CHECK(p[0] == 'x');
	CHECK(touch(p + PAGE) == BUS_ADRERR);
}

ABI_CASE(another_process_loses_the_page_as_well)
{
	int fd = file_of(2), ready[2], go[2];
	char *p = map(fd, 2, PROT_READ, MAP_SHARED), c;
	pid_t pid;

	CHECK(!pipe(ready) && !pipe(go));
	pid = fork();
	if (pid == 0) {
		CHECK(p[PAGE] == 'b');
		CHECK(write(ready[1], "r", 1) == 1 && read(go[0], &c, 1) == 1);
		_exit(touch(p + PAGE) == BUS_ADRERR ? 0 : 1);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	CHECK(!ftruncate(fd, PAGE));
	CHECK(write(go[1], "g", 1) == 1);
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(a_copy_from_a_lost_page_is_EFAULT)
{
	int fd = file_of(2), p[2];
	char *at = map(fd, 2, PROT_READ, MAP_SHARED);

	CHECK(!pipe(p) && !ftruncate(fd, PAGE));
	CHECK_ERR(write(p[1], at + PAGE, 10), EFAULT);
	CHECK(write(p[1], at + PAGE - 5, 10) <= 5);
}

ABI_CASE(a_punched_hole_reads_zero_through_a_mapping)
{
	int fd = file_of(3);
	char *p = map(fd, 3, PROT_READ, MAP_SHARED);

	CHECK(p[PAGE] == 'b');
	CHECK(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	CHECK(p[PAGE] == 0 && p[0] == 'a' && p[2 * PAGE] == 'c');
}

ABI_CASE(truncating_while_others_touch_never_shows_old_data)
{
	int fd = file_of(4);
	char *p = map(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			for (int i = 1; i < 4; i++)
				if (!touch(p + i * PAGE))
					CHECK(touched == 0 || touched == 'a' + i);
	}
	for (int i = 0; i < 500; i++)
		CHECK(!ftruncate(fd, PAGE) && !ftruncate(fd, 4 * PAGE));
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
	CHECK(p[3 * PAGE] == 0);
}

ABI_CASE(a_file_without_a_name_gets_one)
{
	char path[64], dir[] = "/tmp/tmpfile.XXXXXX";
	int fd = open("/tmp", O_RDWR | O_TMPFILE, 0640), other;
	struct stat s;

	CHECK(mkdtemp(dir) && !chdir(dir));
	CHECK(fd >= 0 && write(fd, "content", 7) == 7);
	CHECK(!fstat(fd, &s) && s.st_nlink == 0 && (s.st_mode & 07777) == 0640);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(!linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	CHECK(!stat("named", &s) && s.st_nlink == 1 && s.st_size == 7);
	other = open("/tmp", O_RDWR | O_TMPFILE | O_EXCL, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", other);
	CHECK(other >= 0);
	CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
	CHECK_ERR(open("/tmp", O_RDONLY | O_TMPFILE, 0600), EINVAL);
	CHECK_ERR(open("named", O_RDWR | O_TMPFILE, 0600), ENOTDIR);
	CHECK_ERR(open("/proc", O_RDWR | O_TMPFILE, 0600), EOPNOTSUPP);
}

/* As a compiler at run time does it. */
ABI_CASE(program_may_write_code_and_run_it)
{
	static const unsigned char code[] = { 0xb8, 0x2a, 0x00, 0x00, 0x00, 0xc3 };	/* mov $42, %eax; ret */
	unsigned char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int (*run)(void) = (int (*)(void))(uintptr_t)at;

	CHECK(at != MAP_FAILED);
	memcpy(at, code, sizeof(code));
	CHECK(run() == 42);
	at[1] = 43;
	CHECK(run() == 43);
	CHECK(!mprotect(at, 4096, PROT_READ | PROT_EXEC) && run() == 43);
	CHECK(!mprotect(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	at[1] = 44;
	CHECK(run() == 44);
}

static uint64_t ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Both times of the file lie long ago. */
static void age(int fd)
{
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };

	CHECK(!futimens(fd, old));
}

ABI_CASE(a_write_to_a_shared_mapping_changes_the_times_of_the_file)
{
	int fd = file_of(2);
	char *p = map(fd, 2, PROT_READ | PROT_WRITE, MAP_SHARED);
	struct stat s;

	age(fd);
	CHECK(p[PAGE] == 'b' && !fstat(fd, &s) && s.st_mtim.tv_sec == 1000);
	p[PAGE] = 'x';
	CHECK(!msync(p, 2 * PAGE, MS_SYNC) && !fstat(fd, &s));
	CHECK(s.st_mtim.tv_sec > 1000 && ns_of(s.st_ctim) >= ns_of(s.st_mtim));
	age(fd);
	*p = 'x';	/* the first touch is a write */
	CHECK(!fstat(fd, &s) && s.st_mtim.tv_sec > 1000);
}

ABI_CASE(a_write_to_a_private_mapping_leaves_the_times_alone)
{
	int fd = file_of(1);
	char *p;
	struct stat s;

	age(fd);
	p = map(fd, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	*p = 'x';
	CHECK(!fstat(fd, &s) && s.st_mtim.tv_sec == 1000);
}

ABI_CASE(mapping_a_file_is_an_access)
{
	int fd = file_of(1);
	struct stat s;

	age(fd);
	map(fd, 1, PROT_READ, MAP_SHARED);
	CHECK(!fstat(fd, &s) && s.st_atim.tv_sec > 1000 && s.st_mtim.tv_sec == 1000);
}

/* The kilobytes behind @name in the smaps of the area that starts at @start; -1: there is none. */
static long smaps(const void *start, const char *name)
{
	char line[512], first[32];
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false;
	long kib = -1;

	CHECK(f);
	snprintf(first, sizeof(first), "%08lx-", (unsigned long)start);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] < 'A' || line[0] > 'Z')
			here = !strncmp(line, first, strlen(first));
		else if (here && kib < 0 && !strncmp(line, name, strlen(name)))
			kib = atol(line + strlen(name));
	}
	fclose(f);
	return kib;
}

ABI_CASE(smaps_tells_what_is_there_and_whose)
{
	char *all = mmap(NULL, 18 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p = all + 4096, c;
	int go[2];
	pid_t pid;

	CHECK(all != MAP_FAILED && !mprotect(p, 16 * 4096, PROT_READ | PROT_WRITE) && !pipe(go));
	memset(p, 1, 8 * 4096);
	CHECK(smaps(p, "Size:") == 64 && smaps(p, "Rss:") == 32 && smaps(p, "Anonymous:") == 32);
	CHECK(smaps(p, "Private_Dirty:") == 32 && smaps(p, "Pss:") == 32 && smaps(p, "Pss_Dirty:") == 32 && smaps(p, "LazyFree:") == 0);
	pid = fork();
	if (!pid)
		_exit(read(go[0], &c, 1) == 1 ? 0 : 1);
	CHECK(pid > 0 && smaps(p, "Rss:") == 32 && smaps(p, "Pss:") == 16 && smaps(p, "Private_Dirty:") == 0);
	CHECK(write(go[1], "x", 1) == 1 && abi_wait(pid) == 0);
	CHECK(smaps(p, "Private_Dirty:") + smaps(p, "Private_Clean:") == 32);
}

ABI_CASE(mremap_may_leave_the_old_place_empty)
{
	char *old = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *new;

	CHECK(old != MAP_FAILED);
	memset(old, 7, 8192);
	CHECK(mremap(old, 8192, 4096, MREMAP_MAYMOVE | 4) == MAP_FAILED && errno == EINVAL);
	CHECK(mremap(old, 8192, 8192, 4) == MAP_FAILED && errno == EINVAL);
	new = mremap(old, 8192, 8192, MREMAP_MAYMOVE | 4);	/* MREMAP_DONTUNMAP */
	CHECK(new != MAP_FAILED && new != old);
	CHECK(new[0] == 7 && new[8191] == 7 && old[0] == 0 && old[8191] == 0);
	old[1] = 3;
	CHECK(new[1] == 7 && !munmap(old, 8192) && !munmap(new, 8192));
}

/* There is no pool of them. */
ABI_CASE(huge_pages_cannot_be_had_by_asking)
{
	CHECK(mmap(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

ABI_CASE(a_file_sealed_against_writing_is_not_mapped_to_be_written)
{
	int fd = (int)syscall(SYS_memfd_create, "sealed", 2);
	char *p, *private;

	CHECK(fd >= 0 && !ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), EBUSY);
	CHECK(fcntl(fd, F_GET_SEALS) == 0 && !fcntl(fd, F_ADD_SEALS, 0x10));	/* F_SEAL_FUTURE_WRITE */
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	*p = 5;
	CHECK(!munmap(p, PAGE) && !fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(private != MAP_FAILED && *private == 5);
	*private = 6;
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)	/* not every Linux 6.1 allows it */
		CHECK(*p == 5 && mprotect(p, PAGE, PROT_READ | PROT_WRITE) == -1);
	CHECK(!close(fd));
}

static int sealed_fd = -1;
static unsigned int tries;

static void *seal_in_vain(void *arg)
{
	(void)arg;
	for (int fd; (fd = __atomic_load_n(&sealed_fd, __ATOMIC_SEQ_CST)) != -2; __atomic_add_fetch(&tries, 1, __ATOMIC_SEQ_CST))
		if (fd >= 0)
			CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), EBUSY);
	return NULL;
}

ABI_CASE(a_seal_in_vain_takes_no_other_s_seal_away)
{
	pthread_t other;

	CHECK(!pthread_create(&other, NULL, seal_in_vain, NULL));
	for (int i = 0; i < 100; i++) {
		int fd = (int)syscall(SYS_memfd_create, "sealed", 2);
		unsigned int before;
		void *p;

		CHECK(fd >= 0 && !ftruncate(fd, PAGE));
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CHECK(p != MAP_FAILED);
		__atomic_store_n(&sealed_fd, fd, __ATOMIC_SEQ_CST);
		CHECK(!fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
		__atomic_store_n(&sealed_fd, -1, __ATOMIC_SEQ_CST);
		before = __atomic_load_n(&tries, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&tries, __ATOMIC_SEQ_CST) - before < 2)	/* the one that was at it is done */
			sched_yield();
		CHECK(fcntl(fd, F_GET_SEALS) == F_SEAL_GROW);
		CHECK(!munmap(p, PAGE) && !close(fd));
	}
	__atomic_store_n(&sealed_fd, -2, __ATOMIC_SEQ_CST);
	CHECK(!pthread_join(other, NULL));
}

ABI_CASE(mremap_of_no_length_shows_what_is_shared_again)
{
	char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *again;

	shared[PAGE] = 'x';
	again = mremap(shared + PAGE, 0, PAGE, MREMAP_MAYMOVE);
	CHECK(again != MAP_FAILED && again != shared + PAGE && again[0] == 'x');
	again[1] = 'y';
	CHECK(shared[PAGE + 1] == 'y');
	CHECK(mremap(shared, 0, PAGE, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mremap(own, 0, PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
	CHECK(mremap(own, PAGE, 1ul << 47, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
	CHECK(!munmap(shared, 2 * PAGE) && again[0] == 'x' && !munmap(again, PAGE));
}

ABI_CASE(only_private_memory_without_a_file_grows_down)
{
	const int grows = MAP_GROWSDOWN, prot = PROT_READ | PROT_WRITE;
	int fd = file_of(1);
	char *p;

	CHECK(mmap(NULL, PAGE, prot, MAP_SHARED | MAP_ANONYMOUS | grows, -1, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, prot, MAP_PRIVATE | grows, fd, 0) == MAP_FAILED && errno == EINVAL);
	p = mmap(NULL, 3 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
	CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_GROWSUP), EINVAL);
	p = mmap(NULL, 3 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | grows, -1, 0);
	CHECK(p != MAP_FAILED && !mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
	CHECK_ERR(pread(fd, p, 1, 0), EFAULT);	/* from the start of the stack on */
}

ABI_CASE(flags_that_are_not_known_are_refused_to_who_asks)
{
	int fd = file_of(1);

	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE, fd, 0) != MAP_FAILED);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0) == MAP_FAILED && errno == EOPNOTSUPP);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 1 << 23, fd, 0) == MAP_FAILED && errno == EOPNOTSUPP);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | 1 << 23, fd, 0) != MAP_FAILED);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0x7ffffffffffff000) == MAP_FAILED && errno == EOVERFLOW);
}
