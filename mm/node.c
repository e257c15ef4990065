// SPDX-License-Identifier: GPL-2.0
/* Nodes as programs see them under /sys/devices/system/node. */
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <lib/format.h>
#include <mm/node.h>

static void online_show(struct seq *s, void *priv)
{
	if (nr_nodes > 1)
		seq_printf(s, "0-%u\n", nr_nodes - 1);
	else
		seq_puts(s, "0\n");
}

/* A list of those nodes that @has says. */
static void nodes_show(struct seq *s, bool (*has)(unsigned int node))
{
	const char *between = "";

	for (unsigned int node = 0; node < nr_nodes; node++) {
		unsigned int first = node;

		if (!has(node))
			continue;
		while (node + 1 < nr_nodes && has(node + 1))
			node++;
		seq_printf(s, node > first ? "%s%u-%u" : "%s%u", between, first, node);
		between = ",";
	}
	seq_puts(s, "\n");
}

static bool has_cpu(unsigned int node)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (cpus[i].node == node)
			return true;
	return false;
}

static bool has_memory(unsigned int node)
{
	uint64_t total, free;

	node_frames(node, &total, &free);
	return total;
}

static void with_cpus_show(struct seq *s, void *priv)
{
	nodes_show(s, has_cpu);
}

static void with_memory_show(struct seq *s, void *priv)
{
	nodes_show(s, has_memory);
}

static void cpulist_show(struct seq *s, void *priv)
{
	const char *between = "";

	for (unsigned int i = 0; i < nr_cpus; i++) {
		if (cpus[i].node != (unsigned long)priv)
			continue;
		seq_printf(s, "%s%u", between, i);
		between = ",";
	}
	seq_puts(s, "\n");
}

/* A bit for each, in words of 32 that begin with the last CPUs. */
static void cpumap_show(struct seq *s, void *priv)
{
	const char *between = "";

	for (unsigned int word = (nr_cpus + 31) / 32; word-- > 0; between = ",") {
		uint32_t bits = 0;

		for (unsigned int i = word * 32; i < MIN(nr_cpus, word * 32 + 32); i++)
			bits |= (uint32_t)(cpus[i].node == (unsigned long)priv) << (i % 32);
		seq_printf(s, "%s%08x", between, bits);
	}
	seq_puts(s, "\n");
}

static void distance_show(struct seq *s, void *priv)
{
	for (unsigned int i = 0; i < nr_nodes; i++)
		seq_printf(s, "%s%u", i ? " " : "", node_distance((unsigned int)(unsigned long)priv, i));
	seq_puts(s, "\n");
}

static void meminfo_show(struct seq *s, void *priv)
{
	unsigned long node = (unsigned long)priv;
	uint64_t total, free;

	node_frames((unsigned int)node, &total, &free);
	seq_printf(s, "Node %lu MemTotal: %llu kB\nNode %lu MemFree:  %llu kB\nNode %lu MemUsed:  %llu kB\n", node,
		   (unsigned long long)total * 4, node, (unsigned long long)free * 4, node, (unsigned long long)(total - MIN(free, total)) * 4);
}

static int node_dir(unsigned long node)
{
	static const struct {
		const char *name;
		void (*show)(struct seq *s, void *priv);
	} files[] = { { "cpulist", cpulist_show }, { "cpumap", cpumap_show }, { "distance", distance_show }, { "meminfo", meminfo_show } };
	char path[64];
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		format_text(path, sizeof(path), "devices/system/node/node%lu/%s", node, files[i].name);
		err = sys_create(path, 0444, files[i].show, (void *)node);
	}
	return err;
}

static int node_init(void)
{
	static const struct {
		const char *name;
		void (*show)(struct seq *s, void *priv);
	} lists[] = { { "online", online_show }, { "possible", online_show }, { "has_cpu", with_cpus_show }, { "has_memory", with_memory_show },
		      { "has_normal_memory", with_memory_show } };
	char path[64];
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(lists) && !err; i++) {
		format_text(path, sizeof(path), "devices/system/node/%s", lists[i].name);
		err = sys_create(path, 0444, lists[i].show, NULL);
	}
	for (unsigned long node = 0; node < nr_nodes && !err; node++)
		err = node_dir(node);
	return err;
}
INITCALL("3bus", node_init);
