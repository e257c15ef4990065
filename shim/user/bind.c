// SPDX-License-Identifier: GPL-2.0
/*
 * User world: main() of a driver process. It finds its one driver in the section "ferry_drivers", asks what device it got, probes,
 * and then runs the event loop: one system call waits for submissions, interrupts, timers and control together, and every callback
 * comes from here. Also what a driver may ask about its device (<driver/device.h>).
 */
#include <driver/log.h>
#include <lib/string.h>
#include <shim/trace.h>
#include "message.h"
#include "process.h"

extern const struct driver *const __start_ferry_drivers[];
extern const struct driver *const __stop_ferry_drivers[];

struct ferry_trace driver_trace;
static struct device the_device;

void handle_close(int handle)
{
	driver_call(NR_close, (uint64_t)handle, 0, 0, 0);
}

void process_end(int status)
{
	for (;;)
		driver_call(NR_exit_group, (uint64_t)status, 0, 0, 0);
}

/* ---- <driver/device.h> ---- */

void device_set_priv(struct device *dev, void *priv)
{
	dev->priv = priv;
}

void *device_priv(const struct device *dev)
{
	return dev->priv;
}

const char *device_name(const struct device *dev)
{
	return dev->info.name;
}

int device_strands(struct device *dev, unsigned int count)
{
	if (!count || count > DEVICE_STRANDS_MAX)
		return -EINVAL;
	dev->nr_strands = count;
	return 0;
}

unsigned int device_nr_cpus(const struct device *dev)
{
	return dev->info.nr_cpus;
}

uint64_t device_param(struct device *dev, const char *name, uint64_t fallback)
{
	char text[FERRY_NAME_MAX];
	unsigned long long value = fallback;

	if (str_copy(text, name, sizeof(text)) >= sizeof(text))
		return fallback;
	if (driver_call(NR_ferry_device_param, DEVICE_FD, user_address(text), user_address(&value), 0))
		return fallback;
	return value;
}

uint16_t device_vendor(const struct device *dev)
{
	return dev->info.vendor;
}

uint16_t device_id(const struct device *dev)
{
	return dev->info.device;
}

uint8_t device_revision(const struct device *dev)
{
	return (uint8_t)dev->info.revision;
}

bool device_is_awaited(const struct device *dev)
{
	return dev->info.flags & FERRY_INFO_AWAITED;
}

void device_fault(struct device *dev, const char *what, uint64_t where)
{
	trace_note(FERRY_TRACE_FAULT, 0, 0, where);
	driver_call(NR_ferry_driver_fault, user_address(what), strlen(what), where, 0);
	process_end(125);
}

/* ---- The event loop ---- */

static void irqs_run(struct device *dev, uint64_t irqs)
{
	while (irqs) {
		unsigned int vector = (unsigned int)__builtin_ctzll(irqs);

		irqs &= irqs - 1;
		dev->loop.irqs++;
		if (vector >= dev->nr_vectors || !dev->driver->irq)
			continue;
		trace_note(FERRY_TRACE_IRQ, 0, vector, 0);
		dev->driver->irq(dev, vector);
	}
}

bool event_step(struct device *dev, uint64_t deadline)
{
	struct ferry_events events;
	uint64_t timer = timers_next(dev);
	long err;

	if (timer < deadline)
		deadline = timer;
	if (!block_may_sleep(dev) || (dev->misc && !misc_may_sleep(dev)))
		deadline = 0;
	if (driver_recording)
		trace_flush();
	err = driver_call(NR_ferry_driver_wait, user_address(&events), sizeof(events), deadline, 0);
	if (err)
		process_end(124);	/* told to end: the kernel has taken the device back */
	dev->loop.rounds++;
	if (events.control || driver_recording)
		trace_want(events.control & (FERRY_CONTROL_TRACE | FERRY_CONTROL_PROFILE));
	if (events.irqs)
		irqs_run(dev, events.irqs);
	timers_run(dev, events.now_ns);
	block_run(dev);
	if (dev->misc)
		misc_run(dev);
	if (events.control & FERRY_CONTROL_MESSAGE && !messages_run(dev))
		return false;
	if (dev->quiescing)
		messages_idle(dev);
	return !(events.control & FERRY_CONTROL_REMOVE);
}

/* ---- Start and end ---- */

static bool name_matches(const char *device, const char *row)
{
	size_t n = strnlen(row, FERRY_NAME_MAX);

	return n && n < FERRY_NAME_MAX && !strncmp(device, row, n) && (!device[n] || device[n] == '.');
}

static bool id_matches(unsigned int id, unsigned int row)
{
	return row == FERRY_MATCH_ANY || row == id;
}

static bool row_matches(const struct ferry_device_info *i, const struct ferry_match *m)
{
	if (m->bus != i->bus)
		return false;
	if (m->bus == FERRY_BUS_PLATFORM || m->bus == FERRY_BUS_ISA)
		return name_matches(i->name, m->name);
	return id_matches(i->vendor, m->vendor) && id_matches(i->device, m->device) &&
	       id_matches(i->subvendor, m->subvendor) && id_matches(i->subdevice, m->subdevice) &&
	       (i->class_code & m->class_mask) == (m->class_code & m->class_mask);
}

/* The manager matched already; a driver looks for itself all the same. */
static bool driver_matches(const struct device *dev)
{
	const struct ferry_match *m = dev->driver->manifest.match;

	for (unsigned int i = 0; i < FERRY_MATCH_MAX && m[i].bus; i++)
		if (row_matches(&dev->info, &m[i]))
			return true;
	return false;
}

static void state_tell(unsigned int state, long err)
{
	driver_call(NR_ferry_driver_state, state, (uint64_t)err, user_address(&driver_trace), 0);
}

static int device_start(struct device *dev)
{
	const struct ferry_device_info info = { .abi = ABI(ferry_device_info) };
	long err;

	dev->driver = __start_ferry_drivers[0];
	dev->nr_strands = 1;
	dev->info = info;
	for (unsigned int i = 0; i < DEVICE_STRANDS_MAX; i++)
		dev->timers[i] = NEVER;
	err = driver_call(NR_ferry_device_info, DEVICE_FD, user_address(&dev->info), 0, 0);
	if (err)
		return (int)err;
	err = messages_start(dev);
	if (err) {
		state_tell(FERRY_STATE_FAILED, err);
		return (int)err;
	}
	state_tell(FERRY_STATE_PROBING, 0);
	trace_want(trace_wanted());
	err = driver_matches(dev) ? dev->driver->probe(dev) : -ENODEV;
	messages_probed(dev, (int)err);
	state_tell(err ? FERRY_STATE_FAILED : FERRY_STATE_RUNNING, err);
	return (int)err;
}

int main(void)
{
	struct device *dev = &the_device;

	if (__stop_ferry_drivers - __start_ferry_drivers != 1)
		process_end(123);
	if (device_start(dev))
		process_end(1);
	while (event_step(dev, NEVER))
		;
	if (dev->driver->remove)
		dev->driver->remove(dev);
	state_tell(FERRY_STATE_QUIESCED, 0);
	process_end(0);
}
