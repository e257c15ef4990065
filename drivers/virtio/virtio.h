/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtio library (OASIS virtio 1.2) for drivers in any world: it finds the transport (modern PCI or legacy ports), negotiates, and
 * runs split and packed rings. A driver sees neither the transport nor the ring format. Everything the device says is checked here.
 * A queue belongs to one strand and takes no lock (queues that share an interrupt share a strand); only the recovery state is shared
 * between strands, through atomics.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include <driver/dma.h>
#include <driver/irq.h>
#include <driver/mmio.h>
#include <driver/port.h>

/* Features of any device (section 6). */
#define VIRTIO_F_INDIRECT_DESC		BIT64(28)
#define VIRTIO_F_EVENT_IDX		BIT64(29)
#define VIRTIO_F_VERSION_1		BIT64(32)
#define VIRTIO_F_ACCESS_PLATFORM	BIT64(33)
#define VIRTIO_F_RING_PACKED		BIT64(34)
#define VIRTIO_F_ORDER_PLATFORM		BIT64(36)

/* Device status (section 2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE	0x01
#define VIRTIO_STATUS_DRIVER		0x02
#define VIRTIO_STATUS_DRIVER_OK		0x04
#define VIRTIO_STATUS_FEATURES_OK	0x08
#define VIRTIO_STATUS_NEEDS_RESET	0x40
#define VIRTIO_STATUS_FAILED		0x80

#define VIRTIO_NO_VECTOR		0xffff
#define VIRTIO_TAGS_MAX			256	/* requests in flight on one queue */
#define VIRTIO_RING_WISH		256	/* entries asked of a device that lets us choose */
#define VIRTIO_RING_MAX			32768
#define VIRTIO_DESC_BYTES		16

/* What an interrupt is about. */
#define VIRTIO_CAUSE_QUEUE		0x1u
#define VIRTIO_CAUSE_CONFIG		0x2u

/* Device is running; was told to reset and has not answered; waits for every queue to come to rest. */
enum virtio_state { VIRTIO_RUNNING, VIRTIO_RESETTING, VIRTIO_PARKING };

struct virtio_device;
struct virtio_queue;

/* One request: what the device reads first, the data, and what it writes last; a part of length 0 is left out. */
struct virtio_chain {
	struct dma_segment head;
	const struct dma_segment *data;
	unsigned int nr_data;
	bool data_written;		/* by the device */
	struct dma_segment tail;
};

/* How the device's registers are reached: pci.c (modern) or legacy.c. */
struct virtio_transport {
	const char *name;
	uint64_t (*features)(struct virtio_device *vd);
	void (*accept)(struct virtio_device *vd, uint64_t features);
	uint8_t (*status)(struct virtio_device *vd);
	void (*set_status)(struct virtio_device *vd, uint8_t status);
	uint8_t (*generation)(struct virtio_device *vd);
	/* A field of the device's own configuration, @size 1, 2 or 4; 0 past its end. */
	uint32_t (*config)(struct virtio_device *vd, uint32_t offset, uint32_t size);
	uint8_t (*isr)(struct virtio_device *vd);
	int (*config_vector)(struct virtio_device *vd, uint16_t vector);
	uint16_t (*queue_max)(struct virtio_device *vd, unsigned int index);
	int (*queue_enable)(struct virtio_queue *q);
	void (*notify)(struct virtio_queue *q);
	void (*unmap)(struct virtio_device *vd);
};

/* The format of a ring: queue.c (split) or packed.c. */
struct virtio_ring {
	const char *name;
	/* Bytes of a ring of @size; sets where the driver's and the device's area begin. */
	uint32_t (*layout)(struct virtio_queue *q, uint16_t size);
	/* Empty ring, in memory that is zeroes: the state at device reset. */
	void (*reset)(struct virtio_queue *q);
	int (*add)(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain);
	/* Show the device what was added; true: it wants a notification. */
	bool (*publish)(struct virtio_queue *q);
	/* Take one completion; false: none, or the ring became unusable (q->broken). */
	bool (*take)(struct virtio_queue *q, unsigned int *tag, uint32_t *length);
	/* Interrupts off (a hint to the device), and on again; the latter is true when completions came meanwhile. */
	void (*quiet)(struct virtio_queue *q);
	bool (*arm)(struct virtio_queue *q);
};

/* Book-keeping of one descriptor (split) or buffer id (packed); never visible to the device. */
struct virtio_slot {
	uint16_t count;			/* descriptors of the request that starts here; 0: none does */
	uint16_t tag;
	uint16_t next;			/* split: next free, or next of the chain */
};

struct virtio_queue {
	struct virtio_device *vd;
	const struct virtio_ring *ring;
	struct dma_buf memory;		/* descriptors, driver area, device area */
	uint32_t driver_area, device_area;
	uint16_t index, size, vector;
	uint16_t strand;		/* index, or 0 where all queues share one interrupt */
	uint32_t notify_offset;
	const struct dma_buf *tables;	/* indirect tables, one for each tag; NULL: direct descriptors */
	uint32_t tables_offset, table_bytes;
	bool event_idx, broken;
	bool armed;			/* before that, completions are for virtio_queue_wait(): no promise of quiet holds in probe */
	bool parked, resetting;		/* recovery: this queue rests; this queue wrote the reset */
	uint32_t parked_at;		/* revivals when it was parked */
	uint64_t deadline_us;		/* of that reset */
	uint16_t nr_slots, nr_free, free_head;
	uint16_t next_avail, published, added;
	uint16_t next_used;
	bool avail_wrap, used_wrap;	/* packed */
	int failure;			/* what in-flight requests end with at recovery */
	uint32_t bad_completions;
	struct virtio_slot *slots;
	uint64_t in_flight[VIRTIO_TAGS_MAX / 64];
};

struct virtio_device {
	struct device *dev;
	const struct virtio_transport *transport;
	uint64_t features;		/* negotiated */
	struct mmio common, notify, isr, config;	/* modern */
	uint32_t notify_multiplier;
	struct port ports;		/* legacy */
	bool msix;
	unsigned int nr_vectors, nr_queues;
	struct virtio_queue *queues;
	/*
	 * The driver's: request @tag ended. @status 0: the device returned it and says it wrote @length bytes; otherwise it was lost
	 * in a recovery. Set before the first request; called on the queue's strand.
	 */
	void (*done)(struct virtio_queue *q, unsigned int tag, int status, uint32_t length);
	/* Shared between strands: atomic access only. */
	uint32_t state;			/* enum virtio_state */
	uint32_t nr_parked;
	uint32_t revivals;		/* times the device was started again */
	uint32_t recoveries;		/* since the last good completion */
};

extern const struct virtio_transport virtio_modern, virtio_legacy;
extern const struct virtio_ring virtio_split, virtio_packed;

/* pci.c. Find and map the registers; -ENODEV when there is no usable set of them. probe only. */
int __must_check virtio_modern_map(struct virtio_device *vd);
int __must_check virtio_legacy_map(struct virtio_device *vd);

/*
 * device.c. virtio_attach: choose the transport (modern when both are there, unless @force_legacy), reset, and say hello.
 * virtio_negotiate: take what is in @wanted and offered. virtio_vectors: interrupts for up to @queues queues; returns for how many.
 * virtio_detach: reset and unmap; 0, or -ETIMEDOUT when the device may still use its memory. probe, remove.
 */
int __must_check virtio_attach(struct virtio_device *vd, struct device *dev, bool force_legacy);
int __must_check virtio_negotiate(struct virtio_device *vd, uint64_t wanted);
int __must_check virtio_vectors(struct virtio_device *vd, unsigned int queues);
int virtio_detach(struct virtio_device *vd);

/* Tell the device that the driver is ready. -EIO when it objects. probe and recovery. */
int __must_check virtio_start(struct virtio_device *vd);

/* Why interrupt @vector came: VIRTIO_CAUSE_ bits; 0: not this device. On the vector's strand. */
uint32_t virtio_cause(struct virtio_device *vd, unsigned int vector);

/* A 64-bit field of the device configuration, read without tearing. Any context. */
uint64_t virtio_config64(struct virtio_device *vd, uint32_t offset);

/* ring.c. The strands and rings of all queues: set up (@nr <= what virtio_vectors gave), free. probe, remove. */
int __must_check virtio_queues_create(struct virtio_device *vd, unsigned int nr);
void virtio_queues_free(struct virtio_device *vd);

/* Tell the device where the rings are and which vectors they use. probe and recovery. */
int __must_check virtio_queues_enable(struct virtio_device *vd);

/* Queue a request; -EBUSY: no room until a completion. Take one completion. Publish and notify. On the queue's strand. */
int __must_check virtio_queue_add(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain);
bool virtio_queue_take(struct virtio_queue *q, unsigned int *tag, uint32_t *length);
void virtio_queue_kick(struct virtio_queue *q);
bool virtio_queue_busy(const struct virtio_queue *q, unsigned int tag);

/* Poll for the one request in flight: 0 and its written @length, or -ETIMEDOUT. probe only. */
int __must_check virtio_queue_wait(struct virtio_queue *q, uint32_t timeout_us, uint32_t *length);

/* Let interrupts come, and with several queues start their watch. End of probe. */
void virtio_queues_arm(struct virtio_device *vd);

/*
 * Hand everything the device returned to done(); bounded, the strand's timer goes on when there is more. What the driver calls from
 * its irq, timer and timeout. virtio_queue_timeout: @tag is overdue; recover unless only its interrupt was lost. On @q's strand.
 */
void virtio_queue_drain(struct virtio_queue *q);
void virtio_queue_timer(struct virtio_queue *q);
/* The same for every queue of a strand that they may share. */
void virtio_strand_timer(struct virtio_device *vd, unsigned int strand);
void virtio_queue_timeout(struct virtio_queue *q, unsigned int tag);

/* recover.c. Reset the device and fail what is in flight with @status. On @q's strand. */
void virtio_recover(struct virtio_queue *q, int status);
/* Go on with a recovery, whichever queue began it; from the strand's timer and wherever a state other than running is seen. */
void virtio_recover_tick(struct virtio_queue *q);

static inline enum virtio_state virtio_state(const struct virtio_device *vd)
{
	return (enum virtio_state)__atomic_load_n(&vd->state, __ATOMIC_ACQUIRE);
}

static inline bool virtio_has(const struct virtio_device *vd, uint64_t feature)
{
	return (vd->features & feature) != 0;
}

static inline uint32_t virtio_chain_length(const struct virtio_chain *chain)
{
	return !!chain->head.length + chain->nr_data + !!chain->tail.length;
}

/* Part @i of the chain and whether the device writes it. */
static inline const struct dma_segment *virtio_chain_part(const struct virtio_chain *chain, unsigned int i, bool *written)
{
	unsigned int first = !!chain->head.length;

	*written = false;
	if (i < first)
		return &chain->head;
	*written = chain->data_written;
	if (i - first < chain->nr_data)
		return &chain->data[i - first];
	*written = true;
	return &chain->tail;
}

/* Section 2.7.10: did the other side's index @event pass between @old and @new? */
static inline bool virtio_event_passed(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

#endif
