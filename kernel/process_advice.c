// SPDX-License-Identifier: GPL-2.0
/*
 * What one process asks about another's memory by its pidfd: process_madvise(2), advice that changes no content, and process_mrelease(2), which
 * waits until a process that was killed has given its memory back. That happens at its death here, so nothing has to be torn from it before.
 */
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include "pidfd.h"
#include "process_internal.h"

#define LOOK_AGAIN_NS	(100 * NSEC_PER_MSEC)

static bool advice_allowed(int advice)
{
	return advice == LINUX_MADV_COLD || advice == LINUX_MADV_PAGEOUT || advice == LINUX_MADV_WILLNEED;
}

/* Bytes advised; an error only when there are none. */
static int64_t advise_pieces(struct space *s, const struct iovec_k *vec, unsigned int nr, int advice)
{
	int64_t done = 0, err = 0;

	for (unsigned int i = 0; i < nr && !err; i++) {
		if (vec[i].base % PAGE_SIZE || !user_range_ok(vec[i].base, vec[i].length))
			err = -EINVAL;
		else if (vec[i].length)
			err = space_advise(s, vec[i].base, vec[i].length, advice);
		if (!err)
			done += (int64_t)vec[i].length;
	}
	return done ? done : err;
}

static int64_t advise_process(struct process *p, const struct iovec_k *vec, unsigned int nr, int advice)
{
	struct space *s;
	int64_t done;

	if (!advice_allowed(advice))
		return -EINVAL;
	if (!privileged(LINUX_CAP_SYS_NICE))
		return -EPERM;
	s = ptrace_space_get(p);
	if (!s || IS_ERR(s))
		return s ? PTR_ERR(s) : -ESRCH;
	done = advise_pieces(s, vec, nr, advice);
	space_put(s);
	return done;
}

/* process_madvise(pidfd, vec, nr, advice, flags) */
SYSCALL(NR_process_madvise, process_madvise)
{
	uint64_t nr = args->a[2];
	struct iovec_k *vec;
	struct process *p;
	int64_t done;

	if ((uint32_t)args->a[4] || nr > LINUX_IOV_MAX)
		return -EINVAL;
	vec = kcalloc(nr + 1, sizeof(*vec));
	if (!vec)
		return -ENOMEM;
	done = iovec_from_user(vec, args->a[1], nr);
	if (!done) {
		p = pidfd_get(args->a[0], NULL);
		done = IS_ERR(p) ? PTR_ERR(p) : advise_process(p, vec, nr, (int)args->a[3]);
		if (!IS_ERR(p))
			process_put(p);
	}
	kfree(vec);
	return done;
}

static int wait_for_end(struct process *p)
{
	int err = -ETIMEDOUT;

	while (err == -ETIMEDOUT)
		err = wait_event(&p->exit_wait, READ_ONCE(p->zombie), time_now() + LOOK_AGAIN_NS, true);
	return err;
}

/* process_mrelease(pidfd, 0) */
SYSCALL(NR_process_mrelease, process_mrelease)
{
	struct process *p;
	int err;

	if ((uint32_t)args->a[1])
		return -EINVAL;
	p = pidfd_get(args->a[0], NULL);
	if (IS_ERR(p))
		return PTR_ERR(p);
	if (READ_ONCE(p->zombie))
		err = -ESRCH;
	else
		err = READ_ONCE(p->exiting) || (READ_ONCE(p->pending) & SIG_BIT(LINUX_SIGKILL)) ? wait_for_end(p) : -EINVAL;
	process_put(p);
	return err;
}
