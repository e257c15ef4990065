/* SPDX-License-Identifier: GPL-2.0 */
/* Classic BPF programs over a block of 32-bit words (seccomp filters): checked once, then run without another look. Pure; any context. */
#ifndef KERNEL_CLASSIC_BPF_H
#define KERNEL_CLASSIC_BPF_H

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

#endif
