// SPDX-License-Identifier: GPL-2.0
/* The restart policy: its file with every kind of mistake, pauses and budgets. */
#include <usr/drivers/policy.c>
#include <ktest.h>

KTEST_SUITE(policy);

#define MS	1000000ull
#define SECOND	(1000 * MS)

static char errors[1024];

/* Fresh defaults, then @text as a file. */
static void read_text(const char *text)
{
	FILE *in = fmemopen((char *)(uintptr_t)text, strlen(text), "r"), *out = fmemopen(errors, sizeof(errors), "w");

	memset(errors, 0, sizeof(errors));
	policy_reset();
	rules[0] = (struct policy){ .driver = "*", .grant = FERRY_NEEDS_ALL, .restart = 1, .budget = 3, .window_s = 10, .delay_ms = 10,
				    .delay_max_ms = 100, .calm_ms = 500 };
	policy_read(in, "policy", out);
	fclose(in);
	fclose(out);
}

KTEST_CASE(lines_set_what_they_name)
{
	read_text("# a comment\n\n* budget=7 # the rest stays\nvirtio_blk\trestart=no calm=0\n");
	EXPECT_STREQ(errors, "");
	EXPECT_EQ(policy_for("other")->budget, 7);
	EXPECT_EQ(policy_for("other")->window_s, 10);
	EXPECT_EQ(policy_for("virtio_blk")->restart, 0);
	EXPECT_EQ(policy_for("virtio_blk")->budget, 7);
	EXPECT_EQ(policy_for("virtio_blk")->calm_ms, 0);
}

KTEST_CASE(mistakes_are_told_with_their_line_and_change_nothing)
{
	static const char *const wrong[] = {
		"* budgte=1\n", "* budget\n", "* budget=\n", "* budget=x\n", "* budget=-1\n", "* budget=1x\n", "* budget=9999999\n",
		"* restart=maybe\n", "* budget=99999999999999999999\n", "a_name_that_is_much_too_long_for_a_driver budget=1\n",
		"* budget=7 grant=mmio,usb\n", "* grant=\n", "* grant=mmio,\n", "* grant=,mmio\n", "* grant=MMIO\n", "* cpu=101\n",
		"inject\n", "inject vda\n", "inject vda # error=5\n", "inject vda off\n",
		"device\n", "device x\n", "device x driver=\n", "device x drive=y\n", "device x driver=y z\n",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		read_text(wrong[i]);
		EXPECT_TRUE(strstr(errors, "policy:1: ") == errors);
		EXPECT_EQ(policy_for("any")->budget, 3);
		EXPECT_NULL(policy_for_device("x", 0, 0));
		EXPECT_NULL(policy_fault(0));
	}
}

KTEST_CASE(faults_are_kept_in_order_as_they_stand)
{
	read_text("inject vd*  op=read\terror=5 # now and then\n* budget=7\ninject nvme0n1 short=1\n");
	EXPECT_STREQ(errors, "");
	EXPECT_STREQ(policy_fault(0)->rule, "vd* op=read error=5");
	EXPECT_STREQ(policy_fault(1)->rule, "nvme0n1 short=1");
	EXPECT_EQ(policy_fault(1)->line, 3);
	EXPECT_NULL(policy_fault(2));
	read_text("");
	EXPECT_NULL(policy_fault(0));
}

KTEST_CASE(line_that_is_too_long_is_one_mistake_and_the_next_is_read)
{
	static char text[2 * LINE_BYTES];

	memset(text, ' ', sizeof(text));
	memcpy(text, "* budget=9", 10);
	strcpy(text + LINE_BYTES + 40, "budget=8\n* calm=7\n");
	read_text(text);
	EXPECT_STREQ(errors, "policy:1: line: it is too long; the line is left out\n");
	EXPECT_EQ(policy_for("any")->budget, 3);
	EXPECT_EQ(policy_for("any")->calm_ms, 7);
}

KTEST_CASE(only_what_is_named_is_granted)
{
	read_text("virtio_blk grant=mmio,irq\nnvme grant=none\nahci grant=all\n");
	EXPECT_STREQ(errors, "");
	EXPECT_EQ(policy_for("virtio_blk")->grant, FERRY_NEEDS_MMIO | FERRY_NEEDS_IRQ);
	EXPECT_EQ(policy_for("virtio_blk")->line, 1);
	EXPECT_EQ(policy_for("nvme")->grant, 0);
	EXPECT_EQ(policy_for("ahci")->grant, FERRY_NEEDS_ALL);
	EXPECT_EQ(policy_for("other")->grant, FERRY_NEEDS_ALL);
	EXPECT_EQ(policy_for("other")->line, 0);
}

KTEST_CASE(needs_are_written_as_they_are_read)
{
	char text[64];
	unsigned int needs, back;

	for (needs = 1; needs <= FERRY_NEEDS_ALL; needs++) {
		policy_needs_text(text, sizeof(text), needs);
		EXPECT_NULL(needs_set(&back, text, FERRY_NEEDS_ALL));
		EXPECT_EQ(back, needs);
	}
	policy_needs_text(text, sizeof(text), 0);
	EXPECT_STREQ(text, "none");
}

KTEST_CASE(first_rule_that_fits_a_device_counts)
{
	read_text("device 0000:00:03.0 driver=none # this one\ndevice 1af4:* driver=virtio_blk\ndevice * driver=other\n");
	EXPECT_STREQ(errors, "");
	EXPECT_STREQ(policy_for_device("0000:00:03.0", 0x1af4, 0x1001)->driver, "none");
	EXPECT_STREQ(policy_for_device("0000:00:04.0", 0x1af4, 0x1001)->driver, "virtio_blk");
	EXPECT_STREQ(policy_for_device("null_blk.0", 0, 0)->driver, "other");
	EXPECT_EQ(policy_for_device("null_blk.0", 0, 0)->line, 3);
}

KTEST_CASE(budgets_are_numbers_with_a_limit)
{
	read_text("x cpu=50 memory=4096 dma=0 handles=64 irqs=1000 depth=16\n");
	EXPECT_STREQ(errors, "");
	EXPECT_EQ(policy_for("x")->cpu_percent, 50);
	EXPECT_EQ(policy_for("x")->memory_kib, 4096);
	EXPECT_EQ(policy_for("x")->handles, 64);
	EXPECT_EQ(policy_for("x")->irqs_per_s, 1000);
	EXPECT_EQ(policy_for("x")->queue_depth, 16);
}

KTEST_CASE(one_rule_too_many_is_told)
{
	static char text[POLICY_RULES_MAX * 20 + 32];
	size_t n = 0;

	for (unsigned int i = 0; i < POLICY_RULES_MAX; i++)
		n += (size_t)sprintf(text + n, "driver%u budget=1\n", i);
	read_text(text);
	EXPECT_TRUE(strstr(errors, "policy:64: driver63: one rule too many") != NULL);
}

KTEST_CASE(first_restart_is_immediate_and_pauses_double_to_a_limit)
{
	struct policy_history h = { 0 };
	struct policy p;
	uint64_t pause;

	read_text("* budget=0\n");
	p = *policy_for("any");
	EXPECT_EQ(policy_restart(&p, &h, SECOND, 0, 512, &pause), 1);
	EXPECT_EQ(pause, 0);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t wanted = (10 << i) > 100 ? 100 * MS : (10 << i) * MS;

		EXPECT_EQ(policy_restart(&p, &h, SECOND, 1, 512, &pause), 1);
		EXPECT_EQ(pause, wanted);
	}
}

KTEST_CASE(pause_varies_by_a_quarter)
{
	struct policy_history h = { .in_row = 1 };
	uint64_t low, high;

	read_text("* budget=0\n");
	policy_restart(policy_for("any"), &h, SECOND, 0, 0, &low);
	h.in_row = 1;
	policy_restart(policy_for("any"), &h, SECOND, 0, 1023, &high);
	EXPECT_EQ(low, 10 * MS * 3 / 4);
	EXPECT_TRUE(high > 12 * MS && high < 10 * MS * 5 / 4);
}

KTEST_CASE(driver_that_ran_long_starts_afresh)
{
	struct policy_history h = { .in_row = 5 };
	uint64_t pause;

	read_text("");
	EXPECT_EQ(policy_restart(policy_for("any"), &h, SECOND, 500 * MS, 0, &pause), 1);
	EXPECT_EQ(pause, 0);
}

KTEST_CASE(budget_is_for_a_window)
{
	struct policy_history h = { 0 };
	uint64_t pause;

	read_text("");
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(policy_restart(policy_for("any"), &h, 20 * SECOND, 0, 0, &pause), 1);
	EXPECT_EQ(policy_restart(policy_for("any"), &h, 29 * SECOND, 0, 0, &pause), 0);
	EXPECT_EQ(policy_restart(policy_for("any"), &h, 31 * SECOND, 0, 0, &pause), 1);
}

KTEST_CASE(driver_not_to_be_restarted_is_not)
{
	struct policy_history h = { 0 };
	uint64_t pause;

	read_text("* restart=no\n");
	EXPECT_EQ(policy_restart(policy_for("any"), &h, SECOND, 0, 0, &pause), 0);
}

KTEST_CASE(standby_is_for_restarts_without_a_pause)
{
	struct policy_history h = { 0 };
	uint64_t pause;

	read_text("* standby=yes budget=2\n");
	EXPECT_EQ(policy_for("any")->standby, 1);
	EXPECT_EQ(policy_at_once(policy_for("any"), &h, SECOND, 0), 1);
	policy_restart(policy_for("any"), &h, SECOND, 0, 0, &pause);
	EXPECT_EQ(policy_at_once(policy_for("any"), &h, SECOND, 100 * MS), 0);
	EXPECT_EQ(policy_at_once(policy_for("any"), &h, SECOND, 1000 * MS), 1);
	policy_restart(policy_for("any"), &h, SECOND, 0, 0, &pause);
	EXPECT_EQ(policy_at_once(policy_for("any"), &h, SECOND, 1000 * MS), 0);
}
