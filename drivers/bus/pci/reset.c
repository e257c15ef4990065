// SPDX-License-Identifier: GPL-2.0
/*
 * How a function is made quiet: by its class's own way, which ends with a bit that the device shows (recipe.c); else by function level
 * reset (PCI Express 4.0 section 6.6.2; conventional: Advanced Features ECN), else through D3hot and back (PCI power management 1.2 section
 * 5.4.1), else by a reset of the bus behind its own port (6.6.1, 7.5.1.3.13), where it must be alone. A recipe leaves configuration space
 * alone; around the other ways it is saved and restored. Why this order: decision 0007. "pci_reset=flr,bus" on the command line: these ways
 * only.
 */
#include <kernel/init.h>
#include <kernel/log.h>
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

#define EXP_FLAGS		2u
#define EXP_PORT_TYPE(flags)	((flags) >> 4 & 0xf)
#define EXP_ROOT_PORT		4u
#define EXP_DOWNSTREAM_PORT	6u
#define EXP_LNKCAP		0x0cu
#define EXP_LNKCAP_ACTIVE	0x00100000u	/* the link says whether it is active */
#define EXP_LNKSTA		0x12u
#define EXP_LNKSTA_ACTIVE	0x2000u
#define BRIDGE_CONTROL		0x3eu
#define BRIDGE_BUS_RESET	0x0040u
#define BUS_RESET_MS		2u		/* 6.6.1: at least 1 */
#define LINK_MS			1000u
#define READY_MS		1000u
#define NOT_READY		0x0001u		/* vendor of who asks to be asked again (2.3.2) */

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

/* ---- The bus behind its own port ---- */

/* The port that leads to nothing but this function; NULL: there is none. Asked of the bus: the list of functions is the hotplug thread's. */
static struct pci_function *own_port(const struct pci_function *f)
{
	struct pci_function *port = f->bridge, at = { .segment = f->segment, .bus = f->bus };
	uint32_t type, vendor;

	if (!port || !port->cap_exp || pci_read(port, PCI_SECONDARY_BUS, 1) != f->bus)
		return NULL;
	type = EXP_PORT_TYPE(pci_read(port, port->cap_exp + EXP_FLAGS, 2));
	if (type != EXP_ROOT_PORT && type != EXP_DOWNSTREAM_PORT)
		return NULL;
	for (unsigned int n = 0; n < 32 * 8; n++) {
		at.slot = (uint8_t)(n / 8);
		at.function = (uint8_t)(n % 8);
		vendor = pci_read(&at, PCI_VENDOR, 2);
		if (vendor && vendor != 0xffff && (at.slot != f->slot || at.function != f->function))
			return NULL;
	}
	return port;
}

static bool link_is_up(const struct pci_function *port)
{
	if (!(pci_read(port, port->cap_exp + EXP_LNKCAP, 4) & EXP_LNKCAP_ACTIVE))
		return true;
	return pci_read(port, port->cap_exp + EXP_LNKSTA, 2) & EXP_LNKSTA_ACTIVE;
}

/* It answers again, and no longer as a bus master: it has been reset. */
static bool wait_ready(const struct pci_function *f)
{
	uint32_t vendor = 0xffff;

	for (unsigned int ms = 0; ms < READY_MS; ms++) {
		vendor = pci_read(f, PCI_VENDOR, 2);
		if (vendor != 0xffff && vendor != NOT_READY)
			break;
		wait_ms(1);
	}
	return vendor == f->vendor && !(pci_read(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

static bool reset_by_bus(struct pci_function *f)
{
	struct pci_function *port = own_port(f);
	uint32_t control = f->cap_exp ? pci_read(f, f->cap_exp + EXP_DEVCTL, 2) : 0;
	bool ready;

	if (!port || !pci_port_hold(port))
		return false;
	pci_update16(port, BRIDGE_CONTROL, 0, BRIDGE_BUS_RESET);
	wait_ms(BUS_RESET_MS);
	pci_update16(port, BRIDGE_CONTROL, BRIDGE_BUS_RESET, 0);
	for (unsigned int ms = 0; ms < LINK_MS && !link_is_up(port); ms++)
		wait_ms(1);
	wait_ms(RESET_SETTLE_MS);
	ready = wait_ready(f);
	if (ready && f->cap_exp)
		pci_write(f, f->cap_exp + EXP_DEVCTL, 2, control);
	pci_port_release(port);
	return ready;
}

static void header_save(const struct pci_function *f, uint32_t *saved)
{
	for (unsigned int i = 0; i < HEADER_DWORDS; i++)
		saved[i] = pci_read(f, i * 4, 4);
}

/* BARs and the rest of the header; the command register last, with bus mastering and INTx as they were. */
static void header_restore(struct pci_function *f, const uint32_t *saved)
{
	for (unsigned int i = HEADER_DWORDS; i-- > 0;)
		if (i != PCI_COMMAND / 4)
			pci_write(f, i * 4, 4, saved[i]);
	pci_write(f, PCI_COMMAND, 2, saved[PCI_COMMAND / 4] & 0xffff);
}

/* In their order. A recipe leaves configuration space alone. */
static const struct way {
	const char *name;
	bool (*reset)(struct pci_function *f);
	bool keeps_header;
} ways[] = {
	{ "recipe", pci_stop_by_recipe, true }, { "flr", flr_exp, false }, { "flr", flr_af, false }, { "pm", reset_by_power, false },
	{ "bus", reset_by_bus, false },
};

static bool way_go(const struct way *w, struct pci_function *f)
{
	uint32_t saved[HEADER_DWORDS];

	if (w->keeps_header)
		return w->reset(f);
	header_save(f, saved);
	if (!w->reset(f))
		return false;
	header_restore(f, saved);
	return true;
}

int pci_reset_function(struct pci_function *f)
{
	char allowed[64];
	bool all = !cmdline_get("pci_reset", allowed, sizeof(allowed));

	if (f->header_type & 0x7f)
		return -EOPNOTSUPP;
	if (pci_read(f, PCI_VENDOR, 2) == 0xffff)
		return -ENODEV;	/* nobody is there any more */
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if ((!all && !strstr(allowed, ways[i].name)) || !way_go(&ways[i], f))
			continue;
		log_debug("pci %04x:%02x:%02x.%x: quiet by %s", f->segment, f->bus, f->slot, f->function, ways[i].name);
		return 0;
	}
	return -EOPNOTSUPP;
}
