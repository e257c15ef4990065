/* SPDX-License-Identifier: GPL-2.0 */
/* The tree of control groups for a case: mounted where nobody else looks, and its files by group and name. */
#ifndef TESTS_USER_CGROUP_H
#define TESTS_USER_CGROUP_H

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "abi.h"

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

#endif
