// SPDX-License-Identifier: GPL-2.0
/* Devices that no bus can report, named by the configuration and the command line. */
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <lib/format.h>
#include "platform.h"

#define PLATFORM_MAX	16u	/* of one kind */

static unsigned int wanted(const char *driver, unsigned int fallback)
{
	char key[48], text[16];
	unsigned long long value;

	format_text(key, sizeof(key), "%s.nr", driver);
	if (!cmdline_get(key, text, sizeof(text)))
		return fallback;
	if (!parse_u64(text, 0, 0, &value) && value <= PLATFORM_MAX)
		return (unsigned int)value;
	log_warn("platform: %s=\"%s\" is not a number up to %u: using %u", key, text, PLATFORM_MAX, fallback);
	return fallback;
}

void platform_add(const char *driver, unsigned int fallback)
{
	unsigned int count = wanted(driver, fallback);

	for (unsigned int i = 0; i < count; i++) {
		struct device *dev = device_create();

		if (!dev)
			return;
		dev->bus = FERRY_BUS_PLATFORM;
		format_text(dev->name, sizeof(dev->name), "%s.%u", driver, i);
		device_add(dev);
	}
}

/* "platform=a,b": a device for each name, for drivers that bring no bus file of their own (scripts/new-driver). */
static int platform_named_init(void)
{
	char names[128], *name = names;

	if (!cmdline_get("platform", names, sizeof(names)))
		return 0;
	while (*name) {
		char *end = name;

		while (*end && *end != ',')
			end++;
		if (*end)
			*end++ = '\0';
		if (*name && strlen(name) < FERRY_NAME_MAX - 4)
			platform_add(name, 1);
		else
			log_warn("platform: a name in platform= is empty or too long");
		name = end;
	}
	return 0;
}
INITCALL("3bus", platform_named_init);
