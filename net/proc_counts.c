// SPDX-License-Identifier: GPL-2.0
/*
 * What went over lo since boot, in /proc/net/{snmp,snmp6,netstat}, and tables of what there is none of, as Linux writes them. A packet on
 * lo is sent and received at once, so both are one number; what cannot happen there (fragments, checksums that are wrong) is 0, and so is what
 * lwIP does not tell (segments that were sent again).
 */
#include <fs/proc_pid.h>
#include <kernel/init.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "lwip/priv/tcp_priv.h"

typedef unsigned long long ull;

static void counts_take(struct inet_counts *c, unsigned int *established)
{
	const struct tcp_pcb *pcb;

	*established = 0;
	inet_lock_take();
	*c = inet_counts;
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		*established += pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT;
	inet_unlock();
}

static void show_snmp(struct seq *s, struct inode *inode)
{
	unsigned int established;
	struct inet_counts c;
	ull lost;

	counts_take(&c, &established);
	lost = c.udp_refused[0] + c.udp_full[0];
	seq_printf(s, "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests "
		   "OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates\n"
		   "Ip: 2 64 %llu 0 0 0 0 0 %llu %llu 0 0 0 0 0 0 0 0 0\n", (ull)c.packets[0], (ull)c.packets[0], (ull)c.packets[0]);
	seq_printf(s, "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps "
		   "InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs "
		   "OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks "
		   "OutAddrMaskReps\nIcmp: %llu 0 0 %llu 0 0 0 0 0 0 0 0 0 0 %llu 0 0 0 %llu 0 0 0 0 0 0 0 0 0 0\n", (ull)c.udp_refused[0],
		   (ull)c.udp_refused[0], (ull)c.udp_refused[0], (ull)c.udp_refused[0]);
	if (c.udp_refused[0])
		seq_printf(s, "IcmpMsg: InType3 OutType3\nIcmpMsg: %llu %llu\n", (ull)c.udp_refused[0], (ull)c.udp_refused[0]);
	seq_printf(s, "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs "
		   "RetransSegs InErrs OutRsts InCsumErrors\nTcp: 1 200 120000 -1 %llu %llu %llu 0 %u %llu %llu 0 0 %llu 0\n",
		   (ull)c.tcp_opens, (ull)c.tcp_accepts, (ull)c.tcp_fails, established, (ull)c.tcp_segments, (ull)c.tcp_segments, (ull)c.tcp_resets);
	seq_printf(s, "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
		   "Udp: %llu %llu %llu %llu %llu 0 0 0 0\n", (ull)c.udp[0] - lost, (ull)c.udp_refused[0], (ull)c.udp_full[0], (ull)c.udp[0],
		   (ull)c.udp_full[0]);
	seq_puts(s, "UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
		 "UdpLite: 0 0 0 0 0 0 0 0 0\n");
}

static void show_snmp6(struct seq *s, struct inode *inode)
{
	unsigned int established;
	struct inet_counts c;

	counts_take(&c, &established);
	const struct { const char *name; uint64_t value; } lines[] = {
		{ "Ip6InReceives", c.packets[1] }, { "Ip6InDelivers", c.packets[1] }, { "Ip6OutRequests", c.packets[1] },
		{ "Ip6InOctets", c.bytes[1] }, { "Ip6OutOctets", c.bytes[1] }, { "Icmp6InMsgs", c.udp_refused[1] },
		{ "Icmp6OutMsgs", c.udp_refused[1] }, { "Icmp6InDestUnreachs", c.udp_refused[1] }, { "Icmp6OutDestUnreachs", c.udp_refused[1] },
		{ "Udp6InDatagrams", c.udp[1] - c.udp_refused[1] - c.udp_full[1] }, { "Udp6NoPorts", c.udp_refused[1] },
		{ "Udp6InErrors", c.udp_full[1] }, { "Udp6OutDatagrams", c.udp[1] }, { "Udp6RcvbufErrors", c.udp_full[1] },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(s, "%-32s\t%llu\n", lines[i].name, (ull)lines[i].value);
}

static void show_netstat(struct seq *s, struct inode *inode)
{
	unsigned int established;
	struct inet_counts c;

	counts_take(&c, &established);
	seq_printf(s, "IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets OutOctets InMcastOctets "
		   "OutMcastOctets InBcastOctets OutBcastOctets InCsumErrors InNoECTPkts InECT1Pkts InECT0Pkts InCEPkts ReasmOverlaps\n"
		   "IpExt: 0 0 0 0 0 0 %llu %llu 0 0 0 0 0 %llu 0 0 0 0\n", (ull)c.bytes[0], (ull)c.bytes[0], (ull)c.packets[0]);
}

static void show_sockstat6(struct seq *s, struct inode *inode)
{
	unsigned int nr[2] = { 0, 0 };
	const struct inet_socket *k;

	inet_lock_take();
	list_for_each(k, &inet_sockets, all_link) {
		bool stream = k->type == LINUX_SOCK_STREAM;

		nr[stream] += k->v6 && k->local_port && (!stream || tcp_state_of(k) != LINUX_TCP_CLOSE);
	}
	inet_unlock();
	seq_printf(s, "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n", nr[1], nr[0]);
}

/* The way to ::1, and that there is no other. */
static void show_ipv6_route(struct seq *s, struct inode *inode)
{
	static const char nowhere[] = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 "
				      "ffffffff 00000001 00000000 00200200       lo\n";

	seq_puts(s, nowhere);
	if (interface_flags() & LINUX_IFF_UP)
		seq_puts(s, "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 "
			 "00000000 00000002 00000000 80200001       lo\n");
	seq_puts(s, nowhere);
}

#define V4_TABLE	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops"
#define V6_TABLE	"  sl  local_address                         remote_address                        "	\
			"st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"

static void show_raw(struct seq *s, struct inode *inode)
{
	seq_puts(s, V4_TABLE "\n");
}

static void show_raw6(struct seq *s, struct inode *inode)
{
	seq_puts(s, V6_TABLE);
}

static void show_icmp(struct seq *s, struct inode *inode)
{
	seq_puts(s, V4_TABLE "             \n");
}

static void show_udplite(struct seq *s, struct inode *inode)
{
	seq_puts(s, " " V4_TABLE "            \n");
}

static void show_packet(struct seq *s, struct inode *inode)
{
	seq_puts(s, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
}

static void show_arp(struct seq *s, struct inode *inode)
{
	seq_puts(s, "IP address       HW type     Flags       HW address            Mask     Device\n");
}

static int counts_proc_init(void)
{
	static const struct {
		const char *name;
		void (*show)(struct seq *s, struct inode *inode);
	} files[] = {
		{ "snmp", show_snmp }, { "snmp6", show_snmp6 }, { "netstat", show_netstat }, { "sockstat6", show_sockstat6 },
		{ "ipv6_route", show_ipv6_route }, { "raw", show_raw }, { "raw6", show_raw6 }, { "icmp", show_icmp }, { "icmp6", show_raw6 },
		{ "udplite", show_udplite }, { "udplite6", show_raw6 }, { "packet", show_packet }, { "arp", show_arp },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		proc_net_add(files[i].name, files[i].show);
	return 0;
}
INITCALL("2fs", counts_proc_init);
