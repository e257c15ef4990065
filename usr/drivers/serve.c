// SPDX-License-Identifier: GPL-2.0
/*
 * What drvctl asks of the device manager: one connection, one line, one answer, from a thread of its own. The socket lies in a directory of
 * root's. An answer begins with "ok" or "error: WHAT"; more lines may follow. What takes time waits for the event loop on manager_changed.
 *
 *	start DEVICE
 *	reload DEVICE
 *	io DEVICE read|write|ioctl OFFSET LENGTH [VALUE]
 *	policy			read the file again
 *	state			what is known of each driver, as JSON
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <lib/message.h>
#include "devmgr.h"

#define LINE_BYTES	256
#define IO_TIMEOUT_MS	5000u
#define START_SLACK_MS	20000u	/* on top of the policy's own deadlines */
#define WORDS_MAX	8

/* Wait until the event loop has changed something; 0 at the deadline. manager_lock held. */
static int changed_wait(const struct timespec *deadline)
{
	return pthread_cond_timedwait(&manager_changed, &manager_lock, deadline) == 0;
}

static struct timespec deadline_in(unsigned int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* The driver process of a device by its name, or what is known of one that fell back on the kernel's build; NULL: told. */
static struct instance *instance_named(const char *name, int fell_back_too, struct ferry_device_desc *d, FILE *out)
{
	struct instance *i;

	if (device_named(name, d)) {
		fprintf(out, "error: no such device\n");
		return NULL;
	}
	i = fell_back_too && d->flags & FERRY_DEVICE_FELL_BACK ? instance_for(d) : instance_find(d->id);
	if (i && (i->process >= 0 || (fell_back_too && d->flags & FERRY_DEVICE_FELL_BACK)))
		return i;
	fprintf(out, "error: %s\n", d->placement == FERRY_PLACED_KERNEL ? "its driver is a part of the kernel" : "it has no driver process");
	return NULL;
}

/* ---- Commands; manager_lock held ---- */

static void reload_wait(struct instance *i, FILE *out)
{
	const struct policy *p = policy_for(i->driver);
	struct timespec deadline = deadline_in(p->quiesce_ms);

	while (i->reload == RELOAD_QUIESCING && changed_wait(&deadline))
		;
	if (i->reload == RELOAD_QUIESCING) {
		fprintf(stderr, "devmgr: driver %s does not quiesce in %u ms, killing it\n", i->driver, p->quiesce_ms);
		reload_force(i);
	}
	deadline = deadline_in(p->start_ms + START_SLACK_MS);
	while (reload_is_on(i) && changed_wait(&deadline))
		;
	if (i->reload == RELOAD_DONE)
		fprintf(out, "ok\n");
	else
		fprintf(out, "error: the new driver does not run: %s\n", i->reload == RELOAD_FAILED ? i->reload_why : "no word from it");
	i->reload = RELOAD_NONE;
}

static void serve_reload(char **words, int nr, FILE *out)
{
	struct ferry_device_desc d;
	struct instance *i = nr == 2 ? instance_named(words[1], 1, &d, out) : NULL;
	const char *why;

	if (!i)
		return;
	why = reload_begin(i, &d);
	if (why)
		fprintf(out, "error: %s\n", why);
	else
		reload_wait(i, out);
}

static void serve_start_device(char **words, int nr, FILE *out)
{
	struct ferry_device_desc d;
	const char *why;

	if (nr != 2 || device_named(words[1], &d)) {
		fprintf(out, "error: no such device\n");
		return;
	}
	why = driver_wanted(&d);
	if (why)
		fprintf(out, "error: %s\n", why[0] ? why : "no driver knows it");
	else
		fprintf(out, "ok\n");
}

static void io_answer(const struct ferry_message_io_answer *a, FILE *out)
{
	unsigned int n;

	if (a->error) {
		fprintf(out, "error: %s\n", strerror(-message_errno(a->error)));
		return;
	}
	fprintf(out, "ok\n");
	for (n = a->length; n; n--)	/* the highest byte first, as numbers are written */
		fprintf(out, "%02x", a->data[n - 1]);
	fprintf(out, "\n");
}

static void io_wait(struct instance *i, FILE *out)
{
	struct timespec deadline = deadline_in(IO_TIMEOUT_MS);

	while (i->io_asked && changed_wait(&deadline))
		;
	if (!i->io_asked) {
		io_answer(&i->io_answer, out);
		return;
	}
	i->io_asked = 0;
	fprintf(out, "error: no answer from the driver in %u ms\n", IO_TIMEOUT_MS);
}

/* Any number is a type of request: the driver says what it does not know. */
static unsigned int io_type(const char *word)
{
	if (!strcmp(word, "read"))
		return FERRY_IO_READ;
	if (!strcmp(word, "write"))
		return FERRY_IO_WRITE;
	return strcmp(word, "ioctl") ? (unsigned int)strtoul(word, NULL, 0) : FERRY_IO_IOCTL;
}

static void serve_io(char **words, int nr, FILE *out)
{
	unsigned long long offset = nr >= 5 ? strtoull(words[3], NULL, 0) : 0, value = nr == 6 ? strtoull(words[5], NULL, 0) : 0;
	unsigned long length = nr >= 5 ? strtoul(words[4], NULL, 0) : 0;
	unsigned char data[FERRY_MESSAGE_DATA_MAX] = { 0 };
	struct ferry_device_desc d;
	struct instance *i;
	int err;

	if (nr < 5 || length > sizeof(data)) {
		fprintf(out, "error: bad command\n");
		return;
	}
	i = instance_named(words[1], 0, &d, out);
	if (!i)
		return;
	memcpy(data, &value, length < sizeof(value) ? length : sizeof(value));
	err = i->io_asked ? EBUSY : talk_io(i, io_type(words[2]), offset, data, (unsigned int)length);
	if (err)
		fprintf(out, "error: cannot ask the driver: %s\n", strerror(err));
	else
		io_wait(i, out);
}

static void serve_policy(char **words, int nr, FILE *out)
{
	char *errors = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&errors, &size);
	int nr_wrong;

	(void)words;
	(void)nr;
	if (!f)
		return;
	nr_wrong = policy_load(manager_policy_file, f);
	if (nr_wrong >= 0)
		nr_wrong += policy_inject(f);
	devices_each(standby_drop);
	fclose(f);
	if (nr_wrong)
		fprintf(out, "error: %s: %s\n%s", manager_policy_file, nr_wrong < 0 ? "cannot be read" : "has wrong lines", errors);
	else
		fprintf(out, "ok\n");
	free(errors);
}

static FILE *state_out;

static void state_line(const struct ferry_device_desc *d)
{
	const struct policy *p;
	struct instance *i = instance_find(d->id);
	char grant[64];

	if (!i)
		return;
	p = policy_for(i->driver);
	policy_needs_text(grant, sizeof(grant), p->grant);
	fprintf(state_out, "{\"device\":\"%s\",\"driver\":\"%s\",\"version\":\"%s\",\"adopted\":%s,\"registered\":%s,\"restarts_in_window\":%u,"
		"\"restart_budget\":%u,\"restart_window_s\":%u,\"heartbeats_missed\":%u,\"policy_line\":%u,\"policy_grant\":\"%s\"}\n",
		d->name, i->driver, i->version, i->adopted ? "true" : "false", i->registered || i->adopted ? "true" : "false",
		i->past->history.in_window, p->budget, p->window_s, i->past->missed_all, p->line, grant);
}

static void serve_state(char **words, int nr, FILE *out)
{
	(void)words;
	(void)nr;
	fprintf(out, "ok\n");
	state_out = out;
	devices_each(state_line);
}

static const struct command {
	const char *name;
	void (*fn)(char **words, int nr, FILE *out);
} commands[] = {
	{ "start", serve_start_device }, { "reload", serve_reload }, { "io", serve_io }, { "policy", serve_policy }, { "state", serve_state },
};

/* ---- Connections ---- */

static void command_run(char *line, FILE *out)
{
	char *words[WORDS_MAX], *rest, *word;
	unsigned int c;
	int nr = 0;

	for (word = strtok_r(line, " \r\n", &rest); word && nr < WORDS_MAX; word = strtok_r(NULL, " \r\n", &rest))
		words[nr++] = word;
	for (c = 0; nr && c < sizeof(commands) / sizeof(commands[0]); c++) {
		if (strcmp(words[0], commands[c].name))
			continue;
		pthread_mutex_lock(&manager_lock);
		commands[c].fn(words, nr, out);
		pthread_mutex_unlock(&manager_lock);
		return;
	}
	fprintf(out, "error: bad command\n");
}

/* One line, without its end; 0: none came, or too long a one. */
static int line_receive(int fd, char *line, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used + 1 < size && (n = read(fd, line + used, size - used - 1)) > 0) {
		used += (size_t)n;
		line[used] = '\0';
		if (strchr(line, '\n'))
			return 1;
	}
	return 0;
}

static void connection_serve(int fd)
{
	struct timeval limit = { .tv_sec = 5 };
	char line[LINE_BYTES];
	FILE *out;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	out = line_receive(fd, line, sizeof(line)) ? fdopen(fd, "w") : NULL;
	if (!out) {
		close(fd);
		return;
	}
	command_run(line, out);
	fclose(out);
}

static void *serve_thread(void *arg)
{
	int listener = (int)(intptr_t)arg, fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			connection_serve(fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			sleep(1);
	}
	return NULL;
}

static int socket_open(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = SERVE_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	mkdir("/run", 0755);
	mkdir("/run/ferry", 0700);
	unlink(SERVE_SOCKET);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 8))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void serve_start(void)
{
	int fd = socket_open();
	pthread_t thread;

	if (fd < 0 || pthread_create(&thread, NULL, serve_thread, (void *)(intptr_t)fd))
		fprintf(stderr, "devmgr: %s: %s; drvctl reload, io and policy will not work\n", SERVE_SOCKET, strerror(errno));
}
