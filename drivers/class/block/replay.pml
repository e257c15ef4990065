/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of drivers/class/block/replay.c between clients and a device: two clients write their block twice, each write after the end of
 * the one before, and flush. The driver dies at any moment, twice. What it had taken in the device's queue goes on in the device
 * until the device is reset; completions it had written may still be on their way. The device has a volatile cache that it
 * writes back when it likes, and executes commands in any order.
 *
 * Claims: each request ends for its client exactly once, and only after it was carried out; after a flush the medium holds what was
 * written before it, for good; all clients come to their end.
 *
 * Broken variants, each of which spin must refute (tests/build/models); CACHE_LOST is a device that we could not serve:
 * BROKEN: NO_GENERATION NO_RESET RESET_AFTER_START NO_REPLAY CACHE_LOST
 */
#define CLIENTS	2
#define TAGS	2
#define LAST	2	/* version of a block */
#define DEATHS	2

mtype = { WRITE, FLUSH };
mtype = { FREE, FLIGHT, KEPT };		/* a slot */
mtype = { NOTHING, SENT, TAKEN, DONE };	/* what has become of it below the core */

typedef slot {
	mtype state = FREE;
	mtype op;
	byte owner, value;
	mtype below = NOTHING;
	bool completion;
	byte completion_generation
}
slot slots[TAGS];

/* A command that a dead driver left in the device. */
typedef command {
	bool there;
	mtype op;
	byte owner, value
}
command stale[TAGS];

bool alive = true, waits[CLIENTS];
byte generation, deaths;
byte cache[CLIENTS], medium[CLIENTS];	/* a block for each client */
byte finished;

inline execute(what, who, version)
{
	if
	:: what == WRITE -> cache[who] = version
	:: what == FLUSH ->
		medium[0] = cache[0];
		medium[1] = cache[1]
	fi
}

inline ask(what, version)
{
	atomic {
		alive && slots[0].state != KEPT && slots[1].state != KEPT && (slots[0].state == FREE || slots[1].state == FREE);
		tag = (slots[0].state == FREE -> 0 : 1);
		assert(slots[tag].below == NOTHING);	/* the driver has given the tag back */
		slots[tag].state = FLIGHT;
		slots[tag].op = what;
		slots[tag].owner = me;
		slots[tag].value = version;
		slots[tag].below = SENT;
		waits[me] = true;
		tag = 0
	}
	!waits[me]
}

proctype client(byte me)
{
	byte version, tag;

	do
	:: version < LAST ->
		version++;
		ask(WRITE, version);
		assert(cache[me] == version || medium[me] == version)
	:: else -> break
	od;
	ask(FLUSH, 0);
	assert(medium[me] == LAST);
	finished++
}

/* The core's end: a completion of this generation for a request in flight ends it. */
inline completion_take(tag)
{
	slots[tag].completion = false;
	if
#ifdef NO_GENERATION
	:: slots[tag].state != FREE ->
#else
	:: slots[tag].state == FLIGHT && slots[tag].completion_generation == generation ->
#endif
		assert(waits[slots[tag].owner]);
		waits[slots[tag].owner] = false;
		slots[tag].state = FREE
	:: else
	fi
}

inline slot_keep(tag)
{
	if
	:: slots[tag].below == TAKEN ->
		stale[tag].there = true;
		stale[tag].op = slots[tag].op;
		stale[tag].owner = slots[tag].owner;
		stale[tag].value = slots[tag].value
	:: else
	fi;
	slots[tag].below = NOTHING;
#ifndef NO_REPLAY
	if
	:: slots[tag].state == FLIGHT -> slots[tag].state = KEPT
	:: else
	fi
#endif
}

inline reset()
{
	stale[0].there = false;
	stale[1].there = false;
#ifdef CACHE_LOST
	cache[0] = medium[0];
	cache[1] = medium[1]
#endif
}

/* What may happen to a tag between the core and the medium, and to the cache of a block. */
proctype below_the_core(byte tag)
{
end:
	do
	:: atomic { alive && slots[tag].state == KEPT -> slots[tag].state = FLIGHT; slots[tag].below = SENT }
	:: atomic { alive && slots[tag].below == SENT -> slots[tag].below = TAKEN }
	:: atomic {
		slots[tag].below == TAKEN ->
		execute(slots[tag].op, slots[tag].owner, slots[tag].value);
		slots[tag].below = DONE
	   }
	:: atomic {
		alive && slots[tag].below == DONE && !slots[tag].completion ->
		slots[tag].below = NOTHING;
		slots[tag].completion = true;
		slots[tag].completion_generation = generation
	   }
	:: atomic { slots[tag].completion -> completion_take(tag) }
	:: atomic { cache[tag] != medium[tag] -> medium[tag] = cache[tag] }
	:: atomic { stale[tag].there -> execute(stale[tag].op, stale[tag].owner, stale[tag].value); stale[tag].there = false }
	od
}

proctype driver()
{
end:
	do
	:: atomic {
		alive && deaths < DEATHS ->
		deaths++;
		alive = false;
		slot_keep(0);
		slot_keep(1)
	   }
	:: atomic {
		!alive ->
#if !defined(NO_RESET) && !defined(RESET_AFTER_START)
		reset();
#endif
		generation++;
		alive = true
	   }
#ifdef RESET_AFTER_START
	:: atomic { alive && (stale[0].there || stale[1].there) && slots[0].state != KEPT && slots[1].state != KEPT -> reset() }
#endif
	od
}

init {
	atomic {
		run client(0);
		run client(1);
		run below_the_core(0);
		run below_the_core(1);
		run driver()
	}
	finished == CLIENTS;
	/* whatever still happens in the device, the medium stays as it was flushed */
	do
	:: assert(medium[0] == LAST && medium[1] == LAST)
	:: break
	od;
	assert(medium[0] == LAST && medium[1] == LAST)
}
