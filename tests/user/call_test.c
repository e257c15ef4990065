// SPDX-License-Identifier: GPL-2.0
/* Calls that C libraries hide behind others: each is made by its number, with good and with bad arguments. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"
#include "aio.h"

#define PAGE	4096ul

ABI_CASE(modules_are_not_loaded)
{
	char text[16];
	bool disabled = *abi_read("/proc/sys/kernel/modules_disabled", text, sizeof(text)) == '1';

	if (!disabled && !getuid())
		CHECK(!setuid(65534));
	CHECK_ERR(syscall(SYS_init_module, NULL, 0, ""), EPERM);
	CHECK_ERR(syscall(SYS_finit_module, -1, "", 0), EPERM);
	CHECK_ERR(syscall(SYS_delete_module, "none", 0), EPERM);
}

ABI_CASE(mknod_looks_at_the_mode_before_the_path)
{
	CHECK_ERR(mknod("", S_IFMT, 0), EINVAL);
	CHECK_ERR(mknod(BAD, S_IFLNK, 0), EINVAL);
	CHECK_ERR(mknod(BAD, S_IFDIR, 0), EPERM);
	CHECK_ERR(mknod(BAD, S_IFIFO, 0), EFAULT);
}

/* ---- descriptors ---- */

ABI_CASE(vectors_at_a_position_take_flags)
{
	struct iovec v[2] = { { "abc", 3 }, { "def", 3 } }, bad = { BAD, 1 };
	char got[8] = "";
	struct iovec r = { got, 6 };
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(syscall(SYS_pwritev2, fd, v, 2, 10, 0, 0) == 6 && lseek(fd, 0, SEEK_CUR) == 0);
	CHECK(syscall(SYS_preadv2, fd, &r, 1, 10, 0, 0) == 6 && !memcmp(got, "abcdef", 6));
	CHECK(syscall(SYS_pwritev2, fd, v, 1, -1l, 0, 0) == 3 && lseek(fd, 0, SEEK_CUR) == 3);
	CHECK(syscall(SYS_preadv2, fd, &r, 1, -1l, 0, 0) == 6 && lseek(fd, 0, SEEK_CUR) == 9);
	CHECK_ERR(syscall(SYS_preadv2, fd, &r, 1, 0, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_preadv2, fd, &r, 1, -2l, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_preadv2, fd, &r, -1l, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_preadv2, fd, &r, 1025, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_preadv2, fd, BAD, 1, 0, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_pwritev2, fd, &bad, 1, 0, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_pwritev2, 99, v, 1, 0, 0, 0), EBADF);
	CHECK(syscall(SYS_readv, fd, BAD, 1ul << 40) == 0);	/* of the number Linux knows 32 bits */
}

ABI_CASE(files_are_brought_to_their_place)
{
	int fd, p[2];

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(!pipe(p) && write(fd, "x", 1) == 1);
	CHECK(!syscall(SYS_syncfs, fd) && !syscall(SYS_sync_file_range, fd, 0, 0, 7) && !syscall(SYS_readahead, fd, 0, 4096));
	CHECK(!syscall(SYS_fadvise64, fd, 0, 0, 4));
	CHECK_ERR(syscall(SYS_syncfs, 99), EBADF);
	CHECK_ERR(syscall(SYS_sync_file_range, fd, 0, 0, 8), EINVAL);
	CHECK_ERR(syscall(SYS_sync_file_range, fd, -1ll, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sync_file_range, 99, 0, 0, 0), EBADF);
	CHECK_ERR(syscall(SYS_sync_file_range, p[0], 0, 0, 0), ESPIPE);
	CHECK_ERR(syscall(SYS_readahead, 99, 0, 1), EBADF);
	CHECK_ERR(syscall(SYS_readahead, p[0], 0, 1), EINVAL);
	CHECK_ERR(syscall(SYS_fadvise64, fd, 0, 0, 77), EINVAL);
	CHECK_ERR(syscall(SYS_fadvise64, p[0], 0, 0, 0), ESPIPE);
	CHECK_ERR(syscall(SYS_fadvise64, 99, 0, 0, 0), EBADF);
}

ABI_CASE(range_of_descriptors_is_closed)
{
	int first = open("/dev/null", O_RDONLY), second = dup(first), third = dup(first);

	CHECK(!syscall(SYS_close_range, second, second, 4) && fcntl(second, F_GETFD) == FD_CLOEXEC);
	CHECK(!syscall(SYS_close_range, second, ~0u, 0));
	CHECK_ERR(fcntl(second, F_GETFD), EBADF);
	CHECK_ERR(fcntl(third, F_GETFD), EBADF);
	CHECK(fcntl(first, F_GETFD) == 0);
	CHECK(!syscall(SYS_close_range, 500, 600, 0));
	CHECK_ERR(syscall(SYS_close_range, 2, 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_close_range, 3, 4, 8), EINVAL);
}

/* The old call has no kinds until the byte before the next entry. */
ABI_CASE(old_directory_entries_are_whole)
{
	char room[1024];
	unsigned int seen = 0;
	long n;
	int d;

	abi_fresh();
	CHECK(!mkdir("sub", 0700) && close(open("file", O_CREAT | O_WRONLY, 0600)) == 0);
	d = open(".", O_RDONLY | O_DIRECTORY);
	CHECK_ERR(syscall(SYS_getdents, d, room, 1), EINVAL);
	n = syscall(SYS_getdents, d, room, sizeof(room));
	CHECK(n > 0);
	for (long at = 0; at < n;) {
		const char *entry = room + at;
		uint16_t length;

		memcpy(&length, entry + 16, 2);
		CHECK(length >= 20 && at + length <= n);
		seen |= !strcmp(entry + 18, "sub") && entry[length - 1] == DT_DIR ? 1 : 0;
		seen |= !strcmp(entry + 18, "file") && entry[length - 1] == DT_REG ? 2 : 0;
		at += length;
	}
	CHECK(seen == 3 && syscall(SYS_getdents, d, room, sizeof(room)) == 0);
	CHECK_ERR(syscall(SYS_getdents, 99, room, sizeof(room)), EBADF);
	CHECK(lseek(d, 0, SEEK_SET) == 0);
	CHECK_ERR(syscall(SYS_getdents, d, BAD, 1024), EFAULT);
	CHECK_ERR(syscall(SYS_getdents, open("file", O_RDONLY), room, sizeof(room)), ENOTDIR);
}

ABI_CASE(descriptor_calls_refuse_unknown_flags)
{
	sigset_t none;
	int fd;

	sigemptyset(&none);
	fd = syscall(SYS_eventfd2, 3, O_CLOEXEC | O_NONBLOCK);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK_ERR(syscall(SYS_eventfd2, 0, 0x10), EINVAL);
	fd = syscall(SYS_signalfd4, -1, &none, 8, O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_ERR(syscall(SYS_signalfd4, -1, &none, 8, 1), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, -1, &none, 9, 0), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, 99, &none, 8, 0), EBADF);
	CHECK_ERR(syscall(SYS_signalfd4, 0, &none, 8, 0), EINVAL);
	fd = syscall(SYS_inotify_init);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == 0);
	CHECK_ERR(syscall(SYS_inotify_init1, 1), EINVAL);
}

ABI_CASE(aio_contexts_are_checked)
{
	unsigned long ctx = 0;
	char iocb[64] = "", event[32];

	CHECK_ERR(syscall(SYS_io_setup, 0, &ctx), EINVAL);
	CHECK_ERR(syscall(SYS_io_setup, 4, BAD), EFAULT);
	CHECK(!syscall(SYS_io_setup, 4, &ctx) && ctx);
	CHECK_ERR(syscall(SYS_io_cancel, ctx, iocb, event), EINVAL);
	CHECK_ERR(syscall(SYS_io_cancel, 0x1000ul, iocb, event), EINVAL);
	CHECK(!syscall(SYS_io_destroy, ctx));
	CHECK_ERR(syscall(SYS_io_destroy, ctx), EINVAL);
}

/* ---- waiting ---- */

static volatile sig_atomic_t caught;

static void on_signal(int nr)
{
	caught = nr;
}

static void pending_signal(sigset_t *open_mask)
{
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t blocked;

	caught = 0;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigemptyset(open_mask);
	CHECK(!sigaction(SIGUSR1, &act, NULL) && !sigprocmask(SIG_BLOCK, &blocked, NULL) && !raise(SIGUSR1) && !caught);
}

ABI_CASE(waits_open_the_mask_atomically)
{
	struct timespec zero = { 0, 0 }, second = { 5, 0 };
	struct { const void *set; size_t size; } pair;
	struct epoll_event event;
	sigset_t mask;
	int ep = epoll_create1(0);

	pending_signal(&mask);
	CHECK_ERR(syscall(SYS_epoll_pwait, ep, &event, 1, 5000, &mask, 8), EINTR);
	CHECK(caught == SIGUSR1);
	pending_signal(&mask);
	CHECK_ERR(syscall(SYS_epoll_pwait2, ep, &event, 1, &second, &mask, 8), EINTR);
	CHECK(caught == SIGUSR1);
	pending_signal(&mask);
	pair.set = &mask;
	pair.size = 8;
	CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &second, &pair), EINTR);
	CHECK(caught == SIGUSR1 && second.tv_sec <= 5);
	pending_signal(&mask);
	second.tv_sec = 5;
	CHECK_ERR(syscall(SYS_ppoll, NULL, 0, &second, &mask, 8), EINTR);
	CHECK(caught == SIGUSR1);
	CHECK(syscall(SYS_epoll_pwait2, ep, &event, 1, &zero, NULL, 8) == 0);
	CHECK_ERR(syscall(SYS_epoll_pwait, ep, &event, 1, 0, &mask, 4), EINVAL);
	CHECK_ERR(syscall(SYS_epoll_pwait, ep, &event, 0, 0, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_epoll_pwait, ep, &event, 1, 0, BAD, 8), EFAULT);
	CHECK_ERR(syscall(SYS_epoll_pwait, 0, &event, 1, 0, NULL, 8), EINVAL);
	second.tv_nsec = 1000000000;
	CHECK_ERR(syscall(SYS_epoll_pwait2, ep, &event, 1, &second, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &second, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_pselect6, -1, NULL, NULL, NULL, &zero, NULL), EINVAL);
}

/* ---- time ---- */

ABI_CASE(clocks_are_set_by_root_alone)
{
	struct timespec now, t;
	struct timeval tv;

	CHECK(!syscall(SYS_clock_getres, CLOCK_MONOTONIC, &t) && t.tv_sec == 0 && t.tv_nsec >= 1);
	CHECK(!syscall(SYS_clock_getres, CLOCK_REALTIME, NULL));
	CHECK_ERR(syscall(SYS_clock_getres, 77, &t), EINVAL);
	CHECK_ERR(syscall(SYS_clock_getres, CLOCK_REALTIME, BAD), EFAULT);
	CHECK(!clock_gettime(CLOCK_REALTIME, &now));
	t = now;
	t.tv_nsec = 1000000000;
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &t), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &now), EINVAL);
	tv.tv_sec = now.tv_sec;
	tv.tv_usec = 1000001;
	CHECK_ERR(syscall(SYS_settimeofday, &tv, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_settimeofday, BAD, NULL), EFAULT);
	if (!geteuid())
		CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){ 0, 0 }), EINVAL);	/* before power-on */
	if (!geteuid())
		CHECK(!setresuid(65534, 65534, 65534));
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &now), EPERM);
	tv.tv_usec = 0;
	CHECK_ERR(syscall(SYS_settimeofday, &tv, NULL), EPERM);
}

ABI_CASE(timers_tell_what_is_left)
{
	struct itimerspec long_time = { { 0, 0 }, { 1000, 0 } }, got;
	timer_t id;
	int raw;

	CHECK(!timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_NONE }, &id));
	raw = (int)(intptr_t)id;
	CHECK(!syscall(SYS_timer_gettime, raw, &got) && got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
	CHECK(!syscall(SYS_timer_settime, raw, 0, &long_time, NULL) && !syscall(SYS_timer_gettime, raw, &got));
	CHECK(got.it_value.tv_sec > 0 && got.it_value.tv_sec <= 1000);
	CHECK(syscall(SYS_timer_getoverrun, raw) == 0);
	CHECK_ERR(syscall(SYS_timer_gettime, raw, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_timer_gettime, 4321, &got), EINVAL);
	CHECK_ERR(syscall(SYS_timer_getoverrun, 4321), EINVAL);
	CHECK_ERR(syscall(SYS_timer_delete, 4321), EINVAL);
}

/* ---- signals ---- */

static void blocked_and_empty(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGRTMIN + 1);
	CHECK(!sigprocmask(SIG_BLOCK, set, NULL));
}

ABI_CASE(signals_are_sent_with_their_data)
{
	struct timespec limit = { 10, 0 };
	siginfo_t info, got;
	sigset_t set;

	blocked_and_empty(&set);
	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_value.sival_int = 4711;
	CHECK(!syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 1, &info));
	CHECK(sigtimedwait(&set, &got, &limit) == SIGRTMIN + 1 && got.si_code == SI_QUEUE && got.si_value.sival_int == 4711);
	info.si_value.sival_int = 4712;
	CHECK(!syscall(SYS_rt_tgsigqueueinfo, getpid(), (int)syscall(SYS_gettid), SIGRTMIN + 1, &info));
	CHECK(sigtimedwait(&set, &got, &limit) == SIGRTMIN + 1 && got.si_value.sival_int == 4712);
	CHECK(!syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGRTMIN + 1));
	CHECK(sigtimedwait(&set, &got, &limit) == SIGRTMIN + 1 && got.si_code == SI_TKILL && got.si_pid == getpid());
	info.si_code = 0;
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGRTMIN + 1, &info), EPERM);	/* as if the kernel or kill had sent it */
	info.si_code = SI_QUEUE;
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 0x3fffffff, SIGUSR1, &info), ESRCH);
	CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, 0, 0, SIGUSR1, &info), EINVAL);
	CHECK_ERR(syscall(SYS_tgkill, 0, 1, SIGUSR1), EINVAL);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), 0x3fffffff, SIGUSR1), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), 65), EINVAL);
}

/* ---- memory ---- */

ABI_CASE(locked_memory_is_resident)
{
	unsigned char in[4] = { 0 };
	char *m = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(m != MAP_FAILED && !mincore(m, 4 * PAGE, in) && !(in[1] & 1));
	CHECK(!syscall(SYS_mlock, m + PAGE, PAGE) && !mincore(m, 4 * PAGE, in) && (in[1] & 1) && !(in[2] & 1));
	CHECK(!syscall(SYS_mlock2, m + 2 * PAGE, PAGE, 1));
	CHECK(!syscall(SYS_munlock, m, 4 * PAGE));
	CHECK_ERR(syscall(SYS_mlock2, m, PAGE, 2), EINVAL);
	CHECK_ERR(syscall(SYS_mincore, m + 1, PAGE, in), EINVAL);
	CHECK_ERR(syscall(SYS_mincore, m, PAGE, BAD), EFAULT);
	CHECK(!munmap(m + 3 * PAGE, PAGE));
	CHECK_ERR(syscall(SYS_mlock, m, 4 * PAGE), ENOMEM);
	CHECK_ERR(syscall(SYS_mincore, m, 4 * PAGE, in), ENOMEM);
	CHECK_ERR(syscall(SYS_munlock, m + 2 * PAGE, 2 * PAGE), ENOMEM);
	CHECK_ERR(syscall(SYS_mlockall, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mlockall, 8), EINVAL);
	if (!geteuid())
		CHECK(!syscall(SYS_mlockall, 2));
	CHECK(!syscall(SYS_munlockall));
}

ABI_CASE(mapped_files_are_written_back_on_request)
{
	char got[4] = "", *m;
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(!ftruncate(fd, 2 * PAGE));
	m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	memcpy(m + 10, "xyz", 3);
	CHECK(!syscall(SYS_msync, m, 2 * PAGE, MS_SYNC) && pread(fd, got, 3, 10) == 3 && !strcmp(got, "xyz"));
	CHECK(!syscall(SYS_msync, m, PAGE, MS_ASYNC | MS_INVALIDATE) && !syscall(SYS_msync, m, 0, MS_SYNC));
	CHECK_ERR(syscall(SYS_msync, m, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR(syscall(SYS_msync, m, PAGE, 8), EINVAL);
	CHECK_ERR(syscall(SYS_msync, m + 1, PAGE, MS_SYNC), EINVAL);
	CHECK(!munmap(m + PAGE, PAGE));
	CHECK_ERR(syscall(SYS_msync, m, 2 * PAGE, MS_SYNC), ENOMEM);
}

ABI_CASE(memory_of_another_process_is_read_and_written)
{
	static char theirs[64] = "before";
	char mine[64] = "";
	struct iovec l = { mine, 7 }, r = { theirs, 7 }, nowhere = { BAD, 7 }, pair[2] = { { theirs, 3 }, { BAD, 7 } }, empty = { NULL, 0 };
	struct iovec kernels = { (void *)0xffffffff81000000ul, 7 };
	int p[2], q[2], status;
	pid_t pid;

	CHECK(!pipe(p) && !pipe(q));
	pid = fork();
	if (!pid) {
		strcpy(theirs, "child!");
		if (write(p[1], "", 1) != 1 || read(q[0], mine, 1) != 1)
			_exit(1);
		_exit(strcmp(theirs, "mother") != 0);
	}
	CHECK(read(p[0], mine, 1) == 1);
	CHECK(syscall(SYS_process_vm_readv, pid, &l, 1, &r, 1, 0) == 7 && !strcmp(mine, "child!") && !strcmp(theirs, "before"));
	CHECK(syscall(SYS_process_vm_readv, pid, &l, 1, pair, 2, 0) == 3);
	CHECK_ERR(syscall(SYS_process_vm_readv, pid, &l, 1, &nowhere, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_process_vm_readv, pid, &l, 1, &r, 1, 1), EINVAL);
	CHECK_ERR(syscall(SYS_process_vm_readv, 0x3fffffff, &l, 1, &r, 1, 0), ESRCH);
	CHECK_ERR(syscall(SYS_process_vm_writev, pid, &l, 1025, &r, 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_process_vm_readv, pid, &kernels, 1, &empty, 1, 0), EFAULT);
	CHECK(syscall(SYS_process_vm_readv, 0x3fffffff, &l, 1, &empty, 1, 0) == 0);
	CHECK(syscall(SYS_process_vm_readv, 0x3fffffff, &l, 1ul << 40, &r, 1, 0) == 0);
	strcpy(mine, "mother");
	CHECK(syscall(SYS_process_vm_writev, pid, &l, 1, &r, 1, 0) == 7 && write(q[1], "", 1) == 1);
	status = abi_wait(pid);
	CHECK(!status);
}

/* ---- threads and programs ---- */

ABI_CASE(list_of_robust_futexes_is_told)
{
	void *head = NULL;
	size_t length = 0;

	CHECK(!syscall(SYS_set_robust_list, &head, 24) && !syscall(SYS_get_robust_list, 0, &head, &length) && length == 24);
	CHECK_ERR(syscall(SYS_set_robust_list, &head, 23), EINVAL);
	CHECK_ERR(syscall(SYS_get_robust_list, 0x3fffffff, &head, &length), ESRCH);
	CHECK_ERR(syscall(SYS_get_robust_list, 0, BAD, &length), EFAULT);
}

ABI_CASE(program_is_run_from_a_descriptor)
{
	char *argv[] = { (char *)"true", NULL };
	int fd;

	abi_fresh();
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, "none", argv, NULL, 0), ENOENT);
	CHECK_ERR(syscall(SYS_execveat, 99, "none", argv, NULL, 0), EBADF);
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, "none", argv, NULL, 0x80000000), EINVAL);
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, BAD, argv, NULL, 0), EFAULT);
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_ERR(syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH), EACCES);
	CHECK(!symlink(abi_self, "l"));
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, "l", argv, NULL, AT_SYMLINK_NOFOLLOW), ELOOP);
}

/* ---- old calls ---- */

ABI_CASE(programs_get_no_ports)
{
	CHECK(!syscall(SYS_iopl, 0) && !syscall(SYS_ioperm, 0x80, 1, 0));
	CHECK_ERR(syscall(SYS_iopl, 4), EINVAL);
	CHECK_ERR(syscall(SYS_ioperm, 65536, 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_ioperm, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_ioperm, -1l, 2, 0), EINVAL);
	CHECK(!setgid(65534) && !setuid(65534));
	CHECK_ERR(syscall(SYS_iopl, 3), EPERM);
	CHECK_ERR(syscall(SYS_ioperm, 0x80, 1, 1), EPERM);
}

ABI_CASE(types_of_file_systems_are_numbered)
{
	long nr = syscall(SYS_sysfs, 3), tmpfs = syscall(SYS_sysfs, 1, "tmpfs");
	char name[64] = "";

	CHECK(nr > 2 && tmpfs >= 0 && tmpfs < nr);
	CHECK(!syscall(SYS_sysfs, 2, tmpfs, name) && !strcmp(name, "tmpfs"));
	CHECK_ERR(syscall(SYS_sysfs, 2, nr, name), EINVAL);
	CHECK_ERR(syscall(SYS_sysfs, 1, "no such"), EINVAL);
	CHECK_ERR(syscall(SYS_sysfs, 1, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_sysfs, 2, 0, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_sysfs, 4), EINVAL);
}

ABI_CASE(a_file_system_is_found_by_its_device)
{
	struct { int free; unsigned long inodes; char name[6], pack[6]; } u;
	struct stat s;

	abi_fresh();
	CHECK(!stat(".", &s) && !syscall(SYS_ustat, s.st_dev, &u) && u.free >= 0);
	CHECK_ERR(syscall(SYS_ustat, s.st_dev, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_ustat, 0xfff00, &u), EINVAL);
}

static void *contexts_come_and_go(void *arg)
{
	struct iocb cb = { .fd = (uint32_t)open("/dev/zero", O_RDONLY), .nbytes = 1 };
	struct iocb *list[1] = { &cb };
	char to;

	cb.buf = (uintptr_t)&to;
	for (unsigned int i = 0; i < 300; i++) {
		unsigned long ctx = 0;

		CHECK(!syscall(SYS_io_setup, 1, &ctx) && syscall(SYS_io_submit, ctx, 1, list) == 1);
		CHECK(!syscall(SYS_io_destroy, ctx));
	}
	return NULL;
}

/* One comes where another is just ending: it is found, and takes requests. */
ABI_CASE(contexts_of_asynchronous_io_begin_where_others_end)
{
	pthread_t threads[4];

	for (unsigned int i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, contexts_come_and_go, NULL));
	for (unsigned int i = 0; i < 4; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* However small they are: a program cannot have contexts without end, and gets them again once they are gone. */
ABI_CASE(contexts_of_asynchronous_io_are_bounded)
{
	for (unsigned int round = 0; round < 2; round++) {
		static unsigned long list[65536 + 1];
		unsigned int nr = 0;

		memset(list, 0, sizeof(list));
		while (nr < 65536 && !syscall(SYS_io_setup, 512, &list[nr]))
			nr++;
		CHECK(nr && nr <= 128 && (errno == EAGAIN || errno == ENOMEM));
		while (nr--)
			CHECK(!syscall(SYS_io_destroy, list[nr]));
	}
}

ABI_CASE(cpuid_is_allowed)
{
	CHECK(syscall(SYS_arch_prctl, 0x1011, 0) == 1);
	CHECK(!syscall(SYS_arch_prctl, 0x1012, 1) || errno == ENODEV);
}

/* What a call takes as an int it takes from the lower half of the register. */
static uint64_t wide(uint32_t v)
{
	return 0xdefaced000000000ull | v;
}

ABI_CASE(upper_halves_of_numbers_mean_nothing)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct iovec v = { "x", 1 };
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t deadline[3]; } attr = { .size = 48 };
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *list;
	size_t size;
	int p[2], ep = epoll_create1(0), status;

	CHECK(!pipe(p) && page != MAP_FAILED);
	CHECK(syscall(SYS_dup3, wide(0), wide(99), wide(O_CLOEXEC)) == 99);
	CHECK(syscall(SYS_fcntl, wide(99), wide(F_DUPFD), wide(100)) == 100);
	CHECK(!syscall(SYS_epoll_ctl, wide(ep), wide(EPOLL_CTL_ADD), wide(p[0]), &event));
	CHECK(!syscall(SYS_epoll_ctl, wide(ep), wide(EPOLL_CTL_DEL), wide(p[0]), BAD));
	CHECK(syscall(SYS_vmsplice, wide(p[1]), &v, wide(1), wide(0)) == 1);
	CHECK(!syscall(SYS_msync, page, PAGE, wide(MS_SYNC)));
	CHECK(!syscall(SYS_mlockall, wide(MCL_CURRENT)) && !munlockall());
	CHECK(!syscall(SYS_sched_setattr, wide(0), &attr, wide(0)) && !syscall(SYS_sched_getattr, wide(0), &attr, wide(48), wide(0)));
	CHECK(!syscall(SYS_get_robust_list, wide(0), &list, &size));
	CHECK_ERR(syscall(SYS_wait4, wide(-1u), &status, wide(WNOHANG), NULL), ECHILD);
}
