// SPDX-License-Identifier: GPL-2.0
/* Interrupt lines: sharing, masking until acknowledged, lines that nobody claims. */
#include "mock.h"
#define machine_info		irq_line_test_machine
#define ioapic_mask		irq_line_test_mask
#define ioapic_route		irq_line_test_route
#define ioapic_lines		irq_line_test_lines
#define irq_line_request	irq_line_test_request
#define irq_isa_to_gsi		irq_line_test_isa
#define irq_vector_alloc	irq_line_test_alloc
#define irq_vector_free		irq_line_test_free
#define irq_vector_set		irq_line_test_set
#define irq_vector_drain	irq_line_test_drain
#define irq_vector_count	irq_line_test_count
#define time_now		irq_line_test_now
#include "arch/x86/irq_line.c"
#include "ktest.h"

KTEST_SUITE(irq_line);

struct machine_info irq_line_test_machine;

static bool masked[24], no_vectors;
static unsigned int vectors_used;
static void (*line_fn)(void *arg);
static void *line_arg;

time_ns_t irq_line_test_now(void) { return 0; }
void irq_line_test_mask(unsigned int gsi, bool m) { masked[gsi] = m; }
int irq_line_test_route(unsigned int gsi, uint32_t vector, bool level, bool low) { return gsi == 23 ? -ENODEV : 0; }
unsigned int irq_line_test_lines(void) { return 24; }
void irq_line_test_free(int vector) { (void)vector; vectors_used--; }
void irq_line_test_drain(int vector) { (void)vector; }
uint64_t irq_line_test_count(int vector) { return (uint64_t)vector; }

int irq_line_test_alloc(void (*fn)(void *arg), void *arg, const char *name)
{
	(void)name;
	fn(arg);
	return no_vectors ? -ENOSPC : (int)(0x30 + vectors_used++);
}

void irq_line_test_set(unsigned int vector, void (*fn)(void *arg), void *arg, const char *name)
{
	(void)vector, (void)name;
	line_fn = fn;
	line_arg = arg;
}

static enum irq_line_result answer[2];
static unsigned int asked[2];

static enum irq_line_result handler(void *arg)
{
	size_t n = (size_t)arg;

	asked[n]++;
	return answer[n];
}

static int request(unsigned int gsi, bool level, size_t n)
{
	return irq_line_request(gsi, level, true, handler, (void *)n, "test");
}

static void start(void)
{
	mock_reset();
	memset(actions, 0, sizeof(actions));
	memset(lines, 0, sizeof(lines));
	memset(asked, 0, sizeof(asked));
	nr_actions = vectors_used = 0;
	no_vectors = false;
	answer[0] = answer[1] = LINE_NOT_MINE;
}

KTEST_CASE(shared_line_asks_every_handler)
{
	start();
	ASSERT_TRUE(request(5, true, 0) > 0);
	ASSERT_TRUE(request(5, true, 1) > 0);
	EXPECT_EQ(vectors_used, 1);
	EXPECT_FALSE(masked[5]);
	answer[1] = LINE_HANDLED;
	line_fn(line_arg);
	EXPECT_EQ(asked[0], 1);
	EXPECT_EQ(asked[1], 1);
}

KTEST_CASE(line_stays_masked_until_every_holder_is_done)
{
	int a, b;

	start();
	a = request(5, true, 0);
	b = request(5, true, 1);
	answer[0] = answer[1] = LINE_KEEP_MASKED;
	line_fn(line_arg);
	EXPECT_TRUE(masked[5]);
	irq_line_unmask(a);
	EXPECT_TRUE(masked[5]);
	irq_line_unmask(a);
	EXPECT_TRUE(masked[5]);
	irq_line_unmask(b);
	EXPECT_FALSE(masked[5]);
}

KTEST_CASE(edge_line_is_never_held)
{
	start();
	ASSERT_TRUE(request(4, false, 0) > 0);
	answer[0] = LINE_KEEP_MASKED;
	line_fn(line_arg);
	EXPECT_FALSE(masked[4]);
}

KTEST_CASE(holder_that_leaves_opens_the_line_for_its_neighbour)
{
	int a;

	start();
	a = request(5, true, 0);
	ASSERT_TRUE(request(5, true, 1) > 0);
	answer[0] = LINE_KEEP_MASKED;
	line_fn(line_arg);
	EXPECT_TRUE(masked[5]);
	irq_line_free(a);
	EXPECT_FALSE(masked[5]);
	line_fn(line_arg);
	EXPECT_EQ(asked[0], 1);
}

KTEST_CASE(last_handler_takes_the_line_with_it)
{
	int a;

	start();
	a = request(5, true, 0);
	irq_line_free(a);
	EXPECT_TRUE(masked[5]);
	EXPECT_EQ(vectors_used, 0);
	irq_line_free(a);
	irq_line_unmask(a);
	EXPECT_TRUE(request(5, false, 0) > 0);
}

KTEST_CASE(line_that_nobody_claims_is_paused_and_comes_back)
{
	unsigned int i;

	start();
	ASSERT_TRUE(request(5, true, 0) > 0);
	for (i = 0; i < UNCLAIMED_MAX - 1; i++)
		line_fn(line_arg);
	EXPECT_FALSE(masked[5]);
	line_fn(line_arg);
	EXPECT_TRUE(masked[5]);
	ASSERT_NOT_NULL(mock.timer);
	mock.timer->fn(mock.timer);
	EXPECT_FALSE(masked[5]);
}

KTEST_CASE(claimed_interrupt_forgives_the_unclaimed_ones)
{
	unsigned int i;

	start();
	ASSERT_TRUE(request(5, true, 0) > 0);
	for (i = 0; i < UNCLAIMED_MAX - 1; i++)
		line_fn(line_arg);
	answer[0] = LINE_HANDLED;
	line_fn(line_arg);
	answer[0] = LINE_NOT_MINE;
	line_fn(line_arg);
	EXPECT_FALSE(masked[5]);
}

KTEST_CASE(conflicting_trigger_is_busy_and_costs_no_vector)
{
	start();
	ASSERT_TRUE(request(5, true, 0) > 0);
	EXPECT_EQ(request(5, false, 1), -EBUSY);
	EXPECT_EQ(vectors_used, 1);
}

KTEST_CASE(impossible_requests_are_refused)
{
	start();
	EXPECT_EQ(request(24, true, 0), -ENODEV);
	EXPECT_EQ(request(23, true, 0), -EBUSY);
	no_vectors = true;
	EXPECT_EQ(request(5, true, 0), -ENOSPC);
}

KTEST_CASE(full_table_of_handlers_is_an_error)
{
	unsigned int i;

	start();
	for (i = 0; i < ACTIONS_MAX; i++)
		ASSERT_TRUE(request(5, true, 0) > 0);
	EXPECT_EQ(request(5, true, 0), -ENOSPC);
	EXPECT_EQ(request(6, true, 0), -ENOSPC);
	EXPECT_EQ(vectors_used, 1);
}

static unsigned int listed;

static void list_one(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count)
{
	(void)arg, (void)kind, (void)number, (void)name, (void)count;
	listed++;
}

KTEST_CASE(list_names_every_handler)
{
	start();
	listed = 0;
	request(5, true, 0);
	request(5, true, 1);
	request(4, false, 1);
	irq_line_for_each(list_one, NULL);
	EXPECT_EQ(listed, 3);
}

KTEST_CASE(isa_numbers_go_through_the_overrides)
{
	unsigned int gsi;
	bool level, low;

	irq_line_test_machine.isa[9].gsi = 20;
	irq_line_test_machine.isa[9].level = irq_line_test_machine.isa[9].active_low = true;
	irq_isa_to_gsi(9, &gsi, &level, &low);
	EXPECT_EQ(gsi, 20);
	EXPECT_TRUE(level && low);
}
