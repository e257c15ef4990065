// SPDX-License-Identifier: GPL-2.0
/* User world: messages (<driver/log.h>) go to the kernel's log, which attributes and limits them. */
#include <driver/log.h>
#include <lib/format.h>
#include <lib/string.h>
#include "process.h"

void device_log(const struct device *dev, enum log_level level, const char *fmt, ...)
{
	char text[FERRY_LOG_MAX + 1];
	va_list args;

	va_start(args, fmt);
	format_args(text, sizeof(text), fmt, args);
	va_end(args);
	driver_call(NR_ferry_driver_log, level, user_address(text), strlen(text), 0);
}
