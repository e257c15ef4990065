// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/<pid>/uid_map, gid_map, projid_map and setgroups (user_namespaces(7)). Whoever opened a file is asked about, beside who writes: a
 * privileged program is easily made to write somewhere. Locks: none of its own.
 */
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>

/* An open one: of which namespace, and who opened it. */
struct opened {
	struct user_ns *u;
	struct credentials who;		/* counted */
};

static int map_open(struct inode *inode, struct file *f)
{
	struct ns *ns = ns_of_process(proc_node_process(inode), NS_USER);
	struct opened *o = ns ? kzalloc(sizeof(*o)) : NULL;

	if (!o) {
		if (ns)
			ns_put(ns);
		return ns ? -ENOMEM : -EINVAL;
	}
	o->u = container_of(ns, struct user_ns, ns);
	o->who = current->cred;
	credentials_get(&o->who);
	f->priv = o;
	return 0;
}

static void map_release(struct file *f)
{
	struct opened *o = f->priv;

	if (!o)
		return;
	ns_put(&o->u->ns);
	credentials_put(&o->who);
	kfree(o);
}

/* Outside is the opener's namespace; for who is in it, the one above. */
static void map_lines(struct seq *s, const struct opened *o, enum id_kind kind)
{
	const struct user_ns *of = user_ns_of(&o->who);
	const struct id_map *map = __atomic_load_n(&o->u->maps[kind], __ATOMIC_ACQUIRE);

	if (!o->u->parent)
		seq_printf(s, "%10u %10u %10u\n", 0, 0, UINT32_MAX);
	if (of == o->u && of->parent)
		of = of->parent;
	for (uint32_t i = 0; map && i < map->nr; i++)
		seq_printf(s, "%10u %10u %10u\n", map->ranges[i].inside, id_inside(of, kind, map->ranges[i].outside), map->ranges[i].count);
}

static ssize_t map_read(struct file *f, struct iter *to, loff_t *pos, enum id_kind kind)
{
	struct seq s = { 0 };
	ssize_t n;

	map_lines(&s, f->priv, kind);
	n = s.failed ? -ENOMEM : buffer_read(s.text, s.used, to, pos);
	seq_free(&s);
	return n;
}

static ssize_t uid_read(struct file *f, struct iter *to, loff_t *pos)
{
	return map_read(f, to, pos, ID_USER);
}

static ssize_t gid_read(struct file *f, struct iter *to, loff_t *pos)
{
	return map_read(f, to, pos, ID_GROUP);
}

/* No file here has a project: those of a new namespace stay unmapped. */
static ssize_t projid_read(struct file *f, struct iter *to, loff_t *pos)
{
	static const char first[] = "         0          0 4294967295\n";
	const struct opened *o = f->priv;

	return buffer_read(first, o->u->parent ? 0 : sizeof(first) - 1, to, pos);
}

char *proc_text_get(struct iter *from, loff_t pos)
{
	size_t n = from->left;
	char *text;

	if (pos || n >= PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	text = kzalloc(n + 1);
	if (!text)
		return ERR_PTR(-ENOMEM);
	if (iter_get(from, text, n) == (ssize_t)n)
		return text;
	kfree(text);
	return ERR_PTR(-EFAULT);
}

static ssize_t map_write(struct file *f, struct iter *from, loff_t *pos, enum id_kind kind)
{
	const struct opened *o = f->priv;
	ssize_t n = (ssize_t)from->left;
	char *text = proc_text_get(from, *pos);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = user_ns_map_write(o->u, kind, text, &o->who);
	kfree(text);
	if (err)
		return err;
	*pos += n;
	return n;
}

static ssize_t uid_write(struct file *f, struct iter *from, loff_t *pos)
{
	return map_write(f, from, pos, ID_USER);
}

static ssize_t gid_write(struct file *f, struct iter *from, loff_t *pos)
{
	return map_write(f, from, pos, ID_GROUP);
}

static ssize_t projid_write(struct file *f, struct iter *from, loff_t *pos)
{
	return -EPERM;
}

static int setgroups_open(struct inode *inode, struct file *f)
{
	int err = map_open(inode, f);
	const struct opened *o = f->priv;

	if (err || (f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY || privileged_in(o->u, LINUX_CAP_SYS_ADMIN))
		return err;
	map_release(f);
	f->priv = NULL;
	return -EACCES;
}

static ssize_t setgroups_read(struct file *f, struct iter *to, loff_t *pos)
{
	const struct opened *o = f->priv;
	const char *text = READ_ONCE(o->u->groups_denied) ? "deny\n" : "allow\n";

	return buffer_read(text, strlen(text), to, pos);
}

static ssize_t setgroups_write(struct file *f, struct iter *from, loff_t *pos)
{
	const struct opened *o = f->priv;
	ssize_t n = (ssize_t)from->left;
	char *text = proc_text_get(from, *pos);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	for (size_t end = strlen(text); end && (text[end - 1] == '\n' || text[end - 1] == ' '); end--)
		text[end - 1] = '\0';
	err = user_ns_groups_write(o->u, text);
	kfree(text);
	if (err)
		return err;
	*pos += n;
	return n;
}

#define OPS(r, w, o)	{ .read = r, .write = w, .seek = seek_plain, .open = o, .release = map_release }

const struct file_ops proc_uid_map_ops = OPS(uid_read, uid_write, map_open);
const struct file_ops proc_gid_map_ops = OPS(gid_read, gid_write, map_open);
const struct file_ops proc_projid_map_ops = OPS(projid_read, projid_write, map_open);
const struct file_ops proc_setgroups_ops = OPS(setgroups_read, setgroups_write, setgroups_open);
