// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl: look at drivers and command them. NAME is a driver ("virtio_blk": all its devices) or a device ("0000:00:03.0"); where disks are
 * meant, one of them will do ("vda"). With --json the output is one JSON array, an object a device.
 * Exit status: 0 done; 1 it did not work; 2 wrong usage; 3 no such driver or device; 4 status: the driver is not running; 5 there is no device
 * manager. Of several devices the last that failed counts.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/syscall.h>
#include "drvctl.h"
#include "report.h"

#define DEVICES_MAX	64
#define START_TIMEOUT_MS	15000
#define DEVMGR		"/bin/devmgr"

int drvctl_json;

static struct ferry_device_desc *devices;
static int nr_devices;
static char **verb_args;	/* what follows NAME */

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

void json_device(const struct ferry_device_desc *d)
{
	json_item();
	printf("{\"device\":");
	json_text(d->name);
	printf(",\"driver\":");
	json_text(d->driver);
}

int complain(const struct ferry_device_desc *d, const char *what, const char *why)
{
	fprintf(stderr, "drvctl: %s%s%s: cannot %s: %s\n", d->driver, d->driver[0] ? " " : "", d->name, what, why);
	if (drvctl_json) {
		json_device(d);
		printf(",\"ok\":false,\"error\":");
		json_text(why);
		printf("}");
	}
	return EXIT_FAILED;
}

static const char *control_why(int err)
{
	if (err == -ESRCH)
		return "it has no driver running (or there is no device manager)";
	return err == -EOPNOTSUPP ? "its driver is a part of the kernel" : strerror(-err);
}

static int done(const struct ferry_device_desc *d)
{
	if (!drvctl_json)
		return EXIT_DONE;
	json_item();
	printf("{\"device\":");
	json_text(d->name);
	printf(",\"driver\":");
	json_text(d->driver);
	printf(",\"ok\":true}");
	return EXIT_DONE;
}

/* ---- Verbs; each is called with one device ---- */

static int verb_stop(const struct ferry_device_desc *d)
{
	int err = control(d, FERRY_CONTROL_STOP);

	return err ? complain(d, "stop", control_why(err)) : done(d);
}

static int verb_kill(const struct ferry_device_desc *d)
{
	int err = control(d, FERRY_CONTROL_KILL);

	return err ? complain(d, "kill", control_why(err)) : done(d);
}

/* The manager does the work; wait for what comes of it. A later binding has a higher generation. */
static int start_wait(const struct ferry_device_desc *before)
{
	struct ferry_device_desc now = *before;
	char why[160];
	int waited;

	for (waited = 0; waited < START_TIMEOUT_MS; waited += 10) {
		now.abi = (struct ferry_abi){ sizeof(now), FERRY_ABI_VERSION };
		if (syscall(NR_ferry_device_list, &now, 1, before->id - 1) != 1)
			break;
		if (now.generation > before->generation && now.state == FERRY_STATE_RUNNING)
			return done(&now);
		if (now.generation > before->generation && now.placement == FERRY_PLACED_NONE && now.state != FERRY_STATE_RESTARTING)
			break;
		usleep(10000);
	}
	snprintf(why, sizeof(why), "it does not run: %s", now.reason[0] ? now.reason : "no word from the device manager");
	return complain(before, "start", why);
}

static int runs(const struct ferry_device_desc *d)
{
	struct ferry_device_desc now = { .abi = { sizeof(now), FERRY_ABI_VERSION } };

	return syscall(NR_ferry_device_list, &now, 1, d->id - 1) == 1 && now.id == d->id && now.state == FERRY_STATE_RUNNING;
}

static int verb_start(const struct ferry_device_desc *d)
{
	char answer[256];
	int err;

	if (d->state == FERRY_STATE_RUNNING)
		return done(d);
	err = manager_ask(answer, sizeof(answer), "start %s\n", d->name);
	if (!err)
		return start_wait(d);
	if (!control(d, FERRY_CONTROL_START) && runs(d))	/* a part of the kernel: it needs no manager */
		return done(d);
	complain(d, "start", err < 0 ? "there is no device manager" : answer);
	return err < 0 ? EXIT_NO_MANAGER : EXIT_FAILED;
}

/* Clients see a pause only. */
static int verb_reload(const struct ferry_device_desc *d)
{
	char answer[256];
	int err = manager_ask(answer, sizeof(answer), "reload %s\n", d->name);

	if (!err)
		return done(d);
	complain(d, "reload", err < 0 ? "there is no device manager" : answer);
	return err < 0 ? EXIT_NO_MANAGER : EXIT_FAILED;
}

/* Where the kernel's own build has taken over, the process comes back without a word to clients. */
static int verb_restart(const struct ferry_device_desc *d)
{
	struct ferry_device_desc stopped = *d;
	int err;

	if (d->flags & FERRY_DEVICE_FELL_BACK)
		return verb_reload(d);
	err = d->placement != FERRY_PLACED_NONE ? control(d, FERRY_CONTROL_STOP) : 0;
	if (err)
		return complain(d, "stop", control_why(err));
	stopped.state = FERRY_STATE_QUIESCED;
	return verb_start(&stopped);
}

static int verb_io(const struct ferry_device_desc *d)
{
	const char *value = verb_args[3] ? verb_args[3] : "";
	char answer[1024];
	int err = manager_ask(answer, sizeof(answer), "io %s %s %s %s %s\n", d->name, verb_args[0], verb_args[1], verb_args[2], value);

	if (err) {
		complain(d, verb_args[0], err < 0 ? "there is no device manager" : answer);
		return err < 0 ? EXIT_NO_MANAGER : EXIT_FAILED;
	}
	answer[strcspn(answer, "\n")] = '\0';
	if (drvctl_json) {
		json_item();
		printf("{\"device\":");
		json_text(d->name);
		printf(",\"ok\":true,\"value\":");
		json_text(answer);
		printf("}");
	} else {
		printf("%s\n", answer);
	}
	return EXIT_DONE;
}

static int verb_profile(const struct ferry_device_desc *d)
{
	return profile_show(d, verb_args[0]);
}

static int verb_wait(const struct ferry_device_desc *d)
{
	int err = state_wait(d, verb_args[0], verb_args[1]);

	return err ? err : done(d);
}

static int verb_inject(const struct ferry_device_desc *d)
{
	return disk_inject(d, verb_args);
}

static int verb_attach(const struct ferry_device_desc *d)
{
	return disk_namespace(d, 1, verb_args[0]);
}

static int verb_detach(const struct ferry_device_desc *d)
{
	return disk_namespace(d, 0, verb_args[0]);
}

static const struct verb {
	const char *name;
	int (*fn)(const struct ferry_device_desc *d);
	int args_min, args_max;		/* after NAME */
} verbs[] = {
	{ "status", show_status, 0, 0 }, { "start", verb_start, 0, 0 }, { "stop", verb_stop, 0, 0 }, { "restart", verb_restart, 0, 0 },
	{ "kill", verb_kill, 0, 0 }, { "reload", verb_reload, 0, 0 }, { "log", show_log, 0, 0 }, { "caps", show_caps, 0, 0 },
	{ "budget", show_budget, 0, 0 }, { "io", verb_io, 3, 4 }, { "wait", verb_wait, 1, 2 }, { "profile", verb_profile, 0, 1 },
	{ "identify", disk_identify, 0, 0 }, { "smart", disk_smart, 0, 0 }, { "latency", disk_latency, 0, 0 },
	{ "inject", verb_inject, 0, 8 }, { "attach", verb_attach, 1, 1 }, { "detach", verb_detach, 1, 1 },
};

/* NULL: every device that has a driver. */
static int verb_run(int (*fn)(const struct ferry_device_desc *d), const char *name)
{
	int i, found = 0, result = EXIT_DONE, one;

	if (devices_read())
		return EXIT_FAILED;
	if (drvctl_json)
		printf("[\n");
	for (i = 0; i < nr_devices; i++) {
		if (name ? !name_fits(&devices[i], name) : !devices[i].driver[0])
			continue;
		found = 1;
		one = fn(&devices[i]);
		if (one && name)
			result = one;
	}
	if (drvctl_json)
		printf("\n]\n");
	if (found || !name)
		return result;
	fprintf(stderr, "drvctl: %s: no such driver or device\n", name);
	return EXIT_UNKNOWN;
}

/* ---- The policy ---- */

/* The manager's own reader says what is wrong, each with FILE:LINE. */
static int policy_check(const char *path)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl(DEVMGR, "devmgr", "--check", path, (char *)NULL);
		fprintf(stderr, "drvctl: %s: %s\n", DEVMGR, strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	if (drvctl_json) {
		printf("{\"file\":");
		json_text(path);
		printf(",\"ok\":%s}\n", status ? "false" : "true");
	}
	return status ? EXIT_FAILED : EXIT_DONE;
}

static int policy_reload(void)
{
	static char answer[8192];
	int err = manager_ask(answer, sizeof(answer), "policy\n");

	if (drvctl_json) {
		printf("{\"ok\":%s,\"error\":", err ? "false" : "true");
		json_text(err > 0 ? answer : err ? "there is no device manager" : "");
		printf("}\n");
	}
	if (err)
		fprintf(stderr, "drvctl: cannot load the policy: %s\n", err < 0 ? "there is no device manager" : answer);
	return err < 0 ? EXIT_NO_MANAGER : err ? EXIT_FAILED : EXIT_DONE;
}

static void help(FILE *to)
{
	fprintf(to, "usage: drvctl [--json] list\n"
		"       drvctl [--json] status|start|stop|restart|kill|reload|log|caps|budget|report NAME\n"
		"       drvctl [--json] identify|smart|latency NAME\n"
		"       drvctl [--json] attach|detach NAME NAMESPACE\n"
		"       drvctl inject NAME [off | KEY=VALUE...]\n"
		"       drvctl [--json] io NAME read|write|ioctl OFFSET LENGTH [VALUE]\n"
		"       drvctl [--json] profile NAME [SECONDS]\n"
		"       drvctl [--json] wait NAME STATE [SECONDS]\n"
		"       drvctl [--json] events [NAME] [follow]\n"
		"       drvctl [--json] policy check FILE|reload\n"
		"NAME: a driver (virtio_blk), a device (0000:00:03.0) or a disk (vda). Exit status: 0 done, 1 it did not work, 2 wrong usage,\n"
		"3 no such driver or device, 4 status: not running, 5 there is no device manager.\n");
}

static int usage(void)
{
	help(stderr);
	return EXIT_USAGE;
}

/* What is wrong with the words, where the verb is known or there is none like it. */
static int verb_usage(const char *name)
{
	static const char *const others[] = { "list", "events", "report", "policy" };
	unsigned int i, known = 0;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		known |= !strcmp(name, verbs[i].name);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		known |= !strcmp(name, others[i]);
	fprintf(stderr, "drvctl: %s: %s\n", name, known ? "too few or too many words for it" : "no such verb");
	return usage();
}

/* events [NAME] [follow] */
static int events(int argc, char **argv)
{
	int follow = argc > 2 && !strcmp(argv[argc - 1], "follow");

	return argc - follow > 3 ? verb_usage(argv[1]) : events_show(argc - follow == 3 ? argv[2] : NULL, follow);
}

/* A word that makes no sense: 2, and which it is. */
static int words_check(char **argv)
{
	const char *wrong = !strcmp(argv[1], "wait") ? state_wait_check(argv[3], argv[4]) : NULL;

	if (wrong)
		fprintf(stderr, "drvctl: wait: %s %s: %s\n", argv[3], argv[4] ? argv[4] : "", wrong);
	if (!wrong && !strcmp(argv[1], "profile") && (wrong = profile_check(argv[3])))
		fprintf(stderr, "drvctl: profile: %s: %s\n", argv[3], wrong);
	return wrong ? EXIT_USAGE : EXIT_DONE;
}

/* --json may stand anywhere. */
static int options_take(int argc, char **argv)
{
	int i, left = 1;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			drvctl_json = 1;
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}

int main(int argc, char **argv)
{
	unsigned int i;

	argc = options_take(argc, argv);
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		help(stdout);
		return EXIT_DONE;
	}
	if (argc == 2 && !strcmp(argv[1], "list"))
		return verb_run(show_status, NULL);
	if (argc >= 2 && !strcmp(argv[1], "events"))
		return events(argc, argv);
	if (argc == 3 && !strcmp(argv[1], "report"))
		return report_print(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "policy") && !strcmp(argv[2], "check"))
		return policy_check(argv[3]);
	if (argc == 3 && !strcmp(argv[1], "policy") && !strcmp(argv[2], "reload"))
		return policy_reload();
	for (i = 0; argc >= 3 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) || argc - 3 < verbs[i].args_min || argc - 3 > verbs[i].args_max)
			continue;
		if (words_check(argv))
			return EXIT_USAGE;
		verb_args = argv + 3;
		return verb_run(verbs[i].fn, disk_named(argv[2]));
	}
	return argc > 1 ? verb_usage(argv[1]) : usage();
}
