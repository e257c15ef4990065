// SPDX-License-Identifier: GPL-2.0
/*
 * The device manager: policy, no mechanism. Reads the manifests of the drivers in /lib/drivers, asks the kernel for its devices,
 * and starts a process for each device without a driver whose ids match. Then it waits for the kernel's events: a driver that died gets a
 * successor as the policy says (policy.h); when that gives up, the reason is told and the driver stays down until "drvctl start".
 *
 * usage: devmgr [--once] [--ready-fd N] [--drivers DIR] [--policy FILE]
 * --ready-fd: a byte is written there when every device found at start has its driver running, or failed, or 5 s have passed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/syscall.h>
#include "manifest.h"
#include "policy.h"

#define DRIVERS_DIR	"/lib/drivers"
#define STANDBY_RETRY_NS	200000000ull
#define DRIVERS_MAX	128
#define DEVICES_MAX	64	/* in one listing */
#define READY_TIMEOUT_NS	5000000000ull
#define TURN_TIMEOUT_NS		1000000000ull	/* what the next driver waits for the one before it */

struct known_driver {
	char path[160];
	struct ferry_manifest manifest;
};

/* A process of a driver that this manager started. */
struct instance {
	struct instance *next;
	unsigned int device;
	int process, standby;	/* handles; -1: none */
	uint64_t generation;	/* of the driver that was last seen */
	uint64_t standby_ns;	/* when to look again whether it may have a standby; 0: not before something happens */
	unsigned int told;	/* the last state that was logged */
	uint64_t running_ns;	/* since when it runs; 0: it does not */
	uint64_t restart_ns;	/* when its successor is due; 0: none is */
	struct policy_history history;
};

static struct known_driver drivers[DRIVERS_MAX];
static unsigned int nr_drivers;
static struct instance *instances;

static uint64_t now_ns(void)
{
	return (uint64_t)syscall(NR_ferry_get_time);
}

/* ---- Drivers ---- */

static void driver_add(const char *dir, const char *name)
{
	struct known_driver *d = &drivers[nr_drivers];
	const char *wrong;

	if (nr_drivers == DRIVERS_MAX || snprintf(d->path, sizeof(d->path), "%s/%s", dir, name) >= (int)sizeof(d->path)) {
		fprintf(stderr, "devmgr: %s/%s: too many drivers or too long a name\n", dir, name);
		return;
	}
	wrong = manifest_load(d->path, &d->manifest);
	if (wrong)
		fprintf(stderr, "devmgr: %s: %s\n", d->path, wrong);
	else
		nr_drivers++;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct known_driver *)a)->path, ((const struct known_driver *)b)->path);
}

static void drivers_read(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			driver_add(dir, e->d_name);
	closedir(d);
	qsort(drivers, nr_drivers, sizeof(drivers[0]), by_path);
}

/* ---- Matching ---- */

static int id_matches(unsigned int id, unsigned int row)
{
	return row == FERRY_MATCH_ANY || row == id;
}

static int name_matches(const char *device, const char *row)
{
	size_t n = strlen(row);

	return n && !strncmp(device, row, n) && (!device[n] || device[n] == '.');
}

static int row_matches(const struct ferry_device_desc *d, const struct ferry_match *m)
{
	if (m->bus != d->bus)
		return 0;
	if (m->bus == FERRY_BUS_PLATFORM || m->bus == FERRY_BUS_ISA)
		return name_matches(d->name, m->name);
	return id_matches(d->vendor, m->vendor) && id_matches(d->device, m->device) && id_matches(d->subvendor, m->subvendor) &&
	       id_matches(d->subdevice, m->subdevice) && (d->class_code & m->class_mask) == (m->class_code & m->class_mask);
}

/* Rows that name the device come before rows that take a whole class: the lower, the more exact; 0: no match. */
static unsigned int match_rank(const struct ferry_device_desc *d, const struct ferry_manifest *m)
{
	unsigned int i;

	for (i = 0; i < FERRY_MATCH_MAX && m->match[i].bus; i++)
		if (row_matches(d, &m->match[i]))
			return m->match[i].class_mask ? 2 : 1;
	return 0;
}

static const struct known_driver *driver_for(const struct ferry_device_desc *d)
{
	const struct known_driver *best = NULL;
	unsigned int i, rank, best_rank = ~0u;

	for (i = 0; i < nr_drivers; i++) {
		rank = match_rank(d, &drivers[i].manifest);
		if (!rank || rank >= best_rank)
			continue;
		best = &drivers[i];
		best_rank = rank;
	}
	return best;
}

/* ---- Instances ---- */

static struct instance *instance_find(unsigned int device)
{
	struct instance *i;

	for (i = instances; i && i->device != device; i = i->next)
		;
	return i;
}

/* As it is, or a new one; NULL: no memory. */
static struct instance *instance_get(unsigned int device)
{
	struct instance *i = instance_find(device);

	if (i)
		return i;
	i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	i->device = device;
	i->process = i->standby = -1;
	i->next = instances;
	instances = i;
	return i;
}

static void instance_note(unsigned int device, int process)
{
	struct instance *i = instance_get(device);

	if (!i) {
		close(process);
		return;
	}
	if (i->process >= 0)
		close(i->process);
	i->process = process;
	i->told = FERRY_STATE_SPAWNED;
	i->running_ns = 0;
}

/* The PROCESS handle, or -1. */
static int driver_spawn(const struct ferry_device_desc *d, unsigned int flags)
{
	const struct known_driver *k = driver_for(d);
	struct ferry_driver_spawn s = { .abi = { sizeof(s), FERRY_ABI_VERSION }, .device = d->id };

	if (!k)
		return -1;
	s.needs = k->manifest.needs;
	s.dma_bits = k->manifest.dma_bits;
	s.class_id = k->manifest.class_id;
	s.path = (uintptr_t)k->path;
	s.flags = flags | (policy_for(k->manifest.name)->restart ? FERRY_SPAWN_RESTART : 0);
	memcpy(s.name, k->manifest.name, sizeof(s.name));
	if (!syscall(NR_ferry_driver_spawn, &s))
		return s.process;
	if (!(flags & FERRY_SPAWN_STANDBY) || errno != EBUSY)
		fprintf(stderr, "devmgr: %s: cannot start %s: %s\n", d->name, k->path, strerror(errno));
	return -1;
}

/* 0, or -1 when there is no process. */
static int driver_start(const struct ferry_device_desc *d)
{
	int process = driver_spawn(d, 0);

	if (process < 0)
		return -1;
	instance_note(d->id, process);
	return 0;
}

/* ---- Devices ---- */

/* Call @fn for each device; the number, or -1. */
static int devices_each(void (*fn)(const struct ferry_device_desc *d))
{
	static struct ferry_device_desc list[DEVICES_MAX];
	unsigned int after = 0;
	int total = 0;
	long n, i;

	do {
		list[0].abi = (struct ferry_abi){ sizeof(list[0]), FERRY_ABI_VERSION };
		n = syscall(NR_ferry_device_list, list, DEVICES_MAX, after);
		if (n < 0) {
			perror("devmgr: cannot list devices");
			return -1;
		}
		for (i = 0; i < n; i++) {
			after = list[i].id;
			fn(&list[i]);
		}
		total += (int)n;
	} while (n == DEVICES_MAX);
	return total;
}

static unsigned int wanted;	/* device id of one_of() */
static unsigned int in_turn;	/* device id of the driver whose start is waited for; 0: of all */

static void start_if_free(const struct ferry_device_desc *d)
{
	if (d->placement == FERRY_PLACED_NONE && d->state == FERRY_STATE_UNBOUND)
		driver_start(d);
}

static void start_if_wanted(const struct ferry_device_desc *d)
{
	struct instance *i = instance_find(d->id);

	if (d->id != wanted || d->placement != FERRY_PLACED_NONE)
		return;
	if (i) {
		memset(&i->history, 0, sizeof(i->history));
		i->restart_ns = 0;
	}
	driver_start(d);
}

/* ---- Supervision ---- */

static void give_up(const struct ferry_device_desc *d, const struct policy *p)
{
	struct ferry_driver_control c = {
		.abi = { sizeof(c), FERRY_ABI_VERSION }, .device = d->id, .verb = FERRY_CONTROL_GIVE_UP,
	};

	if (p->restart)
		snprintf(c.reason, sizeof(c.reason), "%u restarts in %u s; %.48s", p->budget, p->window_s, d->reason);
	if (syscall(NR_ferry_driver_control, &c) && errno != ESRCH)
		fprintf(stderr, "devmgr: %s: cannot give up: %s\n", d->name, strerror(errno));
}

static void restart_plan(const struct ferry_device_desc *d, struct instance *i)
{
	const struct policy *p = policy_for(d->driver);
	uint64_t now = now_ns(), pause;

	if (policy_restart(p, &i->history, now, i->running_ns ? now - i->running_ns : 0, (unsigned int)rand(), &pause))
		i->restart_ns = now + pause;
	else
		give_up(d, p);
	i->running_ns = 0;
}

/* ---- Standbys: started while their driver runs, so that its death need not wait for one; the kernel makes it the driver then ---- */

/* The standby has become the driver: that was a restart like any other. */
static void standby_taken(const struct ferry_device_desc *d, struct instance *i)
{
	uint64_t now = now_ns(), pause;

	policy_restart(policy_for(d->driver), &i->history, now, i->running_ns ? now - i->running_ns : 0, (unsigned int)rand(), &pause);
	instance_note(d->id, i->standby);
	i->standby = -1;
	i->running_ns = now;
}

static void standby_keep(const struct ferry_device_desc *d, struct instance *i)
{
	const struct policy *p = policy_for(d->driver);
	uint64_t now = now_ns();

	i->standby_ns = 0;
	if (!p->standby || !p->restart || d->standby || d->state != FERRY_STATE_RUNNING)
		return;
	if (!policy_at_once(p, &i->history, now, now - i->running_ns)) {
		i->standby_ns = now + STANDBY_RETRY_NS;
		return;
	}
	if (i->standby >= 0)
		close(i->standby);
	i->standby = driver_spawn(d, FERRY_SPAWN_STANDBY);
	if (i->standby < 0)
		i->standby_ns = now + STANDBY_RETRY_NS;
}

/* Look at one device: note that it runs, plan its restart, or do what was planned. One that cannot be started has died once more. */
static void supervise(const struct ferry_device_desc *d)
{
	struct instance *i = d->state == FERRY_STATE_RESTARTING ? instance_get(d->id) : instance_find(d->id);

	if (!i)
		return;
	if (i->standby >= 0 && i->generation && d->generation > i->generation && d->placement == FERRY_PLACED_MOVED && !d->standby)
		standby_taken(d, i);
	i->generation = d->generation;
	if (d->state == FERRY_STATE_RUNNING && !i->running_ns)
		i->running_ns = now_ns();
	standby_keep(d, i);
	if (d->state != FERRY_STATE_RESTARTING || d->placement != FERRY_PLACED_NONE) {
		i->restart_ns = 0;
		return;
	}
	if (!i->restart_ns)
		restart_plan(d, i);
	if (!i->restart_ns || i->restart_ns > now_ns())
		return;
	i->restart_ns = 0;
	if (driver_start(d))
		restart_plan(d, i);
}

/* When the next one is due. */
static uint64_t restart_next(void)
{
	uint64_t next = ~0ull;
	struct instance *i;

	for (i = instances; i; i = i->next) {
		if (i->restart_ns && i->restart_ns < next)
			next = i->restart_ns;
		if (i->standby_ns && i->standby_ns < next)
			next = i->standby_ns;
	}
	return next;
}

/* Say once what became of a driver that was started here. */
static void tell_failure(const struct ferry_device_desc *d)
{
	struct instance *i = instance_find(d->id);

	if (!i || i->told == d->state || d->placement != FERRY_PLACED_NONE || d->state == FERRY_STATE_RESTARTING)
		return;
	i->told = d->state;
	if (d->state == FERRY_STATE_FAILED)
		fprintf(stderr, "devmgr: %s: driver %s failed: %s\n", d->name, d->driver, d->reason);
	if (i->process >= 0)
		close(i->process);
	i->process = -1;
}

static unsigned int nr_starting;

static void count_starting(const struct ferry_device_desc *d)
{
	if (in_turn && d->id != in_turn)
		return;
	if (instance_find(d->id) && d->placement == FERRY_PLACED_MOVED && d->state < FERRY_STATE_RUNNING)
		nr_starting++;
}

/* ---- Events ---- */

/* Wait for one and see to it; 0, or an errno. */
static int event_handle(uint64_t deadline_ns)
{
	struct ferry_manager_event e = { .abi = { sizeof(e), FERRY_ABI_VERSION } };
	uint64_t restart_ns = restart_next();

	if (syscall(NR_ferry_manager_wait, &e, restart_ns < deadline_ns ? restart_ns : deadline_ns)) {
		if (errno != ETIMEDOUT || restart_ns >= deadline_ns)
			return errno;
		e.kind = 0;
	}
	switch (e.kind) {
	case FERRY_EVENT_RESCAN:
		if (!in_turn)	/* start_all() comes to them */
			devices_each(start_if_free);
		break;
	case FERRY_EVENT_START:
		wanted = e.device;
		devices_each(start_if_wanted);
		break;
	}
	devices_each(supervise);
	devices_each(tell_failure);
	return 0;
}

static void wait_started(uint64_t deadline_ns)
{
	do {
		nr_starting = 0;
		devices_each(count_starting);
	} while (nr_starting && event_handle(deadline_ns) != ETIMEDOUT);
}

static struct ferry_device_desc next_device;	/* id 0: none yet */
static unsigned int last_started;

static void note_next(const struct ferry_device_desc *d)
{
	if (!next_device.id && d->id > last_started && d->placement == FERRY_PLACED_NONE && d->state == FERRY_STATE_UNBOUND && driver_for(d))
		next_device = *d;
}

/* In the order of the devices, one after the other, so that disks get the same names however many CPUs run. A slow one is not waited for. */
static int start_all(void)
{
	uint64_t deadline = now_ns() + READY_TIMEOUT_NS;

	for (;;) {
		next_device.id = 0;
		if (devices_each(note_next) < 0)
			return -1;
		if (!next_device.id)
			break;
		last_started = in_turn = next_device.id;
		driver_start(&next_device);
		if (now_ns() < deadline)
			wait_started(now_ns() + TURN_TIMEOUT_NS);
	}
	in_turn = 0;
	wait_started(deadline);
	if (nr_starting)
		fprintf(stderr, "devmgr: %u drivers are not running after %llu s\n", nr_starting, READY_TIMEOUT_NS / 1000000000);
	return 0;
}

static void policy_load(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f) {
		if (errno != ENOENT)
			fprintf(stderr, "devmgr: %s: %s\n", path, strerror(errno));
		return;
	}
	policy_read(f, path, stderr);
	fclose(f);
}

static void usage(void)
{
	fprintf(stderr, "usage: devmgr [--once] [--ready-fd N] [--drivers DIR] [--policy FILE]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *dir = DRIVERS_DIR, *policy = POLICY_FILE;
	int ready = -1, once = 0, i, err;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--once"))
			once = 1;
		else if (!strcmp(argv[i], "--ready-fd") && i + 1 < argc)
			ready = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--drivers") && i + 1 < argc)
			dir = argv[++i];
		else if (!strcmp(argv[i], "--policy") && i + 1 < argc)
			policy = argv[++i];
		else
			usage();
	}
	drivers_read(dir);
	policy_load(policy);
	srand((unsigned int)now_ns());
	if (start_all())
		return 1;
	if (ready >= 0 && write(ready, "", 1) == 1)
		close(ready);
	while (!once) {
		err = event_handle(~0ull);
		if (err && err != EINTR && err != ETIMEDOUT) {
			fprintf(stderr, "devmgr: %s\n", strerror(err));
			return 1;
		}
	}
	return 0;
}
