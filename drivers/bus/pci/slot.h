/* SPDX-License-Identifier: GPL-2.0 */
/* What a hotplug slot does next (slot.c), apart from the registers (hotplug.c). PCI Express 4.0 section 6.7. */
#ifndef BUS_PCI_SLOT_H
#define BUS_PCI_SLOT_H

#include <kernel/time.h>

/* Slot status, and its events (7.5.3.11). */
#define SLOT_BUTTON		0x0001u
#define SLOT_PRESENCE_CHANGED	0x0008u
#define SLOT_COMMAND_DONE	0x0010u
#define SLOT_PRESENT		0x0040u
#define SLOT_LINK_CHANGED	0x0100u
#define SLOT_EVENTS		(SLOT_BUTTON | SLOT_PRESENCE_CHANGED | SLOT_LINK_CHANGED)

#define SLOT_BLINK_NS		(5 * NSEC_PER_SEC)	/* 6.7.1.5: time to press the button again and change one's mind */

enum slot_state { SLOT_OFF, SLOT_BLINKS_ON, SLOT_ON, SLOT_BLINKS_OFF };

enum slot_action {
	SLOT_NOTHING,
	SLOT_BLINK,	/* the power indicator, until due */
	SLOT_STEADY,	/* the button was pressed again: as it was */
	SLOT_POWER_ON,
	SLOT_POWER_OFF,	/* the devices first, in order */
	SLOT_VANISHED,	/* they are gone already */
	SLOT_REPLACED,	/* gone, and others came */
};

struct slot {
	enum slot_state state;
	time_ns_t due;	/* of the blinking */
};

/*
 * Something came for @slot: @events since the last time, @occupied whether a card answers there now. The state is changed; the caller does
 * what is returned, and calls slot_failed() when a card could not be powered on. Pure.
 */
enum slot_action slot_decide(struct slot *slot, uint32_t events, bool occupied, time_ns_t now);
void slot_failed(struct slot *slot);

#endif
