// SPDX-License-Identifier: GPL-2.0
/*
 * Attacks on capabilities from inside one driver process: rights that grow, handles that are revoked or closed and used all the same,
 * mappings and ports that should be gone, memory that is to be run. What needs two processes is in pass.c.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <uapi/ferry/manifest.h>
#include "hostile.h"

#define RW		(FERRY_RIGHT_READ | FERRY_RIGHT_WRITE)
#define EDU_RAISE	0x60	/* of QEMU's edu device: docs/specs/edu */
#define EDU_ACK		0x64

static struct ferry_device_info info = { .abi = ABI(ferry_device_info) };
static sigjmp_buf back;

static void start(void)
{
	WANT(call(NR_ferry_device_info, FD, PTR(&info), 0, 0), 0);
	WANT(call(NR_ferry_driver_state, FERRY_STATE_PROBING, 0, 0, 0), 0);
}

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* Does a read of @address end in a signal? */
static int faults(const volatile void *address)
{
	static struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(back, 1))
		return 1;
	*(const volatile char *)address;
	return 0;
}

static long derive(int handle, unsigned int rights)
{
	struct ferry_cap_derive d = { .abi = ABI(ferry_cap_derive), .handle = handle, .rights = rights, .process = -1 };
	long err = call(NR_ferry_cap_derive, PTR(&d), 0, 0, 0);

	return err ? err : d.derived;
}

static long revoke(long handle, unsigned int flags)
{
	return call(NR_ferry_cap_revoke, (uint64_t)handle, flags, 0, 0);
}

static struct ferry_cap_info cap;

static long ask(long handle)
{
	cap.abi = (struct ferry_abi)ABI(ferry_cap_info);
	return call(NR_ferry_cap_info, (uint64_t)handle, PTR(&cap), 0, 0);
}

static struct ferry_cap_map map;

static long map_given(long handle, unsigned int perms)
{
	map = (struct ferry_cap_map){ .abi = ABI(ferry_cap_map), .handle = (int)handle, .perms = perms };
	return call(NR_ferry_cap_map, PTR(&map), 0, 0, 0);
}

static struct ferry_dma_alloc dma_get(unsigned int length)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = length };

	WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
	return a;
}

/* ZOS-07, MIS-02: a derived handle has at most its parent's rights, and so has what is mapped through it. */
static void rights_only_shrink(void)
{
	struct ferry_dma_alloc a;
	long half, less, none;
	uint64_t seen;

	start();
	a = dma_get(4096);
	strcpy((char *)(uintptr_t)a.address, "written");
	WANT(derive(a.handle, 4), -EACCES);
	half = derive(a.handle, FERRY_RIGHT_READ);
	WANT(half > 0, 1);
	WANT(derive((int)half, RW), -EACCES);
	WANT(ask(half), 0);
	WANT(cap.kind, FERRY_HANDLE_DMA);
	WANT(cap.rights, FERRY_RIGHT_READ);
	WANT(cap.device, info.id);
	WANT(map_given(half, RW), -EACCES);
	WANT(map_given(half, 0), -EINVAL);
	WANT(map_given(half, FERRY_RIGHT_READ), 0);
	seen = map.address;
	WANT(map_given(half, FERRY_RIGHT_READ), -EBUSY);
	WANT(strcmp((const char *)(uintptr_t)seen, "written"), 0);
	WANT(call(NR_mprotect, seen, 4096, PROT_READ | PROT_WRITE, 0), -EACCES);
	none = derive((int)half, 0);
	WANT(none > 0, 1);
	less = derive((int)none, FERRY_RIGHT_READ);
	WANT(less, -EACCES);
	WANT(call(NR_ferry_dma_free, FD, (uint64_t)half, 0, 0), -EINVAL);
	WANT(derive(FD, FERRY_NEEDS_ALL & ~info.granted), -EACCES);
	WANT(derive(77, 0), -EBADF);
	WANT(call(NR_close, (uint64_t)half, 0, 0, 0), 0);
	WANT(faults((void *)(uintptr_t)seen), 1);
	WANT(faults((void *)(uintptr_t)a.address), 0);
}

/* A DEVICE handle with fewer rights gives less, and takes with it what came through it. */
static void device_rights_shrink(void)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = 4096 };
	struct ferry_mmio_map m = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };
	long only_dma;

	start();
	only_dma = derive(FD, FERRY_NEEDS_DMA);
	WANT(only_dma > 0, 1);
	WANT(call(NR_ferry_mmio_map, (uint64_t)only_dma, PTR(&m), 0, 0), -EACCES);
	WANT(call(NR_ferry_dma_alloc, (uint64_t)only_dma, PTR(&a), 0, 0), 0);
	WANT(revoke(only_dma, 0), 0);
	WANT(faults((void *)(uintptr_t)a.address), 1);
	WANT(ask(a.handle), -ESTALE);
	WANT(call(NR_ferry_dma_alloc, (uint64_t)only_dma, PTR(&a), 0, 0), -ESTALE);
	WANT(call(NR_ferry_dma_alloc, FD, PTR(&a), 0, 0), 0);
}

/* ODG-53: revoked is revoked, whatever came to the slot since. */
static void stale_is_for_ever(void)
{
	struct ferry_dma_alloc a, b;
	long child, grandchild;
	unsigned int i;

	start();
	a = dma_get(4096);
	child = derive(a.handle, RW);
	grandchild = derive((int)child, FERRY_RIGHT_READ);
	WANT(grandchild > 0, 1);
	WANT(revoke(child, FERRY_REVOKE_DERIVED), 0);
	WANT(ask(child), 0);
	WANT(ask(grandchild), -ESTALE);
	WANT(revoke(a.handle, 2), -EINVAL);
	WANT(revoke(a.handle, 0), 0);
	WANT(revoke(a.handle, 0), -ESTALE);
	WANT(ask(child), -ESTALE);
	WANT(derive((int)child, 0), -ESTALE);
	WANT(map_given(child, FERRY_RIGHT_READ), -ESTALE);
	WANT(call(NR_ferry_dma_free, FD, (uint64_t)a.handle, 0, 0), -ESTALE);
	WANT(faults((void *)(uintptr_t)a.address), 1);
	WANT(call(NR_close, (uint64_t)a.handle, 0, 0, 0), 0);
	for (i = 0; i < 200; i++) {
		b = dma_get(4096);
		WANT(b.handle != a.handle, 1);
		WANT(ask(a.handle), -ESTALE);
		WANT(call(NR_ferry_dma_free, FD, (uint64_t)a.handle, 0, 0), -ESTALE);
		WANT(call(NR_close, (uint64_t)a.handle, 0, 0, 0), -EBADF);
		WANT(call(NR_ferry_dma_free, FD, (uint64_t)b.handle, 0, 0), 0);
	}
}

static void revoked_window_is_unmapped(void)
{
	struct ferry_mmio_map m = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };
	long half;

	start();
	WANT(call(NR_ferry_mmio_map, FD, PTR(&m), 0, 0), 0);
	half = derive(m.handle, FERRY_RIGHT_READ);
	WANT(map_given(half, FERRY_RIGHT_READ), 0);
	WANT(faults((void *)(uintptr_t)m.address), 0);
	WANT(*(volatile uint32_t *)(uintptr_t)map.address == *(volatile uint32_t *)(uintptr_t)m.address, 1);
	WANT(ask(m.handle), 0);
	WANT(cap.kind, FERRY_HANDLE_MEMORY);
	WANT(revoke(m.handle, FERRY_REVOKE_DERIVED), 0);
	WANT(faults((void *)(uintptr_t)map.address), 1);
	WANT(faults((void *)(uintptr_t)m.address), 0);
	WANT(revoke(m.handle, 0), 0);
	WANT(faults((void *)(uintptr_t)m.address), 1);
}

static volatile uint32_t *edu_start(struct ferry_irq_request *req)
{
	struct ferry_mmio_map m = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };

	start();
	WANT(call(NR_ferry_mmio_map, FD, PTR(&m), 0, 0), 0);
	*req = (struct ferry_irq_request){ .abi = ABI(ferry_irq_request), .wanted = 1 };
	WANT(call(NR_ferry_irq_request, FD, PTR(req), 0, 0), 1);
	return (volatile uint32_t *)(uintptr_t)m.address;
}

/* MIS-14: and what the device raises afterwards reaches nobody. */
static void revoked_interrupt_is_masked(void)
{
	struct ferry_irq_request req, again = { .abi = ABI(ferry_irq_request), .wanted = 1 };
	volatile uint32_t *regs = edu_start(&req);
	struct pollfd p = { .fd = req.handle, .events = POLLIN };
	uint64_t count;
	long other;

	other = derive(req.handle, FERRY_RIGHT_READ);
	WANT(call(NR_ferry_irq_request, FD, PTR(&again), 0, 0), -EBUSY);
	WANT(revoke(req.handle, 0), 0);
	WANT(call(NR_read, (uint64_t)req.handle, PTR(&count), sizeof(count), 0), -ESTALE);
	WANT(call(NR_read, (uint64_t)other, PTR(&count), sizeof(count), 0), -ESTALE);
	WANT(call(NR_poll, PTR(&p), 1, 0, 0), 1);
	WANT(p.revents & POLLERR, POLLERR);
	regs[EDU_RAISE / 4] = 1;
	regs[EDU_ACK / 4] = 1;
	WANT(call(NR_ferry_irq_request, FD, PTR(&again), 0, 0), 1);
	p.fd = again.handle;
	WANT(call(NR_poll, PTR(&p), 1, 0, 0), 0);
	regs[EDU_RAISE / 4] = 1;
	WANT(call(NR_poll, PTR(&p), 1, 5000, 0), 1);
	WANT(call(NR_read, (uint64_t)again.handle, PTR(&count), sizeof(count), 0), sizeof(count));
	WANT((long)count, 1);
	WANT(call(NR_ferry_irq_release, FD, 0, 0, 0), 0);
	WANT(ask(again.handle), -ESTALE);
}

static int port_faults(unsigned int first)
{
	static struct sigaction action = { .sa_handler = on_fault };
	unsigned char value;

	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(back, 1))
		return 1;
	__asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(first));
	return 0;
}

/* ZOS-08 */
static void revoked_ports_are_closed(void)
{
	struct ferry_port_map m = { .abi = ABI(ferry_port_map) };
	long half;

	start();
	while (m.bar < 6 && !(info.bars[m.bar].flags & FERRY_BAR_IO))
		m.bar++;
	if (m.bar == 6)
		return;
	WANT(call(NR_ferry_port_map, FD, PTR(&m), 0, 0), 0);
	WANT(port_faults(m.first), 0);
	WANT(port_faults(m.first + m.length), 1);
	WANT(ask(m.handle), 0);
	WANT(cap.kind, FERRY_HANDLE_IOPORT);
	WANT(cap.start == m.first && cap.length == m.length, 1);
	half = derive(m.handle, FERRY_RIGHT_READ);
	WANT(map_given(half, FERRY_RIGHT_READ), -EINVAL);
	WANT(revoke(m.handle, 0), 0);
	WANT(port_faults(m.first), 1);
	WANT(call(NR_ferry_port_map, FD, PTR(&m), 0, 0), 0);
	WANT(port_faults(m.first), 0);
}

static void notifications_are_counted(void)
{
	struct pollfd p = { .events = POLLIN };
	uint64_t one = 1, two = 2, most = ~0ull - 1, all = ~0ull, got = 0;
	long n, signals, waits;

	start();
	n = call(NR_ferry_notify_create, FD, 0, 0, 0);
	WANT(n > 0, 1);
	signals = derive((int)n, FERRY_RIGHT_WRITE);
	waits = derive((int)n, FERRY_RIGHT_READ);
	p.fd = (int)waits;
	WANT(call(NR_poll, PTR(&p), 1, 0, 0), 0);
	WANT(call(NR_write, (uint64_t)signals, PTR(&one), 8, 0), 8);
	WANT(call(NR_write, (uint64_t)signals, PTR(&two), 8, 0), 8);
	WANT(call(NR_write, (uint64_t)waits, PTR(&one), 8, 0), -EACCES);
	WANT(call(NR_write, (uint64_t)signals, PTR(&one), 4, 0), -EINVAL);
	WANT(call(NR_write, (uint64_t)signals, PTR(&all), 8, 0), -EINVAL);
	WANT(call(NR_write, (uint64_t)signals, PTR(&most), 8, 0), -EAGAIN);
	WANT(call(NR_read, (uint64_t)signals, PTR(&got), 8, 0), -EACCES);
	WANT(call(NR_poll, PTR(&p), 1, 0, 0), 1);
	WANT(call(NR_read, (uint64_t)waits, PTR(&got), 8, 0), 8);
	WANT((long)got, 3);
	WANT(call(NR_poll, PTR(&p), 1, 0, 0), 0);
	WANT(revoke(n, 0), 0);
	WANT(call(NR_write, (uint64_t)signals, PTR(&one), 8, 0), -ESTALE);
	WANT(call(NR_read, (uint64_t)waits, PTR(&got), 8, 0), -ESTALE);
}

/* MIS-02: W^X, and no code but what the kernel loaded. */
static void nothing_new_is_run(void)
{
	static unsigned char bytes[4096] __attribute__((aligned(4096)));
	long page;

	start();
	WANT(call(NR_mprotect, PTR(bytes), 4096, PROT_READ | PROT_WRITE | PROT_EXEC, 0), -EACCES);
	WANT(call(NR_mprotect, PTR(bytes), 4096, PROT_READ | PROT_EXEC, 0), -EACCES);
	WANT(call(NR_mprotect, PTR(&nothing_new_is_run) & ~4095ull, 4096, PROT_READ | PROT_WRITE, 0), -EACCES);
	page = (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WANT(page, -1);
	WANT(errno, EACCES);
	page = (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, FD, 0);
	WANT(page, -1);
	((void (*)(void))(uintptr_t)bytes)();
}

/* The budget is not the driver's to change, and it has no handle on it. */
static void budgets_are_not_the_drivers(void)
{
	struct ferry_budget b = { .abi = ABI(ferry_budget), .handle = -1, .set = 1 << FERRY_BUDGET_DMA };
	struct ferry_cap_open o = { .abi = ABI(ferry_cap_open), .kind = FERRY_HANDLE_BUDGET };

	start();
	b.device = o.device = info.id;
	WANT(call(NR_ferry_budget, PTR(&b), 0, 0, 0), -EPERM);
	b.handle = FD;
	WANT(call(NR_ferry_budget, PTR(&b), 0, 0, 0), -EINVAL);
	WANT(call(NR_ferry_cap_open, PTR(&o), 0, 0, 0), -EPERM);
}

static long keep(uint64_t length, struct ferry_mem_keep *k)
{
	*k = (struct ferry_mem_keep){ .abi = ABI(ferry_mem_keep), .length = length };
	return call(NR_ferry_mem_keep, FD, PTR(k), 0, 0);
}

static void kept_memory_is_checked(void)
{
	struct ferry_mem_keep k, more;

	start();
	WANT(keep(0, &k), -EINVAL);
	WANT(keep(~0ull, &k), -EINVAL);
	WANT(keep((2ull << 30) + 1, &k), -EINVAL);
	k.abi.size--;
	WANT(call(NR_ferry_mem_keep, FD, PTR(&k), 0, 0), -EINVAL);
	WANT(keep(10000, &k), 0);
	WANT(keep(10000, &more), -EBUSY);
	WANT(ask(k.handle), 0);
	WANT(cap.kind, FERRY_HANDLE_MEMORY);
	WANT(cap.length, 12288);
	WANT(*(volatile uint64_t *)(uintptr_t)k.address, 0);
	*(volatile uint64_t *)(uintptr_t)(k.address + 12280) = 7;
	WANT(faults((const char *)(uintptr_t)k.address + 12288), 1);
	WANT(revoke(k.handle, 0), 0);
	WANT(faults((const char *)(uintptr_t)k.address), 1);
}

/* Of a driver that has no successor nothing is left: the same device, and as much. */
static void kept_memory_is_nobody_elses(void)
{
	struct ferry_mem_keep k;

	start();
	WANT(keep(10000, &k), 0);
	WANT(*(volatile uint64_t *)(uintptr_t)(k.address + 12280), 0);
}

const struct attack cap_attacks[] = {
	{ "rights_only_shrink", rights_only_shrink, PLATFORM, FERRY_NEEDS_DMA, FERRY_CLASS_BLOCK, 0 },
	{ "device_rights_shrink", device_rights_shrink, PLATFORM, FERRY_NEEDS_DMA | FERRY_NEEDS_MMIO, FERRY_CLASS_BLOCK, 0 },
	{ "stale_is_for_ever", stale_is_for_ever, PLATFORM, FERRY_NEEDS_DMA, FERRY_CLASS_BLOCK, 0 },
	{ "revoked_window_is_unmapped", revoked_window_is_unmapped, EDU, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "revoked_interrupt_is_masked", revoked_interrupt_is_masked, EDU, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "revoked_ports_are_closed", revoked_ports_are_closed, PCI, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
	{ "notifications_are_counted", notifications_are_counted, PLATFORM, 0, FERRY_CLASS_BLOCK, 0 },
	{ "nothing_new_is_run", nothing_new_is_run, PLATFORM, 0, FERRY_CLASS_BLOCK, KILLED(SIGSEGV) },
	{ "kept_memory_is_checked", kept_memory_is_checked, PLATFORM, FERRY_NEEDS_KEEP, FERRY_CLASS_BLOCK, 0 },
	{ "kept_memory_is_nobody_elses", kept_memory_is_nobody_elses, PLATFORM, FERRY_NEEDS_KEEP, FERRY_CLASS_BLOCK, 0 },
	{ "budgets_are_not_the_drivers", budgets_are_not_the_drivers, PLATFORM, FERRY_NEEDS_ALL, FERRY_CLASS_BLOCK, 0 },
};
const unsigned int nr_cap_attacks = sizeof(cap_attacks) / sizeof(cap_attacks[0]);
