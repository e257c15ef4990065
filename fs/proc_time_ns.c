// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/<pid>/timens_offsets (time_namespaces(7)): by how much the clocks of the process's children will be ahead. Whoever opened the file is
 * asked about: a privileged program is easily made to write somewhere. Locks: none of its own.
 */
#include <fs/proc_pid.h>
#include <kernel/time.h>
#include <kernel/time_ns.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>

#define WORD_MAX	9	/* the longest name of a clock */

static const struct { const char *name; char number; } clocks[TIME_NS_CLOCKS] = {
	[TIME_NS_MONOTONIC] = { "monotonic", '0' + LINUX_CLOCK_MONOTONIC }, [TIME_NS_BOOT] = { "boottime", '0' + LINUX_CLOCK_BOOTTIME },
};

static int offsets_open(struct inode *inode, struct file *f)
{
	struct credentials *who = kzalloc(sizeof(*who));

	if (!who)
		return -ENOMEM;
	*who = current->cred;
	credentials_get(who);
	f->priv = who;
	return 0;
}

static void offsets_release(struct file *f)
{
	struct credentials *who = f->priv;

	if (who)
		credentials_put(who);
	kfree(who);
}

/* Nothing of a process that has ended. */
static void offsets_show(struct seq *s, struct process *p)
{
	struct ns *ns = ns_of_process(p, NS_TIME);
	int64_t ahead[TIME_NS_CLOCKS];

	if (!ns)
		return;
	time_ns_get(ns, ahead);
	ns_put(ns);
	for (unsigned int i = 0; i < TIME_NS_CLOCKS; i++) {
		int64_t seconds, rest;

		time_split(ahead[i], &seconds, &rest);
		seq_printf(s, "%-10s %10lld %9lld\n", clocks[i].name, (long long)seconds, (long long)rest);
	}
}

static ssize_t offsets_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct seq s = { 0 };
	ssize_t n;

	offsets_show(&s, proc_node_process(f->inode));
	n = s.failed ? -ENOMEM : buffer_read(s.text, s.used, to, pos);
	seq_free(&s);
	return n;
}

static const char *skip_spaces(const char *at)
{
	while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
		at++;
	return at;
}

/* Decimal digits, all there are; saturates below the sign of 64 bits. NULL: there is none. */
static const char *number_take(const char *at, int64_t *value)
{
	at = skip_spaces(at);
	if (*at < '0' || *at > '9')
		return NULL;
	for (*value = 0; *at >= '0' && *at <= '9'; at++)
		*value = *value > (INT64_MAX - 9) / 10 ? INT64_MAX - 9 : *value * 10 + (*at - '0');
	return at;
}

static const char *clock_take(const char *at, enum time_ns_clock *clock)
{
	size_t n = 0;

	at = skip_spaces(at);
	while (n < WORD_MAX && at[n] && skip_spaces(at + n) == at + n)
		n++;
	for (unsigned int i = 0; i < TIME_NS_CLOCKS; i++)
		if ((n == 1 && *at == clocks[i].number) || (n == strlen(clocks[i].name) && !memcmp(at, clocks[i].name, n))) {
			*clock = i;
			return at + n;
		}
	return NULL;
}

/* "clock seconds nanoseconds"; what comes after that is nobody's, as on Linux. */
static int line_parse(const char *at, struct time_offset *o)
{
	bool negative;
	int64_t ns;

	at = clock_take(at, &o->clock);
	if (!at)
		return -EINVAL;
	at = skip_spaces(at);
	negative = *at == '-';
	if (negative && (at[1] < '0' || at[1] > '9'))
		return -EINVAL;
	at = number_take(at + negative, &o->seconds);
	if (!at || !number_take(at, &ns) || ns >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	o->seconds = negative ? -o->seconds : o->seconds;
	o->ns = (uint64_t)ns;
	return 0;
}

/* Of at most two lines; *@taken: bytes of them. How many, or -EINVAL. */
static int text_parse(char *text, struct time_offset *offsets, size_t *taken)
{
	char *line = text, *end;
	unsigned int nr = 0;
	int err;

	do {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		err = line_parse(line, &offsets[nr++]);
		if (err)
			return err;
		line = end;
	} while (line && *line && nr < TIME_NS_CLOCKS);
	if (line && *line)
		*taken = (size_t)(line - text);
	return (int)nr;
}

static ssize_t offsets_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct time_offset offsets[TIME_NS_CLOCKS];
	size_t taken = from->left;
	char *text = proc_text_get(from, *pos);
	struct ns *ns;
	int nr, err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	nr = text_parse(text, offsets, &taken);
	kfree(text);
	if (nr < 0)
		return nr;
	ns = ns_of_process(proc_node_process(f->inode), NS_TIME);
	if (!ns)
		return -ESRCH;
	err = time_ns_set(ns, offsets, (unsigned int)nr, f->priv);
	ns_put(ns);
	return err ? err : (ssize_t)taken;
}

const struct file_ops proc_timens_offsets_ops = {
	.read = offsets_read, .write = offsets_write, .seek = seek_plain, .open = offsets_open, .release = offsets_release,
};
