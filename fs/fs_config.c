// SPDX-License-Identifier: GPL-2.0
/*
 * Making a file system step by step: fsopen(2), fsconfig(2), fsmount(2), fspick(2). A descriptor collects options until one command makes
 * or changes the file system. Reading it gives the last complaint, where Linux keeps eight. Lock: config->lock.
 */
#include <fs/internal.h>
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_mount.h>

#define TEXT_MAX	256u		/* of a key or a value, with the end */
#define BINARY_MAX	(1024 * 1024)

enum config_phase { PARAMETERS, CREATED, MOUNTED, CHANGES, FAILED };

struct fs_config {
	struct mutex lock;
	struct fs_type *type;		/* NULL: picked */
	enum config_phase phase;
	char *source;
	struct seq options;		/* "key=value,flag" */
	uint32_t set, clear;		/* super_option() */
	struct super *super;		/* counted; NULL: not made yet */
	char complaint[TEXT_MAX + 64];
};

static ssize_t config_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct fs_config *c = f->priv;
	ssize_t n = -ENODATA;

	mutex_lock(&c->lock);
	if (c->complaint[0])
		n = strlen(c->complaint) > to->left ? -EMSGSIZE : iter_put(to, c->complaint, strlen(c->complaint));
	if (n > 0)
		c->complaint[0] = '\0';
	mutex_unlock(&c->lock);
	return n;
}

static void config_clear(struct fs_config *c)
{
	kfree(c->source);
	c->source = NULL;
	seq_free(&c->options);
	c->set = c->clear = 0;
}

static void config_release(struct file *f)
{
	struct fs_config *c = f->priv;

	config_clear(c);
	if (c->super)
		super_put(c->super);
	kfree(c);
}

static const struct file_ops config_ops = { .name = "[fscontext]", .read = config_read, .release = config_release };

/* Takes over the reference to @s. */
static int config_install(struct fs_type *type, struct super *s, enum config_phase phase, bool cloexec)
{
	struct fs_config *c = kzalloc(sizeof(*c));
	struct file *f = c ? file_alloc(&config_ops, c, LINUX_O_RDWR) : NULL;

	if (!f) {
		kfree(c);
		if (s)
			super_put(s);
		return file_alloc_error();
	}
	mutex_init(&c->lock, "fs_config");
	c->type = type;
	c->super = s;
	c->phase = phase;
	return fd_install_new(f, cloexec ? LINUX_O_CLOEXEC : 0);
}

/* fsopen(name, flags) */
SYSCALL(NR_fsopen, fsopen)
{
	uint32_t flags = (uint32_t)args->a[1];
	struct fs_type *type;
	char *name;

	if (!mounts_may_change())
		return -EPERM;
	if (flags & ~LINUX_FSOPEN_CLOEXEC)
		return -EINVAL;
	name = path_from_user(args->a[0], true);
	if (IS_ERR(name))
		return PTR_ERR(name) == -ENAMETOOLONG ? -EINVAL : PTR_ERR(name);
	type = fs_type_find(name);
	kfree(name);
	if (type && !mount_type_allowed(type))
		return -EPERM;
	return type ? config_install(type, NULL, PARAMETERS, flags & LINUX_FSOPEN_CLOEXEC) : -ENODEV;
}

/* fspick(dfd, path, flags) */
SYSCALL(NR_fspick, fspick)
{
	uint32_t flags = (uint32_t)args->a[2];
	struct path p;
	int fd;

	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(LINUX_FSPICK_CLOEXEC | LINUX_FSPICK_SYMLINK_NOFOLLOW | LINUX_FSPICK_NO_AUTOMOUNT | LINUX_FSPICK_EMPTY_PATH))
		return -EINVAL;
	fd = path_lookup_user((int)args->a[0], args->a[1], (flags & LINUX_FSPICK_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			      (flags & LINUX_FSPICK_EMPTY_PATH ? WALK_EMPTY : 0), &p);
	if (fd)
		return fd;
	fd = -EINVAL;
	if (p.dentry == p.mount->root) {
		ref_get(&p.mount->super->ref);
		fd = config_install(NULL, p.mount->super, CHANGES, flags & LINUX_FSPICK_CLOEXEC);
	}
	path_put(&p);
	return fd;
}

/* ---- fsconfig ---- */

static int refuse(struct fs_config *c, const char *what, const char *key)
{
	format_text(c->complaint, sizeof(c->complaint), "e %s: %s '%s'\n", c->super ? c->super->type : c->type->name, what, key);
	return -EINVAL;
}

/* One that every file system has; "silent" changes nothing. */
static bool common_flag(struct fs_config *c, const char *key)
{
	return super_option(key, &c->set, &c->clear) || !strcmp(key, "silent");
}

static int set_source(struct fs_config *c, const char *value)
{
	if (!value)
		return refuse(c, "Non-string", "source");
	if (c->source)
		return refuse(c, "Multiple", "source");
	c->source = kstrdup(value);
	return c->source ? 0 : -ENOMEM;
}

static int set_option(struct fs_config *c, const char *key, const char *value)
{
	const struct super_ops *ops = c->super ? c->super->ops : NULL;
	bool (*known)(const char *key, const char *value) = ops ? ops->option_known : c->type->option_known;

	if (!*key)
		return refuse(c, "Unnamed parameter", value ? value : "");
	if (common_flag(c, key))
		return 0;
	if (!strcmp(key, "source"))
		return set_source(c, value);
	if (known && !known(key, value))
		return refuse(c, value ? "Bad value or unknown parameter" : "Unknown parameter", key);
	if (value && strchr(value, ','))
		return refuse(c, "A comma is in the value of", key);
	seq_printf(&c->options, value ? "%s%s=%s" : "%s%s", c->options.used ? "," : "", key, value);
	return c->options.failed ? -ENOMEM : 0;
}

static int create(struct fs_config *c)
{
	struct super *s;

	if (c->phase != PARAMETERS)
		return -EBUSY;
	s = c->type->mount(c->source, c->options.text);
	c->phase = IS_ERR(s) ? FAILED : CREATED;
	if (IS_ERR(s))
		return PTR_ERR(s);
	c->super = s;
	return ref_count(&s->ref) == 1 ? super_flags_change(s, c->set, c->clear) : 0;	/* a new one, which nobody else knows */
}

static int change(struct fs_config *c)
{
	int err = 0;

	if (c->phase != CHANGES)
		return -EBUSY;
	if (c->options.text && c->super->ops->reconfigure)
		err = c->super->ops->reconfigure(c->super, c->options.text);
	mutex_lock(&vfs_lock);
	if (!err)
		err = super_flags_change(c->super, c->set, c->clear);
	mutex_unlock(&vfs_lock);
	if (!err)
		config_clear(c);
	c->phase = err ? FAILED : MOUNTED;
	return err;
}

static int config_run(struct fs_config *c, uint32_t command, const char *key, const char *value)
{
	if (c->phase == MOUNTED)
		c->phase = CHANGES;
	switch (command) {
	case LINUX_FSCONFIG_CMD_CREATE:
		return create(c);
	case LINUX_FSCONFIG_CMD_RECONFIGURE:
		return change(c);
	case LINUX_FSCONFIG_SET_FLAG:
	case LINUX_FSCONFIG_SET_STRING:
		return c->phase == PARAMETERS || c->phase == CHANGES ? set_option(c, key, value) : -EBUSY;
	default:
		if (c->phase != PARAMETERS && c->phase != CHANGES)
			return -EBUSY;
		return common_flag(c, key) ? 0 : refuse(c, "Unexpected type of value for", key);
	}
}

/* Which of key, value and number a command has, as Linux checks it before it looks at the descriptor. */
static int config_check(uint32_t command, bool key, bool value, int number)
{
	switch (command) {
	case LINUX_FSCONFIG_SET_FLAG:
		return key && !value && !number ? 0 : -EINVAL;
	case LINUX_FSCONFIG_SET_STRING:
		return key && value && !number ? 0 : -EINVAL;
	case LINUX_FSCONFIG_SET_BINARY:
		return key && value && number > 0 && number <= BINARY_MAX ? 0 : -EINVAL;
	case LINUX_FSCONFIG_SET_PATH:
	case LINUX_FSCONFIG_SET_PATH_EMPTY:
		return key && value && (number == LINUX_AT_FDCWD || number >= 0) ? 0 : -EINVAL;
	case LINUX_FSCONFIG_SET_FD:
		return key && !value && number >= 0 ? 0 : -EINVAL;
	case LINUX_FSCONFIG_CMD_CREATE:
	case LINUX_FSCONFIG_CMD_RECONFIGURE:
		return !key && !value && !number ? 0 : -EINVAL;
	default:
		return -EOPNOTSUPP;
	}
}

static int text_get(char *to, uint64_t from)
{
	ssize_t n = from ? strncpy_from_user(to, from, TEXT_MAX) : 0;

	return n == -ENAMETOOLONG ? -EINVAL : n < 0 ? (int)n : 0;
}

static int configure(struct fs_config *c, uint32_t command, uint64_t ukey, uint64_t uvalue)
{
	char key[TEXT_MAX] = "", value[TEXT_MAX] = "";
	int err = text_get(key, ukey);

	if (!err && command == LINUX_FSCONFIG_SET_STRING)
		err = text_get(value, uvalue);
	if (err)
		return err;
	mutex_lock(&c->lock);
	err = config_run(c, command, key, command == LINUX_FSCONFIG_SET_STRING ? value : NULL);
	mutex_unlock(&c->lock);
	return err;
}

/* fsconfig(fd, command, key, value, number) */
SYSCALL(NR_fsconfig, fsconfig)
{
	uint32_t command = (uint32_t)args->a[1];
	struct file *f;
	int err;

	if ((int)args->a[0] < 0)
		return -EINVAL;
	err = config_check(command, args->a[2], args->a[3], (int)args->a[4]);
	if (err)
		return err;
	f = fd_get_io((int)args->a[0]);
	if (!f)
		return -EBADF;
	err = f->ops == &config_ops ? configure(f->priv, command, args->a[2], args->a[3]) : -EINVAL;
	file_put(f);
	return err;
}

/* ---- fsmount ---- */

static int64_t mount_made(struct fs_config *c, uint32_t mount_flags, bool cloexec)
{
	struct mount *m;

	if (!c->super || c->phase != CREATED)
		return c->super ? -EBUSY : -EINVAL;
	m = mount_create_root(c->super, c->source, mount_flags);
	if (IS_ERR(m))
		return PTR_ERR(m);
	ref_get(&c->super->ref);
	config_clear(c);
	c->phase = MOUNTED;
	return mount_install(m, cloexec);
}

/* fsmount(fd, flags, attributes) */
SYSCALL(NR_fsmount, fsmount)
{
	uint32_t flags = (uint32_t)args->a[1], mount_flags;
	struct fs_config *c;
	struct file *f;
	int64_t fd;

	if (!mounts_may_change())
		return -EPERM;
	if ((flags & ~LINUX_FSMOUNT_CLOEXEC) || mount_flags_of((uint32_t)args->a[2], &mount_flags))
		return -EINVAL;
	f = fd_get_io((int)args->a[0]);
	if (!f)
		return -EBADF;
	fd = -EINVAL;
	if (f->ops == &config_ops) {
		c = f->priv;
		mutex_lock(&c->lock);
		fd = mount_made(c, mount_flags, flags & LINUX_FSMOUNT_CLOEXEC);
		mutex_unlock(&c->lock);
	}
	file_put(f);
	return fd;
}
