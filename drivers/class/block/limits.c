// SPDX-License-Identifier: GPL-2.0
/* What a driver says of its disk, checked. Pure. */
#include "core.h"

#define FLAGS_KNOWN	(BLOCK_RO | BLOCK_HAS_FLUSH | BLOCK_HAS_FUA | BLOCK_HAS_DISCARD | BLOCK_HAS_WRITE_ZEROES | BLOCK_ROTATIONAL | \
			 BLOCK_HAS_INFO | BLOCK_INFO_COPIED)
#define BYTES_MAX	(1ull << 62)

static bool power_of_two(uint32_t v)
{
	return v && !(v & (v - 1));
}

/* Together with a shorter segment length it could leave no way to cut. */
static bool boundary_ok(const struct block_limits *l)
{
	if (!l->segment_boundary)
		return true;
	return power_of_two(l->segment_boundary) && l->segment_boundary >= 512 && l->segment_boundary <= 65536 && !l->max_segment_bytes;
}

static bool prefix_ok(const char *prefix)
{
	size_t n = strnlen(prefix, 8);

	if (!n || n == 8)
		return false;
	for (size_t i = 0; i < n; i++)
		if (prefix[i] < 'a' || prefix[i] > 'z')
			return false;
	return true;
}

static bool serial_ok(const char *serial)
{
	size_t n = strnlen(serial, 64);

	for (size_t i = 0; i < n; i++)
		if (serial[i] < ' ' || serial[i] > '~')
			return false;
	return n < 64;
}

int block_limits_check(const struct block_limits *l, unsigned int nr_strands, const char **field)
{
	*field = NULL;
	if (!power_of_two(l->block_size) || l->block_size < 512 || l->block_size > 4096)
		*field = "block_size";
	else if (l->nr_blocks > BYTES_MAX / l->block_size)
		*field = "nr_blocks";
	else if (l->physical_block_size && (!power_of_two(l->physical_block_size) || l->physical_block_size < l->block_size))
		*field = "physical_block_size";
	else if (l->flags & ~FLAGS_KNOWN)
		*field = "flags";
	else if (!l->nr_queues || l->nr_queues > BLOCK_QUEUES_MAX || l->nr_queues > nr_strands)
		*field = "nr_queues";
	else if (l->first_queue > MIN(nr_strands, BLOCK_QUEUES_MAX) - l->nr_queues)
		*field = "first_queue";
	else if (l->unit >= BLOCK_UNITS_MAX)
		*field = "unit";
	else if (!l->queue_depth || l->queue_depth > BLOCK_DEPTH_MAX)
		*field = "queue_depth";
	else if (!l->max_segments || l->max_segments > BLOCK_SEGMENTS_MAX)
		*field = "max_segments";
	else if (l->max_segment_bytes && l->max_segment_bytes < l->block_size)
		*field = "max_segment_bytes";
	else if (!boundary_ok(l))
		*field = "segment_boundary";
	else if (!prefix_ok(l->prefix))
		*field = "prefix";
	else if (!serial_ok(l->serial))
		*field = "serial";
	return *field ? -EINVAL : 0;
}
