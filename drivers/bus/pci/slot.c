// SPDX-License-Identifier: GPL-2.0
/* What a hotplug slot does next: a button is waited for, a card that came is taken at once, one that is gone is gone. Pure; no locks. */
#include "slot.h"

static enum slot_action decide_off(struct slot *slot, uint32_t events, bool occupied, time_ns_t now)
{
	if (!occupied) {
		slot->state = SLOT_OFF;
		return SLOT_NOTHING;
	}
	if (events & (SLOT_PRESENCE_CHANGED | SLOT_LINK_CHANGED) || (slot->state == SLOT_BLINKS_ON && now >= slot->due)) {
		slot->state = SLOT_ON;
		return SLOT_POWER_ON;
	}
	if (!(events & SLOT_BUTTON))
		return SLOT_NOTHING;
	if (slot->state == SLOT_BLINKS_ON) {
		slot->state = SLOT_OFF;
		return SLOT_STEADY;
	}
	slot->state = SLOT_BLINKS_ON;
	slot->due = now + SLOT_BLINK_NS;
	return SLOT_BLINK;
}

static enum slot_action decide_on(struct slot *slot, uint32_t events, bool occupied, time_ns_t now)
{
	if (!occupied) {
		slot->state = SLOT_OFF;
		return SLOT_VANISHED;
	}
	if (events & SLOT_PRESENCE_CHANGED) {
		slot->state = SLOT_ON;
		return SLOT_REPLACED;
	}
	if (events & SLOT_BUTTON) {
		bool again = slot->state == SLOT_BLINKS_OFF;

		slot->state = again ? SLOT_ON : SLOT_BLINKS_OFF;
		slot->due = now + SLOT_BLINK_NS;
		return again ? SLOT_STEADY : SLOT_BLINK;
	}
	if (slot->state == SLOT_BLINKS_OFF && now >= slot->due) {
		slot->state = SLOT_OFF;
		return SLOT_POWER_OFF;
	}
	return SLOT_NOTHING;
}

enum slot_action slot_decide(struct slot *slot, uint32_t events, bool occupied, time_ns_t now)
{
	if (slot->state == SLOT_ON || slot->state == SLOT_BLINKS_OFF)
		return decide_on(slot, events, occupied, now);
	return decide_off(slot, events, occupied, now);
}

void slot_failed(struct slot *slot)
{
	slot->state = SLOT_OFF;
}
