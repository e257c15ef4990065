// SPDX-License-Identifier: GPL-2.0
/* System V semaphores and message queues. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

union sem_arg {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

#define KEY	0x46657272


static int sems(int nr)
{
	int id = semget(IPC_PRIVATE, nr, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

static void drop_rights(void)
{
	CHECK(!setgid(65534) && !setuid(65534));
}

ABI_CASE(semget_says_what_is_wrong)
{
	int id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600);

	CHECK(id >= 0);
	CHECK_ERR(semget(KEY, 3, IPC_CREAT | IPC_EXCL), EEXIST);
	CHECK_ERR(semget(KEY, 4, 0), EINVAL);
	CHECK_ERR(semget(KEY + 1, 1, 0), ENOENT);
	CHECK_ERR(semget(IPC_PRIVATE, 0, 0), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, -1, 0), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, 32001, 0), EINVAL);
	CHECK(semget(KEY, 0, 0) == id);
	CHECK(!semctl(id, 0, IPC_RMID));
	CHECK_ERR(semctl(id, 0, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, 0, IPC_RMID), EINVAL);
}

ABI_CASE(semop_takes_all_steps_or_none)
{
	struct sembuf both[2] = { { 0, -1, IPC_NOWAIT }, { 1, -1, IPC_NOWAIT } }, far = { 2, 1, 0 }, up = { 0, 1, 0 };
	union sem_arg a = { .val = 1 };
	int id = sems(2);

	CHECK(!semctl(id, 0, SETVAL, a));
	CHECK_ERR(semop(id, both, 2), EAGAIN);
	CHECK(semctl(id, 0, GETVAL) == 1);
	CHECK(!semctl(id, 1, SETVAL, a) && !semop(id, both, 2));
	CHECK(semctl(id, 0, GETVAL) == 0 && semctl(id, 1, GETVAL) == 0 && semctl(id, 0, GETPID) == getpid());
	CHECK_ERR(semop(id, &far, 1), EFBIG);
	CHECK_ERR(semop(id, both, 0), EINVAL);
	CHECK_ERR(semop(id, both, 501), E2BIG);
	CHECK_ERR(semop(id, BAD, 1), EFAULT);
	CHECK_ERR(semop(-1, both, 1), EINVAL);
	a.val = 32767;
	CHECK(!semctl(id, 0, SETVAL, a));
	CHECK_ERR(semop(id, &up, 1), ERANGE);
	a.val = 32768;
	CHECK_ERR(semctl(id, 0, SETVAL, a), ERANGE);
	CHECK_ERR(semctl(id, 2, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, 0, 1000), EINVAL);
	CHECK(!semctl(id, 0, IPC_RMID));
}

ABI_CASE(semop_waits_for_a_value_and_for_zero)
{
	struct sembuf down = { 0, -2, 0 }, up = { 0, 1, 0 }, zero = { 0, 0, 0 };
	int id = sems(1);
	pid_t pid = fork();

	if (pid == 0)
		_exit(semop(id, &down, 1) != 0);
	while (semctl(id, 0, GETNCNT) != 1)
		usleep(1000);
	CHECK(!semop(id, &up, 1) && semctl(id, 0, GETNCNT) == 1 && semctl(id, 0, GETZCNT) == 0);
	CHECK(!semop(id, &up, 1) && abi_wait(pid) == 0 && semctl(id, 0, GETVAL) == 0);
	CHECK(!semop(id, &up, 1));
	pid = fork();
	if (pid == 0)
		_exit(semop(id, &zero, 1) != 0);
	while (semctl(id, 0, GETZCNT) != 1)
		usleep(1000);
	up.sem_op = -1;
	CHECK(!semop(id, &up, 1) && abi_wait(pid) == 0);
	CHECK(!semctl(id, 0, IPC_RMID));
}

ABI_CASE(removing_a_set_wakes_who_waits)
{
	struct sembuf down = { 0, -1, 0 };
	int id = sems(1);
	pid_t pid = fork();

	if (pid == 0)
		_exit(semop(id, &down, 1) == -1 && errno == EIDRM ? 0 : 1);
	while (semctl(id, 0, GETNCNT) != 1)
		usleep(1000);
	CHECK(!semctl(id, 0, IPC_RMID) && abi_wait(pid) == 0);
}

static void nothing(int sig)
{
	(void)sig;
}

/* Those that wait are served by who lets them, in their order, and not robbed of it by a removal. */
ABI_CASE(who_may_go_on_has_done_so_when_the_set_is_removed)
{
	struct sembuf down = { 0, -1, 0 }, more = { 0, 3, 0 };
	int id = semget(IPC_PRIVATE, 1, 0600);
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(semop(id, &down, 1) != 0);
		while (semctl(id, 0, GETNCNT) != i + 1)
			usleep(1000);
	}
	CHECK(!semop(id, &more, 1) && semctl(id, 0, GETNCNT) == 0 && semctl(id, 0, GETVAL) == 0 && semctl(id, 0, GETPID) == pid[2]);
	CHECK(!semctl(id, 0, IPC_RMID));
	for (int i = 0; i < 3; i++)
		CHECK(abi_wait(pid[i]) == 0);
}

ABI_CASE(semop_ends_by_time_and_by_signal)
{
	struct sembuf down = { 0, -1, 0 };
	struct timespec t = { 0, 1000000 }, bad = { 0, 1000000000 };
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
	int id = sems(1);

	CHECK_ERR(semtimedop(id, &down, 1, &t), EAGAIN);
	CHECK_ERR(semtimedop(id, &down, 1, &bad), EINVAL);
	sigaction(SIGALRM, &sa, NULL);
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	CHECK_ERR(semop(id, &down, 1), EINTR);
	CHECK(!semctl(id, 0, IPC_RMID));
}

ABI_CASE(sem_undo_is_done_when_the_process_ends)
{
	struct sembuf down = { 0, -2, SEM_UNDO };
	union sem_arg a = { .val = 3 };
	int id = sems(1);
	pid_t pid;

	CHECK(!semctl(id, 0, SETVAL, a));
	pid = fork();
	if (pid == 0)
		_exit(semop(id, &down, 1) != 0 || semctl(id, 0, GETVAL) != 1);
	CHECK(abi_wait(pid) == 0 && semctl(id, 0, GETVAL) == 3 && semctl(id, 0, GETPID) == pid);
	pid = fork();
	if (pid == 0)
		_exit(semop(id, &down, 1) != 0 || semctl(id, 0, SETVAL, a) != 0);
	CHECK(abi_wait(pid) == 0 && semctl(id, 0, GETVAL) == 3);
	CHECK(!semctl(id, 0, IPC_RMID));
}

ABI_CASE(semctl_reads_and_sets_all_and_stats)
{
	unsigned short values[3] = { 1, 2, 3 }, seen[3] = { 0 };
	union sem_arg a = { .array = values };
	struct semid_ds ds;
	int id = sems(3);

	CHECK(!semctl(id, 0, SETALL, a));
	a.array = seen;
	CHECK(!semctl(id, 0, GETALL, a) && !memcmp(values, seen, sizeof(values)));
	a.buf = &ds;
	CHECK(!semctl(id, 0, IPC_STAT, a) && ds.sem_nsems == 3 && ds.sem_otime == 0 && ds.sem_perm.mode == 0600);
	ds.sem_perm.mode = 0644;
	CHECK(!semctl(id, 0, IPC_SET, a) && !semctl(id, 0, IPC_STAT, a) && ds.sem_perm.mode == 0644);
	a.buf = BAD;
	CHECK_ERR(semctl(id, 0, IPC_STAT, a), EFAULT);
	CHECK_ERR(semctl(id, 0, GETALL, a), EFAULT);
	CHECK(!semctl(id, 0, IPC_RMID));
}

ABI_CASE(sem_rights_are_checked)
{
	struct sembuf up = { 0, 1, 0 }, zero = { 0, 0, IPC_NOWAIT };
	union sem_arg a = { .val = 1 };
	int id = sems(1);
	pid_t pid = fork();

	if (pid == 0) {
		drop_rights();
		CHECK_ERR(semop(id, &up, 1), EACCES);
		CHECK_ERR(semop(id, &zero, 1), EACCES);
		CHECK_ERR(semctl(id, 0, GETVAL), EACCES);
		CHECK_ERR(semctl(id, 0, SETVAL, a), EACCES);
		CHECK_ERR(semctl(id, 0, IPC_RMID), EPERM);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && !semctl(id, 0, IPC_RMID));
}

struct text {
	long type;
	char data[64];
};

static int queue(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

static void put(int id, long type, const char *text)
{
	struct text m = { .type = type };

	strcpy(m.data, text);
	CHECK(!msgsnd(id, &m, strlen(text), IPC_NOWAIT));
}

static bool got(int id, long type, int flags, const char *text)
{
	struct text m;
	ssize_t n = msgrcv(id, &m, sizeof(m.data), type, flags | IPC_NOWAIT);

	return n == (ssize_t)strlen(text) && !memcmp(m.data, text, (size_t)n);
}

ABI_CASE(messages_come_by_type)
{
	int id = queue();
	struct text m;

	put(id, 5, "five");
	put(id, 2, "two");
	put(id, 7, "seven");
	put(id, 2, "again");
	CHECK(got(id, -6, 0, "two"));
	CHECK(got(id, 7, 0, "seven"));
	CHECK(got(id, 5, MSG_EXCEPT, "again"));
	CHECK_ERR(msgrcv(id, &m, 64, 9, IPC_NOWAIT), ENOMSG);
	CHECK_ERR(msgrcv(id, &m, 2, 0, IPC_NOWAIT), E2BIG);
	CHECK(got(id, 0, 0, "five"));
	put(id, 1, "long one");
	CHECK(msgrcv(id, &m, 4, 0, MSG_NOERROR) == 4 && !memcmp(m.data, "long", 4) && m.type == 1);
	CHECK(!msgctl(id, IPC_RMID, NULL));
}

ABI_CASE(msgsnd_and_msgrcv_say_what_is_wrong)
{
	struct text m = { .type = 1 }, none = { .type = 0 };
	int id = queue();

	CHECK_ERR(msgsnd(id, &none, 1, 0), EINVAL);
	CHECK_ERR(msgsnd(id, &m, 8193, 0), EINVAL);
	CHECK_ERR(msgsnd(-1, &m, 1, 0), EINVAL);
	CHECK_ERR(msgsnd(id, BAD, 1, 0), EFAULT);
	CHECK_ERR(msgrcv(id, &m, (size_t)-1, 0, 0), EINVAL);
	put(id, 1, "x");
	CHECK_ERR(msgrcv(id, BAD, 1, 0, 0), EFAULT);
	CHECK_ERR(msgget(KEY + 7, 0), ENOENT);
	CHECK_ERR(msgctl(id, 999, NULL), EINVAL);
	CHECK_ERR(msgctl(id, IPC_STAT, BAD), EFAULT);
	CHECK(!msgctl(id, IPC_RMID, NULL));
	CHECK_ERR(msgctl(id, IPC_RMID, NULL), EINVAL);
	CHECK_ERR(msgsnd(id, &m, 1, 0), EINVAL);
}

ABI_CASE(old_numbers_name_nothing)
{
	int old = queue(), id;
	struct text m;

	CHECK(!msgctl(old, IPC_RMID, NULL));
	id = queue();
	CHECK(id != old);
	CHECK_ERR(msgrcv(old, &m, 1, 0, IPC_NOWAIT), EINVAL);
	CHECK_ERR(msgrcv(id ^ 0x400000, &m, 1, 0, IPC_NOWAIT), EINVAL);
	CHECK(!msgctl(id, IPC_RMID, NULL));
}

ABI_CASE(full_queue_makes_the_sender_wait)
{
	static struct { long type; char data[8192]; } big = { .type = 1 };
	struct msqid_ds ds;
	int id = queue();
	pid_t pid;

	CHECK(!msgsnd(id, &big, 8192, 0) && !msgsnd(id, &big, 8192, 0));
	CHECK_ERR(msgsnd(id, &big, 1, IPC_NOWAIT), EAGAIN);
	CHECK(!msgctl(id, IPC_STAT, &ds) && ds.msg_qnum == 2 && ds.msg_qbytes == 16384 && ds.msg_lspid == getpid());
	pid = fork();
	if (pid == 0)
		_exit(msgsnd(id, &big, 1, 0) != 0);
	abi_await_call(pid, SYS_msgsnd);
	CHECK(msgrcv(id, &big, 8192, 0, 0) == 8192 && abi_wait(pid) == 0);
	CHECK(!msgctl(id, IPC_STAT, &ds) && ds.msg_qnum == 2 && ds.msg_lspid == pid);
	CHECK(!msgctl(id, IPC_RMID, NULL));
}

ABI_CASE(removing_a_queue_wakes_its_reader)
{
	int id = queue();
	struct text m;
	pid_t pid = fork();

	if (pid == 0)
		_exit(msgrcv(id, &m, 1, 0, 0) == -1 && errno == EIDRM ? 0 : 1);
	abi_await_call(pid, SYS_msgrcv);
	CHECK(!msgctl(id, IPC_RMID, NULL));
	CHECK(abi_wait(pid) == 0);
}

/* What stands in a file of /proc/sys after @text was written to it, if there is any. */
static long said(const char *path, const char *text)
{
	char now[32];

	if (text) {
		FILE *f = fopen(path, "w");

		CHECK(f && fputs(text, f) >= 0 && !fclose(f));
	}
	return strtol(abi_read(path, now, sizeof(now)), NULL, 10);
}

ABI_CASE(a_number_that_was_removed_comes_back_for_who_asks_for_it)
{
	int old = queue(), id;
	char text[16];

	CHECK(!msgctl(old, IPC_RMID, NULL));
	if (geteuid())
		return;
	snprintf(text, sizeof(text), "%d", old);
	CHECK(said("/proc/sys/kernel/msg_next_id", text) == old);
	id = queue();
	CHECK(!msgctl(id, IPC_RMID, NULL) && id == old);
	CHECK(said("/proc/sys/kernel/msg_next_id", NULL) == -1);
	CHECK(said("/proc/sys/kernel/sem_next_id", NULL) == -1 && said("/proc/sys/kernel/shm_next_id", NULL) == -1);
}

static void limit_write(const char *name, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value) && !close(fd));
}

ABI_CASE(the_numbers_of_objects_can_be_limited)
{
	char before[64], sem[64];
	int a, b;

	abi_read("/proc/sys/kernel/msgmni", before, sizeof(before));
	abi_read("/proc/sys/kernel/sem", sem, sizeof(sem));
	limit_write("msgmni", "0");
	CHECK_ERR(msgget(IPC_PRIVATE, 0600), ENOSPC);
	limit_write("msgmni", before);
	a = msgget(IPC_PRIVATE, 0600);
	CHECK(a >= 0 && !msgctl(a, IPC_RMID, NULL));
	limit_write("sem", "250 32000 32 1");
	a = semget(IPC_PRIVATE, 250, 0600);
	b = semget(IPC_PRIVATE, 1, 0600);
	CHECK(a >= 0 && b == -1 && errno == ENOSPC && !semctl(a, 0, IPC_RMID));
	CHECK_ERR(semget(IPC_PRIVATE, 251, 0600), EINVAL);
	limit_write("sem", sem);
	a = semget(IPC_PRIVATE, 251, 0600);
	CHECK(a >= 0);
	CHECK_ERR(semctl(a, 0, SETVAL, -1), ERANGE);
	CHECK(!semctl(a, 0, IPC_RMID));
	CHECK_ERR(semctl(a, 0, SETVAL, -1), ERANGE);
}
