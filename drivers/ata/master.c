// SPDX-License-Identifier: GPL-2.0
/*
 * The bus master of a PCI IDE function (SFF-8038i): a table of pieces (PRD), none of which crosses a 64 KiB boundary, all below 4 GiB and
 * of even address and length. The status tells whether this channel interrupted, which makes a shared or spurious one easy to know.
 */
#include "ata.h"

#define MASTER_COMMAND	0
#define MASTER_STATUS	2
#define MASTER_TABLE	4

#define COMMAND_START	0x01u
#define COMMAND_IN	0x08u	/* into memory */
#define STATUS_ACTIVE	0x01u
#define STATUS_ERROR	0x02u	/* write one to clear, as the next */
#define STATUS_IRQ	0x04u
#define STATUS_CLEAR	(STATUS_ERROR | STATUS_IRQ)
#define STATUS_KEEP	0x60u	/* drives that can do DMA: set by firmware */

#define PRD_BYTES	8u
#define PRD_LAST	BIT(31)
#define PRD_REACH	0x10000u

static int piece_add(const struct ata_channel *ch, uint32_t *at, uint64_t address, uint32_t length)
{
	if (*at + PRD_BYTES > ch->prd.length)
		return -EINVAL;
	dma_write32(&ch->prd, *at, (uint32_t)address);
	dma_write32(&ch->prd, *at + 4, length & 0xffff);	/* 64 KiB is 0 */
	*at += PRD_BYTES;
	return 0;
}

static int segment_add(const struct ata_channel *ch, uint32_t *at, const struct dma_segment *seg)
{
	uint64_t address = seg->address;
	uint32_t left = seg->length;
	int err = 0;

	if (!left || (address | left) & 1 || address >= BIT64(32) || BIT64(32) - address < left)
		return -EINVAL;
	while (left && !err) {
		uint32_t room = PRD_REACH - (uint32_t)(address % PRD_REACH), length = left < room ? left : room;

		err = piece_add(ch, at, address, length);
		address += length;
		left -= length;
	}
	return err;
}

static uint8_t direction(const struct ata_channel *ch)
{
	return ch->rq.op == BLOCK_READ ? COMMAND_IN : 0;
}

/* Clear what was, keep what firmware said. */
static void status_clear(const struct ata_channel *ch, uint8_t bits)
{
	uint8_t keep = port_in8(&ch->master, MASTER_STATUS) & STATUS_KEEP;

	port_out8(&ch->master, MASTER_STATUS, keep | bits);
}

int ata_master_prepare(struct ata_channel *ch)
{
	uint64_t bytes = 0;
	uint32_t at = 0;
	int err = ch->rq.nr_segments ? 0 : -EINVAL;

	for (unsigned int i = 0; i < ch->rq.nr_segments && !err; i++) {
		err = segment_add(ch, &at, &ch->rq.segments[i]);
		bytes += ch->rq.segments[i].length;
	}
	if (err || bytes != ch->bytes)
		return -EINVAL;
	dma_write32(&ch->prd, at - 4, dma_read32(&ch->prd, at - 4) | PRD_LAST);
	dma_wmb();
	port_out8(&ch->master, MASTER_COMMAND, direction(ch));
	port_out32(&ch->master, MASTER_TABLE, (uint32_t)ch->prd.address);
	status_clear(ch, STATUS_CLEAR);
	return 0;
}

void ata_master_start(const struct ata_channel *ch)
{
	port_out8(&ch->master, MASTER_COMMAND, direction(ch) | COMMAND_START);
}

/* An engine still active wanted to move more than the drive did (SFF-8038i section 3.1). */
int ata_master_stop(const struct ata_channel *ch)
{
	uint8_t status;

	if (!ch->master.length)
		return 0;
	status = port_in8(&ch->master, MASTER_STATUS);
	port_out8(&ch->master, MASTER_COMMAND, 0);
	dma_rmb();
	return status & (STATUS_ACTIVE | STATUS_ERROR) ? -EIO : 0;
}

bool ata_master_interrupted(const struct ata_channel *ch)
{
	return !ch->master.length || port_in8(&ch->master, MASTER_STATUS) & STATUS_IRQ;
}

void ata_master_quiet(const struct ata_channel *ch)
{
	if (ch->master.length)
		status_clear(ch, STATUS_CLEAR);
}
