// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver that died leaves behind, in /var/crash: driverN.report (cause, registers, backtrace as addresses, the last operations, the
 * log's last lines about the device) and driverN.core (kernel/core_dump.c) unless it was killed from outside. There are SLOTS of them, a device
 * keeps its own, and the oldest goes first. Names of functions are put in by "drvctl report", which has the driver's file.
 *
 * Runs in the process's last thread, after the device was handed on, as an ordinary thread: no successor waits for it. What lies in the
 * process's memory is read with copy_from_user() and believed no further. report_lock guards the slots and the text.
 */
#include <fs/vfs.h>
#include <kernel/core_dump.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fs.h>
#include <uapi/ferry/trace.h>
#include "moved.h"

#define DIRECTORY	"/var/crash"
#define SLOTS		8u
#define TEXT_MAX	8192u
#define CORE_MAX	(4ull << 20)
#define FRAMES_MAX	32u
#define LOG_FRAMES	12u
#define MESSAGES_MAX	10u
#define LOG_BYTES	8192u
#define PAUSE_NS	NSEC_PER_SEC		/* a driver that dies again and again writes one a second */
#define OUTSIDE_PAUSE_NS (10 * NSEC_PER_SEC)	/* ... and when it is killed on purpose, one in ten */

struct report_slot {
	char device[32];
	time_ns_t when;		/* 0: free */
};

struct text {
	char *to;
	size_t n;
};

static struct mutex report_lock = MUTEX_INIT(report_lock, "crash report");
static struct report_slot slots[SLOTS];

static void __printf(2, 3) add(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->n += (size_t)format_args(t->to + t->n, TEXT_MAX - t->n, fmt, args);
	va_end(args);
	t->n = MIN(t->n, (size_t)TEXT_MAX - 1);
}

/* ---- The parts of a report ---- */

/* Where the program begins: with the file's own number for that, its place. */
static uint64_t entry_address(void)
{
	const uint64_t *auxv = current_process->auxv;

	for (unsigned int i = 0; i + 1 < ARRAY_SIZE(current_process->auxv) && auxv[i]; i += 2)
		if (auxv[i] == LINUX_AT_ENTRY)
			return auxv[i + 1];
	return 0;
}

static void add_head(struct text *t, const struct crash *c)
{
	time_ns_t now = time_now();

	add(t, "driver      %s\ndevice      %s\npid         %d\ngeneration  %llu\nentry       0x%llx\n", c->driver, c->device, c->pid,
	    (unsigned long long)c->generation, (unsigned long long)entry_address());
	add(t, "time        %llu.%06llu\ncause       %s\n", (unsigned long long)(now / NSEC_PER_SEC),
	    (unsigned long long)(now % NSEC_PER_SEC / NSEC_PER_USEC), c->cause);
}

static void add_registers(struct text *t, const struct regs *r)
{
#define V(x)	((unsigned long long)(x))
	add(t, "\nregisters\n");
	add(t, "  rip %016llx  rsp %016llx  rflags %08llx\n", V(r->rip), V(r->rsp), V(r->rflags));
	add(t, "  rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n", V(r->rax), V(r->rbx), V(r->rcx), V(r->rdx));
	add(t, "  rsi %016llx  rdi %016llx  rbp %016llx  r8  %016llx\n", V(r->rsi), V(r->rdi), V(r->rbp), V(r->r8));
	add(t, "  r9  %016llx  r10 %016llx  r11 %016llx  r12 %016llx\n", V(r->r9), V(r->r10), V(r->r11), V(r->r12));
	add(t, "  r13 %016llx  r14 %016llx  r15 %016llx\n", V(r->r13), V(r->r14), V(r->r15));
#undef V
}

/* By frame pointers; a frame must lie above the one before. How many addresses. */
static unsigned int frames_collect(const struct regs *r, uint64_t *to)
{
	uint64_t rbp = r->rbp, frame[2];
	unsigned int n = 0;

	to[n++] = r->rip;
	while (n < FRAMES_MAX && rbp % 8 == 0 && !copy_from_user(frame, rbp, sizeof(frame)) && frame[1]) {
		to[n++] = frame[1] - 1;		/* the call, not what follows it */
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
	return n;
}

static void add_backtrace(struct text *t, const struct regs *r)
{
	uint64_t frames[FRAMES_MAX];
	unsigned int n = frames_collect(r, frames);

	add(t, "\nbacktrace\n");
	for (unsigned int i = 0; i < n; i++)
		add(t, "  #%u 0x%llx\n", i, (unsigned long long)frames[i]);
}

/* One line for the log, from which scripts/decode names the source lines. */
static void log_backtrace(const struct crash *c, const struct regs *r)
{
	char line[LOG_FRAMES * 17 + 1] = "";
	uint64_t frames[FRAMES_MAX];
	unsigned int n = MIN(frames_collect(r, frames), LOG_FRAMES);
	size_t at = 0;

	for (unsigned int i = 0; i < n; i++)
		at += (size_t)format_text(line + at, sizeof(line) - at, " %llx", (unsigned long long)frames[i]);
	log_info("device %s: driver %s crashed, entry %llx, at%s", c->device, c->driver, (unsigned long long)entry_address(), line);
}

static void add_operation(struct text *t, const struct ferry_trace_entry *e)
{
	static const struct {
		const char *name;
		bool negative;		/* value is 0 or -errno, or a count */
	} ops[FERRY_TRACE_OPS] = {
		[FERRY_TRACE_MMIO_READ] = { "mmio_read", false }, [FERRY_TRACE_MMIO_WRITE] = { "mmio_write", false },
		[FERRY_TRACE_MMIO_MAP] = { "mmio_map", false }, [FERRY_TRACE_PORT_MAP] = { "port_map", false },
		[FERRY_TRACE_IRQ_REQUEST] = { "irq_request", true }, [FERRY_TRACE_IRQ] = { "irq", false },
		[FERRY_TRACE_DMA_ALLOC] = { "dma_alloc", false }, [FERRY_TRACE_CONFIG_READ] = { "config_read", false },
		[FERRY_TRACE_CONFIG_WRITE] = { "config_write", false }, [FERRY_TRACE_REGISTER] = { "class_register", true },
		[FERRY_TRACE_SUBMIT] = { "submit", false }, [FERRY_TRACE_COMPLETE] = { "complete", true },
		[FERRY_TRACE_TIMER] = { "timer", false }, [FERRY_TRACE_FAULT] = { "device_fault", false },
		[FERRY_TRACE_PORT_READ] = { "port_read", false }, [FERRY_TRACE_PORT_WRITE] = { "port_write", false },
		[FERRY_TRACE_DMA_FREE] = { "dma_free", false }, [FERRY_TRACE_DMA_READ] = { "dma_read", false },
		[FERRY_TRACE_DMA_WRITE] = { "dma_write", false },
	};
	char size[8] = "";

	if (e->op >= FERRY_TRACE_OPS || !ops[e->op].name) {
		add(t, "  ? op=%u\n", e->op);
		return;
	}
	if (e->size && e->op != FERRY_TRACE_SUBMIT && e->op != FERRY_TRACE_COMPLETE)	/* there it is the queue */
		format_text(size, sizeof(size), "%u", e->size * 8u);
	if (ops[e->op].negative)
		add(t, "  %s%s %u = %lld\n", ops[e->op].name, size, e->where, (long long)e->value);
	else
		add(t, "  %s%s 0x%x = 0x%llx\n", ops[e->op].name, size, e->where, (unsigned long long)e->value);
}

static void add_operations(struct text *t, uint64_t address)
{
	struct ferry_trace *trace = address ? kzalloc(sizeof(*trace)) : NULL;
	uint32_t first, count;

	if (!trace || copy_from_user(trace, address, sizeof(*trace))) {
		add(t, "\noperations: none can be read\n");
		kfree(trace);
		return;
	}
	count = MIN(trace->next, FERRY_TRACE_ENTRIES);
	first = trace->next - count;
	add(t, "\noperations, the last %u of %u\n", count, trace->next);
	for (uint32_t i = 0; i < count; i++)
		add_operation(t, &trace->entries[(first + i) % FERRY_TRACE_ENTRIES]);
	kfree(trace);
}

/* Where the last @max lines that hold @word begin in @text, which is cut into lines. */
static void add_lines(struct text *t, char *text, const char *word, unsigned int max)
{
	char *lines[MESSAGES_MAX], *line = text, *end;
	unsigned int n = 0;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (strstr(line, word))
			lines[n++ % MESSAGES_MAX] = line;
	}
	for (unsigned int i = n > max ? n - max : 0; i < n; i++)
		add(t, "  %s\n", lines[i % MESSAGES_MAX]);
}

static void add_messages(struct text *t, const char *device, uint64_t log_end)
{
	uint64_t from = log_end > LOG_BYTES ? log_end - LOG_BYTES : 0;
	char *log = kzalloc(LOG_BYTES + 1);

	add(t, "\nmessages\n");
	if (!log)
		return;
	log[log_read(log, MIN(log_end - from, (uint64_t)LOG_BYTES), &from)] = '\0';
	add_lines(t, log, device, MESSAGES_MAX);
	kfree(log);
}

/* ---- Files ---- */

static struct file *file_create(const char *kind, unsigned int slot)
{
	char name[64];

	(void)path_make("/var", LINUX_S_IFDIR | 0755, 0, NULL);
	(void)path_make(DIRECTORY, LINUX_S_IFDIR | 0700, 0, NULL);
	format_text(name, sizeof(name), DIRECTORY "/driver%u.%s", slot, kind);
	return file_open(name, LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_TRUNC | LINUX_O_NOFOLLOW, 0600);
}

static ssize_t core_create(const struct crash *c, unsigned int slot)
{
	struct file *f = file_create("core", slot);
	ssize_t n = 0;

	if (IS_ERR(f))
		return PTR_ERR(f);
	if (!c->outside)
		n = core_write(f, c->sig, NULL, CORE_MAX);
	file_put(f);
	return n;
}

static void report_create(const struct crash *c, unsigned int slot, ssize_t core)
{
	struct text t = { .to = kzalloc(TEXT_MAX) };
	struct file *f = t.to ? file_create("report", slot) : ERR_PTR(-ENOMEM);

	if (IS_ERR(f)) {
		log_warn("device %s: no crash report: %d", c->device, (int)PTR_ERR(f));
		kfree(t.to);
		return;
	}
	add_head(&t, c);
	if (core > 0)
		add(&t, "core        " DIRECTORY "/driver%u.core %lld bytes\n", slot, (long long)core);
	else
		add(&t, "core        none%s\n", c->outside ? ": killed from outside" : "");
	add_registers(&t, current->user_regs);
	add_backtrace(&t, current->user_regs);
	add_operations(&t, c->trace);
	add_messages(&t, c->device, c->log_end);
	if (file_write_kernel(f, t.to, t.n, 0) != (ssize_t)t.n)
		log_warn("device %s: the crash report is cut off", c->device);
	file_put(f);
	kfree(t.to);
}

/* The device's own slot, else a free one, else the oldest. SLOTS: it wrote one just now. report_lock held. */
static unsigned int slot_take(const struct crash *c)
{
	time_ns_t now = time_now(), pause = c->outside ? OUTSIDE_PAUSE_NS : PAUSE_NS;
	unsigned int best = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		if (slots[i].when && !strcmp(slots[i].device, c->device)) {
			if (now - slots[i].when < pause)
				return SLOTS;
			best = i;
			break;
		}
		if (slots[i].when < slots[best].when)
			best = i;
	}
	str_copy(slots[best].device, c->device, sizeof(slots[best].device));
	slots[best].when = now;
	return best;
}

void crash_begin(struct crash *c, const struct moved *m, const struct process *p)
{
	const struct device *dev = m->dev;

	memset(c, 0, sizeof(*c));
	/* Nothing crashed when its device was taken away, or when the manager gave up one that never ran. */
	if (m->end_state != DRIVER_CRASHED || dev->state == DRIVER_UNBOUND || p != current_process)
		return;
	c->log_end = ~0ull;
	(void)log_read(NULL, 0, &c->log_end);
	c->sig = p->exit_status & 0x7f;
	c->pid = p->pid;
	c->outside = c->sig == LINUX_SIGKILL && dev->killed;
	c->generation = m->generation;
	c->trace = m->trace;
	str_copy(c->driver, dev->driver_name, sizeof(c->driver));
	str_copy(c->device, dev->name, sizeof(c->device));
	str_copy(c->cause, dev->fail_reason[0] ? dev->fail_reason : m->end_reason, sizeof(c->cause));
}

void crash_write(const struct crash *c)
{
	unsigned int slot;

	if (!c->device[0] || !current->user_regs)
		return;
	thread_set_class(current, SCHED_FAIR);
	mutex_lock(&report_lock);
	slot = slot_take(c);
	if (slot < SLOTS && !c->outside)
		log_backtrace(c, current->user_regs);
	if (slot < SLOTS)
		report_create(c, slot, core_create(c, slot));
	mutex_unlock(&report_lock);
}
