// SPDX-License-Identifier: GPL-2.0
/*
 * lwIP in this kernel: its lock, memory, time and interface lo. It comes to life with the first socket, and its timers tick only while
 * there are connections. Packets on lo are taken off its queue by whoever put them there, before inet_lock is given back.
 */
#include <kernel/init.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/init.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/sys.h"
#include "lwip/priv/tcp_priv.h"

#define TICK_NS		(TCP_TMR_INTERVAL * NSEC_PER_MSEC)
#define MEMORY_SHARE	16u			/* of RAM, for all sockets together */
#define MEMORY_LEAST	(1ul << 20)
#define MEMORY_MOST	(64ul << 20)
#define TIME_WAITS_MAX	256u			/* connections that ended lately, for each of which lwIP looks at every new one */

struct block {
	uint64_t size, pad;			/* lwIP's memory begins behind, 16-byte aligned */
};

struct mutex inet_lock = MUTEX_INIT(inet_lock, "inet");
static struct wait_queue tick_wait = WAIT_QUEUE_INIT(tick_wait, "inet_tick");
static bool started, ticking;			/* guarded by inet_lock; ticking is read without */
static uint64_t bytes_used, bytes_max;		/* the first atomic */
struct inet_counts inet_counts;
static struct netif *loop;

void *stack_alloc(unsigned long size)
{
	uint64_t n = size + sizeof(struct block);
	struct block *b;

	if (__atomic_add_fetch(&bytes_used, n, __ATOMIC_RELAXED) > READ_ONCE(bytes_max))
		b = NULL;
	else
		b = kzalloc(n);
	if (!b) {
		__atomic_fetch_sub(&bytes_used, n, __ATOMIC_RELAXED);
		return NULL;
	}
	b->size = n;
	return b + 1;
}

void *stack_calloc(unsigned long nr, unsigned long size)
{
	unsigned long n;

	return __builtin_mul_overflow(nr, size, &n) ? NULL : stack_alloc(n);
}

void stack_free(void *p)
{
	struct block *b = (struct block *)p - 1;

	if (!p)
		return;
	__atomic_fetch_sub(&bytes_used, b->size, __ATOMIC_RELAXED);
	kfree(b);
}

uint64_t stack_bytes(void)
{
	return READ_ONCE(bytes_used);
}

uint64_t stack_bytes_max(void)
{
	return READ_ONCE(bytes_max);
}

bool stack_is_short(void)
{
	return stack_bytes() > READ_ONCE(bytes_max) / 4 * 3;
}

unsigned int stack_random(void)
{
	unsigned int v;

	random_bytes(&v, sizeof(v));
	return v;
}

unsigned int stack_first_number(void)
{
	return stack_random();
}

u32_t sys_now(void)
{
	return time_now() / NSEC_PER_MSEC;
}

struct netif *stack_loop(void)
{
	return loop;
}

/* What lies in a packet of protocol @what, behind the @header bytes of IP. */
static void content_count(const struct pbuf *p, bool v6, uint8_t what, uint32_t header)
{
	const uint8_t *at = (const uint8_t *)p->payload + header;
	uint32_t n = p->len > header ? p->len - header : 0;

	if (what == IP_PROTO_TCP && n >= TCP_HLEN) {
		inet_counts.tcp_segments++;
		inet_counts.tcp_resets += !!(TCPH_FLAGS((const struct tcp_hdr *)at) & TCP_RST);
	} else if (what == IP_PROTO_UDP) {
		inet_counts.udp[v6]++;
	} else if (n && (v6 ? what == IP6_NEXTH_ICMP6 && at[0] == ICMP6_TYPE_DUR : what == IP_PROTO_ICMP && at[0] == ICMP_DUR)) {
		inet_counts.udp_refused[v6]++;
	}
}

/* A packet came in; false: lo is down, and it is gone. */
static bool stack_take(struct pbuf *p, bool v6)
{
	if (!(interface_flags() & LINUX_IFF_UP)) {
		pbuf_free(p);
		return false;
	}
	inet_counts.packets[v6]++;
	inet_counts.bytes[v6] += p->tot_len;
	if (v6)
		content_count(p, v6, IP6H_NEXTH((const struct ip6_hdr *)p->payload), IP6_HLEN);
	else
		content_count(p, v6, IPH_PROTO((const struct ip_hdr *)p->payload), IPH_HL_BYTES((const struct ip_hdr *)p->payload));
	return true;
}

void stack_counts(uint64_t *packets, uint64_t *bytes)
{
	inet_lock_take();
	*packets = inet_counts.packets[0] + inet_counts.packets[1];
	*bytes = inet_counts.bytes[0] + inet_counts.bytes[1];
	inet_unlock();
}

int stack_hear_v6(struct pbuf *p)
{
	return !stack_take(p, true);
}

int stack_hear(struct pbuf *p, struct netif *from)
{
	const struct ip_hdr *h = p->payload;
	ip4_addr_t to;

	if (!stack_take(p, false))
		return 1;
	ip4_addr_copy(to, h->dest);
	if (from == loop)
		ip4_addr_copy(*ip_2_ip4(&loop->ip_addr), to);
	if (from == loop && !ip4_addr_isloopback(&to))
		ip4_addr_set_loopback(ip_2_ip4(&loop->ip_addr));
	return 0;
}

void tcp_timer_needed(void)
{
	if (ticking)
		return;
	WRITE_ONCE(ticking, true);
	wait_wake(&tick_wait, 0);
}

/* New ones stand in front. */
static void time_waits_trim(void)
{
	struct tcp_pcb *pcb = tcp_tw_pcbs, *next;
	unsigned int nr;

	for (nr = 0; pcb && nr < TIME_WAITS_MAX; nr++)
		pcb = pcb->next;
	for (; pcb; pcb = next) {
		next = pcb->next;
		tcp_abort(pcb);
	}
}

static void tick(void *unused)
{
	for (;;) {
		wait_event(&tick_wait, READ_ONCE(ticking), TIME_FOREVER, false);
		sleep_until(time_now() + TICK_NS, false);
		inet_lock_take();
		tcp_tmr();
		time_waits_trim();
		WRITE_ONCE(ticking, tcp_active_pcbs || tcp_tw_pcbs);
		inet_unlock();
	}
}

int inet_start(void)
{
	struct frame_stats frames;
	struct thread *t;
	int err;

	if (started)
		return 0;
	frame_stats(&frames);
	bytes_max = MIN(MAX(frames.total * PAGE_SIZE / MEMORY_SHARE, MEMORY_LEAST), MEMORY_MOST);
	if (!loop) {
		t = thread_create("inet", tick, NULL, SCHED_FAIR);
		if (IS_ERR(t))
			return PTR_ERR(t);
		lwip_init();
		loop = netif_list;
		thread_start(t);
	}
	err = udp_start();
	started = !err;
	return err;
}

void inet_lock_take(void) __acquires(&inet_lock)
{
	mutex_lock(&inet_lock);
}

void inet_unlock(void) __releases(&inet_lock)
{
	if (loop && loop->loop_first) {
		netif_poll(loop);
		ip4_addr_set_loopback(ip_2_ip4(&loop->ip_addr));
	}
	mutex_unlock(&inet_lock);
}

int inet_error(err_t err)
{
	switch (err) {
	case ERR_OK:
		return 0;
	case ERR_MEM:
	case ERR_BUF:
		return -ENOBUFS;
	case ERR_RTE:
		return -ENETUNREACH;
	case ERR_USE:
		return -EADDRNOTAVAIL;
	case ERR_RST:
		return -ECONNRESET;
	case ERR_ABRT:
		return -ETIMEDOUT;
	case ERR_CONN:
		return -ENOTCONN;
	default:
		return -EINVAL;
	}
}
