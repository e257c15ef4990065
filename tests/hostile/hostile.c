// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile drivers. Run by root without a device manager, this program takes the manager's place and starts itself as the driver of a
 * device, once for each attack; the attack expects each refusal by its errno and ends with status 0, or is expected to be killed. The
 * results are KTAP; the last says that all of it, done once more, cost no frame.
 *
 * usage: hostile [PLATFORM-DEVICE [PCI-DEVICE]]     default: null_blk.0, and the first PCI disk that has no driver of the kernel
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/manifest.h>
#include <uapi/ferry/ring.h>
#include <uapi/ferry/syscall.h>

#define SELF		"/bin/hostile"
#define TIMEOUT_MS	10000
#define DEVICES_MAX	128
#define ABI(t)		{ sizeof(struct t), FERRY_ABI_VERSION }
#define FD		FERRY_DEVICE_FD
#define MSIX_CAP	0x11

/* ---- The driver's side ---- */

static long call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	long result = syscall(nr, a, b, c, d);

	return result < 0 ? -errno : result;
}

#define PTR(p)	((uint64_t)(uintptr_t)(p))

/* An attack that finds a hole ends with the line that found it. */
#define WANT(expression, wanted) do {							\
	long got__ = (expression);							\
	if (got__ != (wanted)) {							\
		char text__[160];							\
		int n__ = snprintf(text__, sizeof(text__), "line %d: %s gave %ld, wanted %ld", __LINE__, #expression, got__, \
				   (long)(wanted));					\
		call(NR_ferry_driver_log, 3, PTR(text__), (uint64_t)n__, 0);		\
		_exit(1);								\
	}										\
} while (0)

static struct ferry_device_info info = { .abi = ABI(ferry_device_info) };

static void start(void)
{
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_PROBING, 0, 0, 0), 0);
}

static long mmio(unsigned int bar, uint64_t offset, uint64_t length, unsigned int perms)
{
	struct ferry_mmio_map m = { .abi = ABI(ferry_mmio_map), .bar = bar, .perms = perms, .offset = offset, .length = length };

	return call(NR_ferry_mmio_map, FD, PTR(&m), 0, 0);
}

static long port(unsigned int bar, unsigned int offset, unsigned int length)
{
	struct ferry_port_map m = { .abi = ABI(ferry_port_map), .bar = bar, .offset = offset, .length = length };

	return call(NR_ferry_port_map, FD, PTR(&m), 0, 0);
}

static long irq(void)
{
	struct ferry_irq_request r = { .abi = ABI(ferry_irq_request), .wanted = 1 };

	return call(NR_ferry_irq_request, FD, PTR(&r), 0, 0);
}

static long dma(unsigned int length, unsigned int align)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = length, .align = align };

	return call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0);
}

static long config(unsigned int offset, unsigned int width, int write, unsigned int *value)
{
	struct ferry_pci_config c = {
		.abi = ABI(ferry_pci_config), .offset = offset, .width = width, .write = (unsigned int)write, .value = *value,
	};
	long err = call(NR_ferry_pci_config, FD, PTR(&c), 0, 0);

	*value = c.value;
	return err;
}

static struct ferry_block_register reg;
static unsigned int timeout_ms;

static long disk(unsigned int depth, unsigned int queues)
{
	memset(&reg, 0, sizeof(reg));
	reg.abi = (struct ferry_abi)ABI(ferry_block_register);
	reg.limits.nr_blocks = 1024;
	reg.limits.block_size = 512;
	reg.limits.nr_queues = queues;
	reg.limits.queue_depth = depth;
	reg.limits.max_segments = 4;
	reg.limits.request_timeout_ms = timeout_ms;
	memcpy(reg.limits.prefix, "hostile", 8);
	return call(NR_ferry_class_register, FD, PTR(&reg), 0, 0);
}

static struct ferry_ring_header *ring(unsigned int offset)
{
	return (struct ferry_ring_header *)(uintptr_t)(reg.region + offset);
}

static long wait_now(void)
{
	struct ferry_events e;

	return call(NR_ferry_driver_wait, PTR(&e), sizeof(e), 0, 0);
}

/* ---- Attacks ---- */

/* ORA-08: without the need there is no capability. */
static void nothing_was_granted(void)
{
	unsigned int value = 0;

	start();
	WANT(mmio(0, 0, 0, 3), -EACCES);
	WANT(port(0, 0, 0), -EACCES);
	WANT(irq(), -EACCES);
	WANT(call(NR_ferry_irq_release, FD, 0, 0, 0), -EACCES);
	WANT(dma(4096, 0), -EACCES);
	WANT(config(0, 4, 0, &value), -EACCES);
	WANT(config(4, 2, 1, &value), -EACCES);
}

static void handles_are_checked(void)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 4096 };

	start();
	WANT(call(NR_ferry_device_info, 99, PTR(&info), 0, 0), -EBADF);
	WANT(call(NR_ferry_device_info, ~0ull, PTR(&info), 0, 0), -EBADF);
	WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
	WANT(call(NR_ferry_device_info, (uint64_t)a.handle, PTR(&info), 0, 0), -EINVAL);
	WANT(call(NR_ferry_dma_free, FD, FD, 0, 0), -EINVAL);
	WANT(call(NR_ferry_dma_free, FD, 77, 0, 0), -EBADF);
	WANT(call(NR_ferry_dma_free, FD, (uint64_t)a.handle, 0, 0), 0);
	WANT(call(NR_ferry_dma_free, FD, (uint64_t)a.handle, 0, 0), -EBADF);
	WANT(call(NR_close, FD, 0, 0, 0), 0);
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), -EBADF);
	WANT(wait_now(), -EBADF);
}

static void structures_are_checked(void)
{
	struct ferry_mmio_map m = { .abi = { sizeof(m) - 1, FERRY_ABI_VERSION } };
	struct ferry_events e;

	start();
	WANT(call(NR_ferry_mmio_map, FD, PTR(&m), 0, 0), -EINVAL);
	m.abi = (struct ferry_abi){ sizeof(m), FERRY_ABI_VERSION + 1 };
	WANT(call(NR_ferry_mmio_map, FD, PTR(&m), 0, 0), -EINVAL);
	WANT(call(NR_ferry_mmio_map, FD, 0, 0, 0), -EFAULT);
	WANT(call(NR_ferry_mmio_map, FD, 0xffff800000000000ull, 0, 0), -EFAULT);
	WANT(call(NR_ferry_mmio_map, FD, 0xffffffff80000000ull, 0, 0), -EFAULT);
	WANT(call(NR_ferry_driver_wait, 0xffff800000000000ull, sizeof(e), 0, 0), -EFAULT);
	WANT(call(NR_ferry_driver_wait, PTR(&e), 1, 0, 0), -EINVAL);
	WANT(call(NR_ferry_driver_wait, PTR(&e), sizeof(e), 0, 0x80), -EINVAL);
	WANT(call(NR_ferry_driver_log, 6, 0xffff800000000000ull, 10, 0), -EFAULT);
	WANT(call(NR_ferry_driver_log, 99, PTR("x"), 1, 0), -EINVAL);
	WANT(call(NR_ferry_device_param, FD, 0x1000, PTR(&e), 0), -EFAULT);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_QUIESCED, 0, 0, 0), -EINVAL);
	WANT(call(NR_ferry_driver_state, 1000, 0, 0, 0), -EINVAL);
}

static void no_ambient_rights(void)
{
	struct ferry_driver_spawn s = { .abi = ABI(ferry_driver_spawn) };
	struct ferry_driver_control c = { .abi = ABI(ferry_driver_control) };

	start();
	WANT(call(NR_open, PTR("/etc/passwd"), 0, 0, 0), -EPERM);
	WANT(call(NR_openat, (uint64_t)-100, PTR("/proc/drivers"), 0, 0), -EPERM);
	WANT(call(NR_fork, 0, 0, 0, 0), -EPERM);
	WANT(call(NR_clone, 0, 0, 0, 0), -EPERM);
	WANT(call(NR_execve, PTR("/bin/sh"), 0, 0, 0), -EPERM);
	WANT(call(NR_kill, 1, SIGKILL, 0, 0), -EPERM);
	WANT(call(NR_socket, 1, 1, 0, 0), -EPERM);
	WANT(call(NR_ptrace, 16, 1, 0, 0), -EPERM);
	WANT(call(NR_mount, PTR("x"), PTR("/mnt"), PTR("tmpfs"), 0), -EPERM);
	WANT(call(NR_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0), -EPERM);
	WANT(call(NR_iopl, 3, 0, 0, 0), -EPERM);
	WANT(call(NR_ferry_driver_spawn, PTR(&s), 0, 0, 0), -EPERM);
	WANT(call(NR_ferry_driver_control, PTR(&c), 0, 0, 0), -EPERM);
	WANT(call(NR_ferry_device_list, PTR(&info), 1, 0, 0), -EPERM);
}

static void dma_sizes_are_checked(void)
{
	start();
	WANT(dma(0, 0), -EINVAL);
	WANT(dma(4096, 3), -EINVAL);
	WANT(dma(0xffffffffu, 0), -EINVAL);
	WANT(dma((4u << 20) + 1, 0), -EINVAL);
	WANT(dma(4096, 8u << 20), -EINVAL);
	WANT(dma(1, 65536), 0);
}

/* All of it comes back when the process ends. */
static void dma_until_nothing_is_left(void)
{
	unsigned int n = 0;

	start();
	while (n < 64 && dma(1u << 20, 0) == 0)
		n++;
	if (!n)
		_exit(1);
}

static void class_limits_are_checked(void)
{
	start();
	WANT(disk(0, 1), -EINVAL);
	WANT(disk(1000, 1), -EINVAL);
	WANT(disk(8, 0), -EINVAL);
	WANT(disk(8, 99), -EINVAL);
	WANT(call(NR_ferry_class_unregister, FD, 0, 0, 0), -EINVAL);
	WANT(disk(8, 1), 0);
	WANT(disk(8, 1), -EBUSY);
	WANT(call(NR_ferry_class_unregister, FD, 7, 0, 0), -EINVAL);
}

static void wrong_class_is_refused(void)
{
	start();
	WANT(disk(8, 1), -EACCES);
}

/* Killed from here on: each lie on a ring ends the connection, and the process with it. */
static void lie(struct ferry_ring_header *h, unsigned int tail)
{
	__atomic_store_n(&h->tail, tail, __ATOMIC_SEQ_CST);
	wait_now();
	for (;;)
		pause();
}

static void tail_beyond_the_ring(void)
{
	start();
	WANT(disk(8, 1), 0);
	lie(ring(reg.complete_offset), reg.complete_entries + 1);
}

static void completion_of_nothing(void)
{
	start();
	WANT(disk(8, 1), 0);
	lie(ring(reg.complete_offset), 1);
}

static void completion_of_a_wild_tag(void)
{
	struct ferry_ring_header *h;

	start();
	WANT(disk(8, 1), 0);
	h = ring(reg.complete_offset);
	*(struct ferry_block_completion *)(h + 1) = (struct ferry_block_completion){
		.tag = 0xffffffffu, .generation = info.generation,
	};
	lie(h, 1);
}

static void completion_of_another_life(void)
{
	struct ferry_ring_header *h;

	start();
	WANT(disk(8, 1), 0);
	h = ring(reg.complete_offset);
	*(struct ferry_block_completion *)(h + 1) = (struct ferry_block_completion){ .generation = info.generation - 1 };
	lie(h, 1);
}

/* Garbage everywhere in the region, then go on as if nothing was. */
static void region_full_of_garbage(void)
{
	start();
	WANT(disk(8, 1), 0);
	memset((void *)(uintptr_t)reg.region, 0xa5, reg.region_length);
	wait_now();
	for (;;)
		pause();
}

static void ports_without_a_grant(void)
{
	start();
	__asm__ volatile("outb %0, %1" : : "a"((unsigned char)0), "Nd"((unsigned short)0xcf8));
}

static void interrupts_off(void)
{
	start();
	__asm__ volatile("cli");
}

static void read_the_kernel(void)
{
	start();
	*(volatile char *)0xffffffff80100000ull;
}

static void log_flood(void)
{
	int i;

	start();
	for (i = 0; i < 20000; i++)
		call(NR_ferry_driver_log, 3, PTR("flood\n\033[2Jflood"), 15, 0);
}

static void exit_with_a_disk(void)
{
	start();
	WANT(disk(32, 4), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_RUNNING, 0, 0, 0), 0);
}

/* The kernel itself reads a new disk for its partitions, so there is a request to be late with. */
static void never_answers(void)
{
	struct ferry_events e;

	start();
	timeout_ms = 300;
	WANT(disk(8, 1), 0);
	for (;;)
		call(NR_ferry_driver_wait, PTR(&e), sizeof(e), ~0ull, 0);
}

static void never_comes_back(void)
{
	start();
	timeout_ms = 1500;
	WANT(disk(8, 1), 0);
	for (;;)
		;
}

static void own_fault(void)
{
	start();
	call(NR_ferry_driver_fault, PTR("made up"), 7, 0x1234, 0);
}

/* ---- With a PCI function ---- */

static void windows_are_checked(void)
{
	unsigned int bar, id = 0, cap = 0x34, value = 0;

	start();
	WANT(mmio(6, 0, 0, 3), -EINVAL);
	WANT(mmio(0xffffffffu, 0, 0, 3), -EINVAL);
	for (bar = 0; bar < 6; bar++) {
		int is_memory = info.bars[bar].length && !(info.bars[bar].flags & FERRY_BAR_IO);

		WANT(mmio(bar, info.bars[bar].length, 1, 3), is_memory ? -ERANGE : -EINVAL);
		WANT(mmio(bar, 0, info.bars[bar].length + 1, 3), is_memory ? -ERANGE : -EINVAL);
		WANT(mmio(bar, ~0ull - 3, 8, 3), is_memory ? -ERANGE : -EINVAL);
		WANT(mmio(bar, 0, 4, 0), -EINVAL);
		WANT(mmio(bar, 0, 4, 4), -EINVAL);
	}
	/* Find the MSI-X table and try to map it. */
	while (config(cap, 1, 0, &value) == 0 && (cap = value & 0xfc) && config(cap, 1, 0, &id) == 0 && (id & 0xff) != MSIX_CAP)
		cap++;
	if (!cap)
		return;
	WANT(config(cap + 4, 4, 0, &value), 0);
	WANT(mmio(value & 7, value & ~7u, 16, 3), -EACCES);
	WANT(mmio(value & 7, 0, 0, 3), -EACCES);
	value = 0x8000;
	WANT(config(cap + 2, 2, 1, &value), -EACCES);
}

static void config_writes_are_filtered(void)
{
	unsigned int value = 0xffff, offset;

	start();
	WANT(config(0x04, 2, 1, &value), -EACCES);
	for (offset = 0x10; offset < 0x28; offset += 4)
		WANT(config(offset, 4, 1, &value), -EACCES);
	WANT(config(0x30, 4, 1, &value), -EACCES);
	WANT(config(0, 3, 0, &value), -EINVAL);
	WANT(config(1, 4, 0, &value), -EINVAL);
	WANT(config(0x10000, 4, 0, &value), -ERANGE);
}

static void ports_are_checked(void)
{
	unsigned int bar;

	start();
	WANT(port(FERRY_PORT_FIXED, 0xcf8, 8), -EACCES);
	WANT(port(6, 0, 0), -EINVAL);
	for (bar = 0; bar < 6; bar++) {
		int is_io = info.bars[bar].length && info.bars[bar].flags & FERRY_BAR_IO;

		WANT(port(bar, (unsigned int)info.bars[bar].length, 1), is_io ? -ERANGE : -EINVAL);
		WANT(port(bar, 0, (unsigned int)info.bars[bar].length + 1), is_io ? -ERANGE : -EINVAL);
	}
}

/* ---- The manager's side ---- */

enum target { PLATFORM, PCI };

#define KILLED(sig)	(sig)
#define EXITED(status)	((status) << 8)

static const struct attack {
	const char *name;
	void (*run)(void);
	enum target target;
	unsigned int needs, class_id;
	int status;	/* as wait4 gives it */
} attacks[] = {
	{ "nothing_was_granted", nothing_was_granted, PLATFORM, 0, FERRY_CLASS_BLOCK, 0 },
	{ "handles_are_checked", handles_are_checked, PLATFORM, FERRY_NEEDS_DMA, FERRY_CLASS_BLOCK, 0 },
	{ "structures_are_checked", structures_are_checked, PLATFORM, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "no_ambient_rights", no_ambient_rights, PLATFORM, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "dma_sizes_are_checked", dma_sizes_are_checked, PLATFORM, FERRY_NEEDS_DMA, FERRY_CLASS_BLOCK, 0 },
	{ "dma_until_nothing_is_left", dma_until_nothing_is_left, PLATFORM, FERRY_NEEDS_DMA, FERRY_CLASS_BLOCK, 0 },
	{ "class_limits_are_checked", class_limits_are_checked, PLATFORM, 0, FERRY_CLASS_BLOCK, 0 },
	{ "wrong_class_is_refused", wrong_class_is_refused, PLATFORM, 0, FERRY_CLASS_NET, 0 },
	{ "tail_beyond_the_ring", tail_beyond_the_ring, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "completion_of_nothing", completion_of_nothing, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "completion_of_a_wild_tag", completion_of_a_wild_tag, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "completion_of_another_life", completion_of_another_life, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "region_full_of_garbage", region_full_of_garbage, PLATFORM, FERRY_NEEDS_CPU_DATA, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "ports_without_a_grant", ports_without_a_grant, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGSEGV) },
	{ "interrupts_off", interrupts_off, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGSEGV) },
	{ "read_the_kernel", read_the_kernel, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGSEGV) },
	{ "log_flood", log_flood, PLATFORM, 0, FERRY_CLASS_BLOCK, 0 },
	{ "exit_with_a_disk", exit_with_a_disk, PLATFORM, FERRY_NEEDS_CPU_DATA, FERRY_CLASS_BLOCK, 0 },
	{ "never_answers", never_answers, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "never_comes_back", never_comes_back, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGKILL) },
	{ "own_fault", own_fault, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGABRT) },
	{ "windows_are_checked", windows_are_checked, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "config_writes_are_filtered", config_writes_are_filtered, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "ports_are_checked", ports_are_checked, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
};

#define NR_ATTACKS	(sizeof(attacks) / sizeof(attacks[0]))

static unsigned int targets[2];	/* device ids; 0: none */
static unsigned int failed;

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
	snprintf(s.name, sizeof(s.name), "%s", a->name);
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
static long frames_lost(void)
{
	long before = frames_free(), lost = 0;
	unsigned int i;

	for (i = 0; i < NR_ATTACKS; i++)
		attack_run(&attacks[i], 0);
	for (i = 0; i < 40 && (lost = before - frames_free()); i++)
		usleep(50000);
	return lost;
}

static int manage(const char *platform, const char *pci)
{
	char why[40];
	unsigned int i;
	long lost;

	targets_find(platform, pci);
	printf("KTAP version 1\n1..%u\n", (unsigned int)NR_ATTACKS + 2);
	result(ordinary_process_is_refused(), 1, "ordinary_process_is_refused", NULL);
	for (i = 0; i < NR_ATTACKS; i++)
		attack_run(&attacks[i], i + 2);
	usleep(200000);
	lost = frames_lost();
	snprintf(why, sizeof(why), "lost %ld", lost);
	result(!lost, (unsigned int)NR_ATTACKS + 2, "no_frame_is_lost", lost ? why : NULL);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < NR_ATTACKS; i++) {
		if (strcmp(argv[0], attacks[i].name))
			continue;
		attacks[i].run();
		_exit(0);
	}
	return manage(argc > 1 ? argv[1] : "null_blk.0", argc > 2 ? argv[2] : NULL);
}
