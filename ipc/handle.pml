/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of handles (ipc/handle.c, ipc/driver_cap.c, fs/fd.c): a process uses a memory handle by its number, another derives one from it and
 * maps that, a third revokes it, and somebody closes the number and opens another file in the slot. cap_lock is short and is an atomic step
 * here; bind_lock, under which things are used and taken back, is not.
 *
 * Claims: nobody touches frames that were given back; when a revocation has returned nothing is mapped through what it ended, nothing is
 * begun with it any more, and its frames are free; an old number never reaches the new file.
 *
 * Broken variants, each of which spin must refute (tests/build/models):
 * BROKEN: NO_RECHECK MAP_UNCHECKED DERIVE_UNLOCKED SEVER_UNLOCKED NO_GENERATION
 */
#define PARENT	0
#define CHILD	1
#define NOTHING	0
#define OLD	1		/* the file of the parent handle */
#define NEW	2

bool bind_lock;
bool live[2], mapped[2], object[2];	/* object: the handle has a reference to the frames */
bool child_made;
byte refs = 1;				/* of the frames */
bool freed, revoked;

byte slot_file = OLD, slot_generation;	/* the descriptor table's one slot */

inline lock() { atomic { !bind_lock -> bind_lock = true } }
inline unlock() { bind_lock = false }

inline object_put(h)
{
	atomic {
		if
		:: object[h] -> object[h] = false; refs--; freed = (refs == 0)
		:: else
		fi
	}
}

/* The number is the slot with generation 0. */
#ifdef NO_GENERATION
#define NUMBER_MATCHES	true
#else
#define NUMBER_MATCHES	(slot_generation == 0)
#endif

/* A call with the old number: use what the handle names. */
proctype user()
{
	byte file;

	atomic { file = (NUMBER_MATCHES -> slot_file : NOTHING) }
	assert(file != NEW);
	if
	:: file == OLD && live[PARENT] ->
		lock();
		if
#ifdef NO_RECHECK
		:: true ->
#else
		:: live[PARENT] ->
#endif
			assert(!revoked);
			assert(object[PARENT] && !freed)
		:: else
		fi;
		unlock()
	:: else
	fi
}

/* Derive for another process, and map there. */
proctype deriver()
{
	bool seen;

#ifndef DERIVE_UNLOCKED
	lock();
#endif
	if
	:: live[PARENT] && object[PARENT] ->
		seen = true;
		assert(!freed);
		atomic { refs++ }	/* of what was read before */
	:: else
	fi;
	if
	:: seen ->
		assert(!freed);
		object[CHILD] = true;
		atomic {
			if
			:: live[PARENT] -> live[CHILD] = true; child_made = true
			:: else
			fi
		}
		if
		:: !child_made -> object_put(CHILD)
		:: else
		fi
	:: else
	fi;
#ifndef DERIVE_UNLOCKED
	unlock();
#endif
	if
	:: child_made && live[CHILD] ->
		lock();
		if
#ifdef MAP_UNCHECKED
		:: true -> mapped[CHILD] = true
#else
		:: live[CHILD] -> mapped[CHILD] = true
#endif
		:: else
		fi;
		unlock()
	:: else
	fi
}

inline undo(h)
{
	mapped[h] = false;
	object_put(h)
}

proctype revoker()
{
#ifdef SEVER_UNLOCKED
	atomic { live[PARENT] = false; live[CHILD] = false }
	undo(CHILD);
	undo(PARENT);
#else
	lock();
	atomic { live[PARENT] = false; live[CHILD] = false }
	undo(CHILD);
	undo(PARENT);
	unlock();
#endif
	revoked = true
}

proctype closer()
{
	atomic { slot_file = NOTHING; slot_generation++ }
	slot_file = NEW
}

/* What is so in the end, whatever the order. */
init {
	atomic {
		live[PARENT] = true;
		mapped[PARENT] = true;
		object[PARENT] = true;
		run user();
		run user();
		run deriver();
		run revoker();
		run closer()
	}
	_nr_pr == 1;
	assert(revoked && !mapped[PARENT] && !mapped[CHILD]);
	assert(freed && !live[PARENT] && !live[CHILD])
}
