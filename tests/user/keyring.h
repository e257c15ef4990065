/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of keyrings(7) share. */
#ifndef TESTS_USER_KEYRING_H
#define TESTS_USER_KEYRING_H

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_keys.h>
#include "abi.h"

#define USER		2345
#define OTHER		2346
#define STORMY		2347
#define POOR		2348
#define RIGHTS_NEW	0x3f010000
#define THREAD		LINUX_KEY_SPEC_THREAD_KEYRING
#define PROCESS		LINUX_KEY_SPEC_PROCESS_KEYRING
#define SESSION		LINUX_KEY_SPEC_SESSION_KEYRING
#define OF_USER		LINUX_KEY_SPEC_USER_KEYRING
#define OF_SESSION	LINUX_KEY_SPEC_USER_SESSION_KEYRING

static inline long add(const char *type, const char *description, const void *payload, size_t size, int ring)
{
	return syscall(SYS_add_key, type, description, payload, size, ring);
}

static inline long user_key(const char *description, const char *payload, int ring)
{
	return add("user", description, payload, strlen(payload), ring);
}

static inline long ring_in(const char *name, int ring)
{
	return add("keyring", name, NULL, 0, ring);
}

#define control(what, ...)	syscall(SYS_keyctl, LINUX_KEYCTL_##what, ##__VA_ARGS__)

static inline bool there_is(void)
{
	return syscall(SYS_keyctl, LINUX_KEYCTL_GET_KEYRING_ID, SESSION, 0) != -1 || errno != ENOSYS;
}

static inline void be(uid_t id)
{
	CHECK(!setgroups(0, NULL) && !setresgid(id, id, id) && !setresuid(id, id, id) && !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static inline int32_t id_of(int ring)
{
	return (int32_t)control(GET_KEYRING_ID, ring, 0);
}

static inline bool described(int32_t id, const char *as)
{
	char text[256] = "";
	long n = control(DESCRIBE, id, text, sizeof(text));

	if (n == (long)strlen(as) + 1 && !strcmp(text, as))
		return true;
	printf("# %ld %s, not %s\n", n, text, as);
	return false;
}

static inline bool holds(int32_t id, const char *text)
{
	char buffer[64] = "";
	long n = control(READ, id, buffer, sizeof(buffer));

	return n == (long)strlen(text) && !memcmp(buffer, text, strlen(text));
}

/* Is there no such key any more? Linux frees them when it comes to it. */
static inline bool goes(int32_t id)
{
	for (int i = 0; i < 100; i++) {
		if (control(DESCRIBE, id, NULL, 0) == -1 && errno == ENOKEY)
			return true;
		usleep(50000);
	}
	return false;
}

/* The line of /proc/keys about @id, behind its number; false: none. */
static inline bool line_of(int32_t id, char line[512])
{
	FILE *f = fopen("/proc/keys", "r");
	char number[16];
	bool found = false;

	CHECK(f);
	snprintf(number, sizeof(number), "%08x ", id);
	while (!found && fgets(line, 512, f))
		found = !strncmp(line, number, 9);
	fclose(f);
	memmove(line, line + 9, 500);
	return found;
}

/* Does it hold these two (0: none) and no other? */
static inline bool ring_has(int ring, int32_t a, int32_t b)
{
	int32_t ids[4] = { 0 };
	long n = control(READ, ring, ids, sizeof(ids));

	if (n != (a ? 4 : 0) + (b ? 4 : 0))
		return false;
	return (ids[0] == a && ids[1] == b) || (ids[0] == b && ids[1] == a);
}

/* What a user has: keys, those that are counted and their bytes. */
static inline bool user_has(uid_t uid, long *nr, long *counted, long *bytes)
{
	FILE *f = fopen("/proc/key-users", "r");
	char line[256];
	unsigned int who;
	bool found = false;

	CHECK(f);
	*nr = *counted = *bytes = 0;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%u: %*d %ld/%*d %ld/%*d %ld/%*d", &who, nr, counted, bytes) == 4 && who == uid;
	fclose(f);
	if (!found)
		*nr = *counted = *bytes = 0;
	return found;
}

static inline void write_number(const char *path, const char *number)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0 && write(fd, number, strlen(number)) > 0 && !close(fd));
}

/* The status of the only child. */
static inline int ended(void)
{
	int status;

	CHECK(wait(&status) > 0);
	return status;
}

#endif
