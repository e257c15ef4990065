// SPDX-License-Identifier: GPL-2.0
/*
 * User world: what a driver process and the device manager say to each other (<uapi/ferry/message.h>): who it is and what it needs before
 * probe, and from then on heartbeats, small requests to the device's own registers, quiesce and shutdown. The kernel has checked the form of
 * every message; what it means is checked here. Drivers see nothing of this.
 */
#include <driver/mmio.h>
#include <lib/message.h>
#include <lib/string.h>
#include "message.h"

#define IO_WIDTH_MAX	8u
#define IO_BAR_SHIFT	56

/* What is asked for: one item for each need. */
static const struct ferry_capability_item wanted[] = {
	{ FERRY_HANDLE_MEMORY, FERRY_NEEDS_MMIO }, { FERRY_HANDLE_IOPORT, FERRY_NEEDS_PORTS }, { FERRY_HANDLE_IRQ, FERRY_NEEDS_IRQ },
	{ FERRY_HANDLE_DMA, FERRY_NEEDS_DMA }, { FERRY_HANDLE_RING, FERRY_NEEDS_CPU_DATA }, { FERRY_HANDLE_DEVICE, FERRY_NEEDS_CONFIG },
	{ FERRY_HANDLE_MEMORY, FERRY_NEEDS_KEEP },
};

static int message_send(const union ferry_message *m)
{
	return (int)driver_call(NR_ferry_ipc_send, DEVICE_FD, user_address(m), m->header.size, 0);
}

static long message_receive(union ferry_message *m, uint64_t deadline)
{
	return driver_call(NR_ferry_ipc_recv, DEVICE_FD, user_address(m), sizeof(*m), deadline);
}

static void answer(const union ferry_message *question, int err)
{
	union ferry_message m;

	if (message_answer(&m, &question->header, err))
		message_send(&m);
}

/* ---- Before probe ---- */

static int register_send(struct device *dev)
{
	const struct ferry_manifest *manifest = &dev->driver->manifest;
	union ferry_message m;

	message_begin(&m, FERRY_MESSAGE_REGISTER, ++dev->asked);
	str_copy(m.registration.name, manifest->name, sizeof(m.registration.name));
	str_copy(m.registration.version, manifest->version, sizeof(m.registration.version));
	m.registration.class_id = manifest->class_id;
	m.registration.needs = manifest->needs;
	return message_send(&m);
}

static int request_send(struct device *dev)
{
	struct ferry_message_capability *c;
	union ferry_message m;

	message_begin(&m, FERRY_MESSAGE_REQUEST_CAPABILITY, ++dev->asked);
	c = &m.capability;
	for (unsigned int i = 0; i < ARRAY_SIZE(wanted); i++)
		if (dev->driver->manifest.needs & wanted[i].need)
			c->items[c->nr_items++] = wanted[i];
	return message_send(&m);
}

/* 0 when everything that was asked for came. */
static int granted_all(const struct device *dev, const union ferry_message *m)
{
	if (m->capability_answer.error || m->capability_answer.refused)
		return -EACCES;
	return dev->driver->manifest.needs & ~m->capability_answer.granted ? -EACCES : 0;
}

static int probe_wait(struct device *dev)
{
	union ferry_message m;

	for (;;) {
		long n = message_receive(&m, NEVER);

		if (n < 0)
			return (int)n;
		if (m.header.type == FERRY_MESSAGE_PROBE_DEVICE) {
			dev->probe_question = m.header;
			return 0;
		}
		if (message_answers(&m, FERRY_MESSAGE_REQUEST_CAPABILITY, dev->asked) && granted_all(dev, &m))
			return -EACCES;
		answer(&m, m.header.type == FERRY_MESSAGE_HEARTBEAT ? 0 : -EBUSY);
	}
}

int messages_start(struct device *dev)
{
	int err;

	if (!(dev->info.flags & FERRY_INFO_ASKS))
		return 0;
	err = register_send(dev);
	if (!err && dev->driver->manifest.needs)
		err = request_send(dev);
	if (!err)
		err = probe_wait(dev);
	if (err)
		return err;
	/* What it got is told by the kernel only. */
	return (int)driver_call(NR_ferry_device_info, DEVICE_FD, user_address(&dev->info), 0, 0);
}

void messages_probed(struct device *dev, int err)
{
	union ferry_message question = { .header = dev->probe_question };

	if (question.header.size)
		answer(&question, err);
}

/* ---- While it runs ---- */

static int register_read(const struct mmio *w, uint32_t offset, uint32_t width, uint64_t *value)
{
	uint32_t v32 = 0;
	uint16_t v16 = 0;
	uint8_t v8 = 0;
	int err;

	switch (width) {
	case 8:
		return mmio_try_read64(w, offset, value);
	case 4:
		err = mmio_try_read32(w, offset, &v32);
		break;
	case 2:
		err = mmio_try_read16(w, offset, &v16);
		break;
	default:
		err = mmio_try_read8(w, offset, &v8);
	}
	*value = v32 | v16 | v8;
	return err;
}

static int register_write(const struct mmio *w, uint32_t offset, uint32_t width, uint64_t value)
{
	switch (width) {
	case 8:
		return mmio_try_write64(w, offset, value);
	case 4:
		return mmio_try_write32(w, offset, (uint32_t)value);
	case 2:
		return mmio_try_write16(w, offset, (uint16_t)value);
	}
	return mmio_try_write8(w, offset, (uint8_t)value);
}

static int io_register(struct device *dev, const struct ferry_message_io *io, uint64_t *value)
{
	uint32_t width = io->length, offset;
	const struct mmio *w;
	int err;

	if (!width || width > IO_WIDTH_MAX || width & (width - 1))
		return -EOPNOTSUPP;
	w = window_find(dev, (unsigned int)(io->offset >> IO_BAR_SHIFT), io->offset & ((1ull << IO_BAR_SHIFT) - 1), &offset);
	if (!w)
		return -ENODEV;
	err = io->io_type == FERRY_IO_READ ? register_read(w, offset, width, value) : register_write(w, offset, width, *value);
	return err ? -ENODEV : 0;
}

/* Command FERRY_IO_LOOP: what the event loop did so far. */
static int io_ioctl(const struct device *dev, const struct ferry_message_io *io, union ferry_message *m)
{
	if (io->offset != FERRY_IO_LOOP)
		return -EOPNOTSUPP;
	memcpy(m->io_answer.data, &dev->loop, sizeof(dev->loop));
	m->io_answer.length = sizeof(dev->loop);
	return 0;
}

static void io_run(struct device *dev, const union ferry_message *question)
{
	const struct ferry_message_io *io = &question->io;
	union ferry_message m;
	uint64_t value = 0;
	int err = -EOPNOTSUPP;

	message_answer(&m, &question->header, 0);
	memcpy(&value, io->data, sizeof(value));
	if (io->io_type == FERRY_IO_READ || io->io_type == FERRY_IO_WRITE)
		err = io_register(dev, io, &value);
	else if (io->io_type == FERRY_IO_IOCTL)
		err = io_ioctl(dev, io, &m);
	m.io_answer.error = message_error(err);
	if (!err && io->io_type != FERRY_IO_IOCTL)
		m.io_answer.length = io->length;
	if (!err && io->io_type == FERRY_IO_READ)
		memcpy(m.io_answer.data, &value, io->length);
	message_send(&m);
}

static void interrupt_run(struct device *dev, const struct ferry_message_interrupt *i)
{
	if (i->device_handle == DEVICE_FD && i->vector < dev->nr_vectors && dev->driver->irq)
		dev->driver->irq(dev, i->vector);
}

static bool message_run(struct device *dev, const union ferry_message *m)
{
	switch (m->header.type) {
	case FERRY_MESSAGE_HEARTBEAT:
		answer(m, 0);
		return true;
	case FERRY_MESSAGE_IO_REQUEST:
		io_run(dev, m);
		return true;
	case FERRY_MESSAGE_INTERRUPT:
		interrupt_run(dev, &m->interrupt);
		return true;
	case FERRY_MESSAGE_QUIESCE:
		dev->quiesce_question = m->header;
		dev->quiescing = true;
		return true;
	case FERRY_MESSAGE_SHUTDOWN:
		return false;
	}
	answer(m, m->header.type == FERRY_MESSAGE_PROBE_DEVICE ? -EBUSY : -EOPNOTSUPP);
	return true;
}

bool messages_run(struct device *dev)
{
	union ferry_message m;
	bool go_on = true;

	while (go_on && message_receive(&m, 0) > 0) {
		dev->loop.messages++;
		go_on = message_run(dev, &m);
	}
	return go_on;
}

void messages_idle(struct device *dev)
{
	union ferry_message question = { .header = dev->quiesce_question };

	if (!question.header.size || !block_is_quiet(dev) || !misc_is_quiet(dev))
		return;
	dev->quiesce_question.size = 0;
	answer(&question, 0);
}
