/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User world: the process's one device and the way to the kernel, shared by the files of this directory. One thread, so no locks: every
 * callback of the driver comes from the event loop in bind.c, which is the strand rule.
 */
#ifndef SHIM_USER_PROCESS_H
#define SHIM_USER_PROCESS_H

#include <driver/driver.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/message.h>
#include <uapi/ferry/syscall.h>

#define DEVICE_FD	FERRY_DEVICE_FD
#define NEVER		(~0ull)
#define ABI(type)	{ sizeof(struct type), FERRY_ABI_VERSION }

struct block_end;
struct misc_end;

struct device {
	const struct driver *driver;
	void *priv;
	struct ferry_device_info info;
	unsigned int nr_strands;
	uint64_t timers[DEVICE_STRANDS_MAX];	/* deadline in ns; NEVER: not armed */
	enum irq_kind irq_kind;
	unsigned int nr_vectors;
	unsigned int routes[FERRY_VECTORS_MAX];	/* strand of each vector */
	struct dma_record *dma;
	struct window_record *windows;
	struct block_end *block;		/* block.c */
	struct misc_end *misc;			/* misc.c */

	/* message.c */
	uint64_t asked;				/* number of the last question to the manager */
	struct ferry_message_header probe_question, quiesce_question;	/* still to answer; size 0: none */
	bool quiescing;				/* takes no further request */
	struct ferry_loop_stats loop;
};

static inline long driver_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

static inline uint64_t user_address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Close a handle that is not needed any more. */
void handle_close(int handle);
/* End the process now. */
void process_end(int status) __attribute__((noreturn));

/* bind.c: one round of the event loop, sleeping at most until @deadline (ns since boot). False: the process shall stop. */
bool event_step(struct device *dev, uint64_t deadline);
/* time.c */
uint64_t time_now_ns(void);
uint64_t timers_next(const struct device *dev);
void timers_run(struct device *dev, uint64_t now_ns);

/* block.c: the class's part of the loop. */
bool block_may_sleep(struct device *dev);	/* publishes completions; false: submissions are there */
void block_run(struct device *dev);
/* misc.c: the same. */
bool misc_may_sleep(struct device *dev);
void misc_run(struct device *dev);
bool misc_is_quiet(const struct device *dev);
bool block_is_quiet(const struct device *dev);	/* nothing of what was taken is under way */

/* mmio.c: the window that covers @place of BAR @bar, with the offset in it; NULL: the driver has none. */
const struct mmio *window_find(const struct device *dev, unsigned int bar, uint64_t place, uint32_t *offset);

#endif
