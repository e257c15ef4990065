// SPDX-License-Identifier: GPL-2.0
/* Vectors: giving out, dispatch with its accounting, what must not be acknowledged. */
#include "mock.h"
#define apic_init		irq_test_apic_init
#define apic_eoi		irq_test_eoi
#define ioapic_init		irq_test_ioapic_init
#define irq_line_for_each	irq_test_lines
#define irq_dispatch		irq_test_dispatch
#include "arch/x86/cpu/cpu.h"
#undef KERNEL_CS
#include "arch/x86/irq.c"
#include "ktest.h"

KTEST_SUITE(irq);

static unsigned int nr_eoi, nr_calls, depth_seen;
static int ioapic_result;
uint32_t trace_mask;
static unsigned int traced[4], nr_traced;

TRACE_SAVES_ALL void trace_emit(unsigned int point, unsigned int size, uint64_t id, uint64_t value)
{
	(void)size;
	(void)id;
	(void)value;
	traced[nr_traced++ % 4] = point;
}

int irq_test_apic_init(void) { return 0; }
int irq_test_ioapic_init(void) { return ioapic_result; }
void irq_test_eoi(void) { nr_eoi++; }
void irq_test_lines(void (*fn)(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count), void *arg) { }

static void handler(void *arg)
{
	(void)arg;
	nr_calls++;
	depth_seen = cpus[0].irq_depth + cpus[0].preempt_count;
}

static void raise(unsigned int vector)
{
	struct regs r = { .vector = vector };

	irq_dispatch(&r);
}

static void start(void)
{
	mock_reset();
	memset(vectors, 0, sizeof(vectors));
	nr_eoi = nr_calls = 0;
}

KTEST_CASE(handler_runs_unpreemptible_and_is_acknowledged)
{
	int v;

	start();
	v = irq_vector_alloc(handler, NULL, "test");
	ASSERT_TRUE(v >= VECTOR_FIRST && v <= VECTOR_LAST);
	raise((unsigned int)v);
	EXPECT_EQ(nr_calls, 1);
	EXPECT_EQ(depth_seen, 2);
	EXPECT_EQ(nr_eoi, 1);
	EXPECT_EQ(cpus[0].irq_depth + cpus[0].preempt_count, 0);
	EXPECT_EQ(irq_vector_count(v), 1);
}

KTEST_CASE(trace_has_the_begin_and_the_end_of_an_interrupt_when_it_is_on)
{
	int v;

	start();
	v = irq_vector_alloc(handler, NULL, "test");
	nr_traced = 0;
	raise((unsigned int)v);
	EXPECT_EQ(nr_traced, 0);
	trace_mask = FERRY_TRACE_INTERRUPT;
	raise((unsigned int)v);
	trace_mask = 0;
	EXPECT_EQ(nr_traced, 2);
	EXPECT_EQ(traced[0], FERRY_POINT_IRQ_ENTER);
	EXPECT_EQ(traced[1], FERRY_POINT_IRQ_EXIT);
}

KTEST_CASE(freed_vector_calls_nobody_and_is_given_again)
{
	int v;

	start();
	v = irq_vector_alloc(handler, NULL, "test");
	irq_vector_free(v);
	raise((unsigned int)v);
	EXPECT_EQ(nr_calls, 0);
	EXPECT_EQ(nr_eoi, 1);
	EXPECT_EQ(irq_vector_alloc(handler, NULL, "test"), v);
}

KTEST_CASE(vectors_run_out_with_an_error)
{
	int i;

	start();
	for (i = VECTOR_FIRST; i <= VECTOR_LAST; i++)
		ASSERT_EQ(irq_vector_alloc(handler, NULL, "test"), i);
	EXPECT_EQ(irq_vector_alloc(handler, NULL, "test"), -ENOSPC);
}

KTEST_CASE(spurious_interrupts_are_not_acknowledged)
{
	start();
	raise(VECTOR_SPURIOUS);
	raise(VECTOR_LEGACY + 7);
	raise(VECTOR_LEGACY + 15);
	EXPECT_EQ(nr_eoi, 0);
	EXPECT_EQ(cpus[0].nr_interrupts, 3);
}

KTEST_CASE(unknown_vector_is_logged_once)
{
	start();
	raise(0x77);
	raise(0x77);
	EXPECT_EQ(mock.logs, 1);
}

KTEST_CASE(msi_message_names_vector_and_cpu)
{
	uint64_t address;
	uint32_t data;

	start();
	cpus[2].apic_id = 5;
	irq_msi_message(0x41, 2, &address, &data);
	EXPECT_EQ(address, 0xfee05000);
	EXPECT_EQ(data, 0x41);
}

KTEST_CASE(remapped_message_names_its_entry)
{
	uint64_t address;
	uint32_t data;

	start();
	EXPECT_EQ(irq_msi_route(NULL, 0x41, 0, &address, &data), 0);
	EXPECT_EQ(address, 0xfee00000);
	EXPECT_EQ(data, 0x41);
	mock.remaps = true;
	EXPECT_EQ(irq_msi_route(NULL, 0x41, 0, &address, &data), 0);
	EXPECT_EQ(address, 0xfee00010 | 0x41 << 5);
	EXPECT_EQ(data, 0);
}

static unsigned int listed;

static void list_one(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count)
{
	(void)arg, (void)kind, (void)number, (void)name, (void)count;
	listed++;
}

KTEST_CASE(list_shows_named_vectors_only)
{
	start();
	listed = 0;
	irq_vector_set(VECTOR_TIMER, handler, NULL, "timer");
	irq_vector_set(0x41, handler, NULL, NULL);
	irq_vector_set(0x42, handler, NULL, "msi");
	irq_for_each(list_one, NULL);
	EXPECT_EQ(listed, 2);
}

KTEST_CASE(machine_without_ioapic_is_told)
{
	start();
	ioapic_result = 0;
	irq_init();
	EXPECT_EQ(mock.logs, 0);
	ioapic_result = -ENODEV;
	irq_init();
	EXPECT_EQ(mock.logs, 1);
}
