/* SPDX-License-Identifier: GPL-2.0 */
/* Messages about a device: "<driver> <device>: text". One line each, no newline in the text, key=value pairs for numbers. */
#ifndef DRIVER_LOG_H
#define DRIVER_LOG_H

#include <driver/device.h>

enum log_level { LOG_ERR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/*
 * Formats: %d %i %u %x %X %o %c %s %p %% with flags, width, precision and h hh l ll z. At most 200 bytes, rate-limited for each device
 * (the number of dropped messages is told). Any context.
 */
void device_log(const struct device *dev, enum log_level level, const char *fmt, ...) __printf(3, 4);

#define dev_err(dev, ...)	device_log(dev, LOG_ERR, __VA_ARGS__)
#define dev_warn(dev, ...)	device_log(dev, LOG_WARN, __VA_ARGS__)
#define dev_info(dev, ...)	device_log(dev, LOG_INFO, __VA_ARGS__)
#define dev_dbg(dev, ...)	device_log(dev, LOG_DEBUG, __VA_ARGS__)

#endif
