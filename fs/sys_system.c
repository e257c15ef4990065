// SPDX-License-Identifier: GPL-2.0
/* /sys: processors and blocks of memory, as lscpu, lsmem, nproc and stress-ng read them. Disks are in drivers/class/block/sys.c. */
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <lib/format.h>

#define MEMORY_BLOCK	(128ull << 20)	/* Linux's least */

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

/* A bit for each from @first to @last, in words of 32 that begin with the last CPUs. */
static void mask_show(struct seq *s, unsigned int first, unsigned int last)
{
	unsigned int words = (nr_cpus + 31) / 32;

	for (unsigned int w = words; w-- > 0;) {
		uint32_t bits = 0;

		for (unsigned int i = 0; i < 32; i++)
			if (w * 32 + i >= first && w * 32 + i <= last)
				bits |= 1u << i;
		seq_printf(s, "%s%08x", w + 1 < words ? "," : "", bits);
	}
	seq_puts(s, "\n");
}

static void mask_all_show(struct seq *s, void *priv)
{
	mask_show(s, 0, nr_cpus - 1);
}

static void mask_one_show(struct seq *s, void *priv)
{
	mask_show(s, (unsigned int)(unsigned long)priv, (unsigned int)(unsigned long)priv);
}

static void none_show(struct seq *s, void *priv)
{
	seq_puts(s, "\n");
}

/* No CPU shares its core; how they are spread over packages is not looked at, so there is one. */
static int cpu_dir(unsigned long cpu)
{
	static const struct {
		const char *name;
		void (*show)(struct seq *s, void *priv);
	} siblings[] = {
		{ "core_id", number_show }, { "thread_siblings", mask_one_show }, { "thread_siblings_list", number_show },
		{ "core_cpus", mask_one_show }, { "core_cpus_list", number_show }, { "core_siblings", mask_all_show },
		{ "core_siblings_list", all_show }, { "package_cpus", mask_all_show }, { "package_cpus_list", all_show },
	};
	char path[64], target[32];
	int err;

	format_text(path, sizeof(path), "devices/system/cpu/cpu%lu/online", cpu);
	err = sys_create(path, 0444, number_show, (void *)1l);
	format_text(path, sizeof(path), "devices/system/cpu/cpu%lu/topology/physical_package_id", cpu);
	if (!err)
		err = sys_create(path, 0444, number_show, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(siblings) && !err; i++) {
		format_text(path, sizeof(path), "devices/system/cpu/cpu%lu/topology/%s", cpu, siblings[i].name);
		err = sys_create(path, 0444, siblings[i].show, (void *)cpu);
	}
	format_text(path, sizeof(path), "devices/system/cpu/cpu%lu/node%u", cpu, cpus[cpu].node);
	format_text(target, sizeof(target), "../../node/node%u", cpus[cpu].node);
	return err ? err : sys_link(path, target);
}

static void block_size_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llx\n", (unsigned long long)MEMORY_BLOCK);
}

static void block_index_show(struct seq *s, void *priv)
{
	seq_printf(s, "%08lx\n", (unsigned long)priv);
}

static void online_show(struct seq *s, void *priv)
{
	seq_puts(s, "online\n");
}

static bool block_has_memory(uint64_t block)
{
	paddr_t start = block * MEMORY_BLOCK;

	for (unsigned int i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->kind == BOOT_RAM && r->start < start + MEMORY_BLOCK && r->start + r->length > start)
			return true;
	}
	return false;
}

static int memory_dir(unsigned long block)
{
	static const struct {
		const char *name;
		void (*show)(struct seq *s, void *priv);
		unsigned long number;
	} files[] = { { "online", number_show, 1 }, { "removable", number_show, 0 }, { "state", online_show, 0 } };
	char path[64];
	int err;

	format_text(path, sizeof(path), "devices/system/memory/memory%lu/phys_index", block);
	err = sys_create(path, 0444, block_index_show, (void *)block);
	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		format_text(path, sizeof(path), "devices/system/memory/memory%lu/%s", block, files[i].name);
		err = sys_create(path, 0444, files[i].show, (void *)files[i].number);
	}
	return err;
}

static int memory_dirs(void)
{
	uint64_t end = 0;
	int err = sys_create("devices/system/memory/block_size_bytes", 0444, block_size_show, NULL);

	for (unsigned int i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.regions[i].kind == BOOT_RAM)
			end = MAX(end, boot_info.regions[i].start + boot_info.regions[i].length);
	for (uint64_t block = 0; block * MEMORY_BLOCK < end && !err; block++)
		if (block_has_memory(block))
			err = memory_dir(block);
	return err;
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
	if (!err)
		err = sys_create("devices/system/cpu/offline", 0444, none_show, NULL);
	if (!err)
		err = sys_create("devices/system/cpu/kernel_max", 0444, number_show, (void *)(CPUS_MAX - 1ul));
	for (unsigned int cpu = 0; cpu < nr_cpus && !err; cpu++)
		err = cpu_dir(cpu);
	return err ? err : memory_dirs();
}
INITCALL("3bus", sys_system_init);
