// SPDX-License-Identifier: GPL-2.0
/* Programs that are more than who starts them: what is held in hand at the start, or reached for later, does not reach into them. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define NOBODY	65534
#define ROUNDS	40

enum { IS_ROOT = 1, IS_DUMPABLE = 2, IS_PLAIN = 4, REACHED = 64 };

/* The role @gain [FD]: what it is, and whether FD, somebody's memory, is its own. */
int gain_status(int argc, char **argv)
{
	static volatile char mine[8] = "old";
	int status = geteuid() ? 0 : IS_ROOT;
	char got[4];

	status |= prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? IS_DUMPABLE : 0;
	status |= personality(0xffffffff) & ADDR_NO_RANDOMIZE ? IS_PLAIN : 0;
	if (argc > 2 && (pwrite(atoi(argv[2]), "new", 3, (off_t)(uintptr_t)mine) > 0 || pread(atoi(argv[2]), got, 3, (off_t)(uintptr_t)mine) > 0))
		status |= REACHED;
	return mine[0] == 'o' ? status : REACHED;
}

static int become(const char *program, const char *fd)
{
	execl(program, program, "@gain", fd, NULL);
	_exit(32);
}

static int status_of(const char *program)
{
	pid_t pid = fork();

	return WEXITSTATUS(abi_wait(pid ? pid : become(program, NULL)));
}

static void be_nobody(void)
{
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* The error message of a privileged program must not be written into its own memory. */
ABI_CASE(memory_opened_before_execve_is_not_the_next_program_s)
{
	pid_t pid = fork();
	char fd[12];

	if (!pid) {
		snprintf(fd, sizeof(fd), "%d", open("/proc/self/mem", O_RDWR));
		become(abi_self, fd);
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == (IS_DUMPABLE | (geteuid() ? 0 : IS_ROOT)));
}

ABI_CASE(who_gains_has_addresses_nobody_knows)
{
	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 04755);
	be_nobody();
	CHECK(personality(ADDR_NO_RANDOMIZE) >= 0);
	CHECK(status_of("p") == IS_ROOT && status_of(abi_self) == (IS_DUMPABLE | IS_PLAIN));
}

ABI_CASE(what_cannot_be_read_is_not_read_by_running_it)
{
	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 0711);
	CHECK(status_of("p") == (IS_ROOT | IS_DUMPABLE));
	be_nobody();
	CHECK(status_of("p") == 0 && status_of(abi_self) == IS_DUMPABLE);
}

/* Whose current directory another process can change gains nothing. */
ABI_CASE(who_shares_its_directory_gains_nothing)
{
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 04755);
	be_nobody();
	pid = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, NULL, NULL, 0);
	CHECK(!(WEXITSTATUS(abi_wait(pid ? pid : become("p", NULL))) & IS_ROOT));
	CHECK(status_of("p") & IS_ROOT);
}

/* Either the tracer comes too late, or the program is not more than its tracer. */
ABI_CASE(who_is_traced_in_the_middle_of_execve_gains_nothing)
{
	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 04755);
	be_nobody();
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();
		bool traced;

		if (!pid)
			become("p", NULL);
		for (int j = 0; j < i; j++)
			sched_yield();
		traced = !ptrace(PTRACE_SEIZE, pid, NULL, NULL);
		CHECK(!(WEXITSTATUS(abi_wait(pid)) & IS_ROOT) || !traced);
	}
}

/* A child that is more than its parent has become is not its parent's to trace. */
ABI_CASE(who_is_more_is_not_traced_by_who_became_less)
{
	int go[2];
	pid_t pid;
	char c;

	if (geteuid())
		return;
	CHECK(!pipe(go));
	pid = fork();
	if (!pid) {
		CHECK(!close(go[1]) && read(go[0], &c, 1) == 0);
		CHECK_ERR(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
		_exit(0);
	}
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && !close(go[1]) && !abi_wait(pid));
}

/* Who was root keeps what it opened then to itself. */
ABI_CASE(files_of_who_gave_up_privileges_are_not_its_user_s)
{
	int ready[2], end[2];
	char path[64], text[64];
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!pipe(ready) && !pipe(end));
	pid = fork();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && !close(end[1]) && write(ready[1], "", 1) == 1 && read(end[0], text, 1) == 0);
		_exit(0);
	}
	CHECK(read(ready[0], text, 1) == 1);
	be_nobody();
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, end[0]);
	CHECK_ERR(open(path, O_RDONLY | O_NONBLOCK), EACCES);
	CHECK_ERR(readlink(path, text, sizeof(text)), EACCES);
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	CHECK_ERR(readlink(path, text, sizeof(text)), EACCES);
	CHECK_ERR(open(path, O_RDONLY), EACCES);
	CHECK_ERR(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), end[0], 0), EPERM);
	CHECK(!close(end[1]) && !abi_wait(pid));
}

/* A directory gives its group to files, not to programs of who is not in it. */
ABI_CASE(a_directory_s_group_is_not_gained_by_a_file_in_it)
{
	struct stat st;
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("d", 0777) && !chown("d", 0, 7) && !chmod("d", 02777));
	CHECK(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY));
	be_nobody();
	fd = open("d/f", O_CREAT | O_WRONLY, 02755);
	CHECK(fd >= 0 && !fstat(fd, &st) && st.st_gid == 7 && !(st.st_mode & S_ISGID));
	CHECK(!fchmod(fd, 02755) && !fstat(fd, &st) && !(st.st_mode & S_ISGID));
	CHECK(!mkdir("d/e", 0755) && !stat("d/e", &st) && st.st_gid == 7 && (st.st_mode & S_ISGID));
}
