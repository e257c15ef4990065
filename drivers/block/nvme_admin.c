// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe admin commands (NVM Express 1.4, section 5): who the controller is, its queues, doorbells in memory, events, aborts.
 * In probe they are waited for. Later they are jobs: one command after the other, each sent when the one before was answered, all on
 * strand 0, with a deadline that resets the controller. Left out: making and deleting of namespaces, firmware, security, features by namespace.
 */
#include <driver/log.h>
#include <driver/time.h>
#include <lib/string.h>
#include "nvme.h"

#define ADMIN_TIMEOUT_US	10000000

#define OP_SQ_CREATE		0x01
#define OP_CQ_CREATE		0x05
#define OP_IDENTIFY		0x06
#define OP_ABORT		0x08
#define OP_FEATURE_SET		0x09
#define OP_FEATURE_GET		0x0a
#define OP_EVENT		0x0c
#define OP_ATTACH		0x15
#define OP_DOORBELLS		0x7c
#define SC_ATTACHED		0x118	/* already */
#define SC_NOT_ATTACHED		0x11a

#define CNS_NAMESPACE		0
#define CNS_CONTROLLER		1
#define FEATURE_CACHE		0x06
#define FEATURE_QUEUES		0x07
#define FEATURE_EVENTS		0x0b
#define LOG_HEALTH		0x02
#define HEALTH_BYTES		512u
#define EVENTS_SMART		0x1fu		/* critical warnings */
#define EVENTS_NAMESPACES	BIT(8)
#define EVENT_ERROR		0
#define EVENT_SMART		1
#define EVENT_NOTICE		2
#define NOTICE_NAMESPACES	0
#define QUEUE_CONTIGUOUS	0x1u
#define QUEUE_INTERRUPTS	0x2u

/* Identify controller (figure 247). */
#define ID_SERIAL		4
#define ID_MODEL		24
#define ID_MDTS			77
#define ID_CNTLID		78
#define ID_RTD3E		88
#define ID_OAES			92
#define ID_OACS			256
#define OACS_NAMESPACES		BIT(3)
#define OACS_DOORBELLS		BIT(8)
#define ID_NN			516
#define ID_ONCS			520
#define ONCS_DISCARD		BIT(2)
#define ONCS_WRITE_ZEROES	BIT(3)
#define ID_VWC			525
#define ID_SGLS			536

#define STEP_QUEUES		0
#define STEP_EVENTS		1
#define STEP_CREATE		2
#define SHUTDOWN_MIN_US		5000000u
#define SHUTDOWN_MAX_US		60000000u
#define BYTES_MAX		(NVME_LIST_BYTES / 8 * NVME_PAGE)

struct nvme_command nvme_admin_command(uint8_t opcode, uint32_t nsid, uint64_t address)
{
	return (struct nvme_command){ .dw = { [0] = opcode, [1] = nsid, [6] = (uint32_t)address, [7] = (uint32_t)(address >> 32) } };
}

struct nvme_command nvme_identify_command(const struct nvme *n, uint32_t cns, uint32_t nsid)
{
	struct nvme_command cmd = nvme_admin_command(OP_IDENTIFY, nsid, n->page.address);

	cmd.dw[10] = cns;
	return cmd;
}

static struct nvme_command feature_set(uint32_t feature, uint32_t value)
{
	struct nvme_command cmd = nvme_admin_command(OP_FEATURE_SET, 0, 0);

	cmd.dw[10] = feature;
	cmd.dw[11] = value;
	return cmd;
}

/* False: the queue does not take it, which means that an earlier one was never answered. */
static bool admin_send(struct nvme *n, uint32_t tag, struct nvme_command *cmd)
{
	if (nvme_queue_add(&n->queues[0], tag, cmd))
		return false;
	nvme_queue_ring(&n->queues[0]);
	return true;
}

/* ---- Waited for: probe ---- */

static bool answered(void *arg)
{
	struct nvme *n = arg;

	nvme_queue_drain(&n->queues[0]);
	return n->answer.done;
}

int nvme_admin_do(struct nvme *n, struct nvme_command *cmd, uint32_t *result)
{
	uint32_t opcode = cmd->dw[0];
	int err;

	n->answer.done = false;
	if (!admin_send(n, NVME_TAG_JOB, cmd))
		return -EBUSY;
	err = time_poll(n->dev, answered, n, ADMIN_TIMEOUT_US);
	if (err) {
		dev_err(n->dev, "no answer to admin command 0x%x", opcode);
		return err;
	}
	if (result)
		*result = n->answer.result;
	return nvme_errno(n->answer.status);
}

/* Printable, without the spaces at the end. */
static void text_take(const struct dma_buf *page, uint32_t offset, uint32_t length, char *to)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < length; i++) {
		uint8_t c = dma_read8(page, offset + i);

		to[i] = c >= ' ' && c < 0x7f ? (char)c : c ? '_' : ' ';
		if (to[i] != ' ')
			end = i + 1;
	}
	to[end] = 0;
}

static void cache_ask(struct nvme *n)
{
	struct nvme_command cmd = nvme_admin_command(OP_FEATURE_GET, 0, 0);
	uint32_t on;

	n->has_cache = dma_read8(&n->page, ID_VWC) & 1;
	if (!n->has_cache)
		return;
	cmd.dw[10] = FEATURE_CACHE;
	if (!nvme_admin_do(n, &cmd, &on))
		n->has_cache = on & 1;
}

static void times_take(struct nvme *n)
{
	n->shutdown_us = dma_read32(&n->page, ID_RTD3E);
	if (n->shutdown_us < SHUTDOWN_MIN_US)
		n->shutdown_us = SHUTDOWN_MIN_US;
	if (n->shutdown_us > SHUTDOWN_MAX_US)
		n->shutdown_us = SHUTDOWN_MAX_US;
}

int nvme_controller_identify(struct nvme *n)
{
	struct nvme_command cmd = nvme_identify_command(n, CNS_CONTROLLER, 0);
	uint8_t mdts;
	int err = nvme_admin_do(n, &cmd, NULL);

	if (err)
		return err;
	text_take(&n->page, ID_SERIAL, sizeof(n->serial) - 1, n->serial);
	text_take(&n->page, ID_MODEL, sizeof(n->model) - 1, n->model);
	mdts = dma_read8(&n->page, ID_MDTS);
	n->max_bytes = mdts && mdts < 20 && NVME_PAGE << mdts < BYTES_MAX ? NVME_PAGE << mdts : BYTES_MAX;
	n->nr_namespaces = dma_read32(&n->page, ID_NN);
	n->has_discard = dma_read16(&n->page, ID_ONCS) & ONCS_DISCARD;
	n->has_write_zeroes = dma_read16(&n->page, ID_ONCS) & ONCS_WRITE_ZEROES;
	n->has_sgl = dma_read32(&n->page, ID_SGLS) & 3;
	n->has_notices = n->version >= NVME_VERSION_LISTS && dma_read32(&n->page, ID_OAES) & EVENTS_NAMESPACES;
	n->has_attach = dma_read16(&n->page, ID_OACS) & OACS_NAMESPACES;
	n->controller_id = dma_read16(&n->page, ID_CNTLID);
	if (!(dma_read16(&n->page, ID_OACS) & OACS_DOORBELLS))
		n->shadow_on = false;
	times_take(n);
	cache_ask(n);
	return 0;
}

/* ---- Start: number of queues, events, queues, doorbells ---- */

static struct nvme_command queue_command(struct nvme *n, unsigned int nr)
{
	struct nvme_queue *q = &n->queues[1 + nr / 2];
	bool completions = !(nr % 2);
	struct nvme_command cmd = nvme_admin_command(completions ? OP_CQ_CREATE : OP_SQ_CREATE, 0,
					  q->memory.address + (completions ? q->cq_offset : 0));
	uint32_t vector = n->nr_vectors > 1 ? q->id : 0;

	cmd.dw[10] = (q->size - 1u) << 16 | q->id;
	cmd.dw[11] = completions ? vector << 16 | QUEUE_INTERRUPTS | QUEUE_CONTIGUOUS : (uint32_t)q->id << 16 | QUEUE_CONTIGUOUS;
	return cmd;
}

/* The command of a step; false: there is no such step. */
static bool start_command(struct nvme *n, unsigned int step, struct nvme_command *cmd)
{
	unsigned int nr = n->nr_queues;

	if (step == STEP_QUEUES) {
		*cmd = feature_set(FEATURE_QUEUES, (nr - 1) << 16 | (nr - 1));
	} else if (step == STEP_EVENTS) {
		*cmd = feature_set(FEATURE_EVENTS, EVENTS_SMART | (n->has_notices ? EVENTS_NAMESPACES : 0));
	} else if (step < STEP_CREATE + 2 * nr) {
		*cmd = queue_command(n, step - STEP_CREATE);
	} else if (step == STEP_CREATE + 2 * nr && n->shadow.length) {
		*cmd = nvme_admin_command(OP_DOORBELLS, 0, n->shadow.address);
		cmd->dw[8] = (uint32_t)n->events.address;
		cmd->dw[9] = (uint32_t)(n->events.address >> 32);
	} else {
		return false;
	}
	return true;
}

/* In probe there may be fewer queues than were asked for; later as many as there were. */
static int queues_granted(struct nvme *n, uint32_t result)
{
	unsigned int sq = (result & 0xffff) + 1, cq = (result >> 16) + 1, nr = sq < cq ? sq : cq;

	if (nr >= n->nr_queues)
		return 0;
	if (n->job == NVME_JOB_START)
		return -ENXIO;
	n->nr_queues = nr;
	return 0;
}

static int start_answer(struct nvme *n, unsigned int step)
{
	int err = nvme_errno(n->answer.status);

	if (step == STEP_QUEUES)
		return err ? err : queues_granted(n, n->answer.result);
	if (step == STEP_EVENTS)
		return 0;	/* none are sent, then */
	if (step < STEP_CREATE + 2 * n->nr_queues)
		return err;
	n->shadow_on = !err;
	return 0;
}

int nvme_start_step(struct nvme *n, unsigned int step)
{
	struct nvme_command cmd;
	int err;

	if (!start_command(n, step, &cmd))
		return -ENOENT;
	err = nvme_admin_do(n, &cmd, NULL);
	return err == -ETIMEDOUT ? err : start_answer(n, step);
}

/* ---- Jobs: strand 0 ---- */

static void job_send(struct nvme *n)
{
	struct nvme_command cmd;
	bool more = n->job == NVME_JOB_START ? start_command(n, n->job_step, &cmd) : nvme_scan_command(n, n->job_step, &cmd);
	enum nvme_job job = n->job;

	if (!more) {
		n->job = NVME_JOB_NONE;
		if (job == NVME_JOB_START)
			nvme_revived(n);
		return;
	}
	n->answer.done = false;
	n->job_deadline_us = time_now_us() + ADMIN_TIMEOUT_US;
	(void)admin_send(n, NVME_TAG_JOB, &cmd);	/* refused: the deadline sees to it */
}

void nvme_job_begin(struct nvme *n, enum nvme_job job)
{
	n->job = job;
	n->job_step = 0;
	job_send(n);
}

void nvme_job_next(struct nvme *n)
{
	int err = 0;

	if (n->job == NVME_JOB_NONE || !n->answer.done)
		return;
	if (n->job == NVME_JOB_START)
		err = start_answer(n, n->job_step);
	else
		nvme_scan_answer(n, n->job_step, n->answer.status);
	if (err) {
		device_fault(n->dev, "nvme controller does not start again, step", n->job_step);
		return;
	}
	n->job_step++;
	job_send(n);
}

static void event_handle(struct nvme *n, uint16_t status, uint32_t result)
{
	uint32_t type = result & 7, what = result >> 8 & 0xff;

	n->event_out = false;
	n->events_end = status;		/* not supported, or one too many */
	if (status)
		return;
	if (type == EVENT_NOTICE && what == NOTICE_NAMESPACES)
		n->scan_wanted = true;
	else if (type == EVENT_SMART || type == EVENT_ERROR)
		dev_warn(n->dev, "the controller reports %s, code=%u", type == EVENT_SMART ? "its health" : "an error", what);
}

/* ---- What the controller says of itself, straight into the request's page; and orders to it ---- */

static int info_command(struct nvme *n, const struct block_request *rq, struct nvme_command *cmd)
{
	bool order = BLOCK_INFO_KIND(rq->lba) == BLOCK_INFO_ATTACH || BLOCK_INFO_KIND(rq->lba) == BLOCK_INFO_DETACH;

	if (order && n->own.length) {
		*cmd = nvme_admin_command(OP_ATTACH, BLOCK_INFO_ARGUMENT(rq->lba), n->own.address);
		cmd->dw[10] = BLOCK_INFO_KIND(rq->lba) == BLOCK_INFO_DETACH;
		return 0;
	}
	*cmd = nvme_admin_command(OP_IDENTIFY, 0, rq->segments[0].address);
	switch (rq->lba) {
	case BLOCK_INFO_UNIT:
		cmd->dw[1] = n->units[rq->unit].id;
		return 0;
	case BLOCK_INFO_CONTROLLER:
		cmd->dw[10] = CNS_CONTROLLER;
		return 0;
	case BLOCK_INFO_HEALTH:
		*cmd = nvme_admin_command(NVME_OP_LOG_PAGE, ~0u, rq->segments[0].address);
		cmd->dw[10] = (HEALTH_BYTES / 4 - 1) << 16 | LOG_HEALTH;
		return 0;
	}
	return -EOPNOTSUPP;
}

static void info_send(struct nvme *n)
{
	struct nvme_command cmd = n->info_command;	/* sending puts an id into it */

	n->info_sent = admin_send(n, NVME_TAG_INFO, &cmd);
}

int nvme_info_submit(struct nvme *n, const struct block_request *rq)
{
	int err;

	if (rq->queue || rq->nr_segments != 1 || rq->segments[0].length != NVME_PAGE || rq->segments[0].address % NVME_PAGE)
		return -EINVAL;
	if (n->info_out)
		return -EBUSY;
	err = info_command(n, rq, &n->info_command);
	if (err)
		return err;
	n->info_out = true;
	n->info_sent = false;
	n->info_tag = rq->tag;
	if (nvme_state(n) == NVME_RUNNING)
		info_send(n);
	return 0;
}

void nvme_info_end(struct nvme *n, int status)
{
	if (!n->info_out)
		return;
	n->info_out = false;
	block_complete(n->dev, 0, n->info_tag, status);
}

/* An order that was carried out before, by a driver that died meanwhile, is as good. */
static int info_status(struct nvme *n, uint16_t status)
{
	bool order = (uint8_t)n->info_command.dw[0] == OP_ATTACH;

	if (order && status == (n->info_command.dw[10] ? SC_NOT_ATTACHED : SC_ATTACHED))
		status = 0;
	n->scan_wanted = n->scan_wanted || (order && !status);
	return nvme_errno(status);
}

void nvme_admin_done(struct nvme *n, uint32_t tag, uint16_t status, uint32_t result)
{
	if (tag == NVME_TAG_EVENT) {
		event_handle(n, status, result);
	} else if (tag == NVME_TAG_ABORT) {
		n->abort_out = false;
	} else if (tag == NVME_TAG_INFO && n->info_sent) {
		nvme_info_end(n, info_status(n, status));
	} else if (tag == NVME_TAG_JOB) {
		n->answer.done = true;
		n->answer.status = status;
		n->answer.result = result;
	}
}

/* One abort at a time; a wish that was not served ends with its deadline. */
static void aborts_send(struct nvme *n)
{
	for (unsigned int i = 1; i <= n->nr_queues && !n->abort_out; i++) {
		uint32_t wish = __atomic_exchange_n(&n->queues[i].abort_wish, 0, __ATOMIC_ACQ_REL);
		struct nvme_command cmd = nvme_admin_command(OP_ABORT, 0, 0);

		if (!wish)
			continue;
		cmd.dw[10] = wish << 16 | i;
		n->abort_out = admin_send(n, NVME_TAG_ABORT, &cmd);
	}
}

static void scan_look(struct nvme *n)
{
	bool due = n->scan_wanted || (n->rescan_us && time_now_us() > n->rescan_us);

	if (!due || n->job != NVME_JOB_NONE || !__atomic_load_n(&n->announced, __ATOMIC_ACQUIRE))
		return;
	n->scan_wanted = false;
	n->rescan_us = 0;
	nvme_job_begin(n, NVME_JOB_SCAN);
}

/* An event is asked for at most once a tick, so that a controller full of them keeps nobody busy. */
void nvme_admin_tick(struct nvme *n)
{
	struct nvme_command cmd = nvme_admin_command(OP_EVENT, 0, 0);

	aborts_send(n);
	if (n->info_out && !n->info_sent)
		info_send(n);
	if (!n->event_out && !n->events_end)
		n->event_out = admin_send(n, NVME_TAG_EVENT, &cmd);
	scan_look(n);
	if (n->job != NVME_JOB_NONE && time_now_us() > n->job_deadline_us) {
		dev_warn(n->dev, "no answer to an admin command, job=%u step=%u", (unsigned int)n->job, n->job_step);
		n->job = NVME_JOB_NONE;
		nvme_recover(&n->queues[1], -EIO);
	}
}
