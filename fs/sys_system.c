// SPDX-License-Identifier: GPL-2.0
/* /sys: processors and the kernel's own numbers, as lscpu, nproc and stress-ng read them. Disks are in drivers/class/block/sys.c. */
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <lib/format.h>

static void all_show(struct seq *s, void *priv)
{
	if (nr_cpus > 1)
		seq_printf(s, "0-%u\n", nr_cpus - 1);
	else
		seq_puts(s, "0\n");
}

static void number_show(struct seq *s, void *priv)
{
	seq_printf(s, "%lu\n", (unsigned long)priv);
}

static int cpu_dir(unsigned int cpu)
{
	char path[64];
	int err;

	format_text(path, sizeof(path), "devices/system/cpu/cpu%u/online", cpu);
	err = sys_create(path, 0444, number_show, (void *)1l);
	format_text(path, sizeof(path), "devices/system/cpu/cpu%u/topology/core_id", cpu);
	if (!err)
		err = sys_create(path, 0444, number_show, (void *)(unsigned long)cpu);
	format_text(path, sizeof(path), "devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
	return err ? err : sys_create(path, 0444, number_show, NULL);
}

static int sys_system_init(void)
{
	static const char *const lists[] = { "online", "possible", "present" };
	char path[64];
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(lists) && !err; i++) {
		format_text(path, sizeof(path), "devices/system/cpu/%s", lists[i]);
		err = sys_create(path, 0444, all_show, NULL);
	}
	for (unsigned int cpu = 0; cpu < nr_cpus && !err; cpu++)
		err = cpu_dir(cpu);
	return err;
}
INITCALL("2fs", sys_system_init);
