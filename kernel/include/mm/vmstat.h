/* SPDX-License-Identifier: GPL-2.0 */
/* What memory management did and holds, for /proc/vmstat and /proc/meminfo. Counts are atomic and never decide anything. */
#ifndef MM_VMSTAT_H
#define MM_VMSTAT_H

#include <kernel/types.h>

enum vm_count {
	VM_DIRTY, VM_WRITEBACK,		/* pages of disks now */
	VM_PAGES_IN, VM_PAGES_OUT,	/* read and written back, ever */
	VM_MAJOR_FAULTS,		/* that asked a disk */
	VM_RECLAIMED,			/* pages given up when memory ran out */
	VM_OOM_KILLS,
	VM_TLB_REMOTE, VM_TLB_RECEIVED,	/* flushes that told other CPUs, answers of CPUs: one for all that have come by then */
	VM_TLB_JOINED, VM_TLB_LAZY,	/* told by an interrupt that was on its way for another; CPUs that were only marked */
	VM_COUNTS
};

extern uint64_t vm_counts[VM_COUNTS];

static inline void vm_count_add(enum vm_count which, uint64_t n) { __atomic_fetch_add(&vm_counts[which], n, __ATOMIC_RELAXED); }
static inline void vm_count_sub(enum vm_count which, uint64_t n) { __atomic_fetch_sub(&vm_counts[which], n, __ATOMIC_RELAXED); }
static inline uint64_t vm_count(enum vm_count which) { return __atomic_load_n(&vm_counts[which], __ATOMIC_RELAXED); }

#endif
