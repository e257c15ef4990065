/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the administrator decided: /etc/ferry/policy. Which driver for which device, what it is granted, what it may use, and what happens when
 * it dies. Only reading and arithmetic, no system calls. The grammar is in Documentation/device-manager.md.
 */
#ifndef DRIVERS_POLICY_H
#define DRIVERS_POLICY_H

#include <stdint.h>
#include <stdio.h>

#define POLICY_FILE	"/etc/ferry/policy"
#define POLICY_RULES_MAX	64
#define POLICY_DEVICES_MAX	64
#define POLICY_FAULTS_MAX	16

/* A driver's rule. 0 in a budget: no limit. */
struct policy {
	char driver[32];		/* "*": all others */
	unsigned int line;		/* where it stands; 0: nowhere, it is built in */
	unsigned int grant;		/* FERRY_NEEDS_* */
	unsigned int restart;		/* 0: a dead driver stays dead */
	unsigned int fallback;		/* who is given up leaves its device to the kernel's own build of it */
	unsigned int standby;		/* its successor is loaded beforehand, when its next restart may come at once */
	unsigned int budget;		/* restarts in a window */
	unsigned int window_s;
	unsigned int delay_ms, delay_max_ms;	/* of the second restart in a row, and at most */
	unsigned int calm_ms;		/* having run so long, a driver is new */
	unsigned int start_ms;		/* it runs by then, or is killed */
	unsigned int heartbeat_ms;	/* 0: none */
	unsigned int quiesce_ms;	/* what a reload waits for requests under way */
	unsigned int cpu_percent, memory_kib, dma_kib, handles, irqs_per_s, queue_depth;
};

/* A device's rule. */
struct policy_device {
	char pattern[48];		/* of the device's name or "vendor:device", as fnmatch(3) */
	char driver[32];		/* "none": it gets no driver */
	unsigned int line;
};

/* A fault on purpose: "DISK KEY=VALUE...", as /proc/ferry/inject takes it (Documentation/block.md). */
struct policy_fault {
	char rule[160];
	unsigned int line;
};

/* One driver's deaths. */
struct policy_history {
	uint64_t window_ns;		/* when the window began */
	unsigned int in_window;		/* restarts since */
	unsigned int in_row;		/* restarts without calm between */
};

/* Forget what was read. */
void policy_reset(void);
/* The rules of @f; wrong lines are told on @errors ("NAME:LINE: WORD: what is wrong") and left out. Returns how many. */
unsigned int policy_read(FILE *f, const char *name, FILE *errors);
const struct policy *policy_for(const char *driver);
/* The first rule that fits the device, or NULL. */
const struct policy_device *policy_for_device(const char *name, unsigned int vendor, unsigned int device);
/* The faults that were read, in their order; NULL after the last. */
const struct policy_fault *policy_fault(unsigned int index);
/* "mmio,irq"; "none". */
void policy_needs_text(char *text, size_t size, unsigned int needs);

/*
 * A driver died after it had run for @ran_ns (0: it never did). Returns 1 and the pause before its restart, random by a quarter with
 * @random; 0: the budget is used up, or it is not to be restarted.
 */
int policy_restart(const struct policy *p, struct policy_history *h, uint64_t now_ns, uint64_t ran_ns, unsigned int random,
		   uint64_t *pause_ns);

/* Would a death now be followed by a restart without a pause? Counts nothing. */
int policy_at_once(const struct policy *p, const struct policy_history *h, uint64_t now_ns, uint64_t ran_ns);

#endif
