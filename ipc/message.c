// SPDX-License-Identifier: GPL-2.0
/*
 * Control messages between a driver process and the device manager: two small mailboxes for each driver, which outlive the manager. What is
 * sent is checked here (include/lib/message.h), with its number, so that neither end sees a malformed message of the other; a bad one costs its
 * sender an error, is counted, and is told in the log. Locks: mail->lock (spin), taken last.
 */
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/message.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "message.h"
#include "moved.h"

#define BOX_MESSAGES	4u
#define BAD_TOLD_MAX	8u	/* lines in the log for one driver process */

struct mailbox {
	uint32_t head, tail;	/* tail - head <= BOX_MESSAGES */
	uint64_t asked;		/* number of the last question that was put in */
	union ferry_message slots[BOX_MESSAGES];
};

struct mail {
	struct spinlock lock;
	struct mailbox boxes[2];	/* by sender: enum message_side */
	uint32_t bad;
};

struct mail *mail_create(void)
{
	struct mail *mail = kzalloc(sizeof(*mail));

	if (mail)
		spin_init(&mail->lock, "driver mail");
	return mail;
}

void mail_free(struct mail *mail)
{
	kfree(mail);
}

uint64_t mail_asked(struct mail *mail)
{
	return READ_ONCE(mail->boxes[MESSAGE_FROM_MANAGER].asked);
}

void mail_again(struct mail *mail)
{
	struct mailbox *box = &mail->boxes[MESSAGE_FROM_DRIVER];
	uint64_t flags = spin_lock_irq(&mail->lock);

	if (box->tail <= BOX_MESSAGES)
		box->head = 0;
	spin_unlock_irq(&mail->lock, flags);
}

static enum message_side other(enum message_side side)
{
	return side == MESSAGE_FROM_DRIVER ? MESSAGE_FROM_MANAGER : MESSAGE_FROM_DRIVER;
}

/* Questions count up by one; an answer is to a question that was asked. */
static int number_check(struct mail *mail, const struct ferry_message_header *h, enum message_side side)
{
	if (h->type & FERRY_MESSAGE_ANSWER)
		return h->sequence <= mail->boxes[other(side)].asked ? 0 : -EBADMSG;
	return h->sequence == mail->boxes[side].asked + 1 ? 0 : -EBADMSG;
}

static int mail_put(struct mail *mail, const union ferry_message *m, enum message_side side)
{
	uint64_t flags = spin_lock_irq(&mail->lock);
	struct mailbox *box = &mail->boxes[side];
	int err = number_check(mail, &m->header, side);

	if (!err && box->tail - box->head == BOX_MESSAGES)
		err = -EAGAIN;
	if (!err) {
		box->slots[box->tail++ % BOX_MESSAGES] = *m;
		if (!(m->header.type & FERRY_MESSAGE_ANSWER))
			box->asked++;
	}
	spin_unlock_irq(&mail->lock, flags);
	return err;
}

static bool mail_take(struct moved *m, union ferry_message *message, enum message_side from)
{
	uint64_t flags = spin_lock_irq(&m->mail->lock);
	struct mailbox *box = &m->mail->boxes[from];
	bool found = box->head != box->tail;

	if (found)
		*message = box->slots[box->head++ % BOX_MESSAGES];
	if (from == MESSAGE_FROM_MANAGER && box->head == box->tail)
		__atomic_and_fetch(&m->control, ~FERRY_CONTROL_MESSAGE, __ATOMIC_SEQ_CST);
	spin_unlock_irq(&m->mail->lock, flags);
	return found;
}

static void bad_message(struct moved *m, const union ferry_message *message, enum message_side side, int err)
{
	uint32_t bad = __atomic_add_fetch(&m->mail->bad, 1, __ATOMIC_RELAXED);

	m->dev->counters.bad_messages++;
	if (bad <= BAD_TOLD_MAX)
		log_warn("driver: %s %s: bad message from the %s: type %u (%s) of %u bytes: error %d%s", m->dev->driver_name, m->dev->name,
			 side == MESSAGE_FROM_DRIVER ? "driver" : "device manager", message->header.type,
			 message_type_name(message->header.type), message->header.size, err, bad == BAD_TOLD_MAX ? "; no more is said" : "");
}

/* The first message is the registration, and it comes once. */
static int order_check(struct moved *m, const union ferry_message *message)
{
	bool first = m->dev->state == DRIVER_SPAWNED;

	if (!m->asks)
		return 0;
	return (message->header.type == FERRY_MESSAGE_REGISTER) == first ? 0 : -EBADMSG;
}

static int driver_sends(struct moved *m, const union ferry_message *message)
{
	int err = order_check(m, message);

	if (!err)
		err = mail_put(m->mail, message, MESSAGE_FROM_DRIVER);
	if (err)
		return err;
	if (m->asks && m->dev->state == DRIVER_SPAWNED)
		err = device_set_state(m->dev, DRIVER_INITIALIZING);
	manager_event(FERRY_EVENT_MESSAGE, m->dev);
	return err;
}

static int manager_sends(struct moved *m, const union ferry_message *message)
{
	int err = mail_put(m->mail, message, MESSAGE_FROM_MANAGER);

	if (err)
		return err;
	__atomic_or_fetch(&m->control, FERRY_CONTROL_MESSAGE, __ATOMIC_SEQ_CST);
	moved_wake(m);
	return 0;
}

/* Which end of which driver is the caller, by its handle? Counted; ERR_PTR. */
static struct moved *end_of(int fd, enum message_side *side)
{
	struct moved *m;

	if (current_process->device) {
		*side = MESSAGE_FROM_DRIVER;
		return moved_current(fd, 0);
	}
	*side = MESSAGE_FROM_MANAGER;
	m = moved_by_process_handle(fd);
	if (!IS_ERR(m) && !manager_is_current()) {
		moved_put(m);
		return ERR_PTR(-EPERM);
	}
	return m;
}

static int message_copy_in(union ferry_message *raw, uint64_t from, uint64_t length)
{
	memset(&raw->header, 0, sizeof(raw->header));
	if (length < sizeof(raw->header) || length > sizeof(*raw))
		return -EBADMSG;
	return copy_from_user(raw, from, length) ? -EFAULT : 0;
}

static int send_from(struct moved *m, enum message_side side, uint64_t from, uint64_t length)
{
	union ferry_message raw, message;
	int err = message_copy_in(&raw, from, length);

	if (!err)
		err = message_decode(&message, &raw, length, side);
	if (!err)
		err = side == MESSAGE_FROM_DRIVER ? driver_sends(m, &message) : manager_sends(m, &message);
	if (err && err != -EAGAIN)
		bad_message(m, &raw, side, err);
	return err;
}

/* (handle, message, length) -> 0 */
SYSCALL_FLAGS(NR_ferry_ipc_send, ferry_ipc_send, SYSCALL_DRIVER)
{
	enum message_side side;
	struct moved *m = end_of((int)args->a[0], &side);
	int err = -ESHUTDOWN;

	if (IS_ERR(m))
		return PTR_ERR(m);
	mutex_lock(&m->dev->bind_lock);
	if (moved_is_bound(m))
		err = send_from(m, side, args->a[1], args->a[2]);
	mutex_unlock(&m->dev->bind_lock);
	moved_put(m);
	return err;
}

static int receive(struct moved *m, enum message_side from, uint64_t to, uint64_t room, uint64_t deadline)
{
	union ferry_message message;
	bool got = false;
	int err = -EAGAIN;

	if (room < sizeof(message))
		return -EMSGSIZE;
	got = mail_take(m, &message, from);
	if (!got && deadline) {
		__atomic_store_n(&m->sleeping, 1, __ATOMIC_SEQ_CST);
		err = wait_event(&m->wait, (got = got || mail_take(m, &message, from)) || READ_ONCE(m->dev->faulted), deadline, true);
		__atomic_store_n(&m->sleeping, 0, __ATOMIC_SEQ_CST);
	}
	if (!got)
		return err ? err : -ESHUTDOWN;
	return copy_to_user(to, &message, message.header.size) ? -EFAULT : (int)message.header.size;
}

/* (handle, buffer, room, deadline_ns) -> bytes. Only a driver may sleep; the manager is told by an event. */
SYSCALL_FLAGS(NR_ferry_ipc_recv, ferry_ipc_recv, SYSCALL_DRIVER)
{
	enum message_side side;
	struct moved *m = end_of((int)args->a[0], &side);
	int err;

	if (IS_ERR(m))
		return PTR_ERR(m);
	err = side == MESSAGE_FROM_MANAGER && args->a[3] ? -EINVAL : receive(m, other(side), args->a[1], args->a[2], args->a[3]);
	moved_put(m);
	return err;
}
