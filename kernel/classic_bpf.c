// SPDX-License-Identifier: GPL-2.0
/*
 * Classic BPF (McCanne and Jacobson, 1993) as seccomp filters use it: an accumulator, an index register, sixteen words of memory. Loads are of
 * whole aligned words at fixed places; the remainder of a division, indirect loads and Linux's ancillary data are not part of it, as there.
 */
#include <kernel/classic_bpf.h>
#include <kernel/types.h>
#include <uapi/ferry/errno.h>

#define CLASS(code)	((code) & 0x07)
#define OP(code)	((code) & 0xf0)
#define BY_X(code)	((code) & LINUX_BPF_X)
#define LD_ABS		(LINUX_BPF_LD | LINUX_BPF_ABS)
#define LD_LEN		(LINUX_BPF_LD | LINUX_BPF_LEN)
#define LDX_LEN		(LINUX_BPF_LDX | LINUX_BPF_LEN)
#define LD_IMM		(LINUX_BPF_LD | LINUX_BPF_IMM)
#define LDX_IMM		(LINUX_BPF_LDX | LINUX_BPF_IMM)
#define LD_MEM		(LINUX_BPF_LD | LINUX_BPF_MEM)
#define LDX_MEM		(LINUX_BPF_LDX | LINUX_BPF_MEM)
#define RET_K		LINUX_BPF_RET
#define RET_A		(LINUX_BPF_RET | LINUX_BPF_A)
#define TAX		(LINUX_BPF_MISC | LINUX_BPF_TAX)
#define TXA		(LINUX_BPF_MISC | LINUX_BPF_TXA)

/* ---- The check ---- */

static bool alu_ok(const struct linux_bpf_insn *i)
{
	if (i->code & ~(0xf7 | LINUX_BPF_X))
		return false;
	switch (OP(i->code)) {
	case LINUX_BPF_DIV:
		return BY_X(i->code) || i->k;
	case LINUX_BPF_LSH:
	case LINUX_BPF_RSH:
		return BY_X(i->code) || i->k < 32;
	case LINUX_BPF_NEG:
		return !BY_X(i->code);
	case LINUX_BPF_ADD:
	case LINUX_BPF_SUB:
	case LINUX_BPF_MUL:
	case LINUX_BPF_OR:
	case LINUX_BPF_AND:
	case LINUX_BPF_XOR:
		return true;
	default:
		return false;
	}
}

/* @left: the instructions behind this one. */
static bool jump_ok(const struct linux_bpf_insn *i, uint32_t left)
{
	if (i->code & ~(0xf7 | LINUX_BPF_X))
		return false;
	if (OP(i->code) == LINUX_BPF_JA)
		return !BY_X(i->code) && i->k < left;
	return OP(i->code) <= LINUX_BPF_JSET && i->jt < left && i->jf < left;
}

static bool insn_ok(const struct linux_bpf_insn *i, uint32_t left, uint32_t size)
{
	switch (i->code) {
	case LD_ABS:
		return i->k % 4 == 0 && i->k < size;
	case LD_MEM:
	case LDX_MEM:
	case LINUX_BPF_ST:
	case LINUX_BPF_STX:
		return i->k < LINUX_BPF_MEMWORDS;
	case LD_LEN:
	case LDX_LEN:
	case LD_IMM:
	case LDX_IMM:
	case RET_K:
	case RET_A:
	case TAX:
	case TXA:
		return true;
	default:
		if (CLASS(i->code) == LINUX_BPF_JMP)
			return jump_ok(i, left);
		return CLASS(i->code) == LINUX_BPF_ALU && alu_ok(i);
	}
}

/*
 * Every word of memory that is read was written on every way there: @unset has, for each instruction,
 * the words that a jump to it left unwritten.
 */
static bool memory_ok(const struct linux_bpf_insn *insns, uint32_t nr, uint16_t *unset)
{
	uint16_t now = 0xffff;

	for (uint32_t n = 0; n < nr; n++) {
		const struct linux_bpf_insn *i = &insns[n];

		now |= unset[n];
		if ((i->code == LD_MEM || i->code == LDX_MEM) && (now & 1u << i->k))
			return false;
		if (i->code == LINUX_BPF_ST || i->code == LINUX_BPF_STX)
			now &= (uint16_t)~(1u << i->k);
		if (CLASS(i->code) == LINUX_BPF_JMP) {
			bool always = OP(i->code) == LINUX_BPF_JA;

			unset[n + 1 + (always ? i->k : i->jt)] |= now;
			unset[n + 1 + (always ? i->k : i->jf)] |= now;
			now = 0;
		} else if (CLASS(i->code) == LINUX_BPF_RET) {
			now = 0;
		}
	}
	return true;
}

int classic_bpf_check(const struct linux_bpf_insn *insns, uint32_t nr, uint32_t size, uint16_t *work)
{
	if (!nr || nr > LINUX_BPF_MAXINSNS || CLASS(insns[nr - 1].code) != LINUX_BPF_RET)
		return -EINVAL;
	for (uint32_t n = 0; n < nr; n++)
		if (!insn_ok(&insns[n], nr - 1 - n, size))
			return -EINVAL;
	for (uint32_t n = 0; n < nr; n++)
		work[n] = 0;
	return memory_ok(insns, nr, work) ? 0 : -EINVAL;
}

/* ---- The machine ---- */

struct machine {
	uint32_t a, x, memory[LINUX_BPF_MEMWORDS];
};

/* False: a division by zero. */
static bool alu_run(struct machine *m, const struct linux_bpf_insn *i)
{
	uint32_t by = BY_X(i->code) ? m->x : i->k;

	switch (OP(i->code)) {
	case LINUX_BPF_ADD:
		m->a += by;
		break;
	case LINUX_BPF_SUB:
		m->a -= by;
		break;
	case LINUX_BPF_MUL:
		m->a *= by;
		break;
	case LINUX_BPF_DIV:
		if (!by)
			return false;
		m->a /= by;
		break;
	case LINUX_BPF_OR:
		m->a |= by;
		break;
	case LINUX_BPF_AND:
		m->a &= by;
		break;
	case LINUX_BPF_XOR:
		m->a ^= by;
		break;
	case LINUX_BPF_LSH:
		m->a <<= by & 31;
		break;
	case LINUX_BPF_RSH:
		m->a >>= by & 31;
		break;
	default:
		m->a = -m->a;
	}
	return true;
}

static uint32_t jump(const struct machine *m, const struct linux_bpf_insn *i)
{
	uint32_t with = BY_X(i->code) ? m->x : i->k;

	switch (OP(i->code)) {
	case LINUX_BPF_JA:
		return i->k;
	case LINUX_BPF_JEQ:
		return m->a == with ? i->jt : i->jf;
	case LINUX_BPF_JGT:
		return m->a > with ? i->jt : i->jf;
	case LINUX_BPF_JGE:
		return m->a >= with ? i->jt : i->jf;
	default:
		return m->a & with ? i->jt : i->jf;
	}
}

static void move(struct machine *m, const struct linux_bpf_insn *i, const uint32_t *words, uint32_t size)
{
	switch (i->code) {
	case LD_ABS:
		m->a = words[i->k / 4];
		break;
	case LD_LEN:
		m->a = size;
		break;
	case LDX_LEN:
		m->x = size;
		break;
	case LD_IMM:
		m->a = i->k;
		break;
	case LDX_IMM:
		m->x = i->k;
		break;
	case LD_MEM:
		m->a = m->memory[i->k];
		break;
	case LDX_MEM:
		m->x = m->memory[i->k];
		break;
	case LINUX_BPF_ST:
		m->memory[i->k] = m->a;
		break;
	case LINUX_BPF_STX:
		m->memory[i->k] = m->x;
		break;
	case TAX:
		m->x = m->a;
		break;
	default:
		m->a = m->x;
	}
}

uint32_t classic_bpf_run(const struct linux_bpf_insn *insns, const uint32_t *words, uint32_t size)
{
	struct machine m = { 0 };

	for (const struct linux_bpf_insn *i = insns;; i++) {
		if (i->code == RET_K)
			return i->k;
		if (i->code == RET_A)
			return m.a;
		if (CLASS(i->code) == LINUX_BPF_JMP)
			i += jump(&m, i);
		else if (CLASS(i->code) != LINUX_BPF_ALU)
			move(&m, i, words, size);
		else if (!alu_run(&m, i))
			return 0;
	}
}
