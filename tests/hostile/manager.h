/* SPDX-License-Identifier: GPL-2.0 */
/* For the hostile programs that take the device manager's place: devices, driver processes, results as KTAP. */
#ifndef HOSTILE_MANAGER_H
#define HOSTILE_MANAGER_H

struct child {
	unsigned int device;	/* id */
	int process, pid;	/* PROCESS handle */
};

/* The id of the device called @name, its driver process stopped; 0: there is none. */
unsigned int device_take(const char *name);
/* The same by PCI ids. */
unsigned int device_take_pci(unsigned int vendor, unsigned int device);
/* Start this very program @self as the driver @name: 0 or -errno. */
int child_spawn(const char *self, struct child *c, unsigned int device, const char *name, unsigned int needs);
/* True when that worked. */
int child_start(const char *self, struct child *c, unsigned int device, const char *name, unsigned int needs);
/* Its wait status, or -1: it did not end and was killed. */
int child_wait(struct child *c);
/* Wait until the device's driver is in @state; false: not in a long time. */
int state_reached(unsigned int device, unsigned int state);

/* One line of KTAP, numbered; failures are counted. */
void result(int ok, const char *name);
extern unsigned int results, failures;

#endif
