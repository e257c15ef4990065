// SPDX-License-Identifier: GPL-2.0
/*
 * What a check has found, in the log: one line that begins with "BUG:", a backtrace, what the check knows, "End of report". Lines have
 * the form of a panic's, so that scripts/decode puts file and line below each. Then the machine stops, or goes on with debug=continue
 * on the command line; then each place is reported once. One report at a time; a check inside one finds nothing.
 */
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/format.h>
#include "debug.h"

#define PLACES		1024u
#define REPORT_LINE_MAX	320
#define KEY_DEPTH	5u	/* callers that make a place */

unsigned int nr_reports;

static const struct cpu *reporter;
static uint64_t places[PLACES];		/* seen; written by the reporter */
static unsigned int nr_places;

static bool going_on(void)
{
	char value[16];

	return cmdline_get("debug", value, sizeof(value)) && !strcmp(value, "continue");
}

bool report_under_way(void)
{
	return READ_ONCE(reporter) && READ_ONCE(reporter) == this_cpu();
}

static void report_args(const char *head, const char *fmt, va_list args)
{
	char line[REPORT_LINE_MAX];
	size_t n = str_copy(line, head, sizeof(line));

	n += (size_t)format_args(line + n, sizeof(line) - n - 1, fmt, args);
	n = MIN(n, sizeof(line) - 2);
	line[n] = '\n';
	log_line(0, line, n + 1);
}

void report_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_args("", fmt, args);
	va_end(args);
}

static bool place_is_new(uint64_t place)
{
	for (unsigned int i = 0; i < nr_places; i++)
		if (places[i] == place)
			return false;
	if (nr_places == PLACES)
		return false;
	places[nr_places++] = place;
	return true;
}

uint64_t report_key(uint64_t rip, uint64_t rbp)
{
	uint64_t frames[KEY_DEPTH], key = rip;
	unsigned int nr = stack_walk(rbp, frames, KEY_DEPTH);

	while (nr--)
		key = (key ^ frames[nr]) * 1099511628211ull;
	return key;
}

/* Interrupts off. */
static bool reporter_take(void)
{
	const struct cpu *nobody = NULL;

	while (!__atomic_compare_exchange_n(&reporter, &nobody, this_cpu(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		if (nobody == this_cpu())
			return false;
		nobody = NULL;
		cpu_relax();
		smp_poll();
	}
	return true;
}

bool report_begin(struct report *r, uint64_t place, const char *fmt, ...)
{
	const struct thread *t;
	va_list args;

	r->flags = irq_save();
	if (!reporter_take()) {
		irq_restore(r->flags);
		return false;
	}
	if (!place_is_new(place)) {
		__atomic_store_n(&reporter, NULL, __ATOMIC_RELEASE);
		irq_restore(r->flags);
		return false;
	}
	nr_reports++;
	va_start(args, fmt);
	report_args("BUG: ", fmt, args);
	va_end(args);
	t = current;
	report_line("CPU %u, thread %d \"%s\", process %d \"%s\", preempt_count %u, irq_depth %u", this_cpu()->id, t ? t->tid : 0,
		    t ? t->name : "", t && t->process ? t->process->pid : 0, t && t->process ? t->process->name : "",
		    this_cpu()->preempt_count, this_cpu()->irq_depth);
	return true;
}

void report_frames(const char *title, const uint64_t *frames, unsigned int nr)
{
	const char *name;
	uint64_t offset;

	report_line("%s:", title);
	for (unsigned int i = 0; i < nr; i++) {
		if (symbol_lookup(frames[i], &name, &offset))
			report_line("  %016llx %s+0x%llx", (unsigned long long)frames[i], name, (unsigned long long)offset);
		else
			report_line("  %016llx ?", (unsigned long long)frames[i]);
	}
}

void report_end(struct report *r)
{
	report_line("End of report");
	if (!going_on())
		panic("a check of the kernel failed, see above");
	__atomic_store_n(&reporter, NULL, __ATOMIC_RELEASE);
	irq_restore(r->flags);
}

void report_simple(uint64_t rip, uint64_t rbp, const char *fmt, ...)
{
	struct report r;
	char text[200];
	va_list args;

	va_start(args, fmt);
	format_args(text, sizeof(text), fmt, args);
	va_end(args);
	if (!report_begin(&r, report_key(rip, rbp), "%s", text))
		return;
	backtrace_print(rip, rbp);
	report_end(&r);
}

/* A test's thread ends where it went wrong, and its kernel lives on. */
static void __noreturn thread_ends(void)
{
	irq_enable();
	thread_exit();
}

uint64_t debug_fault_resume(uint64_t rip, uint64_t rbp, const char *what, uint64_t address)
{
	const struct cpu *cpu = this_cpu();

	if (!going_on() || report_under_way() || !current || current->process || cpu->irq_depth || cpu->preempt_count ||
	    strncmp(current->name, "planted", 7))
		return 0;
	report_simple(rip, rbp, "%s at %016llx", what, (unsigned long long)address);
	return (uint64_t)thread_ends;
}
