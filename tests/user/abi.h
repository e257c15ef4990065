/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of the system call border, as an ordinary program sees it: the same binary runs on Ferry and on Linux. Each case runs in a
 * child process with an alarm, so a crash or a hang costs that case only. A case returns normally when its claim holds.
 */
#ifndef TESTS_USER_ABI_H
#define TESTS_USER_ABI_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct abi_case {
	const char *name;
	void (*run)(void);
};

#define ABI_CASE(id)								\
	static void id(void);							\
	static const struct abi_case id##_case __attribute__((used, section("abi_cases"), aligned(8))) = { #id, id }; \
	static void id(void)

/* Say what did not hold and end the case. */
void abi_fail(const char *claim, const char *file, int line) __attribute__((noreturn));

#define CHECK(x)	do { if (!(x)) abi_fail(#x, __FILE__, __LINE__); } while (0)
#define CHECK_ERR(x, e)	do { errno = 0; CHECK((x) == -1); if (errno != (e)) abi_fail(#x " fails with " #e, __FILE__, __LINE__); } while (0)

/* Wait for @pid; its raw status. */
int abi_wait(pid_t pid);
/* @sig, which is blocked, once it is there. */
siginfo_t abi_await_signal(int sig);
/* The beginning of a file by one read(), in the @size bytes at @text, which it ends with a 0. @text. */
char *abi_read(const char *path, char *text, size_t size);
/* What stands in /proc/<pid>/syscall now, until the next call of this. */
const char *abi_call_of(pid_t pid);
/* Wait until the first thread of @pid waits in the system call @nr. */
void abi_await_call(pid_t pid, long nr);
/* Work in a fresh directory that every user may write to, with umask 022; all of them are removed when the cases are done. */
void abi_fresh(void);
/* An address that no program may use. Volatile, lest the compiler see what a call is given. */
extern void *volatile abi_bad_address;
#define BAD		abi_bad_address
/* The role @seccomp of exec_test.c (seccomp_test.c). */
int seccomp_status(void);
/* The role @caps, and this program copied to @to (credentials_test.c). */
int caps_status(void);
void abi_copy_self(const char *to, mode_t mode);
/* The role @clocks (time_ns_test.c). */
int clocks_status(void);
/* The role @gain (gain_test.c). */
int gain_status(int argc, char **argv);
/* The role @keyring (keyring_use_test.c). */
int keyring_status(int argc, char **argv);
/* This program's own path. */
extern const char *abi_self;

#endif
