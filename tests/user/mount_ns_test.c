// SPDX-License-Identifier: GPL-2.0
/* Mount namespaces and propagation: each namespace has its own tree, and what is shared spreads to peers and slaves. Root's alone. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_mount.h>
#include "abi.h"

#define RECURSIVE	0x8000

/* A fresh directory that is a mount of its own and private, with directories a and b in it; and the caller has its own namespace. */
static void own_place(void)
{
	abi_fresh();
	CHECK(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mkdir("m", 0755) && !mount("place", "m", "tmpfs", 0, NULL) && !chdir("m") && !mkdir("a", 0755) && !mkdir("b", 0755));
}

/* The optional fields of what is mounted at @end, as /proc/self/mountinfo has them; "none" when nothing is. */
static const char *fields_of(const char *end)
{
	static char fields[128];
	char line[1024], wanted[64], *at, *to;
	FILE *f = fopen("/proc/self/mountinfo", "r");

	snprintf(wanted, sizeof(wanted), "%s ", end);
	strcpy(fields, "none");
	while (f && fgets(line, sizeof(line), f)) {
		at = strstr(line, wanted);
		to = at ? strstr(at, " - ") : NULL;
		if (!to)
			continue;
		*to = '\0';
		at = strchr(at + strlen(wanted), ' ');
		snprintf(fields, sizeof(fields), "%s", at ? at + 1 : "");
	}
	CHECK(f && !fclose(f));
	return fields;
}

static void tell(int fd)
{
	CHECK(write(fd, "", 1) == 1);
}

static void hear(int fd)
{
	char c;

	CHECK(read(fd, &c, 1) == 1);
}

ABI_CASE(what_is_mounted_in_a_namespace_is_its_own)
{
	int done[2], seen[2];
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	CHECK(!pipe(done) && !pipe(seen));
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS) && !mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/inside", 0755) && !access("a/inside", F_OK));
		tell(done[1]);
		hear(seen[0]);
		/* Where it is mounted is no reason for others not to remove the name. */
		CHECK(access("b", F_OK) == -1 && access("a", F_OK) == -1);
		_exit(0);
	}
	hear(done[0]);
	CHECK(access("a/inside", F_OK) == -1 && !strcmp(fields_of("/a"), "none") && !rmdir("a") && !rmdir("b"));
	tell(seen[1]);
	CHECK(!abi_wait(pid));
}

ABI_CASE(a_mount_covers_its_name_in_its_namespace)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL));
	CHECK_ERR(rmdir("a"), EBUSY);
	CHECK_ERR(rename("b", "a"), EBUSY);
	CHECK(!umount("a") && !rename("b", "a"));
}

ABI_CASE(mountinfo_of_a_process_is_of_its_namespace)
{
	char path[64], line[1024];
	bool found = false;
	int done[2];
	FILE *f;
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	CHECK(!pipe(done));
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS) && !mount("only-there", "a", "tmpfs", 0, NULL));
		tell(done[1]);
		for (;;)
			pause();
	}
	hear(done[0]);
	for (int own = 0; own < 2; own++) {
		snprintf(path, sizeof(path), "/proc/%d/mounts", own ? (int)getpid() : (int)pid);
		f = fopen(path, "r");
		found = false;
		while (f && fgets(line, sizeof(line), f))
			found |= !strncmp(line, "only-there ", 11);
		CHECK(f && !fclose(f) && found == !own);
	}
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
}

ABI_CASE(peers_get_each_other_s_mounts)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755) && !strcmp(fields_of("/a"), ""));
	CHECK(!mount(NULL, "a", NULL, MS_SHARED, NULL) && !strncmp(fields_of("/a"), "shared:", 7));
	CHECK(!mount("a", "b", NULL, MS_BIND, NULL));
	CHECK(!mount("y", "a/d", "tmpfs", 0, NULL) && !mkdir("a/d/seen", 0755) && !access("b/d/seen", F_OK));
	CHECK(!strncmp(fields_of("/b/d"), "shared:", 7) && !strcmp(fields_of("/b/d"), fields_of("/a/d")));
	CHECK(!umount("b/d") && access("a/d/seen", F_OK) == -1 && !strcmp(fields_of("/a/d"), "none"));
	CHECK(!mount(NULL, "b", NULL, MS_PRIVATE, NULL) && !strcmp(fields_of("/b"), ""));
	CHECK(!mount("y", "a/d", "tmpfs", 0, NULL) && !mkdir("a/d/seen", 0755) && access("b/d/seen", F_OK) == -1);
	CHECK(!umount("a/d") && !umount("a") && !umount("b"));
}

ABI_CASE(slaves_get_and_do_not_give)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755) && !mkdir("a/e", 0755) && !mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK(!mount("a", "b", NULL, MS_BIND, NULL) && !mount(NULL, "b", NULL, MS_SLAVE, NULL) && !strncmp(fields_of("/b"), "master:", 7));
	CHECK(!mount("y", "a/d", "tmpfs", 0, NULL) && !mkdir("a/d/seen", 0755) && !access("b/d/seen", F_OK));
	CHECK(!mount("z", "b/e", "tmpfs", 0, NULL) && !mkdir("b/e/own", 0755) && access("a/e/own", F_OK) == -1);
	CHECK(!umount("a/d") && access("b/d/seen", F_OK) == -1 && !strcmp(fields_of("/b/d"), "none"));
	/* A slave that is shared gives to its own peers what it gets. */
	CHECK(!umount("b/e") && !mount(NULL, "b", NULL, MS_SHARED, NULL) && strstr(fields_of("/b"), "shared:") && strstr(fields_of("/b"), "master:"));
	CHECK(!mkdir("c", 0755) && !mount("b", "c", NULL, MS_BIND, NULL));
	CHECK(!mount("y", "a/d", "tmpfs", 0, NULL) && !mkdir("a/d/seen", 0755) && !access("b/d/seen", F_OK) && !access("c/d/seen", F_OK));
	CHECK(!umount("a/d") && access("c/d/seen", F_OK) == -1 && access("b/d/seen", F_OK) == -1);
	/* Without its master it is nobody's. */
	CHECK(!umount("a") && !strstr(fields_of("/b"), "master:"));
}

ABI_CASE(what_is_unbindable_is_not_bound)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755) && !mount("y", "a/d", "tmpfs", 0, NULL) && !mkdir("a/d/in", 0755));
	CHECK(!mount(NULL, "a/d", NULL, MS_UNBINDABLE, NULL) && !strcmp(fields_of("/a/d"), "unbindable"));
	CHECK_ERR(mount("a/d", "b", NULL, MS_BIND, NULL), EINVAL);
	CHECK(!mount("a", "b", NULL, MS_BIND | MS_REC, NULL) && access("b/d/in", F_OK) == -1);
	CHECK_ERR(mount(NULL, "a/d/in", NULL, MS_SHARED, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "a/d", NULL, MS_SHARED | MS_SLAVE, NULL), EINVAL);
}

ABI_CASE(shared_mounts_spread_across_namespaces)
{
	int made[2], mine[2], gone[2];
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755) && !mkdir("a/e", 0755) && !mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK(!pipe(made) && !pipe(mine) && !pipe(gone));
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS));
		tell(mine[1]);
		hear(made[0]);
		CHECK(!access("a/d/seen", F_OK) && !mount("z", "a/e", "tmpfs", 0, NULL) && !mkdir("a/e/back", 0755));
		tell(mine[1]);
		hear(gone[0]);
		CHECK(access("a/d/seen", F_OK) == -1);
		_exit(0);
	}
	hear(mine[0]);
	CHECK(!mount("y", "a/d", "tmpfs", 0, NULL) && !mkdir("a/d/seen", 0755));
	tell(made[1]);
	hear(mine[0]);
	CHECK(!access("a/e/back", F_OK) && !umount("a/d"));
	tell(gone[1]);
	CHECK(!abi_wait(pid) && !umount("a/e") && !umount("a"));
}

ABI_CASE(shared_mounts_are_not_moved)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755) && !mount("y", "a/d", "tmpfs", 0, NULL));
	CHECK(!mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK_ERR(mount("a/d", "b", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "a/d", AT_FDCWD, "b", 0), EINVAL);
	CHECK(!mount(NULL, "a", NULL, MS_PRIVATE, NULL) && !mount("a/d", "b", NULL, MS_MOVE, NULL) && !umount("b"));
}

ABI_CASE(a_mount_joins_a_group)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755) && !mount("a", "b", NULL, MS_BIND, NULL));
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "a", AT_FDCWD, "b", LINUX_MOVE_MOUNT_SET_GROUP), EINVAL);
	CHECK(!mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK(!syscall(SYS_move_mount, AT_FDCWD, "a", AT_FDCWD, "b", LINUX_MOVE_MOUNT_SET_GROUP));
	CHECK(!mount("y", "b/d", "tmpfs", 0, NULL) && !mkdir("b/d/seen", 0755) && !access("a/d/seen", F_OK));
}

ABI_CASE(mounts_of_another_namespace_are_not_ours_to_change)
{
	char path[64];
	int done[2];
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	CHECK(!pipe(done));
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS) && !mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/in", 0755) && !chdir("a"));
		tell(done[1]);
		for (;;)
			pause();
	}
	hear(done[0]);
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	CHECK(!chdir(path) && !access("in", F_OK));
	CHECK_ERR(mount("y", "in", "tmpfs", 0, NULL), EINVAL);
	CHECK_ERR(mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EINVAL);
	CHECK_ERR(umount2(".", MNT_DETACH), EINVAL);
	CHECK_ERR(mount(path, "/proc", NULL, MS_BIND, NULL), EINVAL);
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
}

ABI_CASE(a_mount_namespace_is_entered_at_its_root)
{
	char path[64], cwd[256];
	int done[2], fd;
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	CHECK(!pipe(done));
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS) && !mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/in", 0755));
		tell(done[1]);
		for (;;)
			pause();
	}
	hear(done[0]);
	CHECK(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && !kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL && access("a/in", F_OK) == -1);
	CHECK(!setns(fd, CLONE_NEWNS) && getcwd(path, sizeof(path)) && !strcmp(path, "/") && !chdir(cwd) && !access("a/in", F_OK));
}

/* Such a mount would keep its own namespace for ever. */
ABI_CASE(a_mount_namespace_does_not_hold_itself)
{
	char path[64];
	int fd, done[2];
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	fd = creat("f", 0644);
	CHECK(fd >= 0 && !pipe(done));
	CHECK_ERR(mount("/proc/self/ns/mnt", "f", NULL, MS_BIND, NULL), EINVAL);
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS));
		tell(done[1]);
		for (;;)
			pause();
	}
	hear(done[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	CHECK(!mount(path, "f", NULL, MS_BIND, NULL) && !kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL && !umount("f"));
}

/* A directory that is moved out of what was bound does not lead to what lies above. */
ABI_CASE(what_leaves_a_bound_directory_leads_nowhere)
{
	if (geteuid())
		return;
	own_place();
	CHECK(!mkdir("a/sub", 0755) && !mount("a", "b", NULL, MS_BIND, NULL) && !chdir("b/sub"));
	CHECK(!rename("../../a/sub", "../../moved"));
	CHECK_ERR(chdir(".."), ENOENT);
	CHECK_ERR(open("../a", O_RDONLY), ENOENT);
}

ABI_CASE(a_namespace_s_root_is_changed_for_it_alone)
{
	struct stat before, after;
	pid_t pid;

	if (geteuid())
		return;
	own_place();
	CHECK(!stat("/", &before) && !mount("new", "a", "tmpfs", 0, NULL) && !mkdir("a/put", 0755) && !mkdir("a/mark", 0755));
	pid = fork();
	if (!pid) {
		CHECK(!unshare(CLONE_NEWNS) && !chroot(".") && !syscall(SYS_pivot_root, "a", "a/put") && !chdir("/") && !access("/mark", F_OK));
		CHECK(!umount2("/put", MNT_DETACH) && access("/put/b", F_OK) == -1);
		_exit(0);
	}
	CHECK(!abi_wait(pid) && !stat("/", &after) && before.st_dev == after.st_dev && before.st_ino == after.st_ino && !access("a/mark", F_OK));
}
