/* SPDX-License-Identifier: GPL-2.0 */
/* Where lwIP asks us (LWIP_HOOK_*): net/stack.c. */
#ifndef NET_PORT_HOOKS_H
#define NET_PORT_HOOKS_H

struct netif;
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* A packet comes in: lo hears every address of 127.0.0.0/8. 0: go on with it; 1: it is gone. */
int stack_hear(struct pbuf *p, struct netif *from);
int stack_hear_v6(struct pbuf *p);
/* Where the numbers of a new connection begin: random, so that nobody guesses them. */
unsigned int stack_first_number(void);

/* A segment comes in for a connection or a listener. 0, or what its socket's filter does not want is gone. */
int stack_filter(struct tcp_pcb *pcb, struct tcp_hdr *h, struct pbuf *p);

#define LWIP_HOOK_IP4_INPUT(p, from)				stack_hear(p, from)
#define LWIP_HOOK_IP6_INPUT(p, from)				stack_hear_v6(p)
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)	stack_first_number()
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, h, options, first, second, p)	stack_filter(pcb, h, p)

#endif
