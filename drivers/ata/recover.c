// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery of a channel: the bus master stops, both drives are reset by the channel's software reset (ATA8-APT section 9.2), and only when
 * they are back does the request end, so that nothing of it can still move. All by timer: callbacks do not sleep.
 */
#include "ata.h"

#define HOLD_US		20u
#define QUIET_US	2000u

void ata_reset_begin(struct ata_channel *ch, int status)
{
	ata_master_stop(ch);
	ch->reset_status = status;
	if (++ch->resets > ATA_RESETS_MAX) {
		dev_err(ch->ata->dev, "channel=%u given up after %u resets", ch->number, ch->resets - 1);
		ata_control(ch, ATA_CONTROL_RESET | ATA_CONTROL_NO_IRQ);
		ch->state = ATA_DEAD;
		ata_request_end(ch, -EIO);
		return;
	}
	dev_warn(ch->ata->dev, "channel=%u is reset", ch->number);
	ch->state = ATA_RESETTING;
	ata_control(ch, ATA_CONTROL_RESET | ATA_CONTROL_NO_IRQ);
	timer_set(ch->ata->dev, ch->queue, HOLD_US);
}

static void reset_over(struct ata_channel *ch)
{
	int status = ch->reset_status;

	for (unsigned int i = 0; i < ATA_DRIVES; i++)
		ch->drives[i].multiple = 1;	/* a reset may have ended it */
	port_in8(&ch->command, ATA_STATUS);
	ata_master_quiet(ch);
	ata_control(ch, 0);
	if (status)
		ata_request_end(ch, status);
	else
		ata_request_begin(ch);
}

void ata_reset_step(struct ata_channel *ch)
{
	if (ch->state == ATA_RESETTING) {
		ata_control(ch, ATA_CONTROL_NO_IRQ);
		ch->state = ATA_SETTLING;
		ata_wait_begin(ch, ATA_RESET_US);
		timer_set(ch->ata->dev, ch->queue, QUIET_US);
		return;
	}
	if (!(ata_alt_status(ch) & ATA_ST_BSY)) {
		reset_over(ch);
		return;
	}
	if (ata_wait_more(ch))
		return;
	dev_err(ch->ata->dev, "channel=%u does not come back from its reset", ch->number);
	ch->state = ATA_DEAD;
	ata_request_end(ch, ch->reset_status ? ch->reset_status : -EIO);
}
