/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Classic BPF programs: checked once, then run without another look. seccomp's look at a block of 32-bit words, sockets' at packets. Pure; any
 * context.
 */
#ifndef KERNEL_CLASSIC_BPF_H
#define KERNEL_CLASSIC_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uapi/ferry/linux_seccomp.h>

/*
 * Is this program of @nr instructions safe to run on @size bytes of data? 0 or -EINVAL. Jumps go forward only, so every program ends.
 * @work: room for one word an instruction (as many as LINUX_BPF_MAXINSNS at most).
 */
int classic_bpf_check(const struct linux_bpf_insn *insns, uint32_t nr, uint32_t size, uint16_t *work);
/* What it returns; 0 when it divides by zero. @words: its data. Only after the check. */
uint32_t classic_bpf_run(const struct linux_bpf_insn *insns, const uint32_t *words, uint32_t size);

/* A packet, and what is known of it beside its bytes. */
struct classic_bpf_packet {
	const uint8_t *head;		/* its network header, or what there is */
	uint32_t length, start;		/* bytes at head; where of them the data begins that loads count from, at most length */
	uint32_t payload;		/* how far behind start the headers of the transport end; 0: not known */
	uint16_t protocol;		/* of the link; 0: not known */
	uint16_t interface, hardware;	/* 0: it came by no interface; then there is no link's header either */
	uint32_t (*ask)(uint32_t what);	/* LINUX_SKF_AD_CPU, LINUX_SKF_AD_RANDOM */
};

/* As classic_bpf_check(), for programs that look at packets. */
int classic_bpf_check_packet(const struct linux_bpf_insn *insns, uint32_t nr, uint16_t *work);
/* What it returns: how many bytes behind @p->start are wanted. 0 also when it divides by zero or loads what is not there. */
uint32_t classic_bpf_run_packet(const struct linux_bpf_insn *insns, const struct classic_bpf_packet *p);

#endif
