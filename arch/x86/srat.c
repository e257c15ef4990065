// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of CPUs and memory as the firmware tells them: the SRAT (ACPI 6.4 section 5.2.16) and the SLIT (5.2.17). Both are a stranger's
 * bytes: entries are bounded, and what does not fit leaves the machine one node. Domains are numbered in the order of their memory.
 */
#include <asm/acpi.h>
#include <asm/vdso.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/node.h>

#define SRAT_HEADER	48u
#define SRAT_CPU	0
#define SRAT_MEMORY	1
#define SRAT_X2APIC	2
#define ENABLED		1u
#define SLIT_HEADER	44u
#define NEAR		10u
#define FAR		20u

struct srat_entry {
	uint8_t type, length;
	union {
		struct {
			uint8_t domain_low, apic_id;
			uint32_t flags;
			uint8_t eid, domain_high[3];
			uint32_t clock;
		} __packed cpu;
		struct {
			uint32_t domain;
			uint16_t reserved;
			uint64_t base, length;
			uint32_t reserved2, flags;
			uint64_t reserved3;
		} __packed memory;
		struct {
			uint16_t reserved;
			uint32_t domain, apic_id, flags;
			uint32_t clock, reserved2;
		} __packed x2apic;
	};
} __packed;

static uint32_t domains[NODES_MAX];
static unsigned int nr_domains;
static struct node_range ranges[NODE_RANGES_MAX];
static unsigned int nr_found;
static uint8_t distances[NODES_MAX][NODES_MAX];

/* The node of a domain; -1: not known. */
static int node_of_domain(uint32_t domain)
{
	for (unsigned int i = 0; i < nr_domains; i++)
		if (domains[i] == domain)
			return (int)i;
	return -1;
}

static bool overlaps(paddr_t start, paddr_t end)
{
	for (unsigned int i = 0; i < nr_found; i++)
		if (start < ranges[i].end && ranges[i].start < end)
			return true;
	return false;
}

/* False: the table is not to be believed, or more than there is room for. */
static bool memory_take(const struct srat_entry *e)
{
	paddr_t start = ALIGN_UP(e->memory.base, PAGE_SIZE), end = ALIGN_DOWN(e->memory.base + e->memory.length, PAGE_SIZE);
	int node = node_of_domain(e->memory.domain);

	if (!(e->memory.flags & ENABLED) || !e->memory.length)
		return true;
	if (e->memory.base + e->memory.length < e->memory.base || start >= end || overlaps(start, end) || nr_found == NODE_RANGES_MAX)
		return false;
	if (node < 0 && nr_domains == NODES_MAX)
		return false;
	if (node < 0) {
		node = (int)nr_domains;
		domains[nr_domains++] = e->memory.domain;
	}
	ranges[nr_found++] = (struct node_range){ start, end, (unsigned int)node };
	return true;
}

static void cpu_take(uint32_t apic_id, uint32_t domain)
{
	int node = node_of_domain(domain);

	for (unsigned int i = 0; i < nr_cpus; i++) {
		if (cpus[i].apic_id == apic_id && node >= 0) {
			cpus[i].node = (uint32_t)node;
			cpu_tell_number(&cpus[i]);
		}
	}
}

/* Memory first: it gives the nodes their numbers. */
static bool entries_take(const struct acpi_header *srat, bool memory)
{
	static const uint8_t sizes[] = { [SRAT_CPU] = 16, [SRAT_MEMORY] = 40, [SRAT_X2APIC] = 24 };
	const struct srat_entry *e;

	for (uint32_t at = SRAT_HEADER; at + 2 <= srat->length; at += e->length) {
		e = (const struct srat_entry *)((const char *)srat + at);
		if (e->length < 2 || e->length > srat->length - at || (e->type < sizeof(sizes) && e->length < sizes[e->type]))
			return false;
		if (memory && e->type == SRAT_MEMORY && !memory_take(e))
			return false;
		if (!memory && e->type == SRAT_CPU && e->cpu.flags & ENABLED)
			cpu_take(e->cpu.apic_id, e->cpu.domain_low | (uint32_t)e->cpu.domain_high[0] << 8 |
				 (uint32_t)e->cpu.domain_high[1] << 16 | (uint32_t)e->cpu.domain_high[2] << 24);
		if (!memory && e->type == SRAT_X2APIC && e->x2apic.flags & ENABLED)
			cpu_take(e->x2apic.apic_id, e->x2apic.domain);
	}
	return true;
}

/* A matrix of bytes by domain. */
static void slit_read(const struct acpi_header *slit)
{
	uint64_t n = 0;

	if (slit && slit->length >= SLIT_HEADER)
		memcpy(&n, (const char *)slit + SLIT_HEADER - 8, 8);
	for (unsigned int i = 0; i < nr_domains; i++)
		for (unsigned int k = 0; k < nr_domains; k++) {
			bool told = n <= 256 && domains[i] < n && domains[k] < n && slit->length >= SLIT_HEADER + n * n;
			uint8_t d = told ? ((const uint8_t *)slit)[SLIT_HEADER + domains[i] * n + domains[k]] : 0;

			distances[i][k] = d >= NEAR ? d : i == k ? NEAR : FAR;
		}
}

unsigned int node_distance(unsigned int from, unsigned int to)
{
	return distances[from][to] ? distances[from][to] : NEAR;
}

static int numa_init(void)
{
	const struct acpi_header *srat = acpi_table("SRAT");

	if (!srat)
		return 0;
	if (srat->length < SRAT_HEADER || !entries_take(srat, true)) {
		log_warn("numa: the SRAT makes no sense: one node");
		return 0;
	}
	slit_read(acpi_table("SLIT"));
	if (nr_domains < 2)
		return 0;
	(void)entries_take(srat, false);
	frame_set_nodes(ranges, nr_found, nr_domains);
	log_info("numa: %u nodes", nr_domains);
	return 0;
}
INITCALL("1core", numa_init);
