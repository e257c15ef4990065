// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: end a driver process after an exact number of its own instructions, counted from its next request on. "DEVICE COUNT" written to
 * /proc/ferry/step_kill arms it, once. The driver is single-stepped (trap flag) from its return with the request; the kernel's work for
 * it is not counted. step_lock guards everything.
 */
#include <asm/cpu.h>
#include <asm/debug.h>
#include <asm/msr.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <uapi/ferry/linux.h>
#include "moved.h"

#define COUNT_MAX	1000000u

static struct spinlock step_lock = SPINLOCK_INIT("step kill");
static char armed_device[32];
static uint32_t armed_count;		/* 0: not armed */
static const struct thread *victim;	/* being stepped; only compared */
static uint32_t left;
static uint64_t kills, steps;

static void step_begin(struct moved *m)
{
	uint64_t flags;

	if (!READ_ONCE(armed_count))
		return;
	flags = spin_lock_irq(&step_lock);
	if (armed_count && !victim && !strcmp(armed_device, m->dev->name)) {
		victim = current;
		left = armed_count;
		armed_count = 0;
		arch_step_begin(current);
	}
	spin_unlock_irq(&step_lock, flags);
}

/* True: this step was ours. */
static bool step_trap(struct regs *r)
{
	uint64_t flags = spin_lock_irq(&step_lock);
	bool mine = victim == current, last = false;

	if (mine) {
		steps++;
		last = !--left;
	}
	if (last) {
		victim = NULL;
		kills++;
	}
	spin_unlock_irq(&step_lock, flags);
	if (!last)
		return mine;
	r->rflags &= ~RFLAGS_TF;
	irq_enable();
	process_kill(current_process, LINUX_SIGKILL);
	irq_disable();
	return true;
}

static void step_forget(struct moved *m)
{
	uint64_t flags = spin_lock_irq(&step_lock);

	if (victim == m->thread)
		victim = NULL;
	spin_unlock_irq(&step_lock, flags);
}

/* ---- /proc/ferry/step_kill ---- */

static void step_show(struct seq *s, void *priv)
{
	seq_printf(s, "armed %u\nstepping %u\nkills %llu\nsteps %llu\n", READ_ONCE(armed_count), READ_ONCE(victim) ? READ_ONCE(left) : 0,
		   (unsigned long long)kills, (unsigned long long)steps);
}

static int step_write(void *priv, char *text)
{
	char *space = strchr(text, ' ');
	unsigned long long count;
	uint64_t flags;

	if (!space || space == text || (size_t)(space - text) >= sizeof(armed_device))
		return -EINVAL;
	if (parse_u64(space + 1, 10, 0, &count) || !count || count > COUNT_MAX)
		return -EINVAL;
	*space = '\0';
	flags = spin_lock_irq(&step_lock);
	str_copy(armed_device, text, sizeof(armed_device));
	armed_count = (uint32_t)count;
	spin_unlock_irq(&step_lock, flags);
	return 0;
}

static int step_init(void)
{
	moved_told = step_begin;
	moved_leaves = step_forget;
	arch_step_trap = step_trap;
	return proc_create_rw("ferry/step_kill", 0600, step_show, step_write, NULL);
}
INITCALL("4class", step_init);
