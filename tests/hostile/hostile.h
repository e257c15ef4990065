/* SPDX-License-Identifier: GPL-2.0 */
/* Hostile drivers: the lists of attacks (attacks.c, cap_attacks.c), and how both sides call the kernel. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/syscall.h>

#define ABI(t)	{ sizeof(struct t), FERRY_ABI_VERSION }
#define PTR(p)	((uint64_t)(uintptr_t)(p))
#define FD	FERRY_DEVICE_FD

#define KILLED(sig)	(sig)
#define EXITED(status)	((status) << 8)

enum target { PLATFORM, PCI, EDU, TARGETS };

/* What the process that plays the driver does; it is named after the attack. */
struct attack {
	const char *name;
	void (*run)(void);
	enum target target;
	unsigned int needs, class_id;
	int status;	/* as wait4 gives it */
};

extern const struct attack attacks[], cap_attacks[];
extern const unsigned int nr_attacks, nr_cap_attacks;

static inline long call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	long result = syscall(nr, a, b, c, d);

	return result < 0 ? -errno : result;
}

/* An attack that finds a hole ends with the line that found it. */
#define WANT(expression, wanted) do {							\
	long got__ = (expression);							\
	if (got__ != (wanted)) {							\
		char text__[160];							\
		int n__ = snprintf(text__, sizeof(text__), "line %d: %s gave %ld, wanted %ld", __LINE__, #expression, got__, \
				   (long)(wanted));					\
		call(NR_ferry_driver_log, 3, PTR(text__), (uint64_t)n__, 0);		\
		_exit(1);								\
	}										\
} while (0)

#endif
