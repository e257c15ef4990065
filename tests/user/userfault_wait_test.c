// SPDX-License-Identifier: GPL-2.0
/* userfaultfd(2): what ends the waits for a page, of programs and of the kernel for them. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "userfault.h"

#define FUTEX_WAIT	(0 | 128)	/* of one process */
#define FUTEX_LOCK_PI	(6 | 128)
#define FUTEX_UNLOCK_PI	(7 | 128)

static char page[PAGE];

static void *touch(void *at)
{
	return (void *)(uint64_t)*(volatile unsigned char *)at;
}

static void *touch_write(void *at)
{
	*(volatile char *)at = 'w';
	return NULL;
}

static uint64_t joined(pthread_t t)
{
	void *result;

	CHECK(!pthread_join(t, &result));
	return (uint64_t)result;
}

static volatile int handled;

static void handler(int sig)
{
	handled++;
}

ABI_CASE(signal_is_handled_while_a_page_is_missing)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1);
	pthread_t t;

	signal(SIGUSR1, handler);
	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	CHECK(!pthread_create(&t, NULL, touch, m) && uffd_fault(fd, 0) == m);
	CHECK(!pthread_kill(t, SIGUSR1) && uffd_fault(fd, 0) == m && handled == 1);
	CHECK(uffd_copy(fd, m, memset(page, 'h', PAGE), 1, 0) == (int64_t)PAGE && joined(t) == 'h');
}

/* Descriptors of a pipe; what is written comes from missing memory. */
static int pipe_fds[2];

static void *write_missing(void *at)
{
	return (void *)(uint64_t)write(pipe_fds[1], at, 1);
}

ABI_CASE(kernel_that_waits_goes_on_after_a_signal)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1);
	pthread_t t;

	signal(SIGUSR1, handler);
	CHECK(pipe(pipe_fds) == 0 && uffd_register(fd, m, 1, MISSING) == 0);
	CHECK(!pthread_create(&t, NULL, write_missing, m) && uffd_fault(fd, 0) == m);
	CHECK(!pthread_kill(t, SIGUSR1));
	usleep(20000);
	CHECK(uffd_zero(fd, m, 1) == (int64_t)PAGE && joined(t) == 1 && handled == 1);
}

/* A process that waits in a touch of its own, or the kernel for it, is killed. */
static void killed_while(void *(*how)(void *), int sig)
{
	char *m = uffd_memory(1);
	int ready[2];
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0 && pipe(pipe_fds) == 0);
	pid = fork();
	if (!pid) {
		int fd = uffd_open(0, 0);
		pthread_t t;

		prctl(PR_SET_DUMPABLE, 0);
		CHECK(uffd_register(fd, m, 1, MISSING) == 0 && !pthread_create(&t, NULL, how, m));
		uffd_fault(fd, how == touch_write ? LINUX_UFFD_FAULT_WRITE : 0);
		CHECK(write(ready[1], "", 1) == 1);
		how(m);
		_exit(1);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	usleep(20000);
	CHECK(kill(pid, sig) == 0 && abi_wait(pid) == sig);
}

ABI_CASE(who_waits_for_a_page_is_killed)
{
	killed_while(touch, SIGKILL);
	killed_while(touch_write, SIGTERM);
}

ABI_CASE(who_the_kernel_waits_for_is_killed)
{
	killed_while(write_missing, SIGKILL);
	killed_while(write_missing, SIGTERM);
}

ABI_CASE(kernel_that_waits_in_another_process_is_killed)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1), c;
	struct iovec local = { &c, 1 }, remote = { m, 1 };
	pid_t pid, parent = getpid();

	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	pid = fork();
	if (!pid) {
		process_vm_readv(parent, &local, 1, &remote, 1, 0);
		_exit(1);
	}
	CHECK(uffd_fault(fd, 0) == m && kill(pid, SIGKILL) == 0 && abi_wait(pid) == SIGKILL);
}

static void *exec_true(void *name)
{
	execl(abi_self, abi_self, "@nothing", NULL);
	return name;
}

ABI_CASE(exec_ends_who_waits)
{
	pid_t pid = fork();

	if (!pid) {
		int fd = uffd_open(0, 0);
		char *m = uffd_memory(1);
		pthread_t t;

		CHECK(pipe(pipe_fds) == 0 && uffd_register(fd, m, 1, MISSING) == 0 && !pthread_create(&t, NULL, write_missing, m));
		CHECK(uffd_fault(fd, 0) == m && !pthread_create(&t, NULL, exec_true, NULL));
		*(volatile char *)m = 1;
		_exit(77);
	}
	CHECK(abi_wait(pid) != 77 << 8);
}

ABI_CASE(core_file_does_not_wait)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	pid_t pid;
	int status;

	abi_fresh();
	pid = fork();
	if (!pid) {
		int fd = uffd_open(0, 0);
		char *m = uffd_memory(2);
		pthread_t t;

		CHECK(setrlimit(RLIMIT_CORE, &all) == 0 && pipe(pipe_fds) == 0);
		m[0] = 'x';
		CHECK(uffd_register(fd, m, 2, MISSING) == 0 && !pthread_create(&t, NULL, write_missing, m + PAGE));
		CHECK(uffd_fault(fd, 0) == m + PAGE);
		abort();
	}
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static long futex(void *at, int op, int value)
{
	return syscall(SYS_futex, at, op, value, NULL, NULL, 0);
}

ABI_CASE(futexes_in_missing_memory)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(2);
	pid_t pid;

	CHECK(uffd_register(fd, m, 2, MISSING) == 0);
	pid = fork();
	if (!pid) {
		CHECK(uffd_zero(fd, (char *)(uffd_next(fd).arg.pagefault.address & ~(PAGE - 1)), 1) == (int64_t)PAGE);
		_exit(0);
	}
	CHECK_ERR(futex(m, FUTEX_WAIT, 1), EAGAIN);
	CHECK_ERR(futex(m + PAGE, FUTEX_LOCK_PI, 0), EFAULT);	/* that would keep other processes waiting */
	CHECK(abi_wait(pid) == 0 && futex(m, FUTEX_LOCK_PI, 0) == 0 && *(int *)m == gettid() && futex(m, FUTEX_UNLOCK_PI, 0) == 0);
}
