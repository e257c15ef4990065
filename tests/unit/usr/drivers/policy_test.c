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
	nr_rules = 1;
	rules[0] = (struct policy){ .driver = "*", .restart = 1, .budget = 3, .window_s = 10, .delay_ms = 10, .delay_max_ms = 100,
				    .calm_ms = 500 };
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
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		read_text(wrong[i]);
		EXPECT_TRUE(strstr(errors, "devmgr: policy:1: ") == errors);
		EXPECT_EQ(policy_for("any")->budget, 3);
	}
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
