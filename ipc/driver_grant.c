// SPDX-License-Identifier: GPL-2.0
/*
 * What only the device manager may call about a running driver process: give it what it asked for, and take one over whose manager died.
 * The kernel grants no more than the spawn named; what is refused is counted and told, with the rule that refused it.
 */
#include <kernel/log.h>
#include <kernel/pci.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <lib/string.h>
#include <mm/user.h>
#include "message.h"
#include "moved.h"

/* "mmio,irq"; returns how many. */
static uint32_t needs_text(char *text, size_t size, uint32_t needs)
{
	uint32_t count = 0;
	static const char *const names[] = { "mmio", "ports", "irq", "dma", "cpu-data", "config", "keep" };
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(names) && used < size; i++)
		if (needs & 1u << i) {
			used += (size_t)format_text(text + used, size - used, "%s%s", used ? "," : "", names[i]);
			count++;
		}
	return count;
}

/* Decoding for its windows, bus mastering only for who may do DMA; both before the driver can use them. */
void moved_grant(struct device *dev, uint32_t needs)
{
	dev->granted |= needs;
	if (!dev->pci)
		return;
	if (dev->granted & (FERRY_NEEDS_MMIO | FERRY_NEEDS_PORTS))
		pci_enable_decoding(dev->pci);
	pci_set_bus_master(dev->pci, dev->granted & FERRY_NEEDS_DMA);
}

static void refuse(struct device *dev, uint32_t needs, const char *why)
{
	char text[64];

	dev->counters.denied += needs_text(text, sizeof(text), needs);
	log_warn("driver: %s %s: refused %s (%s)", dev->driver_name, dev->name, text, why[0] ? why : "no reason given");
}

static int grant(struct moved *m, const struct ferry_driver_grant *g)
{
	struct device *dev = m->dev;

	if (!moved_is_bound(m))
		return -ESHUTDOWN;
	if (g->granted & ~m->needs)
		return -EACCES;
	if (dev->state != DRIVER_INITIALIZING)
		return -EINVAL;
	if (g->refused)
		refuse(dev, g->refused, g->why);
	moved_grant(dev, g->granted);
	return g->refused ? 0 : device_set_state(dev, DRIVER_GRANTED);
}

/* (PROCESS handle, struct ferry_driver_grant *) -> 0 */
SYSCALL(NR_ferry_driver_grant, ferry_driver_grant)
{
	struct ferry_driver_grant g;
	struct moved *m;
	int err = manager_is_current() ? abi_copy_in(&g, args->a[1], sizeof(g)) : -EPERM;

	if (err)
		return err;
	if ((g.granted | g.refused) & ~FERRY_NEEDS_ALL || g.granted & g.refused)
		return -EINVAL;
	text_clean(g.why, sizeof(g.why));
	m = moved_by_process_handle((int)args->a[0]);
	if (IS_ERR(m))
		return PTR_ERR(m);
	mutex_lock(&m->dev->bind_lock);
	err = grant(m, &g);
	mutex_unlock(&m->dev->bind_lock);
	moved_put(m);
	return err;
}

static int adopt(struct device *dev, struct ferry_driver_adopt *a)
{
	struct moved *m = moved_of(dev);

	if (!m)
		return -ESRCH;
	a->process = moved_process_handle(m);
	a->pid = m->process->pid;
	a->needs = m->needs;
	a->flags = (dev->restart ? FERRY_SPAWN_RESTART : 0) | (m->asks ? FERRY_SPAWN_ASKS : 0) | (dev->fallback ? FERRY_SPAWN_FALLBACK : 0);
	a->asked = mail_asked(m->mail);
	if (dev->state == DRIVER_INITIALIZING)
		mail_again(m->mail);
	moved_put(m);
	return a->process < 0 ? a->process : 0;
}

/* (struct ferry_driver_adopt *) -> 0 */
SYSCALL(NR_ferry_driver_adopt, ferry_driver_adopt)
{
	struct ferry_driver_adopt a;
	struct device *dev;
	int err = manager_is_current() ? abi_copy_in(&a, args->a[0], sizeof(a)) : -EPERM;

	if (err)
		return err;
	dev = device_find_id(a.device);
	if (!dev)
		return -ENODEV;
	err = adopt(dev, &a);
	device_put(dev);
	return err ? err : copy_to_user(args->a[0], &a, sizeof(a));
}
