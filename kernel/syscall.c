// SPDX-License-Identifier: GPL-2.0
/*
 * The system call table and its dispatch. Handlers are gathered by the linker from SYSCALL() in the file of their subject; the table
 * is built once at boot. Linux's numbers and Ferry's own lie in one array so that a call costs one bounds check. Counts and the marks
 * of what was logged are updated with relaxed atomics; the table itself never changes after boot.
 */
#include <asm/cpu.h>
#include <asm/exit.h>
#include <driver/log.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/trace.h>
#include <kernel/user_dispatch.h>

#define SLOTS	(NR_LINUX_COUNT + NR_FERRY_COUNT)
#define NO_SLOT	SLOTS
#define PRIVATE_END	0x40000000u	/* x32's numbers and negative ones are Linux's */

extern const struct syscall_entry syscalls_start[], syscalls_end[];
extern const struct syscall_short_entry syscall_shorts_start[], syscall_shorts_end[];

typedef int64_t (*handler_fn)(struct syscall_args *args);

static const struct syscall_entry *entries[SLOTS] __ro_after_init;
static handler_fn handlers[SLOTS + 1][SYSCALL_SETS];	/* for each set; what it lacks has a handler that says so */
static handler_fn unrecorded[SLOTS + 1][SYSCALL_SETS] __ro_after_init;	/* the same; fixed after boot */
syscall_short_fn *syscall_shorts[256] __hot_data;	/* arch/x86/entry: any byte is an index */
static uint64_t logged[SLOTS / 64 + 1];	/* bit: the number was reported; the last for numbers without a slot */
static uint64_t logged_outside[16];

static unsigned int slot_of(uint64_t nr)
{
	if (likely(nr < NR_LINUX_COUNT))
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

static int64_t syscall_unknown(struct syscall_args *args)
{
	uint64_t nr = syscall_regs(args)->vector;

	if (first_time(nr, slot_of(nr)))
		log_warn("Unknown syscall: %llu", (unsigned long long)nr);
	return nr >= NR_FERRY_FIRST && nr < PRIVATE_END ? -1 : -ENOSYS;
}

const char *syscall_name(uint64_t nr)
{
	unsigned int slot = slot_of(nr);

	return slot != NO_SLOT && entries[slot] ? entries[slot]->name : "?";
}

int64_t syscall_do(uint64_t nr, struct syscall_args *args)
{
	unsigned int slot = slot_of(nr);

	return slot != NO_SLOT && entries[slot] ? entries[slot]->fn(args) : -ENOSYS;
}

/* A sandboxed driver asked for something that is not on its list. */
static int64_t syscall_refused(struct syscall_args *args)
{
	struct process *p = current_process;
	uint64_t nr = syscall_regs(args)->vector;

	__atomic_fetch_add(&p->denied_calls, 1, __ATOMIC_RELAXED);
	if (p->device) {
		__atomic_fetch_add(&p->device->counters.denied_calls, 1, __ATOMIC_RELAXED);
		device_log(p->device, LOG_WARN, "system call %llu (%s) is not for drivers", (unsigned long long)nr, syscall_name(nr));
	}
	return -EPERM;
}

/*
 * A thread of a process whose calls are looked at: the program may want the call itself; the tracer may look at it and its result, and change
 * both; then the filters decide.
 */
static int64_t syscall_traced(struct syscall_args *args)
{
	struct regs *regs = syscall_regs(args);
	int64_t nr;

	if (unlikely(current->dispatch.on) && user_dispatch_takes(regs))
		return regs->rax;
	nr = ptrace_syscall_entry(regs);
	if (nr >= 0 && unlikely(current_process->seccomp))
		nr = seccomp_check(regs);
	current->syscall_nr = nr;
	if (nr >= 0) {
		regs->rax = handlers[slot_of(nr)][SYSCALLS_ALL](args);
		signal_result_traced(regs);
	}
	ptrace_syscall_exit(regs);
	return regs->rax;
}

/* In the place of every handler while system calls are traced: so that they cost nothing more when they are not. */
static int64_t syscall_recorded(struct syscall_args *args)
{
	uint64_t nr = syscall_regs(args)->vector;
	int64_t result;

	TRACE(SYSCALL, SYSCALL_ENTER, nr, args->a[0] < UINT32_MAX ? args->a[0] : 0);
	result = unrecorded[slot_of(nr)][current_process->syscalls](args);
	TRACE(SYSCALL, SYSCALL_EXIT, nr, result);
	return result;
}

/* The short form of every call then: none can be answered at once. Never NULL instead, for the entry reads its table twice. */
static __attribute__((no_caller_saved_registers)) int64_t short_recorded(void)
{
	return -1;
}

/* A call that a tracer looks at passes the plain handler, which records it then. */
void syscall_trace(bool on)
{
	for (unsigned int slot = 0; slot <= SLOTS; slot++)
		for (unsigned int set = 0; set < SYSCALLS_TRACED; set++)
			WRITE_ONCE(handlers[slot][set], on ? syscall_recorded : unrecorded[slot][set]);
	for (const struct syscall_short_entry *e = syscall_shorts_start; e < syscall_shorts_end; e++)
		WRITE_ONCE(syscall_shorts[e->nr], on ? short_recorded : e->fn);
}

bool syscall_dispatch(struct regs *regs)
{
	struct thread *t = current;
	uint64_t nr = regs->vector;
	handler_fn fn = handlers[slot_of(nr)][t->process->syscalls];

	__asm__ volatile("incq %%gs:%c0" :: "i"(offsetof(struct cpu, nr_syscalls)) : "memory");
	t->syscall_nr = nr;
	irq_enable();
	regs->rax = fn((struct syscall_args *)regs->args);
	irq_disable();
	t->syscall_nr = -1;
	return exit_at_once(t, regs) || exit_to_user(regs);
}

static int syscall_init(void)
{
	for (unsigned int slot = 0; slot <= SLOTS; slot++) {
		handlers[slot][SYSCALLS_ALL] = syscall_unknown;
		handlers[slot][SYSCALLS_DRIVER] = syscall_refused;
		handlers[slot][SYSCALLS_TRACED] = syscall_traced;
	}
	for (const struct syscall_entry *e = syscalls_start; e < syscalls_end; e++) {
		unsigned int slot = slot_of(e->nr);

		if (slot == NO_SLOT)
			panic("system call %s has number %u outside the table", e->name, e->nr);
		if (entries[slot])
			panic("system call %u is both %s and %s", e->nr, entries[slot]->name, e->name);
		entries[slot] = e;
		for (unsigned int set = 0; set <= (e->flags & SYSCALL_DRIVER ? SYSCALLS_DRIVER : SYSCALLS_ALL); set++)
			handlers[slot][set] = e->fn;
	}
	for (unsigned int slot = 0; slot <= SLOTS; slot++)
		for (unsigned int set = 0; set < SYSCALL_SETS; set++)
			unrecorded[slot][set] = handlers[slot][set];
	syscall_trace(false);
	return 0;
}
INITCALL("1core", syscall_init);
