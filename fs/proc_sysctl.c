// SPDX-License-Identifier: GPL-2.0
/*
 * Leaves of /proc/sys (sysctl(8)) that belong to no other file: numbers that say how this kernel is, and some that are kept for who sets them
 * and reads them again, because they mean as little here as on a Linux without swap.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <lib/format.h>
#include <mm/commit.h>
#include <mm/reclaim.h>
#include <mm/space.h>

#define AREAS_MOST	(1024 * 1024u)	/* of one space: each costs memory and time */

/* Clean pages of disks go; the rest of what Linux drops is not a cache here. */
static int drop_caches(void *priv, char *text)
{
	unsigned long long what;

	if (parse_u64(text, 10, 0, &what) || !what || what > 4)
		return -EINVAL;
	if (what & 1)
		reclaim(UINT64_MAX);
	return 0;
}

/* The first of Linux's four: messages below this level reach the console. The others are of a Linux that nobody changed. */
static void printk_show(struct seq *s, void *priv)
{
	seq_printf(s, "%d\t4\t1\t7\n", log_console_level() + 1);
}

/* The other three numbers may follow, and mean nothing. */
static int printk_write(void *priv, char *text)
{
	unsigned long long level;
	char *end = text;

	while (*end >= '0' && *end <= '9')
		end++;
	if (*end == ' ' || *end == '\t')
		*end = '\0';
	if (parse_u64(text, 10, 0, &level) || !level || level > KERN_DEBUG + 1)
		return -EINVAL;
	log_set_console_level((int)level - 1);
	return 0;
}

static void map_count_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(space_areas_max));
}

static int map_count_write(void *priv, char *text)
{
	unsigned long long count;

	if (parse_u64(text, 10, 0, &count) || count > AREAS_MOST)
		return -EINVAL;
	WRITE_ONCE(space_areas_max, (uint32_t)count);
	return 0;
}

static void actions_show(struct seq *s, void *priv)
{
	seq_puts(s, "kill_process kill_thread trap errno user_notif trace log allow\n");
}

/* @priv: an enum commit_setting. */
static void commit_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llu\n", (unsigned long long)commit_get((enum commit_setting)(uintptr_t)priv));
}

static int commit_write(void *priv, char *text)
{
	unsigned long long value;

	if (parse_u64(text, 10, 0, &value) || value > INT32_MAX)
		return -EINVAL;
	return commit_set((enum commit_setting)(uintptr_t)priv, value);
}

static int commit_files(void)
{
	static const char *const paths[COMMIT_SETTINGS] = {
		[COMMIT_MODE] = "sys/vm/overcommit_memory", [COMMIT_RATIO] = "sys/vm/overcommit_ratio",
		[COMMIT_KBYTES] = "sys/vm/overcommit_kbytes", [COMMIT_USER_RESERVE] = "sys/vm/user_reserve_kbytes",
		[COMMIT_ADMIN_RESERVE] = "sys/vm/admin_reserve_kbytes",
	};
	int err = 0;

	for (uintptr_t i = 0; i < COMMIT_SETTINGS && !err; i++)
		err = proc_create_rw(paths[i], 0644, commit_show, commit_write, (void *)i);
	return err;
}

static int proc_sysctl_init(void)
{
	static struct proc_limit kept[] = {
		{ "sys/vm/swappiness", 60, 0, 200 }, { "sys/vm/page-cluster", 3, 0, 31 }, { "sys/vm/min_free_kbytes", 1024, 0, INT32_MAX },
	};
	static const struct {
		const char *path;
		unsigned long number;
	} fixed[] = {
		{ "sys/kernel/tainted", 0 }, { "sys/kernel/core_uses_pid", 0 }, { "sys/kernel/sysrq", 0 },
		{ "sys/kernel/modules_disabled", 1 }, { "sys/kernel/panic_on_oops", 1 }, { "sys/fs/suid_dumpable", 0 },
		{ "sys/fs/dir-notify-enable", 1 }, { "sys/vm/nr_hugepages", 0 },
		{ "sys/vm/nr_overcommit_hugepages", 0 }, { "sys/vm/legacy_va_layout", 0 },
		{ "sys/vm/panic_on_oom", 0 }, { "sys/vm/oom_kill_allocating_task", 0 }, { "sys/kernel/shm_rmid_forced", 0 },
		{ "sys/kernel/overflowuid", ID_OVERFLOW }, { "sys/kernel/overflowgid", ID_OVERFLOW }, { "sys/fs/overflowuid", ID_OVERFLOW },
		{ "sys/fs/overflowgid", ID_OVERFLOW },
	};
	int err = proc_create_rw("sys/vm/drop_caches", 0200, NULL, drop_caches, NULL);

	if (!err)
		err = proc_create_rw("sys/kernel/printk", 0644, printk_show, printk_write, NULL);
	if (!err)
		err = proc_create_rw("sys/vm/max_map_count", 0644, map_count_show, map_count_write, NULL);
	if (!err)
		err = commit_files();
	for (unsigned int i = 0; i < ARRAY_SIZE(kept) && !err; i++)
		err = proc_create_limit(&kept[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(fixed) && !err; i++)
		err = proc_create_number(fixed[i].path, fixed[i].number);
	return err ? err : proc_create("sys/kernel/seccomp/actions_avail", 0444, actions_show, NULL);
}
INITCALL("2fs", proc_sysctl_init);
