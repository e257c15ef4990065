// SPDX-License-Identifier: GPL-2.0
/* IPC namespaces: whose System V objects and message queues are seen, whose limits hold, and what goes with the last who is in one. */
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define KEY	0x0fe22e01
#define NOBODY	65534
#define MIB	(1024 * 1024)

static bool file_has(const char *path, const char *text)
{
	char all[4096];

	return strstr(abi_read(path, all, sizeof(all)), text) != NULL;
}

static void file_set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

/* A number behind @name in /proc/meminfo, in KiB. */
static long meminfo(const char *name)
{
	char all[8192], *at = strstr(abi_read("/proc/meminfo", all, sizeof(all)), name);

	CHECK(at);
	return strtol(at + strlen(name), NULL, 10);
}

/* This process is in a namespace of its own. */
static void enter_new(void)
{
	CHECK(!unshare(CLONE_NEWIPC));
}

ABI_CASE(system_v_objects_are_each_namespace_s)
{
	char number[32];
	int shm, sem, msg;

	if (geteuid())
		return;
	enter_new();
	shm = shmget(KEY, 4096, IPC_CREAT | 0600);
	sem = semget(KEY, 1, IPC_CREAT | 0600);
	msg = msgget(KEY, IPC_CREAT | 0600);
	CHECK(shm >= 0 && sem >= 0 && msg >= 0);
	snprintf(number, sizeof(number), "%10d", KEY);
	CHECK(file_has("/proc/sysvipc/shm", number) && file_has("/proc/sysvipc/sem", number) && file_has("/proc/sysvipc/msg", number));
	enter_new();
	CHECK_ERR(shmget(KEY, 0, 0), ENOENT);
	CHECK_ERR(semget(KEY, 0, 0), ENOENT);
	CHECK_ERR(msgget(KEY, 0), ENOENT);
	CHECK_ERR((long)shmat(shm, NULL, 0), EINVAL);
	CHECK_ERR(semctl(sem, 0, GETVAL), EINVAL);
	CHECK_ERR(msgsnd(msg, "\1\0\0\0\0\0\0", 0, IPC_NOWAIT), EINVAL);
	CHECK(!file_has("/proc/sysvipc/shm", number) && !file_has("/proc/sysvipc/sem", number) && !file_has("/proc/sysvipc/msg", number));
	CHECK(shmget(KEY, 8192, IPC_CREAT | IPC_EXCL | 0600) >= 0 && semget(KEY, 2, IPC_CREAT | IPC_EXCL | 0600) >= 0);
}

ABI_CASE(names_of_message_queues_are_each_namespace_s)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	mqd_t outer, inner;
	char text[8];

	if (geteuid())
		return;
	enter_new();
	outer = mq_open("/q", O_CREAT | O_RDWR, 0600, &attr);
	CHECK(outer >= 0 && !mq_send(outer, "outer", 5, 0));
	enter_new();
	CHECK_ERR(mq_open("/q", O_RDWR), ENOENT);
	CHECK_ERR(mq_unlink("/q"), ENOENT);
	inner = mq_open("/q", O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, &attr);
	CHECK(inner >= 0);
	CHECK_ERR(mq_receive(inner, text, sizeof(text), NULL), EAGAIN);
	/* What is open stays, whosever it was: its namespace is gone. */
	CHECK(mq_receive(outer, text, sizeof(text), NULL) == 5 && !memcmp(text, "outer", 5) && !mq_close(outer));
}

ABI_CASE(limits_of_ipc_are_each_namespace_s)
{
	char sem[64], message[64];
	pid_t pid;

	if (geteuid())
		return;
	enter_new();
	CHECK(file_has("/proc/sys/kernel/msgmax", "8192\n") && file_has("/proc/sys/fs/mqueue/queues_max", "256\n"));
	file_set("/proc/sys/kernel/msgmax", "16\n");
	file_set("/proc/sys/kernel/sem", "3 100 10 1\n");
	file_set("/proc/sys/fs/mqueue/msg_default", "3\n");
	pid = fork();
	if (!pid) {
		enter_new();
		CHECK(file_has("/proc/sys/kernel/msgmax", "8192\n") && !file_has("/proc/sys/kernel/sem", "3\t100"));
		CHECK(file_has("/proc/sys/fs/mqueue/msg_default", "10\n"));
		CHECK(semget(IPC_PRIVATE, 4, 0600) >= 0 && semget(IPC_PRIVATE, 4, 0600) >= 0);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
	CHECK(!strcmp(abi_read("/proc/sys/kernel/msgmax", message, sizeof(message)), "16\n"));
	CHECK(!strcmp(abi_read("/proc/sys/kernel/sem", sem, sizeof(sem)), "3\t100\t10\t1\n"));
	CHECK_ERR(semget(IPC_PRIVATE, 4, 0600), EINVAL);
	CHECK(semget(IPC_PRIVATE, 3, 0600) >= 0);
	CHECK_ERR(semget(IPC_PRIVATE, 3, 0600), ENOSPC);
	CHECK_ERR(msgsnd(msgget(IPC_PRIVATE, 0600), "\1\0\0\0\0\0\0\0aaaaaaaaaaaaaaaaaaaa", 17, IPC_NOWAIT), EINVAL);
}

/* Memory that only the namespace's objects hold. */
static void fill_namespace(void)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	struct { long type; char text[8192]; } m = { .type = 1 };
	int shm, msg;
	mqd_t queue;
	char *at;

	enter_new();
	shm = shmget(KEY, 8 * MIB, IPC_CREAT | 0600);
	at = shmat(shm, NULL, 0);
	CHECK(at != (void *)-1);
	memset(at, 1, 8 * MIB);
	CHECK(!shmdt(at) && semget(KEY, 1000, IPC_CREAT | 0600) >= 0);
	msg = msgget(KEY, IPC_CREAT | 0600);
	CHECK(msg >= 0 && !msgsnd(msg, &m, 8192, 0) && !msgsnd(msg, &m, 8192, 0));
	queue = mq_open("/q", O_CREAT | O_RDWR, 0600, &attr);
	for (int i = 0; i < 10; i++)
		CHECK(queue >= 0 && !mq_send(queue, m.text, 8192, 0));
}

ABI_CASE(what_is_in_a_namespace_goes_with_its_last_user)
{
	long before;

	if (geteuid())
		return;
	before = meminfo("Shmem:");
	for (int i = 0; i < 16; i++) {
		pid_t pid = fork();

		if (!pid) {
			fill_namespace();
			_exit(0);
		}
		CHECK(!abi_wait(pid));
	}
	/* The last may still be on its way out. */
	for (int i = 0; i < 100 && meminfo("Shmem:") > before + 4096; i++)
		usleep(10000);
	CHECK(meminfo("Shmem:") <= before + 4096);
}

ABI_CASE(an_attached_segment_outlives_its_namespace)
{
	int id;
	char *at;

	if (geteuid())
		return;
	enter_new();
	id = shmget(IPC_PRIVATE, 8192, 0600);
	at = shmat(id, NULL, 0);
	CHECK(at != (void *)-1);
	at[5000] = 7;
	enter_new();
	CHECK(at[5000] == 7);
	at[0] = 1;
	CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
	CHECK(!shmdt(at));
	CHECK_ERR(msync(at, 4096, MS_ASYNC), ENOMEM);
	CHECK_ERR(shmdt(at), EINVAL);
}

ABI_CASE(an_ipc_namespace_is_entered_and_gives_back_what_was_promised)
{
	struct sembuf one = { .sem_op = 1, .sem_flg = SEM_UNDO };
	int first = open("/proc/self/ns/ipc", O_RDONLY), second, outer, inner;

	if (geteuid())
		return;
	enter_new();
	second = open("/proc/self/ns/ipc", O_RDONLY);
	outer = semget(KEY, 1, IPC_CREAT | 0600);
	CHECK(outer >= 0 && !semop(outer, &one, 1) && semctl(outer, 0, GETVAL) == 1);
	CHECK(!setns(first, CLONE_NEWIPC));
	CHECK_ERR(semget(KEY, 1, 0), ENOENT);
	inner = semget(IPC_PRIVATE, 1, 0600);
	CHECK(inner >= 0 && !setns(second, 0) && semget(KEY, 1, 0) == outer && semctl(outer, 0, GETVAL) == 0);
	CHECK_ERR(setns(second, CLONE_NEWUTS), EINVAL);
	CHECK(!setns(first, CLONE_NEWIPC) && !semctl(inner, 0, IPC_RMID));
}

static void map_self(uint32_t uid)
{
	char text[64];

	file_set("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", uid);
	file_set("/proc/self/uid_map", text);
	file_set("/proc/self/gid_map", text);
}

/* Who made it may do there what root may outside, and nothing more outside than before. */
ABI_CASE(root_of_a_namespace_owns_what_is_in_it)
{
	int outside = shmget(IPC_PRIVATE, 4096, 0), inside;
	pid_t pid;

	if (geteuid())
		return;
	CHECK(outside >= 0);
	pid = fork();
	if (!pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY) && !prctl(PR_SET_DUMPABLE, 1));
		CHECK_ERR(unshare(CLONE_NEWIPC), EPERM);
		CHECK(!unshare(CLONE_NEWUSER));
		map_self(NOBODY);
		CHECK_ERR((long)shmat(outside, NULL, 0), EACCES);
		CHECK_ERR(shmctl(outside, IPC_RMID, NULL), EPERM);
		CHECK(!unshare(CLONE_NEWIPC));
		inside = shmget(IPC_PRIVATE, 4096, 0);
		CHECK(inside >= 0 && shmat(inside, NULL, 0) != (void *)-1 && file_has("/proc/sysvipc/shm", "     0     0     0     0 "));
		_exit(0);
	}
	CHECK(!abi_wait(pid) && !shmctl(outside, IPC_RMID, NULL));
}
