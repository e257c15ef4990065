// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl: look at drivers and command them. NAME is a driver ("virtio_blk": all its devices) or a device ("0000:00:03.0").
 * Exit status: 0 done; 1 it did not work; 2 wrong usage or a verb that does not exist yet; 3 no such driver or device; 4 status: the
 * driver is not running.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/syscall.h>
#include "report.h"

#define DEVICES_MAX	64
#define START_TIMEOUT_MS	6000

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNKNOWN, EXIT_NOT_RUNNING };

static struct ferry_device_desc *devices;
static int nr_devices;

static const char *state_name(unsigned int state)
{
	static const char *const names[] = {
		"Unbound", "Spawned", "Initializing", "CapabilityGranted", "Probing", "Running", "Crashed", "Restarting",
		"Failed", "Quiesced",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static int devices_read(void)
{
	unsigned int after = 0;
	long n;

	nr_devices = 0;
	do {
		devices = realloc(devices, (size_t)(nr_devices + DEVICES_MAX) * sizeof(*devices));
		if (!devices)
			return -1;
		devices[nr_devices].abi = (struct ferry_abi){ sizeof(*devices), FERRY_ABI_VERSION };
		n = syscall(NR_ferry_device_list, devices + nr_devices, DEVICES_MAX, after);
		if (n < 0) {
			fprintf(stderr, "drvctl: cannot list devices: %s\n", strerror(errno));
			return -1;
		}
		nr_devices += (int)n;
		if (n)
			after = devices[nr_devices - 1].id;
	} while (n == DEVICES_MAX);
	return 0;
}

static int name_fits(const struct ferry_device_desc *d, const char *name)
{
	return !strcmp(d->name, name) || (d->driver[0] && !strcmp(d->driver, name));
}

static int control(const struct ferry_device_desc *d, unsigned int verb)
{
	struct ferry_driver_control c = {
		.abi = { sizeof(c), FERRY_ABI_VERSION }, .device = d->id, .verb = verb,
	};

	return syscall(NR_ferry_driver_control, &c) ? -errno : 0;
}

static void complain(const struct ferry_device_desc *d, const char *what, int err)
{
	const char *why = strerror(-err);

	if (err == -ESRCH)
		why = "it has no driver running (or there is no device manager)";
	else if (err == -EOPNOTSUPP)
		why = "its driver is a part of the kernel";
	fprintf(stderr, "drvctl: %s: cannot %s: %s\n", d->name, what, why);
}

/* ---- Verbs; each is called with one device ---- */

static int verb_status(const struct ferry_device_desc *d)
{
	const char *placement = d->placement == FERRY_PLACED_KERNEL ? "y" : d->placement == FERRY_PLACED_MOVED ? "m" : "-";

	printf("device=%s driver=%s placement=%s state=%s pid=%d generation=%llu", d->name, d->driver[0] ? d->driver : "-",
	       placement, state_name(d->state), d->pid, d->generation);
	if (d->reason[0] && d->state != FERRY_STATE_RUNNING)
		printf(" reason=\"%s\"", d->reason);
	printf("\n");
	return d->state == FERRY_STATE_RUNNING ? EXIT_DONE : EXIT_NOT_RUNNING;
}

static int verb_stop(const struct ferry_device_desc *d)
{
	int err = control(d, FERRY_CONTROL_STOP);

	if (err)
		complain(d, "stop", err);
	return err ? EXIT_FAILED : EXIT_DONE;
}

static int verb_kill(const struct ferry_device_desc *d)
{
	int err = control(d, FERRY_CONTROL_KILL);

	if (err)
		complain(d, "kill", err);
	return err ? EXIT_FAILED : EXIT_DONE;
}

/* The manager does the work; wait for what comes of it. A later binding has a higher generation. */
static int start_wait(const struct ferry_device_desc *before)
{
	struct ferry_device_desc now = { .abi = { sizeof(now), FERRY_ABI_VERSION } };
	int waited;

	for (waited = 0; waited < START_TIMEOUT_MS; waited += 10) {
		now.abi = (struct ferry_abi){ sizeof(now), FERRY_ABI_VERSION };
		if (syscall(NR_ferry_device_list, &now, 1, before->id - 1) != 1)
			break;
		if (now.generation > before->generation && now.state == FERRY_STATE_RUNNING)
			return EXIT_DONE;
		if (now.generation > before->generation && now.placement == FERRY_PLACED_NONE)
			break;
		usleep(10000);
	}
	fprintf(stderr, "drvctl: %s: did not start: state=%s %s\n", before->name, state_name(now.state), now.reason);
	return EXIT_FAILED;
}

static int verb_start(const struct ferry_device_desc *d)
{
	int err;

	if (d->state == FERRY_STATE_RUNNING)
		return EXIT_DONE;
	err = control(d, FERRY_CONTROL_START);
	if (err) {
		complain(d, "start", err);
		return EXIT_FAILED;
	}
	return start_wait(d);
}

static int verb_restart(const struct ferry_device_desc *d)
{
	struct ferry_device_desc stopped = *d;

	if (d->placement != FERRY_PLACED_NONE && verb_stop(d))
		return EXIT_FAILED;
	stopped.state = FERRY_STATE_QUIESCED;
	return verb_start(&stopped);
}

static int verb_list(void)
{
	int i;

	for (i = 0; i < nr_devices; i++)
		if (devices[i].driver[0])
			verb_status(&devices[i]);
	return EXIT_DONE;
}

static const struct verb {
	const char *name;
	int (*fn)(const struct ferry_device_desc *d);
} verbs[] = {
	{ "status", verb_status }, { "start", verb_start }, { "stop", verb_stop }, { "restart", verb_restart }, { "kill", verb_kill },
};

static const char *const later[] = { "reload", "log", "caps", "budget", "policy" };

static int verb_run(const struct verb *v, const char *name)
{
	int i, found = 0, result = EXIT_DONE, one;

	for (i = 0; i < nr_devices; i++) {
		if (!name_fits(&devices[i], name))
			continue;
		found = 1;
		one = v->fn(&devices[i]);
		if (one)
			result = one;
	}
	if (found)
		return result;
	fprintf(stderr, "drvctl: %s: no such driver or device\n", name);
	return EXIT_UNKNOWN;
}

static int usage(void)
{
	fprintf(stderr, "usage: drvctl list\n       drvctl status|start|stop|restart|kill|report NAME\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; argc > 1 && i < sizeof(later) / sizeof(later[0]); i++) {
		if (strcmp(argv[1], later[i]))
			continue;
		fprintf(stderr, "drvctl: %s: not yet\n", argv[1]);
		return EXIT_USAGE;
	}
	if (argc == 2 && !strcmp(argv[1], "list"))
		return devices_read() ? EXIT_FAILED : verb_list();
	if (argc == 3 && !strcmp(argv[1], "report"))
		return report_print(argv[2]);
	for (i = 0; argc == 3 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return devices_read() ? EXIT_FAILED : verb_run(&verbs[i], argv[2]);
	return usage();
}
