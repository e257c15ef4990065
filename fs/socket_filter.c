// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of sockets (SO_ATTACH_FILTER, socket(7), Linux's networking/filter.rst): classic BPF programs that see what a socket is about to receive.
 * A program is counted: it runs with no lock held, whatever becomes of the option meanwhile. A socket's filters are bounded as by
 * Linux's net.core.optmem_max.
 */
#include <fs/socket_filter.h>
#include <kernel/classic_bpf.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define MEMORY_MOST	20480u		/* of a socket's filters; an old one counts until the new one stands */

struct socket_filter {
	struct ref ref;
	uint32_t nr;
	struct linux_bpf_insn insns[];
};

static uint32_t size_of(const struct socket_filter *f)
{
	return f ? (uint32_t)(sizeof(*f) + f->nr * sizeof(f->insns[0])) : 0;
}

static void filter_put(struct socket_filter *f)
{
	if (f && ref_put(&f->ref))
		kfree(f);
}

static struct socket_filter *filter_get(struct socket_filter_slot *slot)
{
	struct socket_filter *f;

	spin_lock(&slot->lock);
	f = slot->filter;
	if (f)
		ref_get(&f->ref);
	spin_unlock(&slot->lock);
	return f;
}

void socket_filter_init(struct socket_filter_slot *slot)
{
	spin_init(&slot->lock, "socket_filter");
}

void socket_filter_release(struct socket_filter_slot *slot)
{
	filter_put(slot->filter);
	slot->filter = NULL;
}

void socket_filter_inherit(struct socket_filter_slot *to, struct socket_filter_slot *from)
{
	to->filter = filter_get(from);
	to->locked = READ_ONCE(from->locked);
}

static int filter_check(const struct socket_filter *f)
{
	uint16_t *work = kzalloc(f->nr * sizeof(*work));
	int err = work ? classic_bpf_check_packet(f->insns, f->nr, work) : -ENOMEM;

	kfree(work);
	return err;
}

static struct socket_filter *filter_from_user(const struct linux_bpf_program *program)
{
	struct socket_filter *f;
	int err;

	if (!program->filter || !program->length || program->length > LINUX_BPF_MAXINSNS)
		return ERR_PTR(-EINVAL);
	f = kzalloc(sizeof(*f) + program->length * sizeof(f->insns[0]));
	if (!f)
		return ERR_PTR(-ENOMEM);
	ref_init(&f->ref);
	f->nr = program->length;
	err = copy_from_user(f->insns, program->filter, f->nr * sizeof(f->insns[0])) ? -EFAULT : filter_check(f);
	if (!err)
		return f;
	kfree(f);
	return ERR_PTR(err);
}

/* @new takes the place of what there is, NULL: nothing does. The reference goes over. */
static int filter_replace(struct socket_filter_slot *slot, struct socket_filter *new)
{
	struct socket_filter *old = new;
	int err = 0;

	spin_lock(&slot->lock);
	if (slot->locked)
		err = -EPERM;
	else if (!new && !slot->filter)
		err = -ENOENT;
	else if (new && size_of(new) + size_of(slot->filter) >= MEMORY_MOST)
		err = -ENOMEM;
	if (!err) {
		old = slot->filter;
		WRITE_ONCE(slot->filter, new);
	}
	spin_unlock(&slot->lock);
	filter_put(old);
	return err;
}

static int attach(struct socket_filter_slot *slot, uint64_t uvalue, int length)
{
	struct linux_bpf_program program;
	struct socket_filter *f;

	if (length != sizeof(program))
		return -EINVAL;
	if (copy_from_user(&program, uvalue, sizeof(program)))
		return -EFAULT;
	if (READ_ONCE(slot->locked))
		return -EPERM;
	f = filter_from_user(&program);
	return IS_ERR(f) ? PTR_ERR(f) : filter_replace(slot, f);
}

/* For good. */
static int lock(struct socket_filter_slot *slot, bool on)
{
	int err = 0;

	spin_lock(&slot->lock);
	if (slot->locked && !on)
		err = -EPERM;
	else
		WRITE_ONCE(slot->locked, on);
	spin_unlock(&slot->lock);
	return err;
}

int socket_filter_set(struct socket_filter_slot *slot, int option, uint64_t uvalue, int length)
{
	uint32_t v;

	if (option != LINUX_SO_ATTACH_FILTER && option != LINUX_SO_DETACH_FILTER && option != LINUX_SO_LOCK_FILTER)
		return -ENOPROTOOPT;
	if (length < (int)sizeof(v))
		return -EINVAL;
	if (get_user32(&v, uvalue))
		return -EFAULT;
	if (option == LINUX_SO_ATTACH_FILTER)
		return attach(slot, uvalue, length);
	return option == LINUX_SO_DETACH_FILTER ? filter_replace(slot, NULL) : lock(slot, v);
}

/* Instructions are told and asked for by number, not by bytes. */
static int filter_tell(const struct socket_filter *f, uint64_t uvalue, uint64_t ulength, uint32_t room)
{
	uint32_t nr = f ? f->nr : 0;

	if (nr && room && room < nr)
		return -EINVAL;
	if (nr && room && copy_to_user(uvalue, f->insns, nr * sizeof(f->insns[0])))
		return -EFAULT;
	return put_user32(ulength, nr) ? -EFAULT : 0;
}

int socket_filter_told(struct socket_filter_slot *slot, int option, uint64_t uvalue, uint64_t ulength)
{
	int32_t v = READ_ONCE(slot->locked);
	struct socket_filter *f;
	uint32_t room;
	int err;

	if (option == LINUX_SO_LOCK_FILTER)
		return socket_value_put(uvalue, ulength, &v, sizeof(v));
	if (option != LINUX_SO_ATTACH_FILTER)
		return -ENOPROTOOPT;
	if (get_user32(&room, ulength))
		return -EFAULT;
	if ((int32_t)room < 0)
		return -EINVAL;
	f = filter_get(slot);
	err = filter_tell(f, uvalue, ulength, room);
	filter_put(f);
	return err;
}

static uint32_t ask(uint32_t what)
{
	uint32_t v;

	if (what == LINUX_SKF_AD_CPU)
		return this_cpu()->id;
	random_bytes(&v, sizeof(v));
	return v;
}

uint32_t socket_filter_run_slow(struct socket_filter_slot *slot, struct classic_bpf_packet *p)
{
	struct socket_filter *f = filter_get(slot);
	uint32_t kept = UINT32_MAX;

	p->ask = ask;
	if (f)
		kept = classic_bpf_run_packet(f->insns, p);
	filter_put(f);
	return kept;
}
