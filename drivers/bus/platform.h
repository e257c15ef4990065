/* SPDX-License-Identifier: GPL-2.0 */
/* Devices that no bus can report. */
#ifndef BUS_PLATFORM_H
#define BUS_PLATFORM_H

/* Add devices "@driver.0", "@driver.1"...: as many as the command line's "@driver.nr=" says, else @fallback. May sleep. */
void platform_add(const char *driver, unsigned int fallback);

#endif
