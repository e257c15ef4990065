/* SPDX-License-Identifier: GPL-2.0 */
/* What faulty_blk.c and who reads its disk agree on. */
#ifndef FAULT_FAULTY_H
#define FAULT_FAULTY_H

#define FAULTY_BLOCK		4096u
#define FAULTY_BLOCKS		2048u
#define FAULTY_POISON		1000u	/* from here on blocks are dangerous: the driver dies of this one */
#define FAULTY_POISON_HANG	1001u	/* ... hangs with this one each time */
#define FAULTY_SMASH		1002u	/* ... writes past its locals with this one */
#define FAULTY_HANG		1100u	/* + enum faulty_hang: hangs once */

enum faulty_hang {
	HANG_IN_SUBMIT,		/* loops */
	HANG_IN_TIMER,
	HANG_IN_IRQ,		/* while interrupts keep coming */
	HANG_LOST,		/* the event loop goes on, the request is forgotten */
	HANG_LIVE_LOCK,		/* the event loop turns and turns, and nothing gets done */
	HANG_IRQ_STORM,		/* the same, of interrupts */
	HANG_IN_PROBE,		/* of the successor of one that crashed */
	HANG_IN_REMOVE,		/* when it is stopped */
	HANG_COUNT
};

/* The @i-th 64-bit word of block @block. */
#define FAULTY_WORD(block, i)	(((unsigned long long)(block) << 32 | (i)) * 0x9e3779b97f4a7c15ull)

#endif
