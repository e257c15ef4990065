// SPDX-License-Identifier: GPL-2.0
/* The SCSI host behind the virtio model (virtio 1.2 section 5.6): takes command blocks apart and carries them out on memory. */
#include <string.h>
#include "virtio_scsi_model.h"

#define DISK_MAX	(4u << 20)
#define HEADER_MIN	51
#define ANSWER_MAX	1024

struct response {
	uint32_t sense_length, residual;
	uint16_t qualifier;
	uint8_t status, code;
	uint8_t sense[96];
};

/* One command: where it came from and what it makes. */
struct command {
	struct virtio_model *vm;
	struct scsi_model *sm;
	struct scsi_model_unit *unit;
	const struct model_request *rq;
	unsigned int out, in, nr_out, nr_in;	/* pieces of data; the first written piece is the response */
	uint8_t cdb[32];
	uint8_t answer[ANSWER_MAX];
	uint32_t answer_bytes, moved;
	struct response r;
};

static struct scsi_model *model_of(const struct virtio_model *vm)
{
	return vm->setup.priv;
}

static uint64_t get(const uint8_t *from, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

static void put(uint8_t *to, unsigned int bytes, uint64_t value)
{
	while (bytes--) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static void refuse(struct command *c, uint8_t key, uint8_t asc, uint8_t ascq)
{
	bool descriptor = c->sm->lies.descriptor_sense;

	memset(c->r.sense, 0, sizeof(c->r.sense));
	c->r.status = 2;
	c->r.sense[0] = descriptor ? 0x72 : 0x70;
	c->r.sense[descriptor ? 1 : 2] = key;
	c->r.sense[descriptor ? 2 : 12] = asc;
	c->r.sense[descriptor ? 3 : 13] = ascq;
	c->r.sense_length = 18;
	c->answer_bytes = 0;
}

static uint64_t unit_bytes(const struct scsi_model *sm, const struct scsi_model_unit *u)
{
	uint64_t most = sm->disk_max ? sm->disk_max : DISK_MAX;

	return u->nr_blocks > most / u->block_size ? most : u->nr_blocks * u->block_size;
}

static void luns_report(struct command *c, uint8_t target)
{
	uint32_t at = 8;

	for (unsigned int i = 0; i < SCSI_MODEL_UNITS; i++) {
		if (!c->sm->units[i].present || c->sm->units[i].target != target)
			continue;
		put(c->answer + at, 2, c->sm->units[i].lun < 256 ? c->sm->units[i].lun : 0x4000u | c->sm->units[i].lun);
		at += 8;
	}
	put(c->answer, 4, at - 8);
	c->answer_bytes = at;
}

static void page_tell(struct command *c, uint8_t page)
{
	c->answer[0] = c->unit->type;
	c->answer[1] = page;
	c->answer_bytes = 64;
	put(c->answer + 2, 2, 60);
	switch (page) {
	case 0x80:
		put(c->answer + 2, 2, 8);
		memcpy(c->answer + 4, "  SCSI-7", 8);
		c->answer_bytes = 12;
		break;
	case 0xb0:
		put(c->answer + 8, 4, 4096);
		put(c->answer + 20, 4, 1024);
		put(c->answer + 24, 4, 1);
		put(c->answer + 36, 8, 512);
		break;
	case 0x83:
		memcpy(c->answer + 4, "\x02\x01\x00\x06MODELX", 10);
		put(c->answer + 2, 2, 10);
		c->answer_bytes = 14;
		break;
	case 0xb1:
		put(c->answer + 4, 2, 1);
		break;
	case 0xb2:
		c->answer[5] = 0xe0;
		break;
	default:
		refuse(c, 5, 0x24, 0);
	}
}

static void inquiry(struct command *c)
{
	if (c->cdb[1] & 1) {
		if (c->unit->no_pages)
			refuse(c, 5, 0x24, 0);
		else
			page_tell(c, c->cdb[2]);
		return;
	}
	c->answer[0] = c->unit->type;
	memcpy(c->answer + 8, "MODEL   A UNIT          1.0 ", 28);
	c->answer_bytes = 36;
}

static void capacity(struct command *c, bool large)
{
	const struct scsi_model_unit *u = c->unit;
	uint64_t last = u->nr_blocks - 1;

	if (large && u->no_capacity16) {
		refuse(c, 5, 0x20, 0);
		return;
	}
	put(c->answer, large ? 8 : 4, large || last < 0xffffffff ? last : 0xffffffff);
	put(c->answer + (large ? 8 : 4), 4, u->block_size);
	c->answer[14] = large ? 0x80 : 0;
	c->answer_bytes = large ? 32 : 8;
}

/* SPC-4 section 7.3.8: parameter 0 has a code, its qualifier and a temperature. */
static void log_sense(struct command *c)
{
	if (!c->sm->has_log) {
		refuse(c, 5, 0x20, 0);
		return;
	}
	if (c->cdb[2] != (0x40 | 0x2f)) {
		refuse(c, 5, 0x24, 0);
		return;
	}
	memcpy(c->answer, "\x2f\x00\x00\x08\x00\x00\x03\x04\x5d\x10\x29\x00", 12);
	c->answer_bytes = 12;
}

static void mode_sense(struct command *c)
{
	c->answer[0] = 23;
	c->answer[2] = (uint8_t)((c->unit->read_only ? 0x80 : 0) | 0x10);
	c->answer[4] = 8;
	c->answer[5] = 18;
	c->answer[6] = c->unit->no_cache ? 0 : 4;
	c->answer_bytes = 24;
}

/* Data of a read or write, piece by piece. */
static void data_move(struct command *c, uint64_t lba, uint32_t blocks, bool write)
{
	const struct scsi_model_unit *u = c->unit;
	uint64_t at = lba * u->block_size, end = at + (uint64_t)blocks * u->block_size;
	unsigned int first = write ? c->out : c->in, nr = write ? c->nr_out : c->nr_in;

	if (lba >= u->nr_blocks || blocks > u->nr_blocks - lba || lba + blocks > unit_bytes(c->sm, u) / u->block_size) {
		refuse(c, 5, 0x21, 0);
		return;
	}
	for (unsigned int i = 0; i < nr && at < end; i++) {
		const struct model_piece *p = &c->rq->pieces[first + i];
		uint32_t length = p->length < end - at ? p->length : (uint32_t)(end - at);
		int err = write ? host_dma_read(c->vm->dev, p->address, u->data + at, length) :
				  host_dma_write(c->vm->dev, p->address, u->data + at, length);

		if (err) {
			refuse(c, 4, 0, 0);
			return;
		}
		at += length;
		c->moved += length;
	}
	c->r.residual = (uint32_t)(end - at);
}

static void range_clear(struct command *c, uint64_t lba, uint64_t blocks)
{
	const struct scsi_model_unit *u = c->unit;

	if (lba >= u->nr_blocks || blocks > u->nr_blocks - lba || lba + blocks > unit_bytes(c->sm, u) / u->block_size)
		refuse(c, 5, 0x21, 0);
	else
		memset(u->data + lba * u->block_size, 0, blocks * u->block_size);
}

static void unmap(struct command *c)
{
	uint8_t list[24];

	if (!c->nr_out || c->rq->pieces[c->out].length != sizeof(list) || get(c->cdb + 7, 2) != sizeof(list) ||
	    host_dma_read(c->vm->dev, c->rq->pieces[c->out].address, list, sizeof(list)) || get(list, 2) != 22 || get(list + 2, 2) != 16) {
		c->vm->confused++;
		return;
	}
	c->sm->unmaps++;
	range_clear(c, get(list + 8, 8), get(list + 16, 4));
}

static void write_same(struct command *c)
{
	if (!c->nr_out || c->rq->pieces[c->out].length != c->unit->block_size) {
		c->vm->confused++;
		return;
	}
	c->sm->zeroes++;
	range_clear(c, get(c->cdb + 2, 8), get(c->cdb + 10, 4));
}

static void medium_command(struct command *c)
{
	const uint8_t *cdb = c->cdb;

	switch (cdb[0]) {
	case 0x00: break;
	case 0x25: capacity(c, false); break;
	case 0x9e: capacity(c, true); break;
	case 0x28: data_move(c, get(cdb + 2, 4), (uint32_t)get(cdb + 7, 2), false); break;
	case 0x88: data_move(c, get(cdb + 2, 8), (uint32_t)get(cdb + 10, 4), false); break;
	case 0x2a: data_move(c, get(cdb + 2, 4), (uint32_t)get(cdb + 7, 2), true); break;
	case 0x8a: data_move(c, get(cdb + 2, 8), (uint32_t)get(cdb + 10, 4), true); break;
	case 0x35: c->sm->flushes++; break;
	case 0x42: unmap(c); break;
	case 0x93: write_same(c); break;
	default: refuse(c, 5, 0x20, 0);
	}
}

static void unit_command(struct command *c)
{
	if (c->sm->attentions && c->cdb[0] != 0x12) {
		c->sm->attentions--;
		refuse(c, 6, 0x29, 0);
	} else if (c->cdb[0] == 0x12) {
		inquiry(c);
	} else if (c->cdb[0] == 0x1a) {
		mode_sense(c);
	} else if (c->cdb[0] == 0x4d) {
		log_sense(c);
	} else if (c->unit->no_medium) {
		refuse(c, 2, 0x3a, 0);
	} else {
		medium_command(c);
	}
}

static struct scsi_model_unit *unit_find(struct scsi_model *sm, uint8_t target, uint16_t lun, bool *any)
{
	*any = false;
	for (unsigned int i = 0; i < SCSI_MODEL_UNITS; i++) {
		if (!sm->units[i].present || sm->units[i].target != target)
			continue;
		*any = true;
		if (sm->units[i].lun == lun)
			return &sm->units[i];
	}
	return NULL;
}

static void lies_tell(struct command *c)
{
	struct scsi_model_lies *lies = &c->sm->lies;

	if (lies->statuses) {
		lies->statuses--;
		refuse(c, lies->key, lies->asc, lies->ascq);
		c->r.status = lies->status;
	}
	if (lies->codes) {
		lies->codes--;
		c->r.code = lies->code;
	}
	if (lies->residuals) {
		lies->residuals--;
		c->r.residual = lies->residual;
	}
	if (lies->noises && c->answer_bytes) {
		lies->noises--;
		for (uint32_t i = 0; i < c->answer_bytes; i++)
			c->answer[i] = (uint8_t)((lies->noise >> (i % 4 * 8)) * (i + 1));
	}
	if (lies->sense_length)
		c->r.sense_length = lies->sense_length;
}

static void answer_send(struct command *c)
{
	uint32_t left = c->answer_bytes, wanted = 0;

	for (unsigned int i = 0; i < c->nr_in && c->answer_bytes; i++) {
		const struct model_piece *p = &c->rq->pieces[c->in + i];
		uint32_t length = p->length < left ? p->length : left;

		wanted += p->length;
		if (length)
			host_dma_write(c->vm->dev, p->address, c->answer + (c->answer_bytes - left), length);
		left -= length;
		c->moved += length;
	}
	if (c->answer_bytes && !c->r.residual)
		c->r.residual = wanted > c->answer_bytes ? wanted - c->answer_bytes : 0;
}

static void command_run(struct command *c, const uint8_t *header)
{
	uint8_t target = header[1];
	uint16_t lun = (uint16_t)((header[2] & 0x3f) << 8 | header[3]);
	bool any;

	memcpy(c->cdb, header + 19, 32);
	c->sm->commands++;
	c->unit = unit_find(c->sm, target, lun, &any);
	if (header[0] != 1 || !any)
		c->r.code = 3;
	else if (c->cdb[0] == 0xa0)
		luns_report(c, target);
	else if (!c->unit)
		refuse(c, 5, 0x25, 0);
	else
		unit_command(c);
	lies_tell(c);
	answer_send(c);
}

/* ---- Commands that hang, and tasks ---- */

static uint16_t lun_of(const uint8_t *address)
{
	return (uint16_t)((address[2] & 0x3f) << 8 | address[3]);
}

static bool stuck_keep(struct virtio_model *vm, struct model_queue *q, const struct model_request *rq, const uint8_t *header, unsigned int response)
{
	struct scsi_model *sm = model_of(vm);

	for (unsigned int i = 0; sm->lies.stuck && i < SCSI_MODEL_STUCK; i++) {
		struct scsi_model_stuck *s = &sm->stuck[i];

		if (s->taken && s->resets == vm->resets)
			continue;
		*s = (struct scsi_model_stuck){ .taken = true, .resets = vm->resets, .target = header[1], .lun = lun_of(header), .q = q,
						.rq = *rq, .response = response };
		memcpy(&s->id, header + 8, 8);
		sm->lies.stuck--;
		return true;
	}
	return false;
}

static void stuck_end(struct virtio_model *vm, struct scsi_model_stuck *s, uint8_t code)
{
	struct response r = { .code = code };

	s->taken = false;
	host_dma_write(vm->dev, s->rq.pieces[s->response].address, &r, sizeof(r));
	model_queue_answer(vm, s->q, &s->rq, sizeof(r));
	model_queue_signal(vm, s->q);
}

/* Section 5.6.6.2: the commands that a task ends come back before it does. */
static void task_run(struct virtio_model *vm, const uint8_t *task, bool abort)
{
	struct scsi_model *sm = model_of(vm);
	uint64_t id;

	memcpy(&id, task + 16, 8);
	for (unsigned int i = 0; i < SCSI_MODEL_STUCK; i++) {
		struct scsi_model_stuck *s = &sm->stuck[i];

		if (!s->taken || s->resets != vm->resets || s->target != task[9] || s->lun != lun_of(task + 8))
			continue;
		if (!abort || s->id == id)
			stuck_end(vm, s, abort ? 2 : 4);
	}
}

static bool host_task(struct virtio_model *vm, struct model_queue *q, struct model_request *rq)
{
	struct scsi_model_lies *lies = &model_of(vm)->lies;
	uint8_t task[24], response = 0;
	uint32_t words[2];

	if (rq->nr != 2 || rq->pieces[0].length != sizeof(task) || rq->pieces[1].length != 1 || !rq->pieces[1].written ||
	    host_dma_read(vm->dev, rq->pieces[0].address, task, sizeof(task))) {
		vm->confused++;
		return false;
	}
	memcpy(words, task, sizeof(words));
	if (words[0] || (words[1] != 0 && words[1] != 5) || task[8] != 1)
		vm->confused++;
	*(words[1] ? &model_of(vm)->unit_resets : &model_of(vm)->aborts) += 1;
	if (lies->tasks_unheard) {
		lies->tasks_unheard--;
		return false;
	}
	if (lies->tasks_refused) {
		lies->tasks_refused--;
		response = 11;
	} else if (lies->tasks_empty) {
		lies->tasks_empty--;
	} else {
		task_run(vm, task, !words[1]);
	}
	host_dma_write(vm->dev, rq->pieces[1].address, &response, 1);
	model_queue_answer(vm, q, rq, 1);
	return true;
}

/* Header, data out, response, data in (section 5.6.6.1). */
static void host_answer(struct virtio_model *vm, struct model_queue *q, struct model_request *rq)
{
	struct command c = { .vm = vm, .sm = model_of(vm), .rq = rq };
	uint8_t header[HEADER_MIN];
	unsigned int response = 1;

	while (response < rq->nr && !rq->pieces[response].written)
		response++;
	if (response == rq->nr || rq->pieces[0].length != HEADER_MIN || rq->pieces[response].length < 108 ||
	    host_dma_read(vm->dev, rq->pieces[0].address, header, HEADER_MIN)) {
		vm->confused++;
		return;
	}
	if (stuck_keep(vm, q, rq, header, response))
		return;
	c.out = 1;
	c.nr_out = response - 1;
	c.in = response + 1;
	c.nr_in = rq->nr - response - 1;
	command_run(&c, header);
	if (!c.sm->lies.no_response)
		host_dma_write(vm->dev, rq->pieces[response].address, &c.r, sizeof(c.r));
	model_queue_answer(vm, q, rq, 108 + (c.nr_in ? c.moved : 0));
}

static void host_config(struct virtio_model *vm, uint8_t config[64])
{
	const uint32_t words[] = { vm->setup.nr_queues - 2u, vm->setup.seg_max, 0xffff, 64, 16, 96, 32 };
	const uint16_t channel = 0, target = model_of(vm)->max_target;

	memcpy(config, words, sizeof(words));
	memcpy(config + 28, &channel, 2);
	memcpy(config + 30, &target, 2);
}

static void units_free(struct virtio_model *vm)
{
	struct scsi_model *sm = model_of(vm);

	for (unsigned int i = 0; i < SCSI_MODEL_UNITS; i++) {
		host_free(sm->units[i].data);
		sm->units[i].data = NULL;
	}
}

static const struct virtio_model_class virtio_scsi_class = {
	.legacy_id = 0x1004, .modern_id = 0x1048, .config_fill = host_config, .answer = host_answer, .control = host_task,
	.first_queue = 2, .free = units_free,
};

bool scsi_model_event(struct virtio_model *vm, uint32_t event, uint8_t target, uint16_t lun, uint32_t reason)
{
	struct model_queue *q = &vm->queues[1];
	uint8_t bytes[16] = { 0 };
	struct model_request *rq;

	if (!q->nr_held)
		return false;
	rq = q->held[--q->nr_held];
	memcpy(bytes, &event, 4);
	bytes[4] = 1;
	bytes[5] = target;
	bytes[6] = (uint8_t)(0x40 | lun >> 8);
	bytes[7] = (uint8_t)lun;
	memcpy(bytes + 12, &reason, 4);
	if (rq->nr && rq->pieces[0].length >= sizeof(bytes))
		host_dma_write(vm->dev, rq->pieces[0].address, bytes, sizeof(bytes));
	model_queue_answer(vm, q, rq, sizeof(bytes));
	model_request_put(vm, rq);
	model_queue_signal(vm, q);
	return true;
}

static void unit_prepare(const struct scsi_model *sm, struct scsi_model_unit *u)
{
	if (!u->block_size)
		u->block_size = u->type == 5 ? 2048 : 512;
	if (!u->nr_blocks)
		u->nr_blocks = 2048;
	if (u->present && !u->data)
		u->data = host_alloc(unit_bytes(sm, u));
}

void scsi_model_plug(struct scsi_model *sm, unsigned int unit)
{
	sm->units[unit].present = true;
	unit_prepare(sm, &sm->units[unit]);
}

struct virtio_model_setup scsi_model_default(struct scsi_model *sm)
{
	struct virtio_model_setup s = virtio_model_default();

	if (!sm->max_target)
		sm->max_target = 7;
	for (unsigned int i = 0; i < SCSI_MODEL_UNITS; i++) {
		sm->units[i].data = NULL;
		unit_prepare(sm, &sm->units[i]);
	}
	s.class = &virtio_scsi_class;
	s.priv = sm;
	s.sectors = 0;
	s.nr_queues = 3;
	s.msix_vectors = 4;
	s.seg_max = 62;
	s.features = MODEL_F_INDIRECT | MODEL_F_EVENT_IDX | MODEL_F_VERSION_1 | MODEL_F_PACKED | 6;
	return s;
}
