// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/transparent_hugepage as Linux has it (Documentation/admin-guide/mm/transhuge.rst): programs get no huge pages by themselves here,
 * so each choice is "never", and another cannot be made. How large one would be is the processor's.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <lib/string.h>

#define HUGE_BYTES	(2ul << 20)

/* @priv: the choices, the one that holds in brackets. */
static void choice_show(struct seq *s, void *priv)
{
	seq_printf(s, "%s\n", (const char *)priv);
}

static int choice_write(void *priv, char *text)
{
	return strcmp(text, "never") ? -EINVAL : 0;
}

static void number_show(struct seq *s, void *priv)
{
	seq_printf(s, "%lu\n", (unsigned long)priv);
}

static int huge_told_init(void)
{
	static const struct {
		const char *path, *choices;
	} files[] = {
		{ "kernel/mm/transparent_hugepage/enabled", "always madvise [never]" },
		{ "kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise madvise [never]" },
		{ "kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force" },
	};
	int err = sys_create("kernel/mm/transparent_hugepage/hpage_pmd_size", 0444, number_show, (void *)HUGE_BYTES);

	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = sys_create_rw(files[i].path, 0644, choice_show, choice_write, (void *)files[i].choices);
	return err;
}
INITCALL("2fs", huge_told_init);
