/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An NVMe controller in software (NVM Express 1.4), written from the device's side and sharing no code with the driver: registers, admin
 * and I/O queues, PRP lists and SGLs walked with bounds, doorbells in memory, MSI-X or a line, namespaces in memory. It can also
 * lie (struct nvme_lies), which real controllers do by mistake and hostile ones on purpose.
 */
#ifndef TESTS_MODEL_NVME_MODEL_H
#define TESTS_MODEL_NVME_MODEL_H

#include <host/host.h>

#define NVME_MODEL_QUEUES	9	/* the admin queue and eight more */
#define NVME_MODEL_SPACES	4
#define NVME_MODEL_HELD		128
#define NVME_MODEL_CONTROLLER	0x51	/* its number */

/* What the controller does wrong; counters go down at each use. */
struct nvme_lies {
	bool vanish;			/* all reads are ones, nothing happens */
	bool never_stops, never_starts;	/* CSTS.RDY stays what it was */
	bool fatal;			/* CSTS.CFS is set */
	bool stalls, stalls_admin;	/* takes I/O, admin commands and never answers */
	bool no_interrupts;
	bool no_events_index;		/* never tells how far it read the doorbells in memory */
	bool wild_head;			/* submission heads are nonsense */
	bool garbage;			/* answers of identify are noise of this seed */
	uint32_t garbage_seed;
	bool reverse;			/* completes in reverse order */
	bool queues_shrink;		/* grants one queue less at each start */
	unsigned int bad_ids;		/* this many completions carry bad_id instead */
	uint16_t bad_id;
	unsigned int stale_ids;		/* this many carry an older sequence number of their tag */
	unsigned int bad_queues;	/* this many name another submission queue */
	unsigned int doubles;		/* this many are sent twice */
	unsigned int bad_phases;	/* this many have the phase of the lap before */
	unsigned int bad_status;	/* this many I/O commands fail with status_value */
	uint16_t status_value;
	enum { LIST_HONEST, LIST_EMPTY, LIST_BACKWARDS, LIST_FULL } list;	/* active namespaces: none; in falling order; 1 to 1024 */
	uint8_t refuse_opcode;		/* this admin command is answered with refuse_status, when that is not 0 */
	uint16_t refuse_status;
};

struct nvme_model_space {
	uint64_t nr_blocks;		/* 0: no such namespace */
	uint32_t id;			/* 0: its place + 1 */
	uint8_t shift;			/* of the block size */
	uint16_t metadata;
	uint8_t format, nr_formats;	/* FLBAS, NLBAF */
	uint16_t preferred_write;	/* blocks - 1, when optperf */
	bool optperf, protect, deallocate;
	bool detached;			/* there, and not the controller's */
};

struct nvme_model_setup {
	uint32_t version;
	uint16_t max_entries;		/* CAP.MQES, from 0 */
	uint8_t timeout, stride, page_min, commands;	/* CAP.TO, DSTRD, MPSMIN, CSS */
	uint8_t mdts;
	uint16_t nr_queues;		/* I/O queues granted */
	bool shadow, cache, cache_on, sgl, discard, zeroes, notices, attach;
	unsigned int msix_vectors;	/* 0: line interrupt */
	const char *serial;
	uint64_t disk_max;		/* bytes that are there of a namespace; 0: 16 MiB */
	struct nvme_model_space spaces[NVME_MODEL_SPACES];
	unsigned int nr_cpus;
	struct host_param params[HOST_PARAMS];
	size_t memory_limit;
	const struct host_model_ops *ops;	/* NULL: nvme_model_ops; a fuzzer puts its own around them */
};

struct nvme_model_command {
	uint32_t dw[16];
};

struct nvme_model_queue {
	bool created, has_completions;
	uint16_t size, head, tail, cq;		/* submission; which completion queue it uses */
	uint64_t base;
	uint16_t cq_size, cq_head, cq_tail, vector;
	uint64_t cq_base;
	bool phase, interrupts;
	unsigned int doorbells, completions, nr_held;
	struct nvme_model_command held[NVME_MODEL_HELD];	/* last */
};

struct nvme_model {
	struct device *dev;
	struct nvme_model_setup setup;
	struct nvme_lies lies;
	uint8_t *disks[NVME_MODEL_SPACES];
	uint32_t cc, csts, aqa, masked;
	uint64_t asq, acq;
	enum irq_kind irq_kind;
	unsigned int nr_vectors;
	struct nvme_model_queue queues[NVME_MODEL_QUEUES];
	uint64_t shadow, events;		/* device addresses; 0: off */
	uint32_t event_config;
	bool event_asked, event_waits;
	uint16_t event_id;
	uint32_t event_result;
	bool notice_masked;			/* until its log page is read */
	bool aborts_work, hold, busy;
	unsigned int starts, shutdowns, flushes, fuas, discards, zeroes, deallocates, prps, sgls, aborts;
	unsigned int confused;			/* the driver did what the specification forbids */
};

/* The everyday controller: everything offered, one namespace of 2048 blocks of 512 bytes, 2 vectors. */
struct nvme_model_setup nvme_model_default(void);
/* NULL: no driver for it in this build, or no memory. Destroying ends the device too; it returns its number of problems. */
struct nvme_model *nvme_model_create(const struct nvme_model_setup *setup);
unsigned int nvme_model_destroy(struct nvme_model *m);
void nvme_model_free(struct nvme_model *m);

/*
 * Namespace @space has @blocks now, none: it is gone; or another controller attached it: say so. Any event. Interrupt although there is
 * nothing to say. Answer what is held, now.
 */
void nvme_model_resize(struct nvme_model *m, unsigned int space, uint64_t blocks);
void nvme_model_attach(struct nvme_model *m, unsigned int space, bool attach);
void nvme_model_event(struct nvme_model *m, uint32_t result);
void nvme_model_spurious(struct nvme_model *m);
void nvme_model_release(struct nvme_model *m);

extern const struct host_model_ops nvme_model_ops;

/* nvme_model_data.c. Move @length bytes between @data and where the command points; carry out an I/O command, write an identify page. */
uint16_t nvme_model_transfer(struct nvme_model *m, const struct nvme_model_command *cmd, uint8_t *data, uint64_t length, bool to_host);
uint16_t nvme_model_io(struct nvme_model *m, const struct nvme_model_command *cmd);
uint16_t nvme_model_identify(struct nvme_model *m, const struct nvme_model_command *cmd);
/* The namespace of that number, attached or not; -1. */
int nvme_model_space(const struct nvme_model *m, uint32_t id);
uint64_t nvme_model_bytes(const struct nvme_model *m, unsigned int space);

#endif
