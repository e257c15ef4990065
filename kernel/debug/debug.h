/* SPDX-License-Identifier: GPL-2.0 */
/* Between the checks of kernel/debug/, none of which is instrumented itself. */
#ifndef KERNEL_DEBUG_DEBUG_H
#define KERNEL_DEBUG_DEBUG_H

#include <asm/cpu.h>
#include <kernel/debug.h>
#include <kernel/types.h>

#define STACK_DEPTH	14u

/* ---- report.c ---- */

/*
 * A report: begin (false: another one is under way, or this place has been reported), text lines, end. The end is a panic unless the
 * command line has debug=continue. Interrupts are off between the two. The place is any number that stands for it: report_key() makes
 * one of a backtrace.
 */
struct report {
	uint64_t flags;
};

uint64_t report_key(uint64_t rip, uint64_t rbp);
bool report_begin(struct report *r, uint64_t place, const char *fmt, ...) __printf(3, 4);
void report_line(const char *fmt, ...) __printf(1, 2);
void report_frames(const char *title, const uint64_t *frames, unsigned int nr);
void report_end(struct report *r);
/* Begin with a backtrace of the caller and end at once. */
void report_simple(uint64_t rip, uint64_t rbp, const char *fmt, ...) __printf(3, 4);
/* Is this CPU writing one? Then nothing is checked. */
bool report_under_way(void);
extern unsigned int nr_reports;

/* The caller's caller, for the first lines of the checks that the compiler or an inline function calls. */
#define CALLER_RIP	((uint64_t)__builtin_return_address(0) - 1)
#define CALLER_RBP	(*(uint64_t *)__builtin_frame_address(0))

/* ---- stack.c ---- */

/* Return addresses of the callers from frame pointer @rbp on, at most @max. */
unsigned int stack_walk(uint64_t rbp, uint64_t *frames, unsigned int max);
/* The number of a backtrace, the same for the same; 0: none, or no room. */
uint32_t stack_save(uint64_t rip, uint64_t rbp);
unsigned int stack_get(uint32_t id, const uint64_t **frames);
/* What lives that was allocated from there. */
void stack_count(uint32_t id, int64_t objects, int64_t bytes);
bool stack_live(uint32_t id, uint64_t *objects, uint64_t *bytes);
uint32_t stack_ids(void);
void stack_init(void);

/* ---- shadow.c ---- */

enum {
	SHADOW_STACK_LEFT = 0xf1, SHADOW_STACK_MID = 0xf2, SHADOW_STACK_RIGHT = 0xf3, SHADOW_SCOPE = 0xf8, SHADOW_GLOBAL = 0xf9,
	SHADOW_RED = 0xfa, SHADOW_FREED = 0xfb, SHADOW_LARGE_RED = 0xfc, SHADOW_SLAB = 0xfd, SHADOW_FREE_PAGE = 0xff,
};

bool shadow_ready(void);
/* The shadow byte of an address that has one, else 0. */
uint8_t shadow_of(const volatile void *p);
/* @p is a multiple of 8; @bytes are rounded up. */
void shadow_poison(const void *p, size_t bytes, uint8_t value);
/* All of @size may be used, and no byte behind it of the last 8. */
void shadow_allow(const void *p, size_t size);
void shadow_report(uint64_t address, size_t size, bool write, uint64_t rip, uint64_t rbp);
/* debug_check() on behalf of @rip. */
void shadow_check(const volatile void *p, size_t size, bool write, uint64_t rip, uint64_t rbp);

/* ---- heap.c ---- */

#define NOTE_MAGIC	0xfe44u

struct object_note {
	uint32_t allocated, freed;	/* stack.c's numbers */
	uint32_t size;			/* asked for */
	uint16_t magic;
	uint8_t live;
	uint8_t mark;			/* leaks.c */
};

/* Say what is known about the object that @address lies in or near. */
void heap_describe(uint64_t address);

#endif
