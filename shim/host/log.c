// SPDX-License-Identifier: GPL-2.0
/* Messages of drivers in the host world: kept for tests, and shown on stderr when asked for (FERRY_HOST_LOG=1). */
#include <stdio.h>
#include <stdlib.h>
#include <driver/log.h>
#include <lib/format.h>
#include "device.h"

static bool shown, looked;	/* looked for the variable */

void host_log_enable(bool on)
{
	shown = on;
}

void device_log(const struct device *dev, enum log_level level, const char *fmt, ...)
{
	struct device *mine = (struct device *)(uintptr_t)dev;	/* the log is not part of what const protects */
	char text[201];
	va_list args;

	va_start(args, fmt);
	format_args(text, sizeof(text), fmt, args);
	va_end(args);
	if (level <= LOG_WARN)
		str_copy(mine->warning, text, sizeof(mine->warning));
	if (!looked) {
		looked = true;
		shown |= getenv("FERRY_HOST_LOG") != NULL;
	}
	if (shown)
		fprintf(stderr, "# %s %s: %s\n", dev->driver->manifest.name, dev->setup.name, text);
}

const char *host_last_warning(const struct device *dev)
{
	return dev->warning;
}
