// SPDX-License-Identifier: GPL-2.0
/* The interface lo: whether it is up, and what ioctls on a socket of any family tell of it (netdevice(7)). */
#include <kernel/init.h>
#include <kernel/privilege.h>
#include <uapi/ferry/linux.h>
#include "inet.h"

static bool down;	/* written with inet_lock held, and read without: packets that arrive are dropped */
void (*interface_hook)(bool up);

uint32_t interface_flags(void)
{
	return LINUX_IFF_LOOPBACK | (READ_ONCE(down) ? 0 : LINUX_IFF_UP | LINUX_IFF_RUNNING);
}

void interface_set_up(bool up)
{
	bool changed;

	inet_lock_take();
	changed = down == up;
	WRITE_ONCE(down, !up);
	inet_unlock();
	if (changed && interface_hook)
		interface_hook(up);
}

static int conf_get(uint64_t arg)
{
	struct linux_ifreq r = { .name = LO_NAME, .address = { .family = LINUX_AF_INET, .address = PP_HTONL(IPADDR_LOOPBACK) } };
	struct linux_ifconf c;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	if (!c.requests) {
		c.length = sizeof(r);
	} else if (c.length < (int32_t)sizeof(r)) {
		c.length = 0;
	} else {
		if (copy_to_user(c.requests, &r, sizeof(r)))
			return -EFAULT;
		c.length = sizeof(r);
	}
	return put_user32(arg, c.length) ? -EFAULT : 0;
}

static void address_set(struct linux_ifreq *r, uint32_t address)
{
	r->address = (struct linux_sockaddr_in){ .family = LINUX_AF_INET, .address = address };
}

/* What is asked of lo, into @r. -ENOTTY: not a question of these. */
static int answer(uint32_t cmd, struct linux_ifreq *r)
{
	switch (cmd) {
	case LINUX_SIOCGIFFLAGS:
		r->flags = (int16_t)interface_flags();
		return 0;
	case LINUX_SIOCGIFADDR:
	case LINUX_SIOCGIFDSTADDR:
		address_set(r, PP_HTONL(IPADDR_LOOPBACK));
		return 0;
	case LINUX_SIOCGIFBRDADDR:
		address_set(r, 0);
		return 0;
	case LINUX_SIOCGIFNETMASK:
		address_set(r, PP_HTONL(IP_CLASSA_NET));
		return 0;
	case LINUX_SIOCGIFMETRIC:
		r->number = 0;
		return 0;
	case LINUX_SIOCGIFMTU:
		r->number = LO_MTU;
		return 0;
	case LINUX_SIOCGIFHWADDR:
		r->address = (struct linux_sockaddr_in){ .family = LINUX_ARPHRD_LOOPBACK };
		return 0;
	case LINUX_SIOCGIFINDEX:
		r->number = LO_INDEX;
		return 0;
	case LINUX_SIOCGIFTXQLEN:
		r->number = LO_QUEUE;
		return 0;
	default:
		return -ENOTTY;
	}
}

/* Up or down, the only change that there is. */
static int flags_set(uint64_t arg)
{
	struct linux_ifreq r;

	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	r.name[sizeof(r.name) - 1] = '\0';
	if (!privileged(LINUX_CAP_NET_ADMIN))
		return -EPERM;
	if (strcmp(r.name, LO_NAME))
		return -ENODEV;
	interface_set_up(r.flags & LINUX_IFF_UP);
	return 0;
}

static int64_t interface_ioctl(uint32_t cmd, uint64_t arg)
{
	struct linux_ifreq r;
	int err;

	if (cmd == LINUX_SIOCGIFCONF)
		return conf_get(arg);
	if (cmd == LINUX_SIOCSIFFLAGS)
		return flags_set(arg);
	if (cmd != LINUX_SIOCGIFNAME && answer(cmd, &r) == -ENOTTY)
		return -ENOTTY;
	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	r.name[sizeof(r.name) - 1] = '\0';
	if (cmd == LINUX_SIOCGIFNAME) {
		if (r.number != LO_INDEX)
			return -ENODEV;
		memcpy(r.name, LO_NAME, sizeof(LO_NAME));
	} else {
		if (strcmp(r.name, LO_NAME))
			return -ENODEV;
		err = answer(cmd, &r);
		if (err)
			return err;
	}
	return copy_to_user(arg, &r, sizeof(r)) ? -EFAULT : 0;
}

static int interface_init(void)
{
	socket_interface_ioctl = interface_ioctl;
	return 0;
}
INITCALL("2fs", interface_init);
