// SPDX-License-Identifier: GPL-2.0
/*
 * Classic BPF (McCanne and Jacobson, 1993): an accumulator, an index register, sixteen words of memory. For seccomp filters loads are of whole
 * aligned words at fixed places; the remainder of a division, other loads and Linux's ancillary data are for filters of packets
 * alone (Linux's networking/filter.rst).
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

#define SIZE(code)	((code) & 0x18)
#define ABS(size)	(LINUX_BPF_LD | (size) | LINUX_BPF_ABS)
#define IND(size)	(LINUX_BPF_LD | (size) | LINUX_BPF_IND)
#define LDX_MSH		(LINUX_BPF_LDX | LINUX_BPF_B | LINUX_BPF_MSH)
#define LINK_HEADER	14u		/* two addresses and the protocol; those of lo are 0 */
#define ATTRIBUTES_MAX	65536u		/* that a run looks at, lest it take for ever */
#define ATTRIBUTE_TYPE	0x3fffu

/* ---- The check ---- */

static bool alu_ok(const struct linux_bpf_insn *i, bool packet)
{
	if (i->code & ~(0xf7 | LINUX_BPF_X))
		return false;
	switch (OP(i->code)) {
	case LINUX_BPF_MOD:
		return packet && (BY_X(i->code) || i->k);
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

/* Whether there is something is seen when it runs; what else is known of a packet has its places. */
static bool load_ok(const struct linux_bpf_insn *i)
{
	switch (i->code) {
	case ABS(0):
	case ABS(LINUX_BPF_H):
	case ABS(LINUX_BPF_B):
		return i->k < LINUX_SKF_AD_OFF || (i->k % 4 == 0 && i->k < LINUX_SKF_AD_OFF + LINUX_SKF_AD_MAX);
	case IND(0):
	case IND(LINUX_BPF_H):
	case IND(LINUX_BPF_B):
	case LDX_MSH:
		return true;
	default:
		return false;
	}
}

/* @size: 0 for packets. */
static bool insn_ok(const struct linux_bpf_insn *i, uint32_t left, uint32_t size)
{
	if (!size && load_ok(i))
		return true;
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
		return CLASS(i->code) == LINUX_BPF_ALU && alu_ok(i, !size);
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
		}
	}
	return true;
}

static int program_check(const struct linux_bpf_insn *insns, uint32_t nr, uint32_t size, uint16_t *work)
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

int classic_bpf_check(const struct linux_bpf_insn *insns, uint32_t nr, uint32_t size, uint16_t *work)
{
	return size ? program_check(insns, nr, size, work) : -EINVAL;
}

int classic_bpf_check_packet(const struct linux_bpf_insn *insns, uint32_t nr, uint16_t *work)
{
	return program_check(insns, nr, 0, work);
}

/* ---- The machine ---- */

struct machine {
	uint32_t a, x, memory[LINUX_BPF_MEMWORDS];
	uint32_t attributes;		/* looked at */
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
	case LINUX_BPF_MOD:
		if (!by)
			return false;
		m->a %= by;
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

/* ---- Packets ---- */

enum load { LOADED, NOT_THERE, NO_INTERFACE };

static uint32_t attribute_word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;	/* netlink's are the processor's: little-endian */
}

/* Where in the data behind @at and before @end the netlink attribute of type @m->x begins; 0: nowhere. */
static uint32_t attribute_find(struct machine *m, const uint8_t *data, uint32_t at, uint32_t end)
{
	while (end - at >= 4) {
		uint32_t length = attribute_word(data + at), step = ALIGN_UP(length, 4u);

		if (++m->attributes > ATTRIBUTES_MAX || length < 4 || length > end - at)
			break;
		if ((attribute_word(data + at + 2) & ATTRIBUTE_TYPE) == m->x)
			return at;
		if (step > end - at)
			break;
		at += step;
	}
	return 0;
}

static enum load attribute_load(struct machine *m, const struct classic_bpf_packet *p, bool nested)
{
	const uint8_t *data = p->head + p->start;
	uint32_t n = p->length - p->start, at = m->a, length;

	m->a = 0;
	if (n < 4 || at > n - 4)
		return LOADED;
	length = nested ? attribute_word(data + at) : n - at;
	if (length > n - at || length < 4)
		return LOADED;
	m->a = attribute_find(m, data, nested ? at + 4 : at, at + length);
	return m->attributes > ATTRIBUTES_MAX ? NOT_THERE : LOADED;
}

/* What is known of a packet and does not stand in it. There are no marks, queues, hashes and virtual networks, so these are 0. */
static enum load known_load(struct machine *m, const struct classic_bpf_packet *p, uint32_t what)
{
	switch (what) {
	case LINUX_SKF_AD_IFINDEX:
	case LINUX_SKF_AD_HATYPE:
		if (!p->interface)
			return NO_INTERFACE;
		m->a = what == LINUX_SKF_AD_IFINDEX ? p->interface : p->hardware;
		break;
	case LINUX_SKF_AD_NLATTR:
	case LINUX_SKF_AD_NLATTR_NEST:
		return attribute_load(m, p, what == LINUX_SKF_AD_NLATTR_NEST);
	case LINUX_SKF_AD_CPU:
	case LINUX_SKF_AD_RANDOM:
		m->a = p->ask(what);
		break;
	case LINUX_SKF_AD_ALU_XOR_X:
		m->a ^= m->x;
		break;
	default:
		m->a = what == LINUX_SKF_AD_PROTOCOL ? p->protocol : what == LINUX_SKF_AD_PAY_OFFSET ? p->payload : 0;
	}
	return LOADED;
}

/* A byte counted from the link's header, which is not kept: it is what lo's would be. */
static uint8_t link_byte(const struct classic_bpf_packet *p, uint32_t at)
{
	if (at >= LINK_HEADER)
		return p->head[at - LINK_HEADER];
	return at == LINK_HEADER - 2 ? p->protocol >> 8 : at == LINK_HEADER - 1 ? (uint8_t)p->protocol : 0;
}

/* @size bytes at @at, the highest first, to *@v; false: they are not all there. */
static bool bytes_load(const struct classic_bpf_packet *p, uint32_t at, uint32_t size, uint32_t *v)
{
	bool link = (int32_t)at < 0 && at < LINUX_SKF_NET_OFF;
	uint64_t from;

	if (link && (at < LINUX_SKF_LL_OFF || !p->interface))
		return false;
	from = link ? at - LINUX_SKF_LL_OFF : (int32_t)at < 0 ? at - LINUX_SKF_NET_OFF : (uint64_t)p->start + at;
	if (from + size > p->length + (link ? (uint64_t)LINK_HEADER : 0))
		return false;
	*v = 0;
	for (uint32_t n = 0; n < size; n++)
		*v = *v << 8 | (link ? link_byte(p, (uint32_t)from + n) : p->head[from + n]);
	return true;
}

static enum load packet_load(struct machine *m, const struct linux_bpf_insn *i, const struct classic_bpf_packet *p)
{
	uint32_t size = SIZE(i->code) == LINUX_BPF_B ? 1 : SIZE(i->code) == LINUX_BPF_H ? 2 : 4, at = i->k, v;

	if (CLASS(i->code) == LINUX_BPF_LD && (i->code & 0xe0) == LINUX_BPF_ABS && at >= LINUX_SKF_AD_OFF)
		return known_load(m, p, at - LINUX_SKF_AD_OFF);
	if ((i->code & 0xe0) == LINUX_BPF_IND)
		at += m->x;
	if (!bytes_load(p, at, size, &v))
		return NOT_THERE;
	if (i->code == LDX_MSH)
		m->x = (v & 15) * 4;
	else
		m->a = v;
	return LOADED;
}

/* ---- Running ---- */

/* Either for packets or not, and compiled twice: who makes a system call does not pay for the other. */
static inline __attribute__((always_inline)) uint32_t run(const struct linux_bpf_insn *insns, const uint32_t *words, uint32_t size,
							  const struct classic_bpf_packet *p)
{
	struct machine m = { 0 };

	for (const struct linux_bpf_insn *i = insns;; i++) {
		if (i->code == RET_K)
			return i->k;
		if (i->code == RET_A)
			return m.a;
		if (CLASS(i->code) == LINUX_BPF_JMP) {
			i += jump(&m, i);
		} else if (CLASS(i->code) == LINUX_BPF_ALU) {
			if (!alu_run(&m, i))
				return 0;
		} else if (p && load_ok(i)) {
			enum load l = packet_load(&m, i, p);

			if (l != LOADED)
				return l == NO_INTERFACE ? m.a : 0;	/* as Linux ends there */
		} else {
			move(&m, i, words, size);
		}
	}
}

uint32_t classic_bpf_run(const struct linux_bpf_insn *insns, const uint32_t *words, uint32_t size)
{
	return run(insns, words, size, NULL);
}

uint32_t classic_bpf_run_packet(const struct linux_bpf_insn *insns, const struct classic_bpf_packet *p)
{
	return run(insns, NULL, p->length - p->start, p);
}
