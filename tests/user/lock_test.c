// SPDX-License-Identifier: GPL-2.0
/* Locks as /proc/locks tells them and as they wait for each other; leases; directories that tell their owner (F_NOTIFY). */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include "abi.h"

#define OFD_SETLK	37
#define GET_RW_HINT	1035
#define SET_RW_HINT	1036

/* ---- Locks ---- */

static int make(const char *name, int flags)
{
	int fd = open(name, flags | O_CREAT, 0644);

	CHECK(fd >= 0);
	return fd;
}

/* Has /proc/locks a line that goes on so behind its number? */
static bool told(const char *format, int pid, int fd, const char *range)
{
	char line[160], wanted[160];
	FILE *f = fopen("/proc/locks", "r");
	bool found = false;
	struct stat st;

	CHECK(f && !fstat(fd, &st));
	snprintf(wanted, sizeof(wanted), ": %s %d %02x:%02x:%lu %s\n", format, pid, major(st.st_dev), minor(st.st_dev),
		 (unsigned long)st.st_ino, range);
	while (fgets(line, sizeof(line), f))
		found |= strchr(line, ':') && !strcmp(strchr(line, ':'), wanted);
	fclose(f);
	return found;
}

ABI_CASE(locks_of_each_kind_are_told_in_proc)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 }, own = { .l_type = F_RDLCK, .l_start = 50 };
	int fd;

	abi_fresh();
	fd = make("f", O_RDWR);
	CHECK(!fcntl(fd, F_SETLK, &range) && !flock(fd, LOCK_EX) && !fcntl(fd, OFD_SETLK, &own));
	CHECK(told("POSIX  ADVISORY  WRITE", getpid(), fd, "10 19") && told("FLOCK  ADVISORY  WRITE", getpid(), fd, "0 EOF"));
	CHECK(told("OFDLCK ADVISORY  READ", -1, fd, "50 EOF"));
	range = (struct flock){ .l_type = F_UNLCK, .l_start = 13, .l_len = 2 };
	CHECK(!fcntl(fd, F_SETLK, &range) && told("POSIX  ADVISORY  WRITE", getpid(), fd, "10 12"));
	CHECK(told("POSIX  ADVISORY  WRITE", getpid(), fd, "15 19") && !told("POSIX  ADVISORY  WRITE", getpid(), fd, "10 19"));
	CHECK(!flock(fd, LOCK_UN) && !told("FLOCK  ADVISORY  WRITE", getpid(), fd, "0 EOF"));
}

static bool in_the_way(int fd, long from, short type, long start, long length)
{
	struct flock l = { .l_type = F_WRLCK, .l_start = from };
	pid_t pid = fork();

	if (pid)
		return abi_wait(pid) == 0;
	_exit(fcntl(fd, F_GETLK, &l) || l.l_type != type || l.l_start != start || l.l_len != length || l.l_pid != getppid());
}

static int lock(int fd, short type, long start, long length)
{
	struct flock l = { .l_type = type, .l_start = start, .l_len = length };

	return fcntl(fd, F_SETLK, &l);
}

ABI_CASE(locks_of_one_owner_join_and_the_first_in_the_file_is_told)
{
	int fd;

	abi_fresh();
	fd = make("f", O_RDWR);
	CHECK(!lock(fd, F_WRLCK, 30, 10) && !lock(fd, F_WRLCK, 10, 10) && in_the_way(fd, 0, F_WRLCK, 10, 10) && in_the_way(fd, 25, F_WRLCK, 30, 10));
	CHECK(!lock(fd, F_WRLCK, 20, 10) && in_the_way(fd, 0, F_WRLCK, 10, 30));	/* the gap */
	CHECK(!lock(fd, F_WRLCK, 15, 5) && in_the_way(fd, 0, F_WRLCK, 10, 30));	/* what it has */
	CHECK(!lock(fd, F_RDLCK, 20, 5) && in_the_way(fd, 0, F_WRLCK, 10, 10) && in_the_way(fd, 20, F_RDLCK, 20, 5));
	CHECK(in_the_way(fd, 25, F_WRLCK, 25, 15));
	CHECK(!lock(fd, F_WRLCK, 20, 0) && in_the_way(fd, 12, F_WRLCK, 10, 0));
}

ABI_CASE(who_waits_for_a_lock_is_told_below_it)
{
	struct flock l = { .l_type = F_WRLCK, .l_start = 0, .l_len = 4 };
	pid_t pid;
	int fd;

	abi_fresh();
	fd = make("f", O_RDWR);
	CHECK(!fcntl(fd, F_SETLK, &l));
	pid = fork();
	if (!pid) {
		l.l_type = F_RDLCK;
		_exit(!!fcntl(fd, F_SETLKW, &l));
	}
	while (!told("-> POSIX  ADVISORY  READ", pid, fd, "0 3"))
		usleep(1000);
	l.l_type = F_UNLCK;
	CHECK(!fcntl(fd, F_SETLK, &l) && abi_wait(pid) == 0 && !told("-> POSIX  ADVISORY  READ", pid, fd, "0 3"));
}

ABI_CASE(processes_that_would_wait_for_each_other_are_told)
{
	struct flock first = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 }, second = { .l_type = F_WRLCK, .l_start = 1, .l_len = 1 };
	int fd, ready[2];
	pid_t pid;
	char c;

	abi_fresh();
	fd = make("f", O_RDWR);
	CHECK(!pipe(ready) && !fcntl(fd, F_SETLK, &first));
	pid = fork();
	if (!pid) {
		CHECK(!fcntl(fd, F_SETLK, &second) && write(ready[1], "", 1) == 1);
		CHECK(!fcntl(fd, F_SETLKW, &first));
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	abi_await_call(pid, SYS_fcntl);
	CHECK_ERR(fcntl(fd, F_SETLKW, &second), EDEADLK);
	first.l_type = F_UNLCK;
	CHECK(!fcntl(fd, F_SETLK, &first) && abi_wait(pid) == 0);
}

/* ---- Leases ---- */

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
}

static bool is_pending(int sig)
{
	sigset_t set;

	CHECK(!sigpending(&set));
	return sigismember(&set, sig);
}

ABI_CASE(the_holder_of_a_lease_hears_before_another_opens)
{
	siginfo_t info;
	pid_t pid;
	int fd;

	abi_fresh();
	close(make("f", O_RDWR));
	fd = make("f", O_RDONLY);
	block(SIGRTMIN);
	CHECK(fcntl(fd, F_GETLEASE) == F_UNLCK && !fcntl(fd, F_SETSIG, SIGRTMIN) && !fcntl(fd, F_SETLEASE, F_WRLCK));
	CHECK(fcntl(fd, F_GETOWN) == getpid() && fcntl(fd, F_GETLEASE) == F_WRLCK && told("LEASE  ACTIVE    WRITE", getpid(), fd, "0 EOF"));
	pid = fork();
	if (!pid)
		_exit(open("f", O_RDONLY) < 0);
	info = abi_await_signal(SIGRTMIN);
	CHECK(info.si_fd == fd && info.si_code == POLL_MSG);
	CHECK(fcntl(fd, F_GETLEASE) == F_RDLCK && told("LEASE  BREAKING  READ", getpid(), fd, "0 EOF") && !waitpid(pid, NULL, WNOHANG));
	CHECK(!fcntl(fd, F_SETLEASE, F_RDLCK) && abi_wait(pid) == 0 && fcntl(fd, F_GETLEASE) == F_RDLCK);
	pid = fork();
	if (!pid)
		_exit(truncate("f", 0) != 0);
	CHECK(abi_await_signal(SIGRTMIN).si_fd == fd && fcntl(fd, F_GETLEASE) == F_UNLCK && !fcntl(fd, F_SETLEASE, F_UNLCK) && abi_wait(pid) == 0);
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_UNLCK), EAGAIN);
}

ABI_CASE(a_lease_needs_that_nobody_has_the_file_open_otherwise)
{
	int reader, writer, pipes[2];

	abi_fresh();
	block(SIGIO);
	writer = make("f", O_RDWR);
	CHECK_ERR(fcntl(writer, F_SETLEASE, F_RDLCK), EAGAIN);
	CHECK(!fcntl(writer, F_SETLEASE, F_WRLCK) && !fcntl(writer, F_SETLEASE, F_UNLCK));
	reader = make("f", O_RDONLY);
	CHECK_ERR(fcntl(writer, F_SETLEASE, F_WRLCK), EAGAIN);
	CHECK_ERR(fcntl(reader, F_SETLEASE, F_RDLCK), EAGAIN);
	close(writer);
	CHECK(!fcntl(reader, F_SETLEASE, F_RDLCK));
	CHECK_ERR(fcntl(reader, F_SETLEASE, 77), EINVAL);
	CHECK_ERR(fcntl(open(".", O_RDONLY), F_SETLEASE, F_RDLCK), EINVAL);
	CHECK(!pipe(pipes));
	CHECK_ERR(fcntl(pipes[0], F_SETLEASE, F_RDLCK), EINVAL);
	writer = open("f", O_WRONLY | O_NONBLOCK);
	CHECK(writer == -1 && errno == EAGAIN);
	close(reader);
	CHECK(open("f", O_WRONLY | O_NONBLOCK) >= 0);
}

/* The time is the system's: it is put back before anything is looked at. */
ABI_CASE(a_lease_is_taken_from_who_does_not_give_way)
{
	int setting = open("/proc/sys/fs/lease-break-time", O_RDWR), fd, other;
	char before[16];
	ssize_t n;

	if (setting < 0)
		return;	/* root's */
	abi_fresh();
	close(make("f", O_RDWR));
	fd = make("f", O_RDONLY);
	block(SIGIO);
	CHECK(!fcntl(fd, F_SETLEASE, F_RDLCK));
	n = read(setting, before, sizeof(before));
	CHECK(n > 0 && pwrite(setting, "1", 1, 0) == 1);
	other = open("f", O_WRONLY);
	CHECK(pwrite(setting, before, n, 0) == n);
	CHECK(other >= 0 && is_pending(SIGIO) && fcntl(fd, F_GETLEASE) == F_UNLCK);
	CHECK_ERR(pwrite(setting, "x", 1, 0), EINVAL);
}

/* ---- F_NOTIFY and hints ---- */

ABI_CASE(a_directory_tells_its_owner_once_or_always)
{
	siginfo_t info;
	int dir;

	abi_fresh();
	block(SIGRTMIN);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(!fcntl(dir, F_SETSIG, SIGRTMIN) && !fcntl(dir, F_NOTIFY, DN_CREATE));
	close(make("a", O_RDWR));
	info = abi_await_signal(SIGRTMIN);
	CHECK(info.si_fd == dir && info.si_code == POLL_MSG);
	close(make("b", O_RDWR));
	CHECK(!is_pending(SIGRTMIN) && !fcntl(dir, F_NOTIFY, DN_RENAME | DN_MULTISHOT));
	CHECK(!rename("a", "c") && abi_await_signal(SIGRTMIN).si_fd == dir && !mkdir("d", 0700) && !is_pending(SIGRTMIN));
	CHECK(!fcntl(dir, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
	CHECK(!rename("c", "d/c") && abi_await_signal(SIGRTMIN).si_fd == dir && !is_pending(SIGRTMIN));
	CHECK(!unlink("b") && abi_await_signal(SIGRTMIN).si_fd == dir);
	CHECK(!fcntl(dir, F_NOTIFY, 0) && !unlink("d/c") && !rmdir("d") && !is_pending(SIGRTMIN));
	CHECK_ERR(fcntl(make("f", O_RDWR), F_NOTIFY, DN_CREATE), ENOTDIR);
}

ABI_CASE(a_directory_is_silent_when_its_descriptor_is_closed)
{
	int dir, other;

	abi_fresh();
	block(SIGIO);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	other = dup(dir);
	CHECK(!fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	close(make("a", O_RDWR));
	abi_await_signal(SIGIO);
	close(other);
	close(make("b", O_RDWR));
	CHECK(!is_pending(SIGIO));
}

ABI_CASE(how_long_data_lives_is_kept)
{
	uint64_t hint = 7;
	int fd;

	abi_fresh();
	fd = make("f", O_RDWR);
	CHECK(!fcntl(fd, GET_RW_HINT, &hint) && !hint);
	hint = 3;
	CHECK(!fcntl(fd, SET_RW_HINT, &hint) && !fcntl(open("f", O_RDONLY), GET_RW_HINT, &hint) && hint == 3);
	hint = 6;
	CHECK_ERR(fcntl(fd, SET_RW_HINT, &hint), EINVAL);
	CHECK_ERR(fcntl(fd, GET_RW_HINT, BAD), EFAULT);
}
