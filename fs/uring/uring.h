/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/uring/: io_uring's rings (setup.c, rings.c), how requests come and in which order they start (enter.c), what each does (ops.c), and how
 * those end that cannot at once: by a file that becomes ready (poll.c), a clock (timeout.c), a thread (worker.c) or a request (cancel.c);
 * what requests name by a number: files (files.c), memory (fixed.c), with tags (tags.c), buffers to choose from (buffers.c), who they act as
 * (personality.c); messages and addresses, which are copied (socket.c); what a ring refuses (restrict.c), what rings tell each other
 * (message.c) and what they cost (memory.c).
 *
 * Locks: u->lock (who starts requests) outside; u->done_lock inside, also taken in interrupts and under the wait queues of other files. The
 * life of a request is guarded by done_lock.
 */
#ifndef FS_URING_URING_H
#define FS_URING_URING_H

#include <fs/internal.h>
#include <kernel/block.h>
#include <kernel/list.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_uring.h>

#define URING_ENTRIES_MAX	32768u
#define URING_REQUESTS_MAX	65536u	/* of one ring that run or whose completions had no room */
#define URING_NAMES		256u
#define URING_BUFFERS_MAX	1024u
#define URING_FILES_MAX		32768u
#define URING_SLOT_ANY		0xffffffffu	/* in the place of a place in the table of files: an empty one */
#define URING_POLL_BYTES	512u	/* of the kernel, that a request may need to wait for its file */
#define URING_PENDING		INT64_MIN	/* in the place of a result: it will come by itself */

/* restrict.c: bits of numbers, flags of requests. */
struct uring_limits {
	bool given;			/* in force once the ring is enabled */
	uint8_t flags_may, flags_must;
	uint64_t registers, ops;
};

struct uring {
	struct ref ref;			/* the file's, and one while work is done on the way to user mode */
	struct list all_link;		/* every ring; guarded by rings_lock (poll.c) */
	struct list going_link;		/* in rings_going of the thread that put its file last */
	struct mutex lock;		/* one starts requests or registers at a time; guards sq_head, buffers and files */
	struct vma_object *rings, *sqes;
	uint32_t sq_entries, cq_entries, array_at;
	uint32_t sq_head;
	uint32_t sqe_bytes, cqe_bytes;
	struct iovec_k *buffers;	/* fixed.c; their tags lie behind them */
	uint64_t *buffer_tags;
	unsigned int nr_buffers;
	struct list personalities;
	uint32_t nr_personalities, last_personality;
	struct uring_limits limits;
	struct list groups;		/* buffers.c; guarded by lock, as the next three */
	uint32_t nr_groups, nr_provided, provided_paid;
	bool drain_refused;		/* there was an IOSQE_CQE_SKIP_SUCCESS */
	uint32_t flags;			/* LINUX_URING_SETUP_*, for good */
	bool disabled;			/* SETUP_R_DISABLED: nothing is taken yet; never set again */
	pid_t issuer;			/* SETUP_SINGLE_ISSUER: the thread that may use it; 0: any */

	/* sqpoll.c: the thread that takes submissions, or NULL; set once, cleared by itself, with done_lock held, which guards sq_stop as well. */
	struct thread *sq_thread;
	struct wait_queue sq_wait;
	uint64_t sq_idle_ns;
	bool sq_stop;			/* the ring's file is gone: the thread ends the ring */

	struct spinlock files_lock;	/* guards the next five, which only with lock held as well are replaced as a whole */
	struct file **files;		/* counted, NULL where there is none */
	uint64_t *file_tags;		/* 0: none */
	uint32_t nr_files;
	uint32_t files_from, files_to;	/* where requests may choose a place */

	struct uring_payer *payer;	/* memory.c: who pays for the ring */

	struct spinlock event_lock;	/* guards eventfd */
	struct file *eventfd;
	struct timer kick;		/* tells the eventfd, from where no lock is held, that a request has to go on */

	struct spinlock done_lock;	/* guards the rest */
	uint32_t cq_tail, running;	/* running: not told yet */
	uint32_t active;		/* of those, not waiting in deferred */
	uint32_t nr_told;		/* by requests that are no timeouts, ever */
	uint32_t nr_timeouts;		/* that ended by clock or count, ever: each ends waits for more completions; read without lock */
	struct list counting;		/* timeouts that end by a number of completions, by link, the next one first */
	bool counting_now;		/* those are being ended */
	uint64_t used_bytes, paid_bytes;	/* of memory.c */
	uint32_t telling;		/* atomic: threads and interrupts that are about to tell the eventfd */
	bool dying, draining;		/* draining: what runs is a chain that drains, alone */
	const struct file *kicks;	/* the eventfd, only to be compared */
	struct list requests;		/* not ended: by request->all_link */
	struct list names[URING_NAMES];	/* the same by request->name_link, where uring_names() says: to be found by user_data */
	struct list ready;		/* to be started or continued in the process that sent them */
	struct list deferred;		/* heads of chains behind an IOSQE_IO_DRAIN */
	struct list finished;		/* told, to be freed */
	struct list overflow;		/* had no room in the ring */
	struct list holding;		/* of those, by all_link, which still have a file: it may be this ring's */
	struct list retired;		/* tags.c: eras that are over, the oldest first */
	struct uring_request *era;	/* the present one; NULL: nothing was ever registered with a tag */
	uint32_t nr_overflow;
	struct wait_queue wait;
	struct wait_queue told;		/* rings that poll this one: woken by completions alone */
	bool watched;			/* one was there, ever; set without lock, before it looks */
};

/* WAITING: behind another one. ARMED: on the queues of a file. TIMED: its timer runs. AWAY: at a disk or with the worker. */
enum uring_state { REQUEST_WAITING, REQUEST_READY, REQUEST_STARTED, REQUEST_ARMED, REQUEST_TIMED, REQUEST_AWAY, REQUEST_DONE };

struct uring_request {
	struct list link;		/* ready, deferred, counting, finished, overflow, the worker's */
	struct list all_link, name_link;	/* all_link: of requests, then of holding */
	struct uring *uring;
	struct process *process;	/* counted; NULL: it only tells */
	uint64_t cost;			/* bytes of the ring's used_bytes that go with it */
	uint64_t space_number;		/* whose memory it is about; counted, the space would keep the ring and the ring the space */
	struct file *file;		/* counted; NULL: none */
	struct file *other;		/* of a splice: counted; NULL: none */
	bool at_in;			/* file is the one that it reads from */
	struct uring_personality *personality;	/* counted; NULL: who carries it out */
	struct linux_uring_sqe sqe;	/* a copy, checked */
	int64_t result;
	uint32_t cqe_flags;
	uint32_t wanted;		/* bytes, with IOSQE_BUFFER_SELECT: what sqe.length was */
	struct linux_uring_buf chosen;
	/* Guarded by done_lock. */
	enum uring_state state;
	bool cancelled, resumed;	/* resumed: the eventfd was told when it became ready */
	bool busy;			/* a thread looks at its file, having put it on the queues */
	bool closing;			/* a thread closes its files while it waits for room */
	bool untold;			/* ends without a completion */
	uint32_t seen;			/* what a poll was woken for: it counts, though it may be gone when the thread of a ring that defers asks */
	struct uring_request *next;	/* starts when this one is done */
	struct uring_request *guard;	/* its IORING_OP_LINK_TIMEOUT */
	struct uring_request *guarded;	/* of such a one: whose */
	struct uring_request *era;	/* tags.c: when it began to use what is registered; NULL: it does not */
	uint32_t users;			/* of an era: requests */
	uint32_t target;		/* of a timeout that counts: nr_told at which it ends */
	bool counting;
	/* Of the thread that carries it out. */
	struct iovec_k *vec, one;	/* vec: copied when it was sent, or NULL */
	struct ring_copy *copy;		/* the same of a socket's; its pieces are what is left to do */
	int vec_err;			/* that could not be */
	uint64_t moved;			/* bytes, with MSG_WAITALL: by attempts that did not do all */
	struct uring_poll *poll;
	struct uring_job *job;
	struct timer timer;
	bool timed;			/* timer was set up */
	time_ns_t deadline;
	struct block_async async;
};

/* Where requests of this name stand. Names are often addresses. */
static inline struct list *uring_names(struct uring *u, uint64_t name)
{
	return &u->names[(name * 0x9e3779b97f4a7c15ull) >> 56];
}

#define URING_BATCH	32u

/* Requests of disks that are sent together. */
struct uring_batch {
	struct block_async *list[URING_BATCH];
	unsigned int nr;
};

/* rings.c. A new ring for the flags, without a file, or NULL; its file, or NULL; what io_uring_setup() tells of it. */
struct uring *uring_alloc(uint32_t sq_entries, uint32_t cq_entries, uint32_t flags);
struct file *uring_file(struct uring *u);
void uring_params_fill(const struct uring *u, struct linux_uring_params *p);
/* The next entry, copied; false: no more. u->lock held. */
bool uring_next(struct uring *u, struct linux_uring_sqe *sqe);
/* Tell the program; @r is freed by a later uring_reap(). Any context. What is linked to @r goes on, or ends with it. */
void uring_complete(struct uring_request *r, int64_t result);
/* The same with done_lock held, which it does not give up; uring_tell() must follow. */
void uring_complete_locked(struct uring_request *r, int64_t result);
void uring_tell(struct uring *u);
/* Tell the program of one result of several; @r goes on. False: there is no room, or @r has to end. u->lock held. */
bool uring_post(struct uring_request *r, int64_t result);
/* A completion to be told later, of no process, or NULL; told, with done_lock held, or not at all (NULL is fine). */
struct uring_request *uring_note_create(struct uring *u);
void uring_note_tell_locked(struct uring *u, struct uring_request *note);
void uring_note_free(struct uring_request *note);
/* A completion that no request of the ring has: 0 or -ENOMEM. Process context; u->done_lock not held. */
int uring_post_message(struct uring *u, uint64_t name, int result);
/* @r may go on in its process, soon. done_lock held. */
void uring_ready_locked(struct uring_request *r);
void uring_reap(struct uring *u);
/* Completions that the program has not taken. */
uint32_t uring_nr_done(struct uring *u);
void uring_put(struct uring *u);
/* A flag for the program in the submission ring. Is there an entry that was not taken? Room for one? */
void uring_sq_flag(struct uring *u, uint32_t flag, bool set);
bool uring_sq_waits(struct uring *u);
bool uring_sq_has_room(struct uring *u);
/* The ring's file is gone, and nobody takes submissions. */
void uring_end(struct uring *u);

/* enter.c. Process context. */
void uring_request_free(struct uring_request *r);
void uring_request_close(struct uring_request *r);	/* its files */
/* Start what is ready and was sent by this process. u->lock held. */
void uring_run_ready(struct uring *u);
/* Take at most @wanted from the ring and start them: how many, or -errno. Is something ready that this process sent? */
int64_t uring_submit(struct uring *u, uint32_t wanted);
bool uring_ready_waits(struct uring *u);

/*
 * sqpoll.c. Start the thread that @p asks for, if it does. The ring's file is gone: true: there is no thread; false: it will end the ring.
 * io_uring_enter() of such a ring.
 */
int uring_sq_start(struct uring *u, const struct linux_uring_params *p);
bool uring_sq_stop(struct uring *u);
bool uring_has_thread(struct uring *u);
int64_t uring_sq_enter(struct uring *u, uint32_t nr, uint32_t flags);

/* ops.c. What can be said before it starts: 0 or -errno. In the process that sent it. u->lock held. */
int uring_prepare(struct uring_request *r);
/* Carry out: the result or URING_PENDING, after which @r must not be touched. u->lock held. */
int64_t uring_start(struct uring_request *r, struct uring_batch *b);
bool uring_op_known(uint8_t op);
/* socket.c. Of a message or a connection, what stands in the program's memory: 0 or -errno. As uring_prepare(). */
int uring_socket_copy(struct uring_request *r);
/* An attempt moved @n bytes, or failed: is there to be another at once, for the rest (MSG_WAITALL)? */
bool uring_socket_goes_on(struct uring_request *r, int64_t n);
/* Was less than all moved that it is to wait for? */
bool uring_socket_fell_short(const struct uring_request *r);
/* Did @r, with this result, do what it was asked to? What is linked to it goes on then. */
bool uring_succeeded(const struct uring_request *r);

/* poll.c. Put @r on the queues of its file for LINUX_POLL* @events: what is there now, or -errno; then uring_poll_disarm() or uring_poll_leave(). */
int64_t uring_poll_arm(struct uring_request *r, uint32_t events);
/* Take it off: @r is the caller's again. */
void uring_poll_disarm(struct uring_request *r);
/* Leave it there. False: it was cancelled meanwhile and is the caller's again. */
bool uring_poll_leave(struct uring_request *r);
/* Can @f be waited for? Epoll files cannot: they and rings may wake each other in a circle. */
bool uring_may_poll(const struct file *f);
void uring_poll_free(struct uring_request *r);
void uring_list_add(struct uring *u);
void uring_list_remove(struct uring *u);

/* timeout.c. */
int uring_timeout_prepare(struct uring_request *r);
int64_t uring_timeout_start(struct uring_request *r);
int64_t uring_timeout_remove(struct uring_request *r);
/* Start the timer of r->guard. done_lock held. */
void uring_guard_arm(struct uring_request *r);
/* End the timeouts that count completions and have seen enough. done_lock held. */
void uring_timeouts_count(struct uring *u);

/* cancel.c. */
int64_t uring_cancel(struct uring_request *r);
int64_t uring_poll_remove(struct uring_request *r);
/* IORING_REGISTER_SYNC_CANCEL: waits until what it finds has ended. u->lock not held. */
int64_t uring_cancel_sync(struct uring *u, uint64_t from, uint32_t nr);
/* End what @p has sent and can be ended. Is there any? */
void uring_cancel_of(struct uring *u, const struct process *p);
bool uring_has_requests_of(struct uring *u, const struct process *p);
/* Try to end @r early. done_lock held; uring_tell() must follow. 0, or -EALREADY. */
int uring_cancel_locked(struct uring_request *r);
/* The ring goes: end everything that can be ended. */
void uring_cancel_all(struct uring *u);

/* buffers.c. u->lock held. IORING_OP_PROVIDE_BUFFERS and REMOVE_BUFFERS; a ring of buffers comes and goes. */
int64_t uring_buffers_provide(struct uring_request *r);
int64_t uring_buffers_remove(struct uring_request *r);
int uring_ring_register(struct uring *u, uint64_t from, uint32_t nr);
int uring_ring_unregister(struct uring *u, uint64_t from, uint32_t nr);
/* Choose @r's buffer: 0, -ENOBUFS, -EFAULT. Nothing was put into it: back it goes. */
int uring_buffer_select(struct uring_request *r);
void uring_buffer_return(struct uring_request *r);
void uring_groups_forget(struct uring *u);

/* worker.c. Carry out a read or write (@it) or fsync (NULL) of a disk through the page cache. URING_PENDING or -errno. */
int64_t uring_work(struct uring_request *r, struct iter *it, uint64_t offset, bool write);
void uring_work_free(struct uring_request *r);

/* fixed.c. u->lock held. Memory at @from (0: empty), its tags at @tags (0: none). */
int uring_buffers_register(struct uring *u, uint64_t from, uint32_t nr, uint64_t tags);
int uring_buffers_unregister(struct uring *u);
int64_t uring_buffers_update(struct uring *u, const struct linux_uring_resources_update *update);
/* Does @r stay inside the buffer that it names? 0 or -EFAULT. */
int uring_fixed_check(struct uring_request *r);

/*
 * tags.c. Something with a tag is about to be registered: 0 or -ENOMEM. @r uses something registered; u->lock held, these two. What had @tag (0:
 * none) is gone; @next: of uring_note_create(), NULL without a tag. Tell what can be, done_lock held. The ring is freed.
 */
int uring_tags_begin(struct uring *u);
void uring_tag_use(struct uring_request *r);
void uring_tag_retire(struct uring *u, uint64_t tag, struct uring_request *next);
void uring_tags_tell_locked(struct uring *u);
void uring_tags_forget(struct uring *u);

/* splice.c. u->lock held. */
int uring_splice_check(const struct linux_uring_sqe *sqe);
int64_t uring_splice(struct uring_request *r);

/* personality.c. u->lock held. Who the current thread is: a number, -EBUSY, -ENOMEM; no longer: 0, -EINVAL. */
int uring_personality_register(struct uring *u);
int uring_personality_unregister(struct uring *u, uint32_t number);
void uring_personalities_forget(struct uring *u);
/* Find the one that @r names: 0 or -EINVAL. The current thread is that one, and was @own, until it leaves. NULL is fine for the last. */
int uring_personality_choose(struct uring_request *r);
void uring_personality_enter(const struct uring_request *r, struct credentials *own);
void uring_personality_leave(bool entered, const struct credentials *own);
void uring_personality_put(struct uring_personality *p);

/* restrict.c. u->lock held. IORING_REGISTER_RESTRICTIONS; what those allow. */
int uring_restrict(struct uring *u, uint64_t from, uint32_t nr);
bool uring_may_register(const struct uring *u, uint32_t what);
bool uring_may_ask(const struct uring *u, const struct linux_uring_sqe *sqe);

/* register.c. With SETUP_SINGLE_ISSUER the ring is the current thread's from now on. Is it another's? */
void uring_issuer_set(struct uring *u);
bool uring_of_another(const struct uring *u);

/* files.c. u->lock held but for those that say otherwise. Counted, or NULL: file @index of those that were registered. */
struct file *uring_file_get(struct uring *u, uint32_t index);
void uring_files_forget(struct uring *u);
/* @nr descriptors at @from (-1: none) with tags at @tags (0: none); @from 0: an empty table. 0 or -errno. */
int uring_files_register(struct uring *u, uint64_t from, uint32_t nr, uint64_t tags);
int uring_files_unregister(struct uring *u);
/* Files [@first, @first + @nr) become descriptors at @from (-1: none) with these tags: how many, or -errno. */
int64_t uring_files_update(struct uring *u, uint32_t first, uint64_t from, uint32_t nr, uint64_t tags);
/* IORING_REGISTER_FILE_ALLOC_RANGE. */
int uring_files_range(struct uring *u, uint64_t from);
/* @nr descriptors at @at get empty places each, whose numbers are written there: how many, or -errno. */
int64_t uring_files_place(struct uring *u, uint64_t at, uint32_t nr);
/* @f, whose reference is taken over, goes to place @slot - 1: 0; or, URING_SLOT_ANY, to an empty one: which. -errno. u->lock need not be held. */
int64_t uring_file_install(struct uring *u, struct file *f, uint32_t slot);
/* Place @slot - 1 becomes empty: 0, -ENXIO (no table), -EINVAL, -EBADF (is empty). */
int uring_file_remove(struct uring *u, uint32_t slot);

/* message.c. IORING_OP_MSG_RING. */
int uring_message_check(const struct linux_uring_sqe *sqe);
int64_t uring_message_send(struct uring_request *r);

/* memory.c. Who pays for a ring that the current process makes: counted, or NULL. Process context, all of these. */
struct uring_payer *uring_payer_create(void);
/* NULL is fine. */
void uring_payer_put(struct uring_payer *p);
/* Memory to be mapped, paid for until it is gone; NULL: none is left, or too much would be used. */
struct vma_object *uring_object_create(struct uring_payer *p, uint64_t nr_pages);
/* @bytes of kernel memory are about to be used for @u: 0 or -ENOMEM; and are no more. done_lock not held. */
int uring_pay(struct uring *u, uint64_t bytes);
void uring_unpay(struct uring *u, uint64_t bytes);
/* @u is gone. */
void uring_pay_end(struct uring *u);
#endif
