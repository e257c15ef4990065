/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's numbers and structures of seccomp(2) and of classic BPF programs. */
#ifndef UAPI_FERRY_LINUX_SECCOMP_H
#define UAPI_FERRY_LINUX_SECCOMP_H

#include <stdint.h>

#define LINUX_SECCOMP_MODE_DISABLED	0
#define LINUX_SECCOMP_MODE_STRICT	1
#define LINUX_SECCOMP_MODE_FILTER	2

#define LINUX_SECCOMP_SET_MODE_STRICT	0
#define LINUX_SECCOMP_SET_MODE_FILTER	1
#define LINUX_SECCOMP_GET_ACTION_AVAIL	2
#define LINUX_SECCOMP_GET_NOTIF_SIZES	3

#define LINUX_SECCOMP_FILTER_FLAG_TSYNC		0x01u
#define LINUX_SECCOMP_FILTER_FLAG_LOG		0x02u
#define LINUX_SECCOMP_FILTER_FLAG_SPEC_ALLOW	0x04u
#define LINUX_SECCOMP_FILTER_FLAG_NEW_LISTENER	0x08u
#define LINUX_SECCOMP_FILTER_FLAG_TSYNC_ESRCH	0x10u
#define LINUX_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV	0x20u

/* What a filter returns: an action, the smaller as a signed number the stronger, and 16 bits of data. */
#define LINUX_SECCOMP_RET_KILL_PROCESS	0x80000000u
#define LINUX_SECCOMP_RET_KILL_THREAD	0x00000000u
#define LINUX_SECCOMP_RET_TRAP		0x00030000u
#define LINUX_SECCOMP_RET_ERRNO		0x00050000u
#define LINUX_SECCOMP_RET_USER_NOTIF	0x7fc00000u
#define LINUX_SECCOMP_RET_TRACE		0x7ff00000u
#define LINUX_SECCOMP_RET_LOG		0x7ffc0000u
#define LINUX_SECCOMP_RET_ALLOW		0x7fff0000u
#define LINUX_SECCOMP_RET_ACTION_FULL	0xffff0000u
#define LINUX_SECCOMP_RET_DATA		0x0000ffffu

#define LINUX_SYS_SECCOMP		1	/* si_code of SIGSYS */
#define LINUX_SYS_USER_DISPATCH		2
#define LINUX_AUDIT_ARCH_X86_64		0xc000003eu

struct linux_seccomp_data {
	int32_t nr;
	uint32_t arch;
	uint64_t instruction_pointer, args[6];
};

/* PTRACE_SECCOMP_GET_METADATA: @filter_off says which, 0 the oldest. */
struct linux_seccomp_metadata {
	uint64_t filter_off, flags;
};

/* seccomp_unotify(2): a call that waits, its answer, and a descriptor for its process. */
struct linux_seccomp_notif {
	uint64_t id;
	uint32_t pid, flags;
	struct linux_seccomp_data data;
};

struct linux_seccomp_resp {
	uint64_t id;
	int64_t val;
	int32_t error;
	uint32_t flags;
};

struct linux_seccomp_addfd {
	uint64_t id;
	uint32_t flags, srcfd, newfd, newfd_flags;
};

struct linux_seccomp_notif_sizes {
	uint16_t notif, resp, data;
};

#define LINUX_SECCOMP_USER_NOTIF_FLAG_CONTINUE	1u
#define LINUX_SECCOMP_ADDFD_FLAG_SETFD		1u	/* newfd says which */
#define LINUX_SECCOMP_ADDFD_FLAG_SEND		2u	/* and it is the answer */

#define LINUX_IOC_SIZE_BITS			0x3fff0000u	/* of any ioctl's number: how long its argument is */
#define LINUX_SECCOMP_IOCTL_NOTIF_RECV		0xc0502100u
#define LINUX_SECCOMP_IOCTL_NOTIF_SEND		0xc0182101u
#define LINUX_SECCOMP_IOCTL_NOTIF_ID_VALID	0x40082102u
#define LINUX_SECCOMP_IOCTL_NOTIF_ID_VALID_OLD	0x80082102u
#define LINUX_SECCOMP_IOCTL_NOTIF_ADDFD		0x40182103u

/* Classic BPF: one instruction, and a program as setsockopt, prctl and seccomp take it. */
struct linux_bpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

struct linux_bpf_program {
	uint16_t length, pad[3];
	uint64_t filter;	/* user address of the instructions */
};

#define LINUX_BPF_MAXINSNS	4096u
#define LINUX_BPF_MEMWORDS	16u

/* Classes, sizes and modes, operations, sources: parts of a code. */
#define LINUX_BPF_LD		0x00
#define LINUX_BPF_LDX		0x01
#define LINUX_BPF_ST		0x02
#define LINUX_BPF_STX		0x03
#define LINUX_BPF_ALU		0x04
#define LINUX_BPF_JMP		0x05
#define LINUX_BPF_RET		0x06
#define LINUX_BPF_MISC		0x07
#define LINUX_BPF_H		0x08	/* half a word; a word is 0 */
#define LINUX_BPF_B		0x10
#define LINUX_BPF_IMM		0x00
#define LINUX_BPF_ABS		0x20
#define LINUX_BPF_IND		0x40
#define LINUX_BPF_MEM		0x60
#define LINUX_BPF_LEN		0x80
#define LINUX_BPF_MSH		0xa0
#define LINUX_BPF_ADD		0x00
#define LINUX_BPF_SUB		0x10
#define LINUX_BPF_MUL		0x20
#define LINUX_BPF_DIV		0x30
#define LINUX_BPF_OR		0x40
#define LINUX_BPF_AND		0x50
#define LINUX_BPF_LSH		0x60
#define LINUX_BPF_RSH		0x70
#define LINUX_BPF_NEG		0x80
#define LINUX_BPF_MOD		0x90
#define LINUX_BPF_XOR		0xa0
#define LINUX_BPF_JA		0x00
#define LINUX_BPF_JEQ		0x10
#define LINUX_BPF_JGT		0x20
#define LINUX_BPF_JGE		0x30
#define LINUX_BPF_JSET		0x40
#define LINUX_BPF_X		0x08
#define LINUX_BPF_A		0x10
#define LINUX_BPF_TAX		0x00
#define LINUX_BPF_TXA		0x80

/* Places of loads from packets that are not in the data: what is known of it (below), behind the network's and the link's header. */
#define LINUX_SKF_AD_OFF	0xfffff000u
#define LINUX_SKF_NET_OFF	0xfff00000u
#define LINUX_SKF_LL_OFF	0xffe00000u
#define LINUX_SKF_AD_PROTOCOL	0u
#define LINUX_SKF_AD_PKTTYPE	4u
#define LINUX_SKF_AD_IFINDEX	8u
#define LINUX_SKF_AD_NLATTR	12u
#define LINUX_SKF_AD_NLATTR_NEST	16u
#define LINUX_SKF_AD_MARK	20u
#define LINUX_SKF_AD_QUEUE	24u
#define LINUX_SKF_AD_HATYPE	28u
#define LINUX_SKF_AD_RXHASH	32u
#define LINUX_SKF_AD_CPU	36u
#define LINUX_SKF_AD_ALU_XOR_X	40u
#define LINUX_SKF_AD_VLAN_TAG	44u
#define LINUX_SKF_AD_VLAN_TAG_PRESENT	48u
#define LINUX_SKF_AD_PAY_OFFSET	52u
#define LINUX_SKF_AD_RANDOM	56u
#define LINUX_SKF_AD_VLAN_TPID	60u
#define LINUX_SKF_AD_MAX	64u

#endif
