// SPDX-License-Identifier: GPL-2.0
/* rseq(2): a thread's memory names its CPU, and a sequence that is disturbed goes to its abort handler. The library has registered nothing. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "abi.h"

#define SYS_RSEQ	334
#define UNREGISTER	1
#define SIGNATURE	0x53053053
#define LENGTH		32

static struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t sequence;
	uint32_t flags, reserved[3];
} area __attribute__((aligned(32)));

static volatile int hits;

static long rseq(void *at, unsigned int length, int flags, unsigned int signature)
{
	return syscall(SYS_RSEQ, at, length, flags, signature);
}

/* A sequence without an end: only its abort handler leaves it. */
static void loop_until_disturbed(struct area *a)
{
	__asm__ volatile(".pushsection rseq_table, \"aw\"\n\t"
			 ".balign 32\n"
			 "3:\t.long 0, 0\n\t"
			 ".quad 1f, 2f - 1f, 4f\n\t"
			 ".popsection\n\t"
			 "leaq 3b(%%rip), %%rax\n\t"
			 "movq %%rax, 8(%0)\n"
			 "1:\tpause\n\t"
			 "jmp 1b\n"
			 "2:\tud2\n\t"
			 ".long %c1\n"
			 "4:\n\t"
			 :: "r"(a), "i"(SIGNATURE) : "rax", "memory");
}

ABI_CASE(registered_memory_names_the_cpu)
{
	cpu_set_t all, one;

	CHECK(!sched_getaffinity(0, sizeof(all), &all));
	CHECK(!rseq(&area, LENGTH, 0, SIGNATURE) && area.cpu_id == area.cpu_id_start);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK(!sched_setaffinity(0, sizeof(one), &one));
		CHECK(area.cpu_id == (uint32_t)cpu && area.cpu_id_start == (uint32_t)cpu);
	}
	CHECK(!rseq(&area, LENGTH, UNREGISTER, SIGNATURE) && area.cpu_id == ~0u);
}

ABI_CASE(registering_is_checked)
{
	CHECK_ERR(rseq((char *)&area + 8, LENGTH, 0, SIGNATURE), EINVAL);
	CHECK_ERR(rseq(&area, LENGTH - 1, 0, SIGNATURE), EINVAL);
	CHECK_ERR(rseq(&area, LENGTH, 2, SIGNATURE), EINVAL);
	CHECK_ERR(rseq((void *)0xffff800000000000ul, LENGTH, 0, SIGNATURE), EFAULT);
	CHECK_ERR(rseq(&area, LENGTH, UNREGISTER, SIGNATURE), EINVAL);
	CHECK(!rseq(&area, LENGTH, 0, SIGNATURE));
	CHECK_ERR(rseq(&area, LENGTH, 0, SIGNATURE), EBUSY);
	CHECK_ERR(rseq(&area, LENGTH, 0, 1), EPERM);
	CHECK_ERR(rseq(&area + 1, LENGTH, 0, SIGNATURE), EINVAL);
	CHECK_ERR(rseq(&area, LENGTH, UNREGISTER, 1), EPERM);
	CHECK(!rseq(&area, LENGTH, UNREGISTER, SIGNATURE));
}

static void count(int sig)
{
	(void)sig;
	hits++;
}

ABI_CASE(a_signal_sends_a_sequence_to_its_abort_handler)
{
	struct itimerval often = { { 0, 50000 }, { 0, 50000 } };

	CHECK(!rseq(&area, LENGTH, 0, SIGNATURE));
	signal(SIGVTALRM, count);
	CHECK(!setitimer(ITIMER_VIRTUAL, &often, NULL));
	while (!hits)
		loop_until_disturbed(&area);
	CHECK(area.sequence == 0);
}

/* Two of them on one CPU: each can go on only because the other ran. */
ABI_CASE(another_thread_s_turn_sends_a_sequence_to_its_abort_handler)
{
	cpu_set_t one;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK(!sched_setaffinity(0, sizeof(one), &one) && !rseq(&area, LENGTH, 0, SIGNATURE));
	pid = fork();
	if (pid == 0)
		for (;;)
			loop_until_disturbed(&area);
	for (int i = 0; i < 5; i++)
		loop_until_disturbed(&area);
	CHECK(!kill(pid, SIGKILL) && WIFSIGNALED(abi_wait(pid)));
}

#define BARRIER_RSEQ		0x80
#define REGISTER_RSEQ		0x100
#define ONE_CPU			1

#define LAPS			100

static volatile int in_loop, laps;

static void *loop_on_the_last_cpu(void *arg)
{
	static struct area mine __attribute__((aligned(32)));
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(*(int *)arg, &one);
	CHECK(!sched_setaffinity(0, sizeof(one), &one) && !rseq(&mine, LENGTH, 0, SIGNATURE));
	in_loop = 1;
	for (; laps < LAPS; laps++)
		loop_until_disturbed(&mine);
	return NULL;
}

/* Alone on its CPU hardly anything else would end them. */
ABI_CASE(a_barrier_sends_the_process_s_sequences_to_their_abort_handlers)
{
	cpu_set_t all;
	pthread_t thread;
	int last = 0;

	CHECK(!sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		last = CPU_ISSET(cpu, &all) ? cpu : last;
	CHECK_ERR(syscall(SYS_membarrier, BARRIER_RSEQ, 0, 0), EPERM);
	CHECK_ERR(syscall(SYS_membarrier, REGISTER_RSEQ, ONE_CPU, 0), EINVAL);
	CHECK_ERR(syscall(SYS_membarrier, BARRIER_RSEQ, 2, 0), EINVAL);
	CHECK(!syscall(SYS_membarrier, REGISTER_RSEQ, 0, 0) && !syscall(SYS_membarrier, BARRIER_RSEQ, ONE_CPU, 1000));
	CHECK(!pthread_create(&thread, NULL, loop_on_the_last_cpu, &last));
	while (!in_loop)
		sched_yield();
	for (int i = 0; i < 1000 && laps < LAPS; i++) {
		usleep(1000);
		CHECK(!syscall(SYS_membarrier, BARRIER_RSEQ, ONE_CPU, last));
	}
	CHECK(laps == LAPS && !pthread_join(thread, NULL));
}

/* A handler is about to run: the sequence must end first. */
static void check_fatal(uint32_t signature, uint64_t sequence)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGVTALRM, count);
		CHECK(!rseq(&area, LENGTH, 0, signature) && !setitimer(ITIMER_VIRTUAL, &often, NULL));
		area.sequence = sequence;
		if (!sequence)
			loop_until_disturbed(&area);
		while (hits < 3)
			;
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

ABI_CASE(a_sequence_that_cannot_be_believed_ends_the_program)
{
	check_fatal(SIGNATURE, (uint64_t)BAD);
	check_fatal(SIGNATURE, 0xffff800000000000ul);
	check_fatal(1, 0);
}

ABI_CASE(rseq_memory_that_went_away_ends_the_program)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGUSR2, count);
		CHECK(!rseq(at, LENGTH, 0, SIGNATURE) && !munmap(at, 4096));
		raise(SIGUSR2);
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
