// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/ferry/profile: what PROFILE_SCOPE() measured, by driver and name, since the last "reset" was written to it. The category "profile" of
 * /proc/ferry/trace/categories switches it on. A fixed table, so that a driver process which makes up scopes fills nothing but its own
 * FERRY_TRACE_SITES_MAX rows of it; what finds no room is counted. table_lock guards it, interrupts off.
 */
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/trace.h>

#define ROWS		512u

struct row {
	bool used;
	uint32_t device;	/* 0: linked in */
	unsigned int site;
	char name[PROFILE_NAME_MAX], file[PROFILE_NAME_MAX];
	uint64_t count, total_ns, max_ns;
};

static struct spinlock table_lock = SPINLOCK_INIT("profile");
static struct row table[ROWS];	/* rows in use come first */
static uint64_t no_room;

/* table_lock held. NULL: there is no room. */
static struct row *row_of(uint32_t device, unsigned int site)
{
	struct row *r;

	if (site >= FERRY_TRACE_SITES_MAX)
		return NULL;
	for (r = table; r < table + ROWS && r->used; r++)
		if (r->device == device && r->site == site)
			return r;
	if (r == table + ROWS)
		return NULL;
	*r = (struct row){ .used = true, .device = device, .site = site };
	return r;
}

void profile_account(uint32_t device, unsigned int site, time_ns_t end, uint64_t ns)
{
	uint64_t flags = spin_lock_irq(&table_lock);
	struct row *r = row_of(device, site);

	if (r) {
		r->count++;
		r->total_ns += ns;
		r->max_ns = MAX(r->max_ns, ns);
	} else {
		no_room++;
	}
	spin_unlock_irq(&table_lock, flags);
	trace_emit_at(end, FERRY_POINT_SCOPE, 0, (uint64_t)device << 32 | site, ns);
}

static void text_take(char *to, const char *text, size_t length)
{
	size_t n = 0;

	for (; n < length && n < PROFILE_NAME_MAX - 1 && text[n]; n++)
		to[n] = text[n] > ' ' && text[n] <= '~' ? text[n] : '_';
	to[n] = '\0';
}

/* What comes behind the last slash. */
static const char *base_of(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

void profile_name(uint32_t device, unsigned int site, const char *file, const char *text, size_t length)
{
	uint64_t flags = spin_lock_irq(&table_lock);
	struct row *r = row_of(device, site);

	if (r && !r->name[0]) {
		text_take(r->name, text, length);
		text_take(r->file, base_of(file), PROFILE_NAME_MAX);
	}
	spin_unlock_irq(&table_lock, flags);
}

bool profile_site_name(unsigned int index, struct ferry_trace_name *name)
{
	uint64_t flags = spin_lock_irq(&table_lock);
	const struct row *r = &table[index % ROWS];

	memset(name, 0, sizeof(*name));
	name->kind = r->used ? FERRY_TRACE_NAME_SCOPE : 0;
	name->a = r->device;
	name->b = r->site;
	str_copy(name->text, r->name, sizeof(name->text));
	spin_unlock_irq(&table_lock, flags);
	return index < ROWS;
}

static void row_show(struct seq *s, const struct row *r)
{
	struct device *dev = r->device ? device_find_id(r->device) : NULL;

	seq_printf(s, "%-14s %-16s %-16s %llu %llu %llu %llu\n", dev ? dev->name : r->device ? "gone" : "-",
		   dev ? dev->driver_name : r->device ? "?" : r->file, r->name[0] ? r->name : "?", (unsigned long long)r->count,
		   (unsigned long long)r->total_ns, (unsigned long long)(r->count ? r->total_ns / r->count : 0),
		   (unsigned long long)r->max_ns);
	if (dev)
		device_put(dev);
}

static void profile_show(struct seq *s, void *priv)
{
	seq_puts(s, "DEVICE         DRIVER           SCOPE            COUNT TOTAL_NS MEAN_NS MAX_NS\n");
	for (unsigned int i = 0; i < ROWS; i++) {
		uint64_t flags = spin_lock_irq(&table_lock);
		struct row r = table[i];

		spin_unlock_irq(&table_lock, flags);
		if (!r.used)
			break;
		row_show(s, &r);
	}
	if (no_room)
		seq_printf(s, "# %llu found no room\n", (unsigned long long)no_room);
}

static int profile_write(void *priv, char *text)
{
	uint64_t flags;

	if (strcmp(text, "reset"))
		return -EINVAL;
	flags = spin_lock_irq(&table_lock);
	for (unsigned int i = 0; i < ROWS; i++)
		table[i].count = table[i].total_ns = table[i].max_ns = 0;
	no_room = 0;
	spin_unlock_irq(&table_lock, flags);
	return 0;
}

static int profile_init(void)
{
	return proc_create_rw("ferry/profile", 0600, profile_show, profile_write, NULL);
}
INITCALL("4class", profile_init);
