// SPDX-License-Identifier: GPL-2.0
/* The local APIC stub: what it writes, and that the 8259s are silent afterwards. */
#include "mock.h"
#define machine_info	apic_test_machine
#include "arch/x86/apic.c"
#include "ktest.h"

KTEST_SUITE(apic);

struct machine_info apic_test_machine = { .lapic = 0xfee00000 };

static uint32_t regs[APIC_SIZE / 4];
static uint8_t pic_mask[2];
static unsigned int nr_eoi;

static uint32_t reg_read(uint32_t offset)
{
	return regs[offset / 4];
}

static void reg_write(uint32_t offset, uint32_t v)
{
	regs[offset / 4] = v;
	nr_eoi += offset == APIC_EOI;
}

static void port_write(uint16_t port, uint8_t v)
{
	if (port == PIC1_DATA)
		pic_mask[0] = v;
	if (port == PIC2_DATA)
		pic_mask[1] = v;
}

static int apic_boot(uint64_t base)
{
	mock_reset();
	memset(regs, 0, sizeof(regs));
	regs[APIC_ID / 4] = 7u << 24;
	nr_eoi = 0;
	mock.mmio_read = reg_read;
	mock.mmio_write = reg_write;
	mock.port_write = port_write;
	mock.msr[MSR_APIC_BASE] = base;
	return apic_init();
}

KTEST_CASE(init_enables_the_apic_and_masks_both_8259s)
{
	ASSERT_EQ(apic_boot(0xfee00100), 0);
	EXPECT_EQ(regs[APIC_SPURIOUS / 4], SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	EXPECT_EQ(regs[APIC_LVT_TIMER / 4], VECTOR_TIMER);
	EXPECT_EQ(pic_mask[0], 0xff);
	EXPECT_EQ(pic_mask[1], 0xff);
	EXPECT_TRUE(mock.msr[MSR_APIC_BASE] & BASE_ENABLE);
	EXPECT_EQ(cpus[0].apic_id, 7);
}

KTEST_CASE(x2apic_mode_of_the_firmware_is_left)
{
	ASSERT_EQ(apic_boot(0xfee00000 | BASE_ENABLE | BASE_X2APIC), 0);
	EXPECT_FALSE(mock.msr[MSR_APIC_BASE] & BASE_X2APIC);
}

KTEST_CASE(init_without_memory_is_an_error)
{
	apic_boot(0);
	mock.no_memory = true;
	EXPECT_EQ(apic_init(), -ENOMEM);
}

KTEST_CASE(end_of_interrupt_and_timer_reach_their_registers)
{
	ASSERT_EQ(apic_boot(0), 0);
	apic_eoi();
	EXPECT_EQ(nr_eoi, 1);
	apic_timer_set(1234);
	EXPECT_EQ(regs[APIC_TIMER_INITIAL / 4], 1234);
	regs[APIC_TIMER_CURRENT / 4] = 99;
	EXPECT_EQ(apic_timer_left(), 99);
}

static unsigned int busy_reads;

static uint32_t busy_read(uint32_t offset)
{
	if (offset == APIC_ICR_LOW && busy_reads) {
		busy_reads--;
		return ICR_PENDING;
	}
	return reg_read(offset);
}

KTEST_CASE(interrupt_of_another_cpu_waits_for_the_one_before)
{
	ASSERT_EQ(apic_boot(0), 0);
	mock.mmio_read = busy_read;
	busy_reads = 3;
	apic_send(5, APIC_SEND_INIT);
	EXPECT_EQ(busy_reads, 0);
	EXPECT_EQ(regs[APIC_ICR_HIGH / 4], 5u << 24);
	EXPECT_EQ(regs[APIC_ICR_LOW / 4], APIC_SEND_INIT | ICR_ASSERT);
}

KTEST_CASE(apic_that_stays_busy_is_not_waited_for_for_ever)
{
	ASSERT_EQ(apic_boot(0), 0);
	mock.mmio_read = busy_read;
	busy_reads = 2 * ICR_TURNS;
	apic_send(1, 0x40);
	EXPECT_EQ(busy_reads, ICR_TURNS);
	EXPECT_EQ(regs[APIC_ICR_LOW / 4], 0x40 | ICR_ASSERT);
}
