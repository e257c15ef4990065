/* SPDX-License-Identifier: GPL-2.0 */
/* Core files: the memory and registers of a process at its end, as an ELF file that debuggers open (kernel/core_dump.c). */
#ifndef KERNEL_CORE_DUMP_H
#define KERNEL_CORE_DUMP_H

#include <kernel/types.h>

/* What of the memory a core file has: bits of /proc/<pid>/coredump_filter (core(5)). Those of huge pages and DAX are kept, and mean nothing. */
#define CORE_ANON_PRIVATE	0x1u
#define CORE_ANON_SHARED	0x2u
#define CORE_FILE_PRIVATE	0x4u
#define CORE_FILE_SHARED	0x8u
#define CORE_ELF_HEADERS	0x10u	/* the first page of a program's file */
#define CORE_FILTER_BITS	0x1ffu
#define CORE_FILTER_DEFAULT	0x33u
#define CORE_EVERYTHING		0xfu

struct file;
struct linux_siginfo;
struct process;
struct space;

/*
 * Write the current process as it is, in the thread that ends it by @sig, to @f: at most @limit bytes, what comes after is cut off. Device
 * registers are never read. @info: of the signal, NULL: unknown. Bytes, or -errno. May sleep.
 */
ssize_t core_write(struct file *f, int sig, const struct linux_siginfo *info, uint64_t limit);

/*
 * The core file of a program that @sig ends, if its RLIMIT_CORE and its rights allow one, named by /proc/sys/kernel/core_pattern.
 * True when it was written; then the process is ending with that status already. The other threads wait meanwhile. May sleep.
 */
bool core_dump(int sig, const struct linux_siginfo *info);
/* PROCESS_DUMPING: the current thread, on its way to user mode, waits until the file is written. */
void core_dump_wait(struct process *p);

/* kernel/core_files.c: the description of the note NT_FILE for @s, *@size bytes, a multiple of four; kfree() it. NULL: no memory. May sleep. */
void *core_files(struct space *s, size_t *size);

#endif
