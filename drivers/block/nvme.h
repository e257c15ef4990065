/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the NVMe driver to each other (NVM Express 1.4): queues (nvme_queue.c), admin commands (nvme_admin.c), namespaces
 * (nvme_spaces.c), the controller's life (nvme_reset.c), disks (nvme.c). An I/O queue belongs to one strand and takes no lock; the admin
 * queue, all controller registers but the doorbells and who is at which place among the disks belong to strand 0; what other strands share
 * of a recovery, and whether a namespace is there, is atomic.
 */
#ifndef DRIVERS_BLOCK_NVME_H
#define DRIVERS_BLOCK_NVME_H

#include <driver/class/block.h>
#include <driver/mmio.h>

/* Controller registers (section 3.1). */
#define NVME_CAP	0x00
#define NVME_VS		0x08
#define NVME_INTMS	0x0c
#define NVME_INTMC	0x10
#define NVME_CC		0x14
#define NVME_CSTS	0x1c
#define NVME_AQA	0x24
#define NVME_ASQ	0x28
#define NVME_ACQ	0x30
#define NVME_DOORBELLS	0x1000
#define NVME_CSTS_RDY	0x1u
#define NVME_CSTS_CFS	0x2u
#define NVME_GONE	~0u		/* what a register that is not there reads as */

#define NVME_PAGE	4096u		/* CC.MPS 0 */
#define NVME_ENTRIES	128u		/* of an I/O queue at most; one less is in flight */
#define NVME_ADMIN_ENTRIES 16u
#define NVME_LIST_BYTES	1024u		/* for each tag: 128 PRP entries, or 64 SGL descriptors, or a range */
#define NVME_TAG_BITS	8		/* a command id is a tag and above it the number of times the tag was used */
#define NVME_ABORT_WISH	BIT(16)

#define NVME_SQE_BYTES	64u
#define NVME_CQE_BYTES	16u

#define NVME_OP_LOG_PAGE	0x02	/* of those that more than nvme_admin.c sends */
#define NVME_VERSION_LISTS	0x10100u	/* from here on a controller tells which namespaces are active */

/* Status: code type << 8 | code (section 4.6.1), as it stands in a completion without phase, retry and more bits. */
#define NVME_SC_INVALID_OPCODE	0x001
#define NVME_SC_ABORTED		0x007
#define NVME_SC_BAD_NAMESPACE	0x00b
#define NVME_SC_WRITE_PROTECTED	0x020
#define NVME_SC_CAPACITY	0x081
#define NVME_SC_READ_ONLY	0x182
#define NVME_STATUS_MASK	0x7ff

/* Runs; was told to stop and has not; is stopped, and every queue comes to rest; is told its queues again. */
enum nvme_state { NVME_RUNNING, NVME_STOPPING, NVME_PARKING, NVME_STARTING };
/* What the admin queue is busy with, one command after the other, on strand 0. */
enum nvme_job { NVME_JOB_NONE, NVME_JOB_START, NVME_JOB_SCAN };
enum nvme_admin_tag { NVME_TAG_JOB, NVME_TAG_EVENT, NVME_TAG_ABORT, NVME_TAG_INFO };

struct nvme;

struct nvme_command {
	uint32_t dw[16];
};

struct nvme_queue {
	struct nvme *n;
	struct dma_buf memory;		/* submission entries, completion entries, then a list for each tag */
	uint32_t cq_offset, lists_offset;
	uint16_t id, strand, size;	/* id 0: admin */
	uint16_t tail, rung;		/* next free submission entry; as far as the controller was told */
	uint16_t head;			/* next completion entry */
	bool phase, more;		/* what a new entry's phase bit is; a drain stopped at its limit */
	uint8_t sequence[NVME_ENTRIES];	/* by tag */
	uint64_t in_flight[NVME_ENTRIES / 64];
	uint32_t bad_completions;
	bool parked;			/* recovery: this queue rests */
	uint32_t parked_at;		/* revivals when it was parked */
	int failure;			/* what in-flight requests end with at recovery */
	bool aborting;			/* an abort of abort_id was asked for */
	uint16_t abort_id;
	uint64_t abort_deadline_us;
	uint32_t abort_wish;		/* for strand 0: NVME_ABORT_WISH | id; atomic */
};

/* A place among the disks. */
struct nvme_namespace {
	uint32_t present;		/* written by strand 0; atomic */
	uint32_t id, block_size, physical_block_size;
	uint64_t nr_blocks;
	uint64_t gone_us;		/* not present: since when; 0: it never was */
	bool read_only, zeroes_deallocate;
};

struct nvme {
	struct device *dev;
	struct mmio regs, doorbells;
	uint32_t stride;		/* bytes between doorbells */
	uint32_t ready_us;		/* CAP.TO */
	uint32_t shutdown_us;
	uint32_t timeout_ms;		/* of a request */
	uint16_t entries;		/* of an I/O queue */
	unsigned int nr_queues, nr_vectors;
	unsigned int nr_units;		/* that are present */
	struct nvme_queue *queues;	/* 0: admin, 1 + n: I/O queue of strand n */
	struct nvme_namespace *units;	/* BLOCK_UNITS_MAX */
	struct dma_buf page;		/* answers of identify and log pages */
	struct dma_buf own;		/* a list of controllers with this one alone; length 0: namespaces cannot be attached */
	struct dma_buf shadow, events;	/* doorbells in memory (section 5.7); length 0: none */
	bool shadow_on, armed, started;	/* started: the controller knows our memory */
	bool announced;			/* atomic: probe has told of all disks, scans may begin */
	/* What the controller says of itself. */
	uint32_t version, max_bytes, nr_namespaces;
	bool has_discard, has_write_zeroes, has_cache, has_sgl, has_notices, has_attach;
	uint16_t controller_id;
	uint8_t sgl;			/* when SGLs are used */
	char serial[21], model[41];
	/* Strand 0 only. */
	enum nvme_job job;
	unsigned int job_step;
	uint64_t job_deadline_us, stop_deadline_us;
	uint64_t rescan_us;		/* 0, or when to look for namespaces again */
	uint32_t scanned[BLOCK_UNITS_MAX];
	unsigned int nr_scanned;
	bool stopping, ready, scan_wanted, event_out, abort_out, events_end;
	bool info_out, info_sent;	/* a request for what the controller says of itself is here; it was sent */
	uint32_t info_tag;
	struct nvme_command info_command;
	struct {
		bool done;
		uint16_t status;
		uint32_t result;
	} answer;			/* to NVME_TAG_JOB */
	/* Shared between strands: atomic access only. */
	uint32_t state;			/* enum nvme_state */
	uint32_t nr_parked, revivals, recoveries;
};

/*
 * nvme_queue.c. Memory of a queue: allocate, free (probe, remove); forget everything in it. On the queue's strand: put a command in under
 * @tag (its id is set here), tell the controller, and hand over what it completed; true: there was something.
 */
int __must_check nvme_queue_create(struct nvme *n, struct nvme_queue *q, uint16_t id, uint16_t size, bool lists);
void nvme_queue_free(struct nvme_queue *q);
void nvme_queue_clear(struct nvme_queue *q);
int __must_check nvme_queue_add(struct nvme_queue *q, uint32_t tag, struct nvme_command *cmd);
void nvme_queue_ring(struct nvme_queue *q);
bool nvme_queue_drain(struct nvme_queue *q);
bool nvme_queue_busy(const struct nvme_queue *q, uint32_t tag);
uint16_t nvme_command_id(const struct nvme_queue *q, uint32_t tag);
/* The errno of a status without its flags. */
int nvme_errno(uint16_t status);

/*
 * nvme_admin.c. A command; one that fills n->page. In probe: run one to its end (-ETIMEDOUT, or the errno of its status); ask the
 * controller who it is, whether its cache is on.
 */
struct nvme_command nvme_admin_command(uint8_t opcode, uint32_t nsid, uint64_t address);
struct nvme_command nvme_identify_command(const struct nvme *n, uint32_t cns, uint32_t nsid);
int __must_check nvme_admin_do(struct nvme *n, struct nvme_command *cmd, uint32_t *result);
int __must_check nvme_controller_identify(struct nvme *n);
/* The steps after which the controller can do I/O. In probe, step by step; -ENOENT: there is no such step. */
int __must_check nvme_start_step(struct nvme *n, unsigned int step);
/* On strand 0: begin a job; see to the events; go on after a drain; the admin queue's completion. */
void nvme_job_begin(struct nvme *n, enum nvme_job job);
void nvme_job_next(struct nvme *n);
void nvme_admin_tick(struct nvme *n);
void nvme_admin_done(struct nvme *n, uint32_t tag, uint16_t status, uint32_t result);
/* BLOCK_INFO, one at a time (-EBUSY), as an admin command, at once or by the next tick; end it, if there is one. Strand 0. */
int __must_check nvme_info_submit(struct nvme *n, const struct block_request *rq);
void nvme_info_end(struct nvme *n, int status);

/*
 * nvme_spaces.c. In probe: find the namespaces (-ETIMEDOUT). As a job, on strand 0: the command of a step (false: there is none), its
 * answer.
 */
int __must_check nvme_namespaces_identify(struct nvme *n);
bool nvme_scan_command(struct nvme *n, unsigned int step, struct nvme_command *cmd);
void nvme_scan_answer(struct nvme *n, unsigned int step, uint16_t status);

/* nvme.c. The namespace at @place becomes a disk. Strand 0, or in probe. */
int __must_check nvme_disk_announce(struct nvme *n, unsigned int place);

/*
 * nvme_reset.c. In probe and remove: stop the controller (-ETIMEDOUT, -ENODEV: it may still use its memory), start it. On @q's
 * strand: reset the controller and fail what is in flight, @q's with @status; request @tag is overdue; the strand's timer.
 */
int nvme_controller_stop(struct nvme *n, bool shutdown);
int __must_check nvme_controller_start(struct nvme *n);
void nvme_recover(struct nvme_queue *q, int status);
void nvme_overdue(struct nvme_queue *q, uint32_t tag);
void nvme_tick(struct nvme *n, unsigned int strand);
/* The job of starting again is done. Strand 0. */
void nvme_revived(struct nvme *n);

/* The namespace at that place, unless it is gone. Any strand. */
static inline struct nvme_namespace *nvme_unit(struct nvme *n, unsigned int place)
{
	struct nvme_namespace *ns = place < BLOCK_UNITS_MAX ? &n->units[place] : NULL;

	return ns && __atomic_load_n(&ns->present, __ATOMIC_ACQUIRE) ? ns : NULL;
}

static inline enum nvme_state nvme_state(const struct nvme *n)
{
	return (enum nvme_state)__atomic_load_n(&n->state, __ATOMIC_ACQUIRE);
}

/* May this queue be rung and drained? On its strand. */
static inline bool nvme_queue_live(const struct nvme_queue *q)
{
	enum nvme_state state = nvme_state(q->n);

	return q->id ? state == NVME_RUNNING && !q->parked : state == NVME_RUNNING || (state == NVME_STARTING && q->n->ready);
}

#endif
