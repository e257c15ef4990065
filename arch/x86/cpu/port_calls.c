// SPDX-License-Identifier: GPL-2.0
/*
 * iopl(2) and ioperm(2). Programs get no ports, whoever they are: ports are a driver's, by an IOPORT handle (ipc/driver_resource.c). So giving
 * rights up works and asking for them is refused, as under Linux's lockdown.
 */
#include <kernel/syscall.h>

#define PORTS		65536u
#define LEVELS		4u

SYSCALL(NR_iopl, iopl)
{
	uint32_t level = args->a[0];

	if (level >= LEVELS)
		return -EINVAL;
	return level ? -EPERM : 0;
}

/* ioperm(first, nr, on) */
SYSCALL(NR_ioperm, ioperm)
{
	uint64_t first = args->a[0], nr = args->a[1];

	if (first + nr <= first || first + nr > PORTS)
		return -EINVAL;
	return (int)args->a[2] ? -EPERM : 0;
}
