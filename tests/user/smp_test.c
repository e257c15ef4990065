// SPDX-License-Identifier: GPL-2.0
/*
 * Several CPUs at once, as programs notice them: threads and processes that run at the same time, memory that changes its rights while
 * others use it, signals to whoever runs elsewhere. True on one CPU as well. Each case works for about a second.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <uapi/ferry/linux_process.h>
#include "abi.h"

#define WORKERS		6
#define PAGE		4096
#define WORK_NS		700000000ull

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nap(unsigned int us)
{
	struct timespec t = { 0, us * 1000l };

	nanosleep(&t, NULL);
}

static void workers_run(void *(*fn)(void *arg))
{
	pthread_t threads[WORKERS];

	for (uintptr_t i = 0; i < WORKERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, fn, (void *)i));
	for (int i = 0; i < WORKERS; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long plain, total;

static void *count(void *arg)
{
	uint64_t end = now_ns() + WORK_NS;
	unsigned long mine = 0;

	(void)arg;
	for (; now_ns() < end; mine++) {
		pthread_mutex_lock(&mutex);
		plain++;
		pthread_mutex_unlock(&mutex);
	}
	__atomic_fetch_add(&total, mine, __ATOMIC_SEQ_CST);
	return NULL;
}

ABI_CASE(mutex_of_many_threads_loses_no_count)
{
	workers_run(count);
	CHECK(plain == total && total > 0);
}

ABI_CASE(affinity_is_where_the_thread_runs)
{
	cpu_set_t all, one, seen;

	CHECK(!sched_getaffinity(0, sizeof(all), &all));
	for (int round = 0; round < 20; round++) {
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (!CPU_ISSET(cpu, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			CHECK(!sched_setaffinity(0, sizeof(one), &one));
			CHECK(sched_getcpu() == cpu);
			CHECK(!sched_getaffinity(0, sizeof(seen), &seen) && CPU_EQUAL(&one, &seen));
			sched_yield();
			CHECK(sched_getcpu() == cpu);
		}
	}
	CPU_ZERO(&one);
	CHECK_ERR(sched_setaffinity(0, sizeof(one), &one), EINVAL);
}

/* ---- Rights that others lose ---- */

static volatile unsigned long *shared_page;
static volatile int writable, stop;

static void fault_waits(int sig)
{
	(void)sig;
	while (!writable && !stop)
		sched_yield();
}

static void *write_on(void *arg)
{
	(void)arg;
	while (!stop)
		(*shared_page)++;
	return NULL;
}

/* Rights go from a page while another thread writes to it all the time: after the call nothing may change any more. */
ABI_CASE(page_made_read_only_stops_writers_elsewhere)
{
	struct sigaction sa = { .sa_handler = fault_waits };
	uint64_t end = now_ns() + WORK_NS;
	pthread_t writer;

	sigaction(SIGSEGV, &sa, NULL);
	shared_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(shared_page != MAP_FAILED);
	CHECK(!pthread_create(&writer, NULL, write_on, NULL));
	while (now_ns() < end) {
		unsigned long before;

		writable = 0;
		CHECK(!mprotect((void *)shared_page, PAGE, PROT_READ));
		before = *shared_page;
		for (int i = 0; i < 2000; i++)
			CHECK(*shared_page == before);
		writable = 1;
		CHECK(!mprotect((void *)shared_page, PAGE, PROT_READ | PROT_WRITE));
		nap(100);
	}
	stop = 1;
	CHECK(!pthread_join(writer, NULL));
}

/* What a child got by fork stays as it was, whatever the parent's other threads write meanwhile. */
ABI_CASE(forked_memory_is_a_snapshot)
{
	uint64_t end = now_ns() + WORK_NS;
	pthread_t writer;

	shared_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(shared_page != MAP_FAILED);
	CHECK(!pthread_create(&writer, NULL, write_on, NULL));
	while (now_ns() < end) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			unsigned long before = *shared_page;

			for (int i = 0; i < 5000; i++)
				if (*shared_page != before)
					_exit(1);
			_exit(0);
		}
		CHECK(abi_wait(pid) == 0);
	}
	stop = 1;
	CHECK(!pthread_join(writer, NULL));
}

static uint32_t mix(uint32_t x)
{
	x ^= x << 13;
	x ^= x >> 17;
	return x ^ x << 5;
}

/* Map, fill, move, unmap, beside others that do the same in the same space: nobody's frame is anybody else's. */
static void *map_and_check(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg * 2654435761u + 1;
	uint64_t end = now_ns() + WORK_NS;

	while (now_ns() < end) {
		size_t pages = (seed = mix(seed)) % 40 + 1;
		uint32_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < pages; i++) {
			CHECK(p[i * 1024] == 0 && p[i * 1024 + 1023] == 0);
			p[i * 1024] = p[i * 1024 + 1023] = seed + (uint32_t)i;
		}
		if (seed & 1)
			p = mremap(p, pages * PAGE, (pages + 8) * PAGE, MREMAP_MAYMOVE);
		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < pages; i++)
			CHECK(p[i * 1024] == seed + (uint32_t)i && p[i * 1024 + 1023] == seed + (uint32_t)i);
		CHECK(!munmap(p, (pages + (seed & 1 ? 8 : 0)) * PAGE));
	}
	return NULL;
}

ABI_CASE(threads_that_map_and_unmap_keep_their_data)
{
	workers_run(map_and_check);
}

/* ---- Processes ---- */

static void fork_and_wait(uint64_t end)
{
	while (now_ns() < end) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			_exit(7);
		CHECK(abi_wait(pid) == 7 << 8);
	}
}

ABI_CASE(processes_fork_side_by_side)
{
	uint64_t end = now_ns() + WORK_NS;
	pid_t pids[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (!pids[i]) {
			fork_and_wait(end);
			_exit(0);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK(abi_wait(pids[i]) == 0);
}

ABI_CASE(running_processes_die_when_killed)
{
	uint64_t end = now_ns() + WORK_NS;

	while (now_ns() < end) {
		pid_t pids[WORKERS];

		for (int i = 0; i < WORKERS; i++) {
			pids[i] = fork();
			CHECK(pids[i] >= 0);
			while (!pids[i])
				;
		}
		nap(500);
		for (int i = 0; i < WORKERS; i++)
			CHECK(!kill(pids[i], SIGKILL));
		for (int i = 0; i < WORKERS; i++)
			CHECK(abi_wait(pids[i]) == SIGKILL);
	}
}

static void *spin(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}

ABI_CASE(exit_ends_threads_that_run_elsewhere)
{
	uint64_t end = now_ns() + WORK_NS;

	while (now_ns() < end) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			pthread_t t;

			for (int i = 0; i < 4; i++)
				CHECK(!pthread_create(&t, NULL, spin, NULL));
			nap(200);
			_exit(3);
		}
		CHECK(abi_wait(pid) == 3 << 8);
	}
}

/* A token goes round through pipes; each hands on what it got and one more. */
static void pass_on(int from, int to)
{
	uint64_t token;

	while (read(from, &token, sizeof(token)) == sizeof(token)) {
		token++;
		if (write(to, &token, sizeof(token)) != sizeof(token))
			break;
	}
	_exit(0);
}

ABI_CASE(token_goes_round_through_pipes)
{
	uint64_t end = now_ns() + WORK_NS, token = 0;
	int pipes[WORKERS + 1][2];
	pid_t pids[WORKERS];

	for (int i = 0; i <= WORKERS; i++)
		CHECK(!pipe(pipes[i]));
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i])
			continue;
		for (int j = 0; j <= WORKERS; j++) {
			if (j != i)
				close(pipes[j][0]);
			if (j != i + 1)
				close(pipes[j][1]);
		}
		pass_on(pipes[i][0], pipes[i + 1][1]);
	}
	for (int i = 0; i <= WORKERS; i++) {
		if (i)
			close(pipes[i][1]);
		if (i < WORKERS)
			close(pipes[i][0]);
	}
	for (uint64_t round = 0; now_ns() < end; round++) {
		CHECK(write(pipes[0][1], &token, sizeof(token)) == sizeof(token));
		CHECK(read(pipes[WORKERS][0], &token, sizeof(token)) == sizeof(token));
		CHECK(token == (round + 1) * WORKERS);
	}
	close(pipes[0][1]);
	for (int i = 0; i < WORKERS; i++)
		CHECK(abi_wait(pids[i]) == 0);
}

/* ---- The end of what is read ---- */

/* Descriptors to read from and to write to: a pipe, a stream, a terminal. Reading does not wait. */
static void channel(unsigned int kind, int fd[2])
{
	struct termios raw;

	if (kind == 0) {
		CHECK(!pipe2(fd, O_NONBLOCK));
	} else if (kind == 1) {
		CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd));
	} else {
		fd[0] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
		CHECK(fd[0] >= 0 && !grantpt(fd[0]) && !unlockpt(fd[0]));
		fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY);
		CHECK(fd[1] >= 0 && !tcgetattr(fd[1], &raw));
		cfmakeraw(&raw);
		CHECK(!tcsetattr(fd[1], TCSANOW, &raw));
	}
}

static void *write_and_close(void *fd)
{
	CHECK(write(*(int *)fd, "x", 1) == 1 && !close(*(int *)fd));
	return NULL;
}

ABI_CASE(what_is_written_before_the_end_is_read_before_it)
{
	uint64_t end = now_ns() + WORK_NS;

	for (unsigned int round = 0; now_ns() < end; round++) {
		pthread_t writer;
		ssize_t n;
		int fd[2];
		char c = 0;

		channel(round % 3, fd);
		CHECK(!pthread_create(&writer, NULL, write_and_close, &fd[1]));
		do
			n = read(fd[0], &c, 1);
		while (n < 0 && errno == EAGAIN);
		CHECK(n == 1 && c == 'x');
		CHECK(!pthread_join(writer, NULL) && read(fd[0], &c, 1) <= 0 && !close(fd[0]));
	}
}

/* ---- Signals and futexes ---- */

static volatile int nr_signals;

static void count_signal(int sig)
{
	(void)sig;
	nr_signals++;
}

static void *spin_until_stop(void *arg)
{
	(void)arg;
	while (!stop)
		;
	return NULL;
}

ABI_CASE(signal_reaches_a_thread_in_user_mode_soon)
{
	struct sigaction sa = { .sa_handler = count_signal };
	pthread_t t;

	sigaction(SIGUSR1, &sa, NULL);
	CHECK(!pthread_create(&t, NULL, spin_until_stop, NULL));
	for (int i = 0; i < 40; i++) {
		uint64_t limit = now_ns() + 10000000000ull;

		CHECK(!pthread_kill(t, SIGUSR1));
		while (nr_signals != i + 1)
			CHECK(now_ns() < limit);
	}
	stop = 1;
	CHECK(!pthread_join(t, NULL));
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *arg)
{
	int me = (int)(uintptr_t)arg;

	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = (turn + 1) % WORKERS;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

ABI_CASE(threads_take_turns_by_futexes)
{
	workers_run(take_turns);
	CHECK(turn == 0);
}

/* A count of /proc/vmstat; -1: there is none of that name. */
static long long vmstat(const char *name)
{
	char line[128];
	long long value = -1;
	FILE *f = fopen("/proc/vmstat", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ' ')
			value = atoll(line + strlen(name));
	fclose(f);
	return value;
}

static void *spin_on(void *arg)
{
	while (!__atomic_load_n((int *)arg, __ATOMIC_RELAXED))
		;
	return NULL;
}

ABI_CASE(unmapping_is_told_to_other_processors_and_counted)
{
	long long before = vmstat("nr_tlb_remote_flush"), received = vmstat("nr_tlb_remote_flush_received");
	pthread_t other;
	int stop = 0;

	CHECK(vmstat("pgmajfault") >= 0 && vmstat("oom_kill") >= 0);
	if (before < 0 || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	CHECK(!pthread_create(&other, NULL, spin_on, &stop));
	while (vmstat("nr_tlb_remote_flush") == before || vmstat("nr_tlb_remote_flush_received") == received) {
		char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(p != MAP_FAILED);
		*p = 1;
		CHECK(!munmap(p, PAGE));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	CHECK(!pthread_join(other, NULL));
}

#define MANY	96

static _Alignas(16) char many_stacks[MANY][PAGE];
static int many_left[MANY], many_go, many_here;	/* the first are theirs, cleared by the kernel */

/* Without a C library's thread behind it: only bare calls. */
static int end_with_the_others(void *arg)
{
	(void)arg;
	__atomic_fetch_add(&many_here, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&many_go, __ATOMIC_RELAXED))
		syscall(SYS_futex, &many_go, LINUX_FUTEX_WAIT, 0, NULL);
	syscall(SYS_exit, 0);
	return 0;
}

ABI_CASE(threads_that_end_in_crowds_do_not_flush_one_by_one)
{
	unsigned int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	long long before;

	if (vmstat("nr_tlb_remote_flush") < 0)
		return;
	for (int i = 0; i < MANY; i++) {
		many_left[i] = 1;
		CHECK(clone(end_with_the_others, many_stacks[i] + PAGE, (int)flags, NULL, NULL, NULL, &many_left[i]) > 0);
	}
	while (__atomic_load_n(&many_here, __ATOMIC_SEQ_CST) < MANY)
		nap(1000);
	before = vmstat("nr_tlb_remote_flush");
	__atomic_store_n(&many_go, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &many_go, LINUX_FUTEX_WAKE, MANY);
	for (int i = 0; i < MANY; i++)
		while (__atomic_load_n(&many_left[i], __ATOMIC_SEQ_CST))
			nap(1000);
	nap(50000);	/* the last of them leave the kernel */
	CHECK(vmstat("nr_tlb_remote_flush") - before < MANY / 2);
}
