// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing of the kernel's own reaches a program without rights: no address of its half in a file that it may read, and none, nor bytes of
 * its stack, in what calls give back, what a signal handler finds. Each call is made twice, its result's memory filled
 * with one byte and with another, and the kernel's stack as well (CONFIG_PROVOKE): so what was written, and out of what, can be told.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include "abi.h"

#define FERRY_PROVOKE_STACK	1062
#define NOBODY			65534
#define ROOM			4096
#define FILE_MOST		65536
#define DEPTH_MOST		12

/* The second look's bytes are these turned over. */
#define FILL_USER		0x55
#define FILL_STACK		0x33

static bool is_kernels(uint64_t v)
{
	return (v >= 0xffff800000000000 && v < 0xffffe00000000000) || (v >= 0xffffffff80000000 && v < 0xffffffffc0000000);
}

static void without_rights(void)
{
	if (!geteuid())
		CHECK(!setgroups(0, NULL) && !setgid(NOBODY) && !setuid(NOBODY));
}

/* ---- Files ---- */

static bool number_at(const char *text, size_t n, unsigned int base, size_t *length)
{
	const char *digits = "0123456789abcdef", *found;
	uint64_t value = 0;

	for (*length = 0; *length < n && (found = memchr(digits, text[*length] | (text[*length] > '9' ? 32 : 0), base)); ++*length)
		value = value * base + (uint64_t)(found - digits);
	return is_kernels(value);
}

/* In bytes, in hexadecimal or in decimal. */
static bool holds_address(const char *text, size_t n)
{
	size_t length, longest;
	uint64_t value;

	for (size_t i = 0; i + 8 <= n; i++) {
		memcpy(&value, text + i, 8);
		if (is_kernels(value))
			return true;
	}
	for (size_t i = 0; i < n; i += longest + 1) {
		bool found = number_at(text + i, n - i, 10, &length) && length > 16;

		found |= number_at(text + i, n - i, 16, &longest) && longest > 11;
		if (found)
			return true;
	}
	return false;
}

static unsigned int files_read;

static bool file_tells(const char *path)
{
	static char text[FILE_MOST];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while (n < sizeof(text) && (got = read(fd, text + n, sizeof(text) - n)) > 0)
		n += (size_t)got;
	close(fd);
	files_read += n > 0;
	if (!holds_address(text, n))
		return false;
	printf("# %s holds an address of the kernel's: %.200s\n", path, text);
	return true;
}

/* Random bytes and the memory of programs are anything at all; a new terminal for each look is none of this test's business. */
static bool is_skipped(const char *name)
{
	static const char *const names[] = { "random", "urandom", "mem", "uuid", "ptmx", "task", "kcore" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return name[0] == '.';
}

static unsigned int tree_tells(const char *path, unsigned int depth)
{
	unsigned int found = 0;
	struct dirent *entry;
	char below[4096];
	struct stat s;
	DIR *dir;

	if (lstat(path, &s))
		return 0;
	if (S_ISREG(s.st_mode) || S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode))
		return file_tells(path);
	dir = S_ISDIR(s.st_mode) && depth < DEPTH_MOST ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir)))
		if (!is_skipped(entry->d_name) && snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < (int)sizeof(below))
			found += tree_tells(below, depth + 1);
	if (dir)
		closedir(dir);
	return found;
}

ABI_CASE(no_file_shows_addresses_of_the_kernel_to_everybody)
{
	CHECK(holds_address("at ffff80000123 4567 0xffffffff80101234\n", 39));
	CHECK(holds_address("18446603336221196288", 20) && !holds_address("12 ffffffffffffffff fffffffe7ffbfeff 0x7fff12345678", 51));
	if (!access("/proc/ferry/page_tables", R_OK))
		CHECK(file_tells("/proc/ferry/page_tables"));
	without_rights();
	files_read = 0;
	CHECK(tree_tells("/proc", 0) + tree_tells("/sys", 0) + tree_tells("/dev", 0) == 0);
	CHECK(files_read > 60);
}

/* ---- Calls ---- */

/* Arguments that stand for memory: the result's, a second one's that holds its length, and a path. */
#define OUT	0x5f00000000000000l
#define LENGTH	0x5f00000000000001l
#define PATH	0x5f00000000000002l
#define NAME	0x5f00000000000003l

struct probe {
	const char *name;
	long nr, args[6];
};

static uint8_t results[2][ROOM];
static uint32_t lengths[2][16];

static long place_of(long argument, unsigned int look)
{
	switch (argument) {
	case OUT:
		return (long)results[look];
	case LENGTH:
		return (long)lengths[look];
	case PATH:
		return (long)"/proc/self/status";
	case NAME:
		return (long)"/proc/self/exe";
	default:
		return argument;
	}
}

/* Numbered as they are opened. */
enum { FD_FILE = 100, FD_DIR, FD_PIPE, FD_PIPE_IN, FD_SOCKET, FD_PEER, FD_EPOLL, FD_TIMER, FD_EVENT, FD_INOTIFY, FD_SIGNAL, FD_TERMINAL, FD_TMP };

/* There is something to read everywhere, each time. */
static void refill(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1, .it_interval.tv_sec = 1000 };
	uint64_t one = 1;

	if (write(FD_PIPE_IN, "x", 1) != 1 || write(FD_EVENT, &one, 8) != 8)
		return;		/* not open yet */
	CHECK(!raise(SIGUSR1) && !timerfd_settime(FD_TIMER, 0, &soon, NULL) && pwrite(FD_TMP, "x", 1, 0) == 1);
}

static long look_at(const struct probe *p, unsigned int look)
{
	uint8_t turn = look ? 0xff : 0;

	refill();
	memset(results[look], FILL_USER ^ turn, ROOM);
	memset(lengths[look], FILL_USER ^ turn, sizeof(lengths[look]));
	lengths[look][0] = 128;
	syscall(FERRY_PROVOKE_STACK, FILL_STACK ^ turn, 0);
	return syscall(p->nr, place_of(p->args[0], look), place_of(p->args[1], look), place_of(p->args[2], look), place_of(p->args[3], look),
		       place_of(p->args[4], look), place_of(p->args[5], look));
}

/* Two looks at the same memory: an address that was written, or a byte of the stack. */
static bool bytes_tell(const char *what, const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t written = 0;
	uint64_t value;

	for (size_t i = 0; i < n; i++) {
		if (a[i] == FILL_USER && b[i] == (FILL_USER ^ 0xff)) {
			written = 0;
			continue;
		}
		memcpy(&value, a + (i < 7 ? 0 : i - 7), 8);
		if (++written >= 8 && is_kernels(value)) {
			printf("# %s: an address of the kernel's at %zu: %#llx\n", what, i - 7, (unsigned long long)value);
			return true;
		}
		if (a[i] == FILL_STACK && b[i] == (FILL_STACK ^ 0xff)) {
			printf("# %s: a byte of the kernel's stack at %zu\n", what, i);
			return true;
		}
	}
	return false;
}

static bool two_looks_tell(const struct probe *p)
{
	long first = look_at(p, 0);

	look_at(p, 1);
	if ((first < -4095 && is_kernels((uint64_t)first)) || bytes_tell(p->name, results[0], results[1], ROOM))
		return true;
	return bytes_tell(p->name, (uint8_t *)(lengths[0] + 1), (uint8_t *)(lengths[1] + 1), sizeof(lengths[0]) - 4);
}

/* Bytes of a clock may look like it once in a while, not again and again. */
static bool probe_tells(const struct probe *p)
{
	bool told = two_looks_tell(p);

	for (unsigned int i = 0; i < 3 && told; i++)
		told = two_looks_tell(p);
	return told;
}

static void keep(int fd, int number)
{
	CHECK(fd >= 0 && dup2(fd, number) == number);
	close(fd);
}

static void open_everything(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.u64 = 7 };
	char name[] = "/tmp/leakXXXXXX";
	sigset_t usr1;
	int pair[2];

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &usr1, NULL));
	keep(open("/proc/self/exe", O_RDONLY), FD_FILE);
	keep(open("/", O_RDONLY), FD_DIR);
	CHECK(!pipe(pair));
	keep(pair[0], FD_PIPE);
	keep(pair[1], FD_PIPE_IN);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	keep(pair[0], FD_SOCKET);
	keep(pair[1], FD_PEER);
	keep(epoll_create1(0), FD_EPOLL);
	CHECK(!epoll_ctl(FD_EPOLL, EPOLL_CTL_ADD, FD_SOCKET, &event));
	keep(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), FD_TIMER);
	keep(eventfd(5, EFD_NONBLOCK | EFD_SEMAPHORE), FD_EVENT);
	keep(inotify_init1(IN_NONBLOCK), FD_INOTIFY);
	keep((int)syscall(SYS_signalfd4, -1, &usr1, 8, O_NONBLOCK), FD_SIGNAL);
	keep(open("/dev/ptmx", O_RDWR | O_NOCTTY), FD_TERMINAL);
	keep(mkstemp(name), FD_TMP);
	CHECK(inotify_add_watch(FD_INOTIFY, "/tmp", IN_ALL_EVENTS) > 0 && !unlink(name) && ftruncate(FD_TMP, 10000) == 0);
}

static const struct probe probes[] = {
	{ "stat", SYS_stat, { PATH, OUT } }, { "fstat", SYS_fstat, { FD_PIPE, OUT } }, { "lstat", SYS_lstat, { NAME, OUT } },
	{ "newfstatat", SYS_newfstatat, { FD_DIR, PATH, OUT, 0 } }, { "statx", SYS_statx, { FD_DIR, PATH, 0, 0xfff, OUT } },
	{ "statfs", SYS_statfs, { PATH, OUT } }, { "fstatfs", SYS_fstatfs, { FD_TMP, OUT } }, { "uname", SYS_uname, { OUT } },
	{ "sysinfo", SYS_sysinfo, { OUT } }, { "getrusage", SYS_getrusage, { RUSAGE_SELF, OUT } }, { "times", SYS_times, { OUT } },
	{ "getrlimit", SYS_getrlimit, { RLIMIT_CORE, OUT } }, { "prlimit64", SYS_prlimit64, { 0, RLIMIT_NOFILE, 0, OUT } },
	{ "gettimeofday", SYS_gettimeofday, { OUT, LENGTH } }, { "clock_gettime", SYS_clock_gettime, { CLOCK_REALTIME, OUT } },
	{ "clock_getres", SYS_clock_getres, { CLOCK_MONOTONIC, OUT } }, { "getitimer", SYS_getitimer, { 0, OUT } },
	{ "rt_sigaction", SYS_rt_sigaction, { SIGTERM, 0, OUT, 8 } }, { "rt_sigprocmask", SYS_rt_sigprocmask, { 0, 0, OUT, 8 } },
	{ "rt_sigpending", SYS_rt_sigpending, { OUT, 8 } }, { "sigaltstack", SYS_sigaltstack, { 0, OUT } },
	{ "waitid", SYS_waitid, { P_ALL, 0, OUT, WEXITED | WNOHANG, LENGTH } }, { "wait4", SYS_wait4, { -1, LENGTH, WNOHANG, OUT } },
	{ "getsockname", SYS_getsockname, { FD_SOCKET, OUT, LENGTH } }, { "getpeername", SYS_getpeername, { FD_SOCKET, OUT, LENGTH } },
	{ "getsockopt peercred", SYS_getsockopt, { FD_SOCKET, SOL_SOCKET, SO_PEERCRED, OUT, LENGTH } },
	{ "getsockopt linger", SYS_getsockopt, { FD_SOCKET, SOL_SOCKET, SO_LINGER, OUT, LENGTH } },
	{ "getsockopt timeout", SYS_getsockopt, { FD_SOCKET, SOL_SOCKET, SO_RCVTIMEO, OUT, LENGTH } },
	{ "getsockopt type", SYS_getsockopt, { FD_SOCKET, SOL_SOCKET, SO_TYPE, OUT, LENGTH } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_DGRAM, 0, OUT } }, { "pipe2", SYS_pipe2, { OUT, 0 } },
	{ "getdents64", SYS_getdents64, { FD_DIR, OUT, ROOM } }, { "getdents", SYS_getdents, { FD_DIR, OUT, ROOM } },
	{ "readlink", SYS_readlink, { NAME, OUT, ROOM } }, { "getcwd", SYS_getcwd, { OUT, ROOM } },
	{ "poll", SYS_poll, { OUT, 3, 0 } }, { "epoll_wait", SYS_epoll_wait, { FD_EPOLL, OUT, 4, 0 } },
	{ "sched_getattr", SYS_sched_getattr, { 0, OUT, 128, 0 } }, { "sched_getparam", SYS_sched_getparam, { 0, OUT } },
	{ "sched_getaffinity", SYS_sched_getaffinity, { 0, 1024, OUT } }, { "sched_rr_get_interval", SYS_sched_rr_get_interval, { 0, OUT } },
	{ "get_robust_list", SYS_get_robust_list, { 0, OUT, LENGTH } }, { "getcpu", SYS_getcpu, { OUT, LENGTH } },
	{ "getgroups", SYS_getgroups, { 64, OUT } }, { "getresuid", SYS_getresuid, { OUT, LENGTH, LENGTH } },
	{ "get_mempolicy", SYS_get_mempolicy, { LENGTH, OUT, 64, 0, 0 } }, { "io_uring_setup", SYS_io_uring_setup, { 4, OUT } },
	{ "timerfd_gettime", SYS_timerfd_gettime, { FD_TIMER, OUT } }, { "timerfd read", SYS_read, { FD_TIMER, OUT, 8 } },
	{ "eventfd read", SYS_read, { FD_EVENT, OUT, 8 } }, { "inotify read", SYS_read, { FD_INOTIFY, OUT, ROOM } },
	{ "signalfd read", SYS_read, { FD_SIGNAL, OUT, ROOM } }, { "file read", SYS_read, { FD_TMP, OUT, ROOM } },
	{ "pipe read", SYS_read, { FD_PIPE, OUT, 1 } }, { "TCGETS", SYS_ioctl, { FD_TERMINAL, 0x5401, OUT } },
	{ "TCGETS2", SYS_ioctl, { FD_TERMINAL, 0x802c542a, OUT } }, { "TIOCGLCKTRMIOS", SYS_ioctl, { FD_TERMINAL, TIOCGLCKTRMIOS, OUT } },
	{ "TIOCGWINSZ", SYS_ioctl, { FD_TERMINAL, TIOCGWINSZ, OUT } },
	{ "TIOCGPTN", SYS_ioctl, { FD_TERMINAL, 0x80045430, OUT } }, { "FIONREAD", SYS_ioctl, { FD_PIPE, FIONREAD, OUT } },
	{ "F_GETLK", SYS_fcntl, { FD_TMP, F_GETLK, OUT } }, { "F_GETOWN_EX", SYS_fcntl, { FD_TMP, F_GETOWN_EX, OUT } },
	{ "prctl name", SYS_prctl, { 16, OUT } }, { "arch_prctl fs", SYS_arch_prctl, { 0x1003, OUT } },
	{ "mincore", SYS_mincore, { 0x400000, 4096, OUT } },
	{ "getrandom", SYS_getrandom, { OUT, 0, 0 } }, { "name_to_handle_at", SYS_name_to_handle_at, { FD_DIR, PATH, OUT, LENGTH, 0 } },
	{ "semctl info", SYS_semctl, { 0, 0, 3, OUT } }, { "msgctl info", SYS_msgctl, { 0, 3, OUT } }, { "shmctl info", SYS_shmctl, { 0, 3, OUT } },
	{ "shmctl usage", SYS_shmctl, { 0, 14, OUT } }, { "ferry_get_time", 1000, { OUT, OUT } }, { "ferry_device_list", 1010, { OUT, ROOM } },
	{ "ferry_device_info", 1020, { OUT, ROOM } }, { "ferry_cap_info", 1052, { FD_FILE, OUT, ROOM } }, { "ferry_budget", 1056, { 0, OUT, OUT } },
};

ABI_CASE(no_call_gives_back_addresses_or_bytes_of_the_kernel)
{
	static const struct probe wrong = { "a call that gives its stack away", FERRY_PROVOKE_STACK, { 0, OUT } };
	unsigned int found = 0;

	if (!syscall(FERRY_PROVOKE_STACK, 0, results[0]))
		CHECK(probe_tells(&wrong));
	without_rights();
	open_everything();
	for (unsigned int i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		found += probe_tells(&probes[i]);
	CHECK(!found);
}

/* ---- Signals ---- */

#define STACK	(64u << 10)

static void handler(int number, siginfo_t *info, void *context)
{
}

/* What the kernel puts on the stack of a handler: registers, the floating point state, the cause. */
ABI_CASE(no_signal_shows_bytes_of_the_kernel)
{
	static uint8_t stacks[2][STACK];
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	without_rights();
	CHECK(!sigaction(SIGUSR1, &action, NULL));
	for (unsigned int look = 0; look < 2; look++) {
		stack_t s = { .ss_sp = stacks[look], .ss_size = STACK };

		memset(stacks[look], FILL_USER ^ (look ? 0xff : 0), STACK);
		CHECK(!sigaltstack(&s, NULL));
		syscall(FERRY_PROVOKE_STACK, FILL_STACK ^ (look ? 0xff : 0), 0);
		CHECK(!syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
	}
	CHECK(!bytes_tell("signal", stacks[0], stacks[1], STACK));
}

/* ---- Registers ---- */

/* RCX and R11 are what SYSCALL makes of them, RAX is the result; every other register is the program's. */
ABI_CASE(no_call_leaves_anything_in_registers)
{
	uint64_t rax = SYS_getpid, rdi = 1, rsi = 2, rdx = 3, rcx;
	register uint64_t r8 __asm__("r8") = 4;
	register uint64_t r9 __asm__("r9") = 5;
	register uint64_t r10 __asm__("r10") = 6;
	register uint64_t r11 __asm__("r11") = 7;

	__asm__ volatile("syscall" : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "=c"(rcx), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r11) :: "memory");
	CHECK(rax == (uint64_t)getpid() && rdi == 1 && rsi == 2 && rdx == 3 && r8 == 4 && r9 == 5 && r10 == 6);
	CHECK(!is_kernels(rcx) && r11 < 0x400000);
}

/* A driver may say that a read is done and have filled nothing: null_blk does no other. What the page cache hands out then must be nobody's. */
ABI_CASE(a_page_that_a_driver_did_not_fill_shows_no_old_memory)
{
	size_t used = 8 << 20, size = 1 << 20, at = 0;
	int fd = open("/dev/nullb0", O_RDONLY);
	unsigned char *memory;

	if (fd < 0) {
		CHECK(errno == ENOENT);
		return;
	}
	memory = mmap(NULL, used, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	memset(memory, 0x5a, used);
	CHECK(!munmap(memory, used));
	memory = malloc(size);
	CHECK(memory && read(fd, memory, size) == (ssize_t)size);
	while (at < size && !memory[at])
		at++;
	CHECK(at == size);
	free(memory);
	close(fd);
}
