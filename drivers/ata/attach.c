// SPDX-License-Identifier: GPL-2.0
/*
 * Finds a controller's channels and their drives. A PCI function says for each channel whether it stands at the AT's ports (compatibility
 * mode) or at its own BARs (native mode); a device on ISA has one channel at ports of its own. Everything is polled until all is known.
 */
#include <driver/pci.h>
#include "ata.h"

#define CONFIG_PROG_IF		9u
#define CONTROL_OFFSET		2u	/* of the port in a native control block */
#define COMMAND_PORTS		8u
#define MASTER_BAR		4u
#define MASTER_PORTS		8u
#define PRD_TABLE_BYTES		4096u
#define FLOATING		0xffu
#define LOOKS			3u	/* of a successor at a channel */

#define SIGNATURE_DISK		0x0000u
#define SIGNATURE_PACKET	0xeb14u

static const struct {
	uint16_t command, control;
} legacy[ATA_CHANNELS] = { { 0x1f0, 0x3f6 }, { 0x170, 0x376 } };

/* ---- Windows ---- */

static int windows_legacy(struct ata_channel *ch, unsigned int place)
{
	int err = port_map_fixed(ch->ata->dev, legacy[place].command, COMMAND_PORTS, &ch->command);

	if (err)
		return err;
	err = port_map_fixed(ch->ata->dev, legacy[place].control, 1, &ch->control);
	if (err)
		port_unmap(&ch->command);
	return err;
}

static int windows_native(struct ata_channel *ch)
{
	int err = port_map(ch->ata->dev, ch->number * 2, 0, COMMAND_PORTS, &ch->command);

	if (err)
		return err;
	err = port_map(ch->ata->dev, ch->number * 2 + 1, CONTROL_OFFSET, 1, &ch->control);
	if (err)
		port_unmap(&ch->command);
	return err;
}

/* The table too. */
static void windows_close(struct ata_channel *ch)
{
	if (ch->prd.length)
		dma_free(&ch->prd);
	if (ch->master.length)
		port_unmap(&ch->master);
	port_unmap(&ch->control);
	port_unmap(&ch->command);
}

static int master_open(struct ata_channel *ch)
{
	int err = port_map(ch->ata->dev, MASTER_BAR, ch->number * MASTER_PORTS, MASTER_PORTS, &ch->master);

	if (err)
		return err;
	return dma_alloc(ch->ata->dev, PRD_TABLE_BYTES, PRD_TABLE_BYTES, &ch->prd);
}

static int windows_open(struct ata_channel *ch)
{
	uint32_t prog_if;
	int err = pci_config_read(ch->ata->dev, CONFIG_PROG_IF, 1, &prog_if);

	if (err == -ENODEV) {	/* on ISA: one channel, at whichever place is this device's */
		if (ch->number)
			return err;
		err = windows_legacy(ch, 0);
		return err == -EACCES ? windows_legacy(ch, 1) : err;
	}
	if (!err)
		err = prog_if >> (2 * ch->number) & 1 ? windows_native(ch) : windows_legacy(ch, ch->number);
	if (err || !ch->ata->dma)
		return err;
	err = master_open(ch);
	if (err)
		windows_close(ch);
	return err;
}

/* ---- Drives ---- */

/* What lies there after a reset (ATA8-ACS section 6.4); another pattern: nothing, or nothing known. */
static uint32_t signature_read(const struct ata_channel *ch, unsigned int drive)
{
	ata_select(ch, drive, 0);
	if (port_in8(&ch->command, ATA_STATUS) == FLOATING)
		return ~0u;
	return port_in8(&ch->command, ATA_LBA_MID) | (uint32_t)port_in8(&ch->command, ATA_LBA_HIGH) << 8;
}

/* A drive that cannot be used is left out, with a word about it; the others work. True: a disk that may answer better after a reset. */
static bool drive_find(struct ata_channel *ch, unsigned int number, uint32_t signature)
{
	struct ata_drive *drive = &ch->drives[number];
	int err;

	drive->present = false;
	if (signature == SIGNATURE_DISK)
		err = ata_drive_disk(ch, number);
	else if (signature == SIGNATURE_PACKET)
		err = ata_drive_packet(ch, number);
	else
		return false;
	drive->present = !err;
	drive->limits.unit = ch->number * ATA_DRIVES + number;
	if (err && err != -ENODEV)
		dev_warn(ch->ata->dev, "unit=%u cannot be used: %d", drive->limits.unit, err);
	return signature == SIGNATURE_DISK && (err == -EIO || err == -EINVAL || err == -ETIMEDOUT);
}

/* Both signatures first: registers are written to both drives, so a command to one overwrites what the other had to say. */
static bool drives_find(struct ata_channel *ch)
{
	uint32_t signatures[ATA_DRIVES];
	bool again = false;

	for (unsigned int i = 0; i < ATA_DRIVES; i++)
		signatures[i] = signature_read(ch, i);
	for (unsigned int i = 0; i < ATA_DRIVES; i++)
		again |= drive_find(ch, i, signatures[i]);
	return again;
}

/* Requests wait for what a predecessor had found: a disk without a good answer is worth another reset. */
static bool channel_look(struct ata_channel *ch)
{
	unsigned int looks = device_is_awaited(ch->ata->dev) ? LOOKS : 1;
	bool again = true;

	for (unsigned int i = 0; i < looks && again; i++) {
		if (ata_alt_status(ch) == FLOATING || ata_reset_polled(ch))
			return false;
		again = drives_find(ch);
	}
	return ch->drives[0].present || ch->drives[1].present;
}

static bool channel_find(struct ata_channel *ch)
{
	if (windows_open(ch))
		return false;
	ch->usable = channel_look(ch);
	if (ch->usable)
		return true;
	windows_close(ch);
	return false;
}

/* ---- Start and end ---- */

/* With a line for each channel each has its own strand; on a shared line all is one queue, so that one strand has both channels. */
static int queues_setup(struct ata *ata)
{
	int given = irq_request(ata->dev, ATA_CHANNELS), err = 0;

	if (given < 0)
		return given;
	ata->nr_vectors = (unsigned int)given;
	ata->nr_queues = ata->nr_vectors;
	err = device_strands(ata->dev, ata->nr_queues);
	for (unsigned int i = 0; i < ata->nr_vectors && !err; i++)
		err = irq_route(ata->dev, i, i);
	for (unsigned int i = 0; i < ATA_CHANNELS; i++)
		ata->channels[i].queue = ata->nr_vectors > 1 ? i : 0;
	return err;
}

static int drive_announce(struct ata_channel *ch, struct ata_drive *drive)
{
	struct block_limits *l = &drive->limits;

	l->first_queue = ch->queue;
	dev_info(ch->ata->dev, "unit=%u %s model=\"%s\" blocks=%llu block_size=%u%s%s%s", l->unit, drive->id.packet ? "cd" : "disk", drive->id.model,
		 (unsigned long long)l->nr_blocks, l->block_size, drive->id.lba48 ? " lba48" : "",
		 ch->ata->dma ? " dma" : drive->multiple > 1 ? " pio multiple" : " pio", l->flags & BLOCK_HAS_FLUSH ? " cache" : "");
	return block_register(ch->ata->dev, l);
}

static int channel_start(struct ata_channel *ch)
{
	int err = 0;

	port_in8(&ch->command, ATA_STATUS);
	ata_master_quiet(ch);
	ata_control(ch, 0);
	for (unsigned int i = 0; i < ATA_DRIVES && !err; i++)
		if (ch->drives[i].present)
			err = drive_announce(ch, &ch->drives[i]);
	return err;
}

/* Interrupts off on both sides, bus master stopped, then everything given back. */
static void ata_close(struct ata *ata)
{
	for (unsigned int i = 0; i < ATA_CHANNELS; i++) {
		if (!ata->channels[i].usable)
			continue;
		ata_control(&ata->channels[i], ATA_CONTROL_NO_IRQ);
		ata_master_stop(&ata->channels[i]);
	}
	if (ata->nr_vectors)
		irq_release(ata->dev);
	for (unsigned int i = 0; i < ATA_CHANNELS; i++) {
		if (ata->channels[i].usable)
			windows_close(&ata->channels[i]);
	}
	mem_free(ata->dev, ata);
}

static int ata_start(struct ata *ata)
{
	bool registered = false;
	int err = queues_setup(ata);

	for (unsigned int i = 0; i < ATA_CHANNELS && !err; i++) {
		if (!ata->channels[i].usable)
			continue;
		err = channel_start(&ata->channels[i]);
		registered |= !err;
	}
	if (err && registered)
		block_unregister(ata->dev);
	return err;
}

int ata_probe(struct device *dev, bool dma)
{
	struct ata *ata = mem_alloc(dev, 1, sizeof(*ata));
	bool any = false;
	int err;

	if (!ata)
		return -ENOMEM;
	ata->dev = dev;
	ata->dma = dma;
	device_set_priv(dev, ata);
	for (unsigned int i = 0; i < ATA_CHANNELS; i++) {
		ata->channels[i].ata = ata;
		ata->channels[i].number = i;
		any |= channel_find(&ata->channels[i]);
	}
	err = any ? ata_start(ata) : -ENODEV;
	if (err)
		ata_close(ata);
	return err;
}

void ata_remove(struct device *dev)
{
	block_unregister(dev);
	ata_close(device_priv(dev));
}
