// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/mounts, mountinfo and mountstats: the mounts that the process can reach from its root, in proc(5)'s formats. */
#include <fs/mount.h>
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define MANGLED		" \t\n\\#"	/* would end a field, or look like a comment: written in octal */

struct mounts_walk {
	struct seq *s;
	struct path root;
	char *buffer;
	void (*show)(struct mounts_walk *w, struct mount *m, const char *where);
};

static void put_mangled(struct seq *s, const char *text)
{
	for (; *text; text++)
		seq_printf(s, strchr(MANGLED, *text) ? "\\%03o" : "%c", (unsigned char)*text);
}

static void put_super_flags(struct seq *s, const struct super *super)
{
	static const struct { uint32_t flag; const char *text; } names[] = {
		{ LINUX_MS_SYNCHRONOUS, ",sync" }, { LINUX_MS_DIRSYNC, ",dirsync" }, { LINUX_MS_MANDLOCK, ",mand" },
		{ LINUX_MS_LAZYTIME, ",lazytime" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (super->flags & names[i].flag)
			seq_puts(s, names[i].text);
}

static void put_mount_flags(struct seq *s, const struct mount *m)
{
	static const struct { uint32_t flag; const char *text; } names[] = {
		{ LINUX_MS_NOSUID, ",nosuid" }, { LINUX_MS_NODEV, ",nodev" }, { LINUX_MS_NOEXEC, ",noexec" }, { LINUX_MS_NOATIME, ",noatime" },
		{ LINUX_MS_NODIRATIME, ",nodiratime" }, { LINUX_MS_RELATIME, ",relatime" },
		{ LINUX_MS_NOSYMFOLLOW, ",nosymfollow" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (m->flags & names[i].flag)
			seq_puts(s, names[i].text);
}

static void put_propagation(struct seq *s, const struct mount *m)
{
	if (m->group)
		seq_printf(s, " shared:%u", m->group);
	if (m->master)
		seq_printf(s, " master:%u", m->master->group);
	if (m->unbindable)
		seq_puts(s, " unbindable");
}

static void put_super_options(struct seq *s, const struct mount *m)
{
	char options[192] = "";

	if (m->super->ops->show_options)
		m->super->ops->show_options(m->super, options, sizeof(options));
	seq_puts(s, options);
}

static void mounts_line(struct mounts_walk *w, struct mount *m, const char *where)
{
	put_mangled(w->s, m->source);
	seq_puts(w->s, " ");
	put_mangled(w->s, where);
	seq_printf(w->s, " %s ", m->super->type);
	seq_puts(w->s, m->flags & LINUX_MS_RDONLY || m->super->read_only ? "ro" : "rw");
	put_super_flags(w->s, m->super);
	put_mount_flags(w->s, m);
	put_super_options(w->s, m);
	seq_puts(w->s, " 0 0\n");
}

/* @where lies in the buffer that the path inside the file system needs, so it goes first, into a text of its own. */
static void mountinfo_line(struct mounts_walk *w, struct mount *m, const char *where)
{
	struct mount whole = { .root = m->super->root };
	struct path top = { &whole, m->super->root }, at = { &whole, m->root };
	struct seq place = { 0 }, own = { 0 };
	const char *inside;

	put_mangled(&place, where);
	inside = path_text_locked(&at, &top, w->buffer, LINUX_PATH_MAX);
	if (m->super->ops->show_root) {
		m->super->ops->show_root(&own, m->root);
		inside = own.text ? own.text : "/";
	}
	seq_printf(w->s, "%u %u %u:%u ", m->id, m->parent ? m->parent->id : m->id, (unsigned int)(m->super->dev >> 8),
		   (unsigned int)(m->super->dev & 0xff));
	put_mangled(w->s, IS_ERR(inside) ? "/" : inside + inode_is_ns(m->root->inode));
	seq_printf(w->s, " %s ", place.text ? place.text : "/");
	seq_puts(w->s, m->flags & LINUX_MS_RDONLY ? "ro" : "rw");
	put_mount_flags(w->s, m);
	put_propagation(w->s, m);
	seq_printf(w->s, " - %s ", m->super->type);
	put_mangled(w->s, m->source);
	seq_puts(w->s, m->super->read_only ? " ro" : " rw");
	put_super_flags(w->s, m->super);
	put_super_options(w->s, m);
	seq_puts(w->s, "\n");
	seq_free(&place);
	seq_free(&own);
}

static void mountstats_line(struct mounts_walk *w, struct mount *m, const char *where)
{
	seq_puts(w->s, "device ");
	put_mangled(w->s, m->source);
	seq_puts(w->s, " mounted on ");
	put_mangled(w->s, where);
	seq_printf(w->s, " with fstype %s\n", m->super->type);
}

/* Does the way up from @m meet the root? What was mounted outside of it is not shown. */
static bool is_below(const struct mount *m, const struct path *root)
{
	const struct dentry *d = m->root;

	while (m != root->mount || d != root->dentry) {
		if (d != m->root) {
			d = d->parent;
			continue;
		}
		if (!m->parent)
			return false;
		d = m->mountpoint;
		m = m->parent;
	}
	return true;
}

static bool show_mount(struct mount *m, void *arg)
{
	struct mounts_walk *w = arg;
	struct path p = { m, m->root };
	char *where;

	if (!is_below(m, &w->root))
		return true;
	where = path_text_locked(&p, &w->root, w->buffer, LINUX_PATH_MAX);
	if (!IS_ERR(where))
		w->show(w, m, where);
	return true;
}

static void show_mounts(struct seq *s, struct inode *inode, void (*show)(struct mounts_walk *w, struct mount *m, const char *where))
{
	struct mounts_walk w = { .s = s, .show = show, .buffer = kzalloc(LINUX_PATH_MAX) };

	struct ns *ns = ns_of_process(proc_node_process(inode), NS_MOUNT);

	if (w.buffer && ns && !proc_context_path(proc_node_process(inode), true, &w.root)) {
		mount_for_each(container_of(ns, struct mount_ns, ns), show_mount, &w);
		path_put(&w.root);
	}
	if (ns)
		ns_put(ns);
	kfree(w.buffer);
}

void proc_pid_mounts(struct seq *s, struct inode *inode)
{
	show_mounts(s, inode, mounts_line);
}

void proc_pid_mountinfo(struct seq *s, struct inode *inode)
{
	show_mounts(s, inode, mountinfo_line);
}

void proc_pid_mountstats(struct seq *s, struct inode *inode)
{
	show_mounts(s, inode, mountstats_line);
}
