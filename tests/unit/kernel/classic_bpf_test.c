// SPDX-License-Identifier: GPL-2.0
/* Classic BPF: what the check lets through is safe to run, and what runs gives the right answer. */
#include <ktest.h>
#include "kernel/classic_bpf.c"

KTEST_SUITE(classic_bpf);

#define INSN(c, f, t, v)	{ .code = (c), .jt = (t), .jf = (f), .k = (v) }
#define STMT(c, v)		INSN(c, 0, 0, v)
#define ALU_K			LINUX_BPF_ALU
#define ALU_X			(LINUX_BPF_ALU | LINUX_BPF_X)
#define DATA_BYTES		64u

static uint16_t work[LINUX_BPF_MAXINSNS];
static uint32_t words[DATA_BYTES / 4] = { 7, 100 };

static int check(const struct linux_bpf_insn *insns, uint32_t nr)
{
	return classic_bpf_check(insns, nr, DATA_BYTES, work);
}

#define CHECKED(...) ({ struct linux_bpf_insn insns_[] = { __VA_ARGS__ }; check(insns_, ARRAY_SIZE(insns_)); })
#define RUN(...) ({ struct linux_bpf_insn insns_[] = { __VA_ARGS__ }; \
		    EXPECT_EQ(check(insns_, ARRAY_SIZE(insns_)), 0); classic_bpf_run(insns_, words, DATA_BYTES); })

KTEST_CASE(words_of_the_data_are_loaded)
{
	EXPECT_EQ(RUN(STMT(LD_ABS, 4), STMT(RET_A, 0)), 100);
	EXPECT_EQ(RUN(STMT(LD_LEN, 0), STMT(RET_A, 0)), DATA_BYTES);
	EXPECT_EQ(RUN(STMT(LDX_LEN, 0), STMT(TXA, 0), STMT(RET_A, 0)), DATA_BYTES);
}

KTEST_CASE(load_outside_the_data_is_refused)
{
	EXPECT_EQ(CHECKED(STMT(LD_ABS, 60), STMT(RET_A, 0)), 0);
	EXPECT_EQ(CHECKED(STMT(LD_ABS, 64), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(CHECKED(STMT(LD_ABS, 0xfffffffc), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(CHECKED(STMT(LD_ABS, 2), STMT(RET_A, 0)), -EINVAL);
}

KTEST_CASE(program_without_an_end_is_refused)
{
	EXPECT_EQ(CHECKED(STMT(LD_IMM, 1)), -EINVAL);
	EXPECT_EQ(check(NULL, 0), -EINVAL);
}

KTEST_CASE(jump_behind_the_end_is_refused)
{
	EXPECT_EQ(CHECKED(INSN(LINUX_BPF_JMP | LINUX_BPF_JEQ, 0, 0, 1), STMT(RET_K, 1)), 0);
	EXPECT_EQ(CHECKED(INSN(LINUX_BPF_JMP | LINUX_BPF_JEQ, 1, 0, 1), STMT(RET_K, 1)), -EINVAL);
	EXPECT_EQ(CHECKED(INSN(LINUX_BPF_JMP | LINUX_BPF_JEQ, 0, 1, 1), STMT(RET_K, 1)), -EINVAL);
	EXPECT_EQ(CHECKED(STMT(LINUX_BPF_JMP | LINUX_BPF_JA, 1), STMT(RET_K, 1)), -EINVAL);
	EXPECT_EQ(CHECKED(STMT(LINUX_BPF_JMP | LINUX_BPF_JA, 0xffffffff), STMT(RET_K, 1)), -EINVAL);
}

KTEST_CASE(memory_is_read_only_where_every_way_wrote_it)
{
	EXPECT_EQ(CHECKED(STMT(LD_MEM, 0), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(CHECKED(STMT(LINUX_BPF_ST, 16), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(CHECKED(INSN(LINUX_BPF_JMP | LINUX_BPF_JEQ, 1, 0, 1), STMT(LINUX_BPF_ST, 3), STMT(LD_MEM, 3), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(RUN(STMT(LD_IMM, 9), STMT(LINUX_BPF_ST, 15), STMT(LD_IMM, 0), STMT(LD_MEM, 15), STMT(RET_A, 0)), 9);
	EXPECT_EQ(RUN(STMT(LDX_IMM, 8), STMT(LINUX_BPF_STX, 2), STMT(LDX_MEM, 2), STMT(TXA, 0), STMT(RET_A, 0)), 8);
}

KTEST_CASE(division_by_zero_ends_the_program)
{
	EXPECT_EQ(CHECKED(STMT(ALU_K | LINUX_BPF_DIV, 0), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(RUN(STMT(LD_IMM, 9), STMT(ALU_X | LINUX_BPF_DIV, 0), STMT(RET_K, 5)), 0);
}

KTEST_CASE(arithmetic_is_of_32_bits)
{
	EXPECT_EQ(RUN(STMT(LD_IMM, 0xffffffff), STMT(ALU_K | LINUX_BPF_ADD, 2), STMT(RET_A, 0)), 1);
	EXPECT_EQ(RUN(STMT(LD_IMM, 1), STMT(ALU_K | LINUX_BPF_SUB, 2), STMT(ALU_K | LINUX_BPF_NEG, 0), STMT(RET_A, 0)), 1);
	EXPECT_EQ(RUN(STMT(LD_IMM, 6), STMT(TAX, 0), STMT(ALU_X | LINUX_BPF_MUL, 0), STMT(ALU_K | LINUX_BPF_DIV, 5), STMT(RET_A, 0)), 7);
	EXPECT_EQ(RUN(STMT(LD_IMM, 0xf0), STMT(ALU_K | LINUX_BPF_OR, 1), STMT(ALU_K | LINUX_BPF_AND, 0x31), STMT(ALU_K | LINUX_BPF_XOR, 1),
		      STMT(RET_A, 0)), 0x30);
	EXPECT_EQ(RUN(STMT(LD_IMM, 3), STMT(ALU_K | LINUX_BPF_LSH, 31), STMT(ALU_K | LINUX_BPF_RSH, 30), STMT(RET_A, 0)), 2);
	EXPECT_EQ(CHECKED(STMT(ALU_K | LINUX_BPF_LSH, 32), STMT(RET_A, 0)), -EINVAL);
}

KTEST_CASE(jumps_compare_without_signs)
{
	EXPECT_EQ(RUN(STMT(LD_IMM, 0x80000000), INSN(LINUX_BPF_JMP | LINUX_BPF_JGT, 1, 0, 1), STMT(RET_K, 1), STMT(RET_K, 2)), 1);
	EXPECT_EQ(RUN(STMT(LD_IMM, 1), INSN(LINUX_BPF_JMP | LINUX_BPF_JGE, 1, 0, 1), STMT(RET_K, 1), STMT(RET_K, 2)), 1);
	EXPECT_EQ(RUN(STMT(LD_IMM, 6), INSN(LINUX_BPF_JMP | LINUX_BPF_JSET, 1, 0, 1), STMT(RET_K, 1), STMT(RET_K, 2)), 2);
	EXPECT_EQ(RUN(STMT(LDX_IMM, 6), INSN(LINUX_BPF_JMP | LINUX_BPF_JEQ | LINUX_BPF_X, 1, 0, 0), STMT(RET_K, 1), STMT(RET_K, 2)), 2);
	EXPECT_EQ(RUN(STMT(LINUX_BPF_JMP | LINUX_BPF_JA, 1), STMT(RET_K, 1), STMT(RET_K, 2)), 2);
}

KTEST_CASE(instructions_of_packets_are_refused)
{
	static const uint16_t codes[] = { 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1, 0x9c, 0x94, 0x8c, 0x55, 0x0d, 0x1e, 0xffff, 0x100 };

	for (unsigned int i = 0; i < ARRAY_SIZE(codes); i++)
		EXPECT_EQ(CHECKED(STMT(codes[i], 0), STMT(RET_K, 0)), -EINVAL);
}

/* ---- Packets ---- */

#define PACKET_BYTES	24u
#define PACKET_START	8u

static uint8_t packet_bytes[PACKET_BYTES] = { 0x45, 2, 3, 4, 5, 6, 7, 8, 0x12, 0x34, 0x56, 0x78, 8, 0, 1, 0, 9, 9, 9, 9, 0, 0, 0, 77 };

static uint32_t ask_7(uint32_t what)
{
	return what == LINUX_SKF_AD_CPU ? 7 : 8;
}

#define PACKET(...) ({ struct linux_bpf_insn insns_[] = { __VA_ARGS__ }; \
		       struct classic_bpf_packet p_ = { .head = packet_bytes, .length = PACKET_BYTES, .start = PACKET_START, .payload = 4, \
							.protocol = 0x800, .interface = 1, .hardware = 772, .ask = ask_7 }; \
		       EXPECT_EQ(classic_bpf_check_packet(insns_, ARRAY_SIZE(insns_), work), 0); classic_bpf_run_packet(insns_, &p_); })

KTEST_CASE(bytes_of_a_packet_are_loaded_highest_first)
{
	EXPECT_EQ(PACKET(STMT(ABS(0), 0), STMT(RET_A, 0)), 0x12345678);
	EXPECT_EQ(PACKET(STMT(ABS(LINUX_BPF_H), 1), STMT(RET_A, 0)), 0x3456);
	EXPECT_EQ(PACKET(STMT(LDX_IMM, 10), STMT(IND(LINUX_BPF_B), 5), STMT(RET_A, 0)), 77);
	EXPECT_EQ(PACKET(STMT(LDX_MSH, 1), STMT(TXA, 0), STMT(RET_A, 0)), 16);
	EXPECT_EQ(PACKET(STMT(LD_LEN, 0), STMT(RET_A, 0)), PACKET_BYTES - PACKET_START);
	EXPECT_EQ(PACKET(STMT(ABS(LINUX_BPF_B), LINUX_SKF_NET_OFF), STMT(RET_A, 0)), 0x45);
	EXPECT_EQ(PACKET(STMT(ABS(0), LINUX_SKF_LL_OFF + 12), STMT(RET_A, 0)), 0x08004502);
}

KTEST_CASE(load_outside_a_packet_ends_the_program)
{
	EXPECT_EQ(PACKET(STMT(ABS(0), 12), STMT(RET_K, 1)), 1);
	EXPECT_EQ(PACKET(STMT(ABS(0), 13), STMT(RET_K, 1)), 0);
	EXPECT_EQ(PACKET(STMT(LDX_IMM, 0xffffffff), STMT(IND(LINUX_BPF_B), 0), STMT(RET_K, 1)), 0);
	EXPECT_EQ(PACKET(STMT(LDX_IMM, 0), STMT(IND(0), LINUX_SKF_AD_OFF), STMT(RET_K, 1)), 0);
	EXPECT_EQ(PACKET(STMT(ABS(LINUX_BPF_B), LINUX_SKF_NET_OFF + PACKET_BYTES), STMT(RET_K, 1)), 0);
	EXPECT_EQ(PACKET(STMT(ABS(LINUX_BPF_B), LINUX_SKF_LL_OFF + PACKET_BYTES + 14), STMT(RET_K, 1)), 0);
	EXPECT_EQ(PACKET(STMT(ABS(LINUX_BPF_B), LINUX_SKF_LL_OFF - 1), STMT(RET_K, 1)), 0);
	EXPECT_EQ(PACKET(STMT(LDX_MSH, 16), STMT(RET_K, 1)), 0);
}

KTEST_CASE(what_is_known_of_a_packet_is_loaded)
{
	EXPECT_EQ(PACKET(STMT(ABS(0), LINUX_SKF_AD_OFF + LINUX_SKF_AD_CPU), STMT(RET_A, 0)), 7);
	EXPECT_EQ(PACKET(STMT(ABS(0), LINUX_SKF_AD_OFF + LINUX_SKF_AD_HATYPE), STMT(RET_A, 0)), 772);
	EXPECT_EQ(PACKET(STMT(ABS(0), LINUX_SKF_AD_OFF + LINUX_SKF_AD_PAY_OFFSET), STMT(RET_A, 0)), 4);
	EXPECT_EQ(PACKET(STMT(LD_IMM, 4), STMT(LDX_IMM, 1), STMT(ABS(0), LINUX_SKF_AD_OFF + LINUX_SKF_AD_NLATTR), STMT(RET_A, 0)), 4);
	EXPECT_EQ(PACKET(STMT(LD_IMM, 0xfffffffe), STMT(LDX_IMM, 1), STMT(ABS(0), LINUX_SKF_AD_OFF + LINUX_SKF_AD_NLATTR_NEST), STMT(RET_A, 0)), 0);
}

KTEST_CASE(remainder_is_for_packets_alone)
{
	EXPECT_EQ(CHECKED(STMT(ALU_K | LINUX_BPF_MOD, 3), STMT(RET_A, 0)), -EINVAL);
	EXPECT_EQ(PACKET(STMT(LD_IMM, 45), STMT(ALU_K | LINUX_BPF_MOD, 7), STMT(RET_A, 0)), 3);
	EXPECT_EQ(PACKET(STMT(LD_IMM, 45), STMT(ALU_X | LINUX_BPF_MOD, 0), STMT(RET_K, 1)), 0);
}
