// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/ferry/driver_time, root's: for each device how often its driver was called and for how long (kernel/driver_time.h), since boot, while
 * the file was open. What looking at the clock costs itself is measured when the first opens it, and left out. Each strand counts for itself,
 * under its lock; a reader sees numbers that were true at different moments. Nothing from before counts: what a strand noted when it was
 * entered is older than @since unless it was noted in this round.
 */
#include <fs/node.h>
#include <kernel/driver_time.h>
#include <kernel/init.h>
#include <kernel/time.h>

#define CALIBRATIONS	64u

static struct mutex holders_lock = MUTEX_INIT(holders_lock, "driver time");
static unsigned int holders;
static time_ns_t since;		/* counting began */
static time_ns_t own_ns;	/* between both looks at the clock when nothing lies between them */

TRACE_SAVES_ALL void driver_time_enter(struct strand *s)
{
	s->entered = time_now();
}

TRACE_SAVES_ALL void driver_time_leave(struct strand *s)
{
	time_ns_t now = time_now(), own = READ_ONCE(own_ns);

	if (s->entered < READ_ONCE(since) || now < s->entered)
		return;
	s->driver_calls++;
	s->driver_ns += now - s->entered > own ? now - s->entered - own : 0;
}

/* The least of many: what interrupts take is not the clock's. */
static void calibrate(void)
{
	struct strand s = { .number = 0 };
	time_ns_t least = TIME_FOREVER;

	WRITE_ONCE(own_ns, 0);
	for (unsigned int i = 0; i < CALIBRATIONS; i++) {
		s.driver_ns = 0;
		TRACE_CALL(driver_time_enter, &s, 0, 0, 0);
		TRACE_CALL(driver_time_leave, &s, 0, 0, 0);
		least = MIN(least, s.driver_ns);
	}
	WRITE_ONCE(own_ns, least);
}

static void held(bool open)
{
	mutex_lock(&holders_lock);
	if (open && !holders++) {
		calibrate();
		WRITE_ONCE(since, time_now());
		trace_time_set(true);
	} else if (!open && !--holders) {
		trace_time_set(false);
	}
	mutex_unlock(&holders_lock);
}

static bool device_line(struct device *dev, void *arg)
{
	uint64_t calls = 0, ns = 0;

	for (unsigned int i = 0; i < DEVICE_STRANDS_MAX; i++) {
		calls += READ_ONCE(dev->strands[i].driver_calls);
		ns += READ_ONCE(dev->strands[i].driver_ns);
	}
	if (dev->driver_name[0])
		seq_printf(arg, "%-14s %llu %llu\n", dev->name, (unsigned long long)calls, (unsigned long long)ns);
	return true;
}

static void driver_time_show(struct seq *s, void *priv)
{
	seq_puts(s, "DEVICE         CALLS NS\n");
	device_for_each(device_line, s);
}

static int driver_time_init(void)
{
	return proc_create_held("ferry/driver_time", 0400, driver_time_show, held);
}
INITCALL("4class", driver_time_init);
