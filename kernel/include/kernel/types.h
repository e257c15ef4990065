/* SPDX-License-Identifier: GPL-2.0 */
/* Types and helpers that every kernel file may use. */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lib/string.h>
#include <uapi/ferry/errno.h>

typedef uint64_t paddr_t;	/* physical address */
typedef uint64_t vaddr_t;	/* virtual address */
typedef int64_t ssize_t;
typedef int64_t loff_t;
typedef uint64_t time_ns_t;	/* nanoseconds since boot */
typedef int32_t pid_t;
typedef uint32_t mode_t;	/* as in uapi stat: file type and permission bits */

#ifdef __CHECKER__
#define __user		__attribute__((noderef, address_space(__user)))
#define __force		__attribute__((force))
#define __acquires(x)	__attribute__((context(x, 0, 1)))
#define __releases(x)	__attribute__((context(x, 1, 0)))
#define __must_hold(x)	__attribute__((context(x, 1, 1)))
#define __release(x)	__context__(x, -1)
#define __acquire(x)	__context__(x, 1)	/* after a trylock that succeeded */
#else
#define __user
#define __force
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __acquire(x)	((void)0)
#define __release(x)	((void)0)
#endif

#define __must_check	__attribute__((warn_unused_result))
#define __noreturn	__attribute__((noreturn))
#define __cold		__attribute__((__cold__))
#define __noinline	__attribute__((__noinline__))	/* the rare half of a path that is counted in instructions */
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __weak		__attribute__((weak))
#define __used		__attribute__((used))
#define __section(s)	__attribute__((section(s)))
#define __aligned(n)	__attribute__((aligned(n)))
#define __packed	__attribute__((packed))
/* Zero at first, and read by every system call or switch: on one page, as each page costs a fill of the TLB (tests/bench/profile --data). */
#define __hot_data	__attribute__((section(".bss.hot")))
/* Written at boot only: read-only once the first program runs (paging_seal). */
#define __ro_after_init	__attribute__((section(".data.ro_after_init")))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define MAX(a, b)		((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define NSEC_PER_USEC	1000ull
#define NSEC_PER_MSEC	1000000ull
#define NSEC_PER_SEC	1000000000ull
#define TIME_FOREVER	(~(time_ns_t)0)

/* Pointers that carry a small -errno. */
static inline void *ERR_PTR(long err) { return (void *)err; }
static inline long PTR_ERR(const void *p) { return (long)p; }
static inline bool IS_ERR(const void *p) { return (unsigned long)p >= (unsigned long)-4095l; }

#endif
