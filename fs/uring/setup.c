// SPDX-License-Identifier: GPL-2.0
/* io_uring_setup(): what a new ring is asked for. */
#include "uring.h"

/* COOP_TASKRUN asks for what is always so. */
#define SETUP_KNOWN	(LINUX_URING_SETUP_IOPOLL | LINUX_URING_SETUP_SQPOLL | LINUX_URING_SETUP_SQ_AFF | LINUX_URING_SETUP_CQSIZE | \
			 LINUX_URING_SETUP_CLAMP | LINUX_URING_SETUP_ATTACH_WQ | LINUX_URING_SETUP_R_DISABLED | LINUX_URING_SETUP_SUBMIT_ALL | \
			 LINUX_URING_SETUP_COOP_TASKRUN | LINUX_URING_SETUP_TASKRUN_FLAG | LINUX_URING_SETUP_SQE128 | \
			 LINUX_URING_SETUP_CQE32 | LINUX_URING_SETUP_SINGLE_ISSUER | LINUX_URING_SETUP_DEFER_TASKRUN)
#define SETUP_LATE	(LINUX_URING_SETUP_COOP_TASKRUN | LINUX_URING_SETUP_TASKRUN_FLAG | LINUX_URING_SETUP_DEFER_TASKRUN)

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power <<= 1;
	return power;
}

/* Which go together? */
static bool flags_make_sense(uint32_t flags)
{
	if (flags & ~SETUP_KNOWN || (flags & LINUX_URING_SETUP_DEFER_TASKRUN && !(flags & LINUX_URING_SETUP_SINGLE_ISSUER)))
		return false;
	if (flags & LINUX_URING_SETUP_SQPOLL)
		return !(flags & SETUP_LATE);
	return !(flags & LINUX_URING_SETUP_TASKRUN_FLAG) || flags & (LINUX_URING_SETUP_COOP_TASKRUN | LINUX_URING_SETUP_DEFER_TASKRUN);
}

/* 0 with the sizes, or -EINVAL. */
static int sizes_choose(uint32_t wanted, const struct linux_uring_params *p, uint32_t *sq, uint32_t *cq)
{
	bool clamp = p->flags & LINUX_URING_SETUP_CLAMP;

	if (!flags_make_sense(p->flags) || !wanted || (wanted > URING_ENTRIES_MAX && !clamp))
		return -EINVAL;
	*sq = power_of_two(MIN(wanted, URING_ENTRIES_MAX));
	*cq = *sq * 2;
	if (!(p->flags & LINUX_URING_SETUP_CQSIZE))
		return 0;
	if (!p->cq_entries || (p->cq_entries > URING_ENTRIES_MAX * 2 && !clamp))
		return -EINVAL;
	*cq = power_of_two(MIN(p->cq_entries, URING_ENTRIES_MAX * 2));
	return *cq < *sq ? -EINVAL : 0;
}

/* Which ring's threads it wants to share: workers are everybody's, and each thread that takes submissions is one ring's all the same. */
static int attach_check(const struct linux_uring_params *p)
{
	struct file *f;
	int err;

	if (!(p->flags & LINUX_URING_SETUP_ATTACH_WQ))
		return 0;
	f = fd_get_io((int)p->wq_fd);
	if (!f)
		return -ENXIO;
	err = !file_is_uring(f) || (p->flags & LINUX_URING_SETUP_SQPOLL && !uring_has_thread(f->priv)) ? -EINVAL : 0;
	file_put(f);
	return err;
}

/* io_uring_setup(entries, params) */
SYSCALL(NR_io_uring_setup, io_uring_setup)
{
	struct linux_uring_params p;
	uint32_t sq, cq;
	struct uring *u;
	struct file *f;
	int err;

	if (copy_from_user(&p, args->a[1], sizeof(p)))
		return -EFAULT;
	for (unsigned int i = 0; i < ARRAY_SIZE(p.reserved); i++)
		if (p.reserved[i])
			return -EINVAL;
	err = sizes_choose((uint32_t)args->a[0], &p, &sq, &cq);
	if (!err)
		err = attach_check(&p);
	if (err)
		return err;
	u = uring_alloc(sq, cq, p.flags);
	f = u ? uring_file(u) : NULL;
	if (!f) {
		if (u)
			uring_put(u);
		return file_alloc_error();
	}
	u->flags = p.flags;
	u->disabled = p.flags & LINUX_URING_SETUP_R_DISABLED;
	if (!u->disabled)
		uring_issuer_set(u);
	uring_list_add(u);
	uring_params_fill(u, &p);
	err = uring_sq_start(u, &p);
	if (!err && copy_to_user(args->a[1], &p, sizeof(p)))
		err = -EFAULT;
	if (!err)
		return fd_install_new(f, LINUX_O_CLOEXEC);
	file_put(f);
	return err;
}
