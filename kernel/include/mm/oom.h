/* SPDX-License-Identifier: GPL-2.0 */
/* What happens when no frame is left for a program's page. */
#ifndef MM_OOM_H
#define MM_OOM_H

#include <stdbool.h>
#include <stdint.h>

struct process;

#define OOM_ADJUST_MIN	(-1000)	/* never */
#define OOM_ADJUST_MAX	1000	/* as if it had all memory besides */

/*
 * The current process needs a page and there is none: end the process with the most, and wait a moment. True: try again; false: the
 * current one is ended itself. Process context; sleeps. Mutexes
 * may be held if the caller gives up after some tries: the chosen one may wait for them.
 */
bool oom_relieve(void);

/*
 * A system call that allocates failed with @err, holds nothing and can be made again: true if that was for want of frames and something was
 * done about it. *@tries starts at 0. Process context; sleeps.
 */
bool oom_retry(int64_t err, unsigned int *tries);

/* How likely @p is to be ended, as Linux's /proc/<pid>/oom_score tells it: 0 never. Any context. */
int oom_score(struct process *p);

#endif
