/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of fanotify share (fanotify_test.c). */
#ifndef TESTS_USER_FANOTIFY_H
#define TESTS_USER_FANOTIFY_H

#include <fcntl.h>
#include <sys/fanotify.h>
#include "abi.h"

/* Of Linux 6.0, newer than the headers. */
#define MARK_EVICTABLE	0x200
#define MARK_IGNORE	0x400
#define REPORT_PIDFD	0x80
#define REPORT_TARGET	0x1000
#define RENAME		0x10000000
#define INFO_PIDFD	4
#define OLD_NAME	10
#define NEW_NAME	12
#define DIR_NAME	(FAN_REPORT_DIR_FID | FAN_REPORT_NAME)
#define ALL_FIDS	(DIR_NAME | FAN_REPORT_FID | REPORT_TARGET)
#define SURV		FAN_MARK_IGNORED_SURV_MODIFY

/* Work in a file system of the case's own, until fan_end(). False: no privilege for it. */
bool fan_start_mounted(void);
/* It hangs nowhere any more, and goes with its last user. */
void fan_end(void);
/* Both. */
bool fan_start(void);
int fan_group(unsigned int flags);
void fan_mark(int fd, unsigned int flags, uint64_t mask, const char *path);
void fan_touch(const char *name);
/* The next event; those of one read() are handed out one by one, so it is for one group at a time until there are no more. */
struct fanotify_event_metadata *fan_next(int fd);
struct fanotify_event_metadata *fan_expect(int fd, uint64_t mask);
/* An event with a descriptor of @path by @pid. */
void fan_expect_fd(int fd, uint64_t mask, const char *path, pid_t pid);
void fan_nothing(int fd);

#endif
