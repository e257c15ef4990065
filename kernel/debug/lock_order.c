// SPDX-License-Identifier: GPL-2.0
/*
 * Lock order. Locks of one name and kind are a class. Whoever takes a lock while holding others adds an edge from each of their classes
 * to its own; an edge that closes a circle could end in a deadlock, even if it never did. So could a class that interrupts wait for and
 * that is held with interrupts on, directly or through edges. Two locks of one class must always be nested in the same order of
 * addresses, but for those of a few classes (has_graph()). A spinlock is noted with its CPU, a mutex with its thread. The graph has a
 * lock of its own; run queues (kernel/run_queue.h) are not looked at. Also here: sleeping where that cannot be, locks given back by others
 * or never, locks in freed memory.
 */
#include <asm/smp.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <lib/format.h>
#include "debug.h"

#define CLASSES_MAX	512u
#define EDGES_MAX	4096u		/* a power of two */
#define SPINS_MAX	16u
#define WORDS		(CLASSES_MAX / 64)

struct lock_class {
	const char *name;
	bool mutex;
	bool told;			/* that interrupts wait for it, or for what is taken under it */
	uint32_t in_irq, irqs_on;	/* the backtrace of the first time it was waited for in an interrupt, held with them on */
	uint32_t up, down;		/* of two nested by rising, by falling addresses */
	uint64_t after[WORDS];		/* classes taken while one of this is held */
};

struct edge {
	uint32_t key;			/* from * CLASSES_MAX + to + 1; 0: free */
	uint32_t stack;
};

struct held_spin {
	const struct spinlock *lock;
	uint64_t place;
	uint32_t irq_depth;
};

static struct {
	uint32_t nr;
	struct held_spin spins[SPINS_MAX];
} held[CPUS_MAX];			/* each CPU's own */

static uint32_t graph_locked;
/* Guarded by it. */
static struct lock_class classes[CLASSES_MAX];
static uint32_t nr_classes;
static struct edge edges[EDGES_MAX];
static bool full;

static uint64_t graph_lock(void)
{
	uint64_t flags = irq_save();

	while (__atomic_exchange_n(&graph_locked, 1, __ATOMIC_ACQUIRE)) {
		cpu_relax();
		smp_poll();
	}
	return flags;
}

static void graph_unlock(uint64_t flags)
{
	__atomic_store_n(&graph_locked, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* CLASSES_MAX: no name, or no room. */
static uint32_t class_of(const char *name, bool mutex)
{
	uint32_t nr = __atomic_load_n(&nr_classes, __ATOMIC_ACQUIRE);

	if (!name)
		return CLASSES_MAX;
	for (uint32_t i = 0; i < nr; i++)
		if (classes[i].name == name && classes[i].mutex == mutex)
			return i;
	if (nr == CLASSES_MAX)
		return CLASSES_MAX;
	classes[nr].name = name;
	classes[nr].mutex = mutex;
	__atomic_store_n(&nr_classes, nr + 1, __ATOMIC_RELEASE);
	return nr;
}

static struct edge *edge_place(uint32_t from, uint32_t to)
{
	uint32_t key = from * CLASSES_MAX + to + 1, at = key * 2654435761u % EDGES_MAX;

	for (uint32_t tries = 0; tries < EDGES_MAX; tries++, at = (at + 1) % EDGES_MAX)
		if (!edges[at].key || edges[at].key == key)
			return &edges[at];
	full = true;
	return NULL;
}

static bool is_after(uint32_t from, uint32_t to)
{
	return classes[from].after[to / 64] >> to % 64 & 1;
}

/*
 * What can be reached from @from, itself among it, as bits in @seen; @via[c] is the class before c on a way there. Breadth first.
 */
static void reach(uint32_t from, uint64_t *seen, uint16_t *via)
{
	static uint16_t queue[CLASSES_MAX];	/* guarded by the graph's lock */
	uint32_t head = 0, tail = 0;

	memset(seen, 0, WORDS * sizeof(*seen));
	seen[from / 64] |= 1ull << from % 64;
	queue[tail++] = (uint16_t)from;
	while (head < tail) {
		uint32_t at = queue[head++];

		for (uint32_t c = 0; c < nr_classes; c++)
			if (is_after(at, c) && !(seen[c / 64] >> c % 64 & 1)) {
				seen[c / 64] |= 1ull << c % 64;
				via[c] = (uint16_t)at;
				queue[tail++] = (uint16_t)c;
			}
	}
}

static const char *class_name(uint32_t class)
{
	return classes[class].name;
}

static void print_stack(const char *title, uint32_t stack)
{
	const uint64_t *frames;
	unsigned int nr = stack_get(stack, &frames);

	if (nr)
		report_frames(title, frames, nr);
}

static void print_edge(uint32_t from, uint32_t to)
{
	const struct edge *e = edge_place(from, to);

	report_line("\"%s\" was taken under \"%s\" before:", class_name(to), class_name(from));
	print_stack("There", e ? e->stack : 0);
}

/* ---- What to report is found under the graph's lock and said without it ---- */

enum trouble { NOTHING, CIRCLE, IN_AND_OUT, TWO_ORDERS };

struct finding {
	enum trouble trouble;
	uint32_t from, to;
	uint16_t via[CLASSES_MAX];
};

static struct finding finding;		/* guarded by finding_taken */
static uint32_t finding_taken;

static void print_way(uint32_t from, uint32_t to)
{
	for (uint32_t hops = 0; to != from && hops < CLASSES_MAX; hops++) {
		print_edge(finding.via[to], to);
		to = finding.via[to];
	}
}

static void finding_print(uint64_t rip, uint64_t rbp)
{
	static const char *const texts[] = {
		[CIRCLE] = "locks in a circle: \"%s\" is taken under \"%s\"",
		[IN_AND_OUT] = "interrupts wait for \"%s\", and \"%s\" is held with interrupts on",
		[TWO_ORDERS] = "two locks \"%s\", \"%s\" are nested in both orders",
	};
	uint32_t from = finding.from, to = finding.to;
	struct report r;
	bool circle = finding.trouble == CIRCLE;
	char text[160];

	format_text(text, sizeof(text), texts[finding.trouble], class_name(circle ? to : from), class_name(circle ? from : to));
	if (!report_begin(&r, report_key(rip, rbp), "%s", text))
		return;
	backtrace_print(rip, rbp);
	if (circle) {
		print_way(to, from);
	} else if (finding.trouble == IN_AND_OUT) {
		print_stack("In an interrupt", classes[from].in_irq);
		print_way(from, to);
		print_stack("With interrupts on", classes[to].irqs_on);
	} else {
		print_stack("Rising", classes[from].up);
		print_stack("Falling", classes[from].down);
	}
	report_end(&r);
}

/* graph locked */
static void find(enum trouble trouble, uint32_t from, uint32_t to)
{
	if (finding.trouble)
		return;
	finding.trouble = trouble;
	finding.from = from;
	finding.to = to;
}

/* Something is new: does an interrupt wait, through any edges, for what is held with interrupts on? */
static void find_irq(void)
{
	uint64_t seen[WORDS];

	for (uint32_t from = 0; from < nr_classes && !finding.trouble; from++) {
		if (!classes[from].in_irq || classes[from].told)
			continue;
		reach(from, seen, finding.via);
		for (uint32_t to = 0; to < nr_classes; to++)
			if (seen[to / 64] >> to % 64 & 1 && classes[to].irqs_on && !classes[to].mutex) {
				find(IN_AND_OUT, from, to);
				classes[from].told = true;
				break;
			}
	}
}

static void edge_add(uint32_t from, uint32_t to, uint64_t rip, uint64_t rbp)
{
	struct edge *e = edge_place(from, to);
	uint64_t seen[WORDS];

	if (!e)
		return;
	reach(to, seen, finding.via);
	if (seen[from / 64] >> from % 64 & 1)
		find(CIRCLE, from, to);
	e->key = from * CLASSES_MAX + to + 1;
	e->stack = stack_save(rip, rbp);
	classes[from].after[to / 64] |= 1ull << to % 64;
	find_irq();
}

struct taking {
	const void *lock;
	uint32_t class;
	bool mutex, waits;
	uint64_t rip, rbp;
};

/* Are its locks nested along a graph that whoever changes it keeps free of circles? Then addresses say nothing. */
static bool has_graph(const struct lock_class *c)
{
	static const char *const names[] = { "epoll" };	/* files that watch one another: nesting_check() in fs/epoll.c */

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(c->name, names[i]))
			return true;
	return false;
}

static void same_class(const struct taking *t, const void *under)
{
	struct lock_class *c = &classes[t->class];
	uint32_t *seen = t->lock > under ? &c->up : &c->down;

	if (*seen || has_graph(c))
		return;
	*seen = stack_save(t->rip, t->rbp);
	if (c->up && c->down)
		find(TWO_ORDERS, t->class, t->class);
}

static void taken_under(const struct taking *t, const void *lock, const char *name, bool mutex)
{
	uint32_t from = class_of(name, mutex);

	if (from == CLASSES_MAX || t->lock == lock)
		return;
	if (from == t->class)
		same_class(t, lock);
	else if (!is_after(from, t->class))
		edge_add(from, t->class, t->rip, t->rbp);
}

static void note_interrupts(const struct taking *t, bool in_irq, bool irqs_on)
{
	struct lock_class *c = &classes[t->class];

	if (in_irq && t->waits && !c->in_irq) {
		c->in_irq = stack_save(t->rip, t->rbp);
		find_irq();
	}
	if (irqs_on && !c->irqs_on) {
		c->irqs_on = stack_save(t->rip, t->rbp);
		find_irq();
	}
}

/* All that follows from @t for the graph. Interrupts off or preemption off or, for a mutex, neither. */
static void graph_note(struct taking *t, const char *name)
{
	bool irqs_on = irqs_enabled();
	uint64_t flags = graph_lock();
	const struct cpu *cpu = this_cpu();
	bool found;

	t->class = class_of(name, t->mutex);
	if (t->class != CLASSES_MAX) {
		if (!t->mutex)
			note_interrupts(t, cpu->irq_depth, irqs_on && !cpu->irq_depth);
		for (uint32_t i = 0; t->waits && i < held[cpu->id].nr; i++)
			if (held[cpu->id].spins[i].irq_depth == cpu->irq_depth)
				taken_under(t, held[cpu->id].spins[i].lock, held[cpu->id].spins[i].lock->name, false);
		for (uint32_t i = 0; t->waits && current && !cpu->irq_depth && i < current->debug.nr_mutexes; i++)
			taken_under(t, current->debug.mutexes[i].mutex, current->debug.mutexes[i].mutex->lock.name, true);
	}
	found = finding.trouble && !__atomic_exchange_n(&finding_taken, 1, __ATOMIC_ACQUIRE);
	graph_unlock(flags);
	if (!found)
		return;
	finding_print(t->rip, t->rbp);
	finding.trouble = NOTHING;
	__atomic_store_n(&finding_taken, 0, __ATOMIC_RELEASE);
}

/* ---- Spinlocks ---- */

void debug_spin_locked(struct spinlock *lock, enum lock_how how)
{
	struct taking t = { .lock = lock, .waits = how == LOCK_WAITS, .rip = CALLER_RIP, .rbp = CALLER_RBP };
	uint64_t flags;
	uint32_t cpu;

	if (!shadow_ready() || report_under_way())
		return;
	graph_note(&t, lock->name);
	flags = irq_save();
	cpu = this_cpu()->id;
	if (held[cpu].nr < SPINS_MAX)
		held[cpu].spins[held[cpu].nr++] = (struct held_spin){ lock, t.rip, this_cpu()->irq_depth };
	irq_restore(flags);
}

static bool spin_forget(const struct spinlock *lock)
{
	uint64_t flags = irq_save();
	uint32_t cpu = this_cpu()->id, i = held[cpu].nr;
	bool found = i == SPINS_MAX;	/* some were not noted */

	while (i--)
		if (held[cpu].spins[i].lock == lock) {
			for (held[cpu].nr--; i < held[cpu].nr; i++)
				held[cpu].spins[i] = held[cpu].spins[i + 1];
			found = true;
			break;
		}
	irq_restore(flags);
	return found;
}

bool debug_spin_unlock(struct spinlock *lock)
{
	if (!shadow_ready() || report_under_way() || spin_forget(lock))
		return true;
	report_simple(CALLER_RIP, CALLER_RBP, "spinlock \"%s\" is given back by a CPU that does not hold it", lock->name ? lock->name : "?");
	return false;
}

/* ---- Mutexes ---- */

/* Who may wait may also be moved to another CPU, between any two instructions: the counts are this one's only with interrupts off. */
static bool may_wait(void)
{
	bool irqs_on = irqs_enabled();
	uint64_t flags = irq_save();
	bool may = irqs_on && !this_cpu()->preempt_count && !this_cpu()->irq_depth;

	irq_restore(flags);
	return may;
}

void debug_may_sleep(void)
{
	bool irqs_on = irqs_enabled();
	struct report r;
	uint32_t cpu;

	if (!shadow_ready() || !current || report_under_way() || may_wait())
		return;
	if (!report_begin(&r, report_key(CALLER_RIP, CALLER_RBP), "sleep where that is not possible: interrupts %s", irqs_on ? "on" : "off"))
		return;
	backtrace_print(CALLER_RIP, CALLER_RBP);
	cpu = this_cpu()->id;
	for (uint32_t i = held[cpu].nr; i--;) {
		report_line("spinlock \"%s\" is held since:", held[cpu].spins[i].lock->name);
		report_frames("There", &held[cpu].spins[i].place, 1);
	}
	report_end(&r);
}

void debug_mutex_lock(struct mutex *m)
{
	struct taking t = { .lock = m, .mutex = true, .waits = true, .rip = CALLER_RIP, .rbp = CALLER_RBP };

	if (!shadow_ready() || !current || report_under_way())
		return;
	if (!may_wait())
		report_simple(t.rip, t.rbp, "mutex \"%s\" is waited for where that is not possible", m->lock.name ? m->lock.name : "?");
	graph_note(&t, m->lock.name);
}

void debug_mutex_locked(struct mutex *m, enum lock_how how)
{
	struct thread_debug *d = current ? &current->debug : NULL;

	if (!d || !shadow_ready() || d->nr_mutexes >= DEBUG_MUTEXES_MAX)
		return;
	/* It counts when it is whole: a switch to another thread and back, which looks at what is held, may come in between. */
	d->mutexes[d->nr_mutexes] = (struct held_mutex){ m, stack_save(CALLER_RIP, CALLER_RBP) };
	barrier();
	d->nr_mutexes++;
}

bool debug_mutex_unlock(struct mutex *m)
{
	struct thread_debug *d = current ? &current->debug : NULL;
	uint32_t i = d ? d->nr_mutexes : 0;

	if (!d || !shadow_ready() || i == DEBUG_MUTEXES_MAX)
		return true;
	while (i--)
		if (d->mutexes[i].mutex == m) {
			for (d->nr_mutexes--; i < d->nr_mutexes; i++)
				d->mutexes[i] = d->mutexes[i + 1];
			return true;
		}
	report_simple(CALLER_RIP, CALLER_RBP, "mutex \"%s\" is given back by a thread that does not hold it", m->lock.name ? m->lock.name : "?");
	return false;
}

/* ---- Left behind ---- */

static void report_held(const char *kind, const char *name, const uint64_t *taken, unsigned int nr, const char *where)
{
	struct report r;

	if (!report_begin(&r, nr ? taken[0] + taken[nr - 1] : (uint64_t)name, "%s \"%s\" is still held %s", kind, name ? name : "?", where))
		return;
	report_frames("Taken", taken, nr);
	backtrace_print(CALLER_RIP, CALLER_RBP);
	report_end(&r);
}

void debug_nothing_held(const char *where)
{
	struct thread_debug *d = &current->debug;
	uint64_t flags = irq_save();
	struct cpu *cpu = this_cpu();

	if (unlikely(shadow_ready() && (d->nr_mutexes || held[cpu->id].nr || cpu->preempt_count))) {
		for (uint32_t i = 0; i < d->nr_mutexes; i++) {
			const uint64_t *taken;
			unsigned int nr = stack_get(d->mutexes[i].taken, &taken);

			report_held("mutex", d->mutexes[i].mutex->lock.name, taken, nr, where);
		}
		for (uint32_t i = 0; i < held[cpu->id].nr; i++)
			report_held("spinlock", held[cpu->id].spins[i].lock->name, &held[cpu->id].spins[i].place, 1, where);
		if (!held[cpu->id].nr && cpu->preempt_count)
			report_simple(CALLER_RIP, CALLER_RBP, "preemption is still off (%u) %s", cpu->preempt_count, where);
		d->nr_mutexes = 0;
		held[cpu->id].nr = 0;
		cpu->preempt_count = 0;
	}
	irq_restore(flags);
}

void debug_lock_freed(const void *p, size_t size)
{
	const struct thread_debug *d = current ? &current->debug : NULL;
	uint64_t flags = irq_save();
	uint32_t cpu = this_cpu()->id;

	for (uint32_t i = 0; i < held[cpu].nr; i++)
		if ((uint64_t)held[cpu].spins[i].lock - (uint64_t)p < size)
			report_simple(CALLER_RIP, CALLER_RBP, "memory with the spinlock \"%s\" is freed, which is held",
				      held[cpu].spins[i].lock->name);
	for (uint32_t i = 0; d && !this_cpu()->irq_depth && i < d->nr_mutexes; i++)
		if ((uint64_t)d->mutexes[i].mutex - (uint64_t)p < size)
			report_simple(CALLER_RIP, CALLER_RBP, "memory with the mutex \"%s\" is freed, which is held",
				      d->mutexes[i].mutex->lock.name);
	irq_restore(flags);
}
