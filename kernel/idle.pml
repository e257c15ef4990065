/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of kernel/idle.c and resched() in kernel/sched.c: one CPU without work, another that brings some. Stores are sequentially consistent.
 *
 * Claims: a CPU does not halt for ever while need_resched is set (the run would end with it halted: an invalid end state), whether it
 * looks on or not, and however often.
 *
 * Broken variants, each of which spin must refute (tests/build/models):
 * BROKEN: NO_RECHECK LOOK_BEFORE_STORE NEVER_KICKS
 */
#define ROUNDS	3

bool need_resched, looks_on, kicked;

active proctype idle()
{
	byte left = ROUNDS;

	do
	:: left == 0 -> break
	:: else ->
		if
		:: looks_on = true;
			do
			:: need_resched -> break
			:: break		/* long enough */
			od;
			looks_on = false
		:: skip				/* waits were long: no look */
		fi;
#ifdef NO_RECHECK
		kicked; kicked = false;
#else
		do
		:: atomic { need_resched -> break }
		:: atomic { !need_resched -> skip }; kicked; kicked = false	/* interrupts are off from the look to the halt: a kick stays */
		od;
#endif
		atomic { need_resched -> need_resched = false };
		left--
	od
}

active proctype bringer()
{
	byte left = ROUNDS;

	do
	:: left == 0 -> break
	:: else ->
#ifdef LOOK_BEFORE_STORE
		bool looked = looks_on;
		need_resched = true;
		if
		:: looked -> skip
		:: else -> kicked = true
		fi;
#else
		need_resched = true;
		if
#ifdef NEVER_KICKS
		:: true -> skip
#else
		:: looks_on -> skip
		:: else -> kicked = true
#endif
		fi;
#endif
		!need_resched;			/* the next one comes when this was taken */
		left--
	od
}
