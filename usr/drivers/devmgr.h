/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device manager's own: what its files know of drivers and devices. One lock guards everything here: the event loop holds it but for its
 * waiting, the thread of serve.c takes it for each command.
 */
#ifndef DRIVERS_DEVMGR_H
#define DRIVERS_DEVMGR_H

#include <pthread.h>
#include <stdint.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/manifest.h>
#include <uapi/ferry/message.h>
#include "policy.h"

#define NS_PER_MS_	1000000ull

struct known_driver {
	char path[160];
	struct ferry_manifest manifest;
};

enum reload { RELOAD_NONE, RELOAD_QUIESCING, RELOAD_SWAPPING, RELOAD_DONE, RELOAD_FAILED };

/* Of a device's drivers, also those of earlier managers (history.c). */
struct past {
	unsigned int device;	/* 0: nobody's */
	unsigned int missed_all;	/* heartbeats, since the machine started */
	unsigned long long generation;	/* the last driver process that was started or taken over */
	unsigned long long counted;	/* whose end is in history, ... */
	uint64_t due_ns;		/* ... and when its successor is due; 0: none is */
	struct policy_history history;
};

#define PAST_DUE_MAX_NS	120000000000ull

/* A device whose driver process this manager started or took over. */
struct instance {
	struct instance *next;
	unsigned int device;
	char driver[32], version[16];	/* as it registered */
	int process;		/* handle; -1: none */
	unsigned int needs;	/* the most the kernel lets it have */
	unsigned long long generation, asked;	/* number of the last question to it */
	int adopted, registered;
	unsigned int told;	/* the last state that was logged */
	uint64_t spawned_ns;
	uint64_t running_ns;	/* since when it runs; 0: it does not */
	uint64_t restart_ns;	/* when its successor is due; 0: none is */
	uint64_t standby_ns;	/* when to look again whether it may have a standby; 0: not before something happens */
	struct past *past;
	unsigned int round;	/* of the looks at all devices, when its own was there last */
	int gone;		/* its device went away: to be used for another */

	/* Heartbeat. */
	uint64_t beat_ns;	/* when the next is due */
	unsigned int missed;	/* in a row */
	int beat_open;		/* the last is not answered yet */

	/* What serve.c waits for. */
	enum reload reload;
	unsigned long long reload_from;	/* the generation that is to go */
	char reload_why[160];
	unsigned long long io_asked;	/* number of the question; 0: none, or it is answered */
	struct ferry_message_io_answer io_answer;
};

extern pthread_mutex_t manager_lock;
extern pthread_cond_t manager_changed;	/* a reload or an io came on */
extern const char *manager_policy_file, *manager_drivers_dir;

uint64_t now_ns(void);

/* catalogue.c: the drivers in a directory; which one is for a device (a text in @why when none is, though policy or tables name one). */
void catalogue_read(const char *dir);
void catalogue_undo(void);	/* the last reading was no good */
int catalogue_knows(const char *driver);
const struct known_driver *driver_for(const struct ferry_device_desc *d, const char **why);

/* devices.c: call @fn for each device: the number, or -1. One device: 0, or -1. */
int devices_each(void (*fn)(const struct ferry_device_desc *d));
int device_look(unsigned int id, struct ferry_device_desc *d);
int device_named(const char *name, struct ferry_device_desc *d);
int device_control(unsigned int id, unsigned int verb, unsigned int timeout_ms, const char *reason);

/* history.c: restarts and missed heartbeats, kept for the next manager as they are counted. Never NULL; forget(): the device is gone. */
struct past *history_of(unsigned int device);
void history_forget(struct past *p);

/* instance.c */
struct instance *instance_find(unsigned int device);
struct instance *instances_first(void);
/* Also of a device that no process drives yet. NULL: no memory. */
struct instance *instance_for(const struct ferry_device_desc *d);
/* Start a process for it. NULL, or why it cannot be; "" when no driver knows it. */
const char *driver_start(const struct ferry_device_desc *d);
/* The same because an administrator wants it: what was before is forgotten. */
const char *driver_wanted(const struct ferry_device_desc *d);
void driver_adopt(const struct ferry_device_desc *d);
/* Its standby, if it has one, goes: it was started under another policy. */
void standby_drop(const struct ferry_device_desc *d);
/* Whatever is due for a device: plans, restarts, deadlines, heartbeats. */
void supervise(const struct ferry_device_desc *d);
/* Supervise every device, and forget what ran for those that are gone. */
void supervise_all(void);
/* When something is due next. */
uint64_t supervise_next(void);
/* Start to replace the binary. NULL, or why not. */
int reload_is_on(const struct instance *i);
const char *reload_begin(struct instance *i, const struct ferry_device_desc *d);
/* It did not quiesce in time, or at all. */
void reload_force(struct instance *i);

/* talk.c: messages with a driver. send: 0 or an errno. */
void talk_receive(struct instance *i);
int talk_probe(struct instance *i);
int talk_plain(struct instance *i, enum ferry_message_type type);
int talk_io(struct instance *i, unsigned int io_type, unsigned long long offset, const void *data, unsigned int length);

/* serve.c: commands of drvctl on a socket. */
#define SERVE_SOCKET	"/run/ferry/devmgr"
void serve_start(void);

/* devmgr.c: read the policy again; how many lines are wrong, or -1: no such file. */
int policy_load(const char *path, FILE *errors);
/* Give the kernel the faults of the policy instead of those it has from there: how many it refused, told on @errors. */
int policy_inject(FILE *errors);

#endif
