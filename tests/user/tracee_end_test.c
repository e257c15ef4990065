// SPDX-License-Identifier: GPL-2.0
/* PTRACE_EVENT_EXIT: each traced thread stops at its end, whoever ends it. */
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define STOP(s)		((s) << 8 | 0x7f)
#define EVENT(e)	(STOP(SIGTRAP) | (e) << 16)
#define NR_OTHERS	3
#define OPTIONS		(PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT)

static void *waits(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *runs_a_program(void *arg)
{
	execl("/bin/busybox", "true", NULL);
	_exit(9);
	return arg;
}

/* A traced child with NR_OTHERS threads besides; the last of them, or the first if @last is NULL, ends it. Its first stop is taken. */
static pid_t crowd(void *(*last)(void *))
{
	pid_t pid = fork();
	pthread_t t;
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (int i = 0; i < NR_OTHERS; i++)
			pthread_create(&t, NULL, i == NR_OTHERS - 1 && last ? last : waits, NULL);
		if (last)
			waits(NULL);
		usleep(10000);
		_exit(5);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == STOP(SIGSTOP));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, OPTIONS | PTRACE_O_EXITKILL));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	return pid;
}

struct seen {
	int ends, programs, threads, status;	/* events of ends and programs; threads that ended; how the first one did */
	unsigned long message;			/* of the last end */
};

/* Let everything of @pid run to its end. */
static struct seen follow(pid_t pid)
{
	struct seen s = { 0 };
	int status, sig;
	pid_t got;

	while ((got = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			s.threads++;
			s.status = got == pid ? status : s.status;
			continue;
		}
		sig = WSTOPSIG(status);
		if (status == EVENT(PTRACE_EVENT_EXIT)) {
			s.ends++;
			CHECK(!ptrace(PTRACE_GETEVENTMSG, got, 0, &s.message));
		}
		s.programs += status == EVENT(PTRACE_EVENT_EXEC);
		CHECK(!ptrace(PTRACE_CONT, got, 0, sig == SIGTRAP || sig == SIGSTOP ? 0 : sig));
	}
	CHECK(errno == ECHILD);
	return s;
}

ABI_CASE(threads_stop_when_another_ends_them)
{
	struct seen s = follow(crowd(NULL));

	CHECK(s.ends == NR_OTHERS + 1 && s.threads == NR_OTHERS + 1 && s.status == 5 << 8 && s.message == 5 << 8);
}

/* The program's thread takes the first one's number, so that one's end is not told, nor is its own as another. */
ABI_CASE(threads_stop_when_a_program_takes_their_place)
{
	struct seen s = follow(crowd(runs_a_program));

	CHECK(s.programs == 1 && s.ends == NR_OTHERS + 1 && s.threads == NR_OTHERS && s.status == 0);
}

ABI_CASE(a_killed_thread_stops_at_its_end)
{
	pid_t pid = fork();
	unsigned long message;
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		waits(NULL);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == STOP(SIGSTOP));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT) && !ptrace(PTRACE_CONT, pid, 0, 0) && !kill(pid, SIGKILL));
	CHECK(waitpid(pid, &status, 0) == pid && status == EVENT(PTRACE_EVENT_EXIT));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) && message == SIGKILL && !ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Otherwise the thread that runs it could not be killed. */
ABI_CASE(a_kill_takes_away_who_gave_way_to_a_program)
{
	pid_t pid = crowd(runs_a_program), got;
	int status, held = 0, killed = 0;

	while ((got = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		} else if (status == EVENT(PTRACE_EVENT_EXIT) && !held) {
			held = got;
			CHECK(!kill(pid, SIGKILL));
		} else {
			ptrace(PTRACE_CONT, got, 0, 0);
		}
	}
	CHECK(held && errno == ECHILD && killed == NR_OTHERS + 1);
}

/* Nobody waits for a tracer that has gone. */
ABI_CASE(an_end_is_not_held_by_a_dead_tracer)
{
	int p[2], status;
	pid_t pid, tracer;
	char c;

	CHECK(!pipe(p));
	tracer = fork();
	if (!tracer) {
		pid = fork();
		if (!pid) {
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			raise(SIGSTOP);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && !ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0) && waitpid(pid, &status, 0) == pid && status == EVENT(PTRACE_EVENT_EXIT));
		_exit(0);
	}
	close(p[1]);
	CHECK(abi_wait(tracer) == 0 && read(p[0], &c, 1) == 0);
}
