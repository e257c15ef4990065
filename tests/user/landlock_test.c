// SPDX-License-Identifier: GPL-2.0
/* landlock(7): what a process that gave up rights to files may still do. Passes without a kernel that has it (ENOSYS, or not switched on). */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define CREATE		SYS_landlock_create_ruleset
#define ADD		SYS_landlock_add_rule
#define RESTRICT	SYS_landlock_restrict_self
#define VERSION		1u
#define BENEATH		1
#define EXECUTE		0x1u
#define WRITE_FILE	0x2u
#define READ_FILE	0x4u
#define READ_DIR	0x8u
#define REMOVE_FILE	0x20u
#define MAKE_DIR	0x80u
#define MAKE_REG	0x100u
#define REFER		0x2000u
#define ALL		0x3fffu

struct beneath {
	uint64_t allowed;
	int parent;
} __attribute__((packed));

static bool there_is(void)
{
	return syscall(CREATE, NULL, 0, VERSION) >= 2;
}

static int ruleset(uint64_t handled)
{
	return syscall(CREATE, &handled, sizeof(handled), 0);
}

static void allow(int rules, const char *path, uint64_t allowed)
{
	struct beneath b = { allowed, open(path, O_PATH | O_CLOEXEC) };

	CHECK(b.parent >= 0 && !syscall(ADD, rules, BENEATH, &b, 0) && !close(b.parent));
}

static void enforce(int rules)
{
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !syscall(RESTRICT, rules, 0) && !close(rules));
}

static void make(const char *path)
{
	CHECK(close(open(path, O_CREAT | O_WRONLY, 0644)) == 0);
}

/* d1/f, d1/in/f, d2/f */
static void files(void)
{
	abi_fresh();
	CHECK(!mkdir("d1", 0777) && !mkdir("d1/in", 0777) && !mkdir("d2", 0777));
	make("d1/f");
	make("d1/in/f");
	make("d2/f");
}

static int opens(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	return fd < 0 ? errno : close(fd);
}

ABI_CASE(landlock_says_what_makes_no_sense)
{
	struct { uint64_t handled, more; } attr = { READ_FILE, 0 };
	struct beneath b = { READ_FILE, -1 };
	uint64_t none = 0, unknown = ALL + 1;
	int rules;

	if (!there_is())
		return;
	files();
	CHECK_ERR(syscall(CREATE, &attr, 0, VERSION), EINVAL);
	CHECK_ERR(syscall(CREATE, &attr, 8, 2), EINVAL);
	CHECK_ERR(syscall(CREATE, NULL, 8, 0), EFAULT);
	CHECK_ERR(syscall(CREATE, BAD, 8, 0), EFAULT);
	CHECK_ERR(syscall(CREATE, &attr, 7, 0), EINVAL);
	CHECK_ERR(syscall(CREATE, &attr, 8192, 0), E2BIG);
	CHECK_ERR(syscall(CREATE, &none, 8, 0), ENOMSG);
	CHECK_ERR(syscall(CREATE, &unknown, 8, 0), EINVAL);
	rules = syscall(CREATE, &attr, sizeof(attr), 0);
	CHECK(rules >= 0 && fcntl(rules, F_GETFD) == FD_CLOEXEC);
	attr.more = 1;
	CHECK_ERR(syscall(CREATE, &attr, sizeof(attr), 0), E2BIG);
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 0), EBADF);
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 1), EINVAL);
	CHECK_ERR(syscall(ADD, rules, 7, &b, 0), EINVAL);
	CHECK_ERR(syscall(ADD, -1, BENEATH, &b, 0), EBADF);
	CHECK_ERR(syscall(ADD, rules, BENEATH, BAD, 0), EFAULT);
	b.parent = rules;
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 0), EBADFD);
	b.parent = open("/proc/self/ns/mnt", O_RDONLY);
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 0), EBADFD);
	b = (struct beneath){ 0, open("d1", O_PATH) };
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 0), ENOMSG);
	b.allowed = WRITE_FILE;
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 0), EINVAL);
	b = (struct beneath){ READ_DIR, open("d1/f", O_PATH) };
	rules = ruleset(READ_DIR);
	CHECK_ERR(syscall(ADD, rules, BENEATH, &b, 0), EINVAL);
	CHECK_ERR(syscall(ADD, b.parent, BENEATH, &b, 0), EBADF);
	CHECK_ERR(syscall(RESTRICT, rules, 1), geteuid() ? EPERM : EINVAL);
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_ERR(syscall(RESTRICT, -1, 0), EBADF);
	CHECK_ERR(syscall(RESTRICT, open("d1/f", O_RDONLY), 0), EBADFD);
}

ABI_CASE(landlock_needs_that_nothing_can_be_gained)
{
	int rules;

	if (!there_is())
		return;
	rules = ruleset(READ_FILE);
	if (!geteuid())
		CHECK(!setresuid(65534, 65534, 65534));
	CHECK_ERR(syscall(RESTRICT, rules, 0), EPERM);
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !syscall(RESTRICT, rules, 0));
}

ABI_CASE(files_below_a_rule_are_what_is_left)
{
	int rules, held;

	if (!there_is())
		return;
	files();
	held = open("d2/f", O_RDWR);
	rules = ruleset(READ_FILE | WRITE_FILE | READ_DIR);
	allow(rules, "d1", READ_FILE | READ_DIR);
	allow(rules, "d1/in", WRITE_FILE);
	enforce(rules);
	CHECK(!opens("d1/f", O_RDONLY) && opens("d1/f", O_WRONLY) == EACCES && opens("d1/f", O_RDWR) == EACCES);
	CHECK(!opens("d1/in/f", O_RDWR) && !opens("d1/in", O_RDONLY | O_DIRECTORY));
	CHECK(opens("d2/f", O_RDONLY) == EACCES && opens("d2", O_RDONLY | O_DIRECTORY) == EACCES && opens("d1/f", O_WRONLY | O_TRUNC) == EACCES);
	CHECK(!opens("d2/f", O_PATH) && write(held, "x", 1) == 1);	/* what is open stays so */
	CHECK(!mkdir("d2/new", 0755));	/* not handled */
	CHECK_ERR(open("d1", O_TMPFILE | O_RDWR, 0600), EACCES);
}

ABI_CASE(each_layer_must_allow)
{
	int rules;

	if (!there_is())
		return;
	files();
	rules = ruleset(READ_FILE | WRITE_FILE);
	allow(rules, "d1", READ_FILE | WRITE_FILE);
	enforce(rules);
	rules = ruleset(WRITE_FILE);
	allow(rules, "d1/in", WRITE_FILE);
	allow(rules, "d2", WRITE_FILE);
	enforce(rules);
	CHECK(!opens("d1/f", O_RDONLY) && opens("d1/f", O_WRONLY) == EACCES && !opens("d1/in/f", O_RDWR) && opens("d2/f", O_WRONLY) == EACCES);
	for (int i = 2; i < 16; i++)
		enforce(ruleset(EXECUTE));
	CHECK_ERR(syscall(RESTRICT, ruleset(EXECUTE), 0), E2BIG);
}

ABI_CASE(names_are_made_and_removed_as_rules_say)
{
	int rules;

	if (!there_is())
		return;
	files();
	rules = ruleset(ALL & ~(READ_FILE | WRITE_FILE | READ_DIR | EXECUTE));
	allow(rules, "d1", MAKE_REG | REMOVE_FILE);
	allow(rules, "d2", MAKE_DIR);
	enforce(rules);
	CHECK(!opens("d1/new", O_CREAT | O_EXCL | O_WRONLY) && opens("d2/new", O_CREAT | O_WRONLY) == EACCES && !opens("d2/f", O_CREAT | O_WRONLY));
	CHECK_ERR(mkdir("d1/dir", 0755), EACCES);
	CHECK(!mkdir("d2/dir", 0755));
	CHECK_ERR(rmdir("d2/dir"), EACCES);
	CHECK_ERR(symlink("a", "d1/link"), EACCES);
	CHECK_ERR(mkfifo("d1/fifo", 0600), EACCES);
	CHECK_ERR(unlink("d2/f"), EACCES);
	CHECK(!link("d1/f", "d1/g") && !rename("d1/g", "d1/h") && !unlink("d1/h") && !unlink("d1/new"));
	CHECK_ERR(rename("d2/dir", "d2/other"), EACCES);
}

/* Another directory is another hierarchy: that needs a right of its own, and must not give more than there was. */
ABI_CASE(a_file_gains_nothing_by_moving)
{
	int rules;

	if (!there_is())
		return;
	files();
	rules = ruleset(READ_FILE | WRITE_FILE | MAKE_REG | REMOVE_FILE | REFER);
	allow(rules, ".", MAKE_REG | REMOVE_FILE);
	allow(rules, "d1", READ_FILE | REFER);
	allow(rules, "d2", READ_FILE | WRITE_FILE | REFER);
	enforce(rules);
	CHECK_ERR(rename("d1/f", "d2/g"), EXDEV);	/* it could be written there */
	CHECK_ERR(link("d1/f", "d2/g"), EXDEV);
	CHECK(!rename("d2/f", "d1/g") && opens("d1/g", O_WRONLY) == EACCES);
	CHECK_ERR(rename("d1/g", "g"), EXDEV);		/* no right to change directories above */
	CHECK(!rename("d1/g", "d1/in/g") && !link("d1/in/g", "d1/g"));
	rules = ruleset(EXECUTE);
	enforce(rules);
	CHECK_ERR(rename("d1/g", "d1/in/h"), EXDEV);	/* a layer that does not handle it does not give it */
	CHECK(!rename("d1/g", "d1/h"));
}

static void *thread_opens(void *name)
{
	return (void *)(long)opens(name, O_RDONLY);
}

ABI_CASE(programs_children_and_threads_are_restricted_too)
{
	char *argv[] = { (char *)abi_self, "@argc", NULL };
	pthread_t thread;
	void *result;
	int rules;
	pid_t pid;

	if (!there_is())
		return;
	files();
	rules = ruleset(READ_FILE | EXECUTE);
	allow(rules, "d1", READ_FILE);
	enforce(rules);
	pid = fork();
	if (!pid) {
		CHECK(opens("d2/f", O_RDONLY) == EACCES && !opens("d1/f", O_RDONLY));
		execv(abi_self, argv);
		_exit(errno == EACCES ? 0 : 1);
	}
	CHECK(!abi_wait(pid));
	CHECK(!pthread_create(&thread, NULL, thread_opens, "d2/f") && !pthread_join(thread, &result) && (long)result == EACCES);
}

ABI_CASE(the_restricted_change_no_mounts_and_trace_nobody_freer)
{
	int p[2], status;
	pid_t child, own;
	char c;

	if (!there_is() || geteuid())
		return;
	files();
	CHECK(!pipe(p));
	child = fork();
	if (!child) {
		close(p[1]);
		_exit(read(p[0], &c, 1) != 0);
	}
	enforce(ruleset(EXECUTE));
	CHECK_ERR(mount("t", "d1", "tmpfs", 0, NULL), EPERM);
	CHECK_ERR(ptrace(PTRACE_ATTACH, child, NULL, NULL), EPERM);
	CHECK_ERR(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), p[0], 0), EPERM);
	own = fork();
	if (!own) {
		close(p[1]);
		_exit(read(p[0], &c, 1) != 0);
	}
	CHECK(!ptrace(PTRACE_ATTACH, own, NULL, NULL) && waitpid(own, &status, 0) == own && WIFSTOPPED(status));
	CHECK(!ptrace(PTRACE_DETACH, own, NULL, NULL) && !close(p[1]) && !abi_wait(own) && !abi_wait(child));
}
