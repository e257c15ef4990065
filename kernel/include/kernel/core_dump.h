/* SPDX-License-Identifier: GPL-2.0 */
/* Core files: the memory and registers of a process at its end, as an ELF file that debuggers open (kernel/core_dump.c). */
#ifndef KERNEL_CORE_DUMP_H
#define KERNEL_CORE_DUMP_H

#include <kernel/types.h>

struct file;

/*
 * Write the current process as it is, in the thread that ends it by @sig, to @f: at most @limit bytes, what comes after is cut off. Device
 * registers are never read. Bytes, or -errno. May sleep.
 */
ssize_t core_write(struct file *f, int sig, uint64_t limit);

/*
 * The core file of a program that @sig ends, if its RLIMIT_CORE and its rights allow one, named by /proc/sys/kernel/core_pattern.
 * True when it was written. May sleep.
 */
bool core_dump(int sig);

#endif
