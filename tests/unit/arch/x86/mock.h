/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine below the stubs of arch/x86, for tests on the host: ports, registers in memory, MSRs, the TSC and this CPU's data. A test
 * includes this first and then the stub's source file, so that every line of it runs. Kernel services are renamed, for other tests
 * have their own.
 */
#ifndef TEST_ARCH_X86_MOCK_H
#define TEST_ARCH_X86_MOCK_H

#define ASM_IO_H
#define ASM_CPU_H
#define ASM_MMIO_H
#define ASM_MSR_H
#define KERNEL_CPU_H
#define ASM_SMP_H

#define klog			x86_mock_klog
#define spin_lock_irq		x86_mock_spin_lock_irq
#define spin_unlock_irq		x86_mock_spin_unlock_irq
#define vmap_io			x86_mock_vmap_io
#define vunmap			x86_mock_vunmap
#define timer_init		x86_mock_timer_init
#define timer_arm		x86_mock_timer_arm
#define timer_disarm		x86_mock_timer_disarm
#define boot_fail		x86_mock_boot_fail

#include <kernel/list.h>

#define CPUS_MAX	64
#define MSR_APIC_BASE	0x1b

struct thread;

struct cpu {
	struct thread *thread, *idle;
	uint32_t id, apic_id, irq_depth, preempt_count, need_resched;
	uint64_t nr_interrupts;
};

/* What a test sets and sees. */
struct mock {
	uint8_t (*port_read)(uint16_t port);
	void (*port_write)(uint16_t port, uint8_t v);
	uint32_t (*mmio_read)(uint32_t offset);
	void (*mmio_write)(uint32_t offset, uint32_t v);
	uint64_t msr[256];
	uint64_t tsc, tsc_step;
	unsigned int logs, timers_armed, nr_relax;
	bool no_memory, remaps;
	uint8_t remapped_ioapic, remap_cleared;
	struct timer *timer;
};
extern struct mock mock;
extern struct cpu cpus[CPUS_MAX];

static inline struct cpu *this_cpu(void) { return &cpus[0]; }
static inline uint8_t in8(uint16_t port) { return mock.port_read ? mock.port_read(port) : 0xff; }
static inline void out8(uint16_t port, uint8_t v) { if (mock.port_write) mock.port_write(port, v); }
static inline uint32_t mmio_read32(const void *base, uint32_t offset) { (void)base; return mock.mmio_read ? mock.mmio_read(offset) : ~0u; }
static inline void mmio_write32(void *base, uint32_t offset, uint32_t v) { (void)base; if (mock.mmio_write) mock.mmio_write(offset, v); }
static inline uint64_t rdmsr(uint32_t msr) { return mock.msr[msr & 255]; }
static inline void wrmsr(uint32_t msr, uint64_t v) { mock.msr[msr & 255] = v; }
static inline uint64_t rdtsc(void) { return mock.tsc += mock.tsc_step; }
static inline void cpu_relax(void) { mock.nr_relax++; }
static inline uint64_t irq_save(void) { return 0; }
static inline void smp_poll(void) { }
static inline void irq_restore(uint64_t flags) { (void)flags; }

/* A fresh machine. */
void mock_reset(void);

#endif
