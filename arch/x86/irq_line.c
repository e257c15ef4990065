// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt lines (GSIs of the IOAPICs), each with one vector and any number of handlers, asked in turn. A level-triggered line stays
 * masked while a handler says so; a line that nobody claims is masked for a while. line_lock guards the tables; handlers run without it.
 */
#include <asm/apic.h>
#include <asm/irq.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/time.h>

#define ACTIONS_MAX		128
#define LINES_MAX		128
#define UNCLAIMED_MAX		100000u
#define UNCLAIMED_PAUSE_NS	(100 * NSEC_PER_MSEC)

struct action {
	enum irq_line_result (*fn)(void *arg);
	void *arg;
	const char *name;
	struct irq_line *line;	/* NULL: free */
	uint32_t holds;		/* LINE_KEEP_MASKED not yet undone */
	uint32_t early;		/* undone on another CPU before it was noted */
};

struct irq_line {
	unsigned int gsi, users;	/* users 0: free */
	int vector;
	bool level, active_low;
	bool paused;			/* for nobody claimed it */
	bool dying;			/* its last handler leaves */
	uint32_t holds, unclaimed;
	struct timer pause;
};

static struct action actions[ACTIONS_MAX];
static unsigned int nr_actions;		/* the ones ever used; only grows */
static struct irq_line lines[LINES_MAX];
static struct spinlock line_lock = SPINLOCK_INIT("irq lines");

/* Open the line when nothing keeps it closed. line_lock held. */
static void line_update(struct irq_line *l)
{
	ioapic_mask(l->gsi, l->dying || l->holds || l->paused);
}

static void line_pause_over(struct timer *t)
{
	struct irq_line *l = container_of(t, struct irq_line, pause);
	uint64_t flags = spin_lock_irq(&line_lock);

	l->paused = false;
	line_update(l);
	spin_unlock_irq(&line_lock, flags);
}

/* line_lock held. */
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
	enum irq_line_result (*fn)(void *arg) = __atomic_load_n(&a->fn, __ATOMIC_SEQ_CST);
	enum irq_line_result result;
	uint64_t flags;

	if (!fn)
		return false;
	result = fn(a->arg);
	if (result == LINE_KEEP_MASKED && l->level) {
		flags = spin_lock_irq(&line_lock);
		if (a->early) {
			a->early--;
		} else {
			a->holds++;
			l->holds++;
		}
		line_update(l);
		spin_unlock_irq(&line_lock, flags);
	}
	return result != LINE_NOT_MINE;
}

static void line_interrupt(void *arg)
{
	struct irq_line *l = arg;
	bool claimed = false;
	uint64_t flags;
	unsigned int i;

	for (i = 0; i < nr_actions; i++)
		if (__atomic_load_n(&actions[i].line, __ATOMIC_ACQUIRE) == l)
			claimed |= action_run(l, &actions[i]);
	if (claimed) {
		l->unclaimed = 0;
		return;
	}
	flags = spin_lock_irq(&line_lock);
	line_unclaimed(l);
	spin_unlock_irq(&line_lock, flags);
}

/* The line's record, made when nobody uses it yet; NULL: table full or used in another way. line_lock held. */
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
	irq_vector_set(vector, line_interrupt, free, NULL);
	return free;
}

/* line_lock held. */
static int action_add(struct irq_line *l, enum irq_line_result (*fn)(void *arg), void *arg, const char *name)
{
	unsigned int i;

	for (i = 0; i < ACTIONS_MAX && actions[i].line; i++)
		;
	if (i == ACTIONS_MAX)
		return -ENOSPC;
	actions[i] = (struct action){ .fn = fn, .arg = arg, .name = name };
	__atomic_store_n(&actions[i].line, l, __ATOMIC_RELEASE);
	nr_actions = MAX(nr_actions, i + 1);
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
	vector = irq_vector_alloc(line_nothing, NULL, NULL);
	if (vector < 0)
		return vector;
	flags = spin_lock_irq(&line_lock);
	l = line_get(gsi, level, active_low, vector);
	if (l)
		cookie = action_add(l, fn, arg, name);
	spin_unlock_irq(&line_lock, flags);
	if (!l || !l->users || l->vector != vector)
		irq_vector_free(vector);	/* the line has one already, or there is none */
	return cookie;
}

static struct action *action_of(int cookie)
{
	return cookie > 0 && cookie <= ACTIONS_MAX && actions[cookie - 1].fn ? &actions[cookie - 1] : NULL;
}

/* The handler is gone from every CPU: give its record back. True when the line has no other. line_lock held. */
static bool action_remove(struct action *a)
{
	struct irq_line *l = a->line;

	l->holds -= a->holds;
	a->line = NULL;
	l->dying = l->users == 1;
	if (!l->dying)
		l->users--;
	line_update(l);
	return l->dying;
}

void irq_line_free(int cookie)
{
	uint64_t flags = spin_lock_irq(&line_lock);
	struct action *a = action_of(cookie);
	struct irq_line *l = a ? a->line : NULL;
	bool last;

	if (a)
		__atomic_store_n(&a->fn, NULL, __ATOMIC_SEQ_CST);
	spin_unlock_irq(&line_lock, flags);
	if (!l)
		return;
	irq_vector_drain(l->vector);
	flags = spin_lock_irq(&line_lock);
	last = action_remove(a);
	spin_unlock_irq(&line_lock, flags);
	if (!last)
		return;
	timer_disarm(&l->pause);
	irq_vector_free(l->vector);
	__atomic_store_n(&l->users, 0, __ATOMIC_RELEASE);
}

void irq_line_unmask(int cookie)
{
	uint64_t flags = spin_lock_irq(&line_lock);
	struct action *a = action_of(cookie);

	if (a && a->holds) {
		a->holds--;
		a->line->holds--;
		line_update(a->line);
	} else if (a && a->line->level) {
		a->early++;
	}
	spin_unlock_irq(&line_lock, flags);
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
			fn(arg, l->level ? "level" : "edge", l->gsi, actions[i].name, irq_vector_count(l->vector));
}

void irq_line_for_each(void (*fn)(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count), void *arg)
{
	unsigned int i;

	for (i = 0; i < LINES_MAX; i++)
		if (lines[i].users)
			line_for_each(&lines[i], fn, arg);
}
