// SPDX-License-Identifier: GPL-2.0
/* The verbs of drvctl that only look: each prints what it found out about one device, for people or as JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>
#include <uapi/ferry/syscall.h>
#include "drvctl.h"

#define LOG_BYTES	(1u << 20)
#define KLOG_READ_ALL	3

static int nr_items;

const char *state_name(unsigned int state)
{
	static const char *const names[] = {
		"Unbound", "Spawned", "Initializing", "CapabilityGranted", "Probing", "Running", "Crashed", "Restarting",
		"Failed", "Quiesced",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static const char *placement_name(unsigned int placement)
{
	return placement == FERRY_PLACED_KERNEL ? "y" : placement == FERRY_PLACED_MOVED ? "m" : "-";
}

static void needs_print(unsigned int needs)
{
	static const char *const names[] = { "mmio", "ports", "irq", "dma", "cpu-data", "config", "keep" };
	unsigned int i, shown = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (needs & 1u << i)
			printf("%s%s", shown++ ? "," : "", names[i]);
	if (!shown)
		printf("none");
}

/* ---- JSON ---- */

void json_item(void)
{
	printf("%s", nr_items++ ? ",\n " : " ");
}

void json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", *text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void json_member(const char *name, const char *text)
{
	printf(",\"%s\":", name);
	json_text(text);
}

static void json_begin(const struct ferry_device_desc *d)
{
	json_item();
	printf("{\"device\":");
	json_text(d->name);
	json_member("driver", d->driver);
}

/* ---- Verbs ---- */

int show_status(const struct ferry_device_desc *d)
{
	const char *fallback = d->flags & FERRY_DEVICE_FELL_BACK ? "taken" : d->flags & FERRY_DEVICE_FALLBACK ? "ready" : "none";
	const char *reason = d->state != FERRY_STATE_RUNNING || d->flags & FERRY_DEVICE_FELL_BACK ? d->reason : "";

	if (drvctl_json) {
		json_begin(d);
		json_member("placement", placement_name(d->placement));
		json_member("state", state_name(d->state));
		json_member("reason", reason);
		json_member("fallback", fallback);
		printf(",\"pid\":%d,\"generation\":%llu,\"restarts\":%u,\"restart_last_us\":%u,\"refused\":%u,\"bad_messages\":%llu}", d->pid,
		       d->generation, d->restarts, d->restart_last_us, d->refused, d->bad_messages);
	} else {
		printf("device=%s driver=%s placement=%s state=%s pid=%d generation=%llu restarts=%u", d->name, d->driver[0] ? d->driver : "-",
		       placement_name(d->placement), state_name(d->state), d->pid, d->generation, d->restarts);
		if (strcmp(fallback, "none"))
			printf(" fallback=%s", fallback);
		if (reason[0])
			printf(" reason=\"%s\"", reason);
		printf("\n");
	}
	return d->state == FERRY_STATE_RUNNING ? EXIT_DONE : EXIT_NOT_RUNNING;
}

/* The lines of the kernel's log with its name in them: "driver: NAME DEVICE", "device DEVICE", "NAME DEVICE". */
static void log_lines(const struct ferry_device_desc *d, char *text)
{
	int nr = 0;
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strstr(line, d->name))
			continue;
		if (drvctl_json) {
			printf("%s", nr++ ? "," : "");
			json_text(line);
		} else {
			printf("%s\n", line);
		}
	}
}

int show_log(const struct ferry_device_desc *d)
{
	char *text = malloc(LOG_BYTES);
	int n = text ? klogctl(KLOG_READ_ALL, text, LOG_BYTES - 1) : -1;

	if (n < 0) {
		free(text);
		return complain(d, "read the log", strerror(errno));
	}
	text[n] = '\0';
	if (drvctl_json) {
		json_begin(d);
		printf(",\"log\":[");
	}
	log_lines(d, text);
	if (drvctl_json)
		printf("]}");
	free(text);
	return EXIT_DONE;
}

/* The device's lines of /proc/ferry/caps; for people as lscap shows them. */
static void caps_lines(const struct ferry_device_desc *d)
{
	FILE *f = fopen("/proc/ferry/caps", "r");
	char line[256], kind[12], device[32];
	unsigned int rights;
	int nr = 0, holder;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u %*u %11s %x %31s %*u %d", kind, &rights, device, &holder) != 4 || strcmp(device, d->name))
			continue;
		if (drvctl_json)
			printf("%s{\"kind\":\"%s\",\"rights\":%u,\"holder\":%d}", nr++ ? "," : "", kind, rights, holder);
		else
			printf("  %-8s rights=0x%x holder=%d\n", kind, rights, holder);
	}
	if (f)
		fclose(f);
}

/* What it was granted as a whole, what was refused, and the handles that came of it. */
int show_caps(const struct ferry_device_desc *d)
{
	if (drvctl_json) {
		json_begin(d);
		printf(",\"granted\":\"");
		needs_print(d->granted);
		printf("\",\"refused\":%u,\"handles\":[", d->refused);
	} else {
		printf("device=%s driver=%s granted=", d->name, d->driver[0] ? d->driver : "-");
		needs_print(d->granted);
		printf(" refused=%u\n", d->refused);
	}
	caps_lines(d);
	if (drvctl_json)
		printf("]}");
	return EXIT_DONE;
}

/* One line of the manager's "state", which is JSON already; NULL: it has none, or there is no manager. */
static const char *manager_state(const struct ferry_device_desc *d)
{
	static char answer[65536];
	char wanted[64], *line;

	if (manager_ask(answer, sizeof(answer), "state\n"))
		return NULL;
	snprintf(wanted, sizeof(wanted), "{\"device\":\"%s\",", d->name);
	for (line = strtok(answer, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, wanted, strlen(wanted)))
			return line;
	return NULL;
}

static unsigned long state_number(const char *line, const char *name)
{
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof(wanted), "\"%s\":", name);
	at = strstr(line, wanted);
	return at ? strtoul(at + strlen(wanted), NULL, 10) : 0;
}

static void budget_item(const char *name, const struct ferry_budget_item *i)
{
	if (drvctl_json)
		printf(",\"%s\":{\"used\":%llu,\"limit\":%llu,\"exceeded\":%llu}", name, i->used, i->limit, i->exceeded);
	else
		printf(" %s=%llu/%llu/%llu", name, i->used, i->limit, i->exceeded);
}

/* used/limit/exceeded of each; a limit of 0 is none. Restarts are the manager's account. */
int show_budget(const struct ferry_device_desc *d)
{
	static const char *const names[FERRY_BUDGET_KINDS] = { "cpu_us", "memory_pages", "dma_pages", "handles", "irqs", "depth" };
	struct ferry_budget b = { .abi = { sizeof(b), FERRY_ABI_VERSION }, .device = d->id, .handle = -1 };
	const char *state = manager_state(d);
	unsigned int k;

	if (syscall(NR_ferry_budget, &b))
		return complain(d, "read its budget", strerror(errno));
	if (drvctl_json)
		json_begin(d);
	else
		printf("device=%s driver=%s", d->name, d->driver[0] ? d->driver : "-");
	for (k = 0; k < FERRY_BUDGET_KINDS; k++)
		budget_item(names[k], &b.items[k]);
	if (drvctl_json)
		printf(",\"manager\":%s}", state ? state : "null");
	else if (state)
		printf(" restarts=%lu/%lu window_s=%lu heartbeats_missed=%lu\n", state_number(state, "restarts_in_window"),
		       state_number(state, "restart_budget"), state_number(state, "restart_window_s"), state_number(state, "heartbeats_missed"));
	else
		printf("\n");
	return EXIT_DONE;
}
