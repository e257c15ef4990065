/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of lib/ring.c with the sleep of ipc/driver_wait.c behind it: one producer (the kernel), one consumer (a driver process) that
 * sleeps when there is nothing to do. A doorbell takes need_wakeup, so the wait must end even if the entry behind it
 * was taken already: it is kept in moved.doorbell. Each side's plain stores wait in a buffer that drains in any order; a release waits until the
 * buffer is empty, a sequentially consistent store goes to memory at once. Loads happen in the order of the program.
 *
 * Claims: every entry is taken once, in order, as it was written; a consumer does not sleep while an entry is published
 * (otherwise the run ends with both sides waiting, which spin calls an invalid end state); the producer finds room again.
 *
 * Broken variants, each of which spin must refute (tests/build/models):
 * BROKEN: NO_RECHECK NEED_RELAXED TAIL_RELEASE HEAD_EARLY ENTRY_AFTER_TAIL SLEEPING_LATE NO_PREPARE NO_DOORBELL
 */
#define SIZE	2	/* entries of the ring */
#define TOTAL	4	/* entries that pass through it */

#define PRODUCER	0
#define CONSUMER	1

#define TAIL		0
#define HEAD		1
#define NEED_WAKEUP	2
#define SLEEPING	3
#define DOORBELL	4
#define ENTRY		5
#define NR_CELLS	7

byte memory[NR_CELLS];
byte buffered[2 * NR_CELLS];	/* value and one; 0: none */
byte nr_buffered[2];

bool marked, awake;		/* the state of the consumer's thread: THREAD_SLEEPING, and made ready since */

inline store_relaxed(who, cell, value)
{
	atomic {
		nr_buffered[who] = nr_buffered[who] + (buffered[who * NR_CELLS + cell] == 0 -> 1 : 0);
		buffered[who * NR_CELLS + cell] = value + 1
	}
}

inline store_release(who, cell, value)
{
	atomic {
		nr_buffered[who] == 0;
		nr_buffered[who] = 1;
		buffered[who * NR_CELLS + cell] = value + 1
	}
}

inline store_seq_cst(who, cell, value)
{
	atomic {
		nr_buffered[who] == 0;
		memory[cell] = value
	}
}

#define load(who, cell)	\
	(buffered[(who) * NR_CELLS + (cell)] -> buffered[(who) * NR_CELLS + (cell)] - 1 : memory[cell])

#define fence(who)	nr_buffered[who] == 0

/* A processor's store buffer. */
proctype drain(byte who)
{
	byte cell;
end:
	do
	:: atomic {
		nr_buffered[who] > 0 ->
		select (cell : 0 .. NR_CELLS - 1);
		if
		:: buffered[who * NR_CELLS + cell] ->
			memory[cell] = buffered[who * NR_CELLS + cell] - 1;
			buffered[who * NR_CELLS + cell] = 0;
			nr_buffered[who]--
		:: else
		fi;
		cell = 0
	   }
	od
}

proctype producer()
{
	byte mine, theirs, need;

	do
	:: mine == TOTAL -> break
	:: mine < TOTAL ->
		/* ring_put() */
		if
		:: mine - theirs == SIZE ->
			load(PRODUCER, HEAD) != theirs;
			theirs = load(PRODUCER, HEAD)
		:: else
		fi;
		assert(mine - theirs < SIZE);
#ifdef ENTRY_AFTER_TAIL
		store_seq_cst(PRODUCER, TAIL, mine + 1);
		store_relaxed(PRODUCER, ENTRY + mine % SIZE, mine + 1);
#else
		store_relaxed(PRODUCER, ENTRY + mine % SIZE, mine + 1);
#endif
		mine++;
		/* ring_publish(), now or with the next one */
		if
		:: mine < TOTAL && mine - theirs < SIZE -> goto next
		:: true
		fi;
#ifdef TAIL_RELEASE
		store_release(PRODUCER, TAIL, mine);
#else
		store_seq_cst(PRODUCER, TAIL, mine);
#endif
		if
		:: load(PRODUCER, NEED_WAKEUP) ->
			atomic {
				fence(PRODUCER);
				need = memory[NEED_WAKEUP];
				memory[NEED_WAKEUP] = 0
			};
			if
			:: need ->
				/* moved_ring(), moved_wake(), sched_wake(): the run queue's lock makes it one step */
#ifndef NO_DOORBELL
				store_seq_cst(PRODUCER, DOORBELL, 1);
#endif
				fence(PRODUCER);
				if
				:: load(PRODUCER, SLEEPING) ->
					atomic {
						if
						:: marked -> awake = true; marked = false
						:: else
						fi
					}
				:: else
				fi;
				need = 0
			:: else
			fi
		:: else
		fi;
next:		skip
	od
}

proctype consumer()
{
	byte mine, theirs, public;

	do
	:: public == TOTAL -> break
	:: public < TOTAL ->
		/* block_run(): ring_awake(), ring_take() until there is no more, ring_release() */
		store_relaxed(CONSUMER, NEED_WAKEUP, 0);
		do
		:: mine == theirs ->
			theirs = load(CONSUMER, TAIL);
			assert(theirs - mine <= SIZE);
			if
			:: mine == theirs -> break
			:: else
			fi
		:: mine != theirs ->
#ifdef HEAD_EARLY
			store_release(CONSUMER, HEAD, mine + 1);
#endif
			assert(load(CONSUMER, ENTRY + mine % SIZE) == mine + 1);
			mine++
		od;
		if
		:: public != mine ->
			public = mine;
#ifndef HEAD_EARLY
			store_release(CONSUMER, HEAD, public)
#endif
		:: else
		fi;
		/* ring_sleep() */
#ifdef NEED_RELAXED
		store_relaxed(CONSUMER, NEED_WAKEUP, 1);
#else
		store_seq_cst(CONSUMER, NEED_WAKEUP, 1);
#endif
#ifndef NO_RECHECK
		if
		:: load(CONSUMER, TAIL) != mine -> goto again
		:: else
		fi;
#endif
		if
		:: public == TOTAL -> break
		:: else
		fi;
		/* moved_sleep() */
#ifndef SLEEPING_LATE
		store_seq_cst(CONSUMER, SLEEPING, 1);
#endif
		/* sleep_now(): marked, and then a look; a wake makes it look again. moved_poll() only looks, before it */
		do
		:: true ->
			awake = false;
#ifndef NO_PREPARE
			marked = true;
#endif
			fence(CONSUMER);
			if
			:: load(CONSUMER, DOORBELL) -> break
			:: else
			fi;
#ifdef SLEEPING_LATE
			store_seq_cst(CONSUMER, SLEEPING, 1);
#endif
#ifdef NO_PREPARE
			marked = true;
#endif
			awake
		od;
		marked = false;
		store_seq_cst(CONSUMER, SLEEPING, 0);
		/* events_tell() */
		store_seq_cst(CONSUMER, DOORBELL, 0);
again:		skip
	od;
	assert(mine == TOTAL)
}

init {
	atomic {
		run drain(PRODUCER);
		run drain(CONSUMER);
		run producer();
		run consumer()
	}
}
