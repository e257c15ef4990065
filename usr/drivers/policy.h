/* SPDX-License-Identifier: GPL-2.0 */
/* What shall happen when a driver dies: /etc/ferry/policy, and the arithmetic of pauses and budgets. No system calls. */
#ifndef DRIVERS_POLICY_H
#define DRIVERS_POLICY_H

#include <stdint.h>
#include <stdio.h>

#define POLICY_FILE	"/etc/ferry/policy"
#define POLICY_RULES_MAX	64

struct policy {
	char driver[32];		/* "*": all others */
	unsigned int restart;		/* 0: a dead driver stays dead */
	unsigned int standby;		/* its successor is loaded beforehand, when its next restart may come at once */
	unsigned int budget;		/* restarts in a window; 0: no limit */
	unsigned int window_s;
	unsigned int delay_ms, delay_max_ms;	/* of the second restart in a row, and at most */
	unsigned int calm_ms;		/* having run so long, a driver is new */
};

/* One driver's deaths. */
struct policy_history {
	uint64_t window_ns;		/* when the window began */
	unsigned int in_window;		/* restarts since */
	unsigned int in_row;		/* restarts without calm between */
};

/* The rules of @f; wrong lines are told on @errors and left out. */
void policy_read(FILE *f, const char *name, FILE *errors);
const struct policy *policy_for(const char *driver);

/*
 * A driver died after it had run for @ran_ns (0: it never did). Returns 1 and the pause before its restart, random by a quarter with
 * @random; 0: the budget is used up, or it is not to be restarted.
 */
int policy_restart(const struct policy *p, struct policy_history *h, uint64_t now_ns, uint64_t ran_ns, unsigned int random,
		   uint64_t *pause_ns);

/* Would a death now be followed by a restart without a pause? Counts nothing. */
int policy_at_once(const struct policy *p, const struct policy_history *h, uint64_t now_ns, uint64_t ran_ns);

#endif
