// SPDX-License-Identifier: GPL-2.0
/*
 * The system call table and its dispatch. Handlers are gathered by the linker from SYSCALL() in the file of their subject; the table
 * is built once at boot. Linux's numbers and Ferry's own lie in one array so that a call costs one bounds check. Counts and the marks
 * of what was logged are updated with relaxed atomics; the table itself never changes after boot.
 */
#include <driver/log.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/syscall.h>

#define SLOTS	(NR_LINUX_COUNT + NR_FERRY_COUNT)
#define NO_SLOT	SLOTS

extern const struct syscall_entry syscalls_start[], syscalls_end[];

static const struct syscall_entry *entries[SLOTS];
static int64_t (*handlers[SLOTS])(struct syscall_args *args);
static uint64_t logged[SLOTS / 64 + 1];	/* bit: the number was reported; the last for numbers without a slot */
static uint64_t logged_outside[16];

static unsigned int slot_of(uint64_t nr)
{
	if (nr < NR_LINUX_COUNT)
		return nr;
	if (nr - NR_FERRY_FIRST < NR_FERRY_COUNT)
		return NR_LINUX_COUNT + (nr - NR_FERRY_FIRST);
	return NO_SLOT;
}

/* Each number is reported once; numbers outside the table share a small list, so a hostile program cannot flood the log. */
static bool first_time_outside(uint64_t nr)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(logged_outside); i++) {
		uint64_t seen = 0;

		if (__atomic_compare_exchange_n(&logged_outside[i], &seen, nr, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (seen == nr)
			return false;
	}
	return false;
}

static bool first_time(uint64_t nr, unsigned int slot)
{
	uint64_t bit = 1ull << slot % 64;

	if (slot == NO_SLOT)
		return first_time_outside(nr);
	return !(__atomic_fetch_or(&logged[slot / 64], bit, __ATOMIC_RELAXED) & bit);
}

static int64_t syscall_unknown(uint64_t nr, unsigned int slot)
{
	if (first_time(nr, slot))
		log_warn("Unknown syscall: %llu", (unsigned long long)nr);
	return nr >= NR_FERRY_FIRST ? -1 : -ENOSYS;
}

const char *syscall_name(uint64_t nr)
{
	unsigned int slot = slot_of(nr);

	return slot != NO_SLOT && entries[slot] ? entries[slot]->name : "?";
}

/* A sandboxed driver asked for something that is not on its list. */
static int64_t syscall_refused(struct process *p, uint64_t nr)
{
	__atomic_fetch_add(&p->denied_calls, 1, __ATOMIC_RELAXED);
	if (p->device) {
		__atomic_fetch_add(&p->device->counters.denied_calls, 1, __ATOMIC_RELAXED);
		device_log(p->device, LOG_WARN, "system call %llu (%s) is not for drivers", (unsigned long long)nr, syscall_name(nr));
	}
	return -EPERM;
}

static bool syscall_allowed(const struct process *p, unsigned int slot)
{
	return slot != NO_SLOT && entries[slot] && (entries[slot]->flags & SYSCALL_DRIVER);
}

static __attribute__((noinline, cold)) int64_t syscall_slow(struct syscall_args *args, uint64_t nr, unsigned int slot)
{
	struct process *p = current_process;

	if (p->syscalls == SYSCALLS_DRIVER && !syscall_allowed(p, slot))
		return syscall_refused(p, nr);
	if (slot == NO_SLOT || !handlers[slot])
		return syscall_unknown(nr, slot);
	return handlers[slot](args);
}

void syscall_dispatch(struct regs *regs)
{
	struct thread *t = current;
	struct syscall_args args = {
		.a = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 }, .regs = regs,
	};
	uint64_t nr = regs->vector;
	unsigned int slot = slot_of(nr);

	t->syscall_nr = nr;
	__asm__ volatile("incq %%gs:%c0" :: "i"(offsetof(struct cpu, nr_syscalls)) : "memory");
	if (likely(slot != NO_SLOT && handlers[slot] && t->process->syscalls == SYSCALLS_ALL))
		regs->rax = handlers[slot](&args);
	else
		regs->rax = syscall_slow(&args, nr, slot);
	t->syscall_nr = -1;
}

static int syscall_init(void)
{
	for (const struct syscall_entry *e = syscalls_start; e < syscalls_end; e++) {
		unsigned int slot = slot_of(e->nr);

		if (slot == NO_SLOT)
			panic("system call %s has number %u outside the table", e->name, e->nr);
		if (entries[slot])
			panic("system call %u is both %s and %s", e->nr, entries[slot]->name, e->name);
		entries[slot] = e;
		handlers[slot] = e->fn;
	}
	return 0;
}
INITCALL("1core", syscall_init);
