// SPDX-License-Identifier: GPL-2.0
/* Calls that fail, by planted_fail() or of themselves, and callers that go on, or do not undo what they did. */
#include <asm/cpu.h>
#include <mm/user.h>
#include "planted.h"

struct device {
	struct mutex lock;
	char *name, *buffer;
	uint64_t *ring;
	bool running;
};

static struct mutex lock = MUTEX_INIT(lock, "planted device");
static struct spinlock spin = SPINLOCK_INIT("planted device list");

PLANTED(missed_allocation_is_not_looked_at)
{
	uint64_t *p;

	planted_fail(1);
	p = hide((uint64_t *)kzalloc(64));
	p[0] = 1; /* here */
	kfree(p);
}

static struct device *make(void)
{
	struct device *d = kzalloc(sizeof(*d));

	return d ? d : ERR_PTR(-ENOMEM);
}

PLANTED(missed_error_pointer_is_followed)
{
	struct device *d;

	planted_fail(1);
	d = hide(make());
	d->running = true; /* here */
}

PLANTED(missed_undo_of_the_first)
{
	char *name = hide(kstrdup("device")), *buffer; /* here */

	planted_fail(1);
	buffer = hide((char *)kzalloc(100));
	if (!buffer)
		return;
	kfree(buffer);
	kfree(name);
}

PLANTED(missed_unlock_on_the_error_path)
{
	char *p;

	mutex_lock(&lock); /* here */
	planted_fail(1);
	p = hide((char *)kzalloc(100));
	if (!p)
		return;
	kfree(p);
	mutex_unlock(&lock);
}

PLANTED(missed_spinlock_on_the_error_path)
{
	char *p;

	spin_lock(&spin); /* here */
	planted_fail(1);
	p = hide((char *)kzalloc(100));
	if (!p)
		return;
	kfree(p);
	spin_unlock(&spin);
}

static int start(struct device *d)
{
	planted_fail(1);
	d->buffer = hide((char *)kzalloc(64));
	if (d->buffer)
		return 0;
	kfree(d->name);
	return -ENOMEM;
}

PLANTED(missed_that_the_callee_has_undone_it)
{
	struct device *d = hide((struct device *)kzalloc(sizeof(*d)));

	d->name = hide(kstrdup("device"));
	if (start(d))
		kfree(d->name); /* here */
	kfree(d);
}

static int read_flag(bool *flag)
{
	uint8_t byte;

	if (copy_from_user(&byte, ~0ull - 16, 1))
		return -EFAULT;
	*flag = byte;
	return 0;
}

PLANTED(missed_answer_that_never_came)
{
	bool flag;

	(void)read_flag(&flag);
	if (*hide(&flag)) /* here */
		keep(1);
}

PLANTED(missed_undo_goes_one_too_far)
{
	uint64_t **parts = hide((uint64_t **)kcalloc(4, sizeof(*parts)));
	int i;

	for (i = 0; i < 4; i++) {
		if (i == 3)
			planted_fail(1);
		parts[i] = hide((uint64_t *)kzalloc(32));
		if (!parts[i])
			break;
	}
	for (; i >= -1; i--)
		kfree(hide(parts)[i]); /* here */
	kfree(parts);
}

PLANTED(missed_use_after_the_error_path)
{
	struct device *d = hide((struct device *)kzalloc(sizeof(*d)));

	planted_fail(1);
	d->ring = hide((uint64_t *)kzalloc(512));
	if (!d->ring)
		kfree(d);
	d->running = false; /* here */
}

PLANTED(missed_preemption_stays_off)
{
	char *p;

	preempt_disable(); /* here */
	planted_fail(1);
	p = hide((char *)kzalloc(16));
	if (!p)
		return;
	kfree(p);
	preempt_enable();
}

PLANTED(missed_string_that_was_not_copied)
{
	char *copy;

	planted_fail(1);
	copy = hide(kstrdup("device"));
	keep(copy[0]); /* here */
	kfree(copy);
}
