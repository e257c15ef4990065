// SPDX-License-Identifier: GPL-2.0
/*
 * The file system "cgroup2": a directory for each control group, made and removed with mkdir and rmdir, and in it the files of Linux's
 * Documentation/admin-guide/cgroup-v2.rst that exist here. There is one tree, which every mount shows. Left out:
 * threaded groups, other controllers. All controllers are on everywhere: cgroup.subtree_control takes what is so anyway.
 */
#include <fs/node.h>
#include <fs/proc.h>
#include <kernel/cgroup.h>
#include <kernel/init.h>
#include <kernel/namespace.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "cgroup_fs.h"

#define CGROUP_MAGIC	0x63677270
#define CONTROLLERS	"cpu memory pids"
#define PERIOD_MIN_US	1000ull
#define PERIOD_MAX_US	1000000ull
#define QUOTA_MIN_US	1000ull
#define MAX_DEPTH	32u
#define WEIGHT_MAX	10000u
#define NICE_LOWEST	(-20)
#define NICE_HIGHEST	19

static const char *const controllers[] = { "cpu", "memory", "pids" };

struct super cgroup_super;

static unsigned long long ull(uint64_t v)
{
	return v;
}

/* ---- Values ---- */

void cgroup_limit_show(struct seq *s, uint64_t limit, uint64_t unit)
{
	if (limit == CGROUP_NO_LIMIT)
		seq_puts(s, "max\n");
	else
		seq_printf(s, "%llu\n", ull(limit * unit));
}

int cgroup_limit_parse(const char *text, bool suffix, uint64_t *limit)
{
	unsigned long long v;

	*limit = CGROUP_NO_LIMIT;
	if (!strcmp(text, "max"))
		return 0;
	if (parse_u64(text, 10, suffix, &v))
		return -EINVAL;
	*limit = v;
	return 0;
}

/* ---- cgroup.* ---- */

static void procs_show(struct seq *s, struct cgroup *g)
{
	cgroup_show_members(s, g);
}

static void controllers_show(struct seq *s, struct cgroup *g)
{
	seq_puts(s, CONTROLLERS "\n");
}

/* "+cpu +memory": they are on. Switching one off is not possible. */
static int subtree_write(struct cgroup *g, char *text)
{
	char *next;

	for (; text && *text; text = next) {
		bool known = false;

		next = strchr(text, ' ');
		if (next)
			*next++ = '\0';
		for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++)
			known |= (*text == '+' || *text == '-') && !strcmp(text + 1, controllers[i]);
		if (!known)
			return -EINVAL;
		if (*text == '-')
			return -EOPNOTSUPP;
	}
	return 0;
}

static void events_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "populated %d\nfrozen %d\n", READ_ONCE(g->nr_members) > 0, cgroup_is_frozen(g));
}

static void type_show(struct seq *s, struct cgroup *g)
{
	seq_puts(s, "domain\n");
}

static int kill_write(struct cgroup *g, char *text)
{
	if (strcmp(text, "1"))
		return -EINVAL;
	cgroup_kill(g);
	return 0;
}

static void threads_show(struct seq *s, struct cgroup *g)
{
	cgroup_show_threads(s, g);
}

/* No thread is elsewhere than its process. */
static int threads_write(struct cgroup *g, char *text)
{
	unsigned long long tid;

	return parse_u64(text, 10, 0, &tid) || tid > PID_MAX ? -EINVAL : -EOPNOTSUPP;
}

static void freeze_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "%d\n", READ_ONCE(g->frozen));
}

static int freeze_write(struct cgroup *g, char *text)
{
	if (strcmp(text, "0") && strcmp(text, "1"))
		return -EINVAL;
	cgroup_freeze(g, *text == '1');
	return 0;
}

static void stat_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "nr_descendants %llu\nnr_dying_descendants %llu\n", ull(cgroup_nr_below(g)), ull(cgroup_nr_dying(g)));
}

static void max_depth_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->max_depth), 1);
}

static int max_depth_write(struct cgroup *g, char *text)
{
	uint64_t depth;
	int err = cgroup_limit_parse(text, false, &depth);

	if (!err)
		cgroup_set_tree_limits(g, depth, READ_ONCE(g->max_descendants));
	return err;
}

static void max_descendants_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->max_descendants), 1);
}

static int max_descendants_write(struct cgroup *g, char *text)
{
	uint64_t nr;
	int err = cgroup_limit_parse(text, false, &nr);

	if (!err)
		cgroup_set_tree_limits(g, READ_ONCE(g->max_depth), nr);
	return err;
}

/* ---- pids.* ---- */

static void pids_current_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "%llu\n", ull(READ_ONCE(g->nr_tasks)));
}

static void pids_max_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->max_tasks), 1);
}

static int pids_max_write(struct cgroup *g, char *text)
{
	uint64_t max;
	int err = cgroup_limit_parse(text, false, &max);

	if (!err)
		cgroup_set_max_tasks(g, max);
	return err;
}

static void pids_events_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "max %llu\n", ull(READ_ONCE(g->nr_tasks_refused)));
}

/* ---- cpu.* ---- */

static void cpu_max_show(struct seq *s, struct cgroup *g)
{
	uint64_t quota = READ_ONCE(g->quota_ns);

	if (quota == CGROUP_NO_LIMIT)
		seq_puts(s, "max");
	else
		seq_printf(s, "%llu", ull(quota / NSEC_PER_USEC));
	seq_printf(s, " %llu\n", ull(READ_ONCE(g->period_ns) / NSEC_PER_USEC));
}

/* "QUOTA [PERIOD]" in microseconds, QUOTA may be "max". */
static int cpu_max_write(struct cgroup *g, char *text)
{
	char *second = strchr(text, ' ');
	uint64_t quota, period = READ_ONCE(g->period_ns) / NSEC_PER_USEC;
	int err;

	if (second)
		*second++ = '\0';
	err = cgroup_limit_parse(text, false, &quota);
	if (!err && second)
		err = cgroup_limit_parse(second, false, &period);
	if (err || period < PERIOD_MIN_US || period > PERIOD_MAX_US || quota < QUOTA_MIN_US)
		return -EINVAL;
	if (quota != CGROUP_NO_LIMIT && quota > UINT64_MAX / NSEC_PER_USEC / 2)
		return -EINVAL;
	return cgroup_set_cpu_max(g, quota == CGROUP_NO_LIMIT ? quota : quota * NSEC_PER_USEC, period * NSEC_PER_USEC);
}

static void cpu_burst_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->burst_ns) / NSEC_PER_USEC, 1);
}

static int cpu_burst_write(struct cgroup *g, char *text)
{
	uint64_t burst;
	int err = cgroup_limit_parse(text, false, &burst);

	return err || burst > UINT64_MAX / NSEC_PER_USEC / 2 ? -EINVAL : cgroup_set_cpu_burst(g, burst * NSEC_PER_USEC);
}

static void weight_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "%u\n", READ_ONCE(g->weight));
}

static int weight_write(struct cgroup *g, char *text)
{
	unsigned long long weight;

	if (parse_u64(text, 10, 0, &weight))
		return -EINVAL;
	if (!weight || weight > WEIGHT_MAX)
		return -ERANGE;
	cgroup_set_weight(g, (uint32_t)weight);
	return 0;
}

/* The nice value whose weight is nearest. */
static void weight_nice_show(struct seq *s, struct cgroup *g)
{
	int64_t weight = READ_ONCE(g->weight), distance, least = INT64_MAX;
	int nearest = 0;

	for (int nice = NICE_LOWEST; nice <= NICE_HIGHEST; nice++) {
		distance = (int64_t)cgroup_weight_of_nice(nice) - weight;
		distance = MAX(distance, -distance);
		if (distance < least) {
			least = distance;
			nearest = nice;
		}
	}
	seq_printf(s, "%d\n", nearest);
}

static int weight_nice_write(struct cgroup *g, char *text)
{
	bool below = *text == '-';
	unsigned long long v;

	if (parse_u64(text + below, 10, 0, &v))
		return -EINVAL;
	if (v > (below ? -NICE_LOWEST : NICE_HIGHEST))
		return -ERANGE;
	cgroup_set_weight(g, cgroup_weight_of_nice(below ? -(int)v : (int)v));
	return 0;
}

static void cpu_stat_show(struct seq *s, struct cgroup *g)
{
	uint64_t usage = READ_ONCE(g->cpu_ns), system = MIN(READ_ONCE(g->system_ns), usage);

	seq_printf(s, "usage_usec %llu\nuser_usec %llu\nsystem_usec %llu\n", ull(usage / NSEC_PER_USEC), ull((usage - system) / NSEC_PER_USEC),
		   ull(system / NSEC_PER_USEC));
	seq_printf(s, "nr_periods %llu\nnr_throttled %llu\nthrottled_usec %llu\nnr_bursts %llu\nburst_usec %llu\n", ull(READ_ONCE(g->nr_periods)),
		   ull(READ_ONCE(g->nr_held)), ull(READ_ONCE(g->held_ns) / NSEC_PER_USEC), ull(READ_ONCE(g->nr_bursts)),
		   ull(READ_ONCE(g->burst_used_ns) / NSEC_PER_USEC));
}

static const struct attribute attributes[] = {
	{ PROCS, IN_ROOT | DELEGATED | MOVES, procs_show, NULL }, { "cgroup.controllers", IN_ROOT, controllers_show, NULL },
	{ "cgroup.subtree_control", IN_ROOT | DELEGATED, controllers_show, subtree_write }, { "cgroup.events", 0, events_show, NULL },
	{ "cgroup.threads", IN_ROOT | DELEGATED, threads_show, threads_write }, { "cgroup.stat", IN_ROOT, stat_show, NULL },
	{ "cgroup.freeze", 0, freeze_show, freeze_write }, { "cgroup.max.depth", 0, max_depth_show, max_depth_write },
	{ "cgroup.max.descendants", 0, max_descendants_show, max_descendants_write },
	{ "cgroup.type", 0, type_show, NULL }, { "cgroup.kill", 0, NULL, kill_write },
	{ "pids.current", 0, pids_current_show, NULL }, { "pids.max", 0, pids_max_show, pids_max_write },
	{ "pids.events", 0, pids_events_show, NULL },
	{ "cpu.max", 0, cpu_max_show, cpu_max_write }, { "cpu.max.burst", 0, cpu_burst_show, cpu_burst_write },
	{ "cpu.weight", 0, weight_show, weight_write }, { "cpu.weight.nice", 0, weight_nice_show, weight_nice_write },
	{ "cpu.stat", 0, cpu_stat_show, NULL },
};

/* ---- Files ---- */

static void file_show(struct seq *s, struct inode *inode)
{
	struct cgroup_file *c = inode->priv;

	c->attribute->show(s, c->group);
}

static int file_write(struct inode *inode, char *text)
{
	struct cgroup_file *c = inode->priv;

	if (cgroup_delegates() && c->group && c->group == cgroup_ns_root() && !(c->attribute->flags & DELEGATED))
		return -EPERM;
	return c->attribute->write(c->group, text);
}

static void file_destroy(struct inode *inode)
{
	struct cgroup_file *c = inode->priv;

	cgroup_put(c->group);
	kfree(c);
}

static bool file_valid(struct inode *inode)
{
	struct cgroup_file *c = inode->priv;

	return !c->group || !READ_ONCE(c->group->dead);
}

static const struct inode_ops file_inode_ops = { .destroy = file_destroy, .valid = file_valid };

/* A name in @dir, with the reference of existing. vfs_lock held. */
static struct dentry *name_add(struct dentry *dir, const char *name, size_t length, struct inode *inode)
{
	struct dentry *d = inode ? dentry_create(dir, name, length, inode, true) : NULL;

	if (!d && inode)
		inode_put(inode);
	return d;
}

static int file_add(struct dentry *dir, struct cgroup *g, const struct attribute *a)
{
	mode_t mode = LINUX_S_IFREG | (a->show ? 0444 : 0) | (a->write || a->flags & MOVES ? 0200 : 0);
	struct cgroup_file *c = kzalloc(sizeof(*c));
	const struct file_ops *fops = a->flags & MOVES ? &cgroup_moving_ops : &proc_text_ops;
	struct inode *inode = c ? inode_create(dir->inode->super, mode, &file_inode_ops, fops) : NULL;

	if (!inode) {
		kfree(c);
		return -ENOMEM;
	}
	*c = (struct cgroup_file){ .group = g, .attribute = a };
	c->source.show = a->show ? file_show : NULL;
	c->source.write = a->write ? file_write : NULL;
	c->source.write_file = a->flags & MOVES ? cgroup_moving_write : NULL;
	if (g)
		cgroup_get(g);
	inode->priv = c;
	inode->uid = dir->inode->uid;
	inode->gid = dir->inode->gid;
	return name_add(dir, a->name, strlen(a->name), inode) ? 0 : -ENOMEM;
}

static int files_add(struct dentry *dir, struct cgroup *g)
{
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(attributes) && !err; i++)
		if (g || attributes[i].flags & IN_ROOT)
			err = file_add(dir, g, &attributes[i]);
	for (unsigned int i = 0; i < CGROUP_MEMORY_FILES && !err && g; i++)
		err = file_add(dir, g, &cgroup_memory_attributes[i]);
	return err;
}

/* ---- Directories: inode->priv is the group, counted; NULL is the root ---- */

static void dir_destroy(struct inode *inode)
{
	cgroup_put(inode->priv);
}

/* @d goes with its files. */
static void dir_drop(struct dentry *d)
{
	struct dentry *child;

	while ((child = dentry_first_child(d))) {
		dentry_unhash(child);
		dentry_put(child);
		dentry_put(child);
	}
	((struct cgroup *)d->inode->priv)->dir = NULL;
	d->parent->inode->nlink--;
	d->inode->nlink = 0;
	dentry_unhash(d);
	dentry_put(d);
}

static int dir_unlink(struct dentry *d)
{
	int err = LINUX_S_ISDIR(d->inode->mode) ? cgroup_retire(d->inode->priv) : -EPERM;

	if (!err)
		dir_drop(d);
	return err;
}

static struct dentry *dir_create(struct dentry *dir, const char *name, size_t length, mode_t mode, uint64_t rdev, const char *target);

static const struct inode_ops dir_inode_ops = { .create = dir_create, .unlink = dir_unlink, .destroy = dir_destroy };
static const struct file_ops dir_ops = { .iterate = dentry_iterate, .seek = seek_plain };

struct cgroup *cgroup_of_fd(int fd)
{
	struct file *f = fd_get(current_process->files, fd);
	struct inode *inode = f ? f->inode : NULL;
	struct cgroup *g = ERR_PTR(-EBADF);

	if (inode && inode->ops == &dir_inode_ops) {
		g = inode->priv;
		if (g && READ_ONCE(g->dead))
			g = ERR_PTR(-ENOENT);
		else if (g)
			cgroup_get(g);
	}
	file_put(f);
	return g;
}

static struct dentry *dir_create(struct dentry *dir, const char *name, size_t length, mode_t mode, uint64_t rdev, const char *target)
{
	struct cgroup *parent = dir->inode->priv, *g;
	struct inode *inode;
	struct dentry *d;

	if (!LINUX_S_ISDIR(mode))
		return ERR_PTR(-EPERM);
	if (cgroup_level(parent) >= MAX_DEPTH)
		return ERR_PTR(-EAGAIN);
	g = cgroup_create(parent, name, length);
	if (IS_ERR(g))
		return ERR_PTR(PTR_ERR(g));
	inode = inode_create(dir->inode->super, mode, &dir_inode_ops, &dir_ops);
	if (!inode) {
		(void)cgroup_retire(g);
		cgroup_put(g);
		return ERR_PTR(-ENOMEM);
	}
	inode->priv = g;
	inode->nlink = 2;
	d = name_add(dir, name, length, inode);
	if (!d) {
		(void)cgroup_retire(g);
		return ERR_PTR(-ENOMEM);	/* the inode gave the group back */
	}
	dir->inode->nlink++;
	g->dir = d;
	dentry_get(d);
	if (!files_add(d, g))
		return d;
	(void)cgroup_retire(g);
	dir_drop(d);
	dentry_put(d);
	return ERR_PTR(-ENOMEM);
}

/* /proc/cgroups is version 1's list: version 2's tree is number 0 there. */
static void proc_cgroups_show(struct seq *s, void *priv)
{
	seq_puts(s, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++)
		seq_printf(s, "%s\t0\t%llu\t1\n", controllers[i], ull(cgroup_nr_below(NULL) + 1));
}

static int cgroup_fs_init(void)
{
	struct inode *inode;
	int err;

	fs_setup();
	cgroup_super = (struct super){ .type = "cgroup2", .magic = CGROUP_MAGIC, .dev = 0xfd, .ops = &cgroup_super_ops };
	super_init(&cgroup_super);
	inode = inode_create(&cgroup_super, LINUX_S_IFDIR | 0755, &dir_inode_ops, &dir_ops);
	cgroup_super.root = inode ? dentry_create(NULL, "", 0, inode, false) : NULL;
	if (!cgroup_super.root)
		return -ENOMEM;
	inode->nlink = 2;
	mutex_lock(&vfs_lock);
	err = files_add(cgroup_super.root, NULL);
	mutex_unlock(&vfs_lock);
	if (!err)
		err = sys_dir("fs/cgroup");
	if (!err)
		err = proc_create("cgroups", 0444, proc_cgroups_show, NULL);
	fs_type_register(&cgroup_type);
	return err;
}
INITCALL("3bus", cgroup_fs_init);
