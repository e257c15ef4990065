// SPDX-License-Identifier: GPL-2.0
/*
 * The device manager: policy, no mechanism. It reads the manifests of the drivers in /lib/drivers and the policy, asks the kernel for its
 * devices, and starts a process for each device without a driver whose ids match. Then it waits for the kernel's events: what drivers ask
 * for is granted or refused, one that died gets a successor, one that hangs is killed, as the policy says. It may be killed itself: the drivers
 * run on, and the next one takes them over.
 *
 * usage: devmgr [--once] [--ready-fd N] [--drivers DIR] [--policy FILE]
 *        devmgr [--drivers DIR] --check FILE
 * --ready-fd: a byte is written there when every device found at start has its driver running, or failed, or 5 s have passed.
 * --check: only read the policy in FILE and say what is wrong. Exit status 0: nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uapi/ferry/syscall.h>
#include "devmgr.h"

#define DRIVERS_DIR	"/lib/drivers"
#define NICE		(-10)
#define READY_TIMEOUT_NS	5000000000ull
#define TURN_TIMEOUT_NS		1000000000ull	/* what the next driver waits for the one before it */

pthread_mutex_t manager_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t manager_changed = PTHREAD_COND_INITIALIZER;
const char *manager_policy_file = POLICY_FILE, *manager_drivers_dir = DRIVERS_DIR;

static unsigned int in_turn;	/* device id of the driver whose start is waited for; 0: of all */
static unsigned int nr_starting;

uint64_t now_ns(void)
{
	return (uint64_t)syscall(NR_ferry_get_time);
}

static void start_if_free(const struct ferry_device_desc *d)
{
	if (d->placement == FERRY_PLACED_NONE && d->state == FERRY_STATE_UNBOUND)
		driver_start(d);
}

static void look_again(const struct ferry_device_desc *d)
{
	struct instance *i = instance_find(d->id);

	if (i)
		talk_receive(i);	/* it may be that nobody told of what lies there */
	if (!in_turn)	/* start_all() comes to them */
		start_if_free(d);
}

static void count_starting(const struct ferry_device_desc *d)
{
	if (in_turn && d->id != in_turn)
		return;
	if (instance_find(d->id) && d->placement == FERRY_PLACED_MOVED && d->state < FERRY_STATE_RUNNING)
		nr_starting++;
}

/* ---- Events ---- */

static void event_handle(const struct ferry_manager_event *e)
{
	struct instance *i = instance_find(e->device);
	struct ferry_device_desc d;

	switch (e->kind) {
	case FERRY_EVENT_RESCAN:
		devices_each(look_again);
		supervise_all();
		return;
	case FERRY_EVENT_MESSAGE:
		if (i)
			talk_receive(i);
		return;
	case FERRY_EVENT_START:
		if (!device_look(e->device, &d))
			driver_wanted(&d);
		break;
	}
	if (!device_look(e->device, &d))
		supervise(&d);
}

/* Wait for an event, or for what is due, and see to it; 0, or an errno. */
static int event_wait(uint64_t deadline_ns)
{
	struct ferry_manager_event e = { .abi = { sizeof(e), FERRY_ABI_VERSION } };
	uint64_t due_ns = supervise_next(), until = due_ns < deadline_ns ? due_ns : deadline_ns;
	int err;

	pthread_mutex_unlock(&manager_lock);
	err = syscall(NR_ferry_manager_wait, &e, until) ? errno : 0;
	pthread_mutex_lock(&manager_lock);
	if (!err)
		event_handle(&e);
	else if (err == ETIMEDOUT && due_ns < deadline_ns)
		err = 0;
	if (due_ns <= now_ns())
		supervise_all();
	return err;
}

/* ---- The start ---- */

static void wait_started(uint64_t deadline_ns)
{
	do {
		nr_starting = 0;
		devices_each(count_starting);
	} while (nr_starting && event_wait(deadline_ns) != ETIMEDOUT);
}

static struct ferry_device_desc next_device;	/* id 0: none yet */
static unsigned int last_started;

static void note_next(const struct ferry_device_desc *d)
{
	const char *why;

	if (!next_device.id && d->id > last_started && d->placement == FERRY_PLACED_NONE && d->state == FERRY_STATE_UNBOUND && driver_for(d, &why))
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

/* The first wait makes this process the manager, which only one can be; what it brings is looked at later anyway. */
static int manager_become(void)
{
	struct ferry_manager_event e = { .abi = { sizeof(e), FERRY_ABI_VERSION } };

	return syscall(NR_ferry_manager_wait, &e, 0) && errno != ETIMEDOUT ? errno : 0;
}

/* ---- The policy ---- */

int policy_load(const char *path, FILE *errors)
{
	FILE *f = fopen(path, "r");
	int nr_wrong;

	if (!f)
		return -1;
	policy_reset();
	nr_wrong = (int)policy_read(f, path, errors);
	fclose(f);
	return nr_wrong;
}

/* One line to the kernel: 0 or an errno. */
static int fault_write(const char *text)
{
	int fd = open("/proc/ferry/inject", O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return errno;
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

int policy_inject(FILE *errors)
{
	const struct policy_fault *f;
	char text[sizeof(f->rule) + 16];
	int nr_wrong = 0, err;

	(void)fault_write("policy off\n");	/* if the old ones stay, the new ones fail too */
	for (unsigned int i = 0; (f = policy_fault(i)); i++) {
		snprintf(text, sizeof(text), "policy %s\n", f->rule);
		err = fault_write(text);
		if (!err)
			continue;
		fprintf(errors, "%s:%u: %s: %s\n", manager_policy_file, f->line, f->rule, strerror(err));
		nr_wrong++;
	}
	return nr_wrong;
}

static int policy_check(const char *path)
{
	int nr_wrong = policy_load(path, stderr);

	if (nr_wrong < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return nr_wrong != 0;
}

/* ---- Main ---- */

static void usage(void)
{
	fprintf(stderr, "usage: devmgr [--once] [--ready-fd N] [--drivers DIR] [--policy FILE]\n"
			"       devmgr [--drivers DIR] --check FILE\n");
	exit(2);
}

static int manage(int ready, int once)
{
	int err = manager_become();

	if (err) {
		fprintf(stderr, "devmgr: cannot be the device manager: %s\n", err == EPERM ? "there is one" : strerror(err));
		return 1;
	}
	(void)policy_inject(stderr);	/* before there are disks */
	devices_each(driver_adopt);
	if (!once)
		serve_start();
	if (start_all())
		return 1;
	if (ready >= 0 && write(ready, "", 1) == 1)
		close(ready);
	supervise_all();
	while (!once) {
		err = event_wait(~0ull);
		if (err && err != EINTR && err != ETIMEDOUT) {
			fprintf(stderr, "devmgr: %s\n", strerror(err));
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *check = NULL;
	int ready = -1, once = 0, i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--once"))
			once = 1;
		else if (!strcmp(argv[i], "--ready-fd") && i + 1 < argc)
			ready = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--drivers") && i + 1 < argc)
			manager_drivers_dir = argv[++i];
		else if (!strcmp(argv[i], "--policy") && i + 1 < argc)
			manager_policy_file = argv[++i];
		else if (!strcmp(argv[i], "--check") && i + 1 < argc)
			check = argv[++i];
		else
			usage();
	}
	catalogue_read(manager_drivers_dir);
	if (check)
		return policy_check(check);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (policy_load(manager_policy_file, stderr) < 0 && errno != ENOENT)
		fprintf(stderr, "devmgr: %s: %s\n", manager_policy_file, strerror(errno));
	if (mlockall(MCL_CURRENT | MCL_FUTURE))	/* no page of it may have to come by a driver that it restarts */
		fprintf(stderr, "devmgr: memory is not locked: %s\n", strerror(errno));
	srand((unsigned int)now_ns());
	(void)setpriority(PRIO_PROCESS, 0, NICE);	/* whoever waits for a driver waits for the manager too */
	pthread_mutex_lock(&manager_lock);
	return manage(ready, once);
}
