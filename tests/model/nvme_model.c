// SPDX-License-Identifier: GPL-2.0
/* The NVMe model's registers, queues and admin commands (NVM Express 1.4, sections 3.1, 4, 5). */
#include <string.h>
#include "nvme_model.h"

#define NAME		"0000:00:04.0"
#define BAR_BYTES	0x4000u
#define DOORBELLS	0x1000u
#define PAGE		4096u
#define RDY		1u
#define CFS		2u

enum { OK = 0, INVALID_OPCODE = 0x01, INVALID_FIELD = 0x02, BAD_CQ = 0x100, BAD_QUEUE = 0x101, BAD_SIZE = 0x102, BAD_VECTOR = 0x108,
       TOO_MANY_EVENTS = 0x105, BAD_SPACE = 0x0b, ATTACHED = 0x118, NOT_ATTACHED = 0x11a, NO_ANSWER = 0xffff };

static uint64_t qword(const struct nvme_model_command *cmd, unsigned int dw)
{
	return cmd->dw[dw] | (uint64_t)cmd->dw[dw + 1] << 32;
}

/* ---- Interrupts ---- */

static void line_set(struct nvme_model *m)
{
	bool high = false;

	for (unsigned int i = 0; i < NVME_MODEL_QUEUES; i++) {
		const struct nvme_model_queue *q = &m->queues[i];

		high = high || (q->has_completions && q->interrupts && q->cq_head != q->cq_tail);
	}
	if (m->irq_kind == IRQ_KIND_INTX)
		host_irq_level(m->dev, high && !(m->masked & 1) && !m->lies.no_interrupts);
}

static void interrupt(struct nvme_model *m, const struct nvme_model_queue *q)
{
	line_set(m);
	if (m->irq_kind == IRQ_KIND_MSIX && q->interrupts && !m->lies.no_interrupts)
		host_irq_raise(m->dev, q->vector);
}

void nvme_model_spurious(struct nvme_model *m)
{
	for (unsigned int i = 0; m->irq_kind == IRQ_KIND_MSIX && i < m->nr_vectors; i++)
		host_irq_raise(m->dev, i);
}

/* ---- Doorbells in memory ---- */

static void shadow_read(struct nvme_model *m, unsigned int id, unsigned int which, uint16_t size, uint16_t *value)
{
	uint32_t now;

	if (!m->shadow || !id || host_dma_read(m->dev, m->shadow + (2 * id + which) * (4u << m->setup.stride), &now, sizeof(now)))
		return;
	if (now < size)
		*value = (uint16_t)now;
	else
		m->confused++;
}

static void event_index(struct nvme_model *m, unsigned int id, unsigned int which, uint16_t value)
{
	uint32_t wide = value;

	if (m->shadow && id && !m->lies.no_events_index)
		host_dma_write(m->dev, m->events + (2 * id + which) * (4u << m->setup.stride), &wide, sizeof(wide));
}

/* ---- Completions ---- */

static void entry_write(struct nvme_model *m, struct nvme_model_queue *q, uint32_t result, uint16_t sq, uint16_t id, uint16_t status)
{
	bool phase = q->phase;
	uint32_t entry[4] = { result, 0, (uint32_t)sq << 16 | (m->lies.wild_head ? 0xbeef : m->queues[sq % NVME_MODEL_QUEUES].head), 0 };

	shadow_read(m, (unsigned int)(q - m->queues), 1, q->cq_size, &q->cq_head);
	if ((q->cq_tail + 1u) % q->cq_size == q->cq_head) {
		m->confused++;
		return;
	}
	if (m->lies.bad_phases) {
		m->lies.bad_phases--;
		phase = !phase;
	}
	entry[3] = id | (uint32_t)phase << 16 | (uint32_t)status << 17;
	host_dma_write(m->dev, q->cq_base + q->cq_tail * 16u, entry, sizeof(entry));
	q->cq_tail = (uint16_t)((q->cq_tail + 1u) % q->cq_size);
	if (!q->cq_tail)
		q->phase = !q->phase;
	q->completions++;
	event_index(m, (unsigned int)(q - m->queues), 1, q->cq_head);
}

static void complete(struct nvme_model *m, unsigned int sq, uint16_t id, uint16_t status, uint32_t result)
{
	struct nvme_model_queue *q = &m->queues[m->queues[sq].cq];
	bool twice = sq && m->lies.doubles;

	if (!q->has_completions)
		return;
	if (sq && m->lies.bad_ids) {
		m->lies.bad_ids--;
		id = m->lies.bad_id;
	}
	if (sq && m->lies.stale_ids) {
		m->lies.stale_ids--;
		id -= 0x100;
	}
	if (sq && m->lies.bad_queues) {
		m->lies.bad_queues--;
		sq++;
	}
	entry_write(m, q, result, (uint16_t)sq, id, status);
	if (twice) {
		m->lies.doubles--;
		entry_write(m, q, result, (uint16_t)sq, id, status);
	}
	interrupt(m, q);
}

/* ---- Events ---- */

void nvme_model_event(struct nvme_model *m, uint32_t result)
{
	m->event_result = result;
	m->event_waits = !m->event_asked;
	if (m->event_asked && m->csts & RDY) {
		m->event_asked = false;
		complete(m, 0, m->event_id, OK, result);
	}
}

static void spaces_changed(struct nvme_model *m)
{
	if (m->notice_masked || !(m->event_config & BIT(8)))
		return;
	m->notice_masked = true;
	nvme_model_event(m, 2 | 4u << 16);
}

void nvme_model_resize(struct nvme_model *m, unsigned int space, uint64_t blocks)
{
	host_free(m->disks[space]);
	m->setup.spaces[space].nr_blocks = blocks;
	m->disks[space] = host_alloc(nvme_model_bytes(m, space) + 1);
	spaces_changed(m);
}

void nvme_model_attach(struct nvme_model *m, unsigned int space, bool attach)
{
	m->setup.spaces[space].detached = !attach;
	spaces_changed(m);
}

static uint16_t event_ask(struct nvme_model *m, uint16_t id, uint32_t *result)
{
	if (m->event_asked)
		return TOO_MANY_EVENTS;
	m->event_id = id;
	*result = m->event_result;
	m->event_asked = !m->event_waits;
	m->event_waits = false;
	return m->event_asked ? NO_ANSWER : OK;
}

static uint16_t log_page(struct nvme_model *m, const struct nvme_model_command *cmd)
{
	uint8_t page[PAGE] = { 0 };

	if ((cmd->dw[10] & 0xff) == 2) {
		page[1] = 0x2c;		/* 300 K */
		page[2] = 0x01;
		return nvme_model_transfer(m, cmd, page, 512, true);
	}
	if ((cmd->dw[10] & 0xff) != 4)
		return INVALID_FIELD;
	m->notice_masked = false;
	page[0] = 1;
	return nvme_model_transfer(m, cmd, page, PAGE, true);
}

/* ---- Admin commands ---- */

static uint16_t queue_create(struct nvme_model *m, const struct nvme_model_command *cmd, bool completions)
{
	uint32_t id = cmd->dw[10] & 0xffff, size = (cmd->dw[10] >> 16) + 1, other = cmd->dw[11] >> 16;
	struct nvme_model_queue *q = &m->queues[id % NVME_MODEL_QUEUES];

	if (!id || id > m->setup.nr_queues || id >= NVME_MODEL_QUEUES || (completions ? q->has_completions : q->created))
		return BAD_QUEUE;
	if (size < 2 || size > m->setup.max_entries + 1u)
		return BAD_SIZE;
	if (!(cmd->dw[11] & 1) || qword(cmd, 6) % PAGE)
		return INVALID_FIELD;
	if (completions) {
		if (other && other >= m->nr_vectors)
			return BAD_VECTOR;
		q->has_completions = q->phase = true;
		q->interrupts = cmd->dw[11] >> 1 & 1;
		q->cq_base = qword(cmd, 6);
		q->cq_size = (uint16_t)size;
		q->vector = (uint16_t)other;
		return OK;
	}
	if (other >= NVME_MODEL_QUEUES || !m->queues[other].has_completions)
		return BAD_CQ;
	q->created = true;
	q->base = qword(cmd, 6);
	q->size = (uint16_t)size;
	q->cq = (uint16_t)other;
	return OK;
}

static uint16_t feature(struct nvme_model *m, const struct nvme_model_command *cmd, bool set, uint32_t *result)
{
	switch (cmd->dw[10] & 0xff) {
	case 6:
		*result = m->setup.cache_on;
		return OK;
	case 7:
		if (m->lies.queues_shrink && m->starts > 1)
			m->setup.nr_queues--;
		*result = (m->setup.nr_queues - 1u) * 0x10001u;
		return OK;
	case 11:
		m->event_config = set ? cmd->dw[11] : m->event_config;
		return OK;
	}
	return INVALID_FIELD;
}

/* A command that is held is answered as aborted; others are not found. */
static uint16_t abort_command(struct nvme_model *m, const struct nvme_model_command *cmd, uint32_t *result)
{
	struct nvme_model_queue *q = &m->queues[(cmd->dw[10] & 0xffff) % NVME_MODEL_QUEUES];
	uint16_t id = (uint16_t)(cmd->dw[10] >> 16);

	m->aborts++;
	*result = 1;
	for (unsigned int i = 0; m->aborts_work && i < q->nr_held; i++) {
		if (q->held[i].dw[0] >> 16 != id)
			continue;
		memmove(&q->held[i], &q->held[i + 1], (q->nr_held - i - 1) * sizeof(q->held[0]));
		q->nr_held--;
		complete(m, (unsigned int)(q - m->queues), id, 7, 0);
		*result = 0;
		break;
	}
	return OK;
}

static uint16_t doorbells_config(struct nvme_model *m, const struct nvme_model_command *cmd)
{
	if (!m->setup.shadow)
		return INVALID_OPCODE;
	if (qword(cmd, 6) % PAGE || qword(cmd, 8) % PAGE)
		return INVALID_FIELD;
	m->shadow = qword(cmd, 6);
	m->events = qword(cmd, 8);
	return OK;
}

/* Of a list of controllers with this one alone (section 5.20). */
static uint16_t attach_command(struct nvme_model *m, const struct nvme_model_command *cmd)
{
	int space = nvme_model_space(m, cmd->dw[1]);
	bool detach = cmd->dw[10] & 15;
	uint16_t list[2] = { 0 };

	if (!m->setup.attach)
		return INVALID_OPCODE;
	if (host_dma_read(m->dev, qword(cmd, 6), list, sizeof(list)) || list[0] != 1 || list[1] != NVME_MODEL_CONTROLLER || (cmd->dw[10] & 15) > 1)
		return INVALID_FIELD;
	if (space < 0)
		return BAD_SPACE;
	if (m->setup.spaces[space].detached == detach)
		return detach ? NOT_ATTACHED : ATTACHED;
	nvme_model_attach(m, (unsigned int)space, !detach);
	return OK;
}

static uint16_t admin_run(struct nvme_model *m, const struct nvme_model_command *cmd, uint32_t *result)
{
	uint8_t opcode = (uint8_t)cmd->dw[0];

	if (m->lies.refuse_status && m->lies.refuse_opcode == opcode)
		return m->lies.refuse_status;
	switch (opcode) {
	case 0x01: return queue_create(m, cmd, false);
	case 0x02: return log_page(m, cmd);
	case 0x05: return queue_create(m, cmd, true);
	case 0x06: return nvme_model_identify(m, cmd);
	case 0x08: return abort_command(m, cmd, result);
	case 0x09: return feature(m, cmd, true, result);
	case 0x0a: return feature(m, cmd, false, result);
	case 0x0c: return event_ask(m, (uint16_t)(cmd->dw[0] >> 16), result);
	case 0x15: return attach_command(m, cmd);
	case 0x7c: return doorbells_config(m, cmd);
	}
	m->confused++;
	return INVALID_OPCODE;
}

static void command_run(struct nvme_model *m, unsigned int sq, const struct nvme_model_command *cmd)
{
	uint32_t result = 0;
	uint16_t status = sq ? nvme_model_io(m, cmd) : admin_run(m, cmd, &result);

	if (status != NO_ANSWER)
		complete(m, sq, (uint16_t)(cmd->dw[0] >> 16), status, result);
}

/* ---- Queues ---- */

static void commands_take(struct nvme_model *m, unsigned int sq)
{
	struct nvme_model_queue *q = &m->queues[sq];

	shadow_read(m, sq, 0, q->size, &q->tail);
	while (q->head != q->tail && q->nr_held < NVME_MODEL_HELD) {
		if (!host_dma_read(m->dev, q->base + q->head * 64u, &q->held[q->nr_held], 64))
			q->nr_held++;
		q->head = (uint16_t)((q->head + 1u) % q->size);
	}
	event_index(m, sq, 0, q->tail);
}

static void queue_work(struct nvme_model *m, unsigned int sq)
{
	struct nvme_model_queue *q = &m->queues[sq];
	unsigned int nr;

	if (!q->created)
		return;
	commands_take(m, sq);
	commands_take(m, sq);
	if (sq ? m->hold || m->lies.stalls : m->lies.stalls_admin)
		return;
	nr = q->nr_held;
	q->nr_held = 0;
	for (unsigned int i = 0; i < nr && m->csts & RDY; i++)
		command_run(m, sq, &q->held[m->lies.reverse && sq ? nr - 1 - i : i]);
}

void nvme_model_release(struct nvme_model *m)
{
	for (unsigned int i = 0; m->csts & RDY && i < NVME_MODEL_QUEUES; i++)
		queue_work(m, i);
}

/* ---- Registers ---- */

static void controller_reset(struct nvme_model *m)
{
	for (unsigned int i = 0; i < NVME_MODEL_QUEUES; i++) {
		unsigned int doorbells = m->queues[i].doorbells;

		memset(&m->queues[i], 0, offsetof(struct nvme_model_queue, held));
		m->queues[i].doorbells = doorbells;
	}
	m->shadow = m->events = 0;
	m->event_asked = m->event_waits = m->notice_masked = false;
	m->event_config = 0;
	m->masked = 0;
	m->csts = 0;
	line_set(m);
}

static void controller_start(struct nvme_model *m)
{
	struct nvme_model_queue *q = &m->queues[0];

	m->starts++;
	if ((m->cc >> 16 & 15) != 6 || (m->cc >> 20 & 15) != 4 || m->cc & 0x3ff0 || m->asq % PAGE || m->acq % PAGE) {
		m->confused++;
		m->csts |= CFS;
		return;
	}
	q->created = q->has_completions = q->phase = q->interrupts = true;
	q->base = m->asq;
	q->cq_base = m->acq;
	q->size = (uint16_t)((m->aqa & 0xfff) + 1);
	q->cq_size = (uint16_t)((m->aqa >> 16 & 0xfff) + 1);
	m->csts |= RDY;
}

static void control_write(struct nvme_model *m, uint32_t value)
{
	uint32_t before = m->cc;

	m->cc = value;
	if (value & 0xc000 && !(before & 0xc000)) {
		m->shutdowns++;
		m->csts = (m->csts & ~0xcu) | 8;
	}
	if (!(value & 1) && (before & 1 || m->csts & RDY) && !m->lies.never_stops)
		controller_reset(m);
	if (value & 1 && !(before & 1) && !m->lies.never_starts)
		controller_start(m);
}

static void doorbell_write(struct nvme_model *m, uint64_t offset, uint32_t value)
{
	uint64_t index = offset / (4u << m->setup.stride);
	struct nvme_model_queue *q = &m->queues[index / 2 % NVME_MODEL_QUEUES];
	bool completions = index & 1;

	if (!(m->csts & RDY))
		return;		/* a strand may ring while another one stops the controller */
	if (index / 2 >= NVME_MODEL_QUEUES || !(completions ? q->has_completions : q->created) || value >= (completions ? q->cq_size : q->size)) {
		m->confused++;
		return;
	}
	if (completions) {
		q->cq_head = (uint16_t)value;
		line_set(m);
		return;
	}
	q->doorbells++;
	q->tail = (uint16_t)value;
	m->busy = true;
}

static uint64_t cap(const struct nvme_model *m)
{
	const struct nvme_model_setup *s = &m->setup;

	return s->max_entries | 1u << 16 | (uint64_t)s->timeout << 24 | (uint64_t)s->stride << 32 | (uint64_t)s->commands << 37 |
	       (uint64_t)s->page_min << 48;
}

static uint64_t model_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct nvme_model *m = model;

	(void)size;
	if (m->lies.vanish)
		return ~0ull;
	switch (bar ? ~0ull : offset) {
	case 0x00: return (uint32_t)cap(m);
	case 0x04: return cap(m) >> 32;
	case 0x08: return m->setup.version;
	case 0x14: return m->cc;
	case 0x1c: return m->csts | (m->lies.fatal ? CFS : 0);
	}
	return 0;
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct nvme_model *m = model;
	uint32_t low = (uint32_t)value;

	(void)size;
	if (m->lies.vanish || bar)
		return;
	switch (offset) {
	case 0x0c: m->masked |= low; line_set(m); return;
	case 0x10: m->masked &= ~low; line_set(m); return;
	case 0x14: control_write(m, low); return;
	case 0x24: m->aqa = low; return;
	case 0x28: m->asq = (m->asq & ~0xffffffffull) | low; return;
	case 0x2c: m->asq = (uint32_t)m->asq | (uint64_t)low << 32; return;
	case 0x30: m->acq = (m->acq & ~0xffffffffull) | low; return;
	case 0x34: m->acq = (uint32_t)m->acq | (uint64_t)low << 32; return;
	}
	if (offset >= DOORBELLS)
		doorbell_write(m, offset - DOORBELLS, low);
}

static void model_irq_mode(void *model, enum irq_kind kind, unsigned int nr)
{
	struct nvme_model *m = model;

	m->irq_kind = kind;
	m->nr_vectors = kind == IRQ_KIND_MSIX ? nr : 0;
}

static bool model_tick(void *model)
{
	struct nvme_model *m = model;
	bool busy = m->busy && !m->lies.vanish;

	m->busy = false;
	if (busy)
		nvme_model_release(m);
	return busy;
}

const struct host_model_ops nvme_model_ops = {
	.read = model_read,
	.write = model_write,
	.irq_mode = model_irq_mode,
	.tick = model_tick,
};

/* ---- Life ---- */

struct nvme_model_setup nvme_model_default(void)
{
	return (struct nvme_model_setup){
		.version = 0x10400, .max_entries = 1023, .timeout = 4, .commands = 1, .mdts = 7, .nr_queues = 8, .shadow = true,
		.cache = true, .cache_on = true, .sgl = true, .discard = true, .zeroes = true, .notices = true, .attach = true, .msix_vectors = 9,
		.serial = "ferry-nvme-0", .nr_cpus = 1, .spaces = { { .nr_blocks = 2048, .shift = 9 } },
	};
}

struct nvme_model *nvme_model_create(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = host_alloc(sizeof(*m));
	struct host_setup host = {
		.name = NAME, .bus = FERRY_BUS_PCI, .vendor = 0x1b36, .device = 0x0010, .class_code = 0x010802,
		.bars = { { .length = BAR_BYTES << setup->stride, .is_64bit = true } }, .msix_vectors = setup->msix_vectors, .intx = true,
		.nr_cpus = setup->nr_cpus, .memory_limit = setup->memory_limit, .ops = setup->ops ? setup->ops : &nvme_model_ops, .model = m,
	};

	m->setup = *setup;
	m->aborts_work = true;
	memcpy(host.params, setup->params, sizeof(host.params));
	for (unsigned int i = 0; i < NVME_MODEL_SPACES; i++)
		m->disks[i] = host_alloc(nvme_model_bytes(m, i) + 1);
	m->dev = host_device_create(&host);
	if (m->dev)
		return m;
	nvme_model_free(m);
	return NULL;
}

void nvme_model_free(struct nvme_model *m)
{
	for (unsigned int i = 0; i < NVME_MODEL_SPACES; i++)
		host_free(m->disks[i]);
	host_free(m);
}

unsigned int nvme_model_destroy(struct nvme_model *m)
{
	unsigned int problems = host_close(m->dev) + m->confused;

	nvme_model_free(m);
	return problems;
}
