// SPDX-License-Identifier: GPL-2.0
/* Runs the cases of tests/user and prints KTAP. Arguments: names of cases to run (all without); "@NAME" is for helper roles of exec tests. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "abi.h"

#define CASE_SECONDS	60

extern const struct abi_case __start_abi_cases[], __stop_abi_cases[];

const char *abi_self;
void *volatile abi_bad_address = (void *)1;
static char root[] = "/tmp/abi.XXXXXX";
int abi_role(int argc, char **argv);

void abi_fail(const char *claim, const char *file, int line)
{
	printf("# %s:%d: %s (errno %d)\n", file, line, claim, errno);
	fflush(stdout);
	_exit(1);
}

int abi_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		CHECK(errno == EINTR);
	return status;
}

siginfo_t abi_await_signal(int sig)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(sigwaitinfo(&set, &info) == sig);
	return info;
}

char *abi_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, size - 1);
	CHECK(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

const char *abi_call_of(pid_t pid)
{
	static char text[256];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	return abi_read(path, text, sizeof(text));
}

void abi_await_call(pid_t pid, long nr)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "%ld 0x", nr);
	do
		usleep(1000);
	while (strncmp(abi_call_of(pid), wanted, strlen(wanted)));
}

void abi_fresh(void)
{
	char path[sizeof(root) + 8];

	snprintf(path, sizeof(path), "%s/XXXXXX", root);
	CHECK(mkdtemp(path) && !chmod(path, 0777) && !chdir(path));
	umask(022);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	remove(path);
	return 0;
}

static bool case_run(const struct abi_case *c)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(CASE_SECONDS);
		c->run();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	return status == 0;
}

static bool is_wanted(const struct abi_case *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], c->name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	static char self[4096];
	int nr = 0, number = 0, failed = 0;

	abi_self = self;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		abi_self = argv[0];
	if (!*argv[0])
		return 23;	/* exec_test.c: no arguments */
	if (argc > 1 && argv[1][0] == '@')
		return abi_role(argc, argv);
	for (const struct abi_case *c = __start_abi_cases; c < __stop_abi_cases; c++)
		nr += is_wanted(c, argc, argv);
	if (!mkdtemp(root) || chmod(root, 0777)) {
		perror(root);
		return 1;
	}
	printf("KTAP version 1\n1..%d\n", nr);
	for (const struct abi_case *c = __start_abi_cases; c < __stop_abi_cases; c++) {
		bool ok;

		if (!is_wanted(c, argc, argv))
			continue;
		ok = case_run(c);
		failed += !ok;
		printf("%s %d abi.%s\n", ok ? "ok" : "not ok", ++number, c->name);
	}
	fflush(stdout);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return failed != 0;
}
