// SPDX-License-Identifier: GPL-2.0
/* Registers of one channel (ATA8-APT section 5). The alternate status is read for every wait: reading the status loses an interrupt. */
#include "ata.h"

#define SETTLE_READS	5	/* of about 100 ns each on a bus of 10 MHz */

uint8_t ata_alt_status(const struct ata_channel *ch)
{
	return port_in8(&ch->control, 0);
}

void ata_control(const struct ata_channel *ch, uint8_t value)
{
	port_out8(&ch->control, 0, value);
}

static void settle(const struct ata_channel *ch)
{
	for (unsigned int i = 0; i < SETTLE_READS; i++)
		ata_alt_status(ch);
}

void ata_select(const struct ata_channel *ch, unsigned int drive, uint8_t device)
{
	port_out8(&ch->command, ATA_DEVICE, (uint8_t)(ATA_DEVICE_OBSOLETE | device | (drive ? ATA_DEVICE_SECOND : 0)));
	settle(ch);
}

void ata_taskfile_write(const struct ata_channel *ch, const struct ata_taskfile *tf)
{
	const struct port *p = &ch->command;

	if (tf->ext) {
		port_out8(p, ATA_FEATURE, 0);
		port_out8(p, ATA_COUNT, (uint8_t)(tf->count >> 8));
		port_out8(p, ATA_LBA_LOW, (uint8_t)(tf->lba >> 24));
		port_out8(p, ATA_LBA_MID, (uint8_t)(tf->lba >> 32));
		port_out8(p, ATA_LBA_HIGH, (uint8_t)(tf->lba >> 40));
	}
	port_out8(p, ATA_FEATURE, tf->feature);
	port_out8(p, ATA_COUNT, (uint8_t)tf->count);
	port_out8(p, ATA_LBA_LOW, (uint8_t)tf->lba);
	port_out8(p, ATA_LBA_MID, (uint8_t)(tf->lba >> 8));
	port_out8(p, ATA_LBA_HIGH, (uint8_t)(tf->lba >> 16));
	port_out8(p, ATA_COMMAND, tf->command);
	settle(ch);
}

uint8_t ata_spin(const struct ata_channel *ch, uint8_t clear)
{
	uint8_t status = ata_alt_status(ch);

	for (unsigned int i = 0; i < ATA_SPINS && status & (ATA_ST_BSY | clear); i++)
		status = ata_alt_status(ch);
	return status;
}

/* 16 bits at a time: ISA bridges cut 32-bit accesses into two ports. */
void ata_data_in(const struct ata_channel *ch, uint16_t *words, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		words[i] = port_in16(&ch->command, ATA_DATA);
}

void ata_data_out(const struct ata_channel *ch, const uint16_t *words, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		port_out16(&ch->command, ATA_DATA, words[i]);
}
