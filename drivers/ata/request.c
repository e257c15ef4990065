// SPDX-License-Identifier: GPL-2.0
/*
 * One request on its way through a channel. Short waits (the drive is free, the drive wants the packet) look at the status a few times and
 * then go on by timer; the long ones end with an interrupt. A drive that breaks the protocol is reset, one that says no is believed.
 */
#include "ata.h"

static const struct {
	uint8_t bit;
	const char *name;
} error_names[] = {
	{ 0x80, "interface-crc" }, { 0x40, "uncorrectable" }, { 0x20, "medium-changed" }, { 0x10, "id-not-found" },
	{ 0x08, "medium-change-requested" }, { 0x04, "aborted" }, { 0x02, "no-medium" }, { 0x01, "address-mark" },
};

struct ata_drive *ata_request_drive(struct ata_channel *ch)
{
	return &ch->drives[ch->rq.unit % ATA_DRIVES];
}

void ata_request_end(struct ata_channel *ch, int status)
{
	if (!status)
		ch->resets = 0;
	if (ch->state != ATA_DEAD)
		ch->state = ATA_IDLE;
	block_complete(ch->ata->dev, ch->queue, ch->rq.tag, status);
}

/* ---- Errors ---- */

static void error_log(struct ata_channel *ch, uint8_t status, uint8_t error)
{
	const char *name = status & ATA_ST_DF ? "device-fault" : "unknown";

	for (unsigned int i = 0; i < ARRAY_SIZE(error_names) && !ata_request_drive(ch)->id.packet; i++) {
		if (!(error & error_names[i].bit))
			continue;
		name = error_names[i].name;
		break;
	}
	dev_warn(ch->ata->dev, "unit=%u op=%u lba=%llu blocks=%u failed: %s status=0x%02x error=0x%02x", ch->rq.unit, ch->rq.op,
		 (unsigned long long)ch->rq.lba, ch->rq.nr_blocks, name, status, error);
}

/* Worth another try: a cable that lost bits; a packet drive that only wants to say that it was reset. */
static bool is_passing(struct ata_channel *ch, uint8_t error)
{
	if (ata_request_drive(ch)->id.packet)
		return error >> 4 == ATA_SENSE_ATTENTION;
	return ch->ata->dma && error & ATA_ERR_ICRC;
}

static void request_failed(struct ata_channel *ch, uint8_t status)
{
	uint8_t error = status & ATA_ST_ERR ? port_in8(&ch->command, ATA_ERROR) : 0;
	bool again = is_passing(ch, error) && ch->retries < ATA_RETRIES;

	if (again)
		ch->retries++;
	else
		error_log(ch, status, error);
	if (status & (ATA_ST_DRQ | ATA_ST_BSY))
		ata_reset_begin(ch, again ? 0 : -EIO);
	else if (again)
		ata_request_begin(ch);
	else
		ata_request_end(ch, -EIO);
}

/* The drive does not do what the protocol says comes next. */
static void protocol_broken(struct ata_channel *ch, const char *what)
{
	bool again = ch->retries++ < ATA_RETRIES;

	dev_warn(ch->ata->dev, "unit=%u %s: status=0x%02x", ch->rq.unit, what, ata_alt_status(ch));
	ata_reset_begin(ch, again ? 0 : -EIO);
}

/* ---- Commands ---- */

static bool is_data(const struct block_request *rq)
{
	return rq->op == BLOCK_READ || rq->op == BLOCK_WRITE;
}

/* What a drive says of itself comes through the data port, also beside a bus master. */
static bool moves_by_master(const struct ata_channel *ch)
{
	return ch->ata->dma && is_data(&ch->rq);
}

static void taskfile_info(const struct ata_drive *drive, uint64_t what, struct ata_taskfile *tf)
{
	tf->command = drive->id.packet ? ATA_CMD_IDENTIFY_PACKET : ATA_CMD_IDENTIFY;
	if (what != BLOCK_INFO_HEALTH)
		return;
	tf->command = ATA_CMD_SMART;
	tf->feature = ATA_SMART_READ_DATA;
	tf->lba = ATA_SMART_LBA;
}

static void taskfile_flush(const struct ata_drive *drive, struct ata_taskfile *tf)
{
	tf->command = drive->id.flush_ext ? ATA_CMD_FLUSH_EXT : ATA_CMD_FLUSH;
}

static uint8_t data_command(const struct ata_channel *ch, const struct ata_drive *drive, bool ext)
{
	static const uint8_t commands[3][2][2] = {	/* how, 48-bit, writing */
		{ { ATA_CMD_READ, ATA_CMD_WRITE }, { ATA_CMD_READ_EXT, ATA_CMD_WRITE_EXT } },
		{ { ATA_CMD_READ_MULTIPLE, ATA_CMD_WRITE_MULTIPLE }, { ATA_CMD_READ_MULTIPLE_EXT, ATA_CMD_WRITE_MULTIPLE_EXT } },
		{ { ATA_CMD_READ_DMA, ATA_CMD_WRITE_DMA }, { ATA_CMD_READ_DMA_EXT, ATA_CMD_WRITE_DMA_EXT } },
	};

	return commands[ch->ata->dma ? 2 : drive->multiple > 1][ext][ch->rq.op == BLOCK_WRITE];
}

/* 28 bits when they are enough: fewer registers to write. A count of 0 is the most there is. */
static void taskfile_data(const struct ata_channel *ch, const struct ata_drive *drive, struct ata_taskfile *tf)
{
	const struct block_request *rq = &ch->rq;

	tf->ext = drive->id.lba48 && (rq->lba + rq->nr_blocks > ATA_SECTORS_28_MAX || rq->nr_blocks > ATA_LBA28_COUNT);
	tf->command = data_command(ch, drive, tf->ext);
	tf->lba = rq->lba;
	tf->count = (uint16_t)rq->nr_blocks;
}

static void taskfile_packet(const struct ata_channel *ch, struct ata_taskfile *tf)
{
	tf->command = ATA_CMD_PACKET;
	tf->feature = ch->ata->dma;
	tf->lba = (uint64_t)(ch->bytes < 0xf800 ? ch->bytes : 0xf800) << 8;	/* the most for each data interrupt */
}

static uint8_t device_bits(const struct ata_channel *ch)
{
	const struct block_request *rq = &ch->rq;
	const struct ata_drive *drive = &ch->drives[rq->unit % ATA_DRIVES];

	if (drive->id.packet || !is_data(rq))
		return 0;
	return ATA_DEVICE_LBA | (rq->lba + rq->nr_blocks > ATA_SECTORS_28_MAX || rq->nr_blocks > ATA_LBA28_COUNT ? 0 : rq->lba >> 24 & 15);
}

void ata_wait_begin(struct ata_channel *ch, uint32_t us)
{
	ch->waits_since_us = time_now_us();
	ch->deadline_us = ch->waits_since_us + us;
}

bool ata_wait_more(struct ata_channel *ch)
{
	uint64_t now = time_now_us(), pause = (now - ch->waits_since_us) / 8;

	if (now >= ch->deadline_us)
		return false;
	pause = pause < ATA_POLL_MIN_US ? ATA_POLL_MIN_US : pause > ATA_POLL_MAX_US ? ATA_POLL_MAX_US : pause;
	timer_set(ch->ata->dev, ch->queue, pause);
	return true;
}

static void wait_start(struct ata_channel *ch, enum ata_state state)
{
	ch->state = state;
	ata_wait_begin(ch, ATA_READY_US);
}

static enum ata_state state_after_command(const struct ata_channel *ch, const struct ata_drive *drive)
{
	if (ch->rq.op == BLOCK_FLUSH)
		return ATA_NO_DATA;
	if (ch->rq.op == BLOCK_INFO)
		return ATA_PIO_IN;
	if (drive->id.packet)
		return ATA_PACKET;
	if (ch->ata->dma)
		return ATA_DMA;
	return ch->rq.op == BLOCK_READ ? ATA_PIO_IN : ATA_FIRST_OUT;
}

/* The drive is chosen and free: command it. */
static void request_command(struct ata_channel *ch)
{
	const struct ata_drive *drive = ata_request_drive(ch);
	struct ata_taskfile tf = { .command = 0 };

	if (ch->rq.op == BLOCK_FLUSH)
		taskfile_flush(drive, &tf);
	else if (ch->rq.op == BLOCK_INFO)
		taskfile_info(drive, ch->rq.lba, &tf);
	else if (drive->id.packet)
		taskfile_packet(ch, &tf);
	else
		taskfile_data(ch, drive, &tf);
	if (moves_by_master(ch) && ata_master_prepare(ch)) {
		ata_request_end(ch, -EINVAL);
		return;
	}
	wait_start(ch, state_after_command(ch, drive));
	ata_taskfile_write(ch, &tf);
	if (ch->state == ATA_DMA)
		ata_master_start(ch);
}

static void packet_send(struct ata_channel *ch)
{
	uint16_t words[ATA_PACKET_BYTES / 2];

	ata_packet_read((uint8_t *)words, ch->rq.lba, ch->rq.nr_blocks);
	ch->state = ch->ata->dma ? ATA_DMA : ATA_PIO_IN;
	ata_data_out(ch, words, ATA_PACKET_BYTES / 2);
	if (ch->ata->dma)
		ata_master_start(ch);
}

static void first_out(struct ata_channel *ch)
{
	ch->state = ATA_PIO_OUT;
	if (ata_pio_out(ch) < 0)
		ata_reset_begin(ch, -EIO);
}

/* ---- Waiting by looking ---- */

static void wait_on(struct ata_channel *ch)
{
	if (!ata_wait_more(ch))
		protocol_broken(ch, "drive is not ready");
}

/* The drive was told what comes; does it ask for it? */
static void wait_for_request(struct ata_channel *ch)
{
	uint8_t status = ata_spin(ch, 0);

	if (status & ATA_ST_BSY)
		wait_on(ch);
	else if (status & (ATA_ST_ERR | ATA_ST_DF))
		request_failed(ch, status);
	else if (!(status & ATA_ST_DRQ))
		wait_on(ch);
	else if (ch->state == ATA_PACKET)
		packet_send(ch);
	else
		first_out(ch);
}

static void wait_for_drive(struct ata_channel *ch)
{
	if (ata_spin(ch, ATA_ST_DRQ) & (ATA_ST_BSY | ATA_ST_DRQ)) {
		wait_on(ch);
		return;
	}
	if (ch->state == ATA_READY) {
		request_command(ch);
		return;
	}
	ata_select(ch, ch->rq.unit % ATA_DRIVES, device_bits(ch));
	wait_start(ch, ATA_READY);
}

static void request_step(struct ata_channel *ch)
{
	if (ch->state == ATA_SELECT)
		wait_for_drive(ch);
	if (ch->state == ATA_READY)
		wait_for_drive(ch);
	if (ch->state == ATA_PACKET || ch->state == ATA_FIRST_OUT)
		wait_for_request(ch);
}

void ata_request_begin(struct ata_channel *ch)
{
	ch->moved = 0;
	wait_start(ch, ATA_SELECT);
	request_step(ch);
}

void ata_timer(struct device *dev, unsigned int strand)
{
	struct ata *ata = device_priv(dev);

	for (unsigned int i = 0; i < ATA_CHANNELS; i++) {
		struct ata_channel *ch = &ata->channels[i];

		if (!ch->usable || ch->queue != strand)
			continue;
		if (ch->state == ATA_RESETTING || ch->state == ATA_SETTLING)
			ata_reset_step(ch);
		else
			request_step(ch);
	}
}

/* ---- Interrupts ---- */

static void dma_over(struct ata_channel *ch, uint8_t status)
{
	int err = ata_master_stop(ch);

	if (status & (ATA_ST_ERR | ATA_ST_DF))
		request_failed(ch, status);
	else if (err || status & ATA_ST_DRQ)
		protocol_broken(ch, "transfer of another length");
	else
		ata_request_end(ch, 0);
}

static void pio_next(struct ata_channel *ch, uint8_t status)
{
	bool packet = ata_request_drive(ch)->id.packet && ch->rq.op != BLOCK_INFO, asks = status & ATA_ST_DRQ;
	bool all = ch->moved == ch->bytes;
	int more;

	if (status & (ATA_ST_ERR | ATA_ST_DF)) {
		request_failed(ch, status);
		return;
	}
	if (!asks && all) {
		ata_request_end(ch, 0);
		return;
	}
	if (!asks || all)
		more = -EIO;
	else if (ch->state == ATA_PIO_OUT)
		more = ata_pio_out(ch);
	else
		more = packet ? ata_pio_packet_in(ch) : ata_pio_in(ch);
	if (more < 0)
		protocol_broken(ch, "data of another length");
	else if (!more)
		ata_request_end(ch, 0);
}

static void no_data_over(struct ata_channel *ch, uint8_t status)
{
	if (status & (ATA_ST_ERR | ATA_ST_DF | ATA_ST_DRQ))
		request_failed(ch, status);
	else
		ata_request_end(ch, 0);
}

/* The drive is not busy any more: what does that mean for the request? */
static void request_advance(struct ata_channel *ch, uint8_t status)
{
	switch (ch->state) {
	case ATA_DMA:
		dma_over(ch, status);
		break;
	case ATA_PIO_IN:
	case ATA_PIO_OUT:
		pio_next(ch, status);
		break;
	case ATA_NO_DATA:
		no_data_over(ch, status);
		break;
	case ATA_PACKET:
		wait_for_request(ch);	/* a drive that interrupts for its packet */
		break;
	default:
		break;
	}
}

/* Spurious ones leave everything as it is: a busy drive has not interrupted. */
static enum irq_result channel_irq(struct ata_channel *ch)
{
	uint8_t status;

	if (!ata_master_interrupted(ch) || ch->state == ATA_RESETTING || ch->state == ATA_SETTLING)
		return IRQ_NONE;
	if (ata_alt_status(ch) & ATA_ST_BSY) {
		ata_master_quiet(ch);
		return IRQ_NONE;
	}
	status = port_in8(&ch->command, ATA_STATUS);
	ata_master_quiet(ch);
	if (ch->state == ATA_IDLE || ch->state == ATA_DEAD || status & ATA_ST_BSY)
		return IRQ_NONE;
	request_advance(ch, status);
	return IRQ_HANDLED;
}

enum irq_result ata_irq(struct device *dev, unsigned int vector)
{
	struct ata *ata = device_priv(dev);
	enum irq_result result = IRQ_NONE;

	for (unsigned int i = 0; i < ATA_CHANNELS; i++) {
		struct ata_channel *ch = &ata->channels[i];

		if (ch->usable && (ata->nr_vectors == 1 || ch->number == vector) && channel_irq(ch) == IRQ_HANDLED)
			result = IRQ_HANDLED;
	}
	return result;
}

/* ---- The class ---- */

static int info_check(const struct ata_drive *drive, const struct block_request *rq)
{
	if (rq->nr_blocks * drive->limits.block_size != BLOCK_INFO_BYTES)
		return -EINVAL;
	return rq->lba == BLOCK_INFO_UNIT || (rq->lba == BLOCK_INFO_HEALTH && drive->id.smart) ? 0 : -EOPNOTSUPP;
}

static int request_check(const struct ata_channel *ch, const struct ata_drive *drive, const struct block_request *rq)
{
	const struct block_limits *l = &drive->limits;

	if (ch->state == ATA_DEAD)
		return -EIO;
	if (rq->op == BLOCK_FLUSH)
		return l->flags & BLOCK_HAS_FLUSH ? 0 : -EOPNOTSUPP;
	if (rq->op == BLOCK_INFO)
		return info_check(drive, rq);
	if (!is_data(rq))
		return -EOPNOTSUPP;
	if (rq->op == BLOCK_WRITE && l->flags & BLOCK_RO)
		return -EROFS;
	if (!rq->nr_blocks || rq->nr_blocks > l->max_request_blocks || rq->lba >= l->nr_blocks || rq->nr_blocks > l->nr_blocks - rq->lba)
		return -EINVAL;
	return 0;
}

static int ata_submit(struct device *dev, const struct block_request *rq)
{
	struct ata *ata = device_priv(dev);
	struct ata_channel *ch;
	struct ata_drive *drive;
	int err;

	if (rq->unit >= ATA_CHANNELS * ATA_DRIVES || rq->tag)
		return -EINVAL;
	ch = &ata->channels[rq->unit / ATA_DRIVES];
	drive = &ch->drives[rq->unit % ATA_DRIVES];
	if (!drive->present || rq->queue != ch->queue)
		return -EINVAL;
	err = request_check(ch, drive, rq);
	if (err)
		return err;
	if (ch->state != ATA_IDLE)
		return -EBUSY;
	ch->rq = *rq;
	ch->bytes = is_data(rq) ? rq->nr_blocks * drive->limits.block_size : rq->op == BLOCK_INFO ? ATA_INFO_BYTES : 0;
	ch->retries = ch->lost = 0;
	ata_request_begin(ch);
	return 0;
}

/* An interrupt that never came is no error of the drive: when it says that it is done, it is done. But not piece by piece for hours. */
static void ata_timeout(struct device *dev, unsigned int queue, uint32_t tag)
{
	struct ata *ata = device_priv(dev);

	for (unsigned int i = 0; i < ATA_CHANNELS; i++) {
		struct ata_channel *ch = &ata->channels[i];

		if (!ch->usable || ch->queue != queue || ch->rq.tag != tag || ch->state == ATA_IDLE || ch->state == ATA_DEAD)
			continue;
		if (ch->state == ATA_RESETTING || ch->state == ATA_SETTLING)
			continue;
		if (ch->lost++ < ATA_LOST_MAX && channel_irq(ch) == IRQ_HANDLED)
			continue;
		ata_reset_begin(ch, -ETIMEDOUT);
	}
}

const struct block_ops ata_block_ops = {
	.submit = ata_submit,
	.timeout = ata_timeout,
};
