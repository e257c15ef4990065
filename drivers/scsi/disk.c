// SPDX-License-Identifier: GPL-2.0
/*
 * What a logical unit says of itself (SPC-4 sections 6 and 7, SBC-3 sections 5 and 6), asked one command after the other, in probe or later,
 * and checked before it becomes a limit; and the command block of a request. Left out: variable-length commands, protection information, zoned disks.
 */
#include <lib/string.h>
#include "scsi.h"

#define TRIES			8	/* the first commands meet unit attentions */
#define INQUIRY_BYTES		36
#define PAGE_BYTES		255
#define QUALIFIER_HERE		0x00	/* top three bits of the first byte */
#define PAGE_SERIAL		0x80
#define PAGE_LIMITS		0xb0
#define PAGE_ROTATION		0xb1
#define PAGE_PROVISIONING	0xb2
#define MODE_CACHING		0x08
#define MODE_READ_ONLY		0x80	/* of the header's device-specific byte */
#define MODE_FUA		0x10
#define CACHE_ENABLED		0x04	/* WCE */
#define PROVISION_UNMAP		0x80
#define PROVISION_ZEROES	0x60	/* LBPWS, LBPWS10 */
#define CAPACITY_10_ALL		0xffffffffull
#define CD_BLOCK_BYTES		2048
#define ZERO_BLOCKS_UNSAID	0xffffu
#define RANGE_BLOCKS_MAX	0xffffffffull

/* What is asked, in this order; not all of every unit. */
enum { STEP_LUNS, STEP_INQUIRY, STEP_READY, STEP_CAPACITY_16, STEP_CAPACITY_10, STEP_SERIAL, STEP_ROTATION, STEP_LIMITS, STEP_PROVISIONING,
       STEP_CACHING, STEP_OVER };

/* ---- Commands ---- */

static void page_command(struct scsi_command *cmd, uint8_t page)
{
	cmd->wanted = PAGE_BYTES;
	scsi_cdb_inquiry(&cmd->cdb, page, PAGE_BYTES);
}

static void step_command(struct scsi_ask *ask, uint8_t step)
{
	static const uint8_t pages[STEP_OVER] = {
		[STEP_SERIAL] = PAGE_SERIAL, [STEP_ROTATION] = PAGE_ROTATION, [STEP_LIMITS] = PAGE_LIMITS, [STEP_PROVISIONING] = PAGE_PROVISIONING,
	};
	struct scsi_command *cmd = &ask->cmd;

	ask->step = step;
	ask->tries = 0;
	switch (step) {
	case STEP_LUNS:
		cmd->wanted = 8 + SCSI_LUNS_MAX * 8;
		scsi_cdb_report_luns(&cmd->cdb, cmd->wanted);
		break;
	case STEP_INQUIRY:
		cmd->wanted = INQUIRY_BYTES;
		scsi_cdb_inquiry(&cmd->cdb, -1, INQUIRY_BYTES);
		break;
	case STEP_READY:
		cmd->wanted = 0;
		scsi_cdb_test_unit_ready(&cmd->cdb);
		break;
	case STEP_CAPACITY_16:
		cmd->wanted = 32;
		scsi_cdb_capacity16(&cmd->cdb, cmd->wanted);
		break;
	case STEP_CAPACITY_10:
		cmd->wanted = 8;
		scsi_cdb_capacity10(&cmd->cdb);
		break;
	case STEP_CACHING:
		cmd->wanted = 192;
		scsi_cdb_mode_sense(&cmd->cdb, MODE_CACHING, (uint8_t)cmd->wanted);
		break;
	default:
		page_command(cmd, pages[step]);
	}
}

/* ---- Answers: each returns the next step, or an errno for the end of it all ---- */

static int luns_take(struct scsi_ask *ask)
{
	const struct scsi_command *cmd = &ask->cmd;
	uint32_t bytes;

	if (cmd->got < 8)
		return -ENODEV;
	bytes = (uint32_t)scsi_get(cmd->answer, 4);
	for (uint32_t at = 8; at + 8 <= cmd->got && at - 8 < bytes && ask->nr_luns < SCSI_LUNS_MAX; at += 8) {
		uint8_t how = cmd->answer[at] >> 6;

		if (how < 2)	/* SAM-5 section 4.7: peripheral and flat addresses of one level */
			ask->luns[ask->nr_luns++] = (uint16_t)(scsi_get(cmd->answer + at, 2) & 0x3fff);
	}
	return STEP_OVER;
}

/* Padded with spaces; printable afterwards. */
static void text_take(char *to, const uint8_t *from, uint32_t bytes)
{
	uint32_t length = 0;

	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t c = from[i] ? from[i] : ' ';

		if (c != ' ' || length)
			to[length++] = c >= ' ' && c < 0x7f ? (char)c : '_';
	}
	while (length && to[length - 1] == ' ')
		length--;
	to[length] = 0;
}

static int inquiry_take(struct scsi_disk *disk, const struct scsi_command *cmd)
{
	if (cmd->got < 5 || (cmd->answer[0] & 0xe0) != QUALIFIER_HERE)
		return -ENODEV;
	disk->type = cmd->answer[0] & 0x1f;
	text_take(disk->vendor, cmd->answer + 8, 8);
	text_take(disk->product, cmd->answer + 16, 16);
	return disk->type == SCSI_TYPE_DISK || disk->type == SCSI_TYPE_CD ? STEP_READY : -EOPNOTSUPP;
}

/* CDs have neither pages nor a cache that we would ask for. */
static int capacity_check(struct scsi_disk *disk, uint64_t last)
{
	uint32_t size = disk->block_size;

	if (size < 512 || size > 4096 || size & (size - 1) || (disk->type == SCSI_TYPE_CD && size != CD_BLOCK_BYTES))
		return -ENXIO;
	if (last >= (1ull << 63) / size - 1)
		return -ENXIO;
	disk->nr_blocks = last + 1;
	return disk->type == SCSI_TYPE_CD ? STEP_OVER : STEP_SERIAL;
}

static int capacity16_take(struct scsi_disk *disk, const struct scsi_command *cmd)
{
	unsigned int exponent = cmd->answer[13] & 0xf;

	if (cmd->got < 14)
		return -ENXIO;
	disk->block_size = (uint32_t)scsi_get(cmd->answer + 8, 4);
	disk->physical_block_size = exponent <= 8 ? disk->block_size << exponent : disk->block_size;
	disk->can_unmap = cmd->answer[14] & 0x80;	/* LBPME; the page says which commands */
	return capacity_check(disk, scsi_get(cmd->answer, 8));
}

static int capacity10_take(struct scsi_disk *disk, const struct scsi_command *cmd)
{
	if (cmd->got < 8 || scsi_get(cmd->answer, 4) == CAPACITY_10_ALL)
		return -ENXIO;	/* all ones: larger than it can say */
	disk->block_size = disk->physical_block_size = (uint32_t)scsi_get(cmd->answer + 4, 4);
	return capacity_check(disk, scsi_get(cmd->answer, 4));
}

static uint32_t clamp32(uint64_t value)
{
	return value > RANGE_BLOCKS_MAX ? (uint32_t)RANGE_BLOCKS_MAX : (uint32_t)value;
}

/* Of a page of vital product data; a unit that has no such page answers with 0 bytes of it. */
static uint32_t page_bytes(const struct scsi_command *cmd, int err)
{
	uint32_t bytes = (uint32_t)scsi_get(cmd->answer + 2, 2) + 4;

	if (err || cmd->got < 4 || cmd->answer[1] != cmd->cdb.bytes[2])
		return 0;
	return bytes < cmd->got ? bytes : cmd->got;
}

static void limits_take(struct scsi_disk *disk, const uint8_t *page)
{
	disk->max_blocks = (uint32_t)scsi_get(page + 8, 4);
	disk->max_unmap_blocks = scsi_get(page + 24, 4) ? (uint32_t)scsi_get(page + 20, 4) : 0;
	disk->max_zero_blocks = clamp32(scsi_get(page + 36, 8));
}

static int page_take(struct scsi_disk *disk, uint8_t step, const struct scsi_command *cmd, int err)
{
	uint32_t bytes = page_bytes(cmd, err);

	if (step == STEP_SERIAL && bytes > 4)
		text_take(disk->serial, cmd->answer + 4, bytes - 4 < 32 ? bytes - 4 : 32);
	if (step == STEP_ROTATION && bytes >= 6)
		disk->rotational = scsi_get(cmd->answer + 4, 2) > 0x400;
	if (step == STEP_LIMITS && bytes >= 44)
		limits_take(disk, cmd->answer);
	if (step == STEP_PROVISIONING) {
		disk->can_zero = bytes >= 6 && cmd->answer[5] & PROVISION_ZEROES;
		disk->can_unmap &= bytes >= 6 && cmd->answer[5] & PROVISION_UNMAP && disk->max_unmap_blocks;
	}
	return step + 1;
}

static int caching_take(struct scsi_disk *disk, const struct scsi_command *cmd, int err)
{
	uint32_t at;

	if (err || cmd->got < 4)
		return STEP_OVER;
	disk->read_only = cmd->answer[2] & MODE_READ_ONLY;
	disk->has_fua = cmd->answer[2] & MODE_FUA;
	at = 4u + cmd->answer[3];
	if (at + 3 <= cmd->got && (cmd->answer[at] & 0x3f) == MODE_CACHING)
		disk->has_cache = cmd->answer[at + 2] & CACHE_ENABLED;
	return STEP_OVER;
}

static int step_take(struct scsi_ask *ask, int err)
{
	struct scsi_disk *disk = &ask->disk;

	switch (ask->step) {
	case STEP_LUNS:
		return err ? err : luns_take(ask);
	case STEP_INQUIRY:
		return err ? err : inquiry_take(disk, &ask->cmd);
	case STEP_READY:	/* refused: no medium */
		return err == -EIO ? -ENODEV : err ? err : disk->type == SCSI_TYPE_DISK ? STEP_CAPACITY_16 : STEP_CAPACITY_10;
	case STEP_CAPACITY_16:	/* it says more, but old devices and CDs know only the short form */
		return err == -EOPNOTSUPP || err == -EIO ? STEP_CAPACITY_10 : err ? err : capacity16_take(disk, &ask->cmd);
	case STEP_CAPACITY_10:
		return err == -EIO ? -ENODEV : err ? err : capacity10_take(disk, &ask->cmd);
	case STEP_CACHING:
		return caching_take(disk, &ask->cmd, err);
	}
	return page_take(disk, ask->step, &ask->cmd, err);
}

/* ---- The asking ---- */

void scsi_ask_begin(struct scsi_ask *ask, bool luns)
{
	memset(ask, 0, sizeof(*ask));
	step_command(ask, luns ? STEP_LUNS : STEP_INQUIRY);
}

int scsi_ask_answer(struct scsi_ask *ask, int err)
{
	struct scsi_command *cmd = &ask->cmd;
	enum scsi_verdict verdict = SCSI_FAILED;
	int next;

	if (!err)
		verdict = scsi_judge(cmd->status, &cmd->sense, &err);
	else if (err == -ETIMEDOUT || err == -ENODEV)
		return err;
	if ((verdict == SCSI_AGAIN || verdict == SCSI_LATER) && ++ask->tries < TRIES)
		next = ask->step;
	else
		next = step_take(ask, verdict == SCSI_DONE ? 0 : err ? err : -EIO);
	ask->pause = verdict == SCSI_LATER;
	if (next >= 0 && next != STEP_OVER && next != ask->step)
		step_command(ask, (uint8_t)next);
	memset(cmd->answer, 0, sizeof(cmd->answer));
	cmd->got = 0;
	return next == STEP_OVER ? 0 : next < 0 ? next : 1;
}

void scsi_disk_limits(const struct scsi_disk *disk, struct block_limits *l)
{
	bool cd = disk->type == SCSI_TYPE_CD;

	l->nr_blocks = disk->nr_blocks;
	l->block_size = disk->block_size;
	l->physical_block_size = disk->physical_block_size;
	if (disk->max_blocks && (!l->max_request_blocks || disk->max_blocks < l->max_request_blocks))
		l->max_request_blocks = disk->max_blocks;
	l->max_discard_blocks = disk->max_unmap_blocks;
	l->max_write_zeroes_blocks = disk->max_zero_blocks ? disk->max_zero_blocks : ZERO_BLOCKS_UNSAID;
	l->flags = (cd || disk->read_only ? BLOCK_RO : 0) | (disk->has_cache ? BLOCK_HAS_FLUSH : 0) |
		   (disk->has_cache && disk->has_fua ? BLOCK_HAS_FUA : 0) | (disk->can_unmap ? BLOCK_HAS_DISCARD : 0) |
		   (disk->can_zero ? BLOCK_HAS_WRITE_ZEROES : 0) | (cd || disk->rotational ? BLOCK_ROTATIONAL : 0);
	memcpy(l->prefix, cd ? "sr" : "sd", 3);
	memcpy(l->serial, disk->serial, sizeof(disk->serial));
}

/* A unit that changes its size is told of on another strand. */
static bool in_range(const struct scsi_disk *disk, const struct block_request *rq, uint32_t most)
{
	uint64_t nr_blocks = __atomic_load_n(&disk->nr_blocks, __ATOMIC_RELAXED);

	return rq->nr_blocks && (!most || rq->nr_blocks <= most) && rq->lba < nr_blocks && rq->nr_blocks <= nr_blocks - rq->lba;
}

int scsi_request_cdb(const struct scsi_disk *disk, const struct block_request *rq, struct scsi_cdb *cdb, uint8_t *list)
{
	bool write = rq->op == BLOCK_WRITE;

	switch (rq->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		if (write && (disk->read_only || disk->type == SCSI_TYPE_CD))
			return -EROFS;
		if (!in_range(disk, rq, disk->max_blocks))
			return -EINVAL;
		scsi_cdb_rw(cdb, write, write && disk->has_fua && rq->flags & BLOCK_REQ_FUA, rq->lba, rq->nr_blocks);
		return 0;
	case BLOCK_FLUSH:
		if (!disk->has_cache)
			return -EOPNOTSUPP;
		scsi_cdb_flush(cdb);
		return 0;
	case BLOCK_DISCARD:
		if (!disk->can_unmap)
			return -EOPNOTSUPP;
		if (!in_range(disk, rq, disk->max_unmap_blocks))
			return -EINVAL;
		scsi_cdb_unmap(cdb, list, rq->lba, rq->nr_blocks);
		return 0;
	case BLOCK_WRITE_ZEROES:
		if (!disk->can_zero)
			return -EOPNOTSUPP;
		if (!in_range(disk, rq, disk->max_zero_blocks))
			return -EINVAL;
		scsi_cdb_write_same(cdb, rq->flags & BLOCK_REQ_UNMAP, rq->lba, rq->nr_blocks);
		return 0;
	}
	return -EOPNOTSUPP;
}
