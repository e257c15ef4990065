// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: one for each requester id, or for all functions behind a bridge that speaks for them (VT-d 4.1 section 3.4.1). A domain lives
 * for ever; its context entries (section 9.3) point to its tables while a driver is bound, and otherwise block with the reports off, so
 * that a dying device cannot flood anybody. list_lock guards the list and the ids given; the order is list, domain, unit.
 */
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <lib/format.h>
#include <mm/iommu.h>
#include <mm/page.h>
#include <mm/slab.h>
#include "vtd.h"

#define ENTRY_PRESENT		1ull
#define CONTEXT_QUIET		2ull	/* fault processing disable */
#define CONTEXT_DOMAIN_SHIFT	8
#define EXP_FLAGS		2u
#define EXP_TYPE_TO_PCI		7u
#define SECONDARY_BUS		0x19u

static struct list domains = LIST_INIT(domains);
static struct spinlock list_lock = SPINLOCK_INIT("vtd domains");
static uint16_t last_id;	/* 0 is reserved where absent entries are cached (section 6.1) */

/* ---- Who speaks for whom ---- */

static uint16_t source_id(const struct pci_function *f)
{
	return (uint16_t)(f->bus << 8 | f->slot << 3 | f->function);
}

static void source_add(struct vtd_source *s, uint16_t id)
{
	if (s->nr < VTD_SOURCES_MAX)
		s->ids[s->nr++] = id;
}

/* A bridge to conventional PCI takes requests over: as function 0 of the bus below it when it is express, else in its own name. */
void vtd_source_of(const struct pci_function *f, struct vtd_source *s)
{
	memset(s, 0, sizeof(*s));
	s->segment = f->segment;
	source_add(s, source_id(f));
	for (const struct pci_function *b = f->bridge; b; b = b->bridge) {
		if (!b->cap_exp) {
			source_add(s, source_id(b));
			s->by_bus = false;
		} else if ((pci_read(b, b->cap_exp + EXP_FLAGS, 2) >> 4 & 0xf) == EXP_TYPE_TO_PCI) {
			source_add(s, source_id(b));
			source_add(s, (uint16_t)(pci_read(b, SECONDARY_BUS, 1) << 8));
			s->by_bus = true;
		}
	}
}

bool vtd_scope_source(uint16_t segment, const struct dmar_scope *scope, uint16_t *source)
{
	struct pci_function f = { .segment = segment, .bus = scope->bus };

	for (unsigned int i = 0; i < scope->nr_hops; i++) {
		if (i) {
			uint32_t below = pci_read(&f, SECONDARY_BUS, 1);

			if (below <= f.bus || below >= 0xff)
				return false;
			f.bus = (uint8_t)below;
		}
		f.slot = scope->path[2 * i];
		f.function = scope->path[2 * i + 1];
	}
	*source = source_id(&f);
	return true;
}

/* Does @scope name @f, or a bridge above it? */
static bool scope_covers(const struct dmar_scope *scope, uint16_t segment, const struct pci_function *f)
{
	uint16_t source;

	if (!vtd_scope_source(segment, scope, &source))
		return false;
	if (scope->type == DMAR_ENDPOINT)
		return source == source_id(f);
	for (; scope->type == DMAR_BRIDGE && f; f = f->bridge)
		if (source == source_id(f))
			return true;
	return false;
}

static struct vtd_unit *unit_of(const struct pci_function *f)
{
	struct vtd_unit *rest = NULL;

	for (unsigned int i = 0; i < vtd_nr_units; i++) {
		struct vtd_unit *u = &vtd_units[i];
		struct dmar_scopes scopes = u->dmar->scopes;
		struct dmar_scope scope;

		if (u->dmar->segment != f->segment)
			continue;
		while (dmar_scope_next(&scopes, &scope))
			if (scope_covers(&scope, f->segment, f))
				return u;
		rest = u->dmar->include_all ? u : rest;
	}
	return rest;
}

/* ---- Context entries ---- */

/* The entry of @source, its table made when there is none; NULL: no memory. */
static uint64_t *context_of(struct vtd_unit *u, uint16_t source)
{
	uint64_t *root = u->root + (source >> 8) * 2, flags;
	uint64_t *table = vtd_frame(vtd_coherent(u));
	bool used = false;

	flags = spin_lock_irq(&u->lock);
	if (!(root[0] & ENTRY_PRESENT) && table) {
		root[0] = virt_to_phys(table) | ENTRY_PRESENT;
		vtd_write_back(root, 16, vtd_coherent(u));
		used = true;
	}
	spin_unlock_irq(&u->lock, flags);
	if (table && !used)
		page_put(page_of(virt_to_phys(table)));
	if (!(root[0] & ENTRY_PRESENT))
		return NULL;
	return (uint64_t *)phys_to_virt(root[0] & PAGE_MASK) + (source & 0xff) * 2;
}

/* Point @source to @d, or to nothing. d->lock held. */
static int context_set(struct iommu_domain *d, uint16_t source, bool open)
{
	uint64_t *e = context_of(d->unit, source);
	uint64_t high = (d->table.levels - 2) | (uint64_t)d->id << CONTEXT_DOMAIN_SHIFT;

	if (!e)
		return -ENOMEM;
	__atomic_store_n(&e[0], open ? 0 : CONTEXT_QUIET, __ATOMIC_RELEASE);
	vtd_write_back(e, 16, vtd_coherent(d->unit));
	e[1] = high;
	__atomic_store_n(&e[0], open ? d->table.root | ENTRY_PRESENT : CONTEXT_QUIET, __ATOMIC_RELEASE);
	vtd_write_back(e, 16, vtd_coherent(d->unit));
	return vtd_flush_context(d->unit, d->id, source);
}

/* It counts as open until the unit has forgotten all of it, so that nobody leaves out a flush. d->lock held. */
static int contexts_set(struct iommu_domain *d, bool open)
{
	int err = 0;

	WRITE_ONCE(d->open, true);
	for (unsigned int i = 0; i < d->nr_ids; i++) {
		int e = context_set(d, d->ids[i], open);

		err = err ? err : e;
	}
	if (!err)
		err = vtd_flush_domain(d->unit, d->id);
	if (!err)
		WRITE_ONCE(d->open, open);
	return err;
}

/* d->lock held. */
static void domain_ids_add(struct iommu_domain *d, const struct vtd_source *s)
{
	for (unsigned int i = 0; i < s->nr; i++) {
		unsigned int k = 0;

		while (k < d->nr_ids && d->ids[k] != s->ids[i])
			k++;
		if (k == d->nr_ids && k < VTD_SOURCES_MAX)
			d->ids[d->nr_ids++] = s->ids[i];
	}
}

/* ---- Making them ---- */

static struct iommu_domain *domain_find(uint16_t segment, uint16_t leader)
{
	struct iommu_domain *d;

	list_for_each(d, &domains, link)
		if (d->segment == segment && d->leader == leader)
			return d;
	return NULL;
}

static struct iommu_domain *domain_make(struct vtd_unit *u, uint16_t segment, uint16_t leader)
{
	struct iommu_domain *d = kzalloc(sizeof(*d));

	if (!d)
		return NULL;
	if (vtd_table_create(&d->table, u->levels, CAP_ADDRESS_BITS(u->cap), vtd_coherent(u))) {
		kfree(d);
		return NULL;
	}
	list_init(&d->link);
	spin_init(&d->lock, "vtd domain");
	d->unit = u;
	d->segment = segment;
	d->leader = leader;
	format_text(d->name, sizeof(d->name), "%04x:%02x:%02x.%x", segment, leader >> 8, leader >> 3 & 31, leader & 7);
	return d;
}

/* The domain of @leader, made when there is none. */
static struct iommu_domain *domain_get(struct vtd_unit *u, uint16_t segment, uint16_t leader)
{
	struct iommu_domain *fresh = domain_make(u, segment, leader), *d;
	uint64_t flags = spin_lock_irq(&list_lock);
	uint32_t ids = 1u << (4 + 2 * CAP_DOMAINS(u->cap));

	d = domain_find(segment, leader);
	if (!d && fresh && last_id + 1u < MIN(ids, 0x10000u)) {
		fresh->id = ++last_id;
		list_append(&domains, &fresh->link);
		d = fresh;
	}
	spin_unlock_irq(&list_lock, flags);
	if (fresh && d != fresh) {
		page_put(page_of(fresh->table.root));
		kfree(fresh);
	}
	return d;
}

void vtd_domains_each(void (*fn)(struct iommu_domain *d, void *arg), void *arg)
{
	struct iommu_domain *d;

	list_for_each(d, &domains, link)	/* only grows, at its end */
		fn(d, arg);
}

static int reserve_for(const struct dmar_reserved *r, uint16_t source)
{
	struct pci_function f = {
		.segment = r->segment, .bus = (uint8_t)(source >> 8), .slot = source >> 3 & 31, .function = source & 7,
	};
	struct vtd_source s = { .segment = r->segment, .nr = 1, .ids = { source } };
	struct vtd_unit *u = unit_of(&f);
	struct iommu_domain *d = u ? domain_get(u, r->segment, source) : NULL;
	int err;

	if (!d)
		return -ENODEV;
	err = vtd_table_map(&d->table, r->start, r->end - r->start);
	if (err)
		return err;
	domain_ids_add(d, &s);
	d->kept_open = true;
	return contexts_set(d, true);
}

int vtd_reserve(const struct dmar_reserved *r)
{
	struct dmar_scopes scopes = r->scopes;
	struct dmar_scope scope;
	uint16_t source;
	int err = 0;

	while (!err && dmar_scope_next(&scopes, &scope))
		if (vtd_scope_source(r->segment, &scope, &source))
			err = reserve_for(r, source);
	return err;
}

/* ---- For mm/iommu.c ---- */

static struct iommu_domain *domain_attach(struct device *dev)
{
	struct vtd_unit *u = dev->pci ? unit_of(dev->pci) : NULL;
	struct iommu_domain *d;
	struct vtd_source s;
	uint64_t flags;
	int err;

	if (!u)
		return ERR_PTR(-ENODEV);
	vtd_source_of(dev->pci, &s);
	d = domain_get(u, s.segment, s.ids[s.nr - 1]);
	if (!d)
		return ERR_PTR(-ENOMEM);
	flags = spin_lock_irq(&d->lock);
	domain_ids_add(d, &s);
	if (!d->users++ && d->table.pages && !d->kept_open)
		log_warn("iommu: device %s: %llu pages of its last driver are still mapped", dev->name, (unsigned long long)d->table.pages);
	err = contexts_set(d, true);
	if (err && !--d->users)
		contexts_set(d, false);
	spin_unlock_irq(&d->lock, flags);
	return err ? ERR_PTR(err) : d;
}

/* Where others share the id, or firmware uses the memory, it stays open: bus mastering is off, and the pages go one by one. */
static int domain_block(struct iommu_domain *d)
{
	uint64_t flags = spin_lock_irq(&d->lock);
	int err = 0;

	if (d->users && !--d->users && !d->kept_open)
		err = contexts_set(d, false);
	spin_unlock_irq(&d->lock, flags);
	return err;
}

static int domain_flush(struct iommu_domain *d, uint64_t start, uint64_t length)
{
	return READ_ONCE(d->open) ? vtd_flush_pages(d->unit, d->id, start, length) : 0;
}

static int domain_map(struct iommu_domain *d, uint64_t start, uint64_t length)
{
	uint64_t flags = spin_lock_irq(&d->lock);
	uint64_t before = d->table.pages;
	int err = vtd_table_map(&d->table, start, length);
	bool fresh = d->table.pages != before;

	spin_unlock_irq(&d->lock, flags);
	if (!err && fresh && d->unit->cap & CAP_WRITE_BUFFER)
		err = vtd_command(d->unit, COMMAND_WRITE_BUFFER, true);
	/* What was mapped for a moment is forgotten; and where absence is cached, so is that. */
	if (err || (fresh && d->unit->cap & CAP_CACHES_ABSENT))
		domain_flush(d, start, length);
	return err;
}

static bool domain_unmap(struct iommu_domain *d, uint64_t start, uint64_t length)
{
	uint64_t flags = spin_lock_irq(&d->lock);
	bool cleared = vtd_table_unmap(&d->table, start, length);

	spin_unlock_irq(&d->lock, flags);
	return cleared;
}

const struct iommu_ops vtd_ops = {
	.name = "VT-d", .attach = domain_attach, .block = domain_block, .map = domain_map, .unmap = domain_unmap, .flush = domain_flush,
};
