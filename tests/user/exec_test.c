// SPDX-License-Identifier: GPL-2.0
/* execve: arguments, environment, scripts, close-on-exec, errors, what survives. Roles ("@NAME") are what this program is after exec. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

int abi_role(int argc, char **argv);
void places_tell(void);

/* Each role's exit status is its answer. */
int abi_role(int argc, char **argv)
{
	const char *role = argv[1] + 1;
	sigset_t blocked;
	struct sigaction action;

	if (!strcmp(role, "argc"))
		return argc;
	if (!strcmp(role, "env"))
		return getenv("FERRY_TEST") ? atoi(getenv("FERRY_TEST")) : 0;
	if (!strcmp(role, "long"))
		return argc == 3 && strlen(argv[2]) == 100000 ? 0 : 1;
	if (!strcmp(role, "fd"))
		return fcntl(atoi(argv[2]), F_GETFD) < 0 ? 1 : 0;
	if (!strcmp(role, "caps"))
		return caps_status();
	if (!strcmp(role, "clocks"))
		return clocks_status();
	if (!strcmp(role, "gain"))
		return gain_status(argc, argv);
	if (!strcmp(role, "keyring"))
		return keyring_status(argc, argv);
	if (!strcmp(role, "seccomp"))
		return seccomp_status();
	if (!strcmp(role, "script"))
		return argc == 4 && !strcmp(argv[3], "last") ? 21 : 1;
	if (!strcmp(role, "aux"))
		return getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHDR) && getauxval(AT_RANDOM) && getauxval(AT_ENTRY) &&
		       !getauxval(AT_SECURE) && !strcmp((char *)getauxval(AT_PLATFORM), "x86_64") ? 0 : 1;
	if (!strcmp(role, "pause")) {
		alarm(60);	/* if nobody ends it */
		pause();
	}
	if (!strcmp(role, "places"))
		places_tell();
	if (!strcmp(role, "signals")) {
		sigprocmask(0, NULL, &blocked);
		sigaction(SIGUSR1, NULL, &action);
		if (!sigismember(&blocked, SIGUSR2) || action.sa_handler != SIG_DFL)
			return 1;
		sigaction(SIGHUP, NULL, &action);
		return action.sa_handler == SIG_IGN ? 0 : 2;
	}
	return 99;
}

static int exec_status(char *const argv[], char *const envp[])
{
	pid_t pid = fork();

	if (pid == 0) {
		execve(argv[0], argv, envp);
		_exit(77);
	}
	return WEXITSTATUS(abi_wait(pid));
}

static char *const no_env[] = { NULL };

ABI_CASE(exec_passes_arguments)
{
	char *argv[] = { (char *)abi_self, "@argc", "two", "", "four", NULL };

	CHECK(exec_status(argv, no_env) == 5);
}

static pid_t start_pausing(const char *program)
{
	char *argv[] = { (char *)program, "@pause", NULL };
	pid_t pid = fork();

	if (!pid) {
		execve(program, argv, no_env);
		_exit(77);
	}
	abi_await_call(pid, SYS_pause);
	return pid;
}

static void stop(pid_t pid)
{
	CHECK(!kill(pid, SIGKILL) && WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(a_program_that_runs_is_not_written_to)
{
	char *argv[] = { "./copy", "@argc", NULL };
	pid_t pid;
	int fd;

	abi_fresh();
	abi_copy_self("copy", 0755);
	pid = start_pausing("./copy");
	CHECK_ERR(open("copy", O_WRONLY), ETXTBSY);
	CHECK_ERR(open("copy", O_RDWR | O_TRUNC), ETXTBSY);
	CHECK_ERR(truncate("copy", 1), ETXTBSY);
	stop(pid);
	fd = open("copy", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_ERR(execv("./copy", argv), ETXTBSY);
	close(fd);
	CHECK(exec_status(argv, no_env) == 2);
}

ABI_CASE(exe_in_proc_is_the_file_whatever_it_is_called_now)
{
	char link[64], text[300], wanted[300];
	struct stat st, other;
	ssize_t n;
	pid_t pid;

	abi_fresh();
	abi_copy_self("copy", 0755);
	CHECK(!stat("copy", &st));
	pid = start_pausing("./copy");
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	CHECK(!rename("copy", "moved") && getcwd(wanted, sizeof(wanted) - 20));
	strcat(wanted, "/moved");
	n = readlink(link, text, sizeof(text) - 1);
	CHECK(n > 0 && n == (ssize_t)strlen(wanted) && !memcmp(text, wanted, n));
	CHECK(!unlink("moved") && !stat(link, &other) && st.st_ino == other.st_ino);
	strcat(wanted, " (deleted)");
	n = readlink(link, text, sizeof(text) - 1);
	CHECK(n == (ssize_t)strlen(wanted) && !memcmp(text, wanted, n));
	stop(pid);
}

ABI_CASE(exec_passes_the_environment)
{
	char *argv[] = { (char *)abi_self, "@env", NULL }, *envp[] = { "A=1", "FERRY_TEST=33", NULL };

	CHECK(exec_status(argv, envp) == 33);
}

ABI_CASE(exec_passes_a_long_string)
{
	char *text = malloc(100001);
	char *argv[] = { (char *)abi_self, "@long", text, NULL };

	memset(text, 'x', 100000);
	text[100000] = 0;
	CHECK(exec_status(argv, no_env) == 0);
}

ABI_CASE(exec_refuses_too_much)
{
	static char *argv[4000];
	char *text = malloc(100001);

	memset(text, 'x', 100000);
	text[100000] = 0;
	for (int i = 0; i < 3999; i++)
		argv[i] = text;
	CHECK_ERR(execve(abi_self, argv, no_env), E2BIG);
}

ABI_CASE(exec_gives_an_auxiliary_vector)
{
	char *argv[] = { (char *)abi_self, "@aux", NULL };

	CHECK(exec_status(argv, no_env) == 0);
}

ABI_CASE(exec_closes_what_is_marked)
{
	char kept[8], closed[8];
	char *a[] = { (char *)abi_self, "@fd", kept, NULL }, *b[] = { (char *)abi_self, "@fd", closed, NULL };
	int x = dup(1), y = fcntl(1, F_DUPFD_CLOEXEC, 20);

	sprintf(kept, "%d", x);
	sprintf(closed, "%d", y);
	CHECK(exec_status(a, no_env) == 0);
	CHECK(exec_status(b, no_env) == 1);
	CHECK(fcntl(y, F_GETFD) == FD_CLOEXEC);
}

static void nothing(int sig)
{
}

ABI_CASE(exec_keeps_mask_and_ignored_signals)
{
	char *argv[] = { (char *)abi_self, "@signals", NULL };
	sigset_t set;

	signal(SIGUSR1, nothing);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(exec_status(argv, no_env) == 0);
}

static void file_write(const char *path, const void *data, size_t n, int mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);

	CHECK(fd >= 0 && write(fd, data, n) == (ssize_t)n && close(fd) == 0);
}

ABI_CASE(exec_follows_a_script)
{
	char line[300];
	char *argv[] = { "/tmp/abi_script", "last", NULL };

	sprintf(line, "#! %s @script \nnothing\n", abi_self);
	file_write(argv[0], line, strlen(line), 0755);
	CHECK(exec_status(argv, no_env) == 21);
	unlink(argv[0]);
}

ABI_CASE(exec_refuses_a_script_of_itself)
{
	char *argv[] = { "/tmp/abi_loop", NULL };

	file_write(argv[0], "#!/tmp/abi_loop\n", 16, 0755);
	CHECK_ERR(execve(argv[0], argv, no_env), ELOOP);
	unlink(argv[0]);
}

ABI_CASE(a_script_is_not_executed_by_a_descriptor_that_closes)
{
	char *argv[] = { "script", NULL };
	int fd;

	file_write("/tmp/abi_script", "#!/nonexistent\n", 15, 0755);
	fd = open("/tmp/abi_script", O_RDONLY | O_CLOEXEC);
	CHECK_ERR(syscall(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH), ENOENT);
	file_write("/tmp/abi_script", "#!/tmp\n", 7, 0755);
	CHECK_ERR(syscall(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH), ENOENT);
	CHECK(!fcntl(fd, F_SETFD, 0));
	CHECK_ERR(syscall(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH), EACCES);	/* its interpreter is looked for */
	unlink("/tmp/abi_script");
}

ABI_CASE(exec_reports_errors)
{
	char *argv[] = { "x", NULL };

	CHECK_ERR(execve("/nonexistent", argv, no_env), ENOENT);
	CHECK_ERR(execve("/", argv, no_env), EACCES);
	file_write("/tmp/abi_text", "hello", 5, 0755);
	CHECK_ERR(execve("/tmp/abi_text", argv, no_env), ENOEXEC);
	chmod("/tmp/abi_text", 0644);
	CHECK_ERR(execve("/tmp/abi_text", argv, no_env), EACCES);
	unlink("/tmp/abi_text");
	file_write("/tmp/abi_empty", "", 0, 0755);
	CHECK_ERR(execve("/tmp/abi_empty", argv, no_env), ENOEXEC);
	unlink("/tmp/abi_empty");
}

/* Flip every byte of the headers in turn: an error or a crash of the child, never of the system. */
ABI_CASE(exec_survives_broken_headers)
{
	static char image[1 << 20];
	char *argv[] = { "/tmp/abi_broken", "@argc", NULL };
	int fd = open(abi_self, O_RDONLY);
	ssize_t n = read(fd, image, sizeof(image));

	CHECK(n > 4096);
	for (int at = 4; at < 64 + 56 * 4; at += 3) {
		char old = image[at];
		pid_t pid;

		image[at] ^= 0xff;
		file_write(argv[0], image, n, 0755);
		image[at] = old;
		pid = fork();
		if (pid == 0) {
			alarm(2);
			execve(argv[0], argv, no_env);
			_exit(77);
		}
		abi_wait(pid);
		unlink(argv[0]);
	}
}

ABI_CASE(fexecve_runs_an_open_file)
{
	char *argv[] = { "x", "@argc", "a", NULL };
	int fd = open(abi_self, O_RDONLY);
	pid_t pid = fork();

	if (pid == 0) {
		fexecve(fd, argv, no_env);
		_exit(77);
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == 3);
}

ABI_CASE(posix_spawn_runs_a_program)
{
	char *argv[] = { (char *)abi_self, "@argc", NULL };
	pid_t pid;

	CHECK(posix_spawn(&pid, abi_self, NULL, NULL, argv, no_env) == 0);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 2);
	CHECK(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, no_env) == ENOENT);
}

ABI_CASE(execveat_runs_what_a_descriptor_of_a_path_names)
{
	char *argv[] = { (char *)abi_self, "@argc", "1", NULL };
	int fd = open(abi_self, O_PATH | O_CLOEXEC);
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH);
		_exit(99);
	}
	CHECK(fd >= 0 && WEXITSTATUS(abi_wait(pid)) == 3);
}

static void *sleeper(void *arg)
{
	while (pause())
		;
	return NULL;
}

static void *exec_from_thread(void *arg)
{
	char *argv[] = { (char *)abi_self, "@argc", "1", "2", NULL };

	execve(abi_self, argv, no_env);
	return NULL;
}

ABI_CASE(exec_from_a_thread_ends_the_others)
{
	pthread_t t;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 4; i++)
			pthread_create(&t, NULL, sleeper, NULL);
		pthread_create(&t, NULL, exec_from_thread, NULL);
		pause();
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == 4);
}

static void *files_user(void *arg)
{
	char c;

	for (;;)
		if (read(*(int *)arg, &c, 1) < 0 || close(dup(*(int *)arg)))
			return NULL;
}

/* Their table must not go before they do. */
ABI_CASE(threads_use_files_until_another_one_executes)
{
	int zero = open("/dev/zero", O_RDONLY);
	pthread_t t;

	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int n = 0; n < 3; n++)
				pthread_create(&t, NULL, files_user, &zero);
			usleep(1000 * i);
			exec_from_thread(NULL);
		}
		CHECK(WEXITSTATUS(abi_wait(pid)) == 4);
	}
}

ABI_CASE(a_program_without_arguments_gets_an_empty_one)
{
	pid_t pid = fork();
	char *none[] = { NULL };
	int status;

	if (!pid) {
		syscall(SYS_execve, abi_self, none, none);
		_exit(1);
	}
	status = abi_wait(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 23);
}
