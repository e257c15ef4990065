// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/ferry/planted lists the planted bugs; a name written to it runs that one, in a thread that may not survive it, and returns when
 * the thread has ended. The log has a line before and after.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include "planted.h"

#define LIMIT_NS	(30 * NSEC_PER_SEC)

extern const struct planted *const __start_planted_bugs[], *const __stop_planted_bugs[];

uint64_t planted_keep(uint64_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

void planted_fail(uint32_t nth)
{
	debug_fail_set(nth);
}

void planted_forget(void)
{
	volatile uint64_t room[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(room); i++)
		room[i] = 0;
}

static void thread_main(void *arg)
{
	const struct planted *bug = arg;

	bug->run();
	planted_forget();
}

static int run(const struct planted *bug)
{
	time_ns_t limit = time_now() + LIMIT_NS;
	struct thread *t = thread_create("planted", thread_main, (void *)bug, SCHED_FAIR);
	bool dead = false;

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	log_info("planted: %s begins", bug->name);
	thread_get(t);
	thread_start(t);
	while (!dead && time_now() < limit) {
		(void)sleep_until(time_now() + NSEC_PER_MSEC, false);
		dead = READ_ONCE(t->state) == THREAD_DEAD;
	}
	log_info("planted: %s %s", bug->name, dead ? "ended" : "hangs");
	thread_put(t);
	return dead ? 0 : -ETIMEDOUT;
}

static void list_show(struct seq *s, void *priv)
{
	for (const struct planted *const *bug = __start_planted_bugs; bug < __stop_planted_bugs; bug++)
		seq_printf(s, "%s\n", (*bug)->name);
}

static int run_write(void *priv, char *text)
{
	int err = -ENOENT;

	for (const struct planted *const *bug = __start_planted_bugs; bug < __stop_planted_bugs; bug++)
		if (!strcmp((*bug)->name, text))
			err = run(*bug);
	return err;
}

static int planted_init(void)
{
	return proc_create_rw("ferry/planted", 0600, list_show, run_write, NULL);
}
INITCALL("6late", planted_init);
