// SPDX-License-Identifier: GPL-2.0
/* ptrace: a small debugger and what its child goes through. */
#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "abi.h"

#define STOP(s)		((s) << 8 | 0x7f)
#define EVENT(e)	(STOP(SIGTRAP) | (e) << 16)

static volatile long watched = 1;
static volatile int handled;

static void on_signal(int sig)
{
	handled = sig;
}

/* A child that runs @run after it has stopped for us; its first stop is taken. */
static pid_t child(void (*run)(void), long options)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		run();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == STOP(SIGSTOP));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, options | PTRACE_O_EXITKILL));
	return pid;
}

static int go(pid_t pid, int how, long sig)
{
	int status;

	CHECK(!ptrace(how, pid, 0, sig));
	CHECK(waitpid(pid, &status, __WALL) == pid);
	return status;
}

static void nothing(void)
{
}

ABI_CASE(a_traced_child_ends_as_an_ordinary_one)
{
	pid_t pid = child(nothing, 0);
	int status = go(pid, PTRACE_CONT, 0);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_ERR(waitpid(pid, &status, 0), ECHILD);
	CHECK_ERR(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
}

static void ask_pid(void)
{
	if (syscall(SYS_getppid, 11, 22, 33) == 4242)
		_exit(7);
}

ABI_CASE(system_calls_stop_twice_and_can_be_changed)
{
	pid_t pid = child(ask_pid, PTRACE_O_TRACESYSGOOD);
	struct user_regs_struct r;
	int seen = 0;

	while (!seen) {
		CHECK(go(pid, PTRACE_SYSCALL, 0) == STOP(SIGTRAP | 0x80));
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &r));
		CHECK((long)r.rax == -ENOSYS);
		if (r.orig_rax == SYS_getppid) {
			seen = 1;
			CHECK(r.rdi == 11 && r.rsi == 22 && r.rdx == 33);
		}
		CHECK(go(pid, PTRACE_SYSCALL, 0) == STOP(SIGTRAP | 0x80));
	}
	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &r) && r.rax == (unsigned long)getpid());
	r.rax = 4242;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &r));
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 7);
}

ABI_CASE(a_call_can_be_left_out)
{
	pid_t pid = child(ask_pid, PTRACE_O_TRACESYSGOOD);
	struct user_regs_struct r;

	do {
		CHECK(go(pid, PTRACE_SYSCALL, 0) == STOP(SIGTRAP | 0x80));
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &r));
	} while (r.orig_rax != SYS_getppid);
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L));
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), 4242L));
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 7);
}

static void raise_usr1(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	raise(SIGUSR1);
	_exit(handled);
}

static void wait_twice(void)
{
	int ends[2];
	char c;

	signal(SIGUSR1, on_signal);
	CHECK(!pipe(ends));
	pause();
	CHECK(read(ends[0], &c, 1) == -1);
}

/* What the child's call @nr returns at its end when SIGUSR1 comes meanwhile. */
static long result_of(pid_t pid, long nr)
{
	struct user_regs_struct r;

	do {
		CHECK(go(pid, PTRACE_SYSCALL, 0) == STOP(SIGTRAP | 0x80));
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &r));
	} while ((long)r.orig_rax != nr);
	CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, 0));
	abi_await_call(pid, nr);
	CHECK(!kill(pid, SIGUSR1));
	CHECK(waitpid(pid, NULL, 0) == pid && !ptrace(PTRACE_GETREGS, pid, 0, &r));
	CHECK(go(pid, PTRACE_SYSCALL, 0) == STOP(SIGUSR1));
	CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, SIGUSR1) && waitpid(pid, NULL, 0) == pid);	/* the handler's return */
	return (long)r.rax;
}

ABI_CASE(a_tracer_sees_how_an_interrupted_call_goes_on)
{
	pid_t pid = child(wait_twice, PTRACE_O_TRACESYSGOOD);

	CHECK(result_of(pid, SYS_pause) == -514);	/* ERESTARTNOHAND */
	CHECK(result_of(pid, SYS_read) == -512);	/* ERESTARTSYS */
	CHECK(!kill(pid, SIGKILL) && WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(signals_are_seen_changed_and_dropped)
{
	siginfo_t info;
	pid_t pid = child(raise_usr1, 0);

	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGUSR1));
	CHECK(!ptrace(PTRACE_GETSIGINFO, pid, 0, &info) && info.si_signo == SIGUSR1 && info.si_code == SI_TKILL && info.si_pid == pid);
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 0);
	pid = child(raise_usr1, 0);
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGUSR1));
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, SIGUSR2)) == SIGUSR2);
	pid = child(raise_usr1, 0);
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGUSR1));
	CHECK(WTERMSIG(go(pid, PTRACE_CONT, SIGTERM)) == SIGTERM);
}

static void write_watched(void)
{
	watched = 2;
	_exit(watched);
}

static void spin(void)
{
	for (;;)
		watched++;
}

/* A case that fails leaves its child behind: it must not run for ever. */
static void spin_for_a_while(void)
{
	alarm(30);
	spin();
}

ABI_CASE(memory_is_read_and_written_also_where_it_is_read_only)
{
	const long *text = (const long *)(uintptr_t)write_watched;
	pid_t pid = child(write_watched, 0);
	long word;

	watched = 99;
	errno = 0;
	CHECK(ptrace(PTRACE_PEEKDATA, pid, &watched, 0) == 1 && !errno);
	CHECK(!ptrace(PTRACE_POKEDATA, pid, &watched, 5L) && ptrace(PTRACE_PEEKDATA, pid, &watched, 0) == 5 && watched == 99);
	word = ptrace(PTRACE_PEEKTEXT, pid, text, 0);
	CHECK(word == *text);
	CHECK(!ptrace(PTRACE_POKETEXT, pid, text, (word & ~0xffl) | 0xcc));
	CHECK(word == *text);
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGTRAP));
	CHECK(ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), 0) == (long)text + 1);
	CHECK(!ptrace(PTRACE_POKETEXT, pid, text, word) && !ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rip), text));
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 2);
	CHECK_ERR(ptrace(PTRACE_PEEKDATA, pid, 8, 0), ESRCH);
	pid = child(nothing, 0);
	CHECK_ERR(ptrace(PTRACE_PEEKDATA, pid, 8, 0), EIO);
	CHECK_ERR(ptrace(PTRACE_PEEKUSER, pid, 4096, 0), EIO);
	CHECK_ERR(ptrace(PTRACE_PEEKUSER, pid, 3, 0), EIO);
}

ABI_CASE(single_steps_go_one_instruction)
{
	pid_t pid = child(ask_pid, 0);
	struct user_regs_struct before, after;
	int steps = 0, calls = 0;
	long word;

	for (; steps < 3000 && !calls; steps++) {
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &before));
		word = ptrace(PTRACE_PEEKTEXT, pid, before.rip, 0);
		CHECK(go(pid, PTRACE_SINGLESTEP, 0) == STOP(SIGTRAP));
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &after));
		CHECK(!(after.eflags & 0x100));
		if ((word & 0xffff) == 0x050f) {
			CHECK(after.rip == before.rip + 2);
			calls += before.rax == SYS_getppid;
		}
	}
	CHECK(calls == 1 && steps > 3);
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 0);
}

ABI_CASE(a_watchpoint_stops_at_the_write)
{
	pid_t pid = child(write_watched, 0);
	siginfo_t info;

	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), &watched));
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), 0x000d0001l));
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGTRAP));
	CHECK(!ptrace(PTRACE_GETSIGINFO, pid, 0, &info) && info.si_code == 4);
	CHECK(ptrace(PTRACE_PEEKDATA, pid, &watched, 0) == 2);
	CHECK(ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[6]), 0) & 1);
	CHECK_ERR(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), -4096l), EINVAL);
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 2);
}

ABI_CASE(a_hardware_breakpoint_stops_before_the_instruction_once)
{
	pid_t pid = child(write_watched, 0);

	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[1]), write_watched));
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), 0x4l));
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGTRAP));
	CHECK(ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), 0) == (long)write_watched);
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 2);
}

ABI_CASE(a_debugger_writes_no_selector_of_the_kernel_s_and_reads_no_further_than_the_user_area)
{
	pid_t pid = child(write_watched, 0);
	struct user_regs_struct regs;

	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs) && !ptrace(PTRACE_SETREGS, pid, 0, &regs));
	CHECK_ERR(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, cs), 0), EIO);
	CHECK_ERR(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, ss), 0), EIO);
	CHECK_ERR(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, cs), regs.cs & ~3ul), EIO);
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), 0x2000l));
	errno = 0;
	CHECK(ptrace(PTRACE_PEEKUSER, pid, 920l, 0) == 0 && errno == 0);
	CHECK_ERR(ptrace(PTRACE_PEEKUSER, pid, 928l, 0), EIO);
	CHECK_ERR(ptrace(PTRACE_POKEUSER, pid, 920l, 0), EIO);
	kill(pid, SIGKILL);
}

static void fork_once(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(3);
	waitpid(pid, NULL, 0);
	_exit(4);
}

/* With PTRACE_O_TRACESYSGOOD, whose bit is not an event's. */
ABI_CASE(a_fork_that_is_no_event_stops_nobody)
{
	pid_t pid = child(fork_once, PTRACE_O_TRACESYSGOOD);
	int status = go(pid, PTRACE_CONT, 0);

	while (status == STOP(SIGCHLD))
		status = go(pid, PTRACE_CONT, SIGCHLD);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 4);
}

ABI_CASE(a_fork_is_an_event_and_its_child_is_traced)
{
	pid_t pid = child(fork_once, PTRACE_O_TRACEFORK), got;
	unsigned long grandchild = 0;
	int status;

	CHECK(go(pid, PTRACE_CONT, 0) == EVENT(PTRACE_EVENT_FORK));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &grandchild) && grandchild > 1);
	CHECK(waitpid(grandchild, &status, __WALL) == (pid_t)grandchild && status == STOP(SIGSTOP));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(!ptrace(PTRACE_CONT, grandchild, 0, 0));
	got = waitpid(-1, &status, __WALL);
	CHECK(got == (pid_t)grandchild && WEXITSTATUS(status) == 3);
	for (got = waitpid(pid, &status, 0); WIFSTOPPED(status); got = waitpid(pid, &status, 0))
		CHECK(!ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status)));
	CHECK(got == pid && WEXITSTATUS(status) == 4);
}

static void exec_self(void)
{
	close(1);	/* the new program prints a plan */
	execl(abi_self, abi_self, "no_such_case", NULL);
	_exit(9);
}

ABI_CASE(exec_and_exit_are_events)
{
	pid_t pid = child(exec_self, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	unsigned long message;

	CHECK(go(pid, PTRACE_CONT, 0) == EVENT(PTRACE_EVENT_EXEC));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) && message == (unsigned long)pid);
	CHECK(go(pid, PTRACE_CONT, 0) == EVENT(PTRACE_EVENT_EXIT));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) && message == 0);
	CHECK(WIFEXITED(go(pid, PTRACE_CONT, 0)));
	pid = child(exec_self, 0);
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGTRAP));
	CHECK(WIFEXITED(go(pid, PTRACE_CONT, 0)));
}

static void *thread_body(void *arg)
{
	(void)arg;
	return NULL;
}

static void one_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread_body, NULL);
	pthread_join(t, NULL);
	_exit(6);
}

ABI_CASE(threads_are_traced_one_by_one)
{
	pid_t pid = child(one_thread, PTRACE_O_TRACECLONE), got;
	unsigned long tid;
	int status, leader = 0, thread = 0;

	CHECK(go(pid, PTRACE_CONT, 0) == EVENT(PTRACE_EVENT_CLONE));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &tid));
	CHECK(waitpid(tid, &status, __WALL) == (pid_t)tid && status == STOP(SIGSTOP));
	CHECK(!ptrace(PTRACE_CONT, tid, 0, 0) && !ptrace(PTRACE_CONT, pid, 0, 0));
	while ((got = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			CHECK(!ptrace(PTRACE_CONT, got, 0, WSTOPSIG(status)));
			continue;
		}
		CHECK(WIFEXITED(status));
		*(got == pid ? &leader : &thread) += 1;
	}
	CHECK(errno == ECHILD && leader == 1 && thread == 1 && WEXITSTATUS(status) == 6);
}

ABI_CASE(attach_stops_and_detach_lets_go)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		spin_for_a_while();
	CHECK(!ptrace(PTRACE_ATTACH, pid, 0, 0));
	CHECK_ERR(ptrace(PTRACE_ATTACH, pid, 0, 0), EPERM);
	CHECK(waitpid(pid, &status, 0) == pid && status == STOP(SIGSTOP));
	CHECK(ptrace(PTRACE_PEEKDATA, pid, &watched, 0) >= 1);
	CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0));
	CHECK_ERR(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(seize_and_interrupt_leave_no_signal_behind)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		spin_for_a_while();
	CHECK(!ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
	for (int i = 0; i < 3; i++) {
		CHECK(!ptrace(PTRACE_INTERRUPT, pid, 0, 0));
		CHECK(waitpid(pid, &status, 0) == pid && status == EVENT(PTRACE_EVENT_STOP));
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	}
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, 0) == pid && status == STOP(SIGSTOP));
	CHECK(go(pid, PTRACE_CONT, SIGSTOP) == (STOP(SIGSTOP) | PTRACE_EVENT_STOP << 16));
	CHECK(!ptrace(PTRACE_LISTEN, pid, 0, 0));
	kill(pid, SIGCONT);
	CHECK(waitpid(pid, &status, 0) == pid && status == EVENT(PTRACE_EVENT_STOP));
	CHECK(go(pid, PTRACE_CONT, 0) == STOP(SIGCONT));
	CHECK(WTERMSIG(go(pid, PTRACE_CONT, SIGKILL)) == SIGKILL);
}

ABI_CASE(register_sets_go_in_and_out)
{
	pid_t pid = child(nothing, 0);
	struct user_regs_struct r;
	struct user_fpregs_struct fp;
	char state[8192];
	struct iovec v = { &r, sizeof(r) }, x = { state, sizeof(state) };

	CHECK(!ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) && v.iov_len == sizeof(r));
	CHECK(r.cs && r.rip && r.fs_base);
	CHECK(!ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v));
	CHECK(!ptrace(PTRACE_GETFPREGS, pid, 0, &fp) && fp.mxcsr == 0x1f80);
	fp.xmm_space[0] = 0x12345678;
	CHECK(!ptrace(PTRACE_SETFPREGS, pid, 0, &fp));
	memset(&fp, 0, sizeof(fp));
	CHECK(!ptrace(PTRACE_GETFPREGS, pid, 0, &fp) && fp.xmm_space[0] == 0x12345678);
	if (!ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &x))
		CHECK(x.iov_len >= 576 && (state[464] & 3) == 3 && !ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &x));
	else
		CHECK(errno == ENODEV);
	r.fs_base = -4096;
	CHECK_ERR(ptrace(PTRACE_SETREGS, pid, 0, &r), EIO);
	CHECK_ERR(ptrace(PTRACE_GETREGSET, pid, 77, &v), EINVAL);
	CHECK(WEXITSTATUS(go(pid, PTRACE_CONT, 0)) == 0);
}

ABI_CASE(a_dead_tracer_kills_or_frees)
{
	int status;
	pid_t tracer, pid = fork();

	if (pid == 0)
		spin_for_a_while();
	for (int kills = 0; kills < 2; kills++) {
		tracer = fork();
		if (tracer == 0)
			_exit(ptrace(PTRACE_SEIZE, pid, 0, kills ? PTRACE_O_EXITKILL : 0) != 0);
		CHECK(abi_wait(tracer) == 0);
		if (!kills)
			CHECK(waitpid(pid, &status, WNOHANG) == 0);
	}
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(a_stranger_s_tracee_is_reported_to_it_first)
{
	int status, p[2];
	pid_t tracer, pid = fork();
	char c;

	CHECK(!pipe(p));
	if (pid == 0)
		spin_for_a_while();
	tracer = fork();
	if (tracer == 0) {
		CHECK(!ptrace(PTRACE_SEIZE, pid, 0, 0) && write(p[1], "s", 1) == 1);
		CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGKILL);
		_exit(0);
	}
	CHECK(read(p[0], &c, 1) == 1);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGKILL);
	CHECK(abi_wait(tracer) == 0);
}

ABI_CASE(tracing_has_its_rights)
{
	pid_t pid = fork();

	if (pid == 0)
		spin_for_a_while();
	CHECK_ERR(ptrace(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
	CHECK_ERR(ptrace(PTRACE_ATTACH, 30000, 0, 0), ESRCH);
	CHECK_ERR(ptrace(PTRACE_SEIZE, pid, 0, 0x80000000ul), EIO);
	CHECK_ERR(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
	if (geteuid() == 0 && fork() == 0) {
		CHECK(!setresuid(65534, 65534, 65534));
		CHECK_ERR(ptrace(PTRACE_ATTACH, pid, 0, 0), EPERM);
		_exit(0);
	}
	if (geteuid() == 0) {
		int status;

		CHECK(wait(&status) > 0 && status == 0);
	}
	kill(pid, SIGKILL);
}

ABI_CASE(killing_a_stopped_tracee_ends_it)
{
	pid_t pid = child(spin, 0);

	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
	pid = child(spin, 0);
	CHECK(!ptrace(PTRACE_KILL, pid, 0, 0));
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

/* Two tracers at a time, each for a moment: one comes while the other's end is under way. */
ABI_CASE(thread_is_traced_again_while_its_tracer_ends)
{
	pid_t victim = fork(), tracer;

	if (victim == 0)
		for (;;)
			pause();
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 2; i++) {
			tracer = fork();
			CHECK(tracer >= 0);
			if (tracer)
				continue;
			/* Where only parents may trace, nobody ever can. */
			for (int tries = 0; ptrace(PTRACE_SEIZE, victim, 0, 0) && tries < 1000; tries++)
				sched_yield();
			_exit(0);
		}
		for (int i = 0; i < 2; i++)
			CHECK(wait(&(int){ 0 }) > 0);
	}
	CHECK(!kill(victim, SIGKILL) && waitpid(victim, &(int){ 0 }, 0) == victim);
}

static void queue_three(void)
{
	union sigval value;
	sigset_t all;

	sigfillset(&all);
	CHECK(!sigprocmask(SIG_BLOCK, &all, NULL) && !ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	for (value.sival_int = 10; value.sival_int < 13; value.sival_int++)
		CHECK(!sigqueue(getpid(), SIGRTMIN, value));
	raise(SIGSTOP);
	_exit(0);
}

ABI_CASE(queued_signals_are_looked_at)
{
	struct {
		uint64_t off;
		uint32_t flags;
		int32_t nr;
	} args = { 1, 1, 4 };
	siginfo_t infos[4];
	pid_t pid = fork();
	int status;

	if (!pid)
		queue_three();
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(syscall(SYS_ptrace, 0x4209, pid, &args, infos) == 2);
	CHECK(infos[0].si_signo == SIGRTMIN && infos[0].si_value.sival_int == 11 && infos[1].si_value.sival_int == 12);
	args.flags = 0;
	CHECK(syscall(SYS_ptrace, 0x4209, pid, &args, infos) == 0);
	args.flags = 2;
	CHECK_ERR(syscall(SYS_ptrace, 0x4209, pid, &args, infos), EINVAL);
	args.flags = 1;
	args.nr = -1;
	CHECK_ERR(syscall(SYS_ptrace, 0x4209, pid, &args, infos), EINVAL);
	CHECK_ERR(syscall(SYS_ptrace, 0x4209, pid, BAD, infos), EFAULT);
	CHECK(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid);
}
