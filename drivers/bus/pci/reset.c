// SPDX-License-Identifier: GPL-2.0
/*
 * How a function is made quiet: by its class's own way, which ends with a bit that the device shows (recipe.c); else by function level
 * reset (PCI Express 4.0 section 6.6.2; conventional: Advanced Features ECN), else through D3hot and back (PCI power management 1.2 section
 * 5.4.1). Configuration space is saved before and restored after. Left out: secondary bus reset. Why this order: decision 0007.
 */
#include <kernel/thread.h>
#include <kernel/time.h>
#include "pci.h"

#define EXP_DEVCAP		4u
#define EXP_DEVCAP_FLR		(1u << 28)
#define EXP_DEVCTL		8u
#define EXP_DEVCTL_FLR		0x8000u
#define EXP_DEVSTA		10u
#define EXP_DEVSTA_PENDING	0x20u
#define AF_CAP			3u
#define AF_CAP_FLR		0x02u
#define AF_CONTROL		4u
#define AF_CONTROL_FLR		0x01u
#define PM_CONTROL		4u
#define PM_STATE		0x0003u
#define PM_NO_SOFT_RESET	0x0008u

#define STATUS_READY_AT_ONCE	0x0001u

#define RESET_SETTLE_MS		100u
#define PENDING_MS		100u
#define D3_SETTLE_MS		10u
#define HEADER_DWORDS		16u

static void wait_ms(unsigned int ms)
{
	time_ns_t until = time_now() + ms * NSEC_PER_MSEC;

	while (time_now() < until)
		sleep_until(until, false);
}

/* Immediate Readiness (7.5.1.1.4): the function says that nobody needs to wait. Without it nothing but time tells: 6.6.2. */
static void wait_reset(const struct pci_function *f)
{
	if (!(pci_read(f, PCI_STATUS, 2) & STATUS_READY_AT_ONCE))
		wait_ms(RESET_SETTLE_MS);
}

static bool flr_exp(struct pci_function *f)
{
	uint32_t control;

	if (!f->cap_exp || !(pci_read(f, f->cap_exp + EXP_DEVCAP, 4) & EXP_DEVCAP_FLR))
		return false;
	for (unsigned int i = 0; i < PENDING_MS && pci_read(f, f->cap_exp + EXP_DEVSTA, 2) & EXP_DEVSTA_PENDING; i++)
		wait_ms(1);
	control = pci_read(f, f->cap_exp + EXP_DEVCTL, 2);
	pci_write(f, f->cap_exp + EXP_DEVCTL, 2, control | EXP_DEVCTL_FLR);
	wait_reset(f);
	pci_write(f, f->cap_exp + EXP_DEVCTL, 2, control & ~EXP_DEVCTL_FLR);
	return true;
}

static bool flr_af(struct pci_function *f)
{
	uint8_t cap = pci_capability(f, PCI_CAP_ID_AF, 0);

	if (!cap || !(pci_read(f, cap + AF_CAP, 1) & AF_CAP_FLR))
		return false;
	pci_write(f, cap + AF_CONTROL, 1, AF_CONTROL_FLR);
	wait_reset(f);
	return true;
}

static bool reset_by_power(struct pci_function *f)
{
	uint32_t control;

	if (!f->cap_pm)
		return false;
	control = pci_read(f, f->cap_pm + PM_CONTROL, 2);
	if (control & PM_NO_SOFT_RESET)
		return false;
	pci_write(f, f->cap_pm + PM_CONTROL, 2, (control & ~PM_STATE) | 3);
	wait_ms(D3_SETTLE_MS);
	pci_write(f, f->cap_pm + PM_CONTROL, 2, control & ~PM_STATE);
	wait_ms(D3_SETTLE_MS);
	return true;
}

/* BARs and the rest of the header; the command register last, with bus mastering and INTx as they were. */
static void header_restore(struct pci_function *f, const uint32_t *saved)
{
	for (unsigned int i = HEADER_DWORDS; i-- > 0;)
		if (i != PCI_COMMAND / 4)
			pci_write(f, i * 4, 4, saved[i]);
	pci_write(f, PCI_COMMAND, 2, saved[PCI_COMMAND / 4] & 0xffff);
}

int pci_reset_function(struct pci_function *f)
{
	uint32_t saved[HEADER_DWORDS];

	if (f->header_type & 0x7f)
		return -EOPNOTSUPP;
	if (pci_read(f, PCI_VENDOR, 2) == 0xffff)
		return -ENODEV;	/* nobody is there any more */
	for (unsigned int i = 0; i < HEADER_DWORDS; i++)
		saved[i] = pci_read(f, i * 4, 4);
	if (!pci_stop_by_recipe(f) && !flr_exp(f) && !flr_af(f) && !reset_by_power(f))
		return -EOPNOTSUPP;
	header_restore(f, saved);
	return 0;
}
