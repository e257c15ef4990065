// SPDX-License-Identifier: GPL-2.0
/*
 * Intel VT-d (architecture specification 4.1), legacy mode: found by the ACPI table DMAR and switched on before any driver is bound. All
 * units or none: with one that cannot be driven nothing is claimed. Left out: scalable mode, device TLBs (ATS), page requests, posted
 * interrupts, large pages. "iommu=off" leaves it alone, "iommu=nointremap" remaps DMA only.
 */
#include <asm/cpu.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/iommu.h>
#include <mm/page.h>
#include <mm/vmap.h>
#include "vtd.h"

struct vtd_unit vtd_units[DMAR_UNITS_MAX];
unsigned int vtd_nr_units;
struct dmar vtd_dmar;
bool vtd_remaps;
static bool translates;

void *vtd_frame(bool coherent)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_TABLE);

	if (!page)
		return NULL;
	vtd_write_back(page_addr(page), PAGE_SIZE, coherent);
	return page_addr(page);
}

/* One-shot bits read back as done or as the state that was asked for (section 11.4.4). */
int vtd_command(struct vtd_unit *u, uint32_t bit, bool on)
{
	bool want = bit == COMMAND_WRITE_BUFFER ? false : on;
	time_ns_t end = time_now() + VTD_WAIT_NS;
	uint64_t flags = spin_lock_irq(&u->lock);
	uint32_t states = vtd_read(u, REG_STATUS) & COMMAND_STATES;
	int err = 0;

	vtd_write(u, REG_COMMAND, on ? states | bit : states & ~bit);
	while (!(vtd_read(u, REG_STATUS) & bit) == want && !err) {
		if (time_now() > end)
			err = -ETIMEDOUT;
		cpu_relax();
	}
	spin_unlock_irq(&u->lock, flags);
	if (err)
		log_err("iommu: unit at 0x%llx: command 0x%x timed out", (unsigned long long)u->dmar->registers, bit);
	return err;
}

/* ---- One unit ---- */

static int unit_check(struct vtd_unit *u)
{
	if (u->cap == UINT64_MAX || !(u->ecap & ECAP_QUEUE))
		return -ENODEV;
	u->levels = u->cap & CAP_4_LEVELS ? 4 : u->cap & CAP_3_LEVELS ? 3 : 0;
	u->fault_offset = (uint32_t)CAP_FAULT_OFFSET(u->cap);
	u->nr_faults = (uint32_t)CAP_FAULTS(u->cap);
	return u->levels ? 0 : -ENODEV;
}

/* The registers are one page; fault records may lie in a later one. */
static int unit_map(struct vtd_unit *u, const struct dmar_unit *dmar)
{
	uint64_t bytes = PAGE_SIZE, records;

	u->dmar = dmar;
	spin_init(&u->lock, "vtd");
	u->regs = vmap_io(dmar->registers, bytes);
	if (!u->regs)
		return -ENOMEM;
	u->cap = vtd_read64(u, REG_CAP);
	u->ecap = vtd_read64(u, REG_ECAP);
	records = CAP_FAULT_OFFSET(u->cap) + CAP_FAULTS(u->cap) * 16;
	if (records > bytes && u->cap != UINT64_MAX) {
		vunmap(u->regs);
		u->regs = vmap_io(dmar->registers, ALIGN_UP(records, PAGE_SIZE));
	}
	return u->regs ? 0 : -ENOMEM;
}

/* Whatever the firmware left on goes off first. */
static int unit_quiet(struct vtd_unit *u)
{
	static const uint32_t order[] = { COMMAND_TRANSLATE, COMMAND_REMAP, COMMAND_QUEUE };
	uint32_t states = vtd_read(u, REG_STATUS);
	int err = 0;

	for (unsigned int i = 0; !err && i < ARRAY_SIZE(order); i++)
		if (states & order[i])
			err = vtd_command(u, order[i], false);
	return err;
}

static int unit_prepare(struct vtd_unit *u, const struct dmar_unit *dmar)
{
	int err = unit_map(u, dmar);

	if (!err)
		err = unit_check(u);
	if (!err)
		err = unit_quiet(u);
	if (err)
		return err;
	u->root = vtd_frame(vtd_coherent(u));
	if (!u->root)
		return -ENOMEM;
	err = vtd_queue_init(u);
	if (err)
		return err;
	vtd_write64(u, REG_ROOT, virt_to_phys(u->root));
	err = vtd_command(u, COMMAND_ROOT, true);
	if (!err)
		err = vtd_flush_contexts(u);
	return err ? err : vtd_flush_all(u);
}

static int unit_translate(struct vtd_unit *u)
{
	int err = vtd_command(u, COMMAND_TRANSLATE, true);

	if (!err && u->cap & CAP_PROTECTED)
		vtd_write(u, REG_PROTECTED, 0);
	return err;
}

/* ---- All of them ---- */

static int units_prepare(void)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < vtd_dmar.nr_units; i++) {
		err = unit_prepare(&vtd_units[i], &vtd_dmar.units[i]);
		if (err)
			log_warn("iommu: unit at 0x%llx cannot be driven: error %d", (unsigned long long)vtd_dmar.units[i].registers, err);
		else
			vtd_nr_units++;
	}
	for (unsigned int i = 0; !err && i < vtd_dmar.nr_reserved; i++)
		err = vtd_reserve(&vtd_dmar.reserved[i]);
	return err;
}

static void units_off(void)
{
	for (unsigned int i = 0; i < vtd_nr_units; i++) {
		vtd_command(&vtd_units[i], COMMAND_TRANSLATE, false);
		vtd_command(&vtd_units[i], COMMAND_REMAP, false);
	}
	vtd_nr_units = 0;
	vtd_remaps = false;
}

static int units_start(const char *option)
{
	int err = units_prepare();

	for (unsigned int i = 0; !err && i < vtd_nr_units; i++)
		err = unit_translate(&vtd_units[i]);
	if (err) {
		units_off();
		return err;
	}
	if (strcmp(option, "nointremap") && vtd_remap_init())
		log_warn("iommu: interrupts are not remapped: a device can still send any of them");
	return 0;
}

void iommu_init(void)
{
	const struct acpi_header *table = acpi_table("DMAR");
	char option[16] = "";
	int err;

	cmdline_get("iommu", option, sizeof(option));
	if (!table || !strcmp(option, "off")) {
		log_info("iommu: none%s: moved drivers have fault isolation only", table ? " (iommu=off)" : "");
		return;
	}
	err = dmar_parse(table, &vtd_dmar);
	if (!err)
		err = units_start(option);
	if (err) {
		log_warn("iommu: not used, error %d: moved drivers have fault isolation only", err);
		return;
	}
	translates = true;
	iommu_register(&vtd_ops);
	log_info("iommu: VT-d units=%u levels=%u reserved=%u interrupts=%s", vtd_nr_units, vtd_units[0].levels, vtd_dmar.nr_reserved,
		 vtd_remaps ? "remapped" : "not remapped");
}

/* ---- /proc/ferry/iommu ---- */

static void domain_show(struct iommu_domain *d, void *arg)
{
	seq_printf(arg, "domain %s id=%u state=%s ids=%u users=%u pages=%llu\n", d->name, d->id, d->open ? "open" : "blocked", d->nr_ids,
		   d->users, (unsigned long long)d->table.pages);
}

static void iommu_show(struct seq *s, void *priv)
{
	seq_printf(s, "dma %s\ninterrupts %s\n", translates ? "isolated" : "not isolated: fault isolation only",
		   vtd_remaps ? "remapped" : "not remapped");
	for (unsigned int i = 0; i < vtd_nr_units; i++)
		seq_printf(s, "unit 0x%llx levels=%u faults=%llu%s\n", (unsigned long long)vtd_units[i].dmar->registers, vtd_units[i].levels,
			   (unsigned long long)vtd_units[i].faults, vtd_units[i].dead ? " dead" : "");
	vtd_domains_each(domain_show, s);
}

static int vtd_late_init(void)
{
	for (unsigned int i = 0; translates && i < vtd_nr_units; i++)
		if (vtd_fault_start(&vtd_units[i]))
			log_warn("iommu: faults are not reported");
	return proc_create("ferry/iommu", 0444, iommu_show, NULL);
}
INITCALL("2fs", vtd_late_init);
