/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's System V shared memory: numbers and the structure of shmctl(), as x86-64 has them. */
#ifndef UAPI_FERRY_LINUX_SHM_H
#define UAPI_FERRY_LINUX_SHM_H

#define LINUX_IPC_PRIVATE	0
#define LINUX_IPC_CREAT		01000u
#define LINUX_IPC_EXCL		02000u
#define LINUX_IPC_RMID		0
#define LINUX_IPC_SET		1
#define LINUX_IPC_STAT		2
#define LINUX_SHM_HUGETLB	04000u
#define LINUX_SHM_RDONLY	010000u
#define LINUX_SHM_RND		020000u
#define LINUX_SHM_REMAP		040000u
#define LINUX_SHM_EXEC		0100000u
#define LINUX_SHM_LOCK		11
#define LINUX_SHM_UNLOCK	12
#define LINUX_SHM_DEST		01000u	/* in the mode: goes with the last who has it attached */

struct linux_shmid_ds {
	struct {
		int key;
		unsigned int uid, gid, cuid, cgid;
		unsigned int mode;
		unsigned short sequence, reserved1;
		unsigned long reserved[2];
	} perm;
	unsigned long size;
	unsigned long atime, dtime, ctime;
	int cpid, lpid;
	unsigned long nr_attached;
	unsigned long reserved[2];
};

#endif
