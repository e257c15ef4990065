// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a program on a terminal and types when it says something: onpty ROWS COLUMNS TEXT=KEYS... -- PROGRAM ARG... What the program wrote comes
 * out of standard output; the status is its own. After each TEXT the terminal is made one column wider.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEN_MAX	65536

static char seen[SEEN_MAX];
static size_t used;

static void size_set(int fd, int rows, int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	ioctl(fd, TIOCSWINSZ, &size);
}

static pid_t program_start(const char *terminal, char **argv)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	setsid();
	fd = open(terminal, O_RDWR);
	if (fd < 0)
		_exit(126);
	ioctl(fd, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	execvp(argv[0], argv);
	_exit(127);
}

/* What came since the last step holds the step's text: type its keys. */
static int step_try(int fd, char *step)
{
	char *keys = strrchr(step, '=');
	int found;

	if (!keys)
		return 0;
	*keys = '\0';
	found = strstr(seen, step) != NULL;
	*keys = '=';
	if (!found)
		return 0;
	used = 0;
	seen[0] = '\0';
	return write(fd, keys + 1, strlen(keys + 1)) > 0;
}

int main(int argc, char **argv)
{
	int rows = argc > 1 ? atoi(argv[1]) : 0, columns = argc > 2 ? atoi(argv[2]) : 0, at = 3, command = 3, status, fd;
	char data[4096];
	ssize_t n;
	pid_t pid;

	while (command < argc && strcmp(argv[command], "--"))
		command++;
	fd = posix_openpt(O_RDWR | O_NOCTTY);
	if (command + 1 >= argc || fd < 0 || grantpt(fd) || unlockpt(fd))
		return 2;
	size_set(fd, rows, columns);
	pid = program_start(ptsname(fd), argv + command + 1);
	while ((n = read(fd, data, sizeof(data))) > 0) {
		fwrite(data, 1, (size_t)n, stdout);
		fflush(stdout);
		if (used + (size_t)n >= SEEN_MAX)
			used = 0;
		memcpy(seen + used, data, (size_t)n);
		used += (size_t)n;
		seen[used] = '\0';
		if (at < command && step_try(fd, argv[at]) && ++at)
			size_set(fd, rows, ++columns);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
