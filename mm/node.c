// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes as programs see them: /sys/devices/system/node, and where a thread wants its memory (set_mempolicy: near where it runs, or preferably
 * of one node). Left out: binding, interleaving, policies of areas (mbind) and moving pages.
 */
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <lib/format.h>
#include <mm/node.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>

static int mask_get(uint64_t address, uint64_t bits, uint64_t *mask)
{
	*mask = 0;
	if (!address || bits <= 1)
		return 0;
	if (bits - 1 > PAGE_SIZE * 8)
		return -EINVAL;
	if (copy_from_user(mask, address, sizeof(*mask)))
		return -EFAULT;
	if (bits - 1 < 64)
		*mask &= (1ull << (bits - 1)) - 1;	/* Linux counts one bit too many */
	return *mask >> nr_nodes ? -EINVAL : 0;
}

/* set_mempolicy(mode, mask, bits) */
SYSCALL(NR_set_mempolicy, set_mempolicy)
{
	uint64_t mask, mode = args->a[0];
	int err;

	if (mode > LINUX_MPOL_LOCAL)
		return -EINVAL;
	err = mask_get(args->a[1], args->a[2], &mask);
	if (err)
		return err;
	if (mode == LINUX_MPOL_DEFAULT || mode == LINUX_MPOL_LOCAL) {
		if (mask)
			return -EINVAL;
		current->mem_node = 0;
		return 0;
	}
	if (mode != LINUX_MPOL_PREFERRED)
		return -EINVAL;
	current->mem_node = mask ? (uint8_t)(__builtin_ctzll(mask) + 1) : 0;
	return 0;
}

/* get_mempolicy(mode, mask, bits, address, flags): of the thread alone. */
SYSCALL(NR_get_mempolicy, get_mempolicy)
{
	uint64_t flags = args->a[4], mask = 0;
	uint8_t node = current->mem_node;

	if (flags == LINUX_MPOL_F_MEMS_ALLOWED)
		mask = (1ull << nr_nodes) - 1;
	else if (flags)
		return -EINVAL;
	else
		mask = node ? 1ull << (node - 1) : 0;
	if (args->a[0] && put_user32(args->a[0], !flags && node ? LINUX_MPOL_PREFERRED : LINUX_MPOL_DEFAULT))
		return -EFAULT;
	if (!args->a[1])
		return 0;
	if (args->a[2] < nr_nodes)
		return -EINVAL;
	return copy_to_user(args->a[1], &mask, sizeof(mask));
}

/* ---- /sys ---- */

static void online_show(struct seq *s, void *priv)
{
	if (nr_nodes > 1)
		seq_printf(s, "0-%u\n", nr_nodes - 1);
	else
		seq_puts(s, "0\n");
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
	} files[] = { { "cpulist", cpulist_show }, { "distance", distance_show }, { "meminfo", meminfo_show } };
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
	int err = sys_create("devices/system/node/online", 0444, online_show, NULL);

	if (!err)
		err = sys_create("devices/system/node/possible", 0444, online_show, NULL);
	for (unsigned long node = 0; node < nr_nodes && !err; node++)
		err = node_dir(node);
	return err;
}
INITCALL("3bus", node_init);
