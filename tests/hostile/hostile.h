/* SPDX-License-Identifier: GPL-2.0 */
/* Hostile drivers: the list of attacks (attacks.c), and how both sides call the kernel. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>

#define ABI(t)	{ sizeof(struct t), FERRY_ABI_VERSION }
#define PTR(p)	((uint64_t)(uintptr_t)(p))

enum target { PLATFORM, PCI, EDU, TARGETS };

/* What the process that plays the driver does; it is named after the attack. */
struct attack {
	const char *name;
	void (*run)(void);
	enum target target;
	unsigned int needs, class_id;
	int status;	/* as wait4 gives it */
};

extern const struct attack attacks[];
extern const unsigned int nr_attacks;

static inline long call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	long result = syscall(nr, a, b, c, d);

	return result < 0 ? -errno : result;
}

#endif
