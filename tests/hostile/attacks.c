// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's side of hostile.c: each attack runs in a driver process of its own and wants each refusal by its errno, or wants to be
 * killed. What was not as wanted goes to the kernel's log with its line.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uapi/ferry/manifest.h>
#include <uapi/ferry/ring.h>
#include <uapi/ferry/syscall.h>
#include <uapi/ferry/trace.h>
#include <uapi/ferry/tracepoint.h>
#include "hostile.h"

#define MSIX_CAP	0x11
#define EDU_RAISE	0x60	/* of QEMU's edu device: docs/specs/edu */
#define EDU_ACK		0x64

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
	WANT(call(NR_ferry_mem_keep, FD, 0, 0, 0), -EACCES);
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
	WANT(call(NR_ferry_dma_free, FD, (uint64_t)a.handle, 0, 0), -ESTALE);
	WANT(call(NR_close, FD, 0, 0, 0), 0);
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), -ESTALE);
	WANT(wait_now(), -ESTALE);
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

/* ORA-07: an IRQ handle is an eventfd of interrupts. */
static void interrupt_handle_is_an_eventfd(void)
{
	struct ferry_irq_request req = { .abi = ABI(ferry_irq_request), .wanted = 1 };
	struct ferry_mmio_map map = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };
	struct pollfd p = { .events = POLLIN };
	volatile uint32_t *regs;
	uint64_t count = 0;
	int i;

	start();
	WANT(call(NR_ferry_mmio_map, FD, PTR(&map), 0, 0), 0);
	WANT(call(NR_ferry_irq_request, FD, PTR(&req), 0, 0), 1);
	regs = (volatile uint32_t *)(uintptr_t)map.address;
	p.fd = req.handle;
	WANT(call(NR_poll, PTR(&p), 1, 0, 0), 0);
	for (i = 0; i < 3; i++) {
		regs[EDU_RAISE / 4] = 1;
		WANT(call(NR_poll, PTR(&p), 1, 20000, 0), 1);
		WANT(call(NR_read, (uint64_t)p.fd, PTR(&count), 7, 0), -EINVAL);
		WANT(call(NR_read, (uint64_t)p.fd, PTR(&count), sizeof(count), 0), sizeof(count));
		WANT((long)count, 1);
		regs[EDU_ACK / 4] = 1;
		WANT(call(NR_poll, PTR(&p), 1, 0, 0), 0);
	}
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

/* What it tells for the trace is its own affair, whether a trace is made or not; what cannot be is refused. */
static void trace_records_are_checked(void)
{
	static struct ferry_trace_record r[FERRY_TRACE_RECORDS_MAX];
	unsigned int i;

	start();
	WANT(call(NR_ferry_driver_trace, PTR(r), FERRY_TRACE_RECORDS_MAX + 1, 0, 0), -EINVAL);
	WANT(call(NR_ferry_driver_trace, PTR(r), ~0ull, 0, 0), -EINVAL);
	WANT(call(NR_ferry_driver_trace, PTR(r), 1, 1, 0), -EINVAL);
	WANT(call(NR_ferry_driver_trace, 0, 1, 0, 0), -EFAULT);
	WANT(call(NR_ferry_driver_trace, 0xffff800000000000ull, FERRY_TRACE_RECORDS_MAX, 0, 0), -EFAULT);
	WANT(call(NR_ferry_driver_trace, PTR(r), 1, 0, 0), -EINVAL);
	r[0].op = FERRY_TRACE_OPS;
	WANT(call(NR_ferry_driver_trace, PTR(r), 1, 0, 0), -EINVAL);
	for (i = 0; i < FERRY_TRACE_RECORDS_MAX; i++)
		r[i] = (struct ferry_trace_record){ .op = FERRY_TRACE_MMIO_WRITE,
						    .size = 0xffff, .where = ~0u, .value = ~0ull, .tsc = i % 2 ? ~0ull : 0 };
	WANT(call(NR_ferry_driver_trace, PTR(r), FERRY_TRACE_RECORDS_MAX, 0, 0), FERRY_TRACE_RECORDS_MAX);
	for (i = 0; i < FERRY_TRACE_RECORDS_MAX; i++)
		r[i] = (struct ferry_trace_record){ .op = i % 2 ? FERRY_RECORD_SCOPE : FERRY_RECORD_SCOPE_NAME,
						    .where = i, .value = ~0ull, .tsc = ~0ull };
	WANT(call(NR_ferry_driver_trace, PTR(r), FERRY_TRACE_RECORDS_MAX, 0, 0), FERRY_TRACE_RECORDS_MAX);
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

/* ---- The list ---- */

const struct attack attacks[] = {
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
	{ "interrupt_handle_is_an_eventfd", interrupt_handle_is_an_eventfd, EDU, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "windows_are_checked", windows_are_checked, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "config_writes_are_filtered", config_writes_are_filtered, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "trace_records_are_checked", trace_records_are_checked, PLATFORM, 0, FERRY_CLASS_BLOCK, 0 },
	{ "ports_are_checked", ports_are_checked, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
};

const unsigned int nr_attacks = sizeof(attacks) / sizeof(attacks[0]);
