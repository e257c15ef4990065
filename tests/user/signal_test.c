// SPDX-License-Identifier: GPL-2.0
/* Signals: handlers, frames, masks, restart, alternate stacks, queues, timers. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include "abi.h"

static volatile sig_atomic_t count, last;
static siginfo_t last_info;

static void note(int sig)
{
	count++;
	last = sig;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
	count++;
	last = sig;
	last_info = *info;
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction a = { .sa_handler = fn, .sa_flags = flags };

	CHECK(sigaction(sig, &a, NULL) == 0);
}

static void handle_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction a = { .sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO };

	CHECK(sigaction(sig, &a, NULL) == 0);
}

ABI_CASE(handler_runs_and_returns)
{
	volatile double d = 1.5;

	handle(SIGUSR1, note, 0);
	raise(SIGUSR1);
	CHECK(count == 1 && last == SIGUSR1 && d == 1.5);
}

ABI_CASE(siginfo_names_the_sender)
{
	handle_info(SIGUSR1, note_info, 0);
	kill(getpid(), SIGUSR1);
	CHECK(count == 1 && last_info.si_pid == getpid() && last_info.si_code == SI_USER && last_info.si_uid == getuid());
}

ABI_CASE(blocked_signal_waits)
{
	sigset_t set, pending;

	handle(SIGUSR1, note, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK(count == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(count == 1);
}

ABI_CASE(realtime_signals_queue_with_values)
{
	union sigval value;
	sigset_t set;

	handle_info(SIGRTMIN, note_info, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 3; i++) {
		value.sival_int = 100 + i;
		CHECK(sigqueue(getpid(), SIGRTMIN, value) == 0);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(count == 3 && last_info.si_value.sival_int == 102 && last_info.si_code == SI_QUEUE);
}

static sigjmp_buf jump;

static void jump_back(int sig, siginfo_t *info, void *context)
{
	last_info = *info;
	siglongjmp(jump, 1);
}

ABI_CASE(fault_reaches_its_handler)
{
	handle_info(SIGSEGV, jump_back, 0);
	if (!sigsetjmp(jump, 1))
		*(volatile int *)0x1234 = 1;
	CHECK(last_info.si_signo == SIGSEGV && last_info.si_addr == (void *)0x1234 && last_info.si_code == SEGV_MAPERR);
}

ABI_CASE(write_to_read_only_memory_is_an_access_error)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	handle_info(SIGSEGV, jump_back, 0);
	if (!sigsetjmp(jump, 1))
		*(volatile char *)page = 1;
	CHECK(last_info.si_addr == page && last_info.si_code == SEGV_ACCERR);
}

ABI_CASE(division_by_zero_is_sigfpe)
{
	volatile int zero = 0;

	handle_info(SIGFPE, jump_back, 0);
	if (!sigsetjmp(jump, 1))
		zero = 100 / zero;
	CHECK(last_info.si_signo == SIGFPE && last_info.si_code == FPE_INTDIV);
}

static void change_context(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_RIP] += 2;	/* past UD2 */
	uc->uc_mcontext.gregs[REG_RAX] = 77;
}

ABI_CASE(handler_may_change_the_context)
{
	long rax = 1;

	handle_info(SIGILL, change_context, 0);
	__asm__ volatile("ud2" : "+a"(rax));
	CHECK(rax == 77);
}

ABI_CASE(xmm_registers_survive_a_handler)
{
	unsigned long low = 0x1122334455667788ul, out;

	handle(SIGUSR1, note, 0);
	__asm__ volatile("movq %1, %%xmm7\n\tmovq %%xmm7, %0" : "=r"(out) : "r"(low) : "xmm7");
	__asm__ volatile("movq %3, %%xmm7\n\tsyscall\n\tmovq %%xmm7, %1"
			 : "=a"(low), "=r"(out) : "a"((long)SYS_tkill), "r"(0x1122334455667788ul), "D"(syscall(SYS_gettid)), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory", "xmm7");
	CHECK(count == 1 && out == 0x1122334455667788ul);
}

static char *alt;

static void on_alt(int sig)
{
	char here;

	count += &here >= alt && &here < alt + 65536;
}

ABI_CASE(alternate_stack_is_used)
{
	stack_t s = { 0 }, old;

	alt = malloc(65536);
	s.ss_sp = alt;
	s.ss_size = 65536;
	CHECK(sigaltstack(&s, NULL) == 0);
	handle(SIGUSR1, on_alt, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(count == 1 && sigaltstack(NULL, &old) == 0 && old.ss_sp == alt && !(old.ss_flags & SS_ONSTACK));
	s.ss_size = 100;
	CHECK_ERR(sigaltstack(&s, NULL), ENOMEM);
}

ABI_CASE(stack_overflow_is_caught_on_the_alternate_stack)
{
	stack_t s = { 0 };

	s.ss_sp = malloc(65536);
	s.ss_size = 65536;
	sigaltstack(&s, NULL);
	handle_info(SIGSEGV, jump_back, SA_ONSTACK);
	if (!sigsetjmp(jump, 1)) {
		volatile char *sp = __builtin_alloca(16);

		for (;;)
			*(sp -= 4096) = 1;
	}
	CHECK(last_info.si_signo == SIGSEGV);
}

ABI_CASE(one_shot_handler_is_reset)
{
	struct sigaction now;

	handle(SIGUSR1, note, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK(count == 1 && sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
}

/* Again and again: the first may come before there is anything to interrupt. */
static void timer_every(long us)
{
	struct itimerval it = { { us / 1000000, us % 1000000 }, { us / 1000000, us % 1000000 } };

	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
}

static int pipes[2];

static void write_later(int sig)
{
	count++;
	write(pipes[1], "x", 1);
}

ABI_CASE(read_is_restarted_when_asked)
{
	char byte = 0;

	CHECK(pipe(pipes) == 0);
	handle(SIGALRM, write_later, SA_RESTART);
	timer_every(50000);
	CHECK(read(pipes[0], &byte, 1) == 1 && byte == 'x' && count > 0);
}

ABI_CASE(read_is_interrupted_otherwise)
{
	char byte;

	CHECK(pipe(pipes) == 0);
	handle(SIGALRM, note, 0);
	timer_every(50000);
	CHECK_ERR(read(pipes[0], &byte, 1), EINTR);
	CHECK(count > 0);
}

ABI_CASE(nanosleep_reports_what_is_left)
{
	struct timespec ts = { 3600, 0 }, left = { 0 };

	handle(SIGALRM, note, SA_RESTART);
	timer_every(100000);
	CHECK_ERR(nanosleep(&ts, &left), EINTR);
	CHECK(left.tv_sec >= 3500 && left.tv_sec < 3600);
}

ABI_CASE(stop_and_continue_do_not_end_a_sleep)
{
	struct timespec a, b, ts = { 0, 400000000 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (nanosleep(&ts, NULL))
			_exit(1);
		clock_gettime(CLOCK_MONOTONIC, &b);
		_exit((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 390 ? 2 : 0);
	}
	usleep(50000);
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	kill(pid, SIGCONT);
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(sigsuspend_waits_with_another_mask)
{
	sigset_t block, none, now;

	handle(SIGALRM, note, 0);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	timer_every(20000);
	usleep(40000);
	CHECK(count == 0);
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK(count == 1 && sigprocmask(0, NULL, &now) == 0 && sigismember(&now, SIGALRM));
}

ABI_CASE(sigtimedwait_takes_a_signal)
{
	struct timespec ts = { 0, 20000000 }, longer = { 50, 0 };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_ERR(sigtimedwait(&set, &info, &ts), EAGAIN);
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(4);
	}
	CHECK(sigtimedwait(&set, &info, &longer) == SIGCHLD && info.si_pid == pid && info.si_status == 4);
	abi_wait(pid);
}

ABI_CASE(sigchld_tells_of_a_child)
{
	pid_t pid;

	handle_info(SIGCHLD, note_info, 0);
	pid = fork();
	if (pid == 0)
		_exit(6);
	while (!count)
		usleep(1000);
	CHECK(last_info.si_pid == pid && last_info.si_code == CLD_EXITED && last_info.si_status == 6);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 6);
}

ABI_CASE(interval_timer_repeats)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } };

	handle(SIGALRM, note, 0);
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	while (count < 5)
		pause();
}

ABI_CASE(posix_timer_sends_its_value)
{
	struct sigevent event = { 0 };
	struct itimerspec it = { { 0, 0 }, { 0, 10000000 } };
	timer_t timer;

	handle_info(SIGUSR2, note_info, 0);
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGUSR2;
	event.sigev_value.sival_int = 55;
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &it, NULL) == 0);
	while (!count)
		usleep(1000);
	CHECK(last_info.si_code == SI_TIMER && last_info.si_value.sival_int == 55);
	CHECK(timer_delete(timer) == 0);
	CHECK(timer_delete(timer) != 0);
}

ABI_CASE(alarm_is_inherited_by_exec_only)
{
	pid_t pid;

	alarm(60);
	pid = fork();
	if (pid == 0)
		_exit(alarm(0) == 0 ? 0 : 1);
	CHECK(abi_wait(pid) == 0);
	CHECK(alarm(0) > 0);
}

ABI_CASE(bad_signal_frames_end_in_sigsegv)
{
	pid_t pid = fork();

	if (pid == 0) {
		__asm__ volatile("movq $0x1000, %%rsp\n\tmovl $15, %%eax\n\tsyscall" ::: "memory");
		_exit(0);
	}
	CHECK(WTERMSIG(abi_wait(pid)) == SIGSEGV);
}

static void wild_context(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_RIP] = 0x8000000000001234;
	uc->uc_mcontext.gregs[REG_EFL] = ~0l;
}

ABI_CASE(wild_rip_in_a_frame_ends_in_sigsegv)
{
	pid_t pid = fork();

	if (pid == 0) {
		handle_info(SIGUSR1, wild_context, 0);
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK(WTERMSIG(abi_wait(pid)) == SIGSEGV);
}

static void wild_flags(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	count++;
	uc->uc_mcontext.gregs[REG_EFL] = 0x3000 | 0x20000 | 0x80000;	/* IOPL 3, VM, VIF; no IF */
}

ABI_CASE(privileged_flags_in_a_frame_are_dropped)
{
	unsigned long flags;

	handle_info(SIGUSR1, wild_flags, 0);
	raise(SIGUSR1);
	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	CHECK(count == 1 && (flags & 0x3000) == 0 && (flags & 0x200));
}

ABI_CASE(kill_and_stop_cannot_be_caught)
{
	struct sigaction a = { .sa_handler = note };

	CHECK_ERR(sigaction(SIGKILL, &a, NULL), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &a, NULL), EINVAL);
	CHECK_ERR(sigaction(65, &a, NULL), EINVAL);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(32766, SIGTERM), ESRCH);
}

ABI_CASE(a_full_queue_refuses_values_but_no_plain_kill)
{
	struct rlimit few = { 2, 2 };
	union sigval value = { .sival_int = 1 };
	sigset_t mask;

	sigfillset(&mask);
	CHECK(!sigprocmask(SIG_BLOCK, &mask, NULL) && !setrlimit(RLIMIT_SIGPENDING, &few));
	CHECK(!sigqueue(getpid(), SIGRTMIN, value) && !sigqueue(getpid(), SIGRTMIN, value));
	CHECK_ERR(sigqueue(getpid(), SIGRTMIN + 1, value), EAGAIN);
	CHECK(!sigpending(&mask) && !sigismember(&mask, SIGRTMIN + 1));
	CHECK(!kill(getpid(), SIGRTMIN + 1));
	CHECK(!sigpending(&mask) && sigismember(&mask, SIGRTMIN + 1));
}

/* As the kernel has it: the C library's own flag is among these. */
struct action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

ABI_CASE(flags_that_nobody_knows_are_not_kept)
{
	struct action a = { .handler = SIG_IGN, .flags = SA_RESTART | 0x400 | 0x10000 }, now;

	CHECK(!syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8ul));
	CHECK(!syscall(SYS_rt_sigaction, SIGUSR1, NULL, &now, 8ul) && (now.flags & ~0x04000000ul) == SA_RESTART);
}
