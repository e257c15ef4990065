// SPDX-License-Identifier: GPL-2.0
/* Namespaces of control groups: what is called the root, what a mount shows, and who moves whom. Needs root; passes without. */
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "cgroup.h"

#define SOMEBODY	1000

/* This process is in @group. */
static void enter(const char *group)
{
	CHECK(put(group, "cgroup.procs", "0"));
}

/* What /proc/<pid>/cgroup says of version 2. */
static const char *group_of(pid_t pid)
{
	static char text[512];
	char *at, file[64];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	at = strstr(abi_read(file, text, sizeof(text)), "0::");
	CHECK(at && strchr(at, '\n'));
	*strchr(at, '\n') = '\0';
	return at + 3;
}

/* What is mounted at @where, last of all, of the file system: by /proc/<pid>/mountinfo. */
static const char *root_of_mount(pid_t pid, const char *where)
{
	static char line[1024], root[256];
	char file[64], at[256], from[256];
	bool found = false;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/mountinfo", (int)pid);
	f = fopen(file, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u %*u %*s %255s %255s", from, at) == 2 && !strcmp(at, where)) {
			strcpy(root, from);
			found = true;
		}
	CHECK(found && !fclose(f));
	return root;
}

/* Runs @body in a child, with a pipe that tells when it is ready and one that ends it. */
struct helper {
	pid_t pid;
	int ready, go;
};

static void pass(int to)
{
	CHECK(write(to, "", 1) == 1);
}

static void await(int from)
{
	char c;

	CHECK(read(from, &c, 1) == 1);
}

static struct helper helper_start(void (*body)(void))
{
	int ready[2], go[2];
	struct helper h;

	CHECK(!pipe(ready) && !pipe(go));
	h.pid = fork();
	if (!h.pid) {
		body();
		pass(ready[1]);
		await(go[0]);
		_exit(0);
	}
	h.ready = ready[0];
	h.go = go[1];
	CHECK(h.pid > 0 && !close(ready[1]));
	await(h.ready);
	return h;
}

static void helper_end(struct helper *h)
{
	pass(h->go);
	CHECK(!abi_wait(h->pid) && !close(h->ready) && !close(h->go));
}

static void begin(void)
{
	make("a");
	make("a/b");
	make("c");
}

static void finish(void)
{
	drop("c");
	drop("a/b");
	drop("a");
	tree_end();
}

static void own_root_in_b(void)
{
	enter("a/b");
	CHECK(!unshare(CLONE_NEWCGROUP) && !strcmp(group_of(getpid()), "/"));
	CHECK(!strcmp(group_of(getppid()), "/../.."));
	enter("a");
	CHECK(!strcmp(group_of(getpid()), "/.."));
	enter("c");
	CHECK(!strcmp(group_of(getpid()), "/../../c"));
	enter("a/b");
	CHECK(!strcmp(root_of_mount(getpid(), top), "/../.."));
}

ABI_CASE(a_namespace_of_control_groups_has_a_root_of_its_own)
{
	char file[64];
	struct helper h;
	int fd;

	if (!tree())
		return;
	begin();
	h = helper_start(own_root_in_b);
	CHECK(!strcmp(group_of(h.pid), "/a/b"));
	snprintf(file, sizeof(file), "/proc/%d/ns/cgroup", (int)h.pid);
	fd = open(file, O_RDONLY);
	CHECK(fd >= 0);
	helper_end(&h);
	/* The file keeps it; whoever enters it stays in their group. */
	CHECK(!setns(fd, CLONE_NEWCGROUP) && !strcmp(group_of(getpid()), "/../.."));
	finish();
}

static void mount_in_b(void)
{
	enter("a/b");
	CHECK(!unshare(CLONE_NEWCGROUP | CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mount("none", "/tmp", "cgroup2", 0, NULL) && !strcmp(root_of_mount(getpid(), "/tmp"), "/"));
	CHECK(!access("/tmp/cgroup.type", F_OK) && access("/tmp/a", F_OK));
	CHECK(!mkdir("/tmp/inner", 0755));
}

ABI_CASE(a_mount_of_control_groups_shows_what_is_below_the_root)
{
	struct helper h;

	if (!tree())
		return;
	begin();
	h = helper_start(mount_in_b);
	CHECK(!access(path("a/b/inner", "cgroup.procs"), F_OK) && !strcmp(root_of_mount(h.pid, "/tmp"), "/a/b"));
	drop("a/b/inner");
	helper_end(&h);
	finish();
}

static void stay_in_a(void)
{
	enter("a");
	CHECK(!unshare(CLONE_NEWCGROUP));
	enter("a/b");
	CHECK(!put("c", "cgroup.procs", "0") && errno == ENOENT);
	CHECK(!put("", "cgroup.procs", "0") && errno == ENOENT);
	CHECK(!put("a", "cgroup.max.depth", "5") && errno == EPERM);
	CHECK(put("a/b", "cgroup.max.depth", "5"));
	enter("a");
}

/* With the option nsdelegate, which only the first namespace changes, nobody moves or is moved across a root, nor limits it. */
ABI_CASE(namespaces_of_control_groups_are_boundaries_when_it_is_said)
{
	struct helper h;

	if (!tree())
		return;
	begin();
	CHECK(!umount(top));
	CHECK_ERR(mount("none", top, "cgroup2", 0, "nonsense"), EINVAL);
	CHECK(!mount("none", top, "cgroup2", 0, "nsdelegate"));
	h = helper_start(stay_in_a);
	helper_end(&h);
	CHECK(!umount(top) && !mount("none", top, "cgroup2", 0, NULL));
	finish();
}

static void become_somebody(void)
{
	CHECK(!setgid(SOMEBODY) && !setuid(SOMEBODY));
}

static pid_t clone_into(const char *group)
{
	uint64_t args[11] = { [0] = 0x200000000ull, [4] = SIGCHLD };
	int fd = open(path(group, ""), O_RDONLY | O_DIRECTORY);
	pid_t pid;

	CHECK(fd >= 0);
	args[10] = (uint64_t)fd;
	pid = syscall(SYS_clone3, args, sizeof(args));
	if (!pid)
		_exit(7);
	close(fd);
	return pid;
}

static void move_below_a(void)
{
	int fd;

	enter("a");
	fd = open(path("c", "cgroup.procs"), O_WRONLY);
	become_somebody();
	make("a/b/inner");
	enter("a/b/inner");
	enter("a/b");
	CHECK(WEXITSTATUS(abi_wait(clone_into("a/b/inner"))) == 7);
	CHECK(!put("c", "cgroup.procs", "0") && errno == EACCES);
	CHECK_ERR(clone_into("c"), EACCES);
	/* Who opened it counts. */
	CHECK(write(fd, "0", 1) == 1);
	CHECK(!put("a", "cgroup.procs", "0") && errno == EACCES);
	drop("a/b/inner");
}

ABI_CASE(who_owns_a_tree_of_control_groups_moves_processes_within)
{
	struct helper h;

	if (!tree())
		return;
	begin();
	CHECK(!chmod(top, 0755));
	for (unsigned int i = 0; i < 3; i++) {
		static const char *const groups[] = { "a", "a/b", "c" };

		CHECK(!chown(path(groups[i], ""), SOMEBODY, SOMEBODY) && !chown(path(groups[i], "cgroup.procs"), SOMEBODY, SOMEBODY));
	}
	h = helper_start(move_below_a);
	helper_end(&h);
	finish();
}
