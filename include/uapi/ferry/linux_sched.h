/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's ABI of scheduling: sched(7), sched_setattr(2), getpriority(2), ioprio_get(2). As linux_process.h, which includes this one. */
#ifndef UAPI_FERRY_LINUX_SCHED_H
#define UAPI_FERRY_LINUX_SCHED_H

/* Policies. */
#define LINUX_SCHED_OTHER		0
#define LINUX_SCHED_FIFO		1
#define LINUX_SCHED_RR			2
#define LINUX_SCHED_BATCH		3
#define LINUX_SCHED_IDLE		5
#define LINUX_SCHED_DEADLINE		6
#define LINUX_SCHED_RESET_ON_FORK	0x40000000

struct linux_sched_param {
	int sched_priority;
};

/* sched_setattr(2). */
#define LINUX_SCHED_FLAG_RESET_ON_FORK	0x1
#define LINUX_SCHED_FLAG_RECLAIM	0x2
#define LINUX_SCHED_FLAG_DL_OVERRUN	0x4
#define LINUX_SCHED_FLAG_KEEP_POLICY	0x8
#define LINUX_SCHED_FLAG_KEEP_PARAMS	0x10
#define LINUX_SCHED_FLAG_UTIL_CLAMP	0x60
#define LINUX_SCHED_ATTR_SIZE_VER0	48
#define LINUX_SCHED_ATTR_SIZE_VER1	56

struct linux_sched_attr {
	unsigned int size, sched_policy;
	unsigned long long sched_flags;
	int sched_nice;
	unsigned int sched_priority;
	unsigned long long sched_runtime, sched_deadline, sched_period;	/* ns */
	unsigned int sched_util_min, sched_util_max;
};

/* getpriority(2). */
#define LINUX_PRIO_PROCESS	0
#define LINUX_PRIO_PGRP		1
#define LINUX_PRIO_USER		2

/* ioprio_get(2), ioprio_set(2): class << 13 | level. */
#define LINUX_IOPRIO_CLASS_SHIFT	13
#define LINUX_IOPRIO_CLASS_NONE		0
#define LINUX_IOPRIO_CLASS_RT		1
#define LINUX_IOPRIO_CLASS_BE		2
#define LINUX_IOPRIO_CLASS_IDLE		3
#define LINUX_IOPRIO_LEVELS		8
#define LINUX_IOPRIO_WHO_PROCESS	1
#define LINUX_IOPRIO_WHO_PGRP		2
#define LINUX_IOPRIO_WHO_USER		3

#endif
