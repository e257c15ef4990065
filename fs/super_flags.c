// SPDX-License-Identifier: GPL-2.0
/* Flags of whole file systems: read only or not, and those that are only told. As flags of mount(2), or as words among the options. */
#include <fs/mount.h>
#include <uapi/ferry/linux.h>

/* vfs_lock held. Files count themselves before they look (fs/open_count.c). */
static int super_set_read_only(struct super *s, bool on)
{
	bool before = s->read_only;

	__atomic_store_n(&s->read_only, on, __ATOMIC_SEQ_CST);
	if (!on || before || !(__atomic_load_n(&s->nr_writers, __ATOMIC_SEQ_CST) || __atomic_load_n(&s->nr_removed, __ATOMIC_SEQ_CST)))
		return 0;
	s->read_only = false;
	return -EBUSY;
}

bool super_option(const char *key, uint32_t *set, uint32_t *clear)
{
	static const struct { const char *key; uint32_t flag; bool on; } words[] = {
		{ "ro", LINUX_MS_RDONLY, true }, { "rw", LINUX_MS_RDONLY, false }, { "sync", LINUX_MS_SYNCHRONOUS, true },
		{ "async", LINUX_MS_SYNCHRONOUS, false }, { "dirsync", LINUX_MS_DIRSYNC, true }, { "mand", LINUX_MS_MANDLOCK, true },
		{ "nomand", LINUX_MS_MANDLOCK, false }, { "lazytime", LINUX_MS_LAZYTIME, true }, { "nolazytime", LINUX_MS_LAZYTIME, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(key, words[i].key))
			continue;
		*set = words[i].on ? *set | words[i].flag : *set & ~words[i].flag;
		*clear = words[i].on ? *clear & ~words[i].flag : *clear | words[i].flag;
		return true;
	}
	return false;
}

void super_options_take(char *options, uint32_t *set, uint32_t *clear)
{
	char *to = options, *next;

	for (char *at = options; at; at = next) {
		size_t n;

		next = strchr(at, ',');
		if (next)
			*next++ = '\0';
		if (!*at || super_option(at, set, clear))
			continue;
		if (to != options)
			*to++ = ',';
		n = strlen(at);
		memmove(to, at, n);
		to += n;
	}
	*to = '\0';
}

int super_flags_change(struct super *s, uint32_t set, uint32_t clear)
{
	int err = 0;

	if ((set | clear) & LINUX_MS_RDONLY)
		err = super_set_read_only(s, set & LINUX_MS_RDONLY);
	if (!err)
		s->flags = ((s->flags & ~clear) | set) & SUPER_FLAGS_KEPT;
	return err;
}
