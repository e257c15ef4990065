// SPDX-License-Identifier: GPL-2.0
/*
 * The first process: mounts what every guest needs, starts the device manager, and then gives a
 * shell on the console, or runs the one command that scripts/run put into the initramfs and hands
 * its output and exit status over the second serial port.
 *
 * The frames on that port: a line "\1FERRY <token> up", the command's output as it is, a line
 * "\1FERRY <token> exit <status>". The token is fresh for each run and removed before the command
 * starts, so that no output can pass for a frame. /init ends with the machine: powered off.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define COMMAND_FILE	"/etc/ferry/command"
#define TOKEN_FILE	"/etc/ferry/token"
#define RC_FILE		"/etc/rc"
#define DEVMGR		"/bin/devmgr"
#define REPORT_TTY	"/dev/ttyS1"
#define READY_FD	3
#define READY_TIMEOUT_MS	10000
#define TOKEN_MAX	64
#define COMMAND_MAX	65536

static char token[TOKEN_MAX + 1];
static char command[COMMAND_MAX + 1];

static char *environment[] = {
	"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/root", "TERM=vt100", "USER=root", "PS1=ferry:\\w# ", NULL,
};

/* Mounting what the kernel has mounted already is no error. */
static void mount_one(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY && errno != ENOSYS)
		fprintf(stderr, "init: %s: cannot mount %s: %s\n", where, type, strerror(errno));
}

/* Read a small file into a string; false when there is none. */
static int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	while (used < size && (n = read(fd, text + used, size - used)) > 0)
		used += n;
	close(fd);
	text[used] = '\0';
	return 1;
}

static void use_as_stdio(int fd)
{
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd >= 0)
		use_as_stdio(fd);
	else if (open("/dev/null", O_RDWR) == 0)
		use_as_stdio(0);
}

static pid_t devmgr;	/* 0: there is none, or it was stopped in order */
static time_t devmgr_started;

static void wait_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&p, 1, READY_TIMEOUT_MS) <= 0)
		fprintf(stderr, "init: the device manager is not ready after %d s\n", READY_TIMEOUT_MS / 1000);
	else if (read(fd, &byte, 1) != 1)
		fprintf(stderr, "init: the device manager ended before it was ready\n");
}

/* A manager that died is followed by another, which takes over the drivers: at once, or a second after it was started. */
static void restart_devmgr(int status)
{
	devmgr = 0;
	if ((WIFEXITED(status) && !WEXITSTATUS(status)) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM))
		return;
	fprintf(stderr, "init: the device manager ended (%s %d), starting another\n", WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (time(NULL) - devmgr_started < 1)
		sleep(1);
	devmgr_started = time(NULL);
	devmgr = fork();
	if (devmgr)
		return;
	setsid();
	execle(DEVMGR, "devmgr", (char *)NULL, environment);
	_exit(127);
}

/* The device manager writes a byte to READY_FD once the devices that are there have their drivers. */
static void start_devmgr(void)
{
	int ready[2];
	pid_t pid;

	if (access(DEVMGR, X_OK) || pipe(ready))
		return;
	pid = fork();
	if (pid == 0) {
		setsid();
		close(ready[0]);
		if (ready[1] != READY_FD) {
			dup2(ready[1], READY_FD);
			close(ready[1]);
		}
		execle(DEVMGR, "devmgr", "--ready-fd", "3", (char *)NULL, environment);
		_exit(127);
	}
	close(ready[1]);
	devmgr = pid;
	devmgr_started = time(NULL);
	if (pid > 0)
		wait_ready(ready[0]);
	close(ready[0]);
}

/* Reap everything until pid has ended; its status as a shell gives it. */
static int wait_for(pid_t pid)
{
	int status;
	pid_t got;

	for (;;) {
		got = waitpid(-1, &status, 0);
		if (got < 0 && errno != EINTR)
			return 127;
		if (got == devmgr && devmgr > 0)
			restart_devmgr(status);
		if (got != pid)
			continue;
		return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

/* Run argv on the terminal fd, as the leader of its own session; line is NULL or what sh -c runs. */
static int run_shell(const char *tty, const char *line)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0) {
		fprintf(stderr, "init: cannot fork: %s\n", strerror(errno));
		return 127;
	}
	if (pid > 0)
		return wait_for(pid);
	setsid();
	fd = tty ? open(tty, O_RDWR) : -1;
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 1);
		use_as_stdio(fd);
	}
	chdir("/root");
	if (line)
		execle("/bin/sh", "sh", "-c", line, (char *)NULL, environment);
	else
		execle("/bin/sh", "-sh", (char *)NULL, environment);
	fprintf(stderr, "init: /bin/sh: %s\n", strerror(errno));
	_exit(127);
}

static void set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
}

static void report(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len && (n = write(fd, text, len)) > 0) {
		text += n;
		len -= n;
	}
}

/* One command: its input is /dev/null, its output and errors go to the report port, byte for byte. */
static pid_t start_command(int out)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	setsid();
	null = open("/dev/null", O_RDWR);
	if (null >= 0)
		dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	close(out);
	if (null > 2)
		close(null);
	chdir("/root");
	execle("/bin/sh", "sh", "-c", command, (char *)NULL, environment);
	_exit(127);
}

static void run_command(void)
{
	char frame[TOKEN_MAX + 40];
	int fd = open(REPORT_TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int status = 127;
	pid_t pid;

	if (fd < 0) {
		fprintf(stderr, "init: %s: %s: no way to report\n", REPORT_TTY, strerror(errno));
		return;
	}
	set_raw(fd);
	snprintf(frame, sizeof(frame), "\1FERRY %s up\n", token);
	report(fd, frame);
	pid = start_command(fd);
	if (pid > 0)
		status = wait_for(pid);
	snprintf(frame, sizeof(frame), "\1FERRY %s exit %d\n", token, status);
	report(fd, frame);
	tcdrain(fd);
}

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_HALT_SYSTEM);
	for (;;)
		pause();
}

int main(void)
{
	int have_command, have_token;

	mount_one("devtmpfs", "/dev");
	open_console();
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("tmpfs", "/tmp");
	mount_one("tmpfs", "/dev/shm");
	mount_one("devpts", "/dev/pts");
	mount_one("mqueue", "/dev/mqueue");
	signal(SIGCHLD, SIG_DFL);
	start_devmgr();
	if (!access(RC_FILE, X_OK))
		run_shell(NULL, RC_FILE);

	have_command = read_text(COMMAND_FILE, command, COMMAND_MAX);
	have_token = read_text(TOKEN_FILE, token, TOKEN_MAX);
	if (have_command && have_token) {
		unlink(TOKEN_FILE);
		unlink(COMMAND_FILE);
		run_command();
		power_off();
	}
	if (!access("/etc/motd", R_OK))
		run_shell("/dev/console", "cat /etc/motd");
	run_shell("/dev/console", NULL);
	power_off();
	return 0;
}
