/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel log: a ring in memory (dmesg) and the early serial console. Any context, also inside a panic. */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stdarg.h>
#include <kernel/types.h>

#define KERN_ERR	3
#define KERN_WARN	4
#define KERN_INFO	6
#define KERN_DEBUG	7

/* One line "[    s.uuuuuu] area: text"; the newline is added. Formats as in <lib/format.h>. */
void klog(int level, const char *fmt, ...) __printf(2, 3);
void klog_args(int level, const char *fmt, va_list args);

#define log_err(...)	klog(KERN_ERR, __VA_ARGS__)
#define log_warn(...)	klog(KERN_WARN, __VA_ARGS__)
#define log_info(...)	klog(KERN_INFO, __VA_ARGS__)
#define log_debug(...)	klog(KERN_DEBUG, __VA_ARGS__)

/* One finished line (with its newline) as it is. */
void log_line(int level, const char *line, size_t n);

/*
 * Until the matching log_release() (holds nest), lines up to KERN_WARN in importance reach the ring at once but port and screen later: they
 * take as long as a driver's restart. A line of KERN_ERR, or too many lines, bring out all that wait. Any context.
 */
void log_hold(void);
/* The last one writes what waits, line by line with interrupts open between them. Any context, rather one that nobody waits for. */
void log_release(void);
/* What a program writes to the log's port: it tears no line of the log. Any context. */
void log_text(const char *text, size_t n);

/*
 * Copy log text, at most @size bytes; returns how many. With @position: what was written from there on (0: the oldest kept), and
 * @position moves behind it. Without: the newest.
 */
size_t log_read(char *to, size_t size, uint64_t *position);

/*
 * Who shows the log besides the serial port. @show gets lines or pieces of them, in any context; @panics is called when a panic begins, after which
 * @show must take no lock, and when all its lines were shown.
 */
void log_set_screen(void (*show)(const char *text, size_t n), void (*panics)(bool begins));
/* For panic.c. */
void log_panic(bool begins);

/* Messages above this level stay in memory only (command line "loglevel="). */
void log_set_console_level(int level);
int log_console_level(void);

/* The kernel itself is wrong: print, backtrace, last log, and stop the machine with FERRY_EXIT_PANIC. Never returns. Any context. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

struct regs;
/* The same after a CPU exception in the kernel: with its registers, and the backtrace from there. */
void panic_regs(const struct regs *regs, const char *fmt, ...) __printf(2, 3) __noreturn;
void regs_print(const struct regs *regs);

/* One line of where this boot put the kernel, for scripts/decode; before every backtrace. The log is root's to read. */
void places_print(void);

/* Print a symbolised backtrace from frame pointer @rbp, at most 32 frames, each frame checked. */
void backtrace_print(uint64_t rip, uint64_t rbp);

/* Name and offset of a kernel address: "nvme_submit+0x12". Returns false when unknown. */
bool symbol_lookup(uint64_t address, const char **name, uint64_t *offset);

#define BUG_ON(cond)	do { if (unlikely(cond)) panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); } while (0)
#define WARN_ON(cond)	({ bool warn__ = (cond); if (unlikely(warn__)) { \
			   log_warn("WARNING at %s:%d: %s", __FILE__, __LINE__, #cond); } warn__; })

#endif
