// SPDX-License-Identifier: GPL-2.0
/*
 * lostgrant DEVICE DRIVER NEEDS CLASS: be the device manager for as long as it takes to start a driver and to take what it asks for out of its
 * mailbox; then die without an answer, as a manager that is killed just then. Prints the driver's pid. The next manager has the rest to do.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/message.h>
#include <uapi/ferry/syscall.h>

#define DEVICES_MAX	64
#define TRIES		1000

static unsigned int device_find(const char *name)
{
	static struct ferry_device_desc list[DEVICES_MAX];
	long n, i;

	list[0].abi = (struct ferry_abi){ sizeof(list[0]), FERRY_ABI_VERSION };
	n = syscall(NR_ferry_device_list, list, DEVICES_MAX, 0);
	for (i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return list[i].id;
	return 0;
}

/* Its registration and its request are taken. */
static int questions_take(int process)
{
	unsigned int type = 0, i;
	union ferry_message m;

	for (i = 0; i < TRIES && type != FERRY_MESSAGE_REQUEST_CAPABILITY; i++) {
		if (syscall(NR_ferry_ipc_recv, process, &m, sizeof(m), 0) > 0)
			type = m.header.type;
		else
			usleep(10000);
	}
	return type == FERRY_MESSAGE_REQUEST_CAPABILITY;
}

int main(int argc, char **argv)
{
	struct ferry_driver_spawn s = { .abi = { sizeof(s), FERRY_ABI_VERSION }, .dma_bits = 28, .flags = FERRY_SPAWN_ASKS | FERRY_SPAWN_RESTART };
	char path[64];

	if (argc != 5)
		return 2;
	s.device = device_find(argv[1]);
	snprintf(s.name, sizeof(s.name), "%s", argv[2]);
	snprintf(path, sizeof(path), "/lib/drivers/%s", argv[2]);
	s.path = (uintptr_t)path;
	s.needs = (unsigned int)strtoul(argv[3], NULL, 0);
	s.class_id = (unsigned int)strtoul(argv[4], NULL, 0);
	if (syscall(NR_ferry_driver_spawn, &s)) {
		perror("lostgrant");
		return 1;
	}
	if (!questions_take(s.process))
		return 1;
	printf("%d\n", s.pid);
	return 0;
}
