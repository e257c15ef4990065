// SPDX-License-Identifier: GPL-2.0
/*
 * Queued invalidation (VT-d 4.1 section 6.5.2): one descriptor and a wait descriptor behind it, and the caller spins until the unit has
 * written the answer, 50 ms at most. The queue is empty between calls. A unit that failed once is dead: every later call fails at once.
 */
#include <asm/cpu.h>
#include <kernel/log.h>
#include <mm/page.h>
#include "vtd.h"

#define QUEUE_ENTRIES		256u	/* of 16 bytes: one page */
#define KIND_CONTEXT		1ull
#define KIND_PAGES		2ull
#define KIND_ENTRY		4ull
#define KIND_WAIT		5ull
#define SCOPE_ALL		(1ull << 4)
#define SCOPE_DOMAIN		(2ull << 4)
#define SCOPE_ONE		(3ull << 4)
#define ENTRY_ONE		(1ull << 4)
#define WAIT_WRITE		(1ull << 5)
#define FAULT_QUEUE		0x70u	/* queue, completion and time-out errors */

int vtd_queue_init(struct vtd_unit *u)
{
	spin_init(&u->lock, "vtd");
	u->queue = vtd_frame(vtd_coherent(u));
	u->answer = vtd_frame(true);
	if (!u->queue || !u->answer)
		return -ENOMEM;
	vtd_write64(u, REG_QUEUE_TAIL, 0);
	vtd_write64(u, REG_QUEUE, virt_to_phys(u->queue));
	return vtd_command(u, COMMAND_QUEUE, true);
}

/* lock held. */
static void queue_put(struct vtd_unit *u, uint64_t low, uint64_t high)
{
	uint64_t *entry = u->queue + u->tail * 2;

	entry[0] = low;
	entry[1] = high;
	vtd_write_back(entry, 16, vtd_coherent(u));
	u->tail = (u->tail + 1) % QUEUE_ENTRIES;
}

static int answer_wait(struct vtd_unit *u)
{
	time_ns_t end;

	if (likely(*u->answer == u->sequence))
		return 0;
	end = time_now() + VTD_WAIT_NS;
	while (*u->answer != u->sequence) {
		uint32_t errors = vtd_read(u, REG_FAULT_STATUS) & FAULT_QUEUE;

		if (!errors && time_now() < end) {
			cpu_relax();
			continue;
		}
		if (*u->answer == u->sequence)
			break;
		u->dead = true;
		log_err("iommu: unit at 0x%llx: invalidation %s, status=0x%x: asked no more", (unsigned long long)u->dmar->registers,
			errors ? "refused" : "timed out", errors);
		return errors ? -EIO : -ETIMEDOUT;
	}
	return 0;
}

static int queue_run(struct vtd_unit *u, uint64_t low, uint64_t high)
{
	uint64_t flags = spin_lock_irq(&u->lock);
	int err = u->dead ? -EIO : 0;

	if (!err) {
		u->sequence++;
		queue_put(u, low, high);
		queue_put(u, KIND_WAIT | WAIT_WRITE | (uint64_t)u->sequence << 32, virt_to_phys((void *)(uintptr_t)u->answer));
		vtd_write64(u, REG_QUEUE_TAIL, (uint64_t)u->tail << 4);
		err = answer_wait(u);
	}
	spin_unlock_irq(&u->lock, flags);
	return err;
}

int vtd_flush_contexts(struct vtd_unit *u)
{
	return queue_run(u, KIND_CONTEXT | SCOPE_ALL, 0);
}

int vtd_flush_context(struct vtd_unit *u, uint16_t domain, uint16_t source)
{
	return queue_run(u, KIND_CONTEXT | SCOPE_ONE | (uint64_t)domain << 16 | (uint64_t)source << 32, 0);
}

static uint64_t drains(const struct vtd_unit *u)
{
	return CAP_DRAINS(u->cap) << 6;
}

int vtd_flush_all(struct vtd_unit *u)
{
	return queue_run(u, KIND_PAGES | SCOPE_ALL | drains(u), 0);
}

int vtd_flush_domain(struct vtd_unit *u, uint16_t domain)
{
	return queue_run(u, KIND_PAGES | SCOPE_DOMAIN | drains(u) | (uint64_t)domain << 16, 0);
}

/* The unit takes naturally aligned powers of two of pages; what needs a larger one than it knows is the whole domain. */
int vtd_flush_pages(struct vtd_unit *u, uint16_t domain, uint64_t start, uint64_t length)
{
	uint64_t first = start >> PAGE_SHIFT, last = (start + length - 1) >> PAGE_SHIFT;
	unsigned int order = 0;

	while (first >> order != last >> order)
		order++;
	if (!(u->cap & CAP_PAGE_FLUSH) || order > CAP_FLUSH_ORDER(u->cap))
		return vtd_flush_domain(u, domain);
	return queue_run(u, KIND_PAGES | SCOPE_ONE | drains(u) | (uint64_t)domain << 16, first >> order << order << PAGE_SHIFT | order);
}

int vtd_flush_entries(struct vtd_unit *u)
{
	return queue_run(u, KIND_ENTRY, 0);
}

int vtd_flush_entry(struct vtd_unit *u, uint16_t index)
{
	return queue_run(u, KIND_ENTRY | ENTRY_ONE | (uint64_t)index << 32, 0);
}
