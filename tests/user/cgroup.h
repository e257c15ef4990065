/* SPDX-License-Identifier: GPL-2.0 */
/* The tree of control groups for a case: mounted where nobody else looks, and its files by group and name. */
#ifndef TESTS_USER_CGROUP_H
#define TESTS_USER_CGROUP_H

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "abi.h"

#define MIB	(1024ul * 1024)

static char top[] = "/tmp/cgroup.XXXXXX";

static inline const char *path(const char *group, const char *file)
{
	static char text[4][256];
	static unsigned int next;
	char *to = text[next++ % 4];

	snprintf(to, sizeof(text[0]), "%s/%s/%s", top, group, file);
	return to;
}

/* Ends what is in @group, and the group: what a case that failed has left fails no other one. */
static inline void clear(const char *group)
{
	int fd = open(path(group, "cgroup.kill"), O_WRONLY);

	if (fd < 0)
		return;
	CHECK(write(fd, "1", 1) == 1);
	close(fd);
	while (rmdir(path(group, "")) && errno == EBUSY)
		usleep(1000);
}

/* The tree in a directory of this case's own; false: it cannot be had. */
static inline bool tree(void)
{
	static const char *const groups[] = { "a/b/inner", "a/b", "a", "b", "c" };

	if (geteuid() || !mkdtemp(top) || mount("none", top, "cgroup2", 0, NULL))
		return false;
	for (unsigned int i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		clear(groups[i]);
	return true;
}

static inline void tree_end(void)
{
	CHECK(!umount(top) && !rmdir(top));
}

static inline void make(const char *group)
{
	CHECK(!mkdir(path(group, ""), 0755));
}

static inline void drop(const char *group)
{
	CHECK(!rmdir(path(group, "")));
}

static inline bool put(const char *group, const char *file, const char *text)
{
	int fd = open(path(group, file), O_WRONLY);
	ssize_t n, length = (ssize_t)strlen(text);

	CHECK(fd >= 0);
	n = write(fd, text, length);
	close(fd);
	return n == length;
}

static inline const char *get(const char *group, const char *file)
{
	static char text[4096];

	return abi_read(path(group, file), text, sizeof(text));
}

/* The number behind @name in a file of such lines; of the file itself without. */
static inline unsigned long long value(const char *group, const char *file, const char *name)
{
	const char *text = get(group, file), *at = text;

	while (*name && strncmp(at, name, strlen(name))) {
		at = strchr(at, '\n');
		CHECK(at);
		at++;
	}
	return strtoull(at + strlen(name), NULL, 10);
}

/* A child in @group, which starts when it is there. */
static inline pid_t child_in(const char *group, void (*body)(void))
{
	char pid_text[16], c;
	int go[2];
	pid_t pid;

	CHECK(!pipe(go));
	pid = fork();
	if (!pid) {
		close(go[1]);
		if (read(go[0], &c, 1) != 0)
			_exit(9);
		body();
		_exit(0);
	}
	CHECK(pid > 0);
	snprintf(pid_text, sizeof(pid_text), "%d\n", pid);
	CHECK(put(group, "cgroup.procs", pid_text));
	close(go[0]);
	close(go[1]);
	return pid;
}

static inline void sleep_on(void)
{
	for (;;)
		pause();
}

static inline void end(pid_t pid)
{
	CHECK(!kill(pid, SIGKILL));
	abi_wait(pid);
}

#endif
