/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to arch/x86/iommu: units, domains, registers (VT-d 4.1 chapter 11). Units and what is in them are made at start-up on one CPU
 * and only read afterwards, but for what a lock is named for. Lock order: domain, then unit.
 */
#ifndef IOMMU_VTD_H
#define IOMMU_VTD_H

#include <asm/iommu.h>
#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/time.h>
#include "vtd_dmar.h"
#include "vtd_table.h"

#define REG_VERSION		0x00
#define REG_CAP			0x08
#define REG_ECAP		0x10
#define REG_COMMAND		0x18
#define REG_STATUS		0x1c
#define REG_ROOT		0x20
#define REG_FAULT_STATUS	0x34
#define REG_FAULT_CONTROL	0x38
#define REG_FAULT_DATA		0x3c
#define REG_FAULT_ADDRESS	0x40
#define REG_FAULT_ADDRESS_HIGH	0x44
#define REG_PROTECTED		0x64
#define REG_QUEUE_TAIL		0x88
#define REG_QUEUE		0x90
#define REG_REMAP_TABLE		0xb8

/* Commands, and the status that answers each. */
#define COMMAND_TRANSLATE	(1u << 31)
#define COMMAND_ROOT		(1u << 30)
#define COMMAND_WRITE_BUFFER	(1u << 27)
#define COMMAND_QUEUE		(1u << 26)
#define COMMAND_REMAP		(1u << 25)
#define COMMAND_REMAP_TABLE	(1u << 24)
#define COMMAND_COMPATIBLE	(1u << 23)
#define COMMAND_STATES		(COMMAND_TRANSLATE | COMMAND_QUEUE | COMMAND_REMAP | COMMAND_COMPATIBLE)

#define CAP_DOMAINS(cap)	((cap) & 7)
#define CAP_WRITE_BUFFER	(1ull << 4)
#define CAP_PROTECTED		(3ull << 5)
#define CAP_CACHES_ABSENT	(1ull << 7)
#define CAP_3_LEVELS		(1ull << 9)
#define CAP_4_LEVELS		(1ull << 10)
#define CAP_ADDRESS_BITS(cap)	(((cap) >> 16 & 0x3f) + 1)
#define CAP_FAULT_OFFSET(cap)	(((cap) >> 24 & 0x3ff) * 16)
#define CAP_PAGE_FLUSH		(1ull << 39)
#define CAP_FAULTS(cap)		(((cap) >> 40 & 0xff) + 1)
#define CAP_FLUSH_ORDER(cap)	((cap) >> 48 & 0x3f)
#define CAP_DRAINS(cap)		((cap) >> 54 & 3)	/* writes, reads: as in the flush descriptor's bits 6 and 7 */

#define ECAP_COHERENT		1ull
#define ECAP_QUEUE		2ull
#define ECAP_REMAP		8ull

#define VTD_WAIT_NS		(50 * NSEC_PER_MSEC)
#define VTD_SOURCES_MAX		8u

struct pci_function;
struct iommu_ops;

struct vtd_unit {
	void *regs;
	const struct dmar_unit *dmar;
	uint64_t cap, ecap;
	unsigned int levels;
	uint64_t *root;			/* 256 root entries */
	uint32_t fault_offset, nr_faults;
	struct timer fault_timer;
	uint64_t faults;

	struct spinlock lock;		/* of the rest, and of context tables */
	uint64_t *queue;
	volatile uint32_t *answer;	/* the wait descriptor writes here */
	uint32_t tail, sequence;
	bool dead;			/* did not answer once: asked no more */
};

/* The ids that requests of a function carry: its own, and those of bridges that speak for it. The last is the domain's. */
struct vtd_source {
	uint16_t segment;
	unsigned int nr;
	uint16_t ids[VTD_SOURCES_MAX];
	bool by_bus;			/* interrupts: any id on the bus of the last */
};

struct iommu_domain {
	struct list link;
	struct vtd_unit *unit;
	uint16_t segment, leader, id;
	char name[16];

	struct spinlock lock;		/* of the rest */
	struct vtd_table table;
	unsigned int nr_ids, users;
	uint16_t ids[VTD_SOURCES_MAX];	/* that point to this domain */
	bool open, kept_open;		/* kept: reserved memory in it */
};

extern struct vtd_unit vtd_units[DMAR_UNITS_MAX];
extern unsigned int vtd_nr_units;
extern struct dmar vtd_dmar;
extern bool vtd_remaps;		/* interrupts are remapped */

static inline uint32_t vtd_read(const struct vtd_unit *u, uint32_t reg) { return *(volatile uint32_t *)((char *)u->regs + reg); }
static inline uint64_t vtd_read64(const struct vtd_unit *u, uint32_t reg) { return *(volatile uint64_t *)((char *)u->regs + reg); }
static inline void vtd_write(struct vtd_unit *u, uint32_t reg, uint32_t v) { *(volatile uint32_t *)((char *)u->regs + reg) = v; }
static inline void vtd_write64(struct vtd_unit *u, uint32_t reg, uint64_t v) { *(volatile uint64_t *)((char *)u->regs + reg) = v; }

static inline bool vtd_coherent(const struct vtd_unit *u) { return u->ecap & ECAP_COHERENT; }

/* vtd.c: a zeroed frame, seen by the unit; NULL. And a command, waited for: 0 or -ETIMEDOUT. */
void *vtd_frame(bool coherent);
int vtd_command(struct vtd_unit *u, uint32_t bit, bool on);

/* vtd_queue.c. Each waits until it is done; -ETIMEDOUT or -EIO, and then the unit is asked no more. Any context. */
int vtd_queue_init(struct vtd_unit *u);
int vtd_flush_contexts(struct vtd_unit *u);
int vtd_flush_context(struct vtd_unit *u, uint16_t domain, uint16_t source);
int vtd_flush_all(struct vtd_unit *u);
int vtd_flush_domain(struct vtd_unit *u, uint16_t domain);
int vtd_flush_pages(struct vtd_unit *u, uint16_t domain, uint64_t start, uint64_t length);
int vtd_flush_entries(struct vtd_unit *u);
int vtd_flush_entry(struct vtd_unit *u, uint16_t index);

/* vtd_domain.c */
extern const struct iommu_ops vtd_ops;
void vtd_source_of(const struct pci_function *f, struct vtd_source *s);
/* Let the devices of @r reach its memory: before translation goes on. */
int vtd_reserve(const struct dmar_reserved *r);
/* Bus, device and function at the end of @scope; false: a bridge on the way answers nonsense. */
bool vtd_scope_source(uint16_t segment, const struct dmar_scope *scope, uint16_t *source);
/* Calls @fn for each domain. */
void vtd_domains_each(void (*fn)(struct iommu_domain *d, void *arg), void *arg);

/* vtd_remap.c */
int vtd_remap_init(void);

/* vtd_fault.c: log and clear what was recorded before, then report by interrupt. */
int vtd_fault_start(struct vtd_unit *u);

#endif
