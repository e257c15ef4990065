// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: reads, writes and fsync of disks through the page cache, which may wait for the disk, are done by threads of their own. The program's
 * pages are pinned for them. A request of more than JOB_BYTES is cut short, as a read or write may be.
 */
#include <kernel/thread.h>
#include <mm/slab.h>
#include "uring.h"

#define WORKERS		2u
#define JOB_BYTES	(8ul << 20)

struct uring_job {
	struct iter it;
	loff_t pos;
	bool write, sync, at_file;	/* at_file: at the file's own position */
	struct iovec_k *vec;
	struct page **pages;
	unsigned int nr_pages, nr_vec;
};

static struct spinlock jobs_lock = SPINLOCK_INIT("io_uring_jobs");
static struct list jobs = LIST_INIT(jobs);	/* requests, by link; guarded by jobs_lock */
static struct wait_queue jobs_wait = WAIT_QUEUE_INIT(jobs_wait, "io_uring_jobs");
static struct mutex workers_mutex = MUTEX_INIT(workers_mutex, "io_uring_workers");
static unsigned int nr_workers;			/* guarded by workers_mutex */

/* ---- The threads ---- */

static struct uring_request *job_take(void)
{
	uint64_t flags = spin_lock_irq(&jobs_lock);
	struct uring_request *r = NULL;

	if (!list_empty(&jobs)) {
		r = list_first(&jobs, struct uring_request, link);
		list_del(&r->link);
	}
	spin_unlock_irq(&jobs_lock, flags);
	return r;
}

static int64_t job_run(struct uring_request *r)
{
	struct uring_job *job = r->job;

	if (job->sync)
		return r->file->ops->fsync(r->file, r->sqe.op_flags & LINUX_URING_FSYNC_DATASYNC);
	return file_io(r->file, &job->it, job->write, job->at_file ? NULL : &job->pos);
}

static void worker_main(void *arg)
{
	struct uring_request *r;

	for (;;) {
		wait_event(&jobs_wait, (r = job_take()), TIME_FOREVER, false);
		uring_complete(r, job_run(r));
	}
}

/* There is at least one. */
static int workers_start(void)
{
	struct thread *t;
	int err = 0;

	mutex_lock(&workers_mutex);
	while (!err && nr_workers < WORKERS) {
		t = thread_create("io_uring", worker_main, NULL, SCHED_FAIR);
		err = IS_ERR(t) ? (int)PTR_ERR(t) : 0;
		if (!err)
			thread_start(t);
		nr_workers += !err;
	}
	err = nr_workers ? 0 : err;
	mutex_unlock(&workers_mutex);
	return err;
}

/* ---- What they are given ---- */

/* The pages of one stretch of the program's memory, as kernel memory. */
static int stretch_pin(struct uring_job *job, uint64_t base, uint64_t length)
{
	uint64_t offset = base & ~PAGE_MASK;
	int nr = user_pin(current_process->space, base, length, !job->write, job->pages + job->nr_pages,
			  (unsigned int)((offset + length + PAGE_SIZE - 1) >> PAGE_SHIFT));

	for (int i = 0; i < nr; i++) {
		uint64_t n = MIN(length, PAGE_SIZE - offset);

		job->vec[job->nr_vec++] = (struct iovec_k){ (uint64_t)page_addr(job->pages[job->nr_pages++]) + offset, n };
		length -= n;
		offset = 0;
	}
	return nr < 0 ? nr : 0;
}

static int job_pin(struct uring_request *r, struct iter *it)
{
	struct uring_job *job = r->job;
	uint64_t left = MIN(it->left, JOB_BYTES), room = left / PAGE_SIZE + 2ul * it->nr;
	int err = 0;

	if (uring_pay(r->uring, room * (sizeof(*job->pages) + sizeof(*job->vec))))
		return -ENOMEM;
	r->cost += room * (sizeof(*job->pages) + sizeof(*job->vec));
	job->pages = kcalloc(room, sizeof(*job->pages));
	job->vec = kcalloc(room, sizeof(*job->vec));
	if (!job->pages || !job->vec)
		return -ENOMEM;
	for (unsigned int i = 0; i < it->nr && left && !err; i++) {
		uint64_t n = MIN(it->vec[i].length, left);

		if (n)
			err = stretch_pin(job, it->vec[i].base, n);
		left -= n;
	}
	iter_init(&job->it, job->vec, job->nr_vec, true);
	return err;
}

void uring_work_free(struct uring_request *r)
{
	struct uring_job *job = r->job;

	if (!job)
		return;
	user_unpin(job->pages, job->nr_pages);
	kfree(job->pages);
	kfree(job->vec);
	kfree(job);
	r->job = NULL;
}

static void job_send(struct uring_request *r)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);

	r->state = REQUEST_AWAY;
	spin_unlock_irq(&u->done_lock, flags);
	flags = spin_lock_irq(&jobs_lock);
	list_append(&jobs, &r->link);
	spin_unlock_irq(&jobs_lock, flags);
	wait_wake(&jobs_wait, 0);
}

int64_t uring_work(struct uring_request *r, struct iter *it, uint64_t offset, bool write)
{
	struct uring_job *job = kzalloc(sizeof(*job));
	int err = job ? workers_start() : -ENOMEM;

	if (err) {
		kfree(job);
		return err;
	}
	r->job = job;
	*job = (struct uring_job){ .pos = (loff_t)offset, .at_file = offset == ~0ull, .write = write, .sync = !it };
	if (it)
		err = job_pin(r, it);
	if (err)
		return err;
	job_send(r);
	return URING_PENDING;
}
