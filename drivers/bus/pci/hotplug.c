// SPDX-License-Identifier: GPL-2.0
/*
 * Native hotplug behind PCI Express ports (PCI Express 4.0 sections 6.7 and 7.5.3.9 to 7.5.3.11): presence, link and attention button raise the
 * port's interrupt, and one thread does the rest: power, finding and adding the functions, or taking them away. What comes next is
 * decided in slot.c. Left out: mechanical latches, interlocks, power faults, ACPI's own hotplug (see Documentation/hotplug.md).
 *
 * Locks: events and user are atomics; everything else belongs to the thread, which after start-up is also the only one that changes the list
 * of functions. While somebody resets the bus behind a port, the port is his (pci_port_hold), and the thread comes back later.
 */
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/wait.h>
#include <mm/slab.h>
#include "pci.h"
#include "slot.h"

#define EXP_FLAGS		0x02u
#define EXP_FLAGS_SLOT		0x0100u
#define EXP_LNKCAP		0x0cu
#define EXP_LNKCAP_ACTIVE	0x00100000u	/* the link says whether it is active */
#define EXP_LNKSTA		0x12u
#define EXP_LNKSTA_ACTIVE	0x2000u
#define EXP_SLTCAP		0x14u
#define EXP_SLTCAP_POWER	0x00000002u
#define EXP_SLTCAP_HOTPLUG	0x00000040u
#define EXP_SLTCAP_NO_COMMAND	0x00040000u	/* commands complete at once */
#define EXP_SLTCTL		0x18u
#define EXP_SLTCTL_ENABLE	0x1029u		/* interrupts: button, presence, link, all of them */
#define EXP_SLTCTL_COMMANDS	0x0010u
#define EXP_SLTCTL_INDICATOR	0x0300u
#define EXP_SLTCTL_LIT		0x0100u
#define EXP_SLTCTL_BLINK	0x0200u
#define EXP_SLTCTL_DARK		0x0300u
#define EXP_SLTCTL_POWER_OFF	0x0400u
#define EXP_SLTSTA		0x1au

#define COMMAND_MS		1000u
#define LINK_MS			1000u
#define SETTLE_MS		100u		/* 6.6.1: from the link to the first configuration request */
#define POLL_NS			(500 * NSEC_PER_MSEC)	/* of a port without an interrupt */
#define CLEARS_MAX		8u

enum port_user { USER_NOBODY, USER_THREAD, USER_RESET };

struct port {
	struct list link;
	struct pci_function *f;
	struct slot slot;
	uint32_t events, user;		/* atomic; enum port_user */
	bool has_link, has_commands, has_irq;
	unsigned int number;
};

static struct list ports = LIST_INIT(ports);
static struct wait_queue ports_wait = WAIT_QUEUE_INIT(ports_wait, "pci hotplug");

/* ---- Registers ---- */

static uint32_t port_read(const struct port *p, uint32_t offset, uint32_t size)
{
	return pci_read(p->f, p->f->cap_exp + offset, size);
}

static uint32_t events_take(struct port *p)
{
	uint32_t all = 0, status;

	for (unsigned int i = 0; i < CLEARS_MAX; i++) {
		status = port_read(p, EXP_SLTSTA, 2) & SLOT_EVENTS;
		if (!status)
			break;
		pci_write(p->f, p->f->cap_exp + EXP_SLTSTA, 2, status);
		all |= status;
	}
	return all;
}

static void port_irq(void *arg, unsigned int vector)
{
	struct port *p = arg;

	__atomic_or_fetch(&p->events, events_take(p), __ATOMIC_SEQ_CST);
	wait_wake(&ports_wait, 0);
}

static void pause_ms(unsigned int ms)
{
	time_ns_t until = time_now() + ms * NSEC_PER_MSEC;

	while (time_now() < until)
		sleep_until(until, false);
}

/* A command at a time (6.7.3.2): write, wait until it is done. */
static void port_command(struct port *p, uint32_t clear, uint32_t set)
{
	pci_write(p->f, p->f->cap_exp + EXP_SLTSTA, 2, SLOT_COMMAND_DONE);
	pci_update16(p->f, p->f->cap_exp + EXP_SLTCTL, clear, set);
	for (unsigned int i = 0; p->has_commands && i < COMMAND_MS && !(port_read(p, EXP_SLTSTA, 2) & SLOT_COMMAND_DONE); i++)
		pause_ms(1);
}

static bool link_is_active(const struct port *p)
{
	return !p->has_link || port_read(p, EXP_LNKSTA, 2) & EXP_LNKSTA_ACTIVE;
}

static bool port_is_occupied(const struct port *p)
{
	bool on = p->slot.state == SLOT_ON || p->slot.state == SLOT_BLINKS_OFF;

	return port_read(p, EXP_SLTSTA, 2) & SLOT_PRESENT && (!on || link_is_active(p));
}

/* ---- Doing it ---- */

static void power_off(struct port *p)
{
	port_command(p, EXP_SLTCTL_INDICATOR, EXP_SLTCTL_POWER_OFF | EXP_SLTCTL_DARK);
}

static void power_on(struct port *p)
{
	unsigned int found = 0;

	port_command(p, EXP_SLTCTL_POWER_OFF | EXP_SLTCTL_INDICATOR, EXP_SLTCTL_BLINK);
	for (unsigned int i = 0; i < LINK_MS && !link_is_active(p); i++)
		pause_ms(1);
	pause_ms(SETTLE_MS);
	if (link_is_active(p))
		found = pci_functions_add_below(p->f);
	if (found) {
		port_command(p, EXP_SLTCTL_INDICATOR, EXP_SLTCTL_LIT);
		return;
	}
	log_warn("pci slot %u: a card is there, but no function answers", p->number);
	slot_failed(&p->slot);
	power_off(p);
}

static void port_act(struct port *p, enum slot_action action)
{
	switch (action) {
	case SLOT_NOTHING:
		return;
	case SLOT_BLINK:
		log_info("pci slot %u: button pressed: in 5 s, unless it is pressed again", p->number);
		port_command(p, EXP_SLTCTL_INDICATOR, EXP_SLTCTL_BLINK);
		return;
	case SLOT_STEADY:
		log_info("pci slot %u: button pressed again: it stays as it is", p->number);
		port_command(p, EXP_SLTCTL_INDICATOR, p->slot.state == SLOT_ON ? EXP_SLTCTL_LIT : EXP_SLTCTL_DARK);
		return;
	case SLOT_POWER_ON:
		log_info("pci slot %u: a card came", p->number);
		power_on(p);
		return;
	case SLOT_POWER_OFF:
		log_info("pci slot %u: taking the card out of use", p->number);
		pci_functions_remove_below(p->f, false);
		power_off(p);
		return;
	case SLOT_VANISHED:
		log_warn("pci slot %u: the card is gone without a word", p->number);
		pci_functions_remove_below(p->f, true);
		power_off(p);
		return;
	case SLOT_REPLACED:
		log_warn("pci slot %u: another card is there", p->number);
		pci_functions_remove_below(p->f, true);
		power_on(p);
		return;
	}
}

/* A port has one user at a time. */
static bool port_take(struct port *p, uint32_t user)
{
	uint32_t nobody = USER_NOBODY;

	return __atomic_compare_exchange_n(&p->user, &nobody, user, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void port_leave(struct port *p)
{
	__atomic_store_n(&p->user, USER_NOBODY, __ATOMIC_SEQ_CST);
}

static void port_step(struct port *p)
{
	uint32_t events;

	if (!port_take(p, USER_THREAD))
		return;	/* release() wakes */
	events = __atomic_exchange_n(&p->events, 0, __ATOMIC_SEQ_CST);
	if (!p->has_irq)
		events |= events_take(p);
	else
		device_irq_ack(p->f->dev, 0);
	port_act(p, slot_decide(&p->slot, events, port_is_occupied(p), time_now()));
	port_leave(p);
}

/* ---- Resets of the bus behind a port (reset.c) ---- */

static struct port *port_of(const struct pci_function *f)
{
	struct port *p;

	list_for_each(p, &ports, link)
		if (p->f == f)
			return p;
	return NULL;
}

bool pci_port_hold(struct pci_function *f)
{
	struct port *p = port_of(f);

	if (p && !port_take(p, USER_RESET))
		return false;
	if (p)
		port_command(p, EXP_SLTCTL_ENABLE, 0);
	return true;
}

/* The link has changed, of course; that counts only if it is not back. A button that was pressed counts. */
void pci_port_release(struct pci_function *f)
{
	struct port *p = port_of(f);
	uint32_t events;

	if (!p)
		return;
	events = events_take(p);
	if (port_is_occupied(p))
		events &= SLOT_BUTTON;
	__atomic_or_fetch(&p->events, events, __ATOMIC_SEQ_CST);
	port_command(p, 0, p->has_irq ? EXP_SLTCTL_ENABLE : 0);
	port_leave(p);
	wait_wake(&ports_wait, 0);
}

/* ---- The thread ---- */

static bool ports_have_events(void)
{
	struct port *p;

	list_for_each(p, &ports, link)
		if (__atomic_load_n(&p->events, __ATOMIC_SEQ_CST) && __atomic_load_n(&p->user, __ATOMIC_SEQ_CST) != USER_RESET)
			return true;
	return false;
}

static time_ns_t ports_deadline(void)
{
	time_ns_t next = TIME_FOREVER, now = time_now();
	struct port *p;

	list_for_each(p, &ports, link) {
		if (p->slot.state == SLOT_BLINKS_ON || p->slot.state == SLOT_BLINKS_OFF)
			next = MIN(next, p->slot.due);
		if (!p->has_irq)
			next = MIN(next, now + POLL_NS);
	}
	return next;
}

static void hotplug_thread(void *arg)
{
	struct port *p;

	for (;;) {
		list_for_each(p, &ports, link)
			port_step(p);
		(void)wait_event(&ports_wait, ports_have_events(), ports_deadline(), false);
	}
}

/* ---- Start ---- */

/* The port's own device is the bus's: no driver may take it. */
static bool port_claim(struct port *p)
{
	struct device *dev = p->f->dev;

	mutex_lock(&dev->bind_lock);
	dev->placement = PLACED_KERNEL;
	dev->granted = FERRY_NEEDS_IRQ;
	str_copy(dev->driver_name, "pcie_port", sizeof(dev->driver_name));
	device_set_state(dev, DRIVER_PROBING);
	device_set_state(dev, DRIVER_RUNNING);
	mutex_unlock(&dev->bind_lock);
	pci_set_bus_master(p->f, true);
	return device_irq_setup(dev, 1, port_irq, p) > 0;
}

static void port_add(struct pci_function *f)
{
	struct port *p = kzalloc(sizeof(*p));
	uint32_t slots;

	if (!p)
		return;
	p->f = f;
	slots = port_read(p, EXP_SLTCAP, 4);
	p->number = slots >> 19;
	p->has_link = port_read(p, EXP_LNKCAP, 4) & EXP_LNKCAP_ACTIVE;
	p->has_commands = !(slots & EXP_SLTCAP_NO_COMMAND);
	if (port_read(p, EXP_SLTSTA, 2) & SLOT_PRESENT && !(port_read(p, EXP_SLTCTL, 2) & EXP_SLTCTL_POWER_OFF))
		p->slot.state = SLOT_ON;
	(void)events_take(p);
	p->has_irq = port_claim(p);
	if (!p->has_irq)
		log_warn("pci slot %u: no interrupt: looked at twice a second", p->number);
	pci_update16(f, f->cap_exp + EXP_SLTCTL, EXP_SLTCTL_COMMANDS, p->has_irq ? EXP_SLTCTL_ENABLE : 0);
	if (p->slot.state == SLOT_OFF && port_is_occupied(p))
		p->events = SLOT_PRESENCE_CHANGED;
	list_append(&ports, &p->link);
	log_info("pci slot %u: hotplug port=%s buses=%u-%u %s", p->number, f->dev->name, (uint8_t)pci_read(f, PCI_SECONDARY_BUS, 1),
		 (uint8_t)pci_read(f, PCI_SUBORDINATE_BUS, 1), p->slot.state == SLOT_ON ? "occupied" : "empty");
}

bool pci_is_hotplug_port(const struct pci_function *f)
{
	if ((f->header_type & 0x7f) != PCI_HEADER_BRIDGE || !f->cap_exp)
		return false;
	return pci_read(f, f->cap_exp + EXP_FLAGS, 2) & EXP_FLAGS_SLOT && pci_read(f, f->cap_exp + EXP_SLTCAP, 4) & EXP_SLTCAP_HOTPLUG;
}

static int hotplug_init(void)
{
	struct pci_function *f;
	struct thread *t;

	list_for_each(f, pci_functions(), link)
		if (f->dev && pci_is_hotplug_port(f))
			port_add(f);
	if (list_empty(&ports))
		return 0;
	t = thread_create("pci-hotplug", hotplug_thread, NULL, SCHED_FAIR);
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("4class", hotplug_init);
