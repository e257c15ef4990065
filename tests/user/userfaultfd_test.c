// SPDX-License-Identifier: GPL-2.0
/* userfaultfd(2): missing pages that a program brings. What is protected and events: userfault_event_test.c. */
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "userfault.h"

static char page[PAGE];

static char *page_of(char c)
{
	memset(page, c, PAGE);
	return page;
}

/* Brings pages full of the letter of their number, @count of them, or one after the other until the file is closed. */
struct server {
	int fd, count;
	char *memory;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	char content[PAGE];

	for (int i = 0; i < s->count; i++) {
		struct linux_uffd_msg m = uffd_next(s->fd);
		char *at = (char *)(m.arg.pagefault.address & ~(PAGE - 1));

		CHECK(m.event == LINUX_UFFD_EVENT_PAGEFAULT);
		memset(content, 'A' + (int)((at - s->memory) / (long)PAGE), PAGE);
		CHECK(uffd_copy(s->fd, at, content, 1, 0) == (int64_t)PAGE);
	}
	return NULL;
}

static pthread_t server(struct server *s)
{
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, serve, s));
	return t;
}

static void *touch(void *at)
{
	return (void *)(uint64_t)*(volatile unsigned char *)at;
}

/* A thread that touches @at, once it waits. */
static pthread_t toucher(int fd, char *at, void *(*how)(void *))
{
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, how, at));
	CHECK(uffd_fault(fd, how == touch ? 0 : LINUX_UFFD_FAULT_WRITE) == (char *)((uint64_t)at & ~(PAGE - 1)));
	return t;
}

static uint64_t joined(pthread_t t)
{
	void *result;

	CHECK(!pthread_join(t, &result));
	return (uint64_t)result;
}

ABI_CASE(userfaultfd_agrees_first)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct linux_uffdio_api api = { .api = LINUX_UFFD_API + 1, .features = 1 };
	struct linux_uffd_msg m;

	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == (O_RDONLY | O_NONBLOCK));
	CHECK_ERR(uffd_register(fd, uffd_memory(1), 1, MISSING), EINVAL);
	CHECK_ERR(read(fd, &m, sizeof(m)), EINVAL);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLERR);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_API, BAD), EFAULT);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_API, &api), EINVAL);
	CHECK(!api.api && !api.features && !api.ioctls);
	api = (struct linux_uffdio_api){ .api = LINUX_UFFD_API, .features = 1ull << 40 };
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_API, &api), EINVAL);
	api = (struct linux_uffdio_api){ .api = LINUX_UFFD_API };
	CHECK(ioctl(fd, LINUX_UFFDIO_API, &api) == 0);
	CHECK(api.ioctls == LINUX_UFFD_API_IOCTLS && (api.features & 0x1def) == 0x1def);
	CHECK(poll(&p, 1, 0) == 0);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_API, &api), EINVAL);
	CHECK_ERR(ioctl(fd, FIONREAD, &api), EINVAL);
	CHECK_ERR(read(fd, &m, sizeof(m) - 1), EINVAL);
	CHECK_ERR(read(fd, &m, sizeof(m)), EAGAIN);
	CHECK_ERR(write(fd, &m, sizeof(m)), EBADF);
	CHECK_ERR(syscall(SYS_userfaultfd, 2), EINVAL);
}

ABI_CASE(userfaultfd_that_blocks_is_not_polled)
{
	struct linux_uffdio_api api = { .api = LINUX_UFFD_API };
	struct pollfd p = { .fd = (int)syscall(SYS_userfaultfd, 0), .events = POLLIN };

	CHECK(ioctl(p.fd, LINUX_UFFDIO_API, &api) == 0);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLERR);
	CHECK(fcntl(p.fd, F_SETFL, O_NONBLOCK) == 0 && poll(&p, 1, 0) == 0);
}

ABI_CASE(missing_page_is_brought)
{
	struct server s = { uffd_open(0, 0), 3, uffd_memory(3) };
	pthread_t t = server(&s);

	CHECK(uffd_register(s.fd, s.memory, 3, MISSING) == 0);
	CHECK(s.memory[0] == 'A');
	s.memory[PAGE] = 'x';
	CHECK(s.memory[PAGE] == 'x' && s.memory[PAGE + 1] == 'B' && s.memory[3 * PAGE - 1] == 'C');
	joined(t);
	CHECK(uffd_is_silent(s.fd));
}

ABI_CASE(missing_page_is_brought_for_the_kernel)
{
	struct server s = { uffd_open(0, 0), 4, uffd_memory(4) };
	struct iovec local, remote = { s.memory + 3 * PAGE, 8 };
	pthread_t t = server(&s);
	char bytes[8] = "1234567";
	struct stat st;
	int fds[2];

	CHECK(uffd_register(s.fd, s.memory, 4, MISSING) == 0 && pipe(fds) == 0);
	CHECK(write(fds[1], s.memory + PAGE - 4, 8) == 8 && read(fds[0], bytes, 8) == 8 && !memcmp(bytes, "AAAABBBB", 8));
	CHECK(stat("/", (struct stat *)(s.memory + 2 * PAGE)) == 0 && stat("/", &st) == 0);
	CHECK(!memcmp(&st, s.memory + 2 * PAGE, sizeof(st)) && s.memory[3 * PAGE - 1] == 'C');
	local = (struct iovec){ bytes, 8 };
	CHECK(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 8 && !memcmp(bytes, "DDDDDDDD", 8));
	joined(t);
}

ABI_CASE(kernel_does_not_wait_for_a_context_of_user_mode)
{
	int fd = uffd_open(LINUX_UFFD_USER_MODE_ONLY, 0), fds[2];
	char *m = uffd_memory(2);
	pthread_t t;

	CHECK(uffd_register(fd, m, 2, MISSING) == 0 && pipe(fds) == 0);
	CHECK_ERR(write(fds[1], m, 1), EFAULT);
	CHECK(uffd_is_silent(fd));
	t = toucher(fd, m, touch);
	CHECK(uffd_copy(fd, m, page_of('z'), 1, 0) == (int64_t)PAGE && joined(t) == 'z');
	CHECK(write(fds[1], m, 1) == 1);
}

static void *touch_write(void *at)
{
	*(volatile char *)at = 'w';
	return NULL;
}

ABI_CASE(several_messages_in_one_read)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(4);
	struct linux_uffd_msg messages[5];
	pthread_t t[4];
	ssize_t n, all = 0;

	CHECK(uffd_register(fd, m, 4, MISSING) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&t[i], NULL, touch_write, m + i * PAGE));
	while (all < 4) {
		n = read(fd, messages, sizeof(messages));
		CHECK(n == -1 ? errno == EAGAIN : n % (ssize_t)sizeof(messages[0]) == 0);
		for (int i = 0; i < n / (ssize_t)sizeof(messages[0]); i++)
			CHECK(messages[i].arg.pagefault.flags == LINUX_UFFD_FAULT_WRITE && !messages[i].arg.pagefault.ptid);
		all += n > 0 ? n / (ssize_t)sizeof(messages[0]) : 0;
		usleep(1000);
	}
	CHECK(uffd_zero(fd, m, 4) == 4 * (int64_t)PAGE);
	for (int i = 0; i < 4; i++)
		joined(t[i]);
	CHECK(m[0] == 'w' && m[1] == 0 && m[3 * PAGE] == 'w');
}

ABI_CASE(several_threads_wait_for_one_page)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1);
	pthread_t t[4];

	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	for (int i = 0; i < 4; i++)
		t[i] = toucher(fd, m, touch);
	CHECK(uffd_copy(fd, m, page_of('s'), 1, LINUX_UFFD_DONTWAKE) == (int64_t)PAGE);
	usleep(20000);
	CHECK(uffd_wake(fd, m, 1) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(joined(t[i]) == 's');
}

ABI_CASE(epoll_tells_of_a_missing_page)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET }, got;
	int fd = uffd_open(0, 0), ep = epoll_create1(0);
	char *m = uffd_memory(1);
	pthread_t t;

	CHECK(uffd_register(fd, m, 1, MISSING) == 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	CHECK(epoll_wait(ep, &got, 1, 0) == 0);
	CHECK(!pthread_create(&t, NULL, touch, m));
	CHECK(epoll_wait(ep, &got, 1, 10000) == 1 && got.events == EPOLLIN && uffd_fault(fd, 0) == m);
	CHECK(uffd_zero(fd, m, 1) == (int64_t)PAGE && joined(t) == 0);
}

ABI_CASE(blocking_read_waits_for_a_fault)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1);
	struct linux_uffd_msg msg;
	pthread_t t;

	CHECK(uffd_register(fd, m, 1, MISSING) == 0 && fcntl(fd, F_SETFL, 0) == 0);
	CHECK(!pthread_create(&t, NULL, touch, m + 5));
	CHECK(read(fd, &msg, sizeof(msg)) == sizeof(msg) && msg.arg.pagefault.address == (uint64_t)m);
	CHECK(uffd_zero(fd, m, 1) == (int64_t)PAGE && joined(t) == 0);
}

ABI_CASE(fault_tells_thread_and_address)
{
	int fd = uffd_open(0, LINUX_UFFD_FEATURE_THREAD_ID | LINUX_UFFD_FEATURE_EXACT_ADDRESS);
	char *m = uffd_memory(1);
	struct linux_uffd_msg msg;
	pid_t pid = getpid(), helper;

	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	helper = fork();
	if (!helper) {
		msg = uffd_next(fd);
		CHECK(msg.arg.pagefault.address == (uint64_t)m + 123 && msg.arg.pagefault.ptid == (uint32_t)pid);
		CHECK(uffd_copy(fd, m, page_of('p'), 1, 0) == (int64_t)PAGE);
		_exit(0);
	}
	CHECK(m[123] == 'p' && abi_wait(helper) == 0);
}

ABI_CASE(watching_is_checked)
{
	int fd = uffd_open(0, 0), other = uffd_open(0, 0);
	struct linux_uffdio_register r = { .mode = MISSING };
	char *m = uffd_memory(8), *file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY), 0);

	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_REGISTER, BAD), EFAULT);
	CHECK_ERR(uffd_register(fd, m, 8, 0), EINVAL);
	CHECK_ERR(uffd_register(fd, m, 8, 8), EINVAL);
	CHECK_ERR(uffd_register(fd, m + 1, 8, MISSING), EINVAL);
	CHECK_ERR(uffd_register(fd, m, 0, MISSING), EINVAL);
	CHECK_ERR(uffd_register(fd, NULL, 1, MISSING), EINVAL);
	CHECK_ERR(uffd_register(fd, m, ~0ull / PAGE, MISSING), EINVAL);
	CHECK_ERR(uffd_register(fd, m, 8, MINOR), EINVAL);
	CHECK(munmap(m + 2 * PAGE, PAGE) == 0);
	CHECK_ERR(uffd_register(fd, m + 2 * PAGE, 1, MISSING), EINVAL);
	r.range = (struct linux_uffdio_range){ (uint64_t)m, 8 * PAGE };
	CHECK(ioctl(fd, LINUX_UFFDIO_REGISTER, &r) == 0);		/* a hole does not matter */
	CHECK(r.ioctls == (1 << 2 | 1 << 3 | 1 << 4));
	CHECK_ERR(uffd_register(other, m + PAGE, 1, MISSING), EBUSY);
	r.mode = MISSING | WP;
	CHECK(ioctl(fd, LINUX_UFFDIO_REGISTER, &r) == 0 && r.ioctls & LINUX_UFFD_CAN_PROTECT);
	CHECK_ERR(uffd_unregister(fd, m + 1, 1), EINVAL);
	CHECK(uffd_unregister(fd, m, 8) == 0 && uffd_unregister(fd, m, 8) == 0);
	CHECK(uffd_register(other, m + PAGE, 1, MISSING) == 0);
	CHECK(file != MAP_FAILED);
	CHECK_ERR(uffd_wake(fd, m + 1, 1), EINVAL);
}

ABI_CASE(what_is_brought_is_checked)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(4), *two = uffd_memory(2);
	struct linux_uffdio_copy c = { .dst = (uint64_t)m, .src = (uint64_t)two, .len = PAGE, .mode = 4 };

	CHECK(munmap(two + PAGE, PAGE) == 0);
	CHECK(uffd_copy(fd, m, page_of('a'), 1, 0) == -ENOENT);
	CHECK(uffd_register(fd, m, 3, MISSING) == 0);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_COPY, &c), EINVAL);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_COPY, BAD), EFAULT);
	CHECK(uffd_copy(fd, m, two, 4, 0) == -ENOENT);
	CHECK(uffd_copy(fd, m + 1, two, 1, 0) == -EINVAL);
	CHECK(uffd_copy(fd, m, BAD, 1, 0) == -EFAULT);
	CHECK(uffd_copy(fd, m, page, 1, LINUX_UFFD_COPY_WP) == -EINVAL);
	CHECK(uffd_copy(fd, m + PAGE, page, 1, 0) == (int64_t)PAGE);
	CHECK(uffd_copy(fd, m + PAGE, page, 1, 0) == -EEXIST && uffd_zero(fd, m + PAGE, 1) == -EEXIST);
	c = (struct linux_uffdio_copy){ .dst = (uint64_t)m, .src = (uint64_t)two, .len = 2 * PAGE };
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_COPY, &c), EAGAIN);
	CHECK(c.copy == (int64_t)PAGE);
	CHECK(uffd_continue(fd, m + 2 * PAGE, 1) == -EINVAL);
	CHECK_ERR(uffd_protect(fd, m, 1, true), ENOENT);
	CHECK(uffd_copy(fd, m + 2 * PAGE, page, 1, 0) == (int64_t)PAGE && m[2 * PAGE] == 'a');
}

ABI_CASE(area_that_may_not_be_touched_is_brought)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(3);

	CHECK(mprotect(m + PAGE, PAGE, PROT_NONE) == 0 && mprotect(m + 2 * PAGE, PAGE, PROT_READ) == 0);
	CHECK(uffd_register(fd, m, 3, MISSING) == 0);
	CHECK(uffd_copy(fd, m + PAGE, page_of('n'), 1, 0) == (int64_t)PAGE && uffd_copy(fd, m + 2 * PAGE, page, 1, 0) == (int64_t)PAGE);
	CHECK(m[2 * PAGE] == 'n' && mprotect(m, 3 * PAGE, PROT_READ | PROT_WRITE) == 0 && m[PAGE] == 'n');
	m[PAGE] = m[2 * PAGE] = 'o';
}

ABI_CASE(what_is_given_up_is_missing_again)
{
	struct server s = { uffd_open(0, 0), 1, uffd_memory(1) };
	pthread_t t;

	s.memory[0] = 'x';
	CHECK(uffd_register(s.fd, s.memory, 1, MISSING) == 0 && s.memory[0] == 'x');
	CHECK(madvise(s.memory, PAGE, MADV_DONTNEED) == 0);
	t = server(&s);
	CHECK(s.memory[0] == 'A');
	joined(t);
}

ABI_CASE(closing_lets_who_waits_go_on)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(2);
	pthread_t read, unread;

	CHECK(uffd_register(fd, m, 2, MISSING) == 0);
	read = toucher(fd, m, touch);
	CHECK(!pthread_create(&unread, NULL, touch_write, m + PAGE));
	usleep(20000);
	CHECK(close(fd) == 0 && joined(read) == 0 && joined(unread) == 0 && m[PAGE] == 'w');
}

ABI_CASE(who_waits_goes_on_when_nobody_watches)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1);
	pthread_t t;

	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	t = toucher(fd, m, touch);
	CHECK(uffd_unregister(fd, m, 1) == 0 && joined(t) == 0);
}

ABI_CASE(another_process_brings_pages)
{
	int fd = uffd_open(0, 0), ready[2];
	char *m = uffd_memory(1), c;
	pid_t pid;

	CHECK(uffd_register(fd, m, 1, MISSING) == 0 && pipe(ready) == 0);
	pid = fork();
	if (!pid) {
		CHECK(m[0] == 0);	/* the child's own memory is not watched */
		CHECK(uffd_fault(fd, 0) == m && uffd_copy(fd, m, page_of('q'), 1, 0) == (int64_t)PAGE && m[0] == 0);
		CHECK(write(ready[1], "", 1) == 1);
		_exit(0);
	}
	CHECK(m[0] == 'q' && read(ready[0], &c, 1) == 1 && abi_wait(pid) == 0);
}

ABI_CASE(context_outlives_its_memory)
{
	int fds[2], ready[2];
	char *m = uffd_memory(1), c;
	struct linux_uffd_msg msg;
	pid_t pid;
	int fd;

	CHECK(pipe(fds) == 0 && pipe(ready) == 0);
	pid = fork();
	if (!pid) {
		pid_t monitor;

		fd = uffd_open(0, 0);
		CHECK(uffd_register(fd, m, 1, MISSING) == 0);
		monitor = fork();
		if (!monitor) {
			close(ready[1]);
			CHECK(read(ready[0], &c, 1) == 0);
			while (uffd_copy(fd, m, page_of('r'), 1, 0) != -ESRCH)
				usleep(1000);
			CHECK(uffd_zero(fd, m, 1) == -ESRCH);
			CHECK_ERR(uffd_register(fd, m, 1, MISSING), ENOMEM);
			CHECK_ERR(read(fd, &msg, sizeof(msg)), EAGAIN);
			CHECK(write(fds[1], "k", 1) == 1);
			_exit(0);
		}
		_exit(0);
	}
	close(ready[1]);
	close(fds[1]);
	CHECK(read(fds[0], &c, 1) == 1 && c == 'k' && abi_wait(pid) == 0);
}

static sigjmp_buf back;
static void *volatile sigbus_address;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	sigbus_address = info->si_code == BUS_ADRERR ? info->si_addr : NULL;
	siglongjmp(back, 1);
}

ABI_CASE(missing_page_is_a_sigbus)
{
	struct sigaction a = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	int fd = uffd_open(0, LINUX_UFFD_FEATURE_SIGBUS), fds[2];
	char *m = uffd_memory(2);

	CHECK(sigaction(SIGBUS, &a, NULL) == 0 && pipe(fds) == 0 && uffd_register(fd, m, 2, MISSING) == 0);
	if (!sigsetjmp(back, 1)) {
		touch(m + 7);
		CHECK(!"the page is missing");
	}
	CHECK(sigbus_address == m + 7 || sigbus_address == m);
	CHECK_ERR(write(fds[1], m + PAGE, 1), EFAULT);
	CHECK(uffd_copy(fd, m, page_of('s'), 1, 0) == (int64_t)PAGE && m[7] == 's' && uffd_is_silent(fd));
}

ABI_CASE(userfaultfd_is_for_the_privileged)
{
	char text[64];
	int dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC), fd;
	struct stat st;

	CHECK(!strcmp(abi_read("/proc/sys/vm/unprivileged_userfaultfd", text, sizeof(text)), "0\n"));
	CHECK(dev >= 0 && stat("/dev/userfaultfd", &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(setresuid(1000, 1000, 1000) == 0);
	CHECK_ERR(syscall(SYS_userfaultfd, 0), EPERM);
	CHECK_ERR(syscall(SYS_userfaultfd, 2), EPERM);
	fd = uffd_open(LINUX_UFFD_USER_MODE_ONLY, 0);
	CHECK(uffd_register(fd, uffd_memory(1), 1, MISSING) == 0);
	fd = (int)syscall(SYS_userfaultfd, LINUX_UFFD_USER_MODE_ONLY);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_API, &(struct linux_uffdio_api){ .api = LINUX_UFFD_API, .features = LINUX_UFFD_FEATURE_EVENT_FORK }), EPERM);
	CHECK_ERR(ioctl(dev, LINUX_USERFAULTFD_IOC_NEW, 2), EINVAL);
	CHECK_ERR(ioctl(dev, LINUX_UFFDIO_API, 0), EINVAL);
	fd = ioctl(dev, LINUX_USERFAULTFD_IOC_NEW, O_CLOEXEC);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && ioctl(fd, LINUX_UFFDIO_API, &(struct linux_uffdio_api){ .api = LINUX_UFFD_API }) == 0);
	CHECK_ERR(open("/dev/userfaultfd", O_RDWR), EACCES);
}

ABI_CASE(context_tells_about_itself)
{
	char path[64], text[512], *m = uffd_memory(1);
	int fd = uffd_open(0, LINUX_UFFD_FEATURE_THREAD_ID);
	pthread_t t;

	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	t = toucher(fd, m, touch);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	CHECK(strstr(abi_read(path, text, sizeof(text)), "pending:\t0\ntotal:\t1\nAPI:\taa:80000100:80000000000000df\n"));
	CHECK(uffd_zero(fd, m, 1) == (int64_t)PAGE && joined(t) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, text, sizeof(text)) == 24 && !memcmp(text, "anon_inode:[userfaultfd]", 24));
}
