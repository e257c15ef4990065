/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device events as Linux's programs hear them (udev(7)): a line "ACTION@DEVPATH" and lines KEY=VALUE, each ended by a zero byte. Events have
 * numbers in the order in which they are told.
 */
#ifndef KERNEL_UEVENT_H
#define KERNEL_UEVENT_H

#include <kernel/types.h>

#define UEVENT_TEXT_MAX	1024u	/* lines of one object's own */

/* Tell of @action on what /sys@path is, of @subsystem; @lines: more KEY=VALUE lines, each ended by a newline; "" for none. May sleep. */
void uevent_tell(const char *action, const char *path, const char *subsystem, const char *lines);
/* Somebody wrote @text to the file uevent of such an object: the action, and for who tells them apart a UUID and KEY=VALUE. 0, -EINVAL. May sleep. */
int uevent_ask(char *text, const char *path, const char *subsystem, const char *lines);
/* Who carries @n bytes to programs; set once, NULL: nobody. May sleep. */
extern void (*uevent_hook)(const char *data, size_t n);

#endif
