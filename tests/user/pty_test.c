// SPDX-License-Identifier: GPL-2.0
/* Pseudo-terminals: both ends, the line discipline between them, sessions and hanging up. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include "abi.h"

static int master_open(char *name, size_t size)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), n = -1;

	CHECK(m >= 0 && !grantpt(m));
	CHECK(!ioctl(m, TIOCGPTN, &n) && n >= 0);
	snprintf(name, size, "/dev/pts/%d", n);
	return m;
}

static int pair(int *slave)
{
	char name[32];
	int m = master_open(name, sizeof(name));

	CHECK(!unlockpt(m));
	*slave = open(name, O_RDWR | O_NOCTTY);
	CHECK(*slave >= 0 && isatty(*slave));
	return m;
}

static short ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

ABI_CASE(a_locked_terminal_cannot_be_opened)
{
	char name[32];
	int m = master_open(name, sizeof(name));
	struct stat st;

	CHECK_ERR(open(name, O_RDWR | O_NOCTTY), EIO);
	CHECK(!unlockpt(m) && open(name, O_RDWR | O_NOCTTY) >= 0);
	CHECK(!stat(name, &st) && S_ISCHR(st.st_mode) && st.st_uid == geteuid());
	CHECK(!strcmp(ptsname(m), name));
}

ABI_CASE(lines_go_through_a_pseudo_terminal)
{
	char c[64];
	int s, m = pair(&s), n;

	CHECK(write(m, "hi\n", 3) == 3 && ready(s, POLLIN) == POLLIN && read(s, c, sizeof(c)) == 3 && !memcmp(c, "hi\n", 3));
	CHECK(read(m, c, sizeof(c)) == 4 && !memcmp(c, "hi\r\n", 4));
	CHECK(write(s, "out\n", 4) == 4 && poll(&(struct pollfd){ .fd = m, .events = POLLIN }, 1, -1) == 1);
	CHECK(!ioctl(m, FIONREAD, &n) && n == 5);
	CHECK(read(m, c, sizeof(c)) == 5 && !memcmp(c, "out\r\n", 5));
	CHECK(!fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_ERR(read(m, c, sizeof(c)), EAGAIN);
}

ABI_CASE(raw_bytes_go_through_unchanged)
{
	struct termios t;
	char c[256], all[256];
	int s, m = pair(&s), i, got = 0, n;

	CHECK(!tcgetattr(s, &t));
	cfmakeraw(&t);
	CHECK(!tcsetattr(s, TCSANOW, &t));
	for (i = 0; i < 256; i++)
		all[i] = i;
	CHECK(write(m, all, 256) == 256);
	while (got < 256 && (n = read(s, c + got, 256 - got)) > 0)
		got += n;
	CHECK(got == 256 && !memcmp(c, all, 256) && !ready(m, POLLIN));
}

ABI_CASE(the_window_size_is_shared)
{
	struct winsize w = { .ws_row = 33, .ws_col = 101 }, got;
	int s, m = pair(&s);

	CHECK(!ioctl(m, TIOCSWINSZ, &w) && !ioctl(s, TIOCGWINSZ, &got) && got.ws_row == 33 && got.ws_col == 101);
}

ABI_CASE(the_master_sees_the_terminal_close)
{
	char c[8];
	int s, m = pair(&s);

	CHECK(write(s, "x", 1) == 1 && !close(s));
	CHECK(ready(m, POLLIN) == (POLLIN | POLLHUP) && read(m, c, 8) == 1);
	CHECK_ERR(read(m, c, 8), EIO);
	CHECK(ready(m, POLLIN) == POLLHUP);
}

ABI_CASE(the_terminal_hangs_up_with_its_master)
{
	char c[8];
	int s, m = pair(&s);

	CHECK(!close(m) && (ready(s, POLLIN) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP) && read(s, c, 8) == 0);
	CHECK_ERR(write(s, "x", 1), EIO);
}

ABI_CASE(typing_control_c_interrupts_a_session)
{
	char name[32], c;
	int m = master_open(name, sizeof(name)), status, ok[2];
	pid_t pid;

	CHECK(!unlockpt(m) && !pipe(ok));
	pid = fork();
	if (!pid) {
		int s;

		CHECK(setsid() > 0);
		s = open(name, O_RDWR);
		CHECK(s >= 0 && tcgetpgrp(s) == getpid() && open("/dev/tty", O_RDWR) >= 0);
		CHECK(write(ok[1], "k", 1) == 1);
		pause();
		_exit(0);
	}
	CHECK(read(ok[0], &c, 1) == 1 && write(m, "\003", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

ABI_CASE(closing_the_master_hangs_up_the_session)
{
	char name[32], c;
	int m = master_open(name, sizeof(name)), status, ok[2];
	pid_t pid;

	CHECK(!unlockpt(m) && !pipe(ok));
	pid = fork();
	if (!pid) {
		close(m);
		setsid();
		CHECK(open(name, O_RDWR) >= 0 && write(ok[1], "k", 1) == 1);
		pause();
		_exit(0);
	}
	CHECK(read(ok[0], &c, 1) == 1 && !close(m));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
}

ABI_CASE(pseudo_terminals_are_used_again)
{
	int i, s, m;

	for (i = 0; i < 300; i++) {
		m = pair(&s);
		CHECK(!close(i & 1 ? m : s) && !close(i & 1 ? s : m));
	}
}

ABI_CASE(devpts_has_the_names_and_nobody_makes_others)
{
	char name[32];
	struct statfs fs;
	struct stat st;
	int m = master_open(name, sizeof(name));

	CHECK(!statfs("/dev/pts", &fs) && fs.f_type == 0x1cd1);
	CHECK(!stat("/dev/pts/ptmx", &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2));
	CHECK_ERR(unlink(name), EPERM);
	CHECK_ERR(mkdir("/dev/pts/x", 0700), EPERM);
	CHECK_ERR(rename(name, "/dev/pts/y"), EPERM);
	CHECK(!access(name, F_OK) && !close(m));
	CHECK_ERR(access(name, F_OK), ENOENT);
}

ABI_CASE(many_terminals_are_open_at_once)
{
	int masters[200];

	for (int i = 0; i < 200; i++)
		CHECK((masters[i] = posix_openpt(O_RDWR | O_NOCTTY)) >= 0);
	for (int i = 0; i < 200; i++)
		CHECK(!close(masters[i]));
}

/* TIOCGPTPEER needs no path that leads to the terminal. */
ABI_CASE(the_peer_opens_from_the_master)
{
	char c[8];
	int m = posix_openpt(O_RDWR | O_NOCTTY), s;

	CHECK(m >= 0 && !unlockpt(m));
	s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	CHECK(s >= 0 && isatty(s) && write(m, "x\n", 2) == 2 && read(s, c, sizeof(c)) == 2);
}

static int packet(int m, unsigned char *to, int size)
{
	struct pollfd p = { .fd = m, .events = POLLIN | POLLPRI };

	return poll(&p, 1, -1) == 1 ? (int)read(m, to, size) : -1;
}

ABI_CASE(packet_mode_tells_what_happens)
{
	unsigned char c[64];
	struct termios t;
	int on = 1, s, m = pair(&s);

	CHECK(!ioctl(m, TIOCPKT, &on) && !ioctl(m, TIOCGPKT, &on) && on == 1);
	CHECK(write(s, "data", 4) == 4);
	CHECK(packet(m, c, sizeof(c)) == 5 && c[0] == TIOCPKT_DATA && !memcmp(c + 1, "data", 4));
	CHECK(!tcflush(s, TCIFLUSH) && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_FLUSHREAD);
	CHECK(!tcflow(s, TCOOFF) && (ready(m, POLLPRI) & POLLPRI) && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_STOP);
	CHECK(!tcflow(s, TCOON) && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_START);
	CHECK(!tcgetattr(s, &t));
	t.c_iflag &= ~IXON;
	CHECK(!tcsetattr(s, TCSANOW, &t) && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_NOSTOP);
	t.c_iflag |= IXON;
	CHECK(!tcsetattr(s, TCSANOW, &t) && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_DOSTOP);
	CHECK(write(m, "\023", 1) == 1 && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_STOP);
	CHECK(write(m, "\021", 1) == 1 && packet(m, c, sizeof(c)) == 1 && c[0] == TIOCPKT_START);
	on = 0;
	CHECK(!ioctl(m, TIOCPKT, &on) && write(s, "d", 1) == 1 && packet(m, c, sizeof(c)) == 1 && c[0] == 'd');
}

/* System V's structure, which the C library has no more. */
struct old_termios {
	unsigned short iflag, oflag, cflag, lflag;
	unsigned char line, cc[8];
};

ABI_CASE(terminals_are_set_as_in_system_v)
{
	int s, n = 99, m = pair(&s);
	struct old_termios o;
	struct termios t;

	CHECK(m >= 0 && !ioctl(s, 0x5405, &o) && (o.lflag & ICANON) && o.cc[VINTR] == 3);
	o.lflag &= (unsigned short)~ICANON;
	o.cc[VINTR] = 7;
	CHECK(!ioctl(s, 0x5406, &o) && !tcgetattr(s, &t) && !(t.c_lflag & ICANON) && t.c_cc[VINTR] == 7 && t.c_cc[VSUSP] == 26);
	CHECK_ERR(ioctl(s, TIOCSETD, &n), EINVAL);
	n = 0;
	CHECK(!ioctl(s, TIOCSETD, &n) && !ioctl(s, TIOCGETD, &n) && !n);
}

struct new_termios {
	unsigned int iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
	unsigned int ispeed, ospeed;
};

#define GETS2	0x802c542aul
#define SETS2	0x402c542bul
#define CODE_B9600	015u
#define CODE_B57600	010001u
#define CODE_OTHER	010000u

ABI_CASE(terminals_have_any_speed)
{
	struct new_termios n = { 0 };
	struct termios t;
	int s, m = pair(&s);

	CHECK(m >= 0 && !ioctl(s, GETS2, &n) && (n.lflag & ICANON) && n.ispeed == n.ospeed && n.ospeed >= 9600);
	n.cflag = (n.cflag & ~010017u) | CODE_OTHER | CODE_B57600 << 16;
	n.ospeed = 12345;
	n.cc[VINTR] = 7;
	CHECK(!ioctl(s, SETS2, &n) && !ioctl(s, GETS2, &n) && n.ospeed == 12345 && n.ispeed == 57600 && n.cc[VINTR] == 7);
	CHECK(!tcgetattr(s, &t) && (t.c_cflag & 010017u) == CODE_OTHER && t.c_cc[VINTR] == 7);
	t.c_cflag = (t.c_cflag & ~(010017u | 010017u << 16)) | CODE_B9600;
	CHECK(!tcsetattr(s, TCSANOW, &t) && !ioctl(s, GETS2, &n) && n.ospeed == 9600 && n.ispeed == 9600);
	CHECK_ERR(ioctl(s, SETS2, NULL), EFAULT);
}

static volatile sig_atomic_t nr_hangups, nr_continues;

static void count_signal(int sig)
{
	if (sig == SIGHUP)
		nr_hangups++;
	else
		nr_continues++;
}

static void expect_hung(int s)
{
	char c;
	pid_t group = getpgrp();

	CHECK(read(s, &c, 1) == 0 && ready(s, POLLIN | POLLOUT) == (POLLIN | POLLOUT | POLLERR | POLLHUP));
	CHECK_ERR(write(s, "x", 1), EIO);
	CHECK_ERR(ioctl(s, TCGETS, &(struct termios){ 0 }), EIO);
	CHECK_ERR(ioctl(s, TIOCSPGRP, &group), ENOTTY);
}

ABI_CASE(vhangup_takes_the_terminal_from_all_who_have_it)
{
	char name[32], c[8];
	int m = master_open(name, sizeof(name)), s, again;
	struct termios t;
	pid_t pid;

	CHECK(!unlockpt(m));
	pid = fork();
	if (!pid) {
		signal(SIGHUP, count_signal);
		signal(SIGCONT, count_signal);
		CHECK(setsid() > 0 && (s = open(name, O_RDWR)) >= 0 && !tcgetattr(s, &t));
		cfmakeraw(&t);
		CHECK(!tcsetattr(s, TCSANOW, &t) && write(m, "old", 3) == 3);
		CHECK(poll(&(struct pollfd){ .fd = s, .events = POLLIN }, 1, -1) == 1 && !vhangup() && nr_hangups == 1 && nr_continues == 1);
		expect_hung(s);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		again = open(name, O_RDWR);	/* becomes its terminal once more */
		CHECK(again >= 0 && !tcgetattr(again, &t) && t.c_lflag & ICANON && !ready(again, POLLIN) && open("/dev/tty", O_RDWR) >= 0);
		CHECK(write(m, "hi\n", 3) == 3 && read(again, c, 8) == 3);
		expect_hung(s);
		CHECK(!setresuid(99, 99, 99));
		CHECK_ERR(vhangup(), EPERM);
		CHECK_ERR(ioctl(again, TIOCVHANGUP), EPERM);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(a_hangup_ends_the_waits_of_readers)
{
	int s, m = pair(&s);
	pid_t pid = fork();
	char c;

	if (!pid)
		_exit(read(s, &c, 1) == 0 && write(s, "x", 1) == -1 && errno == EIO ? 0 : 1);
	abi_await_call(pid, 0);
	CHECK(!ioctl(s, TIOCVHANGUP) && abi_wait(pid) == 0);
	expect_hung(s);
	close(s);
	CHECK(ready(m, POLLIN) & POLLHUP);
}

ABI_CASE(an_exclusive_terminal_is_opened_by_the_privileged_alone)
{
	char name[32];
	int m = master_open(name, sizeof(name)), s, n = -1;

	CHECK(!unlockpt(m) && (s = open(name, O_RDWR | O_NOCTTY)) >= 0 && !fchmod(s, 0666));
	CHECK(!ioctl(s, TIOCGEXCL, &n) && n == 0 && !ioctl(s, TIOCEXCL) && !ioctl(s, TIOCGEXCL, &n) && n == 1 && !ioctl(m, TIOCGEXCL, &n) && n == 0);
	CHECK(open(name, O_RDWR | O_NOCTTY) >= 0 && !setresuid(99, 99, 99));
	CHECK_ERR(open(name, O_RDWR | O_NOCTTY), EBUSY);
	CHECK_ERR(ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY), EBUSY);
	CHECK(!ioctl(s, TIOCNXCL) && open(name, O_RDWR | O_NOCTTY) >= 0);
}

/* ioctl_tty(2), TIOCSLCKTRMIOS: what is not 0 there stays as it was, whoever sets. */
ABI_CASE(locked_settings_stay_as_they_were)
{
	struct termios locked, was, t;
	int s, m = pair(&s);

	memset(&locked, 1, sizeof(locked));
	CHECK(!ioctl(s, TIOCGLCKTRMIOS, &locked) && !locked.c_iflag && !locked.c_oflag && !locked.c_cflag && !locked.c_lflag && !locked.c_cc[VINTR]);
	locked.c_lflag = ECHO | ICANON;
	locked.c_oflag = ONLCR;
	locked.c_cc[VINTR] = 1;
	CHECK(!ioctl(s, TIOCSLCKTRMIOS, &locked) && !tcgetattr(s, &was));
	t = was;
	t.c_lflag ^= ECHO | ICANON | ISIG;
	t.c_oflag ^= ONLCR | OPOST;
	t.c_cc[VINTR] = t.c_cc[VQUIT] = 'x';
	CHECK(!tcsetattr(s, TCSANOW, &t) && !tcgetattr(s, &t));
	CHECK(t.c_lflag == (was.c_lflag ^ ISIG) && t.c_oflag == (was.c_oflag ^ OPOST) && t.c_cc[VINTR] == was.c_cc[VINTR] && t.c_cc[VQUIT] == 'x');
	memset(&t, 0, sizeof(t));
	CHECK(!ioctl(m, TIOCGLCKTRMIOS, &t) && t.c_lflag == locked.c_lflag && t.c_oflag == ONLCR && t.c_cc[VINTR] == 1);
	CHECK(!setresuid(99, 99, 99) && !ioctl(s, TIOCGLCKTRMIOS, &t));
	CHECK_ERR(ioctl(s, TIOCSLCKTRMIOS, &t), EPERM);
}
