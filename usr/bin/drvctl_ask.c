// SPDX-License-Identifier: GPL-2.0
/* The way from drvctl to the device manager: usr/drivers/serve.c at the other end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "drvctl.h"

#define SOCKET	"/run/ferry/devmgr"

static int manager_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

int manager_ask(char *answer, size_t size, const char *format, ...)
{
	size_t used = 0;
	char line[256];
	va_list args;
	ssize_t n;
	int fd, length, refused;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fd = length < (int)sizeof(line) ? manager_connect() : -1;
	if (fd < 0)
		return -1;
	if (write(fd, line, (size_t)length) == length)
		while (used + 1 < size && (n = read(fd, answer + used, size - used - 1)) > 0)
			used += (size_t)n;
	close(fd);
	answer[used] = '\0';
	refused = strncmp(answer, "ok\n", 3);
	if (refused && strncmp(answer, "error: ", 7))
		return -1;	/* it died meanwhile */
	memmove(answer, answer + (refused ? 7 : 3), used + 1 - (refused ? 7 : 3));
	if (refused)
		answer[strcspn(answer, "\n")] = '\0';
	return refused ? 1 : 0;
}
