// SPDX-License-Identifier: GPL-2.0
/*
 * The misc class as a program sees it, on QEMU's edu device: each claim is one KTAP line. With "load SECONDS" it reads, writes and computes
 * until then and checks every answer; the status tells whether one was wrong or an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uapi/ferry/edu.h>

#define NODE	"/dev/edu0"

static int fd, number, failed;

static void claim(const char *name, int ok)
{
	if (!ok)
		printf("# errno %d\n", errno);
	failed += !ok;
	printf("%sok %d %s\n", ok ? "" : "not ", ++number, name);
}

static uint32_t ask(unsigned long command, uint32_t value, int *status)
{
	*status = ioctl(fd, (int)command, &value);
	return value;
}

static uint32_t factorial(uint32_t n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

static int factorials_right(void)
{
	int status;

	for (uint32_t n = 0; n <= EDU_FACTORIAL_MAX; n++)
		if (ask(EDU_FACTORIAL, n, &status) != factorial(n) || status)
			return 0;
	return 1;
}

/* Write and read back @length bytes at @at. */
static int keeps(size_t at, size_t length, unsigned int seed)
{
	static unsigned char out[EDU_BUFFER_BYTES], in[EDU_BUFFER_BYTES];

	for (size_t i = 0; i < length; i++)
		out[i] = (unsigned char)(seed + i * 13);
	return pwrite(fd, out, length, (off_t)at) == (ssize_t)length && pread(fd, in, length, (off_t)at) == (ssize_t)length &&
	       !memcmp(in, out, length);
}

static int fails_with(int result, int error)
{
	return result == -1 && errno == error;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Read all of it, which takes the device a while, with a signal in the middle. */
static ssize_t read_with_alarm(unsigned char *to, int flags)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval soon = { .it_value.tv_usec = 10000 }, never = { 0 };
	ssize_t n;
	int err;

	sigaction(SIGALRM, &action, NULL);
	alarms = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
	n = pread(fd, to, EDU_BUFFER_BYTES, 0);
	err = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	errno = err;
	return n;
}

/* The device may be done before the signal comes, now and then. */
static int signal_ends_it(void)
{
	static unsigned char bytes[EDU_BUFFER_BYTES];

	for (int i = 0; i < 100; i++)
		if (read_with_alarm(bytes, 0) == -1)
			return errno == EINTR && alarms == 1;
	return 0;
}

static int signal_starts_it_again(void)
{
	static unsigned char before[EDU_BUFFER_BYTES], bytes[EDU_BUFFER_BYTES];
	int met = 0;

	if (pread(fd, before, sizeof(before), 0) != sizeof(before))
		return 0;
	for (int i = 0; i < 5; i++) {
		memset(bytes, 0x5a, sizeof(bytes));
		if (read_with_alarm(bytes, SA_RESTART) != sizeof(bytes) || memcmp(bytes, before, sizeof(bytes)))
			return 0;
		met += alarms;
	}
	return met;
}

/* Whoever is killed does not wait for the device. */
static int killed_in_a_read_is_gone(void)
{
	static unsigned char bytes[EDU_BUFFER_BYTES];
	int status, i;

	for (i = 0; i < 3; i++) {
		pid_t child = fork();

		while (!child)
			(void)!pread(fd, bytes, sizeof(bytes), 0);
		usleep(20000);
		kill(child, SIGKILL);
		if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
			return 0;
	}
	return keeps(7, 100, 3);
}

static void claims(void)
{
	uint32_t id, live;
	char byte = 0;
	int status;

	printf("1..16\n");
	id = ask(EDU_IDENTIFY, 0, &status);
	claim("identification_is_the_devices", !status && (id & 0xffff) == 0xed);
	live = ask(EDU_LIVENESS, 0x12345678, &status);
	claim("liveness_answers_with_the_complement", !status && live == ~0x12345678u);
	claim("factorials_come_by_interrupt", factorials_right());
	errno = 0;
	ask(EDU_FACTORIAL, EDU_FACTORIAL_MAX + 1, &status);
	claim("factorial_too_big_is_refused", fails_with(status, EINVAL));
	claim("unknown_ioctl_is_refused", fails_with(ioctl(fd, 0x6503, 0), ENOTTY));
	claim("ioctl_with_a_bad_pointer_is_refused", fails_with(ioctl(fd, (int)EDU_FACTORIAL, (void *)8), EFAULT));
	claim("bytes_written_by_dma_are_read_back", keeps(0, EDU_BUFFER_BYTES, 7));
	claim("bytes_in_the_middle_are_kept", keeps(1001, 17, 99));
	claim("read_at_the_end_is_empty", pread(fd, &byte, 1, EDU_BUFFER_BYTES) == 0);
	claim("write_at_the_end_has_no_room", fails_with((int)pwrite(fd, &byte, 1, EDU_BUFFER_BYTES), ENOSPC));
	claim("seek_knows_the_size", lseek(fd, 0, SEEK_END) == EDU_BUFFER_BYTES);
	claim("read_is_cut_at_the_end", pread(fd, malloc(64), 64, EDU_BUFFER_BYTES - 10) == 10);
	claim("signal_ends_a_request", signal_ends_it());
	claim("and_the_device_works_on", keeps(0, EDU_BUFFER_BYTES, 8));
	claim("request_starts_again_where_the_handler_says_so", signal_starts_it_again());
	claim("who_is_killed_in_a_request_is_gone", killed_in_a_read_is_gone());
}

/* Lines "rounds N errors N wrong N". */
static int load(time_t seconds)
{
	unsigned int rounds = 0, errors = 0, wrong = 0;
	time_t end = time(NULL) + seconds;
	int status;

	while (time(NULL) < end) {
		uint32_t n = rounds % (EDU_FACTORIAL_MAX + 1), got = ask(EDU_FACTORIAL, n, &status);

		errors += status != 0;
		wrong += !status && got != factorial(n);
		errno = 0;
		if (!keeps(rounds % 4000, 64, rounds)) {
			errors += errno != 0;
			wrong += errno == 0;
		}
		rounds++;
	}
	printf("rounds %u errors %u wrong %u\n", rounds, errors, wrong);
	return errors || wrong || !rounds;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open(NODE, O_RDWR);
	if (fd < 0) {
		perror(NODE);
		return 2;
	}
	if (argc == 3 && !strcmp(argv[1], "load"))
		return load(atoi(argv[2]));
	claims();
	return failed != 0;
}
