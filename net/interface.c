// SPDX-License-Identifier: GPL-2.0
/* The interface lo as ioctls on a socket tell of it (netdevice(7)). */
#include <uapi/ferry/linux.h>
#include "inet.h"

#define LO_INDEX	1
#define LO_MTU		65536
#define LO_QUEUE	1000

static int conf_get(uint64_t arg)
{
	struct linux_ifreq r = { .name = "lo", .address = { .family = LINUX_AF_INET, .address = PP_HTONL(IPADDR_LOOPBACK) } };
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
		r->flags = LINUX_IFF_UP | LINUX_IFF_LOOPBACK | LINUX_IFF_RUNNING;
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

int64_t interface_ioctl(uint32_t cmd, uint64_t arg)
{
	struct linux_ifreq r;
	int err;

	if (cmd == LINUX_SIOCGIFCONF)
		return conf_get(arg);
	if (cmd != LINUX_SIOCGIFNAME && answer(cmd, &r) == -ENOTTY)
		return -ENOTTY;
	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	r.name[sizeof(r.name) - 1] = '\0';
	if (cmd == LINUX_SIOCGIFNAME) {
		if (r.number != LO_INDEX)
			return -ENODEV;
		memcpy(r.name, "lo", sizeof("lo"));
	} else {
		if (strcmp(r.name, "lo"))
			return -ENODEV;
		err = answer(cmd, &r);
		if (err)
			return err;
	}
	return copy_to_user(arg, &r, sizeof(r)) ? -EFAULT : 0;
}
