// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel log. Text goes into a ring in memory and, up to the console level, to the first serial port. The lock is taken with
 * interrupts off and without per-CPU data, so logging works from the first C instruction; a panic goes on without it when it is stuck.
 * While somebody holds the console its lines wait, in their order, and come out one by one: the port is slow, and its lock stops
 * interrupts. What programs write to that port comes between whole lines.
 */
#include <asm/cpu.h>
#include <asm/serial.h>
#include <asm/smp.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <lib/format.h>

#ifndef LOG_BUF_SHIFT
#define LOG_BUF_SHIFT	16
#endif
#define LOG_SIZE	(1ul << LOG_BUF_SHIFT)
#define LOG_LINE_MAX	512
#define LOG_LOCK_TURNS	100000000u
#define WAITING_BYTES	2048u
#define TEXT_BYTES	64u	/* of a program, for which the log waits */

static char ring[LOG_SIZE];
static uint32_t log_locked;
static uint64_t log_end;	/* bytes ever written; guarded by log_locked */
static int console_level = KERN_INFO;
static void (*screen_show)(const char *text, size_t n);
static void (*screen_panic)(bool begins);

/* Guarded by log_locked. */
static char waiting[WAITING_BYTES];	/* text for the console */
static size_t nr_waiting;
static bool releasing;		/* somebody brings it out */
static unsigned int nr_holds;

/* False when it never came free: the holder is dead or this is it, and the text matters more. */
static bool log_lock(uint64_t *flags)
{
	*flags = irq_save();
	for (uint32_t turns = 0; turns < LOG_LOCK_TURNS; turns++) {
		if (!__atomic_exchange_n(&log_locked, 1, __ATOMIC_ACQUIRE))
			return true;
		cpu_relax();
		smp_poll();
	}
	return false;
}

static void log_unlock(bool locked, uint64_t flags)
{
	if (locked)
		__atomic_store_n(&log_locked, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

static void ring_put(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ring[(log_end + i) % LOG_SIZE] = text[i];
	log_end += n;
}

/* How much of @text is a line with its end, or @max bytes of one. */
static size_t line_length(const char *text, size_t n, size_t max)
{
	size_t length = 0;

	n = MIN(n, max);
	while (length < n)
		if (text[length++] == '\n')
			break;
	return length;
}

/* The next line of what waits. */
static size_t waiting_take(char *line)
{
	size_t n = line_length(waiting, nr_waiting, LOG_LINE_MAX);

	memcpy(line, waiting, n);
	nr_waiting -= n;
	memmove(waiting, waiting + n, nr_waiting);
	return n;
}

static void screen_put(const char *text, size_t n)
{
	if (screen_show && n)
		screen_show(text, n);
}

static void console_flush(void)
{
	char line[LOG_LINE_MAX];
	size_t n;

	while ((n = waiting_take(line))) {
		serial_write(0, line, n);
		screen_put(line, n);
	}
}

/* An error is told at once: nobody knows what comes after it. False: the line waits. */
static bool console_put(int level, const char *line, size_t n)
{
	if ((nr_holds || releasing) && level > KERN_ERR && n <= sizeof(waiting) - nr_waiting) {
		memcpy(waiting + nr_waiting, line, n);
		nr_waiting += n;
		return false;
	}
	console_flush();
	serial_write(0, line, n);
	return true;
}

void log_line(int level, const char *line, size_t n)
{
	uint64_t flags;
	bool locked = log_lock(&flags), shown = false;

	ring_put(line, n);
	if (level <= console_level)
		shown = console_put(level, line, n);
	log_unlock(locked, flags);
	if (shown)
		screen_put(line, n);
}

void log_hold(void)
{
	uint64_t flags;
	bool locked = log_lock(&flags);

	nr_holds++;
	log_unlock(locked, flags);
}

/* One line of what waits goes to the port. False: there was none, or somebody holds it again. */
static bool line_release(char *line, size_t *n)
{
	uint64_t flags;
	bool locked = log_lock(&flags);

	*n = nr_holds ? 0 : waiting_take(line);
	serial_write(0, line, *n);
	releasing = *n;
	log_unlock(locked, flags);
	return *n;
}

void log_release(void)
{
	char line[LOG_LINE_MAX];
	uint64_t flags;
	bool locked = log_lock(&flags), mine = !--nr_holds && !releasing;
	size_t n;

	releasing |= mine;
	log_unlock(locked, flags);
	while (mine && line_release(line, &n))
		screen_put(line, n);
}

void log_text(const char *text, size_t n)
{
	uint64_t flags;
	size_t piece;
	bool locked;

	for (; n; text += piece, n -= piece) {
		piece = line_length(text, n, TEXT_BYTES);
		locked = log_lock(&flags);
		serial_write(0, text, piece);
		log_unlock(locked, flags);
	}
}

void log_set_screen(void (*show)(const char *text, size_t n), void (*panics)(bool begins))
{
	screen_show = show;
	screen_panic = panics;
}

void log_panic(bool begins)
{
	if (screen_panic)
		screen_panic(begins);
}

void klog_args(int level, const char *fmt, va_list args)
{
	char line[LOG_LINE_MAX];
	time_ns_t now = time_now();
	int head = format_text(line, sizeof(line), "[%5llu.%06llu] ", (unsigned long long)(now / NSEC_PER_SEC),
			       (unsigned long long)(now % NSEC_PER_SEC / NSEC_PER_USEC));
	int body = format_args(line + head, sizeof(line) - head - 1, fmt, args);
	size_t n = MIN((size_t)(head + body), sizeof(line) - 2);

	line[n] = '\n';
	log_line(level, line, n + 1);
}

void klog(int level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	klog_args(level, fmt, args);
	va_end(args);
}

size_t log_read(char *to, size_t size, uint64_t *position)
{
	uint64_t flags, oldest, from;
	bool locked = log_lock(&flags);
	size_t n;

	oldest = log_end > LOG_SIZE ? log_end - LOG_SIZE : 0;
	from = position ? *position : log_end > size ? log_end - size : 0;
	from = MIN(MAX(from, oldest), log_end);
	n = MIN(size, log_end - from);
	for (size_t i = 0; i < n; i++)
		to[i] = ring[(from + i) % LOG_SIZE];
	log_unlock(locked, flags);
	if (position)
		*position = from + n;
	return n;
}

int log_console_level(void)
{
	return READ_ONCE(console_level);
}

void log_set_console_level(int level)
{
	WRITE_ONCE(console_level, level);
}
