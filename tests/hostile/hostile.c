// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile drivers. Run by root without a device manager, this program takes the manager's place and starts itself as the driver of a
 * device, once for each attack; the attack expects each refusal by its errno and ends with status 0, or is expected to be killed. The
 * results are KTAP; the last says that all of it, done once more, cost no frame.
 *
 * usage: hostile [PLATFORM-DEVICE [PCI-DEVICE]]     default: null_blk.0, and the first PCI disk that has no driver of the kernel
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <uapi/ferry/manifest.h>
#include <uapi/ferry/syscall.h>
#include "hostile.h"

#define SELF		"/bin/hostile"
#define TIMEOUT_MS	30000	/* a driver has ten seconds for a request that is overdue */
#define DEVICES_MAX	128
#define NAME_LENGTH	31	/* of a driver */
#define EDU_VENDOR	0x1234	/* the educational device of QEMU */
#define EDU_DEVICE	0x11e8

static unsigned int targets[TARGETS];	/* device ids; 0: none */
static unsigned int failed;

static const struct attack *attack_at(unsigned int i)
{
	return i < nr_attacks ? &attacks[i] : &cap_attacks[i - nr_attacks];
}

static void result(int ok, unsigned int number, const char *name, const char *why)
{
	printf("%sok %u hostile.%s%s%s\n", ok ? "" : "not ", number, name, why ? " # " : "", why ? why : "");
	fflush(stdout);
	failed += !ok;
}

static void target_take(const struct ferry_device_desc *d, enum target t)
{
	struct ferry_driver_control c = { .abi = ABI(ferry_driver_control), .device = d->id, .verb = FERRY_CONTROL_STOP };

	if (targets[t] || d->placement == FERRY_PLACED_KERNEL)
		return;
	if (d->placement == FERRY_PLACED_MOVED && syscall(NR_ferry_driver_control, &c))
		return;
	targets[t] = d->id;
}

static void targets_find(const char *platform, const char *pci)
{
	static struct ferry_device_desc list[DEVICES_MAX];
	long i, n;

	list[0].abi = (struct ferry_abi)ABI(ferry_device_desc);
	n = syscall(NR_ferry_device_list, list, DEVICES_MAX, 0);
	for (i = 0; i < n; i++) {
		const struct ferry_device_desc *d = &list[i];

		if (d->bus == FERRY_BUS_PLATFORM && !strcmp(d->name, platform))
			target_take(d, PLATFORM);
		else if (d->bus == FERRY_BUS_PCI && d->vendor == EDU_VENDOR && d->device == EDU_DEVICE)
			target_take(d, EDU);
		else if (d->bus == FERRY_BUS_PCI && (pci ? !strcmp(d->name, pci) : d->class_code >> 16 == 0x01 && d->vendor == 0x1af4))
			target_take(d, PCI);
	}
}

/* Its wait status, or -1: it had to be killed. */
static int attack_wait(const struct ferry_driver_spawn *s)
{
	struct pollfd p = { .fd = s->process, .events = POLLIN };
	int status = -1;

	if (poll(&p, 1, TIMEOUT_MS) == 1 && read(s->process, &status, sizeof(status)) == sizeof(status)) {
		close(s->process);
		return status;
	}
	kill(s->pid, SIGKILL);
	close(s->process);
	return -1;
}

/* @number 0: only to see what it leaves behind. */
static void attack_run(const struct attack *a, unsigned int number)
{
	struct ferry_driver_spawn s = {
		.abi = ABI(ferry_driver_spawn), .device = targets[a->target], .needs = a->needs, .class_id = a->class_id,
		.dma_bits = 64, .path = PTR(SELF),
	};
	char why[80];
	int status;

	if (!s.device && !number)
		return;
	if (!s.device) {
		result(1, number, a->name, "SKIP no such device");
		return;
	}
	snprintf(s.name, sizeof(s.name), "%.*s", NAME_LENGTH, a->name);
	if (syscall(NR_ferry_driver_spawn, &s)) {
		result(0, number, a->name, strerror(errno));
		return;
	}
	status = attack_wait(&s);
	if (!number)
		return;
	if (status > 0)
		status &= ~0x80;	/* whether it would have left a core */
	snprintf(why, sizeof(why), "status=0x%x wanted=0x%x", (unsigned int)status, (unsigned int)a->status);
	result(status == a->status, number, a->name, status == a->status ? NULL : why);
}

/* ORA-08 once more: a process that drives nothing has no driver calls. */
static int ordinary_process_is_refused(void)
{
	static const long calls[] = {
		NR_ferry_device_info, NR_ferry_mmio_map, NR_ferry_port_map, NR_ferry_irq_request, NR_ferry_irq_release, NR_ferry_dma_alloc,
		NR_ferry_dma_free, NR_ferry_pci_config, NR_ferry_class_register, NR_ferry_class_update, NR_ferry_class_unregister,
		NR_ferry_driver_wait, NR_ferry_driver_log, NR_ferry_driver_fault, NR_ferry_driver_state, NR_ferry_device_param,
		NR_ferry_driver_trace, NR_ferry_mem_keep,
	};
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (call(calls[i], 6, 0, 0, 0) != -EPERM)
			return 0;
	return 1;
}

/* Frames that are free, or kept as stacks for the next threads. */
static long frames_free(void)
{
	FILE *f = fopen("/proc/ferry/frames", "r");
	long sum = 0, n;
	char line[100];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "free %ld", &n) == 1 || sscanf(line, "stack %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

/* The frames that all attacks once more have cost: processes that have just ended go away meanwhile. */
static long frames_of_a_pass(void)
{
	long before = frames_free(), lost = 0;
	unsigned int i;

	for (i = 0; i < nr_attacks + nr_cap_attacks; i++)
		attack_run(attack_at(i), 0);
	for (i = 0; i < 200 && (lost = before - frames_free()) > 0; i++)
		usleep(50000);
	return lost;
}

/* A cache of the kernel may keep a frame for the next time, once; what leaks does so each time. */
static long frames_lost(void)
{
	long lost = 1;
	unsigned int i;

	for (i = 0; i < 3 && lost > 0; i++)
		lost = frames_of_a_pass();
	return lost > 0 ? lost : 0;
}

static int manage(const char *platform, const char *pci)
{
	unsigned int i, nr = nr_attacks + nr_cap_attacks;
	char why[40];
	long lost;

	targets_find(platform, pci);
	printf("KTAP version 1\n1..%u\n", nr + 2);
	result(ordinary_process_is_refused(), 1, "ordinary_process_is_refused", NULL);
	for (i = 0; i < nr; i++)
		attack_run(attack_at(i), i + 2);
	usleep(200000);
	lost = frames_lost();
	snprintf(why, sizeof(why), "lost %ld", lost);
	result(!lost, nr + 2, "no_frame_is_lost", lost ? why : NULL);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < nr_attacks + nr_cap_attacks; i++) {
		if (strncmp(argv[0], attack_at(i)->name, NAME_LENGTH))
			continue;
		attack_at(i)->run();
		_exit(0);
	}
	return manage(argc > 1 ? argv[1] : "null_blk.0", argc > 2 ? argv[2] : NULL);
}
