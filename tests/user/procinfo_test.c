// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>: descriptors, what is said about the end of memory, sums of areas, sets of CPUs; and limits in /proc/sys. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
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

/* The line of @fd that begins with @key, without it. */
static const char *info_of(int fd, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return line_of(path, key);
}

ABI_CASE(fdinfo_tells_what_counters_signals_and_timers_are_set_to)
{
	struct itimerspec when = { .it_value.tv_sec = 1000, .it_interval = { 3, 4 } };
	uint64_t many = 0xabc;
	sigset_t set;
	int fd;

	fd = eventfd(0, 0);
	CHECK(write(fd, &many, sizeof(many)) == sizeof(many) && strtoul(info_of(fd, "eventfd-count: "), NULL, 16) == many);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(strtoul(info_of(signalfd(-1, &set, 0), "sigmask:\t"), NULL, 16) == 1ul << (SIGUSR1 - 1));
	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	CHECK(!timerfd_settime(fd, 0, &when, NULL) && !strcmp(info_of(fd, "it_interval: "), "(3, 4)"));
	CHECK(!strcmp(info_of(fd, "clockid: "), "1") && !strcmp(info_of(fd, "ticks: "), "0") && !strcmp(info_of(fd, "settime flags: "), "00"));
}

ABI_CASE(fdinfo_tells_what_is_watched_locked_and_stood_for)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x55 };
	struct flock l = { .l_type = F_WRLCK, .l_start = 2, .l_len = 2 };
	unsigned long ino, number;
	int fd, file, pipes[2];
	unsigned int mask;
	struct stat st;
	char text[32];

	abi_fresh();
	file = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(!pipe(pipes) && file >= 0 && !fstat(file, &st));
	fd = epoll_create1(0);
	CHECK(!epoll_ctl(fd, EPOLL_CTL_ADD, pipes[0], &event) && sscanf(info_of(fd, "tfd:"), "%lu events: %x data: %lx", &number, &mask, &ino) == 3);
	CHECK(number == (unsigned long)pipes[0] && mask & EPOLLIN && ino == 0x55);
	fd = inotify_init();
	CHECK(inotify_add_watch(fd, "f", IN_MODIFY) == 1);
	CHECK(sscanf(info_of(fd, "inotify wd:"), "%lx ino:%lx sdev:%*x mask:%x", &number, &ino, &mask) == 3);
	CHECK(number == 1 && ino == st.st_ino && mask == IN_MODIFY);
	CHECK(!fcntl(file, F_SETLK, &l));
	snprintf(text, sizeof(text), "WRITE %d ", getpid());
	CHECK(strstr(info_of(file, "lock:\t1: POSIX  ADVISORY  "), text));
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	CHECK(atoi(info_of(fd, "Pid:\t")) == getpid());
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

/* The number is the system's: it is put back before anything is looked at. */
ABI_CASE(a_number_in_proc_sys_is_kept_and_has_bounds)
{
	const char *path = "/proc/sys/vm/swappiness";
	long before = number_in(path), kept;
	char text[16];
	int err, bad;

	CHECK(before >= 0 && before <= 200);
	if (geteuid())
		return;
	snprintf(text, sizeof(text), "%ld", before);
	err = say(path, "77\n");
	kept = number_in(path);
	bad = say(path, "201");
	CHECK(!say(path, text) && !err && kept == 77 && bad == EINVAL && number_in(path) == before);
	CHECK(!say("/proc/sys/vm/drop_caches", "1") && say("/proc/sys/vm/drop_caches", "0") == EINVAL);
}

ABI_CASE(blocks_of_memory_hold_all_that_there_is)
{
	unsigned long bytes = strtoul(text_of("/sys/devices/system/memory/block_size_bytes"), NULL, 16), found = 0;
	DIR *dir = opendir("/sys/devices/system/memory");
	unsigned long total = strtoul(line_of("/proc/meminfo", "MemTotal:"), NULL, 10) * 1024;
	struct dirent *d;
	char path[300];

	CHECK(dir && bytes && !(bytes & (bytes - 1)));
	while ((d = readdir(dir))) {
		if (strncmp(d->d_name, "memory", 6))
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/state", d->d_name);
		found += !strncmp(text_of(path), "online", 6);
		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/phys_index", d->d_name);
		CHECK(strtol(text_of(path), NULL, 16) == atoi(d->d_name + 6));
	}
	closedir(dir);
	CHECK(found * bytes >= total && found * bytes < total + 16 * bytes);
}

/* The names are Linux's; that the processor has these two every 64-bit program takes for granted. */
ABI_CASE(a_processor_is_described_by_name)
{
	char flags[4096];

	snprintf(flags, sizeof(flags), "%s ", strchr(line_of("/proc/cpuinfo", "flags\t\t"), ':') + 1);
	CHECK(strstr(flags, " sse2 ") && strstr(flags, " lm ") && strstr(flags, " syscall "));
	CHECK(*line_of("/proc/cpuinfo", "vendor_id\t: ") && *line_of("/proc/cpuinfo", "model name\t: "));
	CHECK(atoi(line_of("/proc/cpuinfo", "cpu family\t: ")) > 5);
	CHECK(atof(line_of("/proc/cpuinfo", "cpu MHz\t\t: ")) > 10 && atoi(line_of("/proc/cpuinfo", "siblings\t: ")) > 0);
	CHECK(strstr(line_of("/proc/cpuinfo", "address sizes\t: "), "bits physical, 48 bits virtual") ||
	      strstr(line_of("/proc/cpuinfo", "address sizes\t: "), "bits physical, 57 bits virtual"));
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

static unsigned int owner_of(const char *path)
{
	struct stat st;

	CHECK(!stat(path, &st));
	return st.st_uid;
}

ABI_CASE(what_is_in_the_directory_of_a_process_is_root_s_while_it_is_not_dumpable)
{
	pid_t pid;

	if (!privileged_here())
		return;
	pid = fork();
	if (pid == 0) {
		CHECK(!setresuid(65534, 65534, 65534) && !prctl(PR_SET_DUMPABLE, 1));
		CHECK(owner_of("/proc/self/") == 65534 && owner_of("/proc/self/environ") == 65534);
		CHECK(!prctl(PR_SET_DUMPABLE, 0));
		CHECK(owner_of("/proc/self/") == 65534 && owner_of("/proc/self/environ") == 0);
		CHECK_ERR(open("/proc/self/environ", O_RDONLY), EACCES);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

static long rollup(const char *name)
{
	return strtol(line_of("/proc/self/smaps_rollup", name), NULL, 10);
}

ABI_CASE(the_sum_of_areas_tells_whose_memory_it_is)
{
	long before = rollup("Pss_Anon:"), shared = rollup("Pss_Shmem:");
	char *own = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	char *others = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(own != MAP_FAILED && others != MAP_FAILED);
	memset(own, 1, MEGABYTE);
	memset(others, 1, MEGABYTE);
	CHECK(rollup("Pss_Anon:") >= before + 1024 && rollup("Pss_Shmem:") >= shared + 1024 && rollup("Pss_Dirty:") >= 2048);
	CHECK(rollup("Pss_File:") >= 0 && rollup("LazyFree:") == 0);
}

ABI_CASE(the_configuration_is_told)
{
	unsigned char magic[3];
	int fd = open("/proc/config.gz", O_RDONLY);

	if (fd < 0 && system("test -e /boot/config-$(uname -r)") == 0)	/* Debian's Linux has it there */
		return;
	CHECK(fd >= 0 && read(fd, magic, 3) == 3 && magic[0] == 0x1f && magic[1] == 0x8b && magic[2] == 8);
}

ABI_CASE(areas_are_bounded_by_who_says_so)
{
	const char *limit = "/proc/sys/vm/max_map_count";
	char before[32];
	int made = 0;

	if (geteuid())
		return;
	snprintf(before, sizeof(before), "%ld", number_in(limit));
	CHECK(!say(limit, "500"));
	while (made < 2000 && mmap(NULL, 4096, made % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		made++;
	CHECK(!say(limit, before));
	CHECK(made > 400 && made < 500);
}

ABI_CASE(the_level_of_the_console_is_a_number_in_proc)
{
	const char *printk = "/proc/sys/kernel/printk";
	char before[32];

	if (geteuid())
		return;
	snprintf(before, sizeof(before), "%ld", number_in(printk));
	CHECK(!say(printk, "5 4 1 7") && number_in(printk) == 5);
	CHECK(!syscall(SYS_syslog, 8, NULL, 6) && number_in(printk) == 6);
	CHECK(!say(printk, before));
	CHECK(say(printk, "x") == EINVAL);
}

ABI_CASE(a_number_may_be_set_to_what_it_is)
{
	if (geteuid())
		return;
	CHECK(!say("/proc/sys/vm/panic_on_oom", "0") && !number_in("/proc/sys/vm/panic_on_oom"));
	CHECK(say("/proc/sys/vm/panic_on_oom", "99") == EINVAL && !number_in("/proc/sys/vm/panic_on_oom"));
}

/* What is not there is told as 0, or with Linux's other choices, none of which can be made. */
ABI_CASE(huge_pages_say_how_large_they_are_and_that_nobody_gets_any)
{
	char text[256];
	int fd;

	CHECK(!strcmp(abi_read("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", text, sizeof(text)), "2097152\n"));
	CHECK(strchr(abi_read("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)), '['));
	if (geteuid())
		return;
	fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY);
	CHECK(fd >= 0 && write(fd, "never", 5) == 5);
	CHECK_ERR(write(fd, "whatever", 8), EINVAL);
	CHECK(!strcmp(abi_read("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)), "always madvise [never]\n"));
}

/* The number behind the line of @path that begins with @name. */
static long number_of(const char *path, const char *name)
{
	static char text[32768];
	char *at = abi_read(path, text, sizeof(text));
	size_t n = strlen(name);

	while (at && strncmp(at, name, n)) {
		at = strchr(at, '\n');
		at += at != NULL;
	}
	CHECK(at);
	return strtol(at + n, NULL, 10);
}

ABI_CASE(vmstat_and_meminfo_tell_the_same)
{
	static const struct { const char *name, *pages; } lines[] = {
		{ "MemFree:", "nr_free_pages " }, { "Shmem:", "nr_shmem " }, { "SUnreclaim:", "nr_slab_unreclaimable " },
		{ "PageTables:", "nr_page_table_pages " }, { "AnonPages:", "nr_anon_pages " },
	};

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		long kib = number_of("/proc/meminfo", lines[i].name), pages = number_of("/proc/vmstat", lines[i].pages);

		CHECK(labs(kib - pages * 4) < 4096);
	}
	CHECK(number_of("/proc/vmstat", "pswpin ") >= 0 && number_of("/proc/vmstat", "nr_kernel_stack ") > 0);
	CHECK(number_of("/proc/meminfo", "Hugepagesize:") == 2048 && number_of("/proc/meminfo", "HugePages_Total:") == 0);
}
