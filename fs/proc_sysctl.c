// SPDX-License-Identifier: GPL-2.0
/*
 * Leaves of /proc/sys (sysctl(8)) that belong to no other file: numbers that say how this kernel is, and some that are kept for who sets them
 * and reads them again, because they mean as little here as on a Linux without swap, or with overcommit_memory 0.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/reclaim.h>

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

static void actions_show(struct seq *s, void *priv)
{
	seq_puts(s, "kill_process kill_thread trap errno user_notif trace log allow\n");
}

static int proc_sysctl_init(void)
{
	static struct proc_limit kept[] = {
		{ "sys/vm/swappiness", 60, 0, 200 }, { "sys/vm/overcommit_ratio", 50, 0, INT32_MAX }, { "sys/vm/page-cluster", 3, 0, 31 },
	};
	static const struct {
		const char *path;
		unsigned long number;
	} fixed[] = {
		{ "sys/kernel/tainted", 0 }, { "sys/kernel/threads-max", PID_MAX }, { "sys/kernel/core_uses_pid", 0 }, { "sys/kernel/sysrq", 0 },
		{ "sys/kernel/modules_disabled", 1 }, { "sys/kernel/panic_on_oops", 1 }, { "sys/fs/suid_dumpable", 0 },
		{ "sys/fs/protected_hardlinks", 0 }, { "sys/fs/protected_symlinks", 0 }, { "sys/fs/protected_fifos", 0 },
		{ "sys/fs/protected_regular", 0 }, { "sys/fs/dir-notify-enable", 1 }, { "sys/vm/nr_hugepages", 0 },
		{ "sys/vm/nr_overcommit_hugepages", 0 }, { "sys/vm/overcommit_kbytes", 0 }, { "sys/vm/legacy_va_layout", 0 },
		{ "sys/vm/panic_on_oom", 0 }, { "sys/vm/oom_kill_allocating_task", 0 },
	};
	int err = proc_create_rw("sys/vm/drop_caches", 0200, NULL, drop_caches, NULL);

	for (unsigned int i = 0; i < ARRAY_SIZE(kept) && !err; i++)
		err = proc_create_limit(&kept[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(fixed) && !err; i++)
		err = proc_create_number(fixed[i].path, fixed[i].number);
	return err ? err : proc_create("sys/kernel/seccomp/actions_avail", 0444, actions_show, NULL);
}
INITCALL("2fs", proc_sysctl_init);
