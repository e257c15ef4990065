// SPDX-License-Identifier: GPL-2.0
/*
 * Cuts what users ask into what a driver takes: at most so many blocks and segments, whole blocks, physically contiguous neighbours as one
 * segment. Pure: the caller holds the strand.
 */
#include "core.h"

static bool op_has_data(uint8_t op)
{
	return op == BLOCK_READ || op == BLOCK_WRITE || op == BLOCK_INFO;
}

static uint64_t vec_bytes(const struct block_io *io)
{
	uint64_t sum = 0;

	if (likely(io->nr_vec == 1))
		return io->vec->page ? io->vec->length : 0;
	for (unsigned int i = 0; i < io->nr_vec; i++) {
		if (!io->vec[i].length || !io->vec[i].page)
			return 0;
		sum += io->vec[i].length;
	}
	return sum;
}

static bool flags_fit(const struct block_io *io)
{
	return io->flags == BLOCK_REQ_FUA ? io->op == BLOCK_WRITE : io->flags == BLOCK_REQ_UNMAP && io->op == BLOCK_WRITE_ZEROES;
}

static int op_supported(const struct block_limits *l, const struct block_io *io)
{
	if (io->op >= BLOCK_OP_COUNT || (io->flags && !flags_fit(io)))
		return -EINVAL;
	if (io->op == BLOCK_READ)
		return 0;
	if (l->flags & BLOCK_RO && io->op != BLOCK_FLUSH && io->op != BLOCK_INFO)
		return -EROFS;
	if (io->op == BLOCK_DISCARD && !(l->flags & BLOCK_HAS_DISCARD))
		return -EOPNOTSUPP;
	if (io->op == BLOCK_WRITE_ZEROES && !(l->flags & BLOCK_HAS_WRITE_ZEROES))
		return -EOPNOTSUPP;
	if (io->op == BLOCK_INFO && !(l->flags & BLOCK_HAS_INFO))
		return -EOPNOTSUPP;
	return 0;
}

int block_io_check(const struct block_limits *l, uint64_t nr_blocks, const struct block_io *io)
{
	bool plain = io->op <= BLOCK_WRITE && !(io->flags | (l->flags & BLOCK_RO));
	int err = likely(plain) ? 0 : op_supported(l, io);

	if (err)
		return err;
	if (likely(plain))
		goto range;
	if (io->op == BLOCK_FLUSH)
		return io->nr_blocks || io->nr_vec ? -EINVAL : 0;
	if (io->op == BLOCK_INFO)
		return io->nr_vec == 1 && vec_bytes(io) == BLOCK_INFO_BYTES && io->nr_blocks * l->block_size == BLOCK_INFO_BYTES ? 0 : -EINVAL;
range:
	if (!io->nr_blocks || io->lba >= nr_blocks || nr_blocks - io->lba < io->nr_blocks)
		return -EINVAL;
	if (!plain && !op_has_data(io->op))
		return io->nr_vec ? -EINVAL : 0;
	return io->vec && vec_bytes(io) == (uint64_t)io->nr_blocks * l->block_size ? 0 : -EINVAL;
}

/* Where a cut could end: after whole blocks. */
struct cut {
	unsigned int vec;
	uint32_t offset, bytes, last_length;
	uint16_t nr_segments;
};

/* How many bytes at @address still fit: into the last segment when it ends there, else into a new one. */
static uint32_t segment_room(const struct block_limits *l, const struct block_slot *slot, const struct cut *c, paddr_t address, bool *merge)
{
	uint32_t most = l->max_segment_bytes ? l->max_segment_bytes : UINT32_MAX;
	const struct dma_segment *last = c->nr_segments ? &slot->segments[c->nr_segments - 1] : NULL;

	*merge = last && last->address + last->length == address && last->length < most;
	if (*merge)
		return most - last->length;
	if (last && l->segment_boundary && (last->address + last->length) % l->segment_boundary)
		return 0;
	if (last && l->segment_boundary && address % l->segment_boundary)
		return 0;
	return c->nr_segments < l->max_segments ? most : 0;
}

static void segment_add(struct block_slot *slot, struct cut *c, paddr_t address, uint32_t length, bool merge)
{
	if (merge)
		slot->segments[c->nr_segments - 1].length += length;
	else
		slot->segments[c->nr_segments++] = (struct dma_segment){ .address = address, .length = length };
}

/* Past a block's end only in whole blocks, so that every end that counts is seen. */
static uint32_t whole_blocks(uint32_t take, uint32_t to_block, uint32_t block_size)
{
	return take > to_block ? to_block + (take - to_block) / block_size * block_size : take;
}

/* Go on in the io's pieces until @want bytes or no segment is left; keeps the last good end in @good. */
static void cut_data(const struct block_limits *l, bool cpu_data, const struct block_io *io, struct block_slot *slot, uint32_t want,
		     struct cut *good)
{
	struct cut c = *good;

	while (c.bytes < want && c.vec < io->nr_vec) {
		const struct block_vec *v = &io->vec[c.vec];
		paddr_t address = cpu_data ? 0 : page_paddr(v->page) + v->offset + c.offset;
		uint32_t take = MIN(v->length - c.offset, want - c.bytes);
		bool merge;

		if (!cpu_data)
			take = MIN(take, segment_room(l, slot, &c, address, &merge));
		take = whole_blocks(take, l->block_size - c.bytes % l->block_size, l->block_size);
		if (!take)
			break;
		if (!cpu_data)
			segment_add(slot, &c, address, take, merge);
		c.bytes += take;
		c.offset += take;
		if (c.offset == v->length) {
			c.vec++;
			c.offset = 0;
		}
		if (c.bytes % l->block_size)
			continue;
		c.last_length = c.nr_segments ? slot->segments[c.nr_segments - 1].length : 0;
		*good = c;
	}
}

/* Of one read or write. */
static uint32_t most_blocks(const struct block_limits *l)
{
	uint32_t most = l->max_request_blocks ? l->max_request_blocks : BLOCK_PIECE_BYTES / l->block_size;

	return MIN(most, (1u << 30) / l->block_size);
}

static uint32_t piece_blocks(const struct block_limits *l, const struct block_io *io)
{
	uint32_t left = io->nr_blocks - io->cut_blocks, most = 0;

	switch (io->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		most = most_blocks(l);
		break;
	case BLOCK_DISCARD:
		most = l->max_discard_blocks;
		break;
	case BLOCK_WRITE_ZEROES:
		most = l->max_write_zeroes_blocks;
		break;
	}
	return most ? MIN(left, most) : left;
}

/* All of the io is one stretch of memory that the driver takes as it is. */
static bool cut_is_whole(const struct block_limits *l, const struct block_io *io)
{
	if (io->op > BLOCK_WRITE || io->nr_vec != 1 || io->cut_blocks || io->cut_offset || io->flushing || io->torn)
		return false;
	if (l->max_request_blocks ? io->nr_blocks > l->max_request_blocks : io->vec->length > BLOCK_PIECE_BYTES)
		return false;
	return !l->max_segment_bytes || io->vec->length <= l->max_segment_bytes;
}

static void cut_whole(const struct block_limits *l, bool cpu_data, struct block_io *io, struct block_slot *slot)
{
	struct block_request *rq = &slot->rq;

	rq->op = io->op;
	rq->flags = l->flags & BLOCK_HAS_FUA ? io->flags : io->flags & (uint8_t)~BLOCK_REQ_FUA;
	rq->lba = io->lba;
	rq->nr_blocks = io->nr_blocks;
	rq->nr_segments = !cpu_data;
	rq->segments = slot->segments;
	if (!cpu_data) {
		slot->segments[0].address = page_paddr(io->vec->page) + io->vec->offset;
		slot->segments[0].length = io->vec->length;
		slot->segments[0].reserved = 0;
	}
	slot->vec = 0;
	slot->vec_offset = 0;
	slot->bytes = io->vec->length;
	io->cut_vec = 1;
	io->cut_blocks = io->nr_blocks;
}

int block_cut(const struct block_limits *l, bool cpu_data, struct block_io *io, struct block_slot *slot)
{
	struct block_request *rq = &slot->rq;
	struct cut good = { .vec = io->cut_vec, .offset = io->cut_offset };
	uint32_t blocks;

	if (likely(cut_is_whole(l, io))) {
		cut_whole(l, cpu_data, io, slot);
		return 0;
	}
	cpu_data |= io->op == BLOCK_INFO && l->flags & BLOCK_INFO_COPIED;
	rq->op = io->flushing ? BLOCK_FLUSH : io->op;
	rq->flags = l->flags & BLOCK_HAS_FUA ? io->flags : io->flags & (uint8_t)~BLOCK_REQ_FUA;
	rq->lba = rq->op == BLOCK_FLUSH ? 0 : io->lba + io->cut_blocks;
	rq->nr_blocks = 0;
	rq->nr_segments = 0;
	rq->segments = slot->segments;
	slot->vec = io->cut_vec;
	slot->vec_offset = io->cut_offset;
	slot->bytes = 0;
	if (rq->op == BLOCK_FLUSH) {
		rq->flags = 0;
		io->cut_blocks = io->nr_blocks;
		return 0;
	}
	blocks = piece_blocks(l, io);
	if (op_has_data(io->op)) {
		cut_data(l, cpu_data, io, slot, blocks * l->block_size, &good);
		if (!good.bytes)
			return -EINVAL;
		if (good.nr_segments)
			slot->segments[good.nr_segments - 1].length = good.last_length;
		blocks = good.bytes / l->block_size;
	}
	rq->nr_blocks = blocks;
	rq->nr_segments = good.nr_segments;
	slot->bytes = good.bytes;
	io->cut_vec = good.vec;
	io->cut_offset = good.offset;
	io->cut_blocks += blocks;
	if (io->torn && io->cut_blocks == io->nr_blocks)
		io->status = -EIO;
	return 0;
}

bool block_cut_more(const struct block_limits *l, bool cpu_data, struct block_io *io, struct block_slot *slot)
{
	struct dma_segment *last = slot->rq.nr_segments ? &slot->segments[slot->rq.nr_segments - 1] : NULL;
	struct cut good = { .nr_segments = slot->rq.nr_segments };
	uint32_t bytes = io->nr_blocks * l->block_size, length = last ? last->length : 0;

	if (most_blocks(l) < slot->rq.nr_blocks || most_blocks(l) - slot->rq.nr_blocks < io->nr_blocks)
		return false;
	cut_data(l, cpu_data, io, slot, bytes, &good);
	if (good.bytes != bytes) {
		if (last)
			last->length = length;
		return false;
	}
	slot->rq.nr_blocks += io->nr_blocks;
	slot->rq.nr_segments = good.nr_segments;
	slot->bytes += bytes;
	io->cut_blocks = io->nr_blocks;
	return true;
}
