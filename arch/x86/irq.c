// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts by vector and by line. A vector has one handler; a line of an IOAPIC has one vector and any number of handlers, and stays
 * masked while one of them says so. A line that nobody claims is masked for a while. irq_lock guards both tables; handlers run without.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/irq.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include "cpu/cpu.h"

#define ACTIONS_MAX		128
#define LINES_MAX		128
#define UNCLAIMED_MAX		100000u
#define UNCLAIMED_PAUSE_NS	(100 * NSEC_PER_MSEC)
#define MSI_ADDRESS		0xfee00000ull

struct vector {
	void (*fn)(void *arg);
	void *arg;
	const char *name;
	uint64_t count;
	uint32_t running;	/* CPUs inside fn */
};

struct action {
	enum irq_line_result (*fn)(void *arg);
	void *arg;
	const char *name;
	struct irq_line *line;	/* NULL: free */
	uint32_t holds;		/* LINE_KEEP_MASKED not yet undone */
};

struct irq_line {
	unsigned int gsi, users;	/* users 0: free */
	int vector;
	bool level, active_low, paused, dying;
	uint32_t holds, unclaimed;
	struct timer pause;
};

static struct vector vectors[256];
static struct action actions[ACTIONS_MAX];
static struct irq_line lines[LINES_MAX];
static struct spinlock irq_lock = SPINLOCK_INIT("irq");

void irq_dispatch(struct regs *r)
{
	struct cpu *cpu = this_cpu();
	struct vector *v = &vectors[r->vector & 0xff];
	void (*fn)(void *arg);

	cpu->nr_interrupts++;
	if (r->vector == VECTOR_SPURIOUS || r->vector - VECTOR_LEGACY < ISA_IRQS)
		return;
	cpu->irq_depth++;
	cpu->preempt_count++;
	__atomic_fetch_add(&v->running, 1, __ATOMIC_SEQ_CST);
	fn = READ_ONCE(v->fn);
	if (!v->count++ && !fn)
		log_warn("irq: vector %u has no handler", (unsigned int)r->vector);
	if (fn)
		fn(v->arg);
	__atomic_fetch_sub(&v->running, 1, __ATOMIC_SEQ_CST);
	apic_eoi();
	cpu->preempt_count--;
	cpu->irq_depth--;
}

void irq_vector_set(unsigned int vector, void (*fn)(void *arg), void *arg, const char *name)
{
	vectors[vector].arg = arg;
	vectors[vector].name = name;
	__atomic_store_n(&vectors[vector].fn, fn, __ATOMIC_RELEASE);
}

int irq_vector_alloc(void (*fn)(void *arg), void *arg, const char *name)
{
	uint64_t flags = spin_lock_irq(&irq_lock);
	unsigned int i;

	for (i = VECTOR_FIRST; i <= VECTOR_LAST && vectors[i].fn; i++)
		;
	if (i <= VECTOR_LAST) {
		vectors[i].count = 0;
		irq_vector_set(i, fn, arg, name);
	}
	spin_unlock_irq(&irq_lock, flags);
	return i <= VECTOR_LAST ? (int)i : -ENOSPC;
}

void irq_vector_free(int vector)
{
	struct vector *v = &vectors[vector & 0xff];
	uint64_t flags = spin_lock_irq(&irq_lock);

	__atomic_store_n(&v->fn, NULL, __ATOMIC_SEQ_CST);
	v->name = NULL;
	spin_unlock_irq(&irq_lock, flags);
	while (__atomic_load_n(&v->running, __ATOMIC_SEQ_CST))
		cpu_relax();
}

void irq_msi_message(int vector, unsigned int cpu, uint64_t *address, uint32_t *data)
{
	*address = MSI_ADDRESS | (uint64_t)(cpus[cpu % CPUS_MAX].apic_id & 0xff) << 12;
	*data = (uint32_t)vector & 0xff;
}

/* Open the line when nothing keeps it closed. irq_lock held. */
static void line_update(struct irq_line *l)
{
	ioapic_mask(l->gsi, !l->users || l->holds || l->paused);
}

static void line_pause_over(struct timer *t)
{
	struct irq_line *l = container_of(t, struct irq_line, pause);
	uint64_t flags = spin_lock_irq(&irq_lock);

	l->paused = false;
	line_update(l);
	spin_unlock_irq(&irq_lock, flags);
}

/* irq_lock held. */
static void line_unclaimed(struct irq_line *l)
{
	if (++l->unclaimed < UNCLAIMED_MAX)
		return;
	l->unclaimed = 0;
	l->paused = true;
	line_update(l);
	timer_arm(&l->pause, time_now() + UNCLAIMED_PAUSE_NS);
	log_warn("irq: nobody claims line %u; masked for 100 ms", l->gsi);
}

/* Ask one handler; true when the interrupt was its own. */
static bool action_run(struct irq_line *l, struct action *a)
{
	enum irq_line_result result = a->fn(a->arg);
	uint64_t flags;

	if (result == LINE_KEEP_MASKED && l->level) {
		flags = spin_lock_irq(&irq_lock);
		a->holds++;
		l->holds++;
		line_update(l);
		spin_unlock_irq(&irq_lock, flags);
	}
	return result != LINE_NOT_MINE;
}

static void line_interrupt(void *arg)
{
	struct irq_line *l = arg;
	bool claimed = false;
	uint64_t flags;
	unsigned int i;

	for (i = 0; i < ACTIONS_MAX; i++)
		if (__atomic_load_n(&actions[i].line, __ATOMIC_ACQUIRE) == l)
			claimed |= action_run(l, &actions[i]);
	if (claimed) {
		l->unclaimed = 0;
		return;
	}
	flags = spin_lock_irq(&irq_lock);
	line_unclaimed(l);
	spin_unlock_irq(&irq_lock, flags);
}

/* The line's record, made when nobody uses it yet; NULL: table full or used in another way. irq_lock held. */
static struct irq_line *line_get(unsigned int gsi, bool level, bool active_low, int vector)
{
	struct irq_line *free = NULL;
	unsigned int i;

	for (i = 0; i < LINES_MAX; i++) {
		struct irq_line *l = &lines[i];

		if (!l->users)
			free = free ? free : l;
		else if (l->gsi == gsi)
			return l->level == level && l->active_low == active_low && !l->dying ? l : NULL;
	}
	if (!free || ioapic_route(gsi, (uint8_t)vector, level, active_low))
		return NULL;
	*free = (struct irq_line){ .gsi = gsi, .vector = vector, .level = level, .active_low = active_low };
	timer_init(&free->pause, line_pause_over);
	vectors[vector].arg = free;
	return free;
}

/* irq_lock held. */
static int action_add(struct irq_line *l, enum irq_line_result (*fn)(void *arg), void *arg, const char *name)
{
	unsigned int i;

	for (i = 0; i < ACTIONS_MAX && actions[i].line; i++)
		;
	if (i == ACTIONS_MAX)
		return -ENOSPC;
	actions[i] = (struct action){ .fn = fn, .arg = arg, .name = name };
	__atomic_store_n(&actions[i].line, l, __ATOMIC_RELEASE);
	l->users++;
	line_update(l);
	return (int)i + 1;
}

static void line_nothing(void *arg)
{
}

int irq_line_request(unsigned int gsi, bool level, bool active_low, enum irq_line_result (*fn)(void *arg), void *arg, const char *name)
{
	int vector, cookie = -EBUSY;
	struct irq_line *l;
	uint64_t flags;

	if (gsi >= ioapic_lines())
		return -ENODEV;
	vector = irq_vector_alloc(line_nothing, NULL, "line");
	if (vector < 0)
		return vector;
	flags = spin_lock_irq(&irq_lock);
	l = line_get(gsi, level, active_low, vector);
	if (l) {
		cookie = action_add(l, fn, arg, name);
		if (l->vector == vector && cookie > 0)
			__atomic_store_n(&vectors[vector].fn, line_interrupt, __ATOMIC_RELEASE);
	}
	spin_unlock_irq(&irq_lock, flags);
	if (cookie < 0 || l->vector != vector)
		irq_vector_free(vector);	/* the line has one already, or there is none */
	return cookie;
}

static struct action *action_of(int cookie)
{
	return cookie > 0 && cookie <= ACTIONS_MAX && actions[cookie - 1].line ? &actions[cookie - 1] : NULL;
}

void irq_line_free(int cookie)
{
	uint64_t flags = spin_lock_irq(&irq_lock);
	struct action *a = action_of(cookie);
	struct irq_line *l = a ? a->line : NULL;
	uint32_t *running = NULL;
	bool last = false;

	if (a) {
		__atomic_store_n(&a->line, NULL, __ATOMIC_SEQ_CST);
		running = &vectors[l->vector].running;
		l->holds -= a->holds;
		last = l->users == 1;
		if (last) {
			l->dying = true;
			ioapic_mask(l->gsi, true);
		} else {
			l->users--;
			line_update(l);
		}
	}
	spin_unlock_irq(&irq_lock, flags);
	while (running && __atomic_load_n(running, __ATOMIC_SEQ_CST))
		cpu_relax();
	if (!last)
		return;
	timer_disarm(&l->pause);
	irq_vector_free(l->vector);
	__atomic_store_n(&l->users, 0, __ATOMIC_RELEASE);
}

void irq_line_unmask(int cookie)
{
	uint64_t flags = spin_lock_irq(&irq_lock);
	struct action *a = action_of(cookie);

	if (a && a->holds) {
		a->holds--;
		a->line->holds--;
		line_update(a->line);
	}
	spin_unlock_irq(&irq_lock, flags);
}

void irq_isa_to_gsi(unsigned int isa, unsigned int *gsi, bool *level, bool *active_low)
{
	isa %= ISA_IRQS;
	*gsi = machine_info.isa[isa].gsi;
	*level = machine_info.isa[isa].level;
	*active_low = machine_info.isa[isa].active_low;
}

static void line_for_each(const struct irq_line *l, void (*fn)(void *, const char *, unsigned int, const char *, uint64_t), void *arg)
{
	unsigned int i;

	for (i = 0; i < ACTIONS_MAX; i++)
		if (actions[i].line == l)
			fn(arg, l->level ? "level" : "edge", l->gsi, actions[i].name, vectors[l->vector].count);
}

void irq_for_each(void (*fn)(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count), void *arg)
{
	unsigned int i;

	for (i = 0; i < LINES_MAX; i++)
		if (lines[i].users)
			line_for_each(&lines[i], fn, arg);
	for (i = 0; i < 256; i++)
		if (vectors[i].fn && vectors[i].fn != line_interrupt)
			fn(arg, i == VECTOR_TIMER ? "cpu" : "msi", i, vectors[i].name, vectors[i].count);
}

void irq_init(void)
{
	if (apic_init())
		boot_fail("the local APIC cannot be mapped");
	if (ioapic_init())
		log_warn("irq: no IOAPIC: devices have no interrupt lines");
}
