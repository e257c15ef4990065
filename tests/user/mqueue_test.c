// SPDX-License-Identifier: GPL-2.0
/* POSIX message queues. The calls themselves, as libc hands them on: names without their slash. */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include "abi.h"


static mqd_t open_queue(long nr, long size, int flags)
{
	struct mq_attr a = { .mq_maxmsg = nr, .mq_msgsize = size };
	mqd_t q;

	mq_unlink("/ferry-test");
	q = mq_open("/ferry-test", O_RDWR | O_CREAT | O_EXCL | flags, 0600, &a);
	CHECK(q >= 0);
	return q;
}

ABI_CASE(mq_open_says_what_is_wrong)
{
	struct mq_attr none = { .mq_maxmsg = 0, .mq_msgsize = 1 }, huge = { .mq_maxmsg = 65537, .mq_msgsize = 1 };
	char name[300];
	mqd_t q = open_queue(2, 10, 0);

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK_ERR(mq_open("/ferry-test", O_RDWR | O_CREAT | O_EXCL, 0600, NULL), EEXIST);
	CHECK_ERR(mq_open("/ferry-none", O_RDWR), ENOENT);
	CHECK_ERR(syscall(SYS_mq_open, "", O_RDWR, 0, NULL), ENOENT);
	CHECK_ERR(syscall(SYS_mq_open, "a/b", O_RDWR, 0, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, "..", O_RDWR, 0, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, name, O_RDWR, 0, NULL), ENAMETOOLONG);
	CHECK_ERR(syscall(SYS_mq_open, BAD, O_RDWR, 0, NULL), EFAULT);
	CHECK_ERR(mq_open("/ferry-test2", O_RDWR | O_CREAT, 0600, &none), EINVAL);
	CHECK_ERR(mq_open("/ferry-test2", O_RDWR | O_CREAT, 0600, &huge), EINVAL);
	CHECK(!mq_close(q) && !mq_unlink("/ferry-test"));
	CHECK_ERR(mq_unlink("/ferry-test"), ENOENT);
	CHECK_ERR(mq_close(q), EBADF);
}

ABI_CASE(mq_messages_come_by_priority)
{
	unsigned int priority;
	char text[16];
	struct mq_attr a;
	mqd_t q = open_queue(3, 16, 0);

	CHECK(!mq_send(q, "low", 3, 1) && !mq_send(q, "high", 4, 9) && !mq_send(q, "high2", 5, 9));
	CHECK(!mq_getattr(q, &a) && a.mq_curmsgs == 3 && a.mq_maxmsg == 3 && a.mq_msgsize == 16 && a.mq_flags == 0);
	CHECK(mq_receive(q, text, 16, &priority) == 4 && priority == 9 && !memcmp(text, "high", 4));
	CHECK(mq_receive(q, text, 16, &priority) == 5 && priority == 9);
	CHECK(mq_receive(q, text, 16, NULL) == 3);
	CHECK(!mq_unlink("/ferry-test"));
	CHECK(!mq_send(q, "", 0, 0) && mq_receive(q, text, 16, NULL) == 0);
}

ABI_CASE(mq_calls_say_what_is_wrong)
{
	struct timespec bad = { 0, 1000000000 }, past = { 1, 0 };
	char text[16];
	mqd_t q = open_queue(1, 8, 0), r;
	struct mq_attr a = { .mq_flags = O_NONBLOCK };

	CHECK_ERR(mq_send(q, text, 9, 0), EMSGSIZE);
	CHECK_ERR(mq_send(q, text, 1, 32768), EINVAL);
	CHECK_ERR(mq_send(q, BAD, 1, 0), EFAULT);
	CHECK_ERR(mq_receive(q, text, 7, NULL), EMSGSIZE);
	CHECK_ERR(mq_send(0, text, 1, 0), EBADF);
	CHECK_ERR(mq_timedreceive(q, text, 8, NULL, &bad), EINVAL);
	CHECK_ERR(mq_timedreceive(q, text, 8, NULL, &past), ETIMEDOUT);
	CHECK(!mq_setattr(q, &a, NULL));
	CHECK_ERR(mq_receive(q, text, 8, NULL), EAGAIN);
	CHECK(!mq_send(q, "x", 1, 0));
	CHECK_ERR(mq_send(q, "x", 1, 0), EAGAIN);
	a.mq_flags = O_APPEND;
	CHECK_ERR(mq_setattr(q, &a, NULL), EINVAL);
	r = mq_open("/ferry-test", O_RDONLY);
	CHECK(r >= 0);
	CHECK_ERR(mq_send(r, "x", 1, 0), EBADF);
	CHECK_ERR(mq_timedsend(q, "x", 1, 0, &bad), EINVAL);
	CHECK(!mq_unlink("/ferry-test"));
}

ABI_CASE(mq_receive_waits_for_a_message)
{
	mqd_t q = open_queue(1, 8, 0);
	char text[8];
	pid_t pid = fork();

	if (pid == 0) {
		usleep(20000);
		_exit(mq_send(q, "hello", 5, 0) != 0 || mq_send(q, "again", 5, 0) != 0);
	}
	CHECK(mq_receive(q, text, 8, NULL) == 5 && !memcmp(text, "hello", 5));
	CHECK(mq_receive(q, text, 8, NULL) == 5 && abi_wait(pid) == 0);
	CHECK(!mq_unlink("/ferry-test"));
}

static volatile sig_atomic_t told, code;

static void tell(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	told = info->si_value.sival_int;
	code = info->si_code;
}

ABI_CASE(mq_notify_tells_once)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 }, bad = { .sigev_notify = 77 };
	struct sigaction sa = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO };
	mqd_t q = open_queue(4, 8, 0);
	char text[8];

	sigaction(SIGUSR1, &sa, NULL);
	CHECK_ERR(mq_notify(q, &bad), EINVAL);
	CHECK_ERR(mq_notify(0, &e), EBADF);
	CHECK(!mq_notify(q, &e));
	CHECK_ERR(mq_notify(q, &e), EBUSY);
	CHECK(!mq_send(q, "x", 1, 0) && told == 42 && code == SI_MESGQ);
	told = 0;
	CHECK(!mq_send(q, "x", 1, 0) && !told && mq_receive(q, text, 8, NULL) == 1);
	CHECK(!mq_notify(q, &e) && !mq_send(q, "x", 1, 0) && !told);
	CHECK(!mq_notify(q, NULL) && !mq_notify(q, &e));
	CHECK(!mq_unlink("/ferry-test"));
}

ABI_CASE(mq_is_polled_and_limited)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	struct rlimit l = { 100, 100 };
	mqd_t q = open_queue(1, 8, 0);
	pid_t pid;

	p.fd = q;
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
	CHECK(!mq_send(q, "x", 1, 0) && poll(&p, 1, 0) == 1 && p.revents == POLLIN);
	pid = fork();
	if (pid == 0) {
		CHECK(!setrlimit(RLIMIT_MSGQUEUE, &l));
		CHECK_ERR(mq_open("/ferry-test3", O_RDWR | O_CREAT, 0600, NULL), EMFILE);
		CHECK(!setgid(65534) && !setuid(65534));
		CHECK_ERR(mq_open("/ferry-test", O_RDWR), EACCES);
		CHECK_ERR(mq_unlink("/ferry-test"), EACCES);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && !mq_unlink("/ferry-test"));
}

ABI_CASE(mq_tells_what_it_holds)
{
	char text[128] = "";
	mqd_t q = open_queue(2, 8, 0);
	int held = -1;

	CHECK(!mq_send(q, "xyz", 3, 0) && !mq_send(q, "ab", 2, 0));
	CHECK(read(q, text, sizeof(text) - 1) > 0 && sscanf(text, "QSIZE:%d", &held) == 1 && held == 5 && strstr(text, "NOTIFY_PID:0"));
	CHECK(!mq_unlink("/ferry-test"));
}

static void limit_say(const char *text)
{
	FILE *f = fopen("/proc/sys/fs/mqueue/msg_max", "w");

	CHECK(f && fputs(text, f) >= 0 && !fclose(f));
}

/* The limit is everybody's: whatever the child finds, it is as before when it has. */
ABI_CASE(root_sets_how_many_messages_others_may_have)
{
	struct mq_attr more = { .mq_maxmsg = 6, .mq_msgsize = 10 }, now;
	int status;
	pid_t pid;

	if (geteuid())
		return;
	mq_unlink("/ferry-test");
	limit_say("5");
	pid = fork();
	if (pid == 0) {
		CHECK(!setresuid(65534, 65534, 65534));
		CHECK_ERR(mq_open("/ferry-test", O_RDWR | O_CREAT | O_EXCL, 0600, &more), EINVAL);
		CHECK(!mq_getattr(mq_open("/ferry-test", O_RDWR | O_CREAT | O_EXCL, 0600, NULL), &now) && now.mq_maxmsg == 5);
		_exit(0);
	}
	status = abi_wait(pid);
	limit_say("10");
	mq_unlink("/ferry-test");
	CHECK(status == 0);
}
