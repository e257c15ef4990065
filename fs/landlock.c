// SPDX-License-Identifier: GPL-2.0
/*
 * landlock(7), as in Linux 6.1 (version 2 of its interface): rulesets, which are open files, and the layers that they become when a thread puts
 * itself under one. Rules name inodes by the number of their file system and their own, which are given out once, so nothing is kept in
 * memory for them. Lock: a mutex in each ruleset. Left out: what came later (truncate, networks).
 */
#include <fs/internal.h>
#include <fs/landlock.h>
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux_landlock.h>

#define LAYERS_MAX	16u
#define RULES_MAX	1024u	/* of one ruleset */

struct ruleset {
	struct mutex lock;
	uint32_t handled, nr;
	struct landlock_rule rules[RULES_MAX];
};

/* ---- Layers ---- */

static int order_of(const struct landlock_rule *r, uint64_t dev, uint64_t ino)
{
	if (r->dev != dev)
		return r->dev < dev ? -1 : 1;
	return r->ino < ino ? -1 : r->ino > ino;
}

/* Where the rule is or belongs among @nr in order. */
static uint32_t place_of(const struct landlock_rule *rules, uint32_t nr, uint64_t dev, uint64_t ino)
{
	uint32_t low = 0, high = nr;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (order_of(&rules[middle], dev, ino) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t landlock_rule_of(const struct landlock_layer *l, const struct inode *inode)
{
	uint32_t at = place_of(l->rules, l->nr, inode->super->dev, inode->ino);

	return at < l->nr && !order_of(&l->rules[at], inode->super->dev, inode->ino) ? l->rules[at].allowed : 0;
}

static void layer_put(struct landlock_layer *l)
{
	while (l && ref_put(&l->ref)) {
		struct landlock_layer *below = l->below;

		kfree(l);
		l = below;
	}
}

void landlock_inherit(struct thread *t)
{
	t->landlock = current->landlock;
	if (t->landlock)
		ref_get(&t->landlock->ref);
}

void landlock_release(struct thread *t)
{
	layer_put(t->landlock);
	t->landlock = NULL;
}

/* Who is under the same restrictions or more. */
int landlock_may_access(const struct thread *who, const struct thread *t)
{
	const struct landlock_layer *l = t->landlock, *theirs = READ_ONCE(who->landlock);

	while (l && l != theirs)
		l = l->below;
	return l == theirs ? 0 : -EPERM;
}

/* ---- Rulesets ---- */

static ssize_t nothing_to_read(struct file *f, struct iter *to, loff_t *pos)
{
	return -EINVAL;
}

static void ruleset_release(struct file *f)
{
	kfree(f->priv);
}

static const struct file_ops ruleset_ops = {
	.name = "[landlock-ruleset]", .read = nothing_to_read, .write = nothing_to_read, .release = ruleset_release,
};

/* The ruleset of @fd, and its file with a reference: ERR_PTR. */
static struct ruleset *ruleset_get(int fd, struct file **f)
{
	*f = fd_get_io(fd);
	if (!*f)
		return ERR_PTR(-EBADF);
	if ((*f)->ops == &ruleset_ops)
		return (*f)->priv;
	file_put(*f);
	return ERR_PTR(-EBADFD);
}

static int ruleset_from_user(struct linux_landlock_ruleset *to, uint64_t from, uint64_t size)
{
	if (!from)
		return -EFAULT;
	if (size < sizeof(*to))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, sizeof(*to), from, size);
}

static int64_t ruleset_open(uint32_t handled)
{
	struct ruleset *r = kzalloc(sizeof(*r));
	struct file *f = r ? file_alloc(&ruleset_ops, r, LINUX_O_RDWR) : NULL;

	if (!f) {
		kfree(r);
		return file_alloc_error();
	}
	mutex_init(&r->lock, "landlock ruleset");
	r->handled = handled;
	return fd_install_new(f, LINUX_O_CLOEXEC);
}

/* landlock_create_ruleset(attributes, size, flags) */
SYSCALL(NR_landlock_create_ruleset, landlock_create_ruleset)
{
	struct linux_landlock_ruleset attr;
	uint32_t flags = (uint32_t)args->a[2];
	int err;

	if (flags)
		return flags == LINUX_LANDLOCK_CREATE_RULESET_VERSION && !args->a[0] && !args->a[1] ? LINUX_LANDLOCK_VERSION : -EINVAL;
	err = ruleset_from_user(&attr, args->a[0], args->a[1]);
	if (err)
		return err;
	if (attr.handled & ~(uint64_t)LINUX_LANDLOCK_ALL)
		return -EINVAL;
	return attr.handled ? ruleset_open((uint32_t)attr.handled) : -ENOMSG;
}

/* Two rules for one inode are one. Lock held. */
static int rule_add_locked(struct ruleset *r, uint64_t dev, uint64_t ino, uint32_t allowed)
{
	uint32_t at = place_of(r->rules, r->nr, dev, ino);

	if (at == r->nr || order_of(&r->rules[at], dev, ino)) {
		if (r->nr == RULES_MAX)
			return -E2BIG;
		memmove(&r->rules[at + 1], &r->rules[at], (r->nr - at) * sizeof(r->rules[0]));
		r->rules[at] = (struct landlock_rule){ .dev = dev, .ino = ino };
		r->nr++;
	}
	r->rules[at].allowed |= allowed | (~r->handled & LINUX_LANDLOCK_ALL & ~LINUX_LANDLOCK_REFER);
	return 0;
}

static int rule_add(struct ruleset *r, const struct file *beneath, uint32_t allowed)
{
	const struct inode *inode = beneath->inode;
	int err;

	if (!beneath->mount || !inode || inode_is_ns(inode) || beneath->ops == &ruleset_ops)
		return -EBADFD;
	if (!LINUX_S_ISDIR(inode->mode) && (allowed & ~LINUX_LANDLOCK_OF_FILES))
		return -EINVAL;
	mutex_lock(&r->lock);
	err = rule_add_locked(r, inode->super->dev, inode->ino, allowed);
	mutex_unlock(&r->lock);
	return err;
}

static int64_t rule_from_user(struct ruleset *r, uint64_t urule)
{
	struct linux_landlock_path_beneath rule;
	struct file *beneath;
	int64_t err;

	if (copy_from_user(&rule, urule, sizeof(rule)))
		return -EFAULT;
	if (!rule.allowed)
		return -ENOMSG;
	if (rule.allowed & ~(uint64_t)r->handled)
		return -EINVAL;
	beneath = fd_get(current_process->files, rule.parent);
	if (!beneath)
		return -EBADF;
	err = rule_add(r, beneath, (uint32_t)rule.allowed);
	file_put(beneath);
	return err;
}

/* landlock_add_rule(ruleset, type, rule, flags) */
SYSCALL(NR_landlock_add_rule, landlock_add_rule)
{
	struct ruleset *r;
	struct file *f;
	int64_t err;

	if ((uint32_t)args->a[3])
		return -EINVAL;
	r = ruleset_get((int)args->a[0], &f);
	if (IS_ERR(r))
		return PTR_ERR(r);
	err = (uint32_t)args->a[1] == LINUX_LANDLOCK_RULE_PATH_BENEATH ? rule_from_user(r, args->a[2]) : -EINVAL;
	file_put(f);
	return err;
}

/* What the ruleset says now; it may change later. ERR_PTR. */
static struct landlock_layer *layer_create(struct ruleset *r)
{
	struct landlock_layer *l, *below = current->landlock;

	if (below && below->depth == LAYERS_MAX)
		return ERR_PTR(-E2BIG);
	mutex_lock(&r->lock);
	l = kzalloc(sizeof(*l) + r->nr * sizeof(l->rules[0]));
	if (l) {
		ref_init(&l->ref);
		l->handled = r->handled;
		l->nr = r->nr;
		memcpy(l->rules, r->rules, r->nr * sizeof(l->rules[0]));
	}
	mutex_unlock(&r->lock);
	if (!l)
		return ERR_PTR(-ENOMEM);
	l->depth = below ? below->depth + 1 : 1;
	l->below = below;	/* with the thread's reference */
	return l;
}

/* landlock_restrict_self(ruleset, flags) */
SYSCALL(NR_landlock_restrict_self, landlock_restrict_self)
{
	struct landlock_layer *l;
	struct ruleset *r;
	struct file *f;

	if (!current->no_new_privs && !privileged_here(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	if ((uint32_t)args->a[1])
		return -EINVAL;
	r = ruleset_get((int)args->a[0], &f);
	if (IS_ERR(r))
		return PTR_ERR(r);
	l = layer_create(r);
	file_put(f);
	if (IS_ERR(l))
		return PTR_ERR(l);
	WRITE_ONCE(current->landlock, l);
	return 0;
}
