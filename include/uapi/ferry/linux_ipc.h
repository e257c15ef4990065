/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux's System V shared memory, semaphores and message queues and POSIX message queues: numbers and structures as x86-64 has them
 * (shmctl(2), semctl(2), msgctl(2), mq_overview(7)).
 */
#ifndef UAPI_FERRY_LINUX_IPC_H
#define UAPI_FERRY_LINUX_IPC_H

#define LINUX_IPC_PRIVATE	0
#define LINUX_IPC_CREAT		01000u
#define LINUX_IPC_EXCL		02000u
#define LINUX_IPC_NOWAIT	04000u
#define LINUX_IPC_RMID		0
#define LINUX_IPC_SET		1
#define LINUX_IPC_STAT		2
#define LINUX_IPC_INFO		3

struct linux_ipc_perm {
	int key;
	unsigned int uid, gid, cuid, cgid;
	unsigned int mode;
	unsigned short sequence, reserved1;
	unsigned int reserved2;
	unsigned long reserved[2];
};

/* Shared memory. */
#define LINUX_SHM_HUGETLB	04000u
#define LINUX_SHM_NORESERVE	010000u
#define LINUX_SHM_RDONLY	010000u
#define LINUX_SHM_RND		020000u
#define LINUX_SHM_REMAP		040000u
#define LINUX_SHM_EXEC		0100000u
#define LINUX_SHM_LOCK		11
#define LINUX_SHM_UNLOCK	12
#define LINUX_SHM_STAT		13
#define LINUX_SHM_INFO		14
#define LINUX_SHM_STAT_ANY	15
#define LINUX_SHM_DEST		01000u	/* in the mode: goes with the last who has it attached */
#define LINUX_SHM_LOCKED	02000u

struct linux_shmid_ds {
	struct linux_ipc_perm perm;
	unsigned long size;
	unsigned long atime, dtime, ctime;
	int cpid, lpid;
	unsigned long nr_attached;
	unsigned long reserved[2];
};

struct linux_shminfo {
	unsigned long shmmax, shmmin, shmmni, shmseg, shmall, reserved[4];
};

struct linux_shm_info {
	int used_ids, pad;
	unsigned long shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

/* Semaphores. */
#define LINUX_SEM_UNDO		0x1000
#define LINUX_GETPID		11
#define LINUX_GETVAL		12
#define LINUX_GETALL		13
#define LINUX_GETNCNT		14
#define LINUX_GETZCNT		15
#define LINUX_SETVAL		16
#define LINUX_SETALL		17
#define LINUX_SEM_STAT		18
#define LINUX_SEM_INFO		19
#define LINUX_SEM_STAT_ANY	20

struct linux_sembuf {
	unsigned short sem_num;
	short sem_op, sem_flg;
};

struct linux_semid_ds {
	struct linux_ipc_perm perm;
	long otime, reserved1, ctime, reserved2;
	unsigned long nsems, reserved3, reserved4;
};

struct linux_seminfo {
	int semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem;
};

/* Message queues. */
#define LINUX_MSG_NOERROR	010000
#define LINUX_MSG_EXCEPT	020000
#define LINUX_MSG_COPY		040000
#define LINUX_MSG_STAT		11
#define LINUX_MSG_INFO		12
#define LINUX_MSG_STAT_ANY	13

struct linux_msqid_ds {
	struct linux_ipc_perm perm;
	long stime, rtime, ctime;
	unsigned long cbytes, qnum, qbytes;
	int lspid, lrpid;
	unsigned long reserved[2];
};

struct linux_msginfo {
	int msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
	unsigned short msgseg, pad;
};

/* POSIX message queues. */
struct linux_mq_attr {
	long mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs, reserved[4];
};

#define LINUX_MQ_PRIO_MAX	32768u

#endif
