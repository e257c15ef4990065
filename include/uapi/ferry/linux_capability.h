/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's capabilities of processes (capabilities(7)): kernel/privilege.c. */
#ifndef UAPI_FERRY_LINUX_CAPABILITY_H
#define UAPI_FERRY_LINUX_CAPABILITY_H

/* capget, capset: bits of the sets. */
#define LINUX_CAP_CHOWN			0
#define LINUX_CAP_DAC_OVERRIDE		1
#define LINUX_CAP_DAC_READ_SEARCH	2
#define LINUX_CAP_FOWNER		3
#define LINUX_CAP_FSETID		4
#define LINUX_CAP_KILL			5
#define LINUX_CAP_SETGID		6
#define LINUX_CAP_SETUID		7
#define LINUX_CAP_SETPCAP		8
#define LINUX_CAP_LINUX_IMMUTABLE	9
#define LINUX_CAP_NET_BIND_SERVICE	10
#define LINUX_CAP_NET_BROADCAST		11
#define LINUX_CAP_NET_ADMIN		12
#define LINUX_CAP_NET_RAW		13
#define LINUX_CAP_IPC_LOCK		14
#define LINUX_CAP_IPC_OWNER		15
#define LINUX_CAP_SYS_MODULE		16
#define LINUX_CAP_SYS_RAWIO		17
#define LINUX_CAP_SYS_CHROOT		18
#define LINUX_CAP_SYS_PTRACE		19
#define LINUX_CAP_SYS_PACCT		20
#define LINUX_CAP_SYS_ADMIN		21
#define LINUX_CAP_SYS_BOOT		22
#define LINUX_CAP_SYS_NICE		23
#define LINUX_CAP_SYS_RESOURCE		24
#define LINUX_CAP_SYS_TIME		25
#define LINUX_CAP_SYS_TTY_CONFIG	26
#define LINUX_CAP_MKNOD			27
#define LINUX_CAP_LEASE			28
#define LINUX_CAP_AUDIT_WRITE		29
#define LINUX_CAP_AUDIT_CONTROL		30
#define LINUX_CAP_SETFCAP		31
#define LINUX_CAP_MAC_OVERRIDE		32
#define LINUX_CAP_MAC_ADMIN		33
#define LINUX_CAP_SYSLOG		34
#define LINUX_CAP_WAKE_ALARM		35
#define LINUX_CAP_BLOCK_SUSPEND		36
#define LINUX_CAP_AUDIT_READ		37
#define LINUX_CAP_PERFMON		38
#define LINUX_CAP_BPF			39
#define LINUX_CAP_CHECKPOINT_RESTORE	40
#define LINUX_CAP_LAST			LINUX_CAP_CHECKPOINT_RESTORE

/* prctl's secure bits; the bit above each locks it. */
#define LINUX_SECBIT_NOROOT			0x01u
#define LINUX_SECBIT_NO_SETUID_FIXUP		0x04u
#define LINUX_SECBIT_KEEP_CAPS			0x10u
#define LINUX_SECBIT_NO_CAP_AMBIENT_RAISE	0x40u
#define LINUX_SECBITS				0x55u
#define LINUX_SECBIT_LOCKS			0xaau
#define LINUX_SECBIT_LOCKED(bit)		((bit) << 1)

#define LINUX_CAPABILITY_VERSION_1	0x19980330u
#define LINUX_CAPABILITY_VERSION_2	0x20071026u
#define LINUX_CAPABILITY_VERSION_3	0x20080522u

struct linux_cap_header {
	unsigned int version;
	int pid;
};

struct linux_cap_data {
	unsigned int effective, permitted, inheritable;
};

/* The extended attribute security.capability: little endian; version 2 leaves out the last word. */
#define LINUX_VFS_CAP_REVISION_MASK	0xff000000u
#define LINUX_VFS_CAP_REVISION_1	0x01000000u
#define LINUX_VFS_CAP_REVISION_2	0x02000000u
#define LINUX_VFS_CAP_REVISION_3	0x03000000u
#define LINUX_VFS_CAP_FLAGS_EFFECTIVE	0x1u

struct linux_vfs_cap_data {
	unsigned int magic;
	struct {
		unsigned int permitted, inheritable;
	} data[2];
	unsigned int root;	/* whose root the file is meant for */
};

#endif
