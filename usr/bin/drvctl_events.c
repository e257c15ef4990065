// SPDX-License-Identifier: GPL-2.0
/* The verbs of drvctl that listen to /dev/driver_events: what happened to drivers, and waiting for what is to happen. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uapi/ferry/syscall.h>
#include "drvctl.h"

#define EVENTS		"/dev/driver_events"
#define READ_BYTES	4096
#define WAIT_SECONDS	60

/* The value of @key in a line "key=value ...", into @to; 0: there is none. */
static int field(const char *line, const char *key, char *to, size_t size)
{
	size_t n = strlen(key), length;
	const char *at = line;

	while (at && (strncmp(at, key, n) || at[n] != '=')) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return 0;
	at += n + 1;
	length = *at == '"' ? strcspn(++at, "\"") : strcspn(at, " ");
	if (length >= size)
		length = size - 1;
	memcpy(to, at, length);
	to[length] = '\0';
	return 1;
}

static void event_print(const char *line)
{
	static const char *const texts[] = { "device", "driver", "placement", "from", "to", "nodes", "reason" };
	static const char *const numbers[] = { "seq", "time_us", "generation", "files" };
	char value[160];
	unsigned int i;

	if (!drvctl_json) {
		printf("%s\n", line);
		return;
	}
	json_item();
	printf("{\"event\":true");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (field(line, numbers[i], value, sizeof(value)))
			printf(",\"%s\":%s", numbers[i], value);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (field(line, texts[i], value, sizeof(value))) {
			printf(",\"%s\":", texts[i]);
			json_text(value);
		}
	printf("}");
}

static int event_is_of(const char *line, const char *name)
{
	char device[64] = "", driver[64] = "";

	field(line, "device", device, sizeof(device));
	field(line, "driver", driver, sizeof(driver));
	return !name || !strcmp(device, name) || !strcmp(driver, name);
}

/* The whole lines of @text; returns how many bytes of the last, cut one are at its start now. */
static size_t events_print(char *text, const char *name)
{
	char *line = text, *end;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (event_is_of(line, name))
			event_print(line);
	}
	fflush(stdout);
	memmove(text, line, strlen(line) + 1);
	return strlen(text);
}

int events_show(const char *name, int follow)
{
	int fd = open(EVENTS, O_RDONLY | O_CLOEXEC | (follow ? 0 : O_NONBLOCK));
	char text[READ_BYTES];
	size_t kept = 0;
	ssize_t n;

	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		fprintf(stderr, "drvctl: " EVENTS ": %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	if (drvctl_json)
		printf("[\n");
	while ((n = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		text[kept + (size_t)n] = '\0';
		kept = events_print(text, name);
	}
	if (drvctl_json)
		printf("\n]\n");
	close(fd);
	return EXIT_DONE;
}

static const char *wanted_state;

static int state_is(const struct ferry_device_desc *d)
{
	struct ferry_device_desc now = { .abi = { sizeof(now), FERRY_ABI_VERSION } };

	return syscall(NR_ferry_device_list, &now, 1, d->id - 1) == 1 && now.id == d->id && !strcmp(state_name(now.state), wanted_state);
}

static long left_ms(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
}

/* The next event, or the time is over. */
static void event_await(int fd, long ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[READ_BYTES];

	if (poll(&p, 1, ms > 0 ? (int)ms : 0) == 1 && read(fd, text, sizeof(text)) < 0)
		usleep(10000);
}

/* Listening begins before the first look, so nothing is missed. */
int state_wait(const struct ferry_device_desc *d, const char *state, const char *seconds)
{
	int fd = open(EVENTS, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct timespec end;
	char why[96];
	int there;

	if (fd < 0)
		return complain(d, "wait", strerror(errno));
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds ? atol(seconds) : WAIT_SECONDS;
	wanted_state = state;
	while (!(there = state_is(d)) && left_ms(&end) > 0)
		event_await(fd, left_ms(&end));
	close(fd);
	if (there)
		return EXIT_DONE;
	snprintf(why, sizeof(why), "it did not become %s in time", state);
	return complain(d, "wait", why);
}

/* NULL, or what is wrong with the words. */
const char *state_wait_check(const char *state, const char *seconds)
{
	unsigned int i;

	if (seconds && (!*seconds || strspn(seconds, "0123456789") != strlen(seconds) || strlen(seconds) > 6))
		return "not a number of seconds";
	for (i = 0; strcmp(state_name(i), "?"); i++)
		if (!strcmp(state_name(i), state))
			return NULL;
	return "no state of a driver";
}
