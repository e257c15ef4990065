// SPDX-License-Identifier: GPL-2.0
/* Which error a call tells when several things are wrong with it: programs and test suites know Linux's order (make compare-calls finds more). */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#define UNKNOWN	0x40000000

ABI_CASE(reads_and_writes_tell_errors_in_order)
{
	struct iovec v = { &v, 1 };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0), fd = open("/dev/null", O_RDONLY), p[2];

	CHECK(!pipe(p));
	CHECK_ERR(lseek(p[0], 0, 99), EINVAL);
	CHECK_ERR(lseek(p[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pwrite(timer, "x", 1, 0), ESPIPE);
	CHECK_ERR(pwrite(timer, "x", 1, -1), EINVAL);
	CHECK_ERR(writev(fd, &v, 1), EBADF);
	CHECK_ERR(syscall(SYS_preadv2, p[0], &v, 1, 0, 0, UNKNOWN), ESPIPE);
	CHECK_ERR(syscall(SYS_preadv2, fd, &v, 1, 0, 0, UNKNOWN), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_sendfile, p[1], 99, BAD, 1), EFAULT);
	CHECK_ERR(syscall(SYS_copy_file_range, 99, NULL, fd, NULL, 1, 1), EBADF);
	CHECK_ERR(syscall(SYS_copy_file_range, fd, BAD, fd, NULL, 1, 1), EFAULT);
	CHECK_ERR(syscall(SYS_copy_file_range, fd, NULL, fd, NULL, 1, 1), EINVAL);
	CHECK_ERR(syscall(SYS_fallocate, fd, UNKNOWN, 0l, 1l), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_fallocate, fd, 0, 0l, 1l), EBADF);
}

ABI_CASE(timers_tell_errors_in_order)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, 0), id;

	CHECK_ERR(syscall(SYS_timerfd_settime, timer, UNKNOWN, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_timer_create, 99, BAD, &id), EFAULT);
	CHECK_ERR(syscall(SYS_timer_settime, 99, 0, NULL, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, 99, 0, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "x", BAD, UNKNOWN), EFAULT);
}

ABI_CASE(processes_tell_errors_in_order)
{
	siginfo_t info = { .si_signo = 99 };

	CHECK_ERR(execve("/", NULL, NULL), EACCES);
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, "", NULL, NULL, 0), ENOENT);
	CHECK_ERR(syscall(SYS_waitid, 99, 0, BAD, WEXITED, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_waitid, 99, 0, &info, WEXITED, NULL), EINVAL);
	CHECK(info.si_signo == 0);
	CHECK_ERR(syscall(SYS_sched_setscheduler, -1, 0, BAD), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setparam, -1, BAD), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getparam, 32000, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, 0, 65, NULL, 1l << 40), EBADF);
	CHECK_ERR(syscall(SYS_set_mempolicy, 8, BAD, 64), EINVAL);
}

ABI_CASE(memory_and_sockets_tell_errors_in_order)
{
	char *hole = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(hole != MAP_FAILED && !munmap(hole, 8192) && !munmap(end + 4096, 4096));
	CHECK_ERR(madvise(hole, 4096, MADV_RANDOM), ENOMEM);
	CHECK(!munlock(hole, 0));
	CHECK(syscall(SYS_getrandom, end + 4090, 64, 0) == 6);
	CHECK_ERR(syscall(SYS_getrandom, end + 4096, 64, 0), EFAULT);
	CHECK_ERR(connect(0, (struct sockaddr *)end, (socklen_t)-1), EINVAL);
	CHECK_ERR(connect(0, (struct sockaddr *)end, 16), ENOTSOCK);
	CHECK_ERR(syscall(SYS_semop, -1, BAD, 60000), E2BIG);
	CHECK_ERR(syscall(SYS_semop, -1, BAD, 1), EFAULT);
	CHECK_ERR(mount("x", "/nothing/here", BAD, 0, NULL), EFAULT);
	CHECK_ERR(umount2("/nothing/here", 0), ENOENT);
	CHECK_ERR(umount2("/nothing/here", UNKNOWN), EINVAL);
}

ABI_CASE(mappings_and_signals_tell_errors_in_order)
{
	siginfo_t info = { .si_signo = SIGUSR1 };

	CHECK(mmap(NULL, (size_t)-4096, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF);
	CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 99, 0) == MAP_FAILED && errno == EINVAL);
	CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, 1, -1, SIGUSR1, &info), EINVAL);
	CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, 1, 1, SIGUSR1, &info), EPERM);
	CHECK_ERR(syscall(SYS_io_cancel, 0, NULL, NULL), EFAULT);
}

ABI_CASE(counters_are_given_whole_or_not_at_all)
{
	char *end = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = eventfd(1, 0), null = open("/dev/null", O_RDWR);

	CHECK(end != MAP_FAILED && !munmap(end + 4096, 4096));
	CHECK_ERR(read(fd, end + 4092, 8), EFAULT);
	CHECK_ERR(accept4(99, NULL, NULL, 2), EBADF);
	CHECK_ERR(fdatasync(null), EINVAL);
	CHECK_ERR(flock(99, 0x100), EINVAL);
	CHECK_ERR(munlock((void *)-4096l, (size_t)-4096), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 32000, 8, end), ESRCH);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 8, end), EINVAL);
	CHECK_ERR(syscall(SYS_tkill, 32000, 65), ESRCH);
}
