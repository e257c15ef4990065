// SPDX-License-Identifier: GPL-2.0
/* Netlink sockets in /proc/net/netlink, the kernel's own among them, as Linux writes them. */
#include <fs/proc_pid.h>
#include <kernel/init.h>
#include "netlink.h"

static void put_line(struct seq *s, unsigned int protocol, uint32_t port, uint32_t groups, uint32_t queued, bool dumps, uint32_t refs,
		     uint32_t drops, uint64_t ino)
{
	seq_printf(s, "%016x %-3u %-10u %08x %-8u %-8d %-5d %-8u %-8u %-8llu\n", 0u, protocol, port, groups, queued, 0, dumps, refs, drops,
		   (unsigned long long)ino);
}

static void show_netlink(struct seq *s, struct inode *inode)
{
	const struct netlink_socket *k;

	seq_puts(s, "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n");
	for (unsigned int i = 0; i < LINUX_NETLINK_PROTOCOLS; i++)
		if (netlink_protocol_of(i) && netlink_protocol_of(i)->request)
			put_line(s, i, 0, 0, 0, false, 2, 0, 0);
	mutex_lock(&netlink_table_lock);
	list_for_each(k, &netlink_sockets, all_link)
		put_line(s, k->protocol, k->port, (uint32_t)k->groups, READ_ONCE(k->queued), READ_ONCE(k->dump), ref_count(&k->ref) + 1,
			 READ_ONCE(k->drops), k->ino);
	mutex_unlock(&netlink_table_lock);
}

static int netlink_proc_init(void)
{
	proc_net_add("netlink", show_netlink);
	return 0;
}
INITCALL("2fs", netlink_proc_init);
