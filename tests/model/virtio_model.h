/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio device in software (OASIS virtio 1.2), written from the device's side and sharing no code with the driver: PCI configuration
 * space, modern and legacy registers, split and packed rings, and what is behind them: a disk in memory, or a SCSI host with some. It can
 * also lie (struct virtio_lies), which real devices do by mistake and hostile ones on purpose.
 */
#ifndef TESTS_MODEL_VIRTIO_MODEL_H
#define TESTS_MODEL_VIRTIO_MODEL_H

#include <host/host.h>

#define MODEL_QUEUES	8
#define MODEL_CHAIN	160
#define MODEL_HELD	512

#define MODEL_F_SIZE_MAX	BIT64(1)
#define MODEL_F_SEG_MAX		BIT64(2)
#define MODEL_F_RO		BIT64(5)
#define MODEL_F_BLK_SIZE	BIT64(6)
#define MODEL_F_FLUSH		BIT64(9)
#define MODEL_F_TOPOLOGY	BIT64(10)
#define MODEL_F_CONFIG_WCE	BIT64(11)
#define MODEL_F_MQ		BIT64(12)
#define MODEL_F_DISCARD		BIT64(13)
#define MODEL_F_WRITE_ZEROES	BIT64(14)
#define MODEL_F_INDIRECT	BIT64(28)
#define MODEL_F_EVENT_IDX	BIT64(29)
#define MODEL_F_VERSION_1	BIT64(32)
#define MODEL_F_PACKED		BIT64(34)

/* What the device does wrong; counters go down at each use. */
struct virtio_lies {
	bool vanish;			/* all reads are ones, nothing happens */
	bool never_resets;		/* status stays what it was */
	bool refuses_features;
	bool stalls;			/* takes requests, never answers */
	bool no_interrupts;
	bool generation_spins;
	bool no_status;			/* leaves the status byte alone */
	bool config_torn;		/* capacity changes between two reads of it once */
	unsigned int bad_ids;		/* this many completions carry bad_id instead */
	uint32_t bad_id;
	unsigned int doubles;		/* this many completions are sent twice */
	unsigned int bad_lengths;	/* this many carry bad_length */
	uint32_t bad_length;
	unsigned int bad_status;	/* this many answers have status_value */
	uint8_t status_value;
	unsigned int index_jump;	/* added to the used index once */
	uint16_t queue_max;		/* instead of the true size; with queue_max_on */
	bool queue_max_on;
	uint16_t notify_off;		/* of every queue; with notify_off_on */
	bool notify_off_on;
	bool reverse;			/* completes held requests in reverse order */
};

struct virtio_model;
struct model_queue;
struct model_request;

/* What kind of device it is. */
struct virtio_model_class {
	uint16_t legacy_id, modern_id;
	void (*config_fill)(struct virtio_model *vm, uint8_t config[64]);
	/* Carry @rq out and answer it. */
	void (*answer)(struct virtio_model *vm, struct model_queue *q, struct model_request *rq);
	/* The same on queue 0, when that is for control; may be NULL. False: it keeps the request for good. */
	bool (*control)(struct virtio_model *vm, struct model_queue *q, struct model_request *rq);
	unsigned int first_queue;	/* buffers of those below are kept: control and events */
	void (*free)(struct virtio_model *vm);	/* may be NULL */
};
extern const struct virtio_model_class virtio_blk_class;

struct virtio_model_setup {
	const struct virtio_model_class *class;
	void *priv;			/* the class's */
	bool legacy_only, modern_only;	/* neither: transitional, both */
	uint64_t features;		/* offered */
	uint64_t sectors;
	uint32_t block_size, seg_max, size_max, physical_exp;
	uint16_t queue_size, nr_queues;
	uint32_t max_discard, max_zeroes;
	bool writeback;
	unsigned int msix_vectors;	/* 0: line interrupt */
	uint32_t notify_multiplier;
	const char *serial;
	bool awaited;			/* the driver is a successor */
	unsigned int nr_cpus;
	struct host_param params[HOST_PARAMS];
	size_t memory_limit;
	uint64_t dma_base;
	const struct host_model_ops *ops;	/* NULL: virtio_model_ops; a fuzzer puts its own around them */
};

struct model_queue {
	uint16_t size, vector, index;
	bool enabled, notified;
	uint64_t desc, driver, device;
	uint16_t last_avail, used_index, signalled;	/* split */
	bool avail_wrap, used_wrap;			/* packed */
	uint16_t used_slot, pending_signal;
	unsigned int notifies, completions, nr_held;
	/* Requests taken and not answered yet. */
	struct model_request {
		struct model_request *next;	/* of those nobody uses */
		uint16_t id, slots;		/* head or buffer id; ring slots it took (packed) */
		unsigned int nr;
		struct model_piece {
			uint64_t address;
			uint32_t length;
			bool written;
		} pieces[MODEL_CHAIN];
	} *held[MODEL_HELD];
};

struct virtio_model {
	struct device *dev;
	struct virtio_model_setup setup;
	struct virtio_lies lies;
	uint8_t pci[256];			/* configuration space; tests may change it before the probe */
	uint8_t *disk;
	uint64_t accepted;			/* features */
	uint32_t device_select, driver_select;
	uint8_t status, isr, generation;
	uint16_t queue_select, config_vector;
	enum irq_kind irq_kind;
	unsigned int nr_vectors;
	struct model_queue queues[MODEL_QUEUES];
	struct model_request *spare;
	unsigned int resets, flushes, discards, zeroes, confused;
	bool unmap_seen;
	bool hold;				/* keep requests until model_release() */
};

/* The everyday disk: transitional, everything offered, 2048 sectors, 3 vectors. */
struct virtio_model_setup virtio_model_default(void);
/* A device with this disk; the test owns it. NULL: no driver for it in this build, or no memory. */
struct virtio_model *virtio_model_create(const struct virtio_model_setup *setup);
/* Destroys the device too (host_close); returns its number of problems. */
unsigned int virtio_model_destroy(struct virtio_model *vm);
/* The model alone, its device is gone already. */
void virtio_model_free(struct virtio_model *vm);

/* The disk has @sectors now: change the configuration and interrupt. */
void virtio_model_resize(struct virtio_model *vm, uint64_t sectors);
/* Interrupt although there is nothing to say. */
void virtio_model_spurious(struct virtio_model *vm);
/* Set NEEDS_RESET and say so. */
void virtio_model_needs_reset(struct virtio_model *vm);
/* Answer what is held; do it now. */
void virtio_model_release(struct virtio_model *vm);

/* virtio_blk_model.c. Do what @q's requests ask for. */
void model_queue_work(struct virtio_model *vm, struct model_queue *q);

/* virtio_ring_model.c. Take the requests of @q; answer @rq; forget all. */
bool model_queue_take(struct virtio_model *vm, struct model_queue *q);
void model_queue_answer(struct virtio_model *vm, struct model_queue *q, struct model_request *rq, uint32_t length);
void model_queue_reset(struct virtio_model *vm, struct model_queue *q);
/* @rq is done with; what follows the last one's end. */
void model_request_put(struct virtio_model *vm, struct model_request *rq);
void model_requests_free(struct virtio_model *vm);
void model_queue_signal(struct virtio_model *vm, struct model_queue *q);
void model_notify_wish(struct virtio_model *vm, struct model_queue *q);

/* virtio_pci_model.c: registers and configuration space. */
extern const struct host_model_ops virtio_model_ops;
void model_pci_fill(struct virtio_model *vm, struct host_setup *host);
void model_reset(struct virtio_model *vm);
void model_interrupt(struct virtio_model *vm, uint16_t vector, uint8_t cause);

#endif
