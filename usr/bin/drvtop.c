// SPDX-License-Identifier: GPL-2.0
/*
 * drvtop: what drivers do now, the busiest first: processor share (of a moved one its process's, of a linked-in one what is spent inside it),
 * requests and bytes a second, mean latency of block requests, wake-ups and interrupts a second, restarts. Out of /proc/drivers,
 * /proc/ferry/disks, /proc/PID/stat and /proc/ferry/driver_time, which counts while it is open and is root's.
 *
 * usage: drvtop [-b] [-j] [-n ROUNDS] [-d SECONDS] [-s cpu|requests|bytes|latency|wakeups|restarts|name]
 *	-b: no terminal, each round behind the other; -j: the same as one JSON list a round. At a terminal: q leaves, the same letters as -s sort.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DRIVERS_MAX	256
#define LINE_BYTES	1024
#define DRIVER_TIME	"/proc/ferry/driver_time"
#define KEYS		"crblwRn"	/* in the order of enum key */

enum key { BY_CPU, BY_REQUESTS, BY_BYTES, BY_LATENCY, BY_WAKEUPS, BY_RESTARTS, BY_NAME, KEY_COUNT };

static const char *const key_names[KEY_COUNT] = { "cpu", "requests", "bytes", "latency", "wakeups", "restarts", "name" };

struct driver {
	char name[32], placement[4], state[24], device[32];
	int pid;
	unsigned long long irqs, requests, bytes, errors, wakeups, restarts;
	unsigned long long ios, io_ns, cpu_ns;
	int cpu_known;
};

struct row {
	const struct driver *d;
	double cpu, requests, bytes, latency_us, wakeups, irqs;
};

static struct driver snapshots[2][DRIVERS_MAX];
static int counts[2];
static double taken[2];
static enum key sort_by = BY_REQUESTS;
static struct termios saved;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- What the kernel says ---- */

/* Processor time of a process. */
static unsigned long long process_ns(int pid)
{
	unsigned long long user = 0, system = 0;
	char path[32], line[LINE_BYTES] = "";
	const char *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = pid > 0 ? fopen(path, "r") : NULL;
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	end = strrchr(line, ')');
	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return 0;
	return (user + system) * (1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static struct driver *driver_of(struct driver *list, int nr, const char *device)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(list[i].device, device))
			return &list[i];
	return NULL;
}

static void disks_add(struct driver *list, int nr)
{
	FILE *f = fopen("/proc/ferry/disks", "r");
	unsigned long long ios, ns;
	char line[LINE_BYTES], device[32];

	while (f && fgets(line, sizeof(line), f)) {
		struct driver *d;

		if (sscanf(line, "%*s %31s %llu %llu", device, &ios, &ns) != 3)
			continue;
		d = driver_of(list, nr, device);
		if (!d)
			continue;
		d->ios += ios;
		d->io_ns += ns;
	}
	if (f)
		fclose(f);
}

/* Of linked-in drivers; nothing where nobody may ask. */
static void times_add(struct driver *list, int nr)
{
	FILE *f = fopen(DRIVER_TIME, "r");
	char line[LINE_BYTES], device[32];
	unsigned long long ns;

	while (f && fgets(line, sizeof(line), f)) {
		struct driver *d;

		if (sscanf(line, "%31s %*u %llu", device, &ns) != 2)
			continue;
		d = driver_of(list, nr, device);
		if (!d || strcmp(d->placement, "y"))
			continue;
		d->cpu_ns = ns;
		d->cpu_known = 1;
	}
	if (f)
		fclose(f);
}

static int snapshot_take(struct driver *list)
{
	FILE *f = fopen("/proc/drivers", "r");
	char line[LINE_BYTES], pid[16];
	int nr = 0;

	if (!f) {
		perror("drvtop: /proc/drivers");
		exit(1);
	}
	while (nr < DRIVERS_MAX && fgets(line, sizeof(line), f)) {
		struct driver *d = &list[nr];

		memset(d, 0, sizeof(*d));
		if (sscanf(line, "%31s %3s %15s %23s %31s %llu %llu %llu %llu %*u %llu %*u %*u %*u %llu", d->name, d->placement, pid, d->state,
			   d->device, &d->irqs, &d->requests, &d->bytes, &d->errors, &d->wakeups, &d->restarts) != 11)
			continue;
		d->pid = atoi(pid);
		d->cpu_ns = process_ns(d->pid);
		d->cpu_known = d->pid > 0;
		nr++;
	}
	fclose(f);
	disks_add(list, nr);
	times_add(list, nr);
	return nr;
}

/* ---- Between two looks ---- */

/* A counter that went down belongs to another life. */
static double rate(unsigned long long before, unsigned long long after, double seconds)
{
	return after >= before && seconds > 0 ? (double)(after - before) / seconds : 0;
}

static struct row row_of(const struct driver *d, const struct driver *before, double seconds)
{
	static const struct driver none;
	const struct driver *b = before ? before : &none;
	struct row r = { .d = d };

	if (!before)
		return r;
	r.cpu = b->pid == d->pid && b->cpu_known ? 100 * rate(b->cpu_ns, d->cpu_ns, seconds) / 1e9 : 0;
	r.requests = rate(b->requests, d->requests, seconds);
	r.bytes = rate(b->bytes, d->bytes, seconds);
	r.wakeups = rate(b->wakeups, d->wakeups, seconds);
	r.irqs = rate(b->irqs, d->irqs, seconds);
	if (d->ios > b->ios && d->io_ns >= b->io_ns)
		r.latency_us = (double)(d->io_ns - b->io_ns) / (d->ios - b->ios) / 1000;
	return r;
}

static double value_of(const struct row *r)
{
	const double values[] = { [BY_CPU] = r->cpu, [BY_REQUESTS] = r->requests, [BY_BYTES] = r->bytes, [BY_LATENCY] = r->latency_us,
				  [BY_WAKEUPS] = r->wakeups, [BY_RESTARTS] = (double)r->d->restarts, [BY_NAME] = 0 };

	return values[sort_by];
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double difference = value_of(y) - value_of(x);

	return difference > 0 ? 1 : difference < 0 ? -1 : strcmp(x->d->name, y->d->name);
}

/* ---- Showing ---- */

static void print_json(const struct row *rows, int nr)
{
	char cpu[16];

	printf("[");
	for (int i = 0; i < nr; i++) {
		const struct driver *d = rows[i].d;

		snprintf(cpu, sizeof(cpu), d->cpu_known ? "%.3f" : "null", rows[i].cpu);
		printf("%s{\"driver\": \"%s\", \"device\": \"%s\", \"placement\": \"%s\", \"pid\": %d, \"state\": \"%s\", \"cpu_percent\": %s, "
		       "\"requests_per_s\": %.1f, \"bytes_per_s\": %.0f, \"latency_us\": %.1f, \"wakeups_per_s\": %.1f, \"irqs_per_s\": %.1f, "
		       "\"requests\": %llu, \"bytes\": %llu, \"errors\": %llu, \"restarts\": %llu}", i ? ", " : "", d->name, d->device, d->placement,
		       d->pid, d->state, cpu, rows[i].requests, rows[i].bytes, rows[i].latency_us, rows[i].wakeups, rows[i].irqs,
		       d->requests, d->bytes, d->errors, d->restarts);
	}
	printf("]\n");
}

static void print_table(const struct row *rows, int nr, int lines, int columns, const char *end)
{
	char line[LINE_BYTES], cpu[16];

	snprintf(line, sizeof(line), "%-14s %-2s %6s %6s %9s %9s %9s %8s %8s %4s %-12s %s", "DRIVER", "PL", "PID", "CPU%", "REQ/s", "MB/s", "LAT us",
		 "WAKE/s", "IRQ/s", "RST", "STATE", "DEVICE");
	printf("%.*s%s\n", columns, line, end);
	for (int i = 0; i < nr && i < lines; i++) {
		const struct driver *d = rows[i].d;

		snprintf(cpu, sizeof(cpu), d->cpu_known ? "%.1f" : "-", rows[i].cpu);
		snprintf(line, sizeof(line), "%-14s %-2s %6d %6s %9.1f %9.2f %9.1f %8.1f %8.1f %4llu %-12s %s", d->name, d->placement, d->pid, cpu,
			 rows[i].requests, rows[i].bytes / 1e6, rows[i].latency_us, rows[i].wakeups, rows[i].irqs, d->restarts, d->state, d->device);
		printf("%.*s%s\n", columns, line, end);
	}
}

static int rows_make(struct row *rows, int which)
{
	const struct driver *list = snapshots[which];
	double seconds = taken[which] - taken[!which];
	int nr = counts[which];

	for (int i = 0; i < nr; i++)
		rows[i] = row_of(&list[i], driver_of(snapshots[!which], counts[!which], list[i].device), seconds);
	qsort(rows, nr, sizeof(*rows), compare);
	return nr;
}

static void look(int which)
{
	counts[which] = snapshot_take(snapshots[which]);
	taken[which] = now();
}

/* ---- The terminal ---- */

static void terminal_restore(void)
{
	tcsetattr(0, TCSANOW, &saved);
	printf("\033[?25h\033[?1049l");
	fflush(stdout);
}

static void terminal_take(void)
{
	struct termios t = saved;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	tcsetattr(0, TCSANOW, &t);
	printf("\033[?1049h\033[?25l");
	atexit(terminal_restore);
}

static void screen_draw(const struct row *rows, int nr)
{
	struct winsize size = { 0 };

	ioctl(1, TIOCGWINSZ, &size);
	if (size.ws_row < 3 || size.ws_col < 10)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	printf("\033[Hdrvtop: sorted by %s (c r b l w R n), q leaves\033[K\n", key_names[sort_by]);
	print_table(rows, nr, size.ws_row - 3, size.ws_col, "\033[K");
	printf("\033[J");
	fflush(stdout);
}

/* Wait for a key or the next look. 0: leave; 1: look; 2: draw again (a key, or the window changed its size). */
static int keys_wait(double until)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	double left = until - now();
	const char *key;
	char c;

	if (left <= 0)
		return 1;
	if (poll(&p, 1, left > 0.25 ? 250 : (int)(left * 1000) + 1) <= 0)
		return 2;
	if (read(0, &c, 1) != 1 || c == 'q' || c == 'Q')
		return 0;
	key = c ? strchr(KEYS, c) : NULL;
	if (key)
		sort_by = (enum key)(key - KEYS);
	return 2;
}

static void run_screen(double delay, long rounds)
{
	struct row rows[DRIVERS_MAX];
	int which = 0, what;

	terminal_take();
	look(0);
	for (long n = 0; !rounds || n < rounds; n++) {
		which = !which;
		look(which);
		do {
			screen_draw(rows, rows_make(rows, which));
			what = keys_wait(taken[which] + delay);
		} while (what == 2);
		if (!what)
			return;
	}
}

static void run_batch(double delay, long rounds, int json)
{
	struct row rows[DRIVERS_MAX];
	int which = 0;

	look(0);
	for (long n = 0; !rounds || n < rounds; n++) {
		usleep((useconds_t)(delay * 1e6));
		which = !which;
		look(which);
		if (json)
			print_json(rows, rows_make(rows, which));
		else
			print_table(rows, rows_make(rows, which), DRIVERS_MAX, LINE_BYTES, "");
		fflush(stdout);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: drvtop [-b] [-j] [-n ROUNDS] [-d SECONDS] [-s cpu|requests|bytes|latency|wakeups|restarts|name]\n");
	return 2;
}

static int key_parse(const char *name)
{
	for (int k = 0; k < KEY_COUNT; k++)
		if (!strcmp(name, key_names[k])) {
			sort_by = (enum key)k;
			return 0;
		}
	return -1;
}

int main(int argc, char **argv)
{
	int batch = 0, json = 0, opt;
	double delay = 1;
	long rounds = 0;

	while ((opt = getopt(argc, argv, "bjn:d:s:")) != -1) {
		batch |= opt == 'b' || opt == 'j';
		json |= opt == 'j';
		if (opt == 'n')
			rounds = strtol(optarg, NULL, 10);
		if (opt == 'd')
			delay = strtod(optarg, NULL);
		if (opt == '?' || (opt == 's' && key_parse(optarg)) || rounds < 0 || delay < 0.01 || delay > 3600)
			return usage();
	}
	if (optind < argc)
		return usage();
	/* Never closed: the kernel counts meanwhile. */
	(void)open(DRIVER_TIME, O_RDONLY | O_CLOEXEC);
	if (batch || !isatty(1) || tcgetattr(0, &saved))
		run_batch(delay, rounds, json);
	else
		run_screen(delay, rounds);
	return 0;
}
