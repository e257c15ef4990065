// SPDX-License-Identifier: GPL-2.0
/*
 * What a logical unit says of itself (SPC-4 sections 6 and 7, SBC-3 sections 5 and 6), asked in probe and checked before it becomes a limit;
 * and the command block of a request. Left out: variable-length commands, protection information, zoned disks.
 */
#include <lib/string.h>
#include "scsi.h"

#define TRIES			8	/* the first commands meet unit attentions */
#define INQUIRY_BYTES		36
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

/* Until there is an answer: 0; the error of a refusal, or of the way there. */
static int ask(scsi_exec_fn exec, void *arg, struct scsi_command *cmd)
{
	enum scsi_verdict verdict = SCSI_AGAIN;
	int err = 0;

	for (unsigned int i = 0; i < TRIES && (verdict == SCSI_AGAIN || verdict == SCSI_LATER); i++) {
		memset(cmd->answer, 0, sizeof(cmd->answer));
		cmd->got = 0;
		err = exec(arg, cmd);
		if (err)
			return err;
		verdict = scsi_judge(cmd->status, &cmd->sense, &err);
	}
	return verdict == SCSI_DONE ? 0 : err ? err : -EIO;
}

int scsi_luns_ask(scsi_exec_fn exec, void *arg, uint16_t *luns)
{
	struct scsi_command cmd = { .wanted = 8 + SCSI_LUNS_MAX * 8 };
	uint32_t bytes, nr = 0;
	int err;

	scsi_cdb_report_luns(&cmd.cdb, cmd.wanted);
	err = ask(exec, arg, &cmd);
	if (err || cmd.got < 8)
		return err ? err : -ENODEV;
	bytes = (uint32_t)scsi_get(cmd.answer, 4);
	for (uint32_t at = 8; at + 8 <= cmd.got && at - 8 < bytes && nr < SCSI_LUNS_MAX; at += 8) {
		uint8_t how = cmd.answer[at] >> 6;

		if (how < 2)	/* SAM-5 section 4.7: peripheral and flat addresses of one level */
			luns[nr++] = (uint16_t)(scsi_get(cmd.answer + at, 2) & 0x3fff);
	}
	return (int)nr;
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

static int inquiry_ask(scsi_exec_fn exec, void *arg, struct scsi_disk *disk)
{
	struct scsi_command cmd = { .wanted = INQUIRY_BYTES };
	int err;

	scsi_cdb_inquiry(&cmd.cdb, -1, INQUIRY_BYTES);
	err = ask(exec, arg, &cmd);
	if (err)
		return err;
	if (cmd.got < 5 || (cmd.answer[0] & 0xe0) != QUALIFIER_HERE)
		return -ENODEV;
	disk->type = cmd.answer[0] & 0x1f;
	text_take(disk->vendor, cmd.answer + 8, 8);
	text_take(disk->product, cmd.answer + 16, 16);
	return disk->type == SCSI_TYPE_DISK || disk->type == SCSI_TYPE_CD ? 0 : -EOPNOTSUPP;
}

static int capacity_check(struct scsi_disk *disk, uint64_t last)
{
	uint32_t size = disk->block_size;

	if (size < 512 || size > 4096 || size & (size - 1) || (disk->type == SCSI_TYPE_CD && size != CD_BLOCK_BYTES))
		return -ENXIO;
	if (last >= (1ull << 63) / size - 1)
		return -ENXIO;
	disk->nr_blocks = last + 1;
	return 0;
}

static int capacity16_ask(scsi_exec_fn exec, void *arg, struct scsi_disk *disk)
{
	struct scsi_command cmd = { .wanted = 32 };
	unsigned int exponent;
	int err;

	scsi_cdb_capacity16(&cmd.cdb, cmd.wanted);
	err = ask(exec, arg, &cmd);
	if (!err && cmd.got < 14)
		err = -ENXIO;
	if (err)
		return err;
	disk->block_size = (uint32_t)scsi_get(cmd.answer + 8, 4);
	exponent = cmd.answer[13] & 0xf;
	disk->physical_block_size = exponent <= 8 ? disk->block_size << exponent : disk->block_size;
	disk->can_unmap = cmd.answer[14] & 0x80;	/* LBPME; the page says which commands */
	return capacity_check(disk, scsi_get(cmd.answer, 8));
}

/* The long form where it works: it says more. Else the short one, which is all that old devices and CDs have. */
static int capacity_ask(scsi_exec_fn exec, void *arg, struct scsi_disk *disk)
{
	struct scsi_command cmd = { .wanted = 8 };
	int err = disk->type == SCSI_TYPE_DISK ? capacity16_ask(exec, arg, disk) : -EOPNOTSUPP;

	if (err != -EOPNOTSUPP && err != -EIO)
		return err;
	scsi_cdb_capacity10(&cmd.cdb);
	err = ask(exec, arg, &cmd);
	if (err || cmd.got < 8)
		return err ? err : -ENXIO;
	if (scsi_get(cmd.answer, 4) == CAPACITY_10_ALL)
		return -ENXIO;	/* larger than it can say */
	disk->block_size = disk->physical_block_size = (uint32_t)scsi_get(cmd.answer + 4, 4);
	return capacity_check(disk, scsi_get(cmd.answer, 4));
}

/* A page of vital product data: its bytes, or 0 when the unit has none. */
static uint32_t page_ask(scsi_exec_fn exec, void *arg, struct scsi_command *cmd, uint8_t page)
{
	uint32_t bytes;

	cmd->wanted = 255;
	scsi_cdb_inquiry(&cmd->cdb, page, (uint16_t)cmd->wanted);
	if (ask(exec, arg, cmd) || cmd->got < 4 || cmd->answer[1] != page)
		return 0;
	bytes = (uint32_t)scsi_get(cmd->answer + 2, 2) + 4;
	return bytes < cmd->got ? bytes : cmd->got;
}

static uint32_t clamp32(uint64_t value)
{
	return value > RANGE_BLOCKS_MAX ? (uint32_t)RANGE_BLOCKS_MAX : (uint32_t)value;
}

static void pages_ask(scsi_exec_fn exec, void *arg, struct scsi_disk *disk)
{
	struct scsi_command cmd = { .wanted = 0 };
	uint32_t bytes = page_ask(exec, arg, &cmd, PAGE_SERIAL);

	if (bytes > 4)
		text_take(disk->serial, cmd.answer + 4, bytes - 4 < 32 ? bytes - 4 : 32);
	if (page_ask(exec, arg, &cmd, PAGE_ROTATION) >= 6)
		disk->rotational = scsi_get(cmd.answer + 4, 2) > 0x400;
	if (page_ask(exec, arg, &cmd, PAGE_LIMITS) >= 44) {
		disk->max_blocks = (uint32_t)scsi_get(cmd.answer + 8, 4);
		disk->max_unmap_blocks = scsi_get(cmd.answer + 24, 4) ? (uint32_t)scsi_get(cmd.answer + 20, 4) : 0;
		disk->max_zero_blocks = clamp32(scsi_get(cmd.answer + 36, 8));
	}
	if (page_ask(exec, arg, &cmd, PAGE_PROVISIONING) >= 6) {
		disk->can_zero = cmd.answer[5] & PROVISION_ZEROES;
		disk->can_unmap &= (cmd.answer[5] & PROVISION_UNMAP) != 0;
	} else {
		disk->can_unmap = false;
	}
	disk->can_unmap &= disk->max_unmap_blocks != 0;
}

static void mode_ask(scsi_exec_fn exec, void *arg, struct scsi_disk *disk)
{
	struct scsi_command cmd = { .wanted = 192 };
	uint32_t at;

	scsi_cdb_mode_sense(&cmd.cdb, MODE_CACHING, (uint8_t)cmd.wanted);
	if (ask(exec, arg, &cmd) || cmd.got < 4)
		return;
	disk->read_only = cmd.answer[2] & MODE_READ_ONLY;
	disk->has_fua = cmd.answer[2] & MODE_FUA;
	at = 4u + cmd.answer[3];
	if (at + 3 <= cmd.got && (cmd.answer[at] & 0x3f) == MODE_CACHING)
		disk->has_cache = cmd.answer[at + 2] & CACHE_ENABLED;
}

int scsi_disk_ask(scsi_exec_fn exec, void *arg, struct scsi_disk *disk)
{
	struct scsi_command ready = { .wanted = 0 };
	int err;

	memset(disk, 0, sizeof(*disk));
	err = inquiry_ask(exec, arg, disk);
	if (err)
		return err;
	scsi_cdb_test_unit_ready(&ready.cdb);
	err = ask(exec, arg, &ready);
	if (!err)
		err = capacity_ask(exec, arg, disk);
	if (err)
		return err == -EIO ? -ENODEV : err;	/* no medium */
	if (disk->type == SCSI_TYPE_CD)
		return 0;
	pages_ask(exec, arg, disk);
	mode_ask(exec, arg, disk);
	return 0;
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

static bool in_range(const struct scsi_disk *disk, const struct block_request *rq, uint32_t most)
{
	return rq->nr_blocks && (!most || rq->nr_blocks <= most) && rq->lba < disk->nr_blocks && rq->nr_blocks <= disk->nr_blocks - rq->lba;
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
