// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between the manager and a driver. The kernel has checked their form and their numbers; what a driver asks for is weighed against
 * the policy here, and what it says is believed no further than its own business.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <lib/message.h>
#include <uapi/ferry/syscall.h>
#include "devmgr.h"

static int message_send(struct instance *i, const union ferry_message *m)
{
	if (syscall(NR_ferry_ipc_send, i->process, m, m->header.size))
		return errno;
	if (!(m->header.type & FERRY_MESSAGE_ANSWER))
		i->asked = m->header.sequence;
	return 0;
}

int talk_plain(struct instance *i, enum ferry_message_type type)
{
	union ferry_message m;

	message_begin(&m, type, i->asked + 1);
	return message_send(i, &m);
}

int talk_probe(struct instance *i)
{
	struct ferry_device_desc d;
	union ferry_message m;

	if (device_look(i->device, &d))
		return ENODEV;
	message_begin(&m, FERRY_MESSAGE_PROBE_DEVICE, i->asked + 1);
	m.probe.bus = d.bus;
	m.probe.vendor = d.vendor;
	m.probe.device = d.device;
	m.probe.subvendor = d.subvendor;
	m.probe.subdevice = d.subdevice;
	m.probe.revision = d.revision;
	m.probe.class_code = d.class_code;
	memcpy(m.probe.name, d.name, sizeof(m.probe.name));
	return message_send(i, &m);
}

int talk_io(struct instance *i, unsigned int io_type, unsigned long long offset, const void *data, unsigned int length)
{
	union ferry_message m;

	if (length > FERRY_MESSAGE_DATA_MAX)
		return EINVAL;
	message_begin(&m, FERRY_MESSAGE_IO_REQUEST, i->asked + 1);
	m.io.io_type = io_type;
	m.io.offset = offset;
	m.io.length = length;
	if (io_type != FERRY_IO_READ)
		memcpy(m.io.data, data, length);
	i->io_asked = m.header.sequence;
	return message_send(i, &m);
}

/* ---- What comes ---- */

/* Tell the kernel; then, with nothing refused, the driver may probe. */
static int grant(struct instance *i, unsigned int granted, unsigned int refused)
{
	const struct policy *p = policy_for(i->driver);
	struct ferry_driver_grant g = { .abi = { sizeof(g), FERRY_ABI_VERSION }, .granted = granted, .refused = refused };

	if (!p->line)
		snprintf(g.why, sizeof(g.why), "not in its manifest");
	else
		snprintf(g.why, sizeof(g.why), "policy %.60s:%u", manager_policy_file, p->line);
	return syscall(NR_ferry_driver_grant, i->process, &g) ? errno : 0;
}

static void registered(struct instance *i, const struct ferry_message_register *r)
{
	char *c;

	i->registered = 1;
	memcpy(i->version, r->version, sizeof(i->version));
	for (c = i->version; *c; c++)
		if (!strchr("0123456789.abcdefghijklmnopqrstuvwxyz-+", *c))
			*c = '?';
	if (strcmp(r->name, i->driver)) {
		fprintf(stderr, "devmgr: driver %s says that it is %s\n", i->driver, r->name);
		device_control(i->device, FERRY_CONTROL_KILL, 1, NULL);
		return;
	}
	if (!r->needs && (grant(i, 0, 0) || talk_probe(i)))
		fprintf(stderr, "devmgr: driver %s: cannot tell it to probe\n", i->driver);
}

static void requested(struct instance *i, const union ferry_message *question)
{
	const struct ferry_message_capability *c = &question->capability;
	unsigned int wanted = 0, granted, n;
	union ferry_message m;
	int err;

	for (n = 0; n < c->nr_items; n++)
		wanted |= c->items[n].need;
	granted = wanted & i->needs & policy_for(i->driver)->grant;
	err = grant(i, granted, wanted & ~granted);
	message_answer(&m, &question->header, err || granted != wanted ? -EOPNOTSUPP : 0);
	m.capability_answer.granted = err ? 0 : granted;
	m.capability_answer.refused = wanted & ~m.capability_answer.granted;
	if (!message_send(i, &m) && !err && granted == wanted)
		err = talk_probe(i);
	if (err)
		fprintf(stderr, "devmgr: driver %s: cannot grant: %s\n", i->driver, strerror(err));
}

static void quiesced(struct instance *i)
{
	if (i->reload != RELOAD_QUIESCING)
		return;
	i->reload = RELOAD_SWAPPING;
	talk_plain(i, FERRY_MESSAGE_SHUTDOWN);
}

static void io_answered(struct instance *i, const union ferry_message *m)
{
	if (!message_answers(m, FERRY_MESSAGE_IO_REQUEST, i->io_asked))
		return;
	i->io_answer = m->io_answer;
	i->io_asked = 0;
	pthread_cond_broadcast(&manager_changed);
}

static void message_handle(struct instance *i, const union ferry_message *m)
{
	switch (m->header.type) {
	case FERRY_MESSAGE_REGISTER:
		registered(i, &m->registration);
		break;
	case FERRY_MESSAGE_REQUEST_CAPABILITY:
		requested(i, m);
		break;
	case FERRY_MESSAGE_HEARTBEAT | FERRY_MESSAGE_ANSWER:
		i->beat_open = 0;
		i->missed = 0;
		break;
	case FERRY_MESSAGE_QUIESCE | FERRY_MESSAGE_ANSWER:
		quiesced(i);
		break;
	case FERRY_MESSAGE_IO_REQUEST | FERRY_MESSAGE_ANSWER:
		io_answered(i, m);
		break;
	}
}

void talk_receive(struct instance *i)
{
	union ferry_message m;
	long n;

	while (i->process >= 0 && (n = syscall(NR_ferry_ipc_recv, i->process, &m, sizeof(m), 0)) > 0)
		if (!message_check(&m, (size_t)n, MESSAGE_FROM_DRIVER))
			message_handle(i, &m);
}
