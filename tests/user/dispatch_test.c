// SPDX-License-Identifier: GPL-2.0
/* Syscall user dispatch: a program's own handler carries out the calls of a part of its code. */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include "abi.h"

#define SET_USER_DISPATCH	59
#define OFF			0
#define ON			1
#define ALLOW			0
#define BLOCK			1
#define CODE_USER_DISPATCH	2
#define NOBODYS_CALL		900l
#define ANSWER			4711

static volatile char selector;
static volatile int code, number, error;

static int dispatch(long mode, unsigned long from, unsigned long length, const volatile char *byte)
{
	return prctl(SET_USER_DISPATCH, mode, from, length, byte);
}

static void answer(int sig, siginfo_t *info, void *context)
{
	selector = ALLOW;
	code = info->si_code;
	number = info->si_syscall;
	error = info->si_errno;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = ANSWER;
}

static void catch_calls(void)
{
	struct sigaction action = { .sa_sigaction = answer, .sa_flags = SA_SIGINFO };

	CHECK(!sigaction(SIGSYS, &action, NULL));
}

ABI_CASE(a_dispatched_call_is_the_handler_s)
{
	catch_calls();
	CHECK(!dispatch(ON, 0, 0, &selector));
	CHECK_ERR(syscall(NOBODYS_CALL), ENOSYS);
	selector = BLOCK;
	CHECK(syscall(NOBODYS_CALL) == ANSWER);
	CHECK(code == CODE_USER_DISPATCH && number == NOBODYS_CALL && error == 0);
	selector = BLOCK;
	CHECK(getppid() == ANSWER && number == SYS_getppid);
	CHECK(!dispatch(OFF, 0, 0, NULL));
	selector = BLOCK;
	CHECK(getppid() > 0 && getppid() != ANSWER);
}

ABI_CASE(calls_of_the_named_range_are_never_dispatched)
{
	CHECK(!dispatch(ON, 0, -1ul, &selector));
	selector = BLOCK;
	CHECK(getppid() > 0);
}

ABI_CASE(dispatch_is_asked_for_with_sense)
{
	CHECK_ERR(dispatch(-1, 0, 0, &selector), EINVAL);
	CHECK_ERR(dispatch(OFF, 1, 0, NULL), EINVAL);
	CHECK_ERR(dispatch(OFF, 0, 0, &selector), EINVAL);
	CHECK_ERR(dispatch(ON, 1, 0, &selector), EINVAL);
	CHECK_ERR(dispatch(ON, 1, -1ul, &selector), EINVAL);
	CHECK_ERR(dispatch(ON, 0, 1, (char *)-1l), EFAULT);
	CHECK(!dispatch(OFF, 0, 0, NULL));
}

/* What a child ends by that sets the selector to @said, or has it at an address where nothing is. */
static int end_of(int said)
{
	pid_t pid = fork();

	if (pid == 0) {
		catch_calls();
		CHECK(!dispatch(ON, 0, 0, said < 0 ? (char *)16 : &selector));
		selector = (char)said;
		syscall(SYS_getppid);
		for (;;)
			;
	}
	return WTERMSIG(abi_wait(pid));
}

ABI_CASE(who_says_nonsense_ends_without_its_handler)
{
	CHECK(end_of(2) == SIGSYS);
	CHECK(end_of(-1) == SIGSEGV);
}

static void *calls(void *arg)
{
	return (void *)(long)getppid();
}

ABI_CASE(new_threads_and_children_are_not_dispatched)
{
	pthread_t t;
	void *parent;
	pid_t pid;

	CHECK(!dispatch(ON, 0, 0, &selector));
	CHECK(!pthread_create(&t, NULL, calls, NULL));
	CHECK(!pthread_join(t, &parent) && (long)parent == getppid());
	pid = fork();
	if (pid == 0) {
		selector = BLOCK;
		_exit(getppid() > 0 ? 0 : 1);
	}
	CHECK(abi_wait(pid) == 0);
}
