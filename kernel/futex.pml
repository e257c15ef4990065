/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of kernel/futex.c: waiters of one word that may time out at any moment, and a thread that changes the word and then either
 * wakes them, or wakes one and moves the others to a second word whose waiters it wakes afterwards. A bucket's lock is one of two.
 *
 * Claims: nobody sleeps on after the word has changed and its waiters were woken (otherwise the run ends with a waiter waiting, an
 * invalid end state); as many waits end as woken as wakes were counted; lists change under the lock of the bucket they belong
 * to; nobody touches the record of a waiter that has returned.
 *
 * Broken variants, each of which spin must refute (tests/build/models):
 * BROKEN: READ_BEFORE_QUEUE NO_LOOK_AFTER_PREPARE LEAVE_UNLOCKED STALE_BUCKET WAKE_BEFORE_MARK
 */
#define WAITERS	2
#define NONE	2

byte word;			/* expected to be 0 */
bool locked[2];
byte list_of[WAITERS];		/* the bucket whose list it is on, or NONE */
byte bucket[WAITERS];		/* what the waiter's record says */
bool woken[WAITERS], alive[WAITERS], sleeping[WAITERS];
byte wakes, ended_woken;

inline lock(b)
{
	atomic { !locked[b]; locked[b] = true }
}

inline unlock(b)
{
	locked[b] = false
}

inline take_off(w)
{
	assert(list_of[w] != NONE && locked[list_of[w]]);
	list_of[w] = NONE
}

/* With the bucket's lock. */
inline waiter_wake(w)
{
	take_off(w);
#ifdef WAKE_BEFORE_MARK
	sleeping[w] = false;
	woken[w] = true;
#else
	woken[w] = true;
	assert(alive[w]);
	sleeping[w] = false;	/* sched_wake() */
#endif
	wakes++
}

inline futex_wake(b, count)
{
	left = count;
	lock(b);
	i = 0;
	do
	:: i < WAITERS && left > 0 ->
		if
		:: list_of[i] == b ->
			waiter_wake(i);
			left--
		:: else
		fi;
		i++
	:: else -> break
	od;
	unlock(b)
}

/* One is woken, the others go to bucket 1. */
inline futex_requeue()
{
	left = 1;
	lock(0);
	lock(1);
	i = 0;
	do
	:: i < WAITERS ->
		if
		:: list_of[i] == 0 && left > 0 ->
			waiter_wake(i);
			left--
		:: list_of[i] == 0 && left == 0 ->
			take_off(i);
			bucket[i] = 1;
			list_of[i] = 1
		:: else
		fi;
		i++
	:: else -> break
	od;
	unlock(1);
	unlock(0)
}

proctype waker()
{
	byte i, left;

	word = 1;
	if
	:: futex_wake(0, WAITERS)
	:: futex_wake(0, 1);
	   futex_wake(0, WAITERS)
	:: futex_requeue();
	   futex_wake(1, WAITERS)
	fi
}

proctype waiter(byte w)
{
	byte value, b;
	bool timed_out, here;

	alive[w] = true;
#ifdef READ_BEFORE_QUEUE
	value = word;
#endif
	/* waiter_queue() */
	lock(0);
	bucket[w] = 0;
	list_of[w] = 0;
	unlock(0);
#ifndef READ_BEFORE_QUEUE
	value = word;
#endif
	if
	:: value != 0 -> goto leave
	:: else
	fi;
	/* waiter_sleep() */
	do
	:: woken[w] || timed_out -> break
	:: !woken[w] && !timed_out ->
		sleeping[w] = true;
#ifndef NO_LOOK_AFTER_PREPARE
		if
		:: woken[w] ->
			sleeping[w] = false;
			break
		:: else
		fi;
#endif
		if
		:: !sleeping[w]
		:: w == 0 -> timed_out = true	/* only one has a timeout: the other must be woken */
		fi
	od;
leave:
#ifdef LEAVE_UNLOCKED
	if
	:: woken[w] -> goto gone
	:: else
	fi;
#endif
	/* waiter_unqueue() */
	do
	:: true ->
		b = bucket[w];
		lock(b);
#ifdef STALE_BUCKET
		here = true;
#else
		here = bucket[w] == b;
#endif
		if
		:: here && !woken[w] -> take_off(w)
		:: else
		fi;
		unlock(b);
		if
		:: here -> break
		:: else
		fi
	od;
gone:
	alive[w] = false;
	ended_woken = ended_woken + (woken[w] -> 1 : 0)
}

init {
	byte w;

	atomic {
		for (w : 0 .. WAITERS - 1) {
			list_of[w] = NONE
		}
		run waiter(0);
		run waiter(1);
		run waker()
	}
	_nr_pr == 1;
	assert(wakes == ended_woken)
}
