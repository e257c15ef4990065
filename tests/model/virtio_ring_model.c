// SPDX-License-Identifier: GPL-2.0
/* The device's side of split and packed rings (virtio 1.2 sections 2.7 and 2.8), reached through DMA addresses only. */
#include <string.h>
#include "virtio_model.h"

#define DESC_NEXT	1
#define DESC_WRITE	2
#define DESC_INDIRECT	4
#define DESC_AVAIL	0x80
#define DESC_USED	0x8000

struct desc {
	uint64_t address;
	uint32_t length;
	uint16_t third, fourth;		/* split: flags, next; packed: id, flags */
};

static uint16_t get16(struct virtio_model *vm, uint64_t at)
{
	uint16_t value = 0;

	host_dma_read(vm->dev, at, &value, 2);
	return value;
}

static void put16(struct virtio_model *vm, uint64_t at, uint16_t value)
{
	host_dma_write(vm->dev, at, &value, 2);
}

static bool packed(const struct virtio_model *vm)
{
	return vm->accepted & MODEL_F_PACKED;
}

static bool event_idx(const struct virtio_model *vm)
{
	return vm->accepted & MODEL_F_EVENT_IDX;
}

static bool desc_read(struct virtio_model *vm, uint64_t at, struct desc *d)
{
	return !host_dma_read(vm->dev, at, d, sizeof(*d));
}

static bool piece_add(struct virtio_model *vm, struct model_request *rq, const struct desc *d, bool written)
{
	if (rq->nr == MODEL_CHAIN) {
		vm->confused++;
		return false;
	}
	rq->pieces[rq->nr++] = (struct model_piece){ d->address, d->length, written };
	return true;
}

/* A split chain from @index of the table at @table with @size entries. */
static bool split_chain(struct virtio_model *vm, struct model_request *rq, uint64_t table, uint32_t size, uint16_t index, bool inside)
{
	for (unsigned int steps = 0; steps < MODEL_CHAIN; steps++) {
		struct desc d;

		if (index >= size || !desc_read(vm, table + 16u * index, &d))
			return false;
		if (d.third & DESC_INDIRECT) {
			if (inside || d.third & DESC_NEXT || d.length % 16 || !(vm->accepted & MODEL_F_INDIRECT))
				return false;
			return split_chain(vm, rq, d.address, d.length / 16, 0, true);
		}
		if (!piece_add(vm, rq, &d, d.third & DESC_WRITE))
			return false;
		if (!(d.third & DESC_NEXT))
			return true;
		index = d.fourth;
	}
	return false;
}

/* Kept for the next one: a device makes thousands. Its pieces are written before they count. */
static struct model_request *request_get(struct virtio_model *vm)
{
	struct model_request *rq = vm->spare;

	if (!rq)
		return host_alloc(sizeof(*rq));
	vm->spare = rq->next;
	rq->id = rq->slots = 0;
	rq->nr = 0;
	return rq;
}

void model_request_put(struct virtio_model *vm, struct model_request *rq)
{
	rq->next = vm->spare;
	vm->spare = rq;
}

void model_requests_free(struct virtio_model *vm)
{
	while (vm->spare)
		host_free(request_get(vm));
}

static void hold(struct virtio_model *vm, struct model_queue *q, struct model_request *rq, bool good)
{
	if (good && q->nr_held < MODEL_HELD) {
		q->held[q->nr_held++] = rq;
		return;
	}
	vm->confused++;
	model_request_put(vm, rq);
}

static bool split_take(struct virtio_model *vm, struct model_queue *q)
{
	uint16_t avail = get16(vm, q->driver + 2);
	bool any = false;

	if ((uint16_t)(avail - q->last_avail) > q->size) {
		vm->confused++;
		return false;
	}
	for (; q->last_avail != avail; q->last_avail++) {
		struct model_request *rq = request_get(vm);

		rq->id = get16(vm, q->driver + 4 + 2u * (q->last_avail % q->size));
		hold(vm, q, rq, split_chain(vm, rq, q->desc, q->size, rq->id, false));
		any = true;
	}
	return any;
}

static bool indirect_packed(struct virtio_model *vm, struct model_request *rq, const struct desc *table)
{
	for (uint32_t i = 0; i < table->length / 16; i++) {
		struct desc d;

		if (!desc_read(vm, table->address + 16u * i, &d) || !piece_add(vm, rq, &d, d.fourth & DESC_WRITE))
			return false;
	}
	return table->length && table->length % 16 == 0;
}

static void slot_next(const struct model_queue *q, uint16_t *slot, bool *wrap)
{
	if (++*slot == q->size) {
		*slot = 0;
		*wrap = !*wrap;
	}
}

static bool packed_chain(struct virtio_model *vm, struct model_queue *q, struct model_request *rq)
{
	for (;;) {
		struct desc d;

		if (rq->slots == q->size || !desc_read(vm, q->desc + 16u * q->last_avail, &d))
			return false;
		slot_next(q, &q->last_avail, &q->avail_wrap);
		rq->slots++;
		rq->id = d.third;
		if (d.fourth & DESC_INDIRECT)
			return !(d.fourth & DESC_NEXT) && indirect_packed(vm, rq, &d);
		if (!piece_add(vm, rq, &d, d.fourth & DESC_WRITE))
			return false;
		if (!(d.fourth & DESC_NEXT))
			return true;
	}
}

static bool packed_take(struct virtio_model *vm, struct model_queue *q)
{
	bool any = false;

	for (unsigned int i = 0; i < q->size; i++) {
		uint16_t flags = get16(vm, q->desc + 16u * q->last_avail + 14);
		bool avail = flags & DESC_AVAIL, used = flags & DESC_USED;
		struct model_request *rq;

		if (avail != q->avail_wrap || used == q->avail_wrap)
			break;
		rq = request_get(vm);
		hold(vm, q, rq, packed_chain(vm, q, rq));
		any = true;
	}
	return any;
}

bool model_queue_take(struct virtio_model *vm, struct model_queue *q)
{
	return packed(vm) ? packed_take(vm, q) : split_take(vm, q);
}

/* When the driver shall notify next: at the next request. */
void model_notify_wish(struct virtio_model *vm, struct model_queue *q)
{
	if (packed(vm)) {
		put16(vm, q->device, (uint16_t)(q->last_avail | (q->avail_wrap ? 0x8000 : 0)));
		put16(vm, q->device + 2, event_idx(vm) ? 2 : 0);
	} else if (event_idx(vm)) {
		put16(vm, q->device + 4 + 8u * q->size, q->last_avail);
	}
}

static void split_used(struct virtio_model *vm, struct model_queue *q, uint32_t id, uint32_t length)
{
	uint32_t entry[2] = { id, length };

	host_dma_write(vm->dev, q->device + 4 + 8u * (q->used_index % q->size), entry, 8);
	q->used_index++;
	if (vm->lies.index_jump) {
		q->used_index = (uint16_t)(q->used_index + vm->lies.index_jump);
		vm->lies.index_jump = 0;
	}
	put16(vm, q->device + 2, q->used_index);
}

static void packed_used(struct virtio_model *vm, struct model_queue *q, uint32_t id, uint32_t length, uint16_t slots)
{
	uint64_t at = q->desc + 16u * q->used_slot;

	host_dma_write(vm->dev, at + 8, &length, 4);
	put16(vm, at + 12, (uint16_t)id);
	put16(vm, at + 14, q->used_wrap ? DESC_AVAIL | DESC_USED : 0);
	for (uint16_t i = 0; i < slots; i++)
		slot_next(q, &q->used_slot, &q->used_wrap);
}

static void used_put(struct virtio_model *vm, struct model_queue *q, uint32_t id, uint32_t length, uint16_t slots)
{
	if (packed(vm))
		packed_used(vm, q, id, length, slots);
	else
		split_used(vm, q, id, length);
	q->pending_signal = (uint16_t)(q->pending_signal + (packed(vm) ? slots : 1));
}

void model_queue_answer(struct virtio_model *vm, struct model_queue *q, struct model_request *rq, uint32_t length)
{
	uint32_t id = rq->id;

	if (vm->lies.bad_lengths) {
		vm->lies.bad_lengths--;
		length = vm->lies.bad_length;
	}
	if (vm->lies.bad_ids) {
		vm->lies.bad_ids--;
		id = vm->lies.bad_id;
	}
	used_put(vm, q, id, length, rq->slots);
	q->completions++;
	if (vm->lies.doubles) {
		vm->lies.doubles--;
		used_put(vm, q, id, length, rq->slots);
	}
}

static bool passed(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

static bool split_wants(struct virtio_model *vm, struct model_queue *q)
{
	if (!event_idx(vm))
		return !(get16(vm, q->driver) & 1);
	return passed(get16(vm, q->driver + 4 + 2u * q->size), q->used_index, (uint16_t)(q->used_index - q->pending_signal));
}

static bool packed_wants(struct virtio_model *vm, struct model_queue *q)
{
	uint16_t flags = get16(vm, q->driver + 2) & 3, event = get16(vm, q->driver), at = event & 0x7fff;

	if (flags != 2)
		return flags == 0;
	if (!!(event & 0x8000) != q->used_wrap)
		at = (uint16_t)(at - q->size);
	return passed(at, q->used_slot, (uint16_t)(q->used_slot - q->pending_signal));
}

/* Interrupt for the answers since the last time, if the driver wants it. */
void model_queue_signal(struct virtio_model *vm, struct model_queue *q)
{
	bool wanted = q->pending_signal && (packed(vm) ? packed_wants(vm, q) : split_wants(vm, q));

	q->pending_signal = 0;
	if (wanted && !vm->lies.no_interrupts)
		model_interrupt(vm, q->vector, 1);
}

void model_queue_reset(struct virtio_model *vm, struct model_queue *q)
{
	unsigned int notifies = q->notifies, completions = q->completions;

	while (q->nr_held)
		model_request_put(vm, q->held[--q->nr_held]);
	memset(q, 0, offsetof(struct model_queue, held));
	q->avail_wrap = q->used_wrap = true;
	q->vector = 0xffff;
	q->notifies = notifies;
	q->completions = completions;
}
