// SPDX-License-Identifier: GPL-2.0
/* Commands of the probe: polled, with the channel's interrupts off, each wait bounded. */
#include "ata.h"

#define RESET_HOLD_US	10u
#define RESET_QUIET_US	2000u	/* before the status means something */

static bool channel_free(void *arg)
{
	return !(ata_alt_status(arg) & (ATA_ST_BSY | ATA_ST_DRQ));
}

static bool channel_not_busy(void *arg)
{
	return !(ata_alt_status(arg) & ATA_ST_BSY);
}

int ata_reset_polled(struct ata_channel *ch)
{
	ata_control(ch, ATA_CONTROL_RESET | ATA_CONTROL_NO_IRQ);
	time_wait_us(ch->ata->dev, RESET_HOLD_US);
	ata_control(ch, ATA_CONTROL_NO_IRQ);
	time_wait_us(ch->ata->dev, RESET_QUIET_US);
	return time_poll(ch->ata->dev, channel_not_busy, ch, ATA_RESET_US);
}

/* Choose, command, and wait for what it has to say; the status. */
static int command_run(struct ata_channel *ch, unsigned int drive, const struct ata_taskfile *tf, uint8_t *status)
{
	int err;

	ata_select(ch, drive, tf->device);
	err = time_poll(ch->ata->dev, channel_free, ch, ATA_COMMAND_US);
	if (err)
		return err;
	ata_taskfile_write(ch, tf);
	err = time_poll(ch->ata->dev, channel_not_busy, ch, ATA_COMMAND_US);
	*status = port_in8(&ch->command, ATA_STATUS);
	if (err)
		return err;
	return *status ? 0 : -ENODEV;
}

int ata_command_in(struct ata_channel *ch, unsigned int drive, const struct ata_taskfile *tf, uint16_t *words, unsigned int nr)
{
	uint8_t status;
	int err = command_run(ch, drive, tf, &status);

	if (err)
		return err;
	if (status & (ATA_ST_ERR | ATA_ST_DF) || !(status & ATA_ST_DRQ))
		return -EIO;
	ata_data_in(ch, words, nr);
	return time_poll(ch->ata->dev, channel_free, ch, ATA_COMMAND_US);
}

int ata_command_none(struct ata_channel *ch, unsigned int drive, const struct ata_taskfile *tf)
{
	uint8_t status;
	int err = command_run(ch, drive, tf, &status);

	if (err)
		return err;
	return status & (ATA_ST_ERR | ATA_ST_DF | ATA_ST_DRQ) ? -EIO : 0;
}

/* After the packet: data of the length it was asked for, or a refusal with its sense key in the error register. */
static int packet_answer(struct ata_channel *ch, void *to, uint32_t bytes, uint8_t *sense)
{
	uint8_t status, reason;
	uint32_t length;
	int err = time_poll(ch->ata->dev, channel_not_busy, ch, ATA_COMMAND_US);

	if (err)
		return err;
	status = port_in8(&ch->command, ATA_STATUS);
	*sense = (uint8_t)(port_in8(&ch->command, ATA_ERROR) >> 4);
	reason = port_in8(&ch->command, ATA_COUNT) & (ATA_REASON_COMMAND | ATA_REASON_IN);
	length = port_in8(&ch->command, ATA_LBA_MID) | (uint32_t)port_in8(&ch->command, ATA_LBA_HIGH) << 8;
	if (!(status & ATA_ST_DRQ) || reason != ATA_REASON_IN || length != bytes)
		return -EIO;
	ata_data_in(ch, to, bytes / 2);
	return time_poll(ch->ata->dev, channel_free, ch, ATA_COMMAND_US);
}

int ata_packet_in(struct ata_channel *ch, unsigned int drive, const uint8_t *packet, void *to, uint32_t bytes, uint8_t *sense)
{
	const struct ata_taskfile tf = { .command = ATA_CMD_PACKET, .lba = (uint64_t)bytes << 8 };
	uint16_t words[ATA_PACKET_BYTES / 2];
	uint8_t status;
	int err = command_run(ch, drive, &tf, &status);

	*sense = 0;
	if (err)
		return err;
	if (!(status & ATA_ST_DRQ))
		return -EIO;
	memcpy(words, packet, sizeof(words));
	ata_data_out(ch, words, ATA_PACKET_BYTES / 2);
	return packet_answer(ch, to, bytes, sense);
}
