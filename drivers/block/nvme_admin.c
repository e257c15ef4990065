// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe admin commands (NVM Express 1.4, section 5): who the controller is, its namespaces, queues, doorbells in memory, events, aborts.
 * In probe they are waited for. Later they are jobs: one command after the other, each sent when the one before was answered, all on
 * strand 0, with a deadline that resets the controller. Left out: namespace management, firmware, security, features by namespace.
 */
#include <driver/log.h>
#include <driver/time.h>
#include <lib/string.h>
#include "nvme.h"

#define ADMIN_TIMEOUT_US	10000000

#define OP_LOG_PAGE		0x02
#define OP_SQ_CREATE		0x01
#define OP_CQ_CREATE		0x05
#define OP_IDENTIFY		0x06
#define OP_ABORT		0x08
#define OP_FEATURE_SET		0x09
#define OP_FEATURE_GET		0x0a
#define OP_EVENT		0x0c
#define OP_DOORBELLS		0x7c

#define CNS_NAMESPACE		0
#define CNS_CONTROLLER		1
#define CNS_ACTIVE		2
#define FEATURE_CACHE		0x06
#define FEATURE_QUEUES		0x07
#define FEATURE_EVENTS		0x0b
#define LOG_HEALTH		0x02
#define LOG_NAMESPACES		0x04
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
#define ID_RTD3E		88
#define ID_OAES			92
#define ID_OACS			256
#define OACS_DOORBELLS		BIT(8)
#define ID_NN			516
#define ID_ONCS			520
#define ONCS_DISCARD		BIT(2)
#define ONCS_WRITE_ZEROES	BIT(3)
#define ID_VWC			525
#define ID_SGLS			536

/* Identify namespace (figure 245). */
#define NS_SIZE			0
#define NS_FEATURES		24
#define NSFEAT_OPTPERF		BIT(4)
#define NS_NR_FORMATS		25
#define NS_FORMAT		26
#define NS_DLFEAT		33
#define DLFEAT_ZEROES		1u		/* deallocated blocks read as zeroes */
#define DLFEAT_DEALLOCATE	BIT(3)
#define NS_NPWG			64
#define NS_ATTRIBUTES		99
#define NSATTR_PROTECTED	BIT(0)
#define NS_FORMATS		128

#define STEP_QUEUES		0
#define STEP_EVENTS		1
#define STEP_CREATE		2
#define SHUTDOWN_MIN_US		5000000u
#define SHUTDOWN_MAX_US		60000000u
#define BYTES_MAX		(NVME_LIST_BYTES / 8 * NVME_PAGE)
#define BLOCKS_MAX		BIT64(50)

static struct nvme_command command(uint8_t opcode, uint32_t nsid, uint64_t address)
{
	return (struct nvme_command){ .dw = { [0] = opcode, [1] = nsid, [6] = (uint32_t)address, [7] = (uint32_t)(address >> 32) } };
}

static struct nvme_command identify(const struct nvme *n, uint32_t cns, uint32_t nsid)
{
	struct nvme_command cmd = command(OP_IDENTIFY, nsid, n->page.address);

	cmd.dw[10] = cns;
	return cmd;
}

static struct nvme_command feature_set(uint32_t feature, uint32_t value)
{
	struct nvme_command cmd = command(OP_FEATURE_SET, 0, 0);

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
	struct nvme_command cmd = command(OP_FEATURE_GET, 0, 0);
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
	struct nvme_command cmd = identify(n, CNS_CONTROLLER, 0);
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
	n->has_notices = dma_read32(&n->page, ID_OAES) & EVENTS_NAMESPACES;
	if (!(dma_read16(&n->page, ID_OACS) & OACS_DOORBELLS))
		n->shadow_on = false;
	times_take(n);
	cache_ask(n);
	return 0;
}

/* ---- Namespaces ---- */

static uint32_t physical_size(const struct nvme *n, uint32_t block_size)
{
	uint32_t blocks = dma_read16(&n->page, NS_NPWG) + 1u;

	if (!(dma_read8(&n->page, NS_FEATURES) & NSFEAT_OPTPERF) || blocks & (blocks - 1) || blocks * block_size > 65536)
		return block_size;
	return blocks * block_size;
}

/* What the page says of a namespace; -EINVAL with a reason when it cannot be a disk here. */
static int namespace_read(const struct nvme *n, struct nvme_namespace *ns, const char **why)
{
	uint8_t format = dma_read8(&n->page, NS_FORMAT) & 15, dlfeat = dma_read8(&n->page, NS_DLFEAT);
	uint32_t type = dma_read32(&n->page, NS_FORMATS + 4u * format);
	uint32_t shift = type >> 16 & 0xff;

	ns->nr_blocks = dma_read64(&n->page, NS_SIZE);
	*why = NULL;
	if (format > dma_read8(&n->page, NS_NR_FORMATS))
		*why = "its format is not in its list";
	else if (type & 0xffff)
		*why = "blocks with metadata";
	else if (shift < 9 || shift > 12)
		*why = "its block size";
	else if (ns->nr_blocks > BLOCKS_MAX)
		*why = "its size";
	if (*why)
		return -EINVAL;
	ns->block_size = 1u << shift;
	ns->physical_block_size = physical_size(n, ns->block_size);
	ns->read_only = dma_read8(&n->page, NS_ATTRIBUTES) & NSATTR_PROTECTED;
	ns->zeroes_deallocate = dlfeat & DLFEAT_DEALLOCATE && (dlfeat & 7) == DLFEAT_ZEROES;
	return 0;
}

/* Ascending numbers, from the list or, before version 1.1, by counting. Zero ends it. */
static void ids_list(struct nvme *n, uint32_t *ids, unsigned int max)
{
	struct nvme_command cmd = identify(n, CNS_ACTIVE, 0);
	bool listed = n->version >= 0x10100 && !nvme_admin_do(n, &cmd, NULL);

	for (unsigned int i = 0; i < max; i++) {
		ids[i] = listed ? dma_read32(&n->page, i * 4) : i < n->nr_namespaces ? i + 1 : 0;
		if (!ids[i] || ids[i] == ~0u || (i && ids[i] <= ids[i - 1])) {
			ids[i] = 0;
			return;
		}
	}
}

int nvme_namespaces_identify(struct nvme *n, unsigned int max)
{
	uint32_t ids[BLOCK_UNITS_MAX];
	const char *why;

	ids_list(n, ids, max);
	for (unsigned int i = 0; i < max && ids[i]; i++) {
		struct nvme_namespace *ns = &n->units[n->nr_units];
		struct nvme_command cmd = identify(n, CNS_NAMESPACE, ids[i]);
		int err = nvme_admin_do(n, &cmd, NULL);

		if (err == -ETIMEDOUT)
			return err;
		if (err || namespace_read(n, ns, &why)) {
			dev_warn(n->dev, "namespace %u is left out: %s", ids[i], err ? "not identified" : why);
			continue;
		}
		ns->id = ids[i];
		if (ns->nr_blocks)
			n->nr_units++;
	}
	return (int)n->nr_units;
}

/* ---- Start: number of queues, events, queues, doorbells ---- */

static struct nvme_command queue_command(struct nvme *n, unsigned int nr)
{
	struct nvme_queue *q = &n->queues[1 + nr / 2];
	bool completions = !(nr % 2);
	struct nvme_command cmd = command(completions ? OP_CQ_CREATE : OP_SQ_CREATE, 0,
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
		*cmd = command(OP_DOORBELLS, 0, n->shadow.address);
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

/* ---- Scan: the list of what changed (reading it lets the next event come), then each namespace ---- */

static bool scan_command(struct nvme *n, unsigned int step, struct nvme_command *cmd)
{
	if (step > n->nr_units)
		return false;
	if (step) {
		*cmd = identify(n, CNS_NAMESPACE, n->units[step - 1].id);
		return true;
	}
	*cmd = command(OP_LOG_PAGE, ~0u, n->page.address);
	cmd->dw[10] = (NVME_PAGE / 4 - 1) << 16 | LOG_NAMESPACES;
	return true;
}

static void scan_answer(struct nvme *n, unsigned int step)
{
	struct nvme_namespace now = { 0 }, *ns = &n->units[step ? step - 1 : 0];
	const char *why = "it is gone";
	bool zero;

	if (!step)
		return;
	zero = !n->answer.status && !dma_read64(&n->page, NS_SIZE);	/* detached: the page is all zeroes */
	if (!zero && (n->answer.status || namespace_read(n, &now, &why) || now.block_size != ns->block_size)) {
		dev_warn(n->dev, "namespace %u changed beyond use: %s", ns->id, why ? why : "its block size");
		return;
	}
	if (now.nr_blocks == ns->nr_blocks)
		return;
	dev_info(n->dev, "namespace %u changed its size, blocks=%llu", ns->id, (unsigned long long)now.nr_blocks);
	ns->nr_blocks = now.nr_blocks;
	block_resize_unit(n->dev, step - 1, now.nr_blocks);
}

/* ---- Jobs: strand 0 ---- */

static void job_send(struct nvme *n)
{
	struct nvme_command cmd;
	bool more = n->job == NVME_JOB_START ? start_command(n, n->job_step, &cmd) : scan_command(n, n->job_step, &cmd);
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
		scan_answer(n, n->job_step);
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

/* ---- What the controller says of itself: straight into the request's page ---- */

static int info_command(struct nvme *n, const struct block_request *rq, struct nvme_command *cmd)
{
	*cmd = command(OP_IDENTIFY, 0, rq->segments[0].address);
	switch (rq->lba) {
	case BLOCK_INFO_UNIT:
		cmd->dw[1] = n->units[rq->unit].id;
		return 0;
	case BLOCK_INFO_CONTROLLER:
		cmd->dw[10] = CNS_CONTROLLER;
		return 0;
	case BLOCK_INFO_HEALTH:
		*cmd = command(OP_LOG_PAGE, ~0u, rq->segments[0].address);
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

void nvme_admin_done(struct nvme *n, uint32_t tag, uint16_t status, uint32_t result)
{
	if (tag == NVME_TAG_EVENT) {
		event_handle(n, status, result);
	} else if (tag == NVME_TAG_ABORT) {
		n->abort_out = false;
	} else if (tag == NVME_TAG_INFO && n->info_sent) {
		nvme_info_end(n, nvme_errno(status));
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
		struct nvme_command cmd = command(OP_ABORT, 0, 0);

		if (!wish)
			continue;
		cmd.dw[10] = wish << 16 | i;
		n->abort_out = admin_send(n, NVME_TAG_ABORT, &cmd);
	}
}

/* An event is asked for at most once a tick, so that a controller full of them keeps nobody busy. */
void nvme_admin_tick(struct nvme *n)
{
	struct nvme_command cmd = command(OP_EVENT, 0, 0);

	aborts_send(n);
	if (n->info_out && !n->info_sent)
		info_send(n);
	if (!n->event_out && !n->events_end)
		n->event_out = admin_send(n, NVME_TAG_EVENT, &cmd);
	if (n->scan_wanted && n->job == NVME_JOB_NONE) {
		n->scan_wanted = false;
		nvme_job_begin(n, NVME_JOB_SCAN);
	}
	if (n->job != NVME_JOB_NONE && time_now_us() > n->job_deadline_us) {
		dev_warn(n->dev, "no answer to an admin command, job=%u step=%u", (unsigned int)n->job, n->job_step);
		n->job = NVME_JOB_NONE;
		nvme_recover(&n->queues[1], -EIO);
	}
}
