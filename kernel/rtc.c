// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/rtc0, /proc/driver/rtc and /sys/class/rtc/rtc0: the machine's battery-backed clock, as rtc(4) has it. Its interrupts are made from the
 * kernel's timers, for where the HPET stands for the 8254 the clock's own line is taken: what happens on a second is looked for every 10 ms.
 */
#include <asm/rtc.h>
#include <fs/internal.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/privilege.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <lib/date.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_capability.h>
#include <uapi/ferry/linux_time.h>

#define MAJOR		248u
#define LOOK_NS		(10 * NSEC_PER_MSEC)	/* between two looks at a clock whose next second matters */
#define LOOK_SECONDS	60u			/* between two looks while the alarm is far: somebody else may set the clock */
#define FREQUENCY_MOST	8192u
#define FREQUENCY_USER	64u			/* for who has no CAP_SYS_RESOURCE */
#define DAY_SECONDS	86400u
#define COUNT_SHIFT	8			/* of what a read gives */

static struct mutex set_lock = MUTEX_INIT(set_lock, "rtc set");		/* held by who reads or sets the clock for a program */
static struct spinlock rtc_lock = SPINLOCK_INIT("rtc events");		/* guards what follows, but for the timers */
static uint64_t events;			/* what the next read gives */
static uint64_t alarm, last;		/* seconds since 1970: the alarm's, and what was seen last */
static bool alarm_on, updates_on, periodic_on;
static uint32_t frequency = 1;
static struct timer look_timer, periodic_timer;
static struct wait_queue changed = WAIT_QUEUE_INIT(changed, "rtc");
static bool is_open;

/* rtc_lock held. */
static void event_add(uint64_t kind, uint64_t n)
{
	events = (events + (n << COUNT_SHIFT)) | kind | LINUX_RTC_IRQF;
}

/* rtc_lock held. The next look; none when nothing is wanted. */
static void look_again(void)
{
	uint64_t wait = LOOK_NS;

	if (!updates_on && !alarm_on)
		return;
	if (!updates_on && alarm > last + 1)
		wait = MIN(alarm - last - 1, (uint64_t)LOOK_SECONDS) * NSEC_PER_SEC;
	timer_arm(&look_timer, time_now() + wait);
}

/* In the timer interrupt. */
static void look(struct timer *t)
{
	uint64_t flags = spin_lock_irq(&rtc_lock), now, before = events;

	if (!rtc_date_now(&now)) {
		if (updates_on && now != last)
			event_add(LINUX_RTC_UF, 1);
		if (alarm_on && now >= alarm) {
			event_add(LINUX_RTC_AF, 1);
			alarm_on = false;
		}
		last = now;
	}
	look_again();
	before ^= events;
	spin_unlock_irq(&rtc_lock, flags);
	if (before)
		wait_wake(&changed, LINUX_POLLIN | LINUX_POLLRDNORM);
}

/* In the timer interrupt. @t's deadline is kept, so that periods do not drift; those that were missed count. */
static void periodic(struct timer *t)
{
	uint64_t flags = spin_lock_irq(&rtc_lock), period = NSEC_PER_SEC / frequency, now = time_now(), n;
	bool on = periodic_on;

	if (on) {
		n = now > t->deadline ? (now - t->deadline) / period + 1 : 1;
		event_add(LINUX_RTC_PF, n);
		timer_arm(t, t->deadline + n * period);
	}
	spin_unlock_irq(&rtc_lock, flags);
	if (on)
		wait_wake(&changed, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static uint64_t events_take(void)
{
	uint64_t flags = spin_lock_irq(&rtc_lock), taken = events;

	events = 0;
	spin_unlock_irq(&rtc_lock, flags);
	return taken;
}

/* The number of interrupts since the last read, and their kinds: as a word of 64 bits, or of 32 for who asks for four bytes. */
static ssize_t rtc_read(struct file *f, struct iter *to, loff_t *pos)
{
	size_t size = to->left < sizeof(uint64_t) ? sizeof(uint32_t) : sizeof(uint64_t);
	uint64_t taken;
	int err;

	if (to->left != sizeof(uint32_t) && to->left < sizeof(uint64_t))
		return -EINVAL;
	taken = events_take();
	if (!taken && file_nowait(f, to))
		return -EAGAIN;
	if (!taken) {
		err = wait_event(&changed, (taken = events_take()), TIME_FOREVER, true);
		if (err)
			return err;
	}
	return iter_put(to, &taken, size) == (ssize_t)size ? (ssize_t)size : -EFAULT;
}

static uint32_t rtc_poll(struct file *f, struct poll_table *table)
{
	poll_wait(f, &changed, table);
	return READ_ONCE(events) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

/* 0 or -EIO. */
static int clock_read(uint64_t *seconds)
{
	mutex_lock(&set_lock);
	*seconds = rtc_date();
	mutex_unlock(&set_lock);
	return *seconds ? 0 : -EIO;
}

static struct linux_rtc_time time_from(uint64_t seconds)
{
	struct date d = date_from_seconds(seconds);

	return (struct linux_rtc_time){
		.tm_sec = (int)d.second, .tm_min = (int)d.minute, .tm_hour = (int)d.hour, .tm_mday = (int)d.day, .tm_mon = (int)d.month - 1,
		.tm_year = (int)d.year - 1900, .tm_wday = (int)d.weekday, .tm_yday = (int)d.yearday,
	};
}

/* -EINVAL: no such date. */
static int time_to_seconds(const struct linux_rtc_time *t, uint64_t *seconds)
{
	struct date d = { .second = (unsigned int)t->tm_sec, .minute = (unsigned int)t->tm_min, .hour = (unsigned int)t->tm_hour,
			  .day = (unsigned int)t->tm_mday, .month = (unsigned int)t->tm_mon + 1, .year = (unsigned int)t->tm_year + 1900 };

	if (!date_is_valid(&d))
		return -EINVAL;
	*seconds = date_to_seconds(&d);
	return 0;
}

static int64_t time_get(uint64_t to)
{
	struct linux_rtc_time t;
	uint64_t seconds;
	int err = clock_read(&seconds);

	if (err)
		return err;
	t = time_from(seconds);
	return copy_to_user(to, &t, sizeof(t));
}

static int64_t time_set(uint64_t from)
{
	struct linux_rtc_time t;
	uint64_t seconds;
	int err;

	if (!privileged(LINUX_CAP_SYS_TIME))
		return -EACCES;
	err = copy_from_user(&t, from, sizeof(t));
	if (!err)
		err = time_to_seconds(&t, &seconds);
	if (err)
		return err;
	mutex_lock(&set_lock);
	err = rtc_set_date(seconds);
	mutex_unlock(&set_lock);
	return err;
}

static void alarm_set(uint64_t seconds, bool on, uint64_t now)
{
	uint64_t flags = spin_lock_irq(&rtc_lock);

	alarm = seconds;
	alarm_on = on;
	last = now;
	look_again();
	spin_unlock_irq(&rtc_lock, flags);
}

/* The next time that a day's clock says so. The alarm is not on by that. */
static int64_t day_alarm_set(uint64_t from)
{
	struct linux_rtc_time t, today;
	uint64_t now, seconds;
	int err = copy_from_user(&t, from, sizeof(t));

	if (!err)
		err = clock_read(&now);
	if (err)
		return err;
	today = time_from(now);
	today.tm_hour = t.tm_hour;
	today.tm_min = t.tm_min;
	today.tm_sec = t.tm_sec;
	err = time_to_seconds(&today, &seconds);
	if (err)
		return err;
	alarm_set(seconds <= now ? seconds + DAY_SECONDS : seconds, false, now);
	return 0;
}

/* One that is over rings at once. */
static int64_t dated_alarm_set(uint64_t from)
{
	struct linux_rtc_wkalrm a;
	uint64_t now, seconds;
	int err = copy_from_user(&a, from, sizeof(a));

	if (!err)
		err = time_to_seconds(&a.time, &seconds);
	if (!err)
		err = clock_read(&now);
	if (err)
		return err;
	alarm_set(seconds, a.enabled, now);
	return 0;
}

static int64_t alarm_get(uint64_t to, bool dated)
{
	struct linux_rtc_wkalrm a = { .pending = false };
	uint64_t flags = spin_lock_irq(&rtc_lock);

	a.enabled = alarm_on;
	a.time = time_from(alarm);
	spin_unlock_irq(&rtc_lock, flags);
	return dated ? copy_to_user(to, &a, sizeof(a)) : copy_to_user(to, &a.time, sizeof(a.time));
}

static int64_t switch_on_second(bool *what, bool on)
{
	uint64_t now, flags;
	int err = on ? clock_read(&now) : 0;

	if (err)
		return err;
	flags = spin_lock_irq(&rtc_lock);
	if (on && !alarm_on && !updates_on)
		last = now;
	*what = on;
	look_again();
	spin_unlock_irq(&rtc_lock, flags);
	return 0;
}

static bool too_quick(uint64_t hz)
{
	return hz > FREQUENCY_USER && !privileged(LINUX_CAP_SYS_RESOURCE);
}

static int64_t periodic_switch(bool on)
{
	uint64_t flags;

	if (on && too_quick(READ_ONCE(frequency)))
		return -EACCES;
	flags = spin_lock_irq(&rtc_lock);
	if (on && !periodic_on)
		timer_arm(&periodic_timer, time_now() + NSEC_PER_SEC / frequency);
	periodic_on = on;
	spin_unlock_irq(&rtc_lock, flags);
	return 0;
}

static int64_t frequency_set(uint64_t hz)
{
	uint64_t flags;

	if (too_quick(hz))
		return -EACCES;
	if (!hz || hz > FREQUENCY_MOST)
		return -EINVAL;
	flags = spin_lock_irq(&rtc_lock);
	frequency = (uint32_t)hz;
	if (periodic_on)
		timer_arm(&periodic_timer, time_now() + NSEC_PER_SEC / hz);
	spin_unlock_irq(&rtc_lock, flags);
	return 0;
}

static int64_t rtc_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LINUX_RTC_RD_TIME:
		return time_get(arg);
	case LINUX_RTC_SET_TIME:
		return time_set(arg);
	case LINUX_RTC_ALM_SET:
		return day_alarm_set(arg);
	case LINUX_RTC_WKALM_SET:
		return dated_alarm_set(arg);
	case LINUX_RTC_ALM_READ:
	case LINUX_RTC_WKALM_RD:
		return alarm_get(arg, cmd == LINUX_RTC_WKALM_RD);
	case LINUX_RTC_AIE_ON:
	case LINUX_RTC_AIE_OFF:
		return switch_on_second(&alarm_on, cmd == LINUX_RTC_AIE_ON);
	case LINUX_RTC_UIE_ON:
	case LINUX_RTC_UIE_OFF:
		return switch_on_second(&updates_on, cmd == LINUX_RTC_UIE_ON);
	case LINUX_RTC_PIE_ON:
	case LINUX_RTC_PIE_OFF:
		return periodic_switch(cmd == LINUX_RTC_PIE_ON);
	case LINUX_RTC_IRQP_READ:
		return put_user64(arg, READ_ONCE(frequency));
	case LINUX_RTC_IRQP_SET:
		return frequency_set(arg);
	case LINUX_RTC_EPOCH_SET:
		return privileged(LINUX_CAP_SYS_TIME) ? -ENOTTY : -EACCES;
	default:
		return -ENOTTY;
	}
}

/* One at a time. */
static int rtc_open(struct inode *inode, struct file *f)
{
	if (__atomic_exchange_n(&is_open, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	(void)events_take();
	return 0;
}

/* An alarm goes on; what is told many times ends. */
static void rtc_release(struct file *f)
{
	uint64_t flags = spin_lock_irq(&rtc_lock);

	updates_on = periodic_on = false;
	spin_unlock_irq(&rtc_lock, flags);
	__atomic_store_n(&is_open, false, __ATOMIC_RELEASE);
}

static loff_t rtc_seek(struct file *f, loff_t offset, int whence)
{
	return -ESPIPE;
}

static const struct file_ops rtc_ops = {
	.read = rtc_read, .poll = rtc_poll, .ioctl = rtc_ioctl, .open = rtc_open, .release = rtc_release, .seek = rtc_seek, .signals = true,
};

static void date_print(struct seq *s, const char *label, uint64_t seconds)
{
	struct date d = date_from_seconds(seconds);

	seq_printf(s, "%s%04u-%02u-%02u\n", label, d.year, d.month, d.day);
}

static void time_print(struct seq *s, const char *label, uint64_t seconds)
{
	struct date d = date_from_seconds(seconds);

	seq_printf(s, "%s%02u:%02u:%02u\n", label, d.hour, d.minute, d.second);
}

static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

/* Linux's Documentation/admin-guide/rtc: the names are read by programs. */
static void proc_show(struct seq *s, void *priv)
{
	uint64_t now;

	if (!clock_read(&now)) {
		time_print(s, "rtc_time\t: ", now);
		date_print(s, "rtc_date\t: ", now);
	}
	time_print(s, "alrm_time\t: ", READ_ONCE(alarm));
	date_print(s, "alrm_date\t: ", READ_ONCE(alarm));
	seq_printf(s, "alarm_IRQ\t: %s\nalrm_pending\t: no\nupdate IRQ enabled\t: %s\nperiodic IRQ enabled\t: %s\n", yes(READ_ONCE(alarm_on)),
		   yes(READ_ONCE(updates_on)), yes(READ_ONCE(periodic_on)));
	seq_printf(s, "periodic IRQ frequency\t: %u\nmax user IRQ frequency\t: %u\n24hr\t\t: yes\n", READ_ONCE(frequency), FREQUENCY_USER);
}

static void sys_date_show(struct seq *s, void *priv)
{
	uint64_t now;

	if (!clock_read(&now))
		date_print(s, "", now);
}

static void sys_time_show(struct seq *s, void *priv)
{
	uint64_t now;

	if (!clock_read(&now))
		time_print(s, "", now);
}

static void sys_epoch_show(struct seq *s, void *priv)
{
	uint64_t now;

	if (!clock_read(&now))
		seq_printf(s, "%llu\n", (unsigned long long)now);
}

static void sys_text_show(struct seq *s, void *priv)
{
	seq_puts(s, priv);
}

static int sys_add(void)
{
	static const struct {
		const char *path;
		void (*show)(struct seq *s, void *priv);
		char *text;
	} files[] = {
		{ "class/rtc/rtc0/name", sys_text_show, "rtc_cmos\n" }, { "class/rtc/rtc0/dev", sys_text_show, "248:0\n" },
		{ "class/rtc/rtc0/date", sys_date_show, NULL }, { "class/rtc/rtc0/time", sys_time_show, NULL },
		{ "class/rtc/rtc0/since_epoch", sys_epoch_show, NULL }, { "class/rtc/rtc0/hctosys", sys_text_show, "1\n" },
		{ "class/rtc/rtc0/max_user_freq", sys_text_show, "64\n" },
	};
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = sys_create(files[i].path, 0444, files[i].show, files[i].text);
	return err;
}

static int rtc_init(void)
{
	int err;

	if (!rtc_present())
		return 0;
	timer_init(&look_timer, look);
	timer_init(&periodic_timer, periodic);
	err = devnode_create("rtc0", LINUX_S_IFCHR | 0600, DEV_MAKE(MAJOR, 0), &rtc_ops, NULL);
	if (!err)
		err = proc_create("driver/rtc", 0444, proc_show, NULL);
	return err ? err : sys_add();
}
INITCALL("4class", rtc_init);
