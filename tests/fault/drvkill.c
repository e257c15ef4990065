// SPDX-License-Identifier: GPL-2.0
/*
 * drvkill DEVICE COUNT PAUSE_US: kill the device's driver so many times, at random moments, and see it restarted. A quarter of the kills come
 * in bursts: the next one as soon as the successor has its process, be it running or not. Ends with the times from the
 * fault to the first completed request (the kernel's count): "kills=N restarts=N p50_us=N p99_us=N max_us=N", and with the frames that
 * are gone since a third of the kills was done: "frames_lost=N".
 */
#include <signal.h>
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

static const char *wanted;
static unsigned int *times, nr_times, last_restarts;

static int device_find(struct ferry_device_desc *found)
{
	static struct ferry_device_desc list[DEVICES_MAX];
	long n, i;

	list[0].abi = (struct ferry_abi){ sizeof(list[0]), FERRY_ABI_VERSION };
	n = syscall(NR_ferry_device_list, list, DEVICES_MAX, 0);
	for (i = 0; i < n; i++) {
		if (strcmp(list[i].name, wanted))
			continue;
		*found = list[i];
		return 1;
	}
	return 0;
}

/* The kernel's last restart time, once for each. */
static void time_note(unsigned int max)
{
	FILE *f = fopen("/proc/drivers", "r");
	unsigned int restarts, us;
	char line[1024], device[32];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %*s %*s %31s %*s %*s %*s %*s %*s %*s %*s %*s %*s %u %u", device, &restarts, &us) != 3)
			continue;
		if (strcmp(device, wanted) || restarts == last_restarts)
			continue;
		last_restarts = restarts;
		if (nr_times < max)
			times[nr_times++] = us;
	}
	if (f)
		fclose(f);
}

/* A process of a later generation than @generation, running if @running; its pid, or 0. */
static int successor_wait(unsigned long long *generation, int running)
{
	struct timespec nap = { .tv_nsec = 500000 };
	struct ferry_device_desc d;
	int i;

	for (i = 0; i < WAIT_MS * 2; i++) {
		if (device_find(&d) && d.pid && d.generation > *generation && (!running || d.state == FERRY_STATE_RUNNING)) {
			*generation = d.generation;
			return d.pid;
		}
		nanosleep(&nap, NULL);
	}
	printf("no driver after %d ms: state=%u reason=%s\n", WAIT_MS, d.state, d.reason);
	return 0;
}

/* Frames that are free, or kept as stacks for the next threads, once everybody rests. */
static long frames_free(void)
{
	FILE *f;
	long sum = 0, n;
	char line[100];

	usleep(300000);
	f = fopen("/proc/ferry/frames", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "free %ld", &n) == 1 || sscanf(line, "stack %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

static int by_size(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

static void report(unsigned int kills)
{
	if (!nr_times)
		times[nr_times++] = 0;
	qsort(times, nr_times, sizeof(times[0]), by_size);
	printf("kills=%u restarts=%u p50_us=%u p99_us=%u max_us=%u\n", kills, nr_times, times[nr_times / 2], times[nr_times * 99 / 100],
	       times[nr_times - 1]);
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 3 ? (unsigned int)atoi(argv[2]) : 0, pause = argc > 3 ? (unsigned int)atoi(argv[3]) : 0, i;
	unsigned long long generation = 0;
	long frames = 0;
	int pid;

	if (!count || !pause) {
		fprintf(stderr, "usage: drvkill DEVICE COUNT PAUSE_US\n");
		return 2;
	}
	wanted = argv[1];
	times = calloc(count + 1, sizeof(*times));
	srand(42);
	for (i = 0; times && i < count; i++) {
		int burst = i && i != count / 3 && rand() % 4 == 0;

		pid = successor_wait(&generation, !burst);
		if (!pid)
			return 1;
		if (i == count / 3)
			frames = frames_free();
		if (!burst) {
			usleep((unsigned int)rand() % (2 * pause));
			time_note(count);
		}
		kill(pid, SIGKILL);
	}
	if (!successor_wait(&generation, 1))
		return 1;
	frames -= frames_free();
	time_note(count);
	report(count);
	printf("frames_lost=%ld\n", frames);
	return 0;
}
