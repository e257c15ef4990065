// SPDX-License-Identifier: GPL-2.0
/*
 * drvkill DEVICE COUNT PAUSE_US [calm|crash|step FIRST STRIDE]: kill the device's driver so many times, at random moments, and see it
 * restarted. A quarter of the kills come in bursts, unless calm: the next one as soon as the successor has its process, be it running or
 * not. With crash they are calm, and by SIGSEGV, which to the kernel is the driver's own failure. With step the driver ends after FIRST,
 * FIRST + STRIDE, ... of its own instructions, counted from a request on (/proc/ferry/step_kill). Calm and crash print each restart, all
 * end with what the kernel measured (/proc/ferry/restarts, from the fault to the first completed request) and, apart, how long after the
 * kill the fault was seen:
 *
 *	record quiet_us gone_us spawned_us probing_us running_us done_us
 *	kills=N restarts=N p50_us=N p99_us=N max_us=N
 *	detection p50_us=N p99_us=N max_us=N
 *	phases_p50 quiet=N gone=N spawned=N probing=N running=N done=N	us after the fault
 *	histogram below_us=count ...
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/syscall.h>

#define DEVICES_MAX	64
#define WAIT_MS		10000
#define PHASES		6

static const char *const phase_names[PHASES] = { "quiet", "gone", "spawned", "probing", "running", "done" };
static const unsigned int limits[] = { 500, 1000, 2000, 3000, 5000, 7500, 10000, 15000, 20000, 30000, 50000, 75000, 100000, 1000000, ~0u };

static const char *wanted;
static unsigned int *phases[PHASES], nr_times, *detections, nr_detections;
static unsigned long long last_number;
static int death = SIGKILL;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool device_find(struct ferry_device_desc *found)
{
	static struct ferry_device_desc list[DEVICES_MAX];
	long n, i;

	list[0].abi = (struct ferry_abi){ sizeof(list[0]), FERRY_ABI_VERSION };
	n = syscall(NR_ferry_device_list, list, DEVICES_MAX, 0);
	for (i = 0; i < n; i++) {
		if (strcmp(list[i].name, wanted))
			continue;
		*found = list[i];
		return true;
	}
	return false;
}

/* Take over the kernel's new records; the fault of the last one, or 0. */
static uint64_t records_note(unsigned int max)
{
	FILE *f = fopen("/proc/ferry/restarts", "r");
	unsigned long long number, fault, seen = 0;
	unsigned int us[PHASES];
	char line[256], device[32];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llu %31s %*s %llu %u %u %u %u %u %u", &number, device, &fault, &us[0], &us[1], &us[2], &us[3], &us[4],
			   &us[5]) != 9)
			continue;
		if (strcmp(device, wanted) || number <= last_number)
			continue;
		last_number = number;
		seen = fault;
		for (int p = 0; nr_times < max && p < PHASES; p++)
			phases[p][nr_times] = us[p];
		nr_times += nr_times < max;
	}
	if (f)
		fclose(f);
	return seen;
}

/* A process of a later generation than @generation, running if @running; its pid, or 0. */
static int successor_wait(unsigned long long *generation, bool running)
{
	struct timespec nap = { .tv_nsec = 500000 };
	struct ferry_device_desc d;
	static unsigned long long last;
	static int last_pid;
	int i;

	for (i = 0; i < WAIT_MS * 2; i++) {
		if (device_find(&d) && d.pid && d.generation > *generation && (!running || d.state == FERRY_STATE_RUNNING)) {
			if (d.pid == last_pid && d.generation != last) {
				printf("generation %llu is said to be the process of %llu\n", (unsigned long long)d.generation, last);
				return 0;
			}
			*generation = last = d.generation;
			return last_pid = d.pid;
		}
		nanosleep(&nap, NULL);
	}
	printf("no driver after %d ms: state=%u reason=%s\n", WAIT_MS, d.state, d.reason);
	return 0;
}

/* Wait for the record of a restart, whose fault came after @killed_ns. False: none came. */
static bool record_wait(uint64_t killed_ns, unsigned int max)
{
	struct timespec nap = { .tv_nsec = 1000000 };
	uint64_t fault;
	int i;

	for (i = 0; i < WAIT_MS; i++) {
		fault = records_note(max);
		if (fault) {
			if (fault > killed_ns)
				detections[nr_detections++] = (unsigned int)((fault - killed_ns) / 1000);
			return true;
		}
		nanosleep(&nap, NULL);
	}
	return false;
}

/* ---- Report ---- */

static int by_size(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

static unsigned int share(unsigned int *sorted, unsigned int nr, unsigned int percent)
{
	unsigned int i = nr * percent / 100;

	return nr ? sorted[i < nr ? i : nr - 1] : 0;
}

static void report(unsigned int kills)
{
	unsigned int *times = phases[PHASES - 1], below = 0, at = 0;

	for (int p = 0; p < PHASES; p++)
		qsort(phases[p], nr_times, sizeof(unsigned int), by_size);
	qsort(detections, nr_detections, sizeof(unsigned int), by_size);
	printf("kills=%u restarts=%u p50_us=%u p99_us=%u max_us=%u\n", kills, nr_times, share(times, nr_times, 50), share(times, nr_times, 99),
	       share(times, nr_times, 100));
	printf("detection p50_us=%u p99_us=%u max_us=%u\nphases_p50", share(detections, nr_detections, 50),
	       share(detections, nr_detections, 99), share(detections, nr_detections, 100));
	for (int p = 0; p < PHASES; p++)
		printf(" %s=%u", phase_names[p], share(phases[p], nr_times, 50));
	printf("\nhistogram");
	for (unsigned int l = 0; l < sizeof(limits) / sizeof(limits[0]); l++, at = below) {
		while (below < nr_times && times[below] < limits[l])
			below++;
		if (limits[l] == ~0u)
			printf(" more=%u\n", below - at);
		else
			printf(" %u=%u", limits[l], below - at);
	}
}

/* Each restart by itself, in the order they came. */
static void records_print(void)
{
	for (unsigned int i = 0; i < nr_times; i++) {
		printf("record");
		for (int p = 0; p < PHASES; p++)
			printf(" %u", phases[p][i]);
		printf("\n");
	}
}

/* One kill. False: something is wrong. */
static bool one_kill(unsigned int count, unsigned int pause, bool burst, bool calm, unsigned long long *generation)
{
	int pid = successor_wait(generation, !burst);
	uint64_t killed_ns;

	if (!pid)
		return false;
	if (!burst) {
		usleep((unsigned int)rand() % (2 * pause));
		records_note(count);
	}
	killed_ns = now_ns();
	kill(pid, death);
	return !calm || record_wait(killed_ns, count);
}

/* The driver is to end after its @instructions-th instruction from its next request on. False: it does not. */
static bool one_step_kill(unsigned int count, unsigned int instructions, unsigned long long *generation)
{
	FILE *f = successor_wait(generation, true) ? fopen("/proc/ferry/step_kill", "w") : NULL;
	unsigned long long before = *generation;

	if (!f)
		return false;
	fprintf(f, "%s %u", wanted, instructions);
	if (fclose(f) || !successor_wait(&before, true))
		return false;
	records_note(count);
	return true;
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 3 ? (unsigned int)atoi(argv[2]) : 0, pause = argc > 3 ? (unsigned int)atoi(argv[3]) : 0, i;
	const char *how = argc > 4 ? argv[4] : "";
	bool crash = !strcmp(how, "crash"), calm = crash || !strcmp(how, "calm"), step = argc > 6 && !strcmp(how, "step"), fine;
	unsigned int first = step ? (unsigned int)atoi(argv[5]) : 0, stride = step ? (unsigned int)atoi(argv[6]) : 0;
	unsigned long long generation = 0;

	if (!count || !pause) {
		fprintf(stderr, "usage: drvkill DEVICE COUNT PAUSE_US [calm|crash|step FIRST STRIDE]\n");
		return 2;
	}
	wanted = argv[1];
	if (crash)
		death = SIGSEGV;
	detections = calloc(count + 1, sizeof(*detections));
	for (i = 0; i < PHASES; i++)
		phases[i] = calloc(count + 1, sizeof(unsigned int));
	srand(42);
	records_note(0);
	for (i = 0; detections && phases[PHASES - 1] && i < count; i++) {
		if (step)
			fine = one_step_kill(count, first + i * stride, &generation);
		else
			fine = one_kill(count, pause, !calm && i && rand() % 4 == 0, calm, &generation);
		if (!fine)
			return 1;
	}
	if (!successor_wait(&generation, true))
		return 1;
	records_note(count);
	if (calm)
		records_print();
	report(count);
	return 0;
}
