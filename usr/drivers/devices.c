// SPDX-License-Identifier: GPL-2.0
/* The devices that the kernel knows, as the device manager asks for them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uapi/ferry/syscall.h>
#include "devmgr.h"

#define DEVICES_MAX	64	/* in one listing */

int devices_each(void (*fn)(const struct ferry_device_desc *d))
{
	static struct ferry_device_desc list[DEVICES_MAX];
	unsigned int after = 0;
	int total = 0;
	long n, i;

	do {
		list[0].abi = (struct ferry_abi){ sizeof(list[0]), FERRY_ABI_VERSION };
		n = syscall(NR_ferry_device_list, list, DEVICES_MAX, after);
		if (n < 0) {
			perror("devmgr: cannot list devices");
			return -1;
		}
		for (i = 0; i < n; i++) {
			after = list[i].id;
			fn(&list[i]);
		}
		total += (int)n;
	} while (n == DEVICES_MAX);
	return total;
}

int device_look(unsigned int id, struct ferry_device_desc *d)
{
	d->abi = (struct ferry_abi){ sizeof(*d), FERRY_ABI_VERSION };
	return id && syscall(NR_ferry_device_list, d, 1, id - 1) == 1 && d->id == id ? 0 : -1;
}

static const char *sought;
static struct ferry_device_desc *found;
static int nr_found;

static void note_named(const struct ferry_device_desc *d)
{
	if (!nr_found && !strcmp(d->name, sought)) {
		*found = *d;
		nr_found = 1;
	}
}

int device_named(const char *name, struct ferry_device_desc *d)
{
	sought = name;
	found = d;
	nr_found = 0;
	return devices_each(note_named) > 0 && nr_found ? 0 : -1;
}

int device_control(unsigned int id, unsigned int verb, unsigned int timeout_ms, const char *reason)
{
	struct ferry_driver_control c = { .abi = { sizeof(c), FERRY_ABI_VERSION }, .device = id, .verb = verb, .timeout_ms = timeout_ms };

	snprintf(c.reason, sizeof(c.reason), "%s", reason ? reason : "");
	return syscall(NR_ferry_driver_control, &c) ? errno : 0;
}
