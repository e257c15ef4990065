// SPDX-License-Identifier: GPL-2.0
/* What Linux keeps for old programs, about file systems: ustat(2) by device number and sysfs(2), which numbers the types. */
#include <fs/mount.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>

#define TYPE_NAME_MAX	32

struct super_search {
	uint64_t dev;
	struct super *found;	/* counted */
};

static bool super_match(struct mount *m, void *arg)
{
	struct super_search *s = arg;

	if (m->super->dev != s->dev)
		return true;
	ref_get(&m->super->ref);
	s->found = m->super;
	return false;
}

/* ustat(device, to) */
SYSCALL(NR_ustat, ustat)
{
	struct super_search search = { .dev = (uint32_t)args->a[0] };
	struct linux_statfs s = { .f_bsize = PAGE_SIZE };
	struct linux_ustat u = { .f_tfree = 0 };

	mount_for_each(NULL, super_match, &search);
	if (!search.found)
		return -EINVAL;
	if (search.found->ops->statfs)
		search.found->ops->statfs(search.found, &s);
	super_put(search.found);
	u.f_tfree = (int)s.f_bfree;
	u.f_tinode = s.f_ffree;
	return copy_to_user(args->a[1], &u, sizeof(u)) ? -EFAULT : 0;
}

struct type_search {
	const char *name;	/* NULL: by index */
	int64_t index, at;
	const char *found;
	int64_t found_at;
};

static void type_match(struct fs_type *type, void *arg)
{
	struct type_search *s = arg;

	if (s->name ? !strcmp(type->name, s->name) : s->at == s->index) {
		s->found = type->name;
		s->found_at = s->at;
	}
	s->at++;
}

static int64_t type_index(uint64_t uname)
{
	char name[TYPE_NAME_MAX];
	struct type_search s = { .name = name };
	ssize_t n = strncpy_from_user(name, uname, sizeof(name));

	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	fs_type_for_each(type_match, &s);
	return s.found ? s.found_at : -EINVAL;
}

static int64_t type_name(uint32_t index, uint64_t to)
{
	struct type_search s = { .index = index };

	fs_type_for_each(type_match, &s);
	if (!s.found)
		return -EINVAL;
	return copy_to_user(to, s.found, strlen(s.found) + 1) ? -EFAULT : 0;
}

/* sysfs(1, name), sysfs(2, index, to), sysfs(3): a number for a name, a name for a number, how many there are. */
SYSCALL(NR_sysfs, sysfs)
{
	struct type_search all = { .index = -1 };

	switch ((int)args->a[0]) {
	case 1:
		return type_index(args->a[1]);
	case 2:
		return type_name((uint32_t)args->a[1], args->a[2]);
	case 3:
		fs_type_for_each(type_match, &all);
		return all.at;
	default:
		return -EINVAL;
	}
}
