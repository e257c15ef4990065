// SPDX-License-Identifier: GPL-2.0
/* ptrace: tracers and parents that are single threads, and what a tracer is told of system calls or makes of them. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "abi.h"

#define SYSEMU			31
#define SYSEMU_SINGLESTEP	32
#define STOP(s)			((s) << 8 | 0x7f)
#define EVENT(e)		(STOP(SIGTRAP) | (e) << 16)
#define SYSGOOD			STOP(SIGTRAP | 0x80)
#define UNMADE			31337	/* what the tracer answers instead of the kernel */
#define NO_PROCESS		0x3fffffff

struct rseq_configuration {
	uint64_t pointer;
	uint32_t size, signature, flags, pad;
};

struct seccomp_insn {
	unsigned short code;
	unsigned char jt, jf;
	unsigned int k;
};

static pthread_barrier_t meeting;
static pid_t subject;

static void meet(void)
{
	pthread_barrier_wait(&meeting);
}

static pthread_t companion(void *(*run)(void *))
{
	pthread_t t;

	CHECK(!pthread_barrier_init(&meeting, NULL, 2) && !pthread_create(&t, NULL, run, NULL));
	return t;
}

/* A child that has stopped for its tracer, the caller. */
static pid_t traced_child(void (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(30);
		CHECK(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		run();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, __WNOTHREAD) == pid && status == STOP(SIGSTOP));
	return pid;
}

static int go(pid_t pid, int how, long sig)
{
	int status;

	CHECK(!syscall(SYS_ptrace, how, pid, 0, sig));
	CHECK(waitpid(pid, &status, __WALL) == pid);
	return status;
}

static void nothing(void)
{
}

static void linger(void)
{
	for (;;)
		pause();
}

static pid_t lingering_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(30);
		linger();
	}
	return pid;
}

/* ---- Tracers that are threads ---- */

static void *makes_and_traces(void *arg)
{
	subject = traced_child(linger);
	meet();
	meet();
	CHECK(!ptrace(PTRACE_SETOPTIONS, subject, 0, PTRACE_O_EXITKILL));
	return arg;
}

ABI_CASE(only_the_parent_s_thread_traces_and_its_end_is_the_tracer_s)
{
	pthread_t t = companion(makes_and_traces);
	int status;

	meet();
	CHECK_ERR(ptrace(PTRACE_SETOPTIONS, subject, 0, 0), ESRCH);
	CHECK_ERR(ptrace(PTRACE_CONT, subject, 0, 0), ESRCH);
	CHECK_ERR(ptrace(PTRACE_ATTACH, subject, 0, 0), EPERM);
	meet();
	pthread_join(t, NULL);
	CHECK(waitpid(subject, &status, 0) == subject && WTERMSIG(status) == SIGKILL);
}

static void *seizes_and_leaves(void *arg)
{
	CHECK(!ptrace(PTRACE_SEIZE, subject, 0, 0) && !ptrace(PTRACE_INTERRUPT, subject, 0, 0));
	meet();
	meet();
	return arg;
}

ABI_CASE(stops_are_waited_for_by_any_thread_but_not_with_WNOTHREAD)
{
	pid_t middle = fork();
	pthread_t t;
	int status;

	if (middle) {
		CHECK(abi_wait(middle) == 0);
		return;
	}
	/* Not a child of who waits: only tracing brings it here. */
	subject = getppid();
	t = companion(seizes_and_leaves);
	meet();
	CHECK_ERR(waitpid(subject, &status, __WNOTHREAD), ECHILD);
	CHECK(waitpid(subject, &status, 0) == subject && status == EVENT(PTRACE_EVENT_STOP));
	CHECK_ERR(ptrace(PTRACE_CONT, subject, 0, 0), ESRCH);
	meet();
	pthread_join(t, NULL);
	while (waitpid(subject, &status, WNOHANG) == 0)
		usleep(1000);	/* the thread is joined before it lets go */
	CHECK_ERR(waitpid(subject, &status, WNOHANG), ECHILD);
}

static void tracer_line(const char *path, pid_t *tracer)
{
	char line[128];
	FILE *f = fopen(path, "r");

	CHECK(f);
	*tracer = -1;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "TracerPid: %d", tracer);
	fclose(f);
}

static pid_t seizer;

static void *seizes(void *arg)
{
	seizer = (pid_t)syscall(SYS_gettid);
	CHECK(!ptrace(PTRACE_SEIZE, subject, 0, PTRACE_O_EXITKILL));
	meet();
	meet();
	return arg;
}

ABI_CASE(status_names_the_thread_that_traces)
{
	char path[64];
	pthread_t t;
	pid_t tracer;
	int status;

	subject = lingering_child();
	t = companion(seizes);
	meet();
	snprintf(path, sizeof(path), "/proc/%d/status", subject);
	tracer_line(path, &tracer);
	CHECK(tracer == seizer && seizer != getpid());
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", subject, subject);
	tracer_line(path, &tracer);
	CHECK(tracer == seizer);
	meet();
	pthread_join(t, NULL);
	CHECK(waitpid(subject, &status, 0) == subject && WTERMSIG(status) == SIGKILL);
}

static void *makes_a_child(void *arg)
{
	int status;

	subject = lingering_child();
	CHECK(waitpid(subject, &status, __WNOTHREAD | WNOHANG) == 0);
	meet();
	meet();
	return arg;
}

ABI_CASE(a_child_is_the_thread_s_that_made_it_and_then_another_s)
{
	pthread_t t = companion(makes_a_child);
	int status;

	meet();
	CHECK_ERR(waitpid(subject, &status, __WNOTHREAD | WNOHANG), ECHILD);
	CHECK(waitpid(subject, &status, WNOHANG) == 0);
	meet();
	pthread_join(t, NULL);
	kill(subject, SIGTERM);
	do
		status = -1;	/* the thread may still be on its way out */
	while (waitpid(subject, &status, __WNOTHREAD) == -1 && errno == ECHILD);
	CHECK(WTERMSIG(status) == SIGTERM);
}

static int ready[2];

static void *makes_a_child_that_listens(void *arg)
{
	char c;

	subject = fork();
	if (subject == 0) {
		alarm(30);
		CHECK(!prctl(PR_SET_PDEATHSIG, SIGUSR1) && write(ready[1], "r", 1) == 1);
		linger();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	return arg;
}

ABI_CASE(a_thread_s_end_is_a_parent_s_death)
{
	pthread_t t;
	int status;

	CHECK(!pipe(ready));
	t = companion(makes_a_child_that_listens);
	pthread_join(t, NULL);
	CHECK(waitpid(subject, &status, 0) == subject && WTERMSIG(status) == SIGUSR1);
}

ABI_CASE(whatever_is_traced_is_waited_for_as_a_clone_too)
{
	pid_t pid = traced_child(nothing);
	int status;

	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(waitpid(pid, &status, __WCLONE) == pid && WIFEXITED(status));
}

/* ---- A program that another thread than the first starts ---- */

static void *runs_another(void *arg)
{
	(void)arg;
	close(1);	/* the new program prints a plan */
	execl(abi_self, abi_self, "no_such_case", NULL);
	_exit(9);
}

static void thread_that_execs(void)
{
	pthread_t t;

	pthread_create(&t, NULL, runs_another, NULL);
	linger();
}

ABI_CASE(a_thread_that_execs_is_told_of_by_its_old_number_and_ends_once)
{
	pid_t pid = traced_child(thread_that_execs), got;
	unsigned long thread = 0, old = 0;
	int status, ends = 0;

	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));
	/* The thread's first stop is left alone before this one, lest it take over and nobody is told. */
	CHECK(go(pid, PTRACE_CONT, 0) == EVENT(PTRACE_EVENT_CLONE));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &thread) && !ptrace(PTRACE_CONT, pid, 0, 0));
	while ((got = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			ends++;
			CHECK(got == pid);
			continue;
		}
		if (status == EVENT(PTRACE_EVENT_EXEC))
			CHECK(got == pid && !ptrace(PTRACE_GETEVENTMSG, got, 0, &old));
		CHECK(!ptrace(PTRACE_CONT, got, 0, 0) || errno == ESRCH);	/* the first thread gives way at any time */
	}
	CHECK(errno == ECHILD && ends == 1 && thread && old == thread);
}

/* ---- System calls ---- */

static void writes_to_nobody(void)
{
	CHECK(write(ready[1], "x", 1) == UNMADE);
	_exit(5);
}

static void registers(pid_t pid, struct user_regs_struct *r)
{
	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, r));
}

/* On to the call @nr, all before it is made by the kernel. */
static void on_to(pid_t pid, unsigned long long nr)
{
	struct user_regs_struct r;

	for (;;) {
		CHECK(go(pid, PTRACE_SYSCALL, 0) == SYSGOOD);
		registers(pid, &r);
		if (r.orig_rax == nr)
			return;
		CHECK(go(pid, PTRACE_SYSCALL, 0) == SYSGOOD);
	}
}

ABI_CASE(emulated_calls_stop_once_and_are_not_made)
{
	struct user_regs_struct r;
	pid_t pid;
	char c;

	CHECK(!pipe(ready));
	pid = traced_child(writes_to_nobody);
	close(ready[1]);
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	do {	/* what raise() still has to do goes unmade as well */
		CHECK(go(pid, SYSEMU, 0) == SYSGOOD);
		registers(pid, &r);
		CHECK((long)r.rax == -ENOSYS);
	} while (r.orig_rax != SYS_write);
	r.rax = UNMADE;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &r));
	CHECK(go(pid, SYSEMU, 0) == SYSGOOD);
	registers(pid, &r);
	CHECK(r.orig_rax == SYS_exit_group && r.rdi == 5);
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
	CHECK(read(ready[0], &c, 1) == 0);
}

ABI_CASE(steps_stop_at_calls_that_are_emulated)
{
	struct user_regs_struct before, after;
	pid_t pid;
	int status, steps = 0;

	CHECK(!pipe(ready));
	pid = traced_child(writes_to_nobody);
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	do {
		registers(pid, &before);
		status = go(pid, SYSEMU_SINGLESTEP, 0);
		registers(pid, &after);
		CHECK(status == STOP(SIGTRAP) || status == SYSGOOD);
		CHECK(++steps < 3000);
	} while (status != SYSGOOD || after.orig_rax != SYS_write);
	CHECK(after.rip == before.rip + 2);
	after.rax = UNMADE;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &after));
	CHECK(go(pid, SYSEMU_SINGLESTEP, 0) == STOP(SIGTRAP));
	registers(pid, &before);
	CHECK(before.rip != after.rip);
	CHECK(go(pid, PTRACE_CONT, 0) == 5 << 8);
}

static void asks(void)
{
	syscall(SYS_getpgid, NO_PROCESS, 22, 33);
}

ABI_CASE(the_tracer_is_told_of_calls_without_looking_at_registers)
{
	pid_t pid = traced_child(asks);
	struct __ptrace_syscall_info info;
	struct user_regs_struct r;
	unsigned long message;

	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) == 24 && info.op == PTRACE_SYSCALL_INFO_NONE);
	on_to(pid, SYS_getpgid);
	registers(pid, &r);
	CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) == 80 && info.op == PTRACE_SYSCALL_INFO_ENTRY);
	CHECK(info.arch == 0xc000003e && info.instruction_pointer == r.rip && info.stack_pointer == r.rsp);
	CHECK(info.entry.nr == SYS_getpgid && info.entry.args[0] == NO_PROCESS && info.entry.args[1] == 22 && info.entry.args[2] == 33);
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) && message == 1);
	memset(&info, 0xa5, sizeof(info));
	CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, 25, &info) == 80);
	CHECK(info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == ((0xa5a5a5a5a5a5a5a5 & ~0xffull) | SYS_getpgid));
	CHECK(go(pid, PTRACE_SYSCALL, 0) == SYSGOOD);
	CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) == 33 && info.op == PTRACE_SYSCALL_INFO_EXIT);
	CHECK(info.exit.rval == -ESRCH && info.exit.is_error == 1);
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) && message == 2);
	CHECK(WIFEXITED(go(pid, PTRACE_CONT, 0)));
}

/* @answer for getpgid. */
static void filter_getpgid(uint32_t answer)
{
	struct seccomp_insn insns[] = { { 0x20, 0, 0, 0 }, { 0x15, 0, 1, SYS_getpgid }, { 6, 0, 0, answer }, { 6, 0, 0, 0x7fff0000 } };
	struct {
		unsigned short length;
		struct seccomp_insn *insns;
	} program = { 4, insns };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !syscall(SYS_seccomp, 1, 0, &program));
}

static void asks_with_a_filter(void)
{
	filter_getpgid(0x7ff00000 | 77);
	_exit(syscall(SYS_getpgid, 0, 22, 33) > 0 ? 6 : 7);
}

ABI_CASE(the_tracer_is_told_which_call_a_filter_leaves_to_it)
{
	pid_t pid = traced_child(asks_with_a_filter);
	struct __ptrace_syscall_info info;

	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
	CHECK(go(pid, PTRACE_CONT, 0) == EVENT(PTRACE_EVENT_SECCOMP));
	CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) == 84 && info.op == PTRACE_SYSCALL_INFO_SECCOMP);
	CHECK(info.seccomp.nr == SYS_getpgid && info.seccomp.args[1] == 22 && info.seccomp.ret_data == 77);
	CHECK(go(pid, PTRACE_CONT, 0) == 6 << 8);
}

static void asks_what_is_refused(void)
{
	filter_getpgid(0x00050000 | EDOM);
	raise(SIGSTOP);
	_exit(syscall(SYS_getpgid, 0) == -1 && errno == EDOM ? 8 : 9);
}

static int end_under(long options)
{
	pid_t pid = traced_child(asks_what_is_refused);

	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGSTOP));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL | options));
	return go(pid, PTRACE_CONT, 0);
}

ABI_CASE(filters_rest_while_a_privileged_tracer_says_so)
{
	CHECK(end_under(0) == 8 << 8);
	if (geteuid() == 0)
		CHECK(end_under(PTRACE_O_SUSPEND_SECCOMP) == 9 << 8);
	else
		CHECK_ERR(ptrace(PTRACE_SETOPTIONS, traced_child(nothing), 0, PTRACE_O_SUSPEND_SECCOMP), EPERM);
}

static char rseq_area[32] __attribute__((aligned(32)));

static void registers_rseq(void)
{
	syscall(SYS_rseq, rseq_area, sizeof(rseq_area), 0, 0x53053053);
	raise(SIGSTOP);
}

ABI_CASE(the_tracer_learns_where_restartable_sequences_are)
{
	pid_t pid = traced_child(registers_rseq);
	struct rseq_configuration conf;

	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGSTOP));
	CHECK(ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, sizeof(conf), &conf) == sizeof(conf));
	CHECK(conf.pointer && conf.size == 32 && conf.signature == 0x53053053 && !conf.flags && !conf.pad);
	CHECK(WIFEXITED(go(pid, PTRACE_CONT, 0)));
}

ABI_CASE(a_group_stop_has_no_siginfo_unless_the_tracer_seized)
{
	pid_t pid = traced_child(nothing);
	siginfo_t info;

	CHECK(go(pid, PTRACE_CONT, SIGSTOP) == STOP(SIGSTOP));
	CHECK_ERR(ptrace(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL);
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
	pid = lingering_child();
	CHECK(!ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL) && !kill(pid, SIGSTOP));
	CHECK(abi_wait(pid) == STOP(SIGSTOP));
	CHECK(go(pid, PTRACE_CONT, SIGSTOP) == (STOP(SIGSTOP) | PTRACE_EVENT_STOP << 16));
	CHECK(!ptrace(PTRACE_GETSIGINFO, pid, 0, &info) && info.si_signo == SIGSTOP && info.si_code == (SIGSTOP | PTRACE_EVENT_STOP << 8));
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(a_stranger_s_tracee_stops_for_its_parent_too)
{
	int status, p[2];
	pid_t tracer, pid = lingering_child();
	char c;

	CHECK(!pipe(p));
	tracer = fork();
	if (tracer == 0) {
		CHECK(!ptrace(PTRACE_SEIZE, pid, 0, 0) && write(p[1], "s", 1) == 1);
		CHECK(waitpid(pid, &status, 0) == pid && status == STOP(SIGSTOP) && !ptrace(PTRACE_CONT, pid, 0, SIGSTOP));
		CHECK(waitpid(pid, &status, 0) == pid && status >> 8 == (SIGSTOP | PTRACE_EVENT_STOP << 8));
		CHECK(!ptrace(PTRACE_LISTEN, pid, 0, 0) && write(p[1], "l", 1) == 1);
		while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, 0);
		_exit(0);
	}
	CHECK(read(p[0], &c, 1) == 1 && !kill(pid, SIGSTOP));
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && status == STOP(SIGSTOP) && read(p[0], &c, 1) == 1);
	CHECK(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGKILL);
	CHECK(abi_wait(tracer) == 0);
}

static volatile sig_atomic_t code_seen;

static void keep_code(int sig, siginfo_t *info, void *context)
{
	code_seen = info->si_code == SI_KERNEL && !info->si_pid;
}

static void be_told(void)
{
	CHECK(!sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = keep_code, .sa_flags = SA_SIGINFO }, NULL));
	getppid();
	_exit(code_seen ? 5 : 6);
}

ABI_CASE(a_signal_that_ends_the_stop_of_a_call_is_the_kernel_s)
{
	pid_t pid = traced_child(be_told);
	struct user_regs_struct regs;
	int status = 0;

	do {
		CHECK(go(pid, PTRACE_SYSCALL, 0) == STOP(SIGTRAP) && !ptrace(PTRACE_GETREGS, pid, 0, &regs));
	} while (regs.orig_rax != SYS_getppid);
	status = go(pid, PTRACE_SYSCALL, SIGUSR1);
	while (WIFSTOPPED(status))
		status = go(pid, PTRACE_CONT, WSTOPSIG(status) == SIGUSR1 ? SIGUSR1 : 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}
