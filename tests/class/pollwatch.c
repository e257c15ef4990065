// SPDX-License-Identifier: GPL-2.0
/*
 * pollwatch FILE NAME...: open it once, then for each line that comes on stdin print "NAME MASK": what poll(2) says of the file just now. A
 * line "wait" waits first until that is not nothing, up to 30 s.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct pollfd p = { .fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, .events = POLLIN | POLLOUT };
	char line[64];

	if (p.fd < 0)
		return 2;
	printf("opened\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		p.revents = 0;
		poll(&p, 1, strncmp(line, "wait", 4) ? 0 : 30000);
		line[strcspn(line, "\n")] = '\0';
		printf("mask %s %s%s%s%s\n", line, p.revents & POLLIN ? "in," : "", p.revents & POLLOUT ? "out," : "",
		       p.revents & POLLERR ? "err," : "", p.revents & POLLHUP ? "hup," : "");
		fflush(stdout);
	}
	return 0;
}
