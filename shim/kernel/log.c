// SPDX-License-Identifier: GPL-2.0
/* Kernel world: messages of drivers (<driver/log.h>), at most BURST at once and RATE a second for each device. */
#include <driver/log.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <lib/format.h>

#define LOG_BURST	32u
#define LOG_RATE_NS	(100 * NSEC_PER_MSEC)
#define LOG_TEXT_MAX	200

/* Unlocked on purpose: a race costs or gives one message. */
static bool log_allowed(struct device *dev)
{
	time_ns_t now = time_now();
	uint64_t earned = (now - dev->log_refill) / LOG_RATE_NS;

	if (!dev->log_refill || earned) {
		dev->log_tokens = dev->log_refill && dev->log_tokens + earned < LOG_BURST ?
				  dev->log_tokens + (uint32_t)earned : LOG_BURST;
		dev->log_refill = now ? now : 1;
	}
	if (!dev->log_tokens) {
		dev->log_dropped++;
		return false;
	}
	dev->log_tokens--;
	return true;
}

void device_log(const struct device *const_dev, enum log_level level, const char *fmt, ...)
{
	struct device *dev = (struct device *)(uintptr_t)const_dev;
	char text[LOG_TEXT_MAX + 1];
	va_list args;

	if (!log_allowed(dev))
		return;
	if (level == LOG_INFO && READ_ONCE(dev->moments[RESTART_FAULT]))
		level = LOG_DEBUG;	/* its predecessor said so too, and somebody waits for its first request */
	if (dev->log_dropped && level != LOG_DEBUG) {
		klog(KERN_WARN, "%s %s: dropped=%llu messages", dev->driver_name, dev->name, (unsigned long long)dev->log_dropped);
		dev->log_dropped = 0;
	}
	va_start(args, fmt);
	format_args(text, sizeof(text), fmt, args);
	va_end(args);
	klog((int)level, "%s %s: %s", dev->driver_name, dev->name, text);
}
