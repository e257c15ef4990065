/* SPDX-License-Identifier: GPL-2.0 */
/* drvctl's own: the devices as read once, what it prints in both forms, and the way to the device manager. */
#ifndef BIN_DRVCTL_H
#define BIN_DRVCTL_H

#include <stddef.h>
#include <uapi/ferry/driver_abi.h>

/* Of drvctl; Documentation/device-manager.md */
enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNKNOWN, EXIT_NOT_RUNNING, EXIT_NO_MANAGER };

extern int drvctl_json;		/* --json was given */

/* drvctl.c: what went wrong with a device's verb; returns EXIT_FAILED. */
int complain(const struct ferry_device_desc *d, const char *what, const char *why);

/* drvctl_show.c: verbs that look; each is called with one device. */
int show_status(const struct ferry_device_desc *d);
int show_log(const struct ferry_device_desc *d);
int show_caps(const struct ferry_device_desc *d);
int show_budget(const struct ferry_device_desc *d);
/* The name of a state; "?" behind the last. */
const char *state_name(unsigned int state);

/* drvctl_events.c: print what is kept of @name (NULL: of all), and go on for ever with @follow. */
int events_show(const char *name, int follow);
/* Until the device's driver is in @state, @seconds (NULL: 60) at most. _check: NULL, or what is wrong with the words. */
int state_wait(const struct ferry_device_desc *d, const char *state, const char *seconds);
const char *state_wait_check(const char *state, const char *seconds);

/* drvctl_profile.c: what its scopes took in the next @seconds (NULL: one). _check: NULL, or what is wrong with the word. */
int profile_show(const struct ferry_device_desc *d, const char *seconds);
const char *profile_check(const char *seconds);

/* drvctl_disk.c: verbs on the disks of a device. The device whose disk @name is, and only this disk counts; otherwise @name itself. */
const char *disk_named(const char *name);
int disk_identify(const struct ferry_device_desc *d);
int disk_smart(const struct ferry_device_desc *d);
int disk_namespace(const struct ferry_device_desc *d, int attach, const char *number);
int disk_latency(const struct ferry_device_desc *d);
/* No @words: the rules that there are. */
int disk_inject(const struct ferry_device_desc *d, char **words);
/* JSON: the members of the array that a verb's results are, with commas; a text with its quotes. */
void json_item(void);
/* An item that is an object, begun with whose it is; its end is the caller's. */
void json_device(const struct ferry_device_desc *d);
void json_text(const char *text);

/* drvctl_ask.c: one line to the manager. 0: its answer without the first word is in @answer; 1: it refused, and that is why; -1: no manager. */
int manager_ask(char *answer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
