// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a driver: which state may follow which, in one table, and who is told. Everything that changes dev->state comes through
 * device_set_state(); an edge that is not in the table is refused, whoever asks. No lock of its own: callers hold bind_lock, or are the
 * driver's last thread.
 *
 *	Spawned -> Initializing -> CapabilityGranted -> Probing -> Running	a start; linked in it begins with Probing
 *	Running -> Crashed -> Restarting -> Spawned				a death with a successor
 *	Running -> Quiesced -> Restarting -> Spawned				a reload
 *	Restarting -> Probing							the kernel's own build takes over
 */
#include <kernel/device.h>
#include <kernel/log.h>

#define TO(state)	(1u << (state))

static const char *const names[DRIVER_STATES] = {
	[DRIVER_UNBOUND] = "Unbound", [DRIVER_SPAWNED] = "Spawned", [DRIVER_INITIALIZING] = "Initializing",
	[DRIVER_GRANTED] = "CapabilityGranted", [DRIVER_PROBING] = "Probing", [DRIVER_RUNNING] = "Running",
	[DRIVER_CRASHED] = "Crashed", [DRIVER_RESTARTING] = "Restarting", [DRIVER_FAILED] = "Failed",
	[DRIVER_QUIESCED] = "Quiesced",
};

static const uint32_t edges[DRIVER_STATES] = {
	/* Whatever state it is in: a device can be pulled out. */
	[DRIVER_UNBOUND] = TO(DRIVER_SPAWNED) | TO(DRIVER_PROBING),
	[DRIVER_SPAWNED] = TO(DRIVER_INITIALIZING) | TO(DRIVER_CRASHED) | TO(DRIVER_UNBOUND),
	[DRIVER_INITIALIZING] = TO(DRIVER_GRANTED) | TO(DRIVER_CRASHED) | TO(DRIVER_FAILED) | TO(DRIVER_UNBOUND),	/* Failed: refused */
	[DRIVER_GRANTED] = TO(DRIVER_PROBING) | TO(DRIVER_CRASHED) | TO(DRIVER_UNBOUND),
	[DRIVER_PROBING] = TO(DRIVER_RUNNING) | TO(DRIVER_CRASHED) | TO(DRIVER_FAILED) | TO(DRIVER_UNBOUND),	/* Unbound: not its device */
	[DRIVER_RUNNING] = TO(DRIVER_CRASHED) | TO(DRIVER_QUIESCED) | TO(DRIVER_FAILED) | TO(DRIVER_UNBOUND),	/* Failed: linked in */
	[DRIVER_CRASHED] = TO(DRIVER_RESTARTING) | TO(DRIVER_FAILED) | TO(DRIVER_UNBOUND),
	[DRIVER_RESTARTING] = TO(DRIVER_SPAWNED) | TO(DRIVER_PROBING) | TO(DRIVER_FAILED) | TO(DRIVER_QUIESCED) | TO(DRIVER_UNBOUND),
	[DRIVER_FAILED] = TO(DRIVER_SPAWNED) | TO(DRIVER_PROBING) | TO(DRIVER_UNBOUND),
	[DRIVER_QUIESCED] = TO(DRIVER_SPAWNED) | TO(DRIVER_PROBING) | TO(DRIVER_RESTARTING) | TO(DRIVER_UNBOUND),
};

const char *driver_state_name(enum driver_state state)
{
	return (unsigned int)state < DRIVER_STATES ? names[state] : "?";
}

bool driver_state_may(enum driver_state from, enum driver_state to)
{
	return (unsigned int)from < DRIVER_STATES && (unsigned int)to < DRIVER_STATES && edges[from] & TO(to);
}

/* What an administrator looks for comes out on the console; the steps of a start only fill the log. */
static void edge_log(const struct device *dev, enum driver_state from, enum driver_state to, const char *why)
{
	bool told = to == DRIVER_CRASHED || to == DRIVER_FAILED || to == DRIVER_QUIESCED;

	klog(told ? KERN_INFO : KERN_DEBUG, "driver: %s %s: %s -> %s%s%s%s", dev->driver_name[0] ? dev->driver_name : "-", dev->name,
	       driver_state_name(from), driver_state_name(to), why && why[0] ? " (" : "", why ? why : "", why && why[0] ? ")" : "");
}

int device_set_state_why(struct device *dev, enum driver_state to, const char *why)
{
	enum driver_state from = dev->state;

	if (from == to)
		return 0;
	if (!driver_state_may(from, to)) {
		log_err("driver: %s %s: %s -> %s is no edge of a driver's life, refused", dev->driver_name, dev->name, driver_state_name(from),
			driver_state_name(to));
		return -EINVAL;
	}
	WRITE_ONCE(dev->state, to);
	if (to == DRIVER_SPAWNED)
		restart_moment(dev, RESTART_SPAWNED);
	if (to == DRIVER_PROBING)
		restart_moment(dev, RESTART_PROBING);
	if (to == DRIVER_RUNNING)
		restart_moment(dev, RESTART_RUNNING);
	edge_log(dev, from, to, why);
	driver_event(dev, from, to, why);
	if (to == DRIVER_RUNNING || from == DRIVER_RUNNING)
		device_sys_bound(dev, to == DRIVER_RUNNING);
	return 0;
}

int device_set_state(struct device *dev, enum driver_state to)
{
	return device_set_state_why(dev, to, to == DRIVER_CRASHED || to == DRIVER_FAILED ? dev->fail_reason : NULL);
}
