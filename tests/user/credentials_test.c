// SPDX-License-Identifier: GPL-2.0
/* Credentials of single threads by raw calls (libc's are for all of them), secure bits, and what a file gives to its program (capabilities(7)). */
#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include "abi.h"
#include "caps.h"

#define NOBODY		65534
#define SECBIT_NOROOT			0x1
#define SECBIT_NO_SETUID_FIXUP		0x4
#define SECBIT_KEEP_CAPS		0x10
#define SECBIT_KEEP_CAPS_LOCKED		0x20
#define SECBIT_NO_CAP_AMBIENT_RAISE	0x40
#define BIT_OF(cap)	(1ull << (cap))

/* ---- Threads ---- */

struct other {
	pid_t tid;
	int error, opened;
	void (*act)(struct other *o);
	pthread_t thread;
	pthread_barrier_t met;
};

static void *other_run(void *arg)
{
	struct other *o = arg;

	o->tid = syscall(SYS_gettid);
	o->act(o);
	pthread_barrier_wait(&o->met);
	pthread_barrier_wait(&o->met);	/* looked at in between */
	return NULL;
}

static void other_start(struct other *o, void (*act)(struct other *o))
{
	o->act = act;
	CHECK(!pthread_barrier_init(&o->met, NULL, 2) && !pthread_create(&o->thread, NULL, other_run, o));
	pthread_barrier_wait(&o->met);
}

static void other_end(struct other *o)
{
	pthread_barrier_wait(&o->met);
	CHECK(!pthread_join(o->thread, NULL));
}

static bool status_has(pid_t tid, const char *line)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)tid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(fd >= 0 && n > 0 && !close(fd));
	text[n] = '\0';
	return strstr(text, line);
}

static void become_nobody(struct other *o)
{
	gid_t groups[2] = { 7, 8 };

	o->error = syscall(SYS_setgroups, 2, groups) || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
		   syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY);
	o->opened = open("secret", O_RDONLY);
}

ABI_CASE(ids_are_of_one_thread)
{
	struct other o = { 0 };
	gid_t groups[4];
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(close(open("secret", O_CREAT | O_WRONLY, 0600)) == 0);
	other_start(&o, become_nobody);
	CHECK(!o.error && o.opened == -1);
	CHECK(syscall(SYS_geteuid) == 0 && syscall(SYS_getegid) == 0 && getgroups(4, groups) == 0);
	CHECK(status_has(o.tid, "Uid:\t65534\t65534\t65534\t65534\nGid:\t65534") && status_has(o.tid, "Groups:\t7 8 "));
	CHECK(status_has(getpid(), "Uid:\t0\t0\t0\t0\n") && status_has(o.tid, "CapEff:\t0000000000000000\n"));
	CHECK(caps_of(o.tid, 'p') == 0 && caps_of(getpid(), 'p') != 0 && caps_of(0, 'e') != 0);
	fd = open("secret", O_RDONLY);
	CHECK(fd >= 0 && !close(fd));
	other_end(&o);
}

static void drop_all(struct other *o)
{
	struct cap_header h = { CAP_V3, getppid() };
	struct cap_data d[2] = { { 0 } };

	CHECK(syscall(SYS_capset, &h, d) == -1 && errno == EPERM);
	h.pid = getpid();	/* the first thread's, not the caller's */
	CHECK(syscall(SYS_capset, &h, d) == -1 && errno == EPERM);
	h.pid = o->tid;
	CHECK(!syscall(SYS_capset, &h, d));
	o->opened = sethostname("", 0) == -1 && errno == EPERM;
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

ABI_CASE(privileges_are_of_one_thread)
{
	struct other o = { 0 };
	uint64_t mine;

	if (geteuid())
		return;
	mine = caps_of(0, 'e');
	other_start(&o, drop_all);
	CHECK(o.opened && caps_of(0, 'e') == mine && !caps_of(o.tid, 'e') && !caps_of(o.tid, 'p'));
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && status_has(o.tid, "NoNewPrivs:\t1\n") && status_has(getpid(), "NoNewPrivs:\t0\n"));
	other_end(&o);
	CHECK(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) == 0);
}

static void grandchild(struct other *o)
{
	pid_t pid;

	CHECK(!syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
	pid = fork();
	if (!pid)
		_exit(getuid() == NOBODY && geteuid() == NOBODY && !caps_of(0, 'p') ? 0 : 1);
	o->error = abi_wait(pid);
}

/* Who is forked is who the forking thread is; so is who executes. */
ABI_CASE(children_take_after_the_thread)
{
	struct other o = { 0 };

	if (geteuid())
		return;
	other_start(&o, grandchild);
	CHECK(!o.error && !getuid());
	other_end(&o);
}

/* ---- What a program may: its exit status ---- */

enum { HAS_TIME = 1, HAS_CHOWN = 2, IS_SECURE = 4, HAS_AMBIENT = 8, KEEPS = 16, IS_ROOT = 32 };

int caps_status(void)
{
	int status = caps_of(0, 'e') & BIT_OF(CAP_SYS_TIME) ? HAS_TIME : 0;

	status |= caps_of(0, 'e') & BIT_OF(CAP_CHOWN) ? HAS_CHOWN : 0;
	status |= getauxval(AT_SECURE) ? IS_SECURE : 0;
	status |= prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SYS_TIME, 0, 0) == 1 ? HAS_AMBIENT : 0;
	status |= prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 1 ? KEEPS : 0;
	return status | (geteuid() ? 0 : IS_ROOT);
}

static int status_of(const char *program)
{
	pid_t pid = fork();

	if (!pid) {
		execl(program, program, "@caps", NULL);
		_exit(errno == EPERM ? 90 : errno == EACCES ? 91 : 92);
	}
	return WEXITSTATUS(abi_wait(pid));
}

void abi_copy_self(const char *to, mode_t mode)
{
	int in = open(abi_self, O_RDONLY), out = open(to, O_CREAT | O_WRONLY | O_TRUNC, 0700);
	struct stat s;
	off_t left;

	CHECK(in >= 0 && out >= 0 && !fstat(in, &s));
	for (left = s.st_size; left > 0;) {
		ssize_t n = sendfile(out, in, NULL, left);

		CHECK(n > 0);
		left -= n;
	}
	CHECK(!close(in) && !close(out) && !chmod(to, mode));
}

ABI_CASE(secure_bits_are_set_and_locked)
{
	if (geteuid())
		return;
	CHECK(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, 0x100, 0, 0, 0), EPERM);
	CHECK(!prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == SECBIT_KEEP_CAPS);
	CHECK(!prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0) && prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0);
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_KEEP_CAPS, 0, 0, 0), EPERM);
	CHECK(!prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
	CHECK(!caps_become(0, BIT_OF(CAP_SETPCAP), 0));
	CHECK_ERR(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_SETUID_FIXUP, 0, 0, 0), EPERM);
}

ABI_CASE(ids_are_just_ids_when_asked)
{
	uint64_t all = caps_of(0, 'p');

	if (geteuid())
		return;
	CHECK(!prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
	CHECK(syscall(SYS_setfsuid, NOBODY) == 0 && caps_of(0, 'e') == all);
	CHECK(!syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) && caps_of(0, 'e') == all && caps_of(0, 'p') == all);
	CHECK(!syscall(SYS_setresuid, 0, 0, 0) && !prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
	CHECK(syscall(SYS_setfsuid, NOBODY) == 0 && (caps_of(0, 'e') & BIT_OF(CAP_CHOWN)) == 0 && (caps_of(0, 'e') & BIT_OF(CAP_SYS_TIME)));
}

ABI_CASE(root_is_a_name_when_asked)
{
	if (geteuid())
		return;
	CHECK(status_of(abi_self) == (HAS_TIME | HAS_CHOWN | IS_ROOT));
	CHECK(!prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && status_of(abi_self) == (HAS_TIME | HAS_CHOWN | IS_ROOT));
	CHECK(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0) && status_of(abi_self) == IS_ROOT);
	CHECK(!caps_become(caps_of(0, 'p'), caps_of(0, 'p'), BIT_OF(CAP_SYS_TIME)));
	CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_TIME, 0, 0), EPERM);
	CHECK(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) && !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_TIME, 0, 0));
	CHECK(status_of(abi_self) == (HAS_TIME | HAS_AMBIENT | IS_ROOT));
}

ABI_CASE(ambient_privileges_outlive_execve)
{
	if (geteuid())
		return;
	CHECK(!caps_become(caps_of(0, 'p'), caps_of(0, 'p'), BIT_OF(CAP_SYS_TIME)));
	CHECK(!prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && !setresuid(NOBODY, NOBODY, NOBODY));
	CHECK(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_TIME, 0, 0));
	CHECK(status_of(abi_self) == (HAS_TIME | HAS_AMBIENT));
	CHECK(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && status_of(abi_self) == 0);
}

/* ---- Files that give ---- */

struct vfs_cap {
	uint32_t magic;
	struct { uint32_t permitted, inheritable; } data[2];
	uint32_t root;
};

#define CAP_REVISION_2	0x02000000u
#define CAP_REVISION_3	0x03000000u
#define CAP_EFFECTIVE	1u
#define V2_SIZE		20

static bool gives(const char *name)
{
	return getxattr(name, "security.capability", NULL, 0) == V2_SIZE;
}

ABI_CASE(a_file_gives_privileges_to_its_program)
{
	struct vfs_cap c = { CAP_REVISION_2 | CAP_EFFECTIVE, { { BIT_OF(CAP_SYS_TIME), 0 } }, 0 };

	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 0755);
	CHECK(!setxattr("p", "security.capability", &c, V2_SIZE, 0) && gives("p"));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && status_of("p") == (HAS_TIME | IS_SECURE) && status_of(abi_self) == 0);
	CHECK_ERR(setxattr("p", "security.capability", &c, V2_SIZE, 0), EPERM);
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && status_of("p") == IS_SECURE);
}

ABI_CASE(what_a_file_gives_is_bounded)
{
	struct vfs_cap c = { CAP_REVISION_2 | CAP_EFFECTIVE, { { BIT_OF(CAP_SYS_TIME), 0 } }, 0 };

	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 0755);
	CHECK(!setxattr("p", "security.capability", &c, V2_SIZE, 0) && !prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0));
	CHECK(status_of("p") == 90);	/* it could not tell that it has less */
	c.magic = CAP_REVISION_2;
	CHECK(!setxattr("p", "security.capability", &c, V2_SIZE, 0) && !setresuid(NOBODY, NOBODY, NOBODY) && status_of("p") == 0);
}

ABI_CASE(what_makes_no_sense_is_not_set_as_privileges)
{
	struct vfs_cap c = { CAP_REVISION_2, { { 0 } }, 0 }, got;

	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 0755);
	CHECK_ERR(setxattr("p", "security.capability", &c, sizeof(c), 0), EINVAL);
	CHECK_ERR(setxattr("p", "security.capability", &c, 4, 0), EINVAL);
	c.magic = 0x07000000;
	CHECK_ERR(setxattr("p", "security.capability", &c, V2_SIZE, 0), EINVAL);
	c.magic = CAP_REVISION_3 | CAP_EFFECTIVE;
	CHECK_ERR(setxattr("p", "security.capability", &c, V2_SIZE, 0), EINVAL);
	CHECK(!setxattr("p", "security.capability", &c, sizeof(c), 0));
	CHECK(getxattr("p", "security.capability", &got, sizeof(got)) == V2_SIZE && got.magic == (CAP_REVISION_2 | CAP_EFFECTIVE));
	CHECK(!removexattr("p", "security.capability") && !gives("p"));
}

/* Who changes a program does not inherit what was given to another. */
ABI_CASE(a_changed_file_gives_nothing)
{
	struct vfs_cap c = { CAP_REVISION_2 | CAP_EFFECTIVE, { { BIT_OF(CAP_SYS_TIME), 0 } }, 0 };
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	fd = open("p", O_CREAT | O_RDWR, 0755);
	CHECK(fd >= 0 && !setxattr("p", "security.capability", &c, V2_SIZE, 0) && gives("p"));
	CHECK(write(fd, "x", 1) == 1 && !gives("p"));
	CHECK(!setxattr("p", "security.capability", &c, V2_SIZE, 0) && !chown("p", 1, 1) && !gives("p"));
	CHECK(!setxattr("p", "security.capability", &c, V2_SIZE, 0) && !chmod("p", 0700) && gives("p"));
	CHECK(!truncate("p", 0) && !gives("p"));
}

/* ---- Mounts that take away ---- */

ABI_CASE(mounts_forbid_programs_and_their_privileges)
{
	struct vfs_cap c = { CAP_REVISION_2 | CAP_EFFECTIVE, { { BIT_OF(CAP_SYS_TIME), 0 } }, 0 };
	pid_t child;
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755) && !mount("t", "m", "tmpfs", 0, NULL));
	abi_copy_self("m/p", 04755);
	CHECK(!setxattr("m/p", "security.capability", &c, V2_SIZE, 0) && !mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL));
	child = fork();
	if (!child) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && status_of("m/p") == 0);
		_exit(0);
	}
	CHECK(!abi_wait(child));
	CHECK(!mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL) && status_of("m/p") == 91);
	fd = open("m/p", O_RDONLY);
	CHECK(fd >= 0 && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EPERM);
	CHECK(!close(fd) && !umount("m"));
}
