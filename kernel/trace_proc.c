// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/ferry/trace, root's: categories (read: which are there, the active ones in brackets; write: names, "all", "none"), status (events
 * and losses of each CPU), data (uapi/ferry/tracepoint.h: what scripts/trace reads) and text (the newest events, merged). The word trace=
 * on the kernel's command line names categories too.
 */
#include <driver/driver.h>
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/syscall.h>
#include <kernel/trace.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>

#define NAMES_MAX	2048u
#define TEXT_EVENTS	1024u	/* of each CPU at most */

static const char *const categories[] = { "syscall", "class", "driver", "ring", "interrupt", "sched", "profile" };

/* ---- categories, status ---- */

static void categories_show(struct seq *s, void *priv)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(categories); i++)
		seq_printf(s, READ_ONCE(trace_mask) & 1u << i ? "[%s]\n" : "%s\n", categories[i]);
}

static bool word_is(const char *word, size_t length, const char *name)
{
	return strlen(name) == length && !strncmp(word, name, length);
}

static int category_of(const char *word, size_t length, uint32_t *mask)
{
	if (word_is(word, length, "all"))
		*mask = FERRY_TRACE_ALL;
	else if (word_is(word, length, "none"))
		*mask = 0;
	else
		for (unsigned int i = 0; i < ARRAY_SIZE(categories); i++) {
			if (!word_is(word, length, categories[i]))
				continue;
			*mask |= 1u << i;
			return 0;
		}
	return word_is(word, length, "all") || word_is(word, length, "none") ? 0 : -EINVAL;
}

/* Names with spaces, commas or line ends between. Nothing changes on -EINVAL. */
static int categories_parse(const char *text, uint32_t *mask)
{
	*mask = 0;
	while (*text) {
		size_t n = 0;
		int err;

		while (text[n] && !strchr(" ,\n", text[n]))
			n++;
		err = n ? category_of(text, n, mask) : 0;
		if (err)
			return err;
		text += n + (text[n] != '\0');
	}
	return 0;
}

static int categories_write(void *priv, char *text)
{
	uint32_t mask;
	int err = categories_parse(text, &mask);

	return err ? err : trace_set(mask);
}

static void status_show(struct seq *s, void *priv)
{
	uint64_t recorded, lost;

	seq_puts(s, "CPU RECORDED LOST CAPACITY\n");
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		trace_counts(cpu, &recorded, &lost);
		seq_printf(s, "%u %llu %llu %u\n", cpu, (unsigned long long)recorded, (unsigned long long)lost, trace_capacity());
	}
}

/* ---- text ---- */

static const char *const points[FERRY_POINT_DRIVER] = {
	[FERRY_POINT_SYSCALL_ENTER] = "syscall_enter", [FERRY_POINT_SYSCALL_EXIT] = "syscall_exit", [FERRY_POINT_IO] = "io",
	[FERRY_POINT_ISSUE] = "issue", [FERRY_POINT_COMPLETE] = "complete", [FERRY_POINT_END] = "end",
	[FERRY_POINT_RING_BELL] = "ring_bell", [FERRY_POINT_RING_TOLD] = "ring_told",
	[FERRY_POINT_RING_DRAIN] = "ring_drain", [FERRY_POINT_IRQ_ENTER] = "irq_enter", [FERRY_POINT_IRQ_EXIT] = "irq_exit",
	[FERRY_POINT_DEVICE_IRQ] = "device_irq", [FERRY_POINT_SWITCH] = "switch", [FERRY_POINT_WAKE] = "wake", [FERRY_POINT_SCOPE] = "scope",
	[FERRY_POINT_JOIN] = "join",
};
static const char *const operations[FERRY_TRACE_OPS] = {
	[FERRY_TRACE_MMIO_READ] = "mmio_read", [FERRY_TRACE_MMIO_WRITE] = "mmio_write", [FERRY_TRACE_MMIO_MAP] = "mmio_map",
	[FERRY_TRACE_PORT_MAP] = "port_map", [FERRY_TRACE_IRQ_REQUEST] = "irq_request", [FERRY_TRACE_IRQ] = "irq",
	[FERRY_TRACE_DMA_ALLOC] = "dma_alloc", [FERRY_TRACE_CONFIG_READ] = "config_read", [FERRY_TRACE_CONFIG_WRITE] = "config_write",
	[FERRY_TRACE_REGISTER] = "class_register", [FERRY_TRACE_SUBMIT] = "submit", [FERRY_TRACE_COMPLETE] = "complete",
	[FERRY_TRACE_TIMER] = "timer", [FERRY_TRACE_FAULT] = "device_fault",
	[FERRY_TRACE_PORT_READ] = "port_read", [FERRY_TRACE_PORT_WRITE] = "port_write",
	[FERRY_TRACE_DMA_FREE] = "dma_free", [FERRY_TRACE_DMA_READ] = "dma_read", [FERRY_TRACE_DMA_WRITE] = "dma_write",
};

static void event_line(struct seq *s, const struct ferry_point_event *e)
{
	unsigned int op = e->point - FERRY_POINT_DRIVER;
	const char *name = e->point < FERRY_POINT_DRIVER ? points[e->point] : op < FERRY_TRACE_OPS ? operations[op] : NULL;

	seq_printf(s, "%llu.%09llu cpu=%u thread=%u %s%s id=%llx value=%llx size=%u\n", (unsigned long long)(e->when / NSEC_PER_SEC),
		   (unsigned long long)(e->when % NSEC_PER_SEC), e->cpu, e->thread, e->point < FERRY_POINT_DRIVER ? "" : "driver_",
		   name ? name : "?", (unsigned long long)e->id, (unsigned long long)e->value, e->size);
}

struct merge {
	struct trace_cursor cursor;
	struct ferry_point_event heads[CPUS_MAX];
	bool any[CPUS_MAX];
};

/* The CPU whose next event is the oldest; nr_cpus: none has one. */
static unsigned int merge_oldest(const struct merge *m)
{
	unsigned int oldest = nr_cpus;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		if (m->any[cpu] && (oldest == nr_cpus || m->heads[cpu].when < m->heads[oldest].when))
			oldest = cpu;
	return oldest;
}

static void text_show(struct seq *s, void *priv)
{
	struct merge *m = kzalloc(sizeof(*m));
	unsigned int cpu, lines = TEXT_EVENTS * nr_cpus;
	uint64_t recorded, lost;

	if (!m)
		return;
	trace_cursor_init(&m->cursor);
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		trace_counts(cpu, &recorded, &lost);
		m->cursor.at[cpu] += recorded > TEXT_EVENTS ? recorded - TEXT_EVENTS : 0;
		m->any[cpu] = trace_next(&m->cursor, cpu, &m->heads[cpu]);
	}
	/* Bounded: events may come faster than they are read. */
	while (lines-- && (cpu = merge_oldest(m)) < nr_cpus) {
		event_line(s, &m->heads[cpu]);
		m->any[cpu] = trace_next(&m->cursor, cpu, &m->heads[cpu]);
	}
	kfree(m);
}

/* ---- data ---- */

struct reader {
	struct mutex lock;		/* guards the rest: two threads may share the file */
	struct trace_cursor cursor;
	unsigned int cpu;
	uint64_t left;			/* of this CPU's, so that a reader comes to an end */
	size_t head_bytes, head_read;
	uint8_t *head;			/* header and names; NULL: not made yet */
};

struct head {
	struct ferry_trace_header *header;
	struct ferry_trace_name *names;
};

static struct ferry_trace_name *name_next(struct head *h)
{
	return h->header->nr_names < NAMES_MAX ? &h->names[h->header->nr_names++] : NULL;
}

static bool device_name_add(struct device *dev, void *arg)
{
	struct ferry_trace_name *name = name_next(arg);

	if (!name)
		return false;
	*name = (struct ferry_trace_name){ .kind = FERRY_TRACE_NAME_DEVICE, .a = dev->id, .b = dev->placement };
	format_text(name->text, sizeof(name->text), "%s %s", dev->name, dev->driver_name);
	return true;
}

static void syscall_names_add(struct head *h)
{
	for (uint64_t nr = 0; nr < NR_FERRY_FIRST + NR_FERRY_COUNT; nr++) {
		const char *text = syscall_name(nr);
		struct ferry_trace_name *name = *text != '?' ? name_next(h) : NULL;

		if (!name)
			continue;
		*name = (struct ferry_trace_name){ .kind = FERRY_TRACE_NAME_SYSCALL, .a = (uint32_t)nr };
		str_copy(name->text, text, sizeof(name->text));
	}
}

static void text_make_clean(struct ferry_trace_name *name)
{
	name->text[sizeof(name->text) - 1] = '\0';
	for (char *c = name->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void names_add(struct head *h, bool (*next)(unsigned int index, struct ferry_trace_name *name))
{
	struct ferry_trace_name name;

	for (unsigned int i = 0; next(i, &name); i++) {
		struct ferry_trace_name *to = name.kind ? name_next(h) : NULL;

		if (!to)
			continue;
		*to = name;
		text_make_clean(to);
	}
}

static int head_make(struct reader *r)
{
	struct head h = { .header = kzalloc(sizeof(*h.header) + NAMES_MAX * sizeof(*h.names)) };
	uint64_t recorded, lost;

	if (!h.header)
		return -ENOMEM;
	h.names = (struct ferry_trace_name *)(h.header + 1);
	*h.header = (struct ferry_trace_header){ .magic = FERRY_TRACE_MAGIC, .bytes = sizeof(*h.header), .name_bytes = sizeof(*h.names),
						 .nr_cpus = nr_cpus, .event_bytes = sizeof(struct ferry_point_event) };
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		trace_counts(cpu, &recorded, &lost);
		h.header->lost += lost;
	}
	device_for_each(device_name_add, &h);
	syscall_names_add(&h);
	names_add(&h, trace_thread_name);
	names_add(&h, profile_site_name);
	r->head_bytes = sizeof(*h.header) + h.header->nr_names * sizeof(*h.names);
	r->head = (uint8_t *)h.header;
	return 0;
}

/* The next event of any CPU; each CPU's end is where it was when its turn came. */
static bool reader_event(struct reader *r, struct ferry_point_event *e)
{
	uint64_t recorded, lost;

	for (; r->cpu < nr_cpus; r->cpu++, r->left = 0) {
		if (!r->left) {
			trace_counts(r->cpu, &recorded, &lost);
			r->left = MIN(recorded, (uint64_t)trace_capacity()) + 1;
		}
		if (--r->left && trace_next(&r->cursor, r->cpu, e))
			return true;
	}
	return false;
}

/* r->lock held. */
static ssize_t reader_read(struct reader *r, struct iter *to)
{
	struct ferry_point_event e;
	ssize_t done = 0, n;

	if (!r->head && head_make(r))
		return -ENOMEM;
	if (r->head_read < r->head_bytes) {
		done = iter_put(to, r->head + r->head_read, MIN(r->head_bytes - r->head_read, to->left));
		if (done > 0)
			r->head_read += (size_t)done;
	}
	/* Whole events only. */
	while (done >= 0 && r->head_read == r->head_bytes && to->left >= sizeof(e) && reader_event(r, &e)) {
		n = iter_put(to, &e, sizeof(e));
		if (n != (ssize_t)sizeof(e))
			return done ? done : -EFAULT;
		done += n;
	}
	return done;
}

static ssize_t data_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct reader *r = f->priv;
	ssize_t n;

	mutex_lock(&r->lock);
	n = reader_read(r, to);
	mutex_unlock(&r->lock);
	return n;
}

static int data_open(struct inode *inode, struct file *f)
{
	struct reader *r = kzalloc(sizeof(*r));

	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, "trace reader");
	trace_cursor_init(&r->cursor);
	f->priv = r;
	return 0;
}

static void data_release(struct file *f)
{
	struct reader *r = f->priv;

	if (r)
		kfree(r->head);
	kfree(r);
}

static const struct file_ops data_ops = { .read = data_read, .open = data_open, .release = data_release };

static int trace_init(void)
{
	int err = proc_create_rw("ferry/trace/categories", 0600, categories_show, categories_write, NULL);
	char text[64];
	uint32_t mask;

	if (!err)
		err = proc_create("ferry/trace/status", 0400, status_show, NULL);
	if (!err)
		err = proc_create("ferry/trace/text", 0400, text_show, NULL);
	if (!err)
		err = proc_create_file("ferry/trace/data", 0400, &data_ops);
	if (err || !cmdline_get("trace", text, sizeof(text)))
		return err;
	err = categories_parse(text, &mask);
	if (err)
		log_warn("trace=%s: no such category", text);
	return err ? 0 : trace_set(mask);
}
INITCALL("4class", trace_init);
