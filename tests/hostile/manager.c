// SPDX-License-Identifier: GPL-2.0
/* For the hostile programs that take the device manager's place: devices, driver processes, results as KTAP. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <uapi/ferry/manifest.h>
#include "hostile.h"
#include "manager.h"

#define DEVICES_MAX	128
#define TIMEOUT_MS	60000

unsigned int results, failures;

void result(int ok, const char *name)
{
	printf("%sok %u %s\n", ok ? "" : "not ", ++results, name);
	fflush(stdout);
	failures += !ok;
}

static unsigned int take(const struct ferry_device_desc *d)
{
	struct ferry_driver_control c = { .abi = ABI(ferry_driver_control), .device = d->id, .verb = FERRY_CONTROL_STOP };

	if (d->placement == FERRY_PLACED_MOVED)
		syscall(NR_ferry_driver_control, &c);
	return d->id;
}

/* By name, or without one by PCI ids. */
static unsigned int find(const char *name, unsigned int vendor, unsigned int device)
{
	static struct ferry_device_desc list[DEVICES_MAX];
	long i, n;

	list[0].abi = (struct ferry_abi)ABI(ferry_device_desc);
	n = syscall(NR_ferry_device_list, list, DEVICES_MAX, 0);
	for (i = 0; i < n; i++)
		if (name ? !strcmp(list[i].name, name) : list[i].vendor == vendor && list[i].device == device)
			return take(&list[i]);
	return 0;
}

unsigned int device_take(const char *name)
{
	return find(name, 0, 0);
}

unsigned int device_take_pci(unsigned int vendor, unsigned int device)
{
	return find(NULL, vendor, device);
}

int child_spawn(const char *self, struct child *c, unsigned int device, const char *name, unsigned int needs)
{
	struct ferry_driver_spawn s = {
		.abi = ABI(ferry_driver_spawn), .device = device, .needs = needs, .class_id = FERRY_CLASS_BLOCK, .dma_bits = 64, .path = PTR(self),
	};

	snprintf(s.name, sizeof(s.name), "%s", name);
	if (syscall(NR_ferry_driver_spawn, &s))
		return -errno;
	*c = (struct child){ .device = device, .process = s.process, .pid = s.pid };
	return 0;
}

int child_start(const char *self, struct child *c, unsigned int device, const char *name, unsigned int needs)
{
	return !child_spawn(self, c, device, name, needs);
}

int child_wait(struct child *c)
{
	struct pollfd p = { .fd = c->process, .events = POLLIN };
	int status = -1;

	if (poll(&p, 1, TIMEOUT_MS) != 1 || read(c->process, &status, sizeof(status)) != sizeof(status)) {
		kill(c->pid, SIGKILL);
		status = -1;
	}
	close(c->process);
	return status < 0 ? status : status & ~0x80;
}

int state_reached(unsigned int device, unsigned int state)
{
	struct ferry_device_desc d;
	unsigned int i;

	for (i = 0; i < TIMEOUT_MS / 5; i++, poll(NULL, 0, 5)) {
		d.abi = (struct ferry_abi)ABI(ferry_device_desc);
		if (syscall(NR_ferry_device_list, &d, 1, device - 1) == 1 && d.id == device && d.state == state)
			return 1;
	}
	return 0;
}
