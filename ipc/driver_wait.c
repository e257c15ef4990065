// SPDX-License-Identifier: GPL-2.0
/*
 * What a running driver process calls: wait for everything at once, and say things (log, fault, state). The wait first takes the
 * driver's completions and acknowledges its interrupts, then looks for work, then sleeps; work that comes in between is seen because
 * the waiter is on the queue before it looks. Submissions announce themselves by the doorbell; lib/ring.pml is the model of it.
 */
#include <driver/log.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/trace.h>
#include <lib/format.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "moved.h"

/* Lines may stay masked until their driver has seen to the device. */
static void irqs_acknowledge(struct moved *m)
{
	uint64_t told = m->irqs_unacked;

	m->irqs_unacked = 0;
	while (told) {
		unsigned int vector = (unsigned int)__builtin_ctzll(told);

		told &= told - 1;
		device_irq_ack(m->dev, vector);
	}
}

/* By its name, not on the queue: the driver's thread is the one that the doorbell is for. */
static void sleep_now(struct moved *m, time_ns_t deadline)
{
	int err = 0;

	if (unlikely(READ_ONCE(m->lent)))
		moved_priority_back(m);
	__atomic_store_n(&m->sleeping, 1, __ATOMIC_SEQ_CST);
	sleep_prepare(true);
	while (!err && !moved_has_work(m)) {
		err = schedule_timeout(deadline);
		sleep_prepare(true);
	}
	sleep_cancel();
	__atomic_store_n(&m->sleeping, 0, __ATOMIC_SEQ_CST);
}

static void sleep_by_poll(struct moved *m, time_ns_t deadline)
{
	time_ns_t begin = time_now();

	if (!moved_poll(m, begin, deadline))
		sleep_now(m, deadline);
	moved_waited(m, begin);
}

static void moved_sleep(struct moved *m, time_ns_t deadline)
{
	if (moved_has_work(m) || !deadline)
		return;
	if (nr_cpus > 1) {
		sleep_by_poll(m, deadline);
		return;
	}
	sleep_now(m, deadline);
}

static void irqs_take(struct moved *m, struct ferry_events *e)
{
	uint64_t bits = __atomic_load_n(&m->irqs, __ATOMIC_RELAXED);

	e->irqs = bits;
	if (!bits)
		return;
	e->irqs = bits = __atomic_exchange_n(&m->irqs, 0, __ATOMIC_ACQ_REL);
	m->irqs_unacked |= bits;
	memset(e->counts, 0, sizeof(e->counts));
	while (bits) {
		unsigned int vector = (unsigned int)__builtin_ctzll(bits);

		bits &= bits - 1;
		e->counts[vector] = __atomic_exchange_n(&m->irq_counts[vector], 0, __ATOMIC_RELAXED);
	}
}

/* ---- The same interrupts through the IRQ handle, for who waits with poll() ---- */

uint32_t moved_irq_poll(struct file *f, struct moved *m, struct poll_table *table)
{
	if (table) {
		poll_wait(f, &m->wait, table);
		__atomic_store_n(&m->sleeping, 1, __ATOMIC_SEQ_CST);
	}
	return __atomic_load_n(&m->irqs, __ATOMIC_SEQ_CST) ? LINUX_POLLIN : 0;
}

static int64_t irq_acknowledge_call(struct moved *m, struct syscall_args *args)
{
	irqs_acknowledge(m);
	return 0;
}

int moved_irq_read(struct handle *h, uint64_t *count, bool block)
{
	struct moved *m = h->object;
	struct ferry_events e = { .irqs = 0 };
	int64_t err = moved_locked(m, NULL, irq_acknowledge_call);

	if (err)
		return (int)err;
	if (!block && !__atomic_load_n(&m->irqs, __ATOMIC_ACQUIRE))
		return -EAGAIN;
	__atomic_store_n(&m->sleeping, 1, __ATOMIC_SEQ_CST);
	err = wait_event(&m->wait, __atomic_load_n(&m->irqs, __ATOMIC_ACQUIRE) || !handle_is_live(h), TIME_FOREVER, true);
	__atomic_store_n(&m->sleeping, 0, __ATOMIC_SEQ_CST);
	if (err || !handle_is_live(h))
		return err ? (int)err : -ESTALE;
	irqs_take(m, &e);
	*count = 0;
	for (unsigned int vector = 0; vector < FERRY_VECTORS_MAX; vector++)
		*count += e.counts[vector];
	return 0;
}

void (*moved_told)(struct moved *m);

static int events_tell(struct moved *m, uint64_t to)
{
	struct ferry_events e;		/* the counts go along only with interrupts */

	m->waited_ns = e.now_ns = time_now();
	e.doorbell = __atomic_exchange_n(&m->doorbell, 0, __ATOMIC_SEQ_CST);
	e.control = __atomic_load_n(&m->control, __ATOMIC_ACQUIRE);
	if (trace_on(FERRY_TRACE_DRIVER | FERRY_TRACE_PROFILE))
		e.control |= driver_recording();
	if (unlikely(moved_told) && e.doorbell)
		moved_told(m);
	irqs_take(m, &e);
	TRACE_SIZE(RING, RING_TOLD, e.doorbell, m->dev->id, e.irqs);
	return copy_to_user(to, &e, e.irqs ? sizeof(e) : offsetof(struct ferry_events, counts));
}

/* The part that touches the device. */
static int64_t wait_begin(struct moved *m, struct syscall_args *args)
{
	watchdog_back(m);
	if (args->a[3] & FERRY_WAIT_SLEEP)
		return 0;
	irqs_acknowledge(m);
	if (m->block)
		block_remote_drain(m->block);
	if (m->misc)
		misc_remote_drain(m->misc);
	return 0;
}

static int64_t wait_end(struct moved *m, struct syscall_args *args)
{
	int err;

	if (!(args->a[3] & FERRY_WAIT_SLEEP)) {
		moved_sleep(m, args->a[2]);
		return events_tell(m, args->a[0]);
	}
	err = sleep_until(args->a[2], true);
	m->waited_ns = time_now();
	return err;
}

SYSCALL_FLAGS(NR_ferry_driver_wait, ferry_driver_wait, SYSCALL_DRIVER)
{
	uint64_t size = args->a[1], flags = args->a[3];
	struct moved *m;
	int64_t result;

	if (current_process->device && (flags & ~(uint64_t)FERRY_WAIT_SLEEP || (!flags && size != sizeof(struct ferry_events))))
		return -EINVAL;
	m = moved_current(FERRY_DEVICE_FD, 0);
	if (IS_ERR(m))
		return PTR_ERR(m);
	result = moved_locked(m, args, wait_begin);
	if (!result)
		result = wait_end(m, args);
	moved_put(m);
	return result;
}

void text_clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Copy @length bytes of text and make it one clean line. */
static int text_copy_in(char *text, size_t size, uint64_t from, uint64_t length)
{
	if (length >= size)
		length = size - 1;
	if (copy_from_user(text, from, length))
		return -EFAULT;
	text[length] = '\0';
	text_clean(text, size);
	return 0;
}

static int64_t driver_log_call(struct moved *m, struct syscall_args *args)
{
	uint64_t level = args->a[0];
	char text[FERRY_LOG_MAX + 1];
	int err;

	if (level != LOG_ERR && level != LOG_WARN && level != LOG_INFO && level != LOG_DEBUG)
		return -EINVAL;
	err = text_copy_in(text, sizeof(text), args->a[1], args->a[2]);
	if (!err)
		device_log(m->dev, (enum log_level)level, "%s", text);
	return err;
}

SYSCALL_FLAGS(NR_ferry_driver_log, ferry_driver_log, SYSCALL_DRIVER)
{
	return moved_call(FERRY_DEVICE_FD, 0, args, driver_log_call);
}

static int64_t driver_fault_call(struct moved *m, struct syscall_args *args)
{
	char what[64];

	if (text_copy_in(what, sizeof(what), args->a[0], args->a[1]))
		str_copy(what, "fault without a text", sizeof(what));
	format_text(m->end_reason, sizeof(m->end_reason), "%s (0x%llx)", what, (unsigned long long)args->a[2]);
	m->dev->counters.faults++;
	log_err("device %s: driver %s failed: %s", m->dev->name, m->dev->driver_name, m->end_reason);
	return 0;
}

SYSCALL_FLAGS(NR_ferry_driver_fault, ferry_driver_fault, SYSCALL_DRIVER)
{
	if (moved_call(FERRY_DEVICE_FD, 0, args, driver_fault_call) == -EPERM)
		return -EPERM;
	process_exit(LINUX_SIGABRT);
}

/*
 * The driver says how probe ended. Kept until its process ends: only then is the device free. A successor that finds nothing where its
 * predecessor worked has failed: it is tried again, as long as the policy lets it, before anybody's requests end.
 */
static int probe_failed(struct moved *m, int64_t error)
{
	if (error >= 0 || error < -4095)
		return -EINVAL;
	m->end_state = error == -ENODEV && !m->dev->awaited ? DRIVER_UNBOUND : DRIVER_FAILED;
	format_text(m->end_reason, sizeof(m->end_reason), "probe failed: %d", (int)error);
	if (m->end_state == DRIVER_FAILED)
		log_err("%s %s: %s", m->dev->driver_name, m->dev->name, m->end_reason);
	return 0;
}

static int state_set(struct moved *m, uint64_t state, int64_t error)
{
	enum driver_state now = m->dev->state;

	if (state == DRIVER_FAILED && (now == DRIVER_PROBING || now == DRIVER_INITIALIZING))
		return probe_failed(m, error);
	if (state == DRIVER_QUIESCED && now == DRIVER_RUNNING && (m->control & FERRY_CONTROL_REMOVE || m->dev->replaced)) {
		m->end_state = DRIVER_QUIESCED;
		return 0;
	}
	if ((state != DRIVER_PROBING || now != DRIVER_GRANTED) && (state != DRIVER_RUNNING || now != DRIVER_PROBING))
		return -EINVAL;
	if (state == DRIVER_RUNNING) {
		m->dev->awaited = false;
		dma_frames_trim(m->dev);
		kept_memory_trim(m->dev);
	}
	device_set_state(m->dev, (enum driver_state)state);
	manager_event(FERRY_EVENT_STATE, m->dev);
	return 0;
}

static int64_t driver_state_call(struct moved *m, struct syscall_args *args)
{
	int err;

	err = state_set(m, args->a[0], (int64_t)args->a[1]);
	if (!err && args->a[0] == DRIVER_PROBING)
		m->trace = args->a[2];
	return err;
}

SYSCALL_FLAGS(NR_ferry_driver_state, ferry_driver_state, SYSCALL_DRIVER)
{
	return moved_call(FERRY_DEVICE_FD, 0, args, driver_state_call);
}
