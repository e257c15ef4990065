// SPDX-License-Identifier: GPL-2.0
/*
 * Faults by rule, so that what stands above a disk can be tried: an io ends with an error, waits, or is done only by half and then ends
 * with an error (a torn write). Rules of a disk are written to /proc/ferry/inject, one a line, by the superuser, and read there with how
 * often each fitted and struck:
 *
 *	DISK [op=read|write|flush|discard|zeroes] [error=ERRNO] [delay_ms=N] [short=1] [every=N] [count=N] [from=BLOCK] [to=BLOCK]
 *	DISK off
 *	policy DISK RULE	for a disk of this name ("vd*": that begins so) whenever there is one
 *	policy off		forget those, and take them off the disks
 *
 * A rule fits an io of its kind that touches its range; every Nth that fits is struck, @count times at most (0: always). inject_lock
 * guards the rules; it is taken inside a strand.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <lib/string.h>
#include <mm/slab.h>
#include "core.h"

#define RULES_MAX	8u
#define POLICY_MAX	16u
#define DELAY_MAX_MS	600000u
#define ALL_OPS		((1u << BLOCK_INFO) - 1)	/* what a device says of itself is left alone */

struct rule {
	uint32_t ops;			/* bits: enum block_op */
	int error;			/* positive; 0: none */
	uint32_t delay_ms;
	bool torn, policy;
	uint64_t every, count, from, to;	/* to: the last block */
	uint64_t fitted, struck;
};

struct block_inject {
	unsigned int nr;
	struct rule rules[RULES_MAX];
};

struct policy_rule {
	char disk[32];
	struct rule rule;
};

static struct spinlock inject_lock = SPINLOCK_INIT("block_inject");
static struct mutex policy_mutex = MUTEX_INIT(policy_mutex, "block_policy");
static struct policy_rule policy_rules[POLICY_MAX];	/* guarded by policy_mutex, with the next */
static unsigned int nr_policy_rules;
static const char *const op_names[] = { "read", "write", "flush", "discard", "zeroes" };

/* ---- Strikes ---- */

static bool rule_fits(const struct rule *r, const struct block_io *io)
{
	if (!(r->ops & 1u << io->op))
		return false;
	return io->op == BLOCK_FLUSH || (io->lba <= r->to && io->lba + io->nr_blocks > r->from);
}

static int rule_strike(struct block_queue *q, const struct rule *r, struct block_io *io)
{
	if (r->delay_ms) {
		io->not_before = time_now() + r->delay_ms * NSEC_PER_MSEC;
		block_queue_timer(q, io->not_before);
	}
	if (r->torn && io->nr_blocks > 1) {
		io->nr_blocks /= 2;
		io->torn = true;
		return 0;
	}
	return r->torn ? -EIO : -r->error;
}

int block_inject_apply(struct block_queue *q, struct block_disk *disk, struct block_io *io)
{
	struct block_inject *inject = disk->inject;
	int err = 0;

	spin_lock(&inject_lock);	/* the strand has interrupts off */
	io->alone = inject->nr;
	for (unsigned int i = 0; !err && !io->torn && i < inject->nr; i++) {
		struct rule *r = &inject->rules[i];

		if (!rule_fits(r, io) || ++r->fitted % r->every || (r->count && r->struck >= r->count))
			continue;
		r->struck++;
		err = rule_strike(q, r, io);
	}
	spin_unlock(&inject_lock);
	return err;
}

/* ---- Rules ---- */

static int number_get(const char *text, uint64_t max, uint64_t *value)
{
	*value = 0;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || *value > (UINT64_MAX - 9) / 10)
			return -EINVAL;
		*value = *value * 10 + (uint64_t)(*text - '0');
	}
	return *value <= max ? 0 : -ERANGE;
}

static int op_get(const char *text, uint32_t *ops)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(op_names); i++) {
		if (strcmp(text, op_names[i]))
			continue;
		*ops = 1u << i;
		return 0;
	}
	return -EINVAL;
}

static bool key_is(const char *word, const char *key, const char **value)
{
	size_t n = strlen(key);

	*value = word + n + 1;
	return !strncmp(word, key, n) && word[n] == '=';
}

static int setting_get(struct rule *r, const char *word)
{
	const char *value;
	uint64_t n;
	int err;

	if (key_is(word, "op", &value))
		return op_get(value, &r->ops);
	if (key_is(word, "from", &value))
		return number_get(value, UINT64_MAX, &r->from);
	if (key_is(word, "to", &value))
		return number_get(value, UINT64_MAX, &r->to);
	if (key_is(word, "count", &value))
		return number_get(value, UINT64_MAX, &r->count);
	if (key_is(word, "every", &value)) {
		err = number_get(value, UINT64_MAX, &r->every);
		return err ? err : r->every ? 0 : -EINVAL;
	}
	if (key_is(word, "error", &value)) {
		err = number_get(value, 4095, &n);
		r->error = (int)n;
	} else if (key_is(word, "delay_ms", &value)) {
		err = number_get(value, DELAY_MAX_MS, &n);
		r->delay_ms = (uint32_t)n;
	} else {
		err = key_is(word, "short", &value) ? number_get(value, 1, &n) : -EINVAL;
		r->torn = !err && n;
	}
	return err;
}

/* The next word of @text, ended; NULL: none. */
static char *word_next(char **text)
{
	char *start;

	while (**text == ' ' || **text == '\t')
		(*text)++;
	start = *text;
	while (**text && **text != ' ' && **text != '\t')
		(*text)++;
	if (**text)
		*(*text)++ = 0;
	return *start ? start : NULL;
}

/* The rest of @text after this line, which is ended. */
static char *line_end(char *text)
{
	while (*text && *text != '\n')
		text++;
	if (*text)
		*text++ = 0;
	return text;
}

static int rule_add(struct block_disk *disk, const struct rule *r)
{
	struct block_inject *fresh = disk->inject ? NULL : kzalloc(sizeof(*fresh));
	uint64_t flags;
	int err = 0;

	flags = spin_lock_irq(&inject_lock);
	if (!disk->inject && fresh) {
		WRITE_ONCE(disk->inject, fresh);
		fresh = NULL;
	}
	if (!disk->inject)
		err = -ENOMEM;
	else if (disk->inject->nr == RULES_MAX)
		err = -ENOSPC;
	else
		disk->inject->rules[disk->inject->nr++] = *r;
	spin_unlock_irq(&inject_lock, flags);
	kfree(fresh);
	return err;
}

/* The memory stays: a strand may be looking at it. */
static int rules_drop(struct block_disk *disk)
{
	uint64_t flags = spin_lock_irq(&inject_lock);

	if (disk->inject)
		disk->inject->nr = 0;
	spin_unlock_irq(&inject_lock, flags);
	return 0;
}

void block_inject_free(struct block_disk *disk)
{
	kfree(disk->inject);
}

/* The settings that begin with @word. */
static int rule_parse(struct rule *r, char *word, char *text)
{
	int err = word ? 0 : -EINVAL;

	*r = (struct rule){ .ops = ALL_OPS, .every = 1, .to = UINT64_MAX };
	for (; word && !err; word = word_next(&text))
		err = setting_get(r, word);
	return err ? err : r->error || r->delay_ms || r->torn ? 0 : -EINVAL;
}

static int rule_line(struct block_disk *disk, char *text)
{
	char *word = word_next(&text);
	struct rule r;
	int err;

	if (word && !strcmp(word, "off"))
		return word_next(&text) ? -EINVAL : rules_drop(disk);
	err = rule_parse(&r, word, text);
	return err ? err : rule_add(disk, &r);
}

/* ---- The administrator's, for disks that come and go ---- */

static bool name_fits(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	return n && pattern[n - 1] == '*' ? !strncmp(pattern, name, n - 1) : !strcmp(pattern, name);
}

/* policy_mutex held. A disk that has not begun will ask by itself. */
static bool policy_rule_add(struct block_disk *disk, void *arg)
{
	const struct policy_rule *p = arg;

	if (disk->inject_begun && name_fits(p->disk, disk->name) && rule_add(disk, &p->rule))
		log_warn("block %s: no room for a rule of the policy", disk->name);
	return true;
}

void block_inject_begin(struct block_disk *disk)
{
	mutex_lock(&policy_mutex);
	disk->inject_begun = true;
	for (unsigned int i = 0; i < nr_policy_rules; i++)
		policy_rule_add(disk, &policy_rules[i]);
	mutex_unlock(&policy_mutex);
}

static bool policy_rules_drop(struct block_disk *disk, void *arg)
{
	uint64_t flags = spin_lock_irq(&inject_lock);
	struct block_inject *inject = disk->inject;
	unsigned int kept = 0;

	for (unsigned int i = 0; inject && i < inject->nr; i++)
		if (!inject->rules[i].policy)
			inject->rules[kept++] = inject->rules[i];
	if (inject)
		inject->nr = kept;
	spin_unlock_irq(&inject_lock, flags);
	return true;
}

/* policy_mutex held. */
static int policy_change(char *text)
{
	char *name = word_next(&text), *word = word_next(&text);
	struct policy_rule *p = &policy_rules[nr_policy_rules];
	int err;

	if (name && !word && !strcmp(name, "off")) {
		nr_policy_rules = 0;
		block_disk_for_each(policy_rules_drop, NULL);
		return 0;
	}
	if (nr_policy_rules == POLICY_MAX)
		return -ENOSPC;
	if (!name || strlen(name) >= sizeof(p->disk))
		return -EINVAL;
	str_copy(p->disk, name, sizeof(p->disk));
	err = rule_parse(&p->rule, word, text);
	if (err)
		return err;
	p->rule.policy = true;
	nr_policy_rules++;
	block_disk_for_each(policy_rule_add, p);
	return 0;
}

static int policy_line(char *text)
{
	int err;

	mutex_lock(&policy_mutex);
	err = policy_change(text);
	mutex_unlock(&policy_mutex);
	return err;
}

/* ---- /proc/ferry/inject ---- */

static int inject_write(void *priv, char *text)
{
	char *line = text, *name;
	struct block_disk *disk;
	int err = 0;

	while (!err && *line) {
		char *next = line_end(line);

		name = word_next(&line);
		disk = name ? block_disk_find(name) : NULL;
		if (name && !strcmp(name, "policy"))
			err = policy_line(line);
		else if (name && !disk)
			err = -ENODEV;
		if (disk) {
			err = rule_line(disk, line);
			block_disk_put(disk);
		}
		line = next;
	}
	return err;
}

static void rule_show(struct seq *s, const struct block_disk *disk, const struct rule *r)
{
	seq_printf(s, "%s", disk->name);
	for (unsigned int i = 0; i < ARRAY_SIZE(op_names); i++)
		if (r->ops == 1u << i)
			seq_printf(s, " op=%s", op_names[i]);
	if (r->error)
		seq_printf(s, " error=%d", r->error);
	if (r->delay_ms)
		seq_printf(s, " delay_ms=%u", r->delay_ms);
	if (r->torn)
		seq_puts(s, " short=1");
	if (r->policy)
		seq_puts(s, " policy");
	seq_printf(s, " every=%llu count=%llu from=%llu to=%llu fitted=%llu struck=%llu\n", (unsigned long long)r->every,
		   (unsigned long long)r->count, (unsigned long long)r->from, (unsigned long long)r->to, (unsigned long long)r->fitted,
		   (unsigned long long)r->struck);
}

static bool disk_rules(struct block_disk *disk, void *arg)
{
	struct block_inject copy = { .nr = 0 };
	uint64_t flags = spin_lock_irq(&inject_lock);

	if (disk->inject)
		copy = *disk->inject;
	spin_unlock_irq(&inject_lock, flags);
	for (unsigned int i = 0; i < copy.nr; i++)
		rule_show(arg, disk, &copy.rules[i]);
	return true;
}

static void inject_show(struct seq *s, void *priv)
{
	block_disk_for_each(disk_rules, s);
}

static int block_inject_init(void)
{
	return proc_create_rw("ferry/inject", 0600, inject_show, inject_write, NULL);
}
INITCALL("4class", block_inject_init);
