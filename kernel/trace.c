// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints that are on (kernel/trace.h): a circle of events for each CPU, written with interrupts off by that CPU alone, so without a
 * lock. A reader copies an event and then looks whether the writer has come round to it meanwhile. trace_lock guards switching on and off;
 * buffers, once there, stay.
 */
#include <asm/cpu.h>
#include <driver/log.h>
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <kernel/trace.h>
#include <lib/format.h>
#include <mm/page.h>

#define BUFFER_ORDER	8u	/* 1 MiB a CPU */
#define EVENTS		((PAGE_SIZE << BUFFER_ORDER) / sizeof(struct ferry_point_event))
#define THREADS		512u	/* names kept: a later thread takes the place of one with the same number modulo this */

struct trace_buffer {
	struct ferry_point_event *events;	/* NULL: not yet */
	uint64_t next;				/* counts up; its CPU's */
	uint64_t first;				/* where this session began */
};

struct trace_thread {
	pid_t tid, pid;
	char name[32];
};

uint32_t trace_mask __hot_data;
static struct mutex trace_lock = MUTEX_INIT(trace_lock, "trace");
static struct trace_buffer buffers[CPUS_MAX];
static struct trace_thread threads[THREADS];	/* written by any CPU: a reader may see a name half changed, and cleans it */
static uint64_t numbers;

_Static_assert(!(EVENTS & (EVENTS - 1)), "a power of two");
_Static_assert(sizeof(((struct trace_cursor *)0)->at) / sizeof(uint64_t) == CPUS_MAX, "a cursor has a place for each CPU");

/* ---- Writing ---- */

static void event_put(struct trace_buffer *b, const struct ferry_point_event *e)
{
	b->events[b->next % EVENTS] = *e;
	__atomic_store_n(&b->next, b->next + 1, __ATOMIC_RELEASE);
}

static void thread_note(const struct thread *t)
{
	struct trace_thread *to = &threads[(uint32_t)t->tid % THREADS];

	if (to->tid == t->tid && !strcmp(to->name, t->name))
		return;
	to->tid = t->tid;
	to->pid = t->process ? t->process->pid : 0;
	str_copy(to->name, t->name, sizeof(to->name));
}

void trace_emit_at(time_ns_t when, unsigned int point, unsigned int size, uint64_t id, uint64_t value)
{
	struct ferry_point_event e = { .when = when, .point = (uint16_t)point, .size = (uint8_t)size, .id = id, .value = value };
	uint64_t flags = irq_save();
	struct trace_buffer *b = &buffers[this_cpu()->id];

	e.cpu = (uint8_t)this_cpu()->id;
	e.thread = (uint32_t)current->tid;
	if (likely(b->events)) {
		thread_note(current);
		event_put(b, &e);
	}
	irq_restore(flags);
}

TRACE_SAVES_ALL void trace_emit(unsigned int point, unsigned int size, uint64_t id, uint64_t value)
{
	trace_emit_at(time_now(), point, size, id, value);
}

TRACE_SAVES_ALL void trace_switch(const struct thread *prev, const struct thread *next)
{
	trace_emit(FERRY_POINT_SWITCH, 0, (uint32_t)next->tid, prev->state == THREAD_READY || prev->state == THREAD_RUNNING);
}

uint64_t trace_number(void)
{
	return __atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED);
}

TRACE_SAVES_ALL void trace_driver(const struct device *dev, uint32_t what, uint32_t where, uint64_t value)
{
	if (dev->placement != PLACED_MOVED)
		trace_emit(FERRY_POINT_DRIVER + (what & 0xffff), what >> 16, (uint64_t)dev->id << 32 | where, value);
}

/* ---- On and off ---- */

static int buffers_alloc(void)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct trace_buffer *b = &buffers[cpu];
		struct page *page;

		if (b->events)
			continue;
		page = frame_alloc(BUFFER_ORDER, FRAME_ZERO, PAGE_KERNEL);
		if (!page)
			return -ENOMEM;
		__atomic_store_n(&b->events, page_addr(page), __ATOMIC_RELEASE);
	}
	return 0;
}

int trace_set(uint32_t categories)
{
	int err = 0;

	mutex_lock(&trace_lock);
	if (categories && !(trace_mask & FERRY_TRACE_ALL)) {
		err = buffers_alloc();
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			WRITE_ONCE(buffers[cpu].first, __atomic_load_n(&buffers[cpu].next, __ATOMIC_ACQUIRE));
	}
	if (!err) {
		__atomic_store_n(&trace_mask, (categories & FERRY_TRACE_ALL) | (trace_mask & TRACE_TIME), __ATOMIC_SEQ_CST);
		syscall_trace(categories & FERRY_TRACE_SYSCALL);
	}
	mutex_unlock(&trace_lock);
	return err;
}

void trace_time_set(bool on)
{
	mutex_lock(&trace_lock);
	__atomic_store_n(&trace_mask, (trace_mask & ~TRACE_TIME) | (on ? TRACE_TIME : 0), __ATOMIC_SEQ_CST);
	mutex_unlock(&trace_lock);
}

/* ---- Reading ---- */

unsigned int trace_capacity(void)
{
	return EVENTS;
}

void trace_counts(unsigned int cpu, uint64_t *recorded, uint64_t *lost)
{
	const struct trace_buffer *b = &buffers[cpu];

	*recorded = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE) - READ_ONCE(b->first);
	*lost = *recorded > EVENTS ? *recorded - EVENTS : 0;
}

void trace_cursor_init(struct trace_cursor *c)
{
	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++)
		c->at[cpu] = READ_ONCE(buffers[cpu].first);
}

bool trace_next(struct trace_cursor *c, unsigned int cpu, struct ferry_point_event *e)
{
	const struct trace_buffer *b = &buffers[cpu];
	uint64_t next = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE);

	while (b->events && c->at[cpu] < next) {
		if (next - c->at[cpu] > EVENTS)
			c->at[cpu] = next - EVENTS;
		*e = *(volatile struct ferry_point_event *)&b->events[c->at[cpu] % EVENTS];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		next = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE);
		/* From EVENTS behind on the writer may be at it now. */
		if (next - c->at[cpu]++ < EVENTS)
			return true;
	}
	return false;
}

bool trace_thread_name(unsigned int index, struct ferry_trace_name *name)
{
	const struct trace_thread *t = &threads[index % THREADS];

	memset(name, 0, sizeof(*name));
	name->kind = t->name[0] ? FERRY_TRACE_NAME_THREAD : 0;
	name->a = (uint32_t)t->tid;
	name->b = (uint32_t)t->pid;
	memcpy(name->text, t->name, sizeof(t->name) - 1);
	return index < THREADS;
}
