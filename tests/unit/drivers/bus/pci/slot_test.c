// SPDX-License-Identifier: GPL-2.0
/* What a hotplug slot does next: cards that come, buttons, cards that are gone or others. */
#include <ktest.h>
#include "drivers/bus/pci/slot.c"

KTEST_SUITE(pci_slot);

#define T	1000000000ull

KTEST_CASE(slot_takes_a_card_that_came_at_once)
{
	struct slot s = { .state = SLOT_OFF };

	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON | SLOT_PRESENCE_CHANGED, true, T), SLOT_POWER_ON);
	EXPECT_EQ(s.state, SLOT_ON);
}

KTEST_CASE(slot_that_is_empty_does_nothing)
{
	struct slot s = { .state = SLOT_OFF };

	EXPECT_EQ(slot_decide(&s, SLOT_EVENTS, false, T), SLOT_NOTHING);
	EXPECT_EQ(s.state, SLOT_OFF);
}

KTEST_CASE(slot_waits_five_seconds_after_the_button)
{
	struct slot s = { .state = SLOT_ON };

	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T), SLOT_BLINK);
	EXPECT_EQ(s.due, T + 5000000000ull);
	EXPECT_EQ(slot_decide(&s, 0, true, s.due - 1), SLOT_NOTHING);
	EXPECT_EQ(slot_decide(&s, 0, true, s.due), SLOT_POWER_OFF);
	EXPECT_EQ(s.state, SLOT_OFF);
}

KTEST_CASE(slot_stays_on_when_the_button_is_pressed_again)
{
	struct slot s = { .state = SLOT_ON };

	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T), SLOT_BLINK);
	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T + 1), SLOT_STEADY);
	EXPECT_EQ(s.state, SLOT_ON);
	EXPECT_EQ(slot_decide(&s, 0, true, s.due + 1), SLOT_NOTHING);
}

KTEST_CASE(slot_turns_on_by_the_button_too)
{
	struct slot s = { .state = SLOT_OFF };

	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T), SLOT_BLINK);
	EXPECT_EQ(slot_decide(&s, 0, true, T + 5000000000ull), SLOT_POWER_ON);
	EXPECT_EQ(s.state, SLOT_ON);
}

KTEST_CASE(slot_stays_off_when_the_button_is_pressed_again)
{
	struct slot s = { .state = SLOT_OFF };

	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T), SLOT_BLINK);
	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T + 1), SLOT_STEADY);
	EXPECT_EQ(s.state, SLOT_OFF);
}

KTEST_CASE(slot_forgets_the_button_when_the_card_is_pulled_meanwhile)
{
	struct slot s = { .state = SLOT_OFF };

	EXPECT_EQ(slot_decide(&s, SLOT_BUTTON, true, T), SLOT_BLINK);
	EXPECT_EQ(slot_decide(&s, SLOT_PRESENCE_CHANGED, false, T + 1), SLOT_NOTHING);
	EXPECT_EQ(s.state, SLOT_OFF);
}

KTEST_CASE(slot_whose_card_is_gone_is_off_at_once)
{
	struct slot on = { .state = SLOT_ON }, blinks = { .state = SLOT_BLINKS_OFF, .due = T + 1 };

	EXPECT_EQ(slot_decide(&on, SLOT_PRESENCE_CHANGED | SLOT_LINK_CHANGED, false, T), SLOT_VANISHED);
	EXPECT_EQ(on.state, SLOT_OFF);
	EXPECT_EQ(slot_decide(&blinks, 0, false, T), SLOT_VANISHED);
	EXPECT_EQ(blinks.state, SLOT_OFF);
}

KTEST_CASE(slot_with_another_card_takes_that)
{
	struct slot s = { .state = SLOT_ON };

	EXPECT_EQ(slot_decide(&s, SLOT_PRESENCE_CHANGED, true, T), SLOT_REPLACED);
	EXPECT_EQ(s.state, SLOT_ON);
}

KTEST_CASE(slot_ignores_a_link_that_came_back)
{
	struct slot s = { .state = SLOT_ON };

	EXPECT_EQ(slot_decide(&s, SLOT_LINK_CHANGED, true, T), SLOT_NOTHING);
	EXPECT_EQ(s.state, SLOT_ON);
}

KTEST_CASE(slot_that_failed_waits_for_the_next_card)
{
	struct slot s = { .state = SLOT_OFF };

	EXPECT_EQ(slot_decide(&s, SLOT_PRESENCE_CHANGED, true, T), SLOT_POWER_ON);
	slot_failed(&s);
	EXPECT_EQ(slot_decide(&s, 0, true, T + 1), SLOT_NOTHING);
	EXPECT_EQ(slot_decide(&s, SLOT_PRESENCE_CHANGED, false, T + 2), SLOT_NOTHING);
	EXPECT_EQ(slot_decide(&s, SLOT_PRESENCE_CHANGED, true, T + 3), SLOT_POWER_ON);
}
