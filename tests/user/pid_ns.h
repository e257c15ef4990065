/* SPDX-License-Identifier: GPL-2.0 */
/* Children in PID namespaces of their own, and pipes to talk to them. */
#ifndef TESTS_USER_PID_NS_H
#define TESTS_USER_PID_NS_H

#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "abi.h"

#define NOBODY	65534

/* A child in a new namespace: as fork(). */
static inline pid_t child_new(void)
{
	return syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, NULL, NULL, 0);
}

static inline unsigned long ns_number(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	CHECK(!stat(path, &st));
	return st.st_ino;
}

/* Two pipes: one each way. */
struct duct {
	int up[2], down[2];
};

static inline void duct_make(struct duct *d)
{
	CHECK(!pipe(d->up) && !pipe(d->down));
}

static inline void duct_tell(const int way[2], int number)
{
	CHECK(write(way[1], &number, sizeof(number)) == sizeof(number));
}

static inline int duct_hear(const int way[2])
{
	int number;

	CHECK(read(way[0], &number, sizeof(number)) == sizeof(number));
	return number;
}

#endif
