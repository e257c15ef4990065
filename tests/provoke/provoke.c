// SPDX-License-Identifier: GPL-2.0
/* /proc/ferry/provoke, for root: writing "NAME [ADDRESS]" makes that mistake in the kernel; reading lists the names. */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <lib/format.h>
#include "provoke.h"

static const struct provocation *const lists[] = { provoke_memory, provoke_pages, provoke_stuck };

static const struct provocation *provocation_find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++)
		for (const struct provocation *p = lists[i]; p->name; p++)
			if (!strcmp(p->name, name))
				return p;
	return NULL;
}

static void provoke_show(struct seq *s, void *priv)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++)
		for (const struct provocation *p = lists[i]; p->name; p++) {
			seq_puts(s, p->name);
			seq_puts(s, "\n");
		}
}

static int provoke_write(void *priv, char *text)
{
	const struct provocation *p;
	unsigned long long user = 0;
	char *word = strchr(text, ' ');

	if (word) {
		if (parse_u64(word + 1, 16, 0, &user))
			return -EINVAL;
		*word = '\0';
	}
	p = provocation_find(text);
	if (!p)
		return -ENOENT;
	log_info("provoke: %s", p->name);
	log_info("provoke: %s came back: %s", p->name, p->run(user));
	return 0;
}

static int provoke_init(void)
{
	return proc_create_rw("ferry/provoke", 0600, provoke_show, provoke_write, NULL);
}
INITCALL("6late", provoke_init);
