// SPDX-License-Identifier: GPL-2.0
/* seccomp(2): strict mode, filters and every answer that they can give. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"
#include "filter.h"

#define SECCOMP_MODE_STRICT		1
#define SECCOMP_MODE_FILTER		2
#define EVENT_SECCOMP			7
#define OPTION_SECCOMP			0x80

/* @answer for MARKED, all else is allowed. */
static long answer_marked(unsigned int flags, uint32_t answer)
{
	struct insn insns[] = {
		LOAD(4),
		EQUAL(ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(0),
		EQUAL(MARKED, 0, 1),
		RETURN(answer),
		RETURN(SECCOMP_RET_ALLOW),
	};

	return filter_install(flags, insns, LENGTH(insns));
}

static void promise(void)
{
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int status_of_child(void (*run)(void))
{
	pid_t pid = fork();

	if (!pid) {
		run();
		_exit(0);
	}
	return abi_wait(pid);
}

static void strict_then_write(void)
{
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	if (syscall(SYS_write, 1, "", 0) == 0)
		syscall(SYS_exit, 7);
}

static void strict_then_getpid(void)
{
	CHECK(!syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
	syscall(SYS_getpid);
}

ABI_CASE(strict_mode_leaves_four_calls)
{
	int status = status_of_child(strict_then_write);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	status = status_of_child(strict_then_getpid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_ERR(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &status), EINVAL);
}

ABI_CASE(filter_gives_an_errno)
{
	promise();
	CHECK(prctl(PR_GET_SECCOMP) == 0);
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | ENOTTY));
	CHECK(prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER);
	CHECK_ERR(syscall(MARKED, 0), ENOTTY);
	CHECK(syscall(SYS_getpid) > 0);
	CHECK_ERR(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), EINVAL);
}

ABI_CASE(strongest_answer_of_several_filters_holds)
{
	promise();
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | ENOTTY));
	CHECK(!answer_marked(0, SECCOMP_RET_ALLOW));
	CHECK_ERR(syscall(MARKED, 0), ENOTTY);
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | EDOM));
	CHECK_ERR(syscall(MARKED, 0), EDOM);
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | 0));
	CHECK(syscall(MARKED, 12345) == 0);
}

ABI_CASE(filter_reads_arguments)
{
	struct insn insns[] = {
		LOAD(0), EQUAL(MARKED, 0, 3), LOAD(16), EQUAL(77, 0, 1), RETURN(SECCOMP_RET_ERRNO | EXDEV), RETURN(SECCOMP_RET_ALLOW),
	};

	promise();
	CHECK(!filter_install(0, insns, LENGTH(insns)));
	CHECK_ERR(syscall(MARKED, 77), EXDEV);
	CHECK(syscall(MARKED, 0) >= 0);
}

static void kill_process(void)
{
	promise();
	CHECK(!answer_marked(0, SECCOMP_RET_KILL_PROCESS));
	signal(SIGSYS, SIG_IGN);
	syscall(MARKED, 0);
}

static void *call_marked(void *arg)
{
	syscall(MARKED, 0);
	return arg;
}

static void *sleep_and_exit(void *arg)
{
	usleep(200000);
	_exit(9);
	return arg;
}

/* Nobody can wait for the thread that is killed with pthread_join(): its word is cleared all the same. */
static void kill_thread(void)
{
	pthread_t killed, other;

	promise();
	CHECK(!answer_marked(0, SECCOMP_RET_KILL_THREAD));
	CHECK(!pthread_create(&other, NULL, sleep_and_exit, NULL) && !pthread_create(&killed, NULL, call_marked, NULL));
	for (;;)
		pause();
}

ABI_CASE(filter_kills_process_or_thread)
{
	int status = status_of_child(kill_process);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = status_of_child(kill_thread);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static volatile siginfo_t trapped;

static void note_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	memcpy((void *)&trapped, info, sizeof(*info));
}

ABI_CASE(filter_traps_with_the_number_of_the_call)
{
	struct sigaction action = { .sa_sigaction = note_trap, .sa_flags = SA_SIGINFO };
	struct {
		void *address;
		int nr;
		unsigned int arch;
	} call;

	promise();
	CHECK(!sigaction(SIGSYS, &action, NULL));
	CHECK(!answer_marked(0, SECCOMP_RET_TRAP | 0x123));
	CHECK(syscall(MARKED, 0) == MARKED);
	memcpy(&call, (char *)&trapped + 16, sizeof(call));
	CHECK(trapped.si_signo == SIGSYS && trapped.si_code == 1 && trapped.si_errno == 0x123);
	CHECK(call.nr == MARKED && call.arch == ARCH_X86_64 && call.address);
}

ABI_CASE(filter_without_a_tracer_gives_enosys)
{
	promise();
	CHECK(!answer_marked(0, SECCOMP_RET_TRACE | 5));
	CHECK_ERR(syscall(MARKED, 0), ENOSYS);
	CHECK(syscall(SYS_getpid) > 0);
}

static void traced_child(void)
{
	promise();
	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	CHECK(!answer_marked(0, SECCOMP_RET_TRACE | 0x55));
	_exit(syscall(MARKED, 0) == syscall(SYS_getpgrp) ? 3 : 4);
}

ABI_CASE(filter_asks_the_tracer)
{
	unsigned long message = 0;
	pid_t pid = fork();
	int status;

	if (!pid)
		traced_child();
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)OPTION_SECCOMP));
	CHECK(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	CHECK(waitpid(pid, &status, 0) == pid && status >> 8 == (SIGTRAP | EVENT_SECCOMP << 8));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) && message == 0x55);
	CHECK(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void exec_self(void)
{
	promise();
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | ENOTTY));
	execl(abi_self, abi_self, "@seccomp", (char *)NULL);
	_exit(1);
}

/* The role @seccomp: the mode that /proc tells, as an exit status. */
int seccomp_status(void)
{
	char line[128];
	unsigned int mode = 99;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %u", &mode) == 1)
			break;
	return syscall(MARKED, 0) == -1 && errno == ENOTTY ? (int)mode : 50;
}

ABI_CASE(filters_go_with_children_and_programs)
{
	int status = status_of_child(exec_self);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

static int other_errno;

static void *wait_and_call(void *gate)
{
	char byte;

	if (read(*(int *)gate, &byte, 1) != 1)
		_exit(1);
	other_errno = syscall(MARKED, 0) == -1 ? errno : 0;
	return NULL;
}

ABI_CASE(filters_are_given_to_all_threads_when_asked)
{
	pthread_t other;
	int gate[2];

	promise();
	CHECK(!pipe(gate) && !pthread_create(&other, NULL, wait_and_call, &gate[0]));
	CHECK(!answer_marked(SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_RET_ERRNO | ENOTTY));
	CHECK(write(gate[1], "x", 1) == 1 && !pthread_join(other, NULL) && other_errno == ENOTTY);
}

static void *own_filter(void *gate)
{
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | EDOM));
	return wait_and_call(gate);
}

ABI_CASE(thread_with_filters_of_its_own_is_named)
{
	pthread_t other;
	int gate[2];

	promise();
	CHECK(!pipe(gate) && !pthread_create(&other, NULL, own_filter, &gate[0]));
	while (answer_marked(SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_RET_ALLOW) == 0)
		usleep(1000);
	CHECK(answer_marked(SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_RET_ALLOW) > 0);
	CHECK(write(gate[1], "x", 1) == 1 && !pthread_join(other, NULL) && other_errno == EDOM);
}

ABI_CASE(filters_are_checked)
{
	struct insn bad = { 0x28, 0, 0, 0 }, end = RETURN(SECCOMP_RET_ALLOW);
	struct insn behind[] = { LOAD(64), end };
	uint32_t action = SECCOMP_RET_ERRNO, none = 0x00010000;

	promise();
	CHECK_ERR(filter_install(0, &bad, 1), EINVAL);
	CHECK_ERR(filter_install(0, behind, 2), EINVAL);
	CHECK_ERR(filter_install(0, &end, 0), EINVAL);
	CHECK_ERR(filter_install(0, (void *)8, 1), EFAULT);
	CHECK_ERR(filter_install(0x8000, &end, 1), EINVAL);
	CHECK_ERR(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_seccomp, 99, 0, NULL), EINVAL);
	CHECK(!syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
	CHECK_ERR(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &none), EOPNOTSUPP);
	CHECK_ERR(prctl(PR_SET_SECCOMP, 77), EINVAL);
}

static void without_promise(void)
{
	if (setresuid(1000, 1000, 1000))
		_exit(1);
	_exit(answer_marked(0, SECCOMP_RET_ALLOW) == -1 && errno == EACCES ? 3 : 4);
}

ABI_CASE(filters_need_a_promise_or_a_privilege)
{
	int status = status_of_child(without_promise);

	CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 3 || getuid()));
}

/* They have a short form, without a frame on the kernel's stack, that a process with a filter does not get. */
static void reading_calls(void)
{
	static const int calls[] = { SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_getgid, SYS_geteuid, SYS_getegid };
	long before[LENGTH(calls)];

	CHECK(!setresgid(101, 102, 103) && !setresuid(104, 105, 106));
	for (size_t i = 0; i < LENGTH(calls); i++)
		before[i] = syscall(calls[i]);
	CHECK(before[3] == 104 && before[4] == 101 && before[5] == 105 && before[6] == 102);
	promise();
	CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | 77));
	for (size_t i = 0; i < LENGTH(calls); i++)
		CHECK(syscall(calls[i]) == before[i]);
}

ABI_CASE(calls_that_only_read_answer_alike_with_a_filter)
{
	CHECK(status_of_child(reading_calls) == 0);
}

struct metadata {
	uint64_t index, flags;
};

/* Another process has to ask: who is filtered may not. */
ABI_CASE(a_tracer_reads_filters)
{
	struct metadata of = { 1, 99 };
	struct insn insns[16];
	int status;
	pid_t pid = fork();

	if (!pid) {
		promise();
		CHECK(!answer_marked(0, SECCOMP_RET_ERRNO | ENOTTY) && !answer_marked(2, SECCOMP_RET_ALLOW));	/* the second: LOG */
		CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(syscall(SYS_ptrace, 0x420d, pid, sizeof(of), &of) == sizeof(of) && of.index == 1 && of.flags == 2);
	of.index = 0;
	CHECK(syscall(SYS_ptrace, 0x420d, pid, sizeof(of), &of) == sizeof(of) && of.flags == 0);
	of.index = 2;
	CHECK_ERR(syscall(SYS_ptrace, 0x420d, pid, sizeof(of), &of), ENOENT);
	CHECK_ERR(syscall(SYS_ptrace, 0x420d, pid, 4, &of), EINVAL);
	CHECK(syscall(SYS_ptrace, 0x420c, pid, 0, NULL) == 7 && syscall(SYS_ptrace, 0x420c, pid, 0, insns) == 7);
	CHECK(insns[5].code == 0x06 && insns[5].k == (SECCOMP_RET_ERRNO | ENOTTY));
	CHECK_ERR(syscall(SYS_ptrace, 0x420c, pid, 2, NULL), ENOENT);
	CHECK(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid);
}
