/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that lies near some CPUs and far from others: which frames are of which node, how far nodes are. */
#ifndef MM_NODE_H
#define MM_NODE_H

#include <kernel/types.h>

struct page;

#define NODES_MAX	8u
#define NODE_RANGES_MAX	16u

struct node_range {
	paddr_t start, end;	/* page aligned, end exclusive */
	unsigned int node;
};

/* Whose memory frames for programs are of: the default is that of the CPU that asks. */
struct mem_policy {
	uint8_t mode;		/* LINUX_MPOL_* */
	uint8_t nodes;		/* a bit for each; 0 for the default and the local one */
	uint8_t next;		/* interleaving: asked first */
	uint8_t home;		/* set_mempolicy_home_node: asked first, counted from 1; 0: none */
	bool failed;		/* binding: they had none left, though others had */
	uint16_t flags;		/* LINUX_MPOL_F_STATIC_NODES or RELATIVE_NODES */
	uint64_t asked;		/* the mask that came with those, to be told again */
};

extern unsigned int nr_nodes;	/* 1 where nothing says otherwise */

/*
 * From now on frames come from the node of the CPU that asks (or where its thread wants them), from others when that has none. Once, at
 * start-up, @nodes > 1; the ranges do not overlap.
 */
void frame_set_nodes(const struct node_range *ranges, unsigned int nr, unsigned int nodes);
/* Frames of a node in all and free. Any context. */
void node_frames(unsigned int node, uint64_t *total, uint64_t *free);
/* Of which node @page is. Any context. */
unsigned int page_node(const struct page *page);
/* As the SLIT tells it: 10 is near. */
unsigned int node_distance(unsigned int from, unsigned int to);

#endif
