// SPDX-License-Identifier: GPL-2.0
/* What /proc/net says about internet sockets and their interface, as Linux writes it (proc(5)). */
#include <fs/proc_pid.h>
#include <kernel/init.h>
#include <lib/format.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/priv/tcp_priv.h"

#define TCP_LINE	149	/* each is filled up with blanks to so many characters */
#define UDP_LINE	127

typedef unsigned long long ull;

/* One line, without its number. */
struct line {
	const ip_addr_t *local, *remote;
	uint16_t local_port, remote_port;
	uint32_t state, sends, receives, uid;
	uint64_t ino;
};

static void format_address(char *to, size_t size, bool v6, const ip_addr_t *ip, uint16_t port)
{
	const uint32_t *a = ip_2_ip6(ip)->addr;
	uint32_t v4 = IP_IS_V4_VAL(*ip) ? ip4_addr_get_u32(ip_2_ip4(ip)) : 0;

	if (!v6)
		format_text(to, size, "%08X:%04X", v4, port);
	else if (IP_IS_V4_VAL(*ip) && v4)
		format_text(to, size, "0000000000000000FFFF0000%08X:%04X", v4, port);
	else if (IP_IS_V4_VAL(*ip))
		format_text(to, size, "%032X:%04X", 0, port);
	else
		format_text(to, size, "%08X%08X%08X%08X:%04X", a[0], a[1], a[2], a[3], port);
}

static void put_padded(struct seq *s, const char *text, int width)
{
	seq_printf(s, "%-*s\n", width, text);
}

static void put_line(struct seq *s, bool tcp, bool v6, int number, const struct line *l)
{
	char text[256], local[48], remote[48];

	format_address(local, sizeof(local), v6, l->local, l->local_port);
	format_address(remote, sizeof(remote), v6, l->remote, l->remote_port);
	format_text(text, sizeof(text), "%*d: %s %s %02X %08X:%08X 00:00000000 00000000 %5u        0 %llu %s", tcp ? 4 : 5, number,
		    local, remote, l->state, l->sends, l->receives, l->uid, (ull)l->ino,
		    tcp ? "1 0000000000000000 100 0 0 10 0" : "2 0000000000000000 0");
	put_padded(s, text, v6 ? 0 : tcp ? TCP_LINE : UDP_LINE);
}

static void put_sockets(struct seq *s, bool tcp, bool v6, int *number)
{
	struct inet_socket *k;

	list_for_each(k, &inet_sockets, all_link) {
		struct line l = { &k->local, &k->remote, k->local_port, k->remote_port, LINUX_TCP_CLOSE, 0, k->readable_bytes, k->uid, k->ino };

		if (k->v6 != v6 || (k->type == LINUX_SOCK_STREAM) != tcp || !k->local_port)
			continue;
		if (tcp) {
			l.state = tcp_state_of(k);
			l.receives = k->state == INET_LISTENING ? k->nr_backlog : k->readable_bytes;
		} else if (k->state == INET_CONNECTED) {
			l.state = LINUX_TCP_ESTABLISHED;
		}
		put_line(s, tcp, v6, (*number)++, &l);
	}
}

/* Connections that no socket has any more. */
static void put_rest(struct seq *s, const struct tcp_pcb *pcb, bool v6, int *number)
{
	for (; pcb; pcb = pcb->next) {
		struct line l = { &pcb->local_ip, &pcb->remote_ip, pcb->local_port, pcb->remote_port, tcp_state_linux(pcb->state), 0, 0, 0, 0 };

		if (!pcb->callback_arg && IP_IS_V6_VAL(pcb->local_ip) == v6)
			put_line(s, true, v6, (*number)++, &l);
	}
}

static void put_table(struct seq *s, bool tcp, bool v6)
{
	int number = 0;

	if (v6)
		seq_printf(s, "  %ssl  local_address                         remote_address                        "
			   "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode%s\n", tcp ? "" : " ", tcp ? "" : " ref pointer drops");
	else
		put_padded(s, tcp ? "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
			   : "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
			   tcp ? TCP_LINE : UDP_LINE);
	inet_lock_take();
	put_sockets(s, tcp, v6, &number);
	if (tcp) {
		put_rest(s, tcp_active_pcbs, v6, &number);
		put_rest(s, tcp_tw_pcbs, v6, &number);
	}
	inet_unlock();
}

static void show_tcp(struct seq *s, struct inode *inode)
{
	put_table(s, true, false);
}

static void show_tcp6(struct seq *s, struct inode *inode)
{
	put_table(s, true, true);
}

static void show_udp(struct seq *s, struct inode *inode)
{
	put_table(s, false, false);
}

static void show_udp6(struct seq *s, struct inode *inode)
{
	put_table(s, false, true);
}

static void show_dev(struct seq *s, struct inode *inode)
{
	uint64_t packets, bytes;

	stack_counts(&packets, &bytes);
	seq_puts(s, "Inter-|   Receive                                                |  Transmit\n"
		 " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
	seq_printf(s, "    lo: %7llu %7llu    0    0    0     0          0         0 ", (ull)bytes, (ull)packets);
	seq_printf(s, "%8llu %7llu    0    0    0     0       0          0\n", (ull)bytes, (ull)packets);
}

static void show_if_inet6(struct seq *s, struct inode *inode)
{
	seq_puts(s, "00000000000000000000000000000001 01 80 10 80       lo\n");
}

/* The ways to lo are in no table that is shown, on Linux either. */
static void show_route(struct seq *s, struct inode *inode)
{
	put_padded(s, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT", 127);
}

static unsigned int count(const struct tcp_pcb *pcb, bool orphans)
{
	unsigned int nr = 0;

	for (; pcb; pcb = pcb->next)
		nr += !orphans || !pcb->callback_arg;
	return nr;
}

static void show_sockstat(struct seq *s, struct inode *inode)
{
	unsigned int nr[2] = { 0, 0 }, all = 0, streams = 0;
	struct inet_socket *k;

	inet_lock_take();
	list_for_each(k, &inet_sockets, all_link) {
		bool stream = k->type == LINUX_SOCK_STREAM;

		all++;
		streams += stream;
		nr[stream] += k->local_port && (!stream || tcp_state_of(k) != LINUX_TCP_CLOSE);
	}
	seq_printf(s, "sockets: used %u\nTCP: inuse %u orphan %u tw %u alloc %u mem %llu\nUDP: inuse %u mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\n"
		   "FRAG: inuse 0 memory 0\n", all, nr[1], count(tcp_active_pcbs, true), count(tcp_tw_pcbs, false), streams,
		   (ull)(stack_bytes() + 4095) / 4096, nr[0]);
	inet_unlock();
}

static void show_port_range(struct seq *s, void *unused)
{
	seq_printf(s, "%u\t%u\n", port_first, port_last);
}

static int inet_proc_init(void)
{
	static const struct {
		const char *name;
		void (*show)(struct seq *s, struct inode *inode);
	} files[] = {
		{ "tcp", show_tcp }, { "tcp6", show_tcp6 }, { "udp", show_udp }, { "udp6", show_udp6 }, { "dev", show_dev },
		{ "if_inet6", show_if_inet6 }, { "route", show_route }, { "sockstat", show_sockstat },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		proc_net_add(files[i].name, files[i].show);
	return proc_create("sys/net/ipv4/ip_local_port_range", 0644, show_port_range, NULL);
}
INITCALL("2fs", inet_proc_init);
