// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's asynchronous I/O: the ring of events that a program finds at the address of its context, where it may look for them, and take them, without
 * a call. The kernel keeps a head and a tail of its own and believes the program's head only where that lies between.
 */
#include <mm/page.h>
#include <mm/slab.h>
#include "aio.h"

_Static_assert(sizeof(struct linux_aio_ring) == sizeof(struct linux_io_event) && PAGE_SIZE % sizeof(struct linux_io_event) == 0,
	       "no event crosses a page");

#define EVENTS_A_PAGE	((uint32_t)(PAGE_SIZE / sizeof(struct linux_io_event)))

static struct linux_aio_ring *header(const struct aio_context *c)
{
	return page_addr(c->object.pages[0]);
}

static struct linux_io_event *entry(const struct aio_context *c, uint32_t i)
{
	i++;	/* the header has the room of one */
	return (struct linux_io_event *)page_addr(c->object.pages[i / EVENTS_A_PAGE]) + i % EVENTS_A_PAGE;
}

int aio_ring_create(struct aio_context *c, uint32_t max)
{
	uint32_t nr_pages = (max + 1) / EVENTS_A_PAGE + 1;	/* one entry stays empty, and the header */

	c->object.pages = kcalloc(nr_pages, sizeof(*c->object.pages));
	if (!c->object.pages)
		return -ENOMEM;
	for (; c->object.nr_pages < nr_pages; c->object.nr_pages++) {
		c->object.pages[c->object.nr_pages] = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
		if (!c->object.pages[c->object.nr_pages])
			return -ENOMEM;
	}
	c->nr_entries = nr_pages * EVENTS_A_PAGE - 1;
	*header(c) = (struct linux_aio_ring){ .nr = c->nr_entries, .magic = LINUX_AIO_RING_MAGIC, .compat = 1,
					      .header_bytes = sizeof(struct linux_aio_ring) };
	return 0;
}

void aio_ring_free(struct aio_context *c)
{
	while (c->object.nr_pages)
		page_put(c->object.pages[--c->object.nr_pages]);
	kfree(c->object.pages);
}

void aio_ring_put(struct aio_context *c, const struct linux_io_event *event)
{
	*entry(c, c->tail) = *event;
	c->tail = (c->tail + 1) % c->nr_entries;
	__atomic_store_n(&header(c)->tail, c->tail, __ATOMIC_RELEASE);
}

uint32_t aio_ring_taken(struct aio_context *c)
{
	uint32_t head = __atomic_load_n(&header(c)->head, __ATOMIC_ACQUIRE) % c->nr_entries;
	uint32_t taken = (head + c->nr_entries - c->head) % c->nr_entries, there = (c->tail + c->nr_entries - c->head) % c->nr_entries;

	if (taken > there)
		return 0;
	c->head = head;
	return taken;
}

void aio_ring_take(struct aio_context *c, uint32_t nr)
{
	c->head = (c->head + nr) % c->nr_entries;
	__atomic_store_n(&header(c)->head, c->head, __ATOMIC_RELEASE);
}
