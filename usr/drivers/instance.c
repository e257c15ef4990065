// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers at work: started, taken over from a manager that died, watched, restarted after the policy, replaced by another binary. What a
 * driver's state is, the kernel knows; here is only what follows from it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uapi/ferry/syscall.h>
#include "devmgr.h"

#define BEATS_MISSED_MAX	3u
#define STANDBY_RETRY_NS	200000000ull
#define STANDBY_LATER_NS	10000000ull	/* a restart that nobody's request ends is over then */
#define REPLACE_TRIES		500u
#define CPU_PERIOD_US		100000u
#define KIB_PER_PAGE		4u

static struct instance *instances;
static unsigned int round_now;

struct instance *instances_first(void)
{
	return instances;
}

struct instance *instance_find(unsigned int device)
{
	struct instance *i;

	for (i = instances; i && (i->gone || i->device != device); i = i->next)
		;
	return i;
}

/* One whose device went away, or a new one. Never freed: somebody who asked through serve.c may still look at it. */
static struct instance *instance_spare(void)
{
	struct instance *i, *next;

	for (i = instances; i && (!i->gone || reload_is_on(i)); i = i->next)
		;
	if (i) {
		next = i->next;
		memset(i, 0, sizeof(*i));
		i->next = next;
		return i;
	}
	i = calloc(1, sizeof(*i));
	if (i) {
		i->next = instances;
		instances = i;
	}
	return i;
}

/* As it is, or another; NULL: no memory. */
static struct instance *instance_get(unsigned int device)
{
	struct instance *i = instance_find(device);

	if (i)
		return i;
	i = instance_spare();
	if (!i)
		return NULL;
	i->device = device;
	i->process = -1;
	i->past = history_of(device);
	i->round = round_now;
	return i;
}

struct instance *instance_for(const struct ferry_device_desc *d)
{
	struct instance *i = instance_get(d->id);

	if (i && !i->driver[0])
		memcpy(i->driver, d->driver, sizeof(i->driver));
	return i;
}

static void process_set(struct instance *i, int process, unsigned int needs, unsigned long long asked)
{
	if (i->process >= 0)
		close(i->process);
	i->process = process;
	i->needs = needs;
	i->asked = asked;
	i->registered = i->beat_open = 0;
	i->missed = 0;
	i->running_ns = 0;
	i->spawned_ns = now_ns();
	if (i->io_asked) {	/* nobody will answer */
		i->io_asked = 0;
		i->io_answer = (struct ferry_message_io_answer){ .error = FERRY_ERROR_IPC };
		pthread_cond_broadcast(&manager_changed);
	}
}

/* What the policy limits; what it does not name is left as it is. */
static int budgets_set(const struct ferry_device_desc *d, const struct policy *p)
{
	struct ferry_budget b = {
		.abi = { sizeof(b), FERRY_ABI_VERSION }, .device = d->id, .handle = -1, .cpu_period_us = CPU_PERIOD_US,
		.items = {
			[FERRY_BUDGET_CPU].limit = p->cpu_percent * (CPU_PERIOD_US / 100ull),
			[FERRY_BUDGET_MEMORY].limit = p->memory_kib / KIB_PER_PAGE, [FERRY_BUDGET_DMA].limit = p->dma_kib / KIB_PER_PAGE,
			[FERRY_BUDGET_HANDLES].limit = p->handles, [FERRY_BUDGET_IRQS].limit = p->irqs_per_s,
			[FERRY_BUDGET_DEPTH].limit = p->queue_depth,
		},
	};
	unsigned int k;

	for (k = 0; k < FERRY_BUDGET_KINDS; k++)
		if (b.items[k].limit)
			b.set |= 1u << k;
	return b.set && syscall(NR_ferry_budget, &b) ? errno : 0;
}

/* Its PROCESS handle, or -1 and why not. @flags: FERRY_SPAWN_STANDBY or FERRY_SPAWN_ASKS. */
static int spawn(const struct ferry_device_desc *d, const struct known_driver *k, unsigned int flags, const char **why)
{
	struct ferry_driver_spawn s = { .abi = { sizeof(s), FERRY_ABI_VERSION }, .device = d->id };
	const struct policy *p = policy_for(k->manifest.name);
	static char text[256];
	int err;

	*why = text;
	err = budgets_set(d, p);
	if (err) {
		snprintf(text, sizeof(text), "cannot set the budgets of %s: %s", k->manifest.name, strerror(err));
		return -1;
	}
	s.needs = k->manifest.needs & p->grant;
	s.dma_bits = k->manifest.dma_bits;
	s.class_id = k->manifest.class_id;
	s.path = (uintptr_t)k->path;
	s.flags = flags | (p->restart || p->fallback ? FERRY_SPAWN_RESTART : 0) | (p->fallback ? FERRY_SPAWN_FALLBACK : 0);
	memcpy(s.name, k->manifest.name, sizeof(s.name));
	if (syscall(NR_ferry_driver_spawn, &s)) {
		snprintf(text, sizeof(text), "cannot start %s: %s", k->path, strerror(errno));
		return -1;
	}
	*why = NULL;
	return s.process;
}

static const char *process_start(const struct ferry_device_desc *d, const struct known_driver *k, struct instance *i)
{
	struct ferry_device_desc now;
	const char *why;
	int process = spawn(d, k, FERRY_SPAWN_ASKS, &why);

	if (process < 0)
		return why;
	memcpy(i->driver, k->manifest.name, sizeof(i->driver));
	process_set(i, process, k->manifest.needs & policy_for(i->driver)->grant, 0);
	i->generation = d->generation + 1;
	if (!device_look(d->id, &now)) {
		i->generation = now.generation;
		if (policy_for(i->driver)->fallback && !(now.flags & FERRY_DEVICE_FALLBACK))
			fprintf(stderr, "devmgr: %s: policy %s:%u: the kernel has no build of %s to fall back on\n", d->name, manager_policy_file,
				policy_for(i->driver)->line, i->driver);
	}
	i->past->generation = i->generation;
	i->told = FERRY_STATE_SPAWNED;
	i->adopted = 0;
	return NULL;
}

const char *driver_start(const struct ferry_device_desc *d)
{
	const struct known_driver *k;
	struct instance *i;
	const char *why;

	k = driver_for(d, &why);
	i = k ? instance_get(d->id) : NULL;
	if (i)
		why = process_start(d, k, i);
	else if (!why)
		why = k ? "out of memory" : "";
	if (why && why[0])
		fprintf(stderr, "devmgr: %s: %s\n", d->name, why);
	return why;
}

const char *driver_wanted(const struct ferry_device_desc *d)
{
	struct instance *i = instance_find(d->id);

	if (d->placement != FERRY_PLACED_NONE)
		return NULL;
	if (i) {
		memset(&i->past->history, 0, sizeof(i->past->history));
		i->restart_ns = 0;
	}
	return driver_start(d);
}

/* The driver process that runs now, whoever started it. 0, or -1. */
static int process_adopt(const struct ferry_device_desc *d, struct instance *i)
{
	struct ferry_driver_adopt a = { .abi = { sizeof(a), FERRY_ABI_VERSION }, .device = d->id };

	if (syscall(NR_ferry_driver_adopt, &a))
		return -1;
	memcpy(i->driver, d->driver, sizeof(i->driver));
	process_set(i, a.process, a.needs, a.asked);
	i->generation = i->past->generation = d->generation;
	i->told = d->state;
	return 0;
}

/* A driver has ended, and has a successor: 0, after how long a pause; or -1: it is to have none. */
static int death_count(const struct ferry_device_desc *d, struct instance *i, uint64_t *pause_ns)
{
	uint64_t now = now_ns();

	return policy_restart(policy_for(d->driver), &i->past->history, now, i->running_ns ? now - i->running_ns : 0, (unsigned int)rand(),
			      pause_ns) ? 0 : -1;
}

/* Standbys that took over while no manager was there. */
static void deaths_catch_up(const struct ferry_device_desc *d, struct instance *i)
{
	const struct past *p = i->past;
	unsigned long long deaths = p->generation && d->generation > p->generation ? d->generation - p->generation : 0;
	uint64_t pause;

	if (deaths && p->counted == p->generation)
		deaths--;
	while (deaths-- && !death_count(d, i, &pause))
		;
}

/* What it has asked for and not got before its last manager died, the kernel delivers again. */
void driver_adopt(const struct ferry_device_desc *d)
{
	struct instance *i;

	if (d->placement != FERRY_PLACED_MOVED || instance_find(d->id))
		return;
	i = instance_get(d->id);
	if (!i)
		return;
	deaths_catch_up(d, i);
	if (process_adopt(d, i))
		return;
	i->adopted = 1;
	printf("devmgr: %s: driver %s (pid %d) taken over\n", d->name, d->driver, d->pid);
	if (d->state == FERRY_STATE_GRANTED)
		talk_probe(i);
	talk_receive(i);
}

/* ---- Deaths ---- */

int reload_is_on(const struct instance *i)
{
	return i->reload == RELOAD_QUIESCING || i->reload == RELOAD_SWAPPING;
}

/* Its clients get an error, or the kernel's build of it. */
static void give_up(const struct ferry_device_desc *d, const struct policy *p)
{
	struct ferry_device_desc now;
	char reason[96] = "";
	int err;

	if (p->restart)
		snprintf(reason, sizeof(reason), "%u restarts in %u s; %.48s", p->budget, p->window_s, d->reason);
	err = device_control(d->id, FERRY_CONTROL_GIVE_UP, 0, reason);
	if (err && err != ESRCH)
		fprintf(stderr, "devmgr: %s: cannot give up: %s\n", d->name, strerror(err));
	if (!device_look(d->id, &now) && now.flags & FERRY_DEVICE_FELL_BACK)
		fprintf(stderr, "devmgr: %s: the kernel's own build of %s has taken over: %s\n", d->name, now.driver, now.reason);
}

static void restart_plan(const struct ferry_device_desc *d, struct instance *i)
{
	struct past *past = i->past;
	uint64_t pause;

	if (past->counted != d->generation) {
		past->due_ns = death_count(d, i, &pause) ? 0 : now_ns() + pause;
		past->counted = d->generation;
	}	/* else by a manager that died before it did it */
	i->restart_ns = past->due_ns;
	if (!i->restart_ns)
		give_up(d, policy_for(d->driver));
	i->running_ns = 0;
}

static void restart_if_due(const struct ferry_device_desc *d, struct instance *i)
{
	if (reload_is_on(i) && d->generation == i->reload_from) {
		i->reload = RELOAD_SWAPPING;	/* no death: another binary */
		i->restart_ns = now_ns();
	}
	if (!i->restart_ns)
		restart_plan(d, i);
	if (!i->restart_ns || i->restart_ns > now_ns())
		return;
	i->restart_ns = 0;
	if (driver_start(d)) {	/* it has died once more */
		i->past->counted = 0;
		restart_plan(d, i);
	}
}

/* ---- Standbys: started while their driver runs, so that its death need not wait for one; the kernel makes it the driver then. What it is
 * granted was decided when it was started. ---- */

/* The standby has become the driver: that was a restart like any other. */
static void standby_taken(const struct ferry_device_desc *d, struct instance *i)
{
	uint64_t pause;

	death_count(d, i, &pause);
	process_adopt(d, i);
	i->restart_ns = 0;
}

static void standby_keep(const struct ferry_device_desc *d, struct instance *i)
{
	const struct policy *p = policy_for(d->driver);
	uint64_t now = now_ns();
	const struct known_driver *k;
	const char *why;
	int process;

	i->standby_ns = 0;
	if (!p->standby || !p->restart || d->standby || reload_is_on(i))
		return;
	if (d->flags & FERRY_DEVICE_RESTARTING && now - i->running_ns < STANDBY_LATER_NS) {
		i->standby_ns = i->running_ns + STANDBY_LATER_NS;	/* whoever waited for this one goes first */
		return;
	}
	k = driver_for(d, &why);
	if (!k)
		return;
	process = policy_at_once(p, &i->past->history, now, now - i->running_ns) ? spawn(d, k, FERRY_SPAWN_STANDBY, &why) : -1;
	if (process >= 0)
		close(process);	/* it is taken over when its time comes */
	else
		i->standby_ns = now + STANDBY_RETRY_NS;
}

void standby_drop(const struct ferry_device_desc *d)
{
	if (d->standby)
		kill(d->standby, SIGKILL);
}

/* ---- Hangs ---- */

static void start_deadline(const struct ferry_device_desc *d, struct instance *i)
{
	const struct policy *p = policy_for(i->driver);

	if (!p->start_ms || now_ns() - i->spawned_ns < p->start_ms * NS_PER_MS_)
		return;
	fprintf(stderr, "devmgr: %s: driver %s does not run after %u ms, killing it\n", d->name, i->driver, p->start_ms);
	i->spawned_ns = now_ns();
	device_control(d->id, FERRY_CONTROL_KILL, 1, NULL);
}

static void heartbeat(const struct ferry_device_desc *d, struct instance *i)
{
	const struct policy *p = policy_for(i->driver);
	uint64_t now = now_ns();

	if (!p->heartbeat_ms || now < i->beat_ns)
		return;
	i->beat_ns = now + p->heartbeat_ms * NS_PER_MS_;
	if (i->beat_open && ++i->past->missed_all && ++i->missed >= BEATS_MISSED_MAX) {
		fprintf(stderr, "devmgr: %s: driver %s misses its %uth heartbeat, killing it\n", d->name, i->driver, i->missed);
		i->missed = 0;
		device_control(d->id, FERRY_CONTROL_KILL, 1, NULL);
		return;
	}
	if (!i->beat_open)
		i->beat_open = !talk_plain(i, FERRY_MESSAGE_HEARTBEAT);
}

/* ---- All together ---- */

/* Say once what became of a driver that was started here. */
static void tell_failure(const struct ferry_device_desc *d, struct instance *i)
{
	if (i->told == d->state)
		return;
	i->told = d->state;
	if (d->state == FERRY_STATE_FAILED)
		fprintf(stderr, "devmgr: %s: driver %s failed: %s\n", d->name, d->driver[0] ? d->driver : i->driver, d->reason);
	if (i->process >= 0)
		close(i->process);
	i->process = -1;
}

static void reload_end(struct instance *i, enum reload how, const char *why)
{
	i->reload = how;
	snprintf(i->reload_why, sizeof(i->reload_why), "%s", why);
	pthread_cond_broadcast(&manager_changed);
}

static void runs(const struct ferry_device_desc *d, struct instance *i)
{
	const struct policy *p = policy_for(i->driver);

	if (!i->running_ns) {
		i->running_ns = now_ns();
		i->beat_ns = i->running_ns + p->heartbeat_ms * NS_PER_MS_;
	}
	if (reload_is_on(i) && d->generation > i->reload_from)
		reload_end(i, RELOAD_DONE, "");
	standby_keep(d, i);
	heartbeat(d, i);
}

void supervise(const struct ferry_device_desc *d)
{
	struct instance *i = d->state == FERRY_STATE_RESTARTING ? instance_get(d->id) : instance_find(d->id);

	if (!i)
		return;
	i->round = round_now;
	if (d->placement == FERRY_PLACED_MOVED) {
		if (d->generation != i->generation)
			standby_taken(d, i);
		i->restart_ns = 0;
		if (d->state == FERRY_STATE_RUNNING)
			runs(d, i);
		else if (d->state < FERRY_STATE_RUNNING)
			start_deadline(d, i);
		return;
	}
	i->running_ns = d->state == FERRY_STATE_RESTARTING ? i->running_ns : 0;
	if (d->state == FERRY_STATE_RESTARTING && d->placement == FERRY_PLACED_NONE) {
		restart_if_due(d, i);
		return;
	}
	if (d->placement == FERRY_PLACED_KERNEL && reload_is_on(i) && d->generation > i->reload_from)
		reload_end(i, RELOAD_FAILED, d->reason);
	if (d->state == FERRY_STATE_CRASHED || d->placement != FERRY_PLACED_NONE)
		return;
	if (reload_is_on(i))
		reload_end(i, RELOAD_FAILED, d->reason[0] ? d->reason : "it did not come back");
	tell_failure(d, i);
}

void supervise_all(void)
{
	struct instance *i;

	round_now++;
	if (devices_each(supervise) < 0)
		return;
	for (i = instances; i; i = i->next) {
		if (i->gone || i->round == round_now)
			continue;
		process_set(i, -1, 0, 0);
		if (reload_is_on(i))
			reload_end(i, RELOAD_FAILED, "the device is gone");
		i->restart_ns = i->standby_ns = 0;
		history_forget(i->past);
		i->gone = 1;
	}
}

static uint64_t next_of(const struct instance *i)
{
	const struct policy *p = policy_for(i->driver);

	uint64_t standby = i->standby_ns ? i->standby_ns : ~0ull, beat = p->heartbeat_ms ? i->beat_ns : ~0ull;

	if (i->restart_ns)
		return i->restart_ns;
	if (i->running_ns)
		return standby < beat ? standby : beat;
	return i->process >= 0 && p->start_ms ? i->spawned_ns + p->start_ms * NS_PER_MS_ : ~0ull;
}

uint64_t supervise_next(void)
{
	uint64_t next = ~0ull, own;
	struct instance *i;

	for (i = instances; i; i = i->next) {
		own = next_of(i);
		if (own < next)
			next = own;
	}
	return next;
}

/* ---- Reload ---- */

/* A standby is of the old kind and goes first. */
static int replace(unsigned int id)
{
	unsigned int tries;
	int err = EBUSY;

	for (tries = 0; err == EBUSY && tries < REPLACE_TRIES; tries++) {
		err = device_control(id, FERRY_CONTROL_REPLACE, 0, NULL);
		if (err == EBUSY)
			usleep(2000);
	}
	return err;
}

const char *reload_begin(struct instance *i, const struct ferry_device_desc *d)
{
	const struct known_driver *k;
	const char *why;

	if (reload_is_on(i))
		return "it is being reloaded already";
	if (d->state != FERRY_STATE_RUNNING)
		return "it does not run";
	catalogue_read(manager_drivers_dir);
	k = driver_for(d, &why);
	if (!k) {
		catalogue_undo();
		return why ? why : "no driver file in its directory is good for it: the old one goes on";
	}
	if (strcmp(k->manifest.name, i->driver))
		printf("devmgr: %s: driver %s is followed by %s\n", d->name, i->driver, k->manifest.name);
	if (replace(d->id))
		return "the kernel does not let it be replaced";
	if (d->flags & FERRY_DEVICE_FELL_BACK)	/* an administrator's word: it begins anew */
		memset(&i->past->history, 0, sizeof(i->past->history));
	i->reload = RELOAD_QUIESCING;
	i->reload_from = d->generation;
	if (talk_plain(i, FERRY_MESSAGE_QUIESCE))
		reload_force(i);
	return NULL;
}

void reload_force(struct instance *i)
{
	i->reload = RELOAD_SWAPPING;
	device_control(i->device, FERRY_CONTROL_KILL, 1, NULL);
}
