// SPDX-License-Identifier: GPL-2.0
/*
 * What lies on a kernel stack, for tests/user/leak_test.c: a call that leaves one byte all over the calling thread's stack, so that whatever
 * a later call gives away of it can be told; and the mistake that this is to find. Neither needs rights nor harms: it is the caller's own.
 */
#include <kernel/syscall.h>
#include <mm/user.h>

#define DEPTH	8192ul	/* half a stack, below everything in use */

struct untidy {
	uint8_t set;
	uint64_t address;	/* seven bytes before it belong to nobody */
};

/* No call and no local between this and the next system call's use of the same place. */
static void fill_below(uint8_t byte)
{
	uint64_t at, n = DEPTH - 64;

	__asm__ volatile("leaq -8192(%%rsp), %0\n\trep stosb" : "=&D"(at), "+c"(n) : "a"(byte) : "memory", "cc");
}

#ifdef FERRY_DEBUG
/* A kernel that checks itself finds the mistake at once and ends the machine. */
static int64_t give_away(uint64_t user)
{
	return -EPERM;
}
#else
static int64_t give_away(uint64_t user)
{
	struct untidy local __attribute__((uninitialized));

	local.set = 1;
	local.address = (uint64_t)&local;
	return copy_to_user(user, &local, sizeof(local));
}
#endif

/* (byte) fills; (0, buffer) gives away. */
SYSCALL(NR_ferry_provoke_stack, provoke_stack)
{
	if (args->a[1])
		return give_away(args->a[1]);
	fill_below(args->a[0]);
	return 0;
}
