// SPDX-License-Identifier: GPL-2.0
/*
 * NETLINK_KOBJECT_UEVENT: device events (kernel/uevent.h) to who listens to group 1. Programs send each other what they made of them in group 2, as
 * udev does. Nothing can be asked here.
 */
#include <kernel/init.h>
#include <kernel/uevent.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

#define GROUPS		32u
#define GROUP_KERNEL	1u

static void event_send(const char *data, size_t n)
{
	struct netlink_message *m;

	if (!netlink_is_heard(LINUX_NETLINK_KOBJECT_UEVENT, GROUP_KERNEL))
		return;
	m = netlink_message_alloc((uint32_t)n);
	if (!m)
		return;	/* listeners see a gap in the numbers */
	memcpy(m->data, data, n);
	m->group = GROUP_KERNEL;
	(void)netlink_post_group(LINUX_NETLINK_KOBJECT_UEVENT, m, NULL, 0);
	netlink_message_put(m);
}

static int event_request(struct netlink_request *r)
{
	return netlink_request_privileged(r, LINUX_CAP_SYS_ADMIN) ? -EOPNOTSUPP : -EPERM;
}

static const struct netlink_protocol event_protocol = { .groups = GROUPS, .anyone_hears = true, .request = event_request };

static int event_init(void)
{
	netlink_protocol_register(LINUX_NETLINK_KOBJECT_UEVENT, &event_protocol);
	uevent_hook = event_send;
	return 0;
}
INITCALL("2fs", event_init);
