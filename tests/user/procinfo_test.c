// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>: descriptors, what is said about the end of memory, sums of areas, sets of CPUs; and limits in /proc/sys. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define MEGABYTE	(1ul << 20)

/* All of a short file. */
static char *text_of(const char *path)
{
	static char text[8192];

	return abi_read(path, text, sizeof(text));
}

/* What follows @name at the beginning of a line. */
static const char *line_of(const char *path, const char *name)
{
	for (char *line = strtok(text_of(path), "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, strlen(name)))
			return line + strlen(name);
	CHECK(!name);
	return "";
}

static long number_in(const char *path)
{
	return strtol(text_of(path), NULL, 10);
}

/* 0, or the errno of writing. */
static int say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err;

	CHECK(fd >= 0);
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

static bool lists(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	bool found = false;

	CHECK(dir);
	while ((d = readdir(dir)))
		found |= !strcmp(d->d_name, name);
	closedir(dir);
	return found;
}

ABI_CASE(fdinfo_tells_where_a_descriptor_stands_and_how_it_was_opened)
{
	char path[64], number[16];
	struct stat st;
	int fd;

	abi_fresh();
	fd = open("told", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	CHECK(fd >= 0 && write(fd, "123456789", 9) == 9 && lseek(fd, 5, SEEK_SET) == 5 && !fstat(fd, &st));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(number, sizeof(number), "%d", fd);
	CHECK(strtol(line_of(path, "pos:\t"), NULL, 10) == 5);
	CHECK((strtol(line_of(path, "flags:\t"), NULL, 8) & (O_ACCMODE | O_APPEND | O_CLOEXEC)) == (O_RDWR | O_APPEND | O_CLOEXEC));
	CHECK(!fcntl(fd, F_SETFD, 0) && !(strtol(line_of(path, "flags:\t"), NULL, 8) & O_CLOEXEC));
	CHECK(strtoul(line_of(path, "ino:\t"), NULL, 10) == st.st_ino);
	CHECK(lists("/proc/self/fdinfo", number));
	close(fd);
	CHECK(!lists("/proc/self/fdinfo", number));
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
}

/* Root may have been left without CAP_SYS_RESOURCE. Tried by a child, whose word is its own. */
static bool privileged_here(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(say("/proc/self/oom_score_adj", "-1000"));
	return abi_wait(pid) == 0;
}

ABI_CASE(what_is_said_about_the_end_of_memory_is_kept_inherited_and_scored)
{
	long score = number_in("/proc/self/oom_score");
	pid_t pid;

	CHECK(number_in("/proc/self/oom_score_adj") == 0);
	CHECK(!say("/proc/self/oom_score_adj", "500\n") && number_in("/proc/self/oom_score_adj") == 500);
	CHECK(number_in("/proc/self/oom_score") > score && number_in("/proc/self/oom_adj") == 8);
	pid = fork();
	if (pid == 0) {
		CHECK(number_in("/proc/self/oom_score_adj") == 500);
		if (!privileged_here())
			_exit(0);
		CHECK(!say("/proc/self/oom_score_adj", "-1000") && number_in("/proc/self/oom_score") == 0);
		CHECK(!say("/proc/self/oom_adj", "15") && number_in("/proc/self/oom_score_adj") == 1000);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
	CHECK(say("/proc/self/oom_score_adj", "1001") == EINVAL && say("/proc/self/oom_score_adj", "-1001") == EINVAL);
	CHECK(say("/proc/self/oom_score_adj", "much") == EINVAL && say("/proc/self/oom_adj", "16") == EINVAL);
	CHECK(number_in("/proc/self/oom_score_adj") == 500);
}

ABI_CASE(only_the_privileged_make_their_end_less_likely_than_they_were_allowed)
{
	pid_t pid;

	if (!privileged_here())
		return;
	CHECK(!say("/proc/self/oom_score_adj", "100"));
	pid = fork();
	if (pid == 0) {
		int fd = open("/proc/self/oom_score_adj", O_RDWR);

		CHECK(fd >= 0 && !setresuid(65534, 65534, 65534));
		CHECK(write(fd, "300", 3) == 3);
		CHECK(pwrite(fd, "100", 3, 0) == 3);
		CHECK_ERR(pwrite(fd, "99", 2, 0), EACCES);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

static long resident(void)
{
	return strtol(line_of("/proc/self/smaps_rollup", "Rss:"), NULL, 10);
}

ABI_CASE(smaps_rollup_sums_up_all_areas)
{
	long before = resident();
	char *more = mmap(NULL, 4 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(before > 0 && more != MAP_FAILED);
	memset(more, 1, 4 * MEGABYTE);
	CHECK(resident() >= before + 4096);
	CHECK(strstr(text_of("/proc/self/smaps_rollup"), "[rollup]"));
}

ABI_CASE(status_tells_sets_masks_and_pending_signals_of_the_thread)
{
	cpu_set_t first;
	sigset_t set;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	CHECK(!sched_setaffinity(0, sizeof(first), &first));
	CHECK(!strcmp(line_of("/proc/self/status", "Cpus_allowed_list:\t"), "0"));
	CHECK(strtoul(strrchr(line_of("/proc/self/status", "Cpus_allowed:\t") - 1, '\t') + 1, NULL, 16) <= 1);
	CHECK(*line_of("/proc/self/status", "Mems_allowed_list:\t") == '0');
	umask(0137);
	CHECK(strtol(line_of("/proc/self/status", "Umask:\t"), NULL, 8) == 0137);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL) && !syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
	CHECK(strtoull(line_of("/proc/self/status", "SigPnd:\t"), NULL, 16) == 1ull << (SIGUSR1 - 1));
	CHECK(strtoull(line_of("/proc/self/status", "ShdPnd:\t"), NULL, 16) == 0);
}

ABI_CASE(limits_in_proc_sys_are_those_that_hold)
{
	long groups = number_in("/proc/sys/kernel/ngroups_max"), pipe_bytes = number_in("/proc/sys/fs/pipe-max-size");
	gid_t *list = calloc((size_t)groups + 1, sizeof(*list));
	int p[2];

	CHECK(list && !pipe(p));
	if (geteuid() == 0) {
		CHECK(!setgroups((size_t)groups, list));
		CHECK_ERR(setgroups((size_t)groups + 1, list), EINVAL);
	}
	CHECK(fcntl(p[1], F_SETPIPE_SZ, (int)pipe_bytes) == pipe_bytes);
	CHECK(number_in("/proc/sys/kernel/cap_last_cap") >= 40);
	CHECK(number_in("/proc/sys/fs/inotify/max_user_watches") > 0 && number_in("/proc/sys/net/core/somaxconn") > 0);
	CHECK(number_in("/proc/sys/kernel/shmmni") > 0 && !strncmp(text_of("/proc/swaps"), "Filename\t", 9));
}

ABI_CASE(the_machine_s_name_is_written_in_proc_sys)
{
	static const char path[] = "/proc/sys/kernel/hostname";
	char old[65], now[65], longer[80];
	int fd = open(path, O_WRONLY);

	if (geteuid()) {
		CHECK(fd < 0 && errno == EACCES);
		return;
	}
	CHECK(fd >= 0 && !gethostname(old, sizeof(old)) && write(fd, "elsewhere\n", 10) == 10);
	CHECK(!gethostname(now, sizeof(now)) && !strcmp(now, "elsewhere") && !strcmp(text_of(path), "elsewhere\n"));
	memset(longer, 'x', sizeof(longer));
	CHECK(pwrite(fd, longer, sizeof(longer), 0) == sizeof(longer) && !gethostname(now, sizeof(now)) && strspn(now, "x") == 64 && !now[64]);
	CHECK(!sethostname(old, strlen(old)) && !strncmp(text_of(path), old, strlen(old)));
	CHECK(number_in("/proc/sys/fs/file-max") > 0);
	close(fd);
}

ABI_CASE(everybody_is_who_he_is_in_the_first_namespace_of_users)
{
	unsigned int inside, outside, length;

	CHECK(sscanf(text_of("/proc/self/uid_map"), "%u %u %u", &inside, &outside, &length) == 3 && inside == outside && length == 4294967295u);
	CHECK(sscanf(text_of("/proc/self/gid_map"), "%u %u %u", &inside, &outside, &length) == 3 && inside == outside && length == 4294967295u);
	CHECK(!strcmp(text_of("/proc/self/setgroups"), "allow\n") && !strcmp(text_of("/proc/self/personality"), "00000000\n"));
}

ABI_CASE(smaps_tells_flags_of_areas)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0), line[512], start[32];
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false, told = false;

	CHECK(page != MAP_FAILED && f);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)page);
	while (fgets(line, sizeof(line), f) && !told) {
		here |= !strncmp(line, start, strlen(start));
		told = here && !strncmp(line, "VmFlags: rd sh mr mw me ms ", 27);
	}
	CHECK(told);
}

ABI_CASE(root_can_list_the_mapped_files_of_everybody)
{
	DIR *d = geteuid() ? NULL : opendir("/proc/1/map_files");

	if (geteuid())
		return;
	CHECK(d);
	errno = 0;
	while (readdir(d))
		;
	CHECK(!errno && !closedir(d));
}
