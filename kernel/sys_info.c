// SPDX-License-Identifier: GPL-2.0
/* Calls about the system as a whole: memory figures, random bytes, the log, and the end of it all. */
#include <fs/internal.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <kernel/user_ns.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "process_internal.h"

#define RANDOM_CHUNK	256
#define LOG_CHUNK	4096
#define LOG_BUFFER_SIZE	65536	/* what dmesg asks room for */
#define LOG_LEVEL_ON	KERN_INFO
#define LOG_LEVEL_OFF	1

static bool count_process(struct process *p, void *arg)
{
	unsigned short *count = arg;

	*count += p->nr_threads;
	return true;
}

SYSCALL(NR_sysinfo, sysinfo)
{
	struct linux_sysinfo info = { .uptime = (time_now() + time_ahead(TIME_NS_BOOT) + NSEC_PER_SEC - 1) / NSEC_PER_SEC, .mem_unit = 1 };
	struct frame_stats stats;
	uint32_t load[3];

	frame_stats(&stats);
	info.totalram = stats.total * PAGE_SIZE;
	info.freeram = stats.free * PAGE_SIZE;
	info.sharedram = stats.by_use[PAGE_FILE] * PAGE_SIZE;
	process_for_each(count_process, &info.procs);
	load_averages(load);
	for (unsigned int i = 0; i < ARRAY_SIZE(load); i++)
		info.loads[i] = (unsigned long)load[i] * (LINUX_SI_LOAD_ONE / LOAD_ONE);
	return copy_to_user(args->a[0], &info, sizeof(info));
}

SYSCALL_FLAGS(NR_getrandom, getrandom, SYSCALL_DRIVER)
{
	uint64_t left = MIN(args->a[1], 0x1ffffffull), done = 0;
	uint32_t flags = (uint32_t)args->a[2];
	uint8_t bytes[RANDOM_CHUNK];
	struct iovec_k storage;
	struct iter to;

	if (flags & ~(LINUX_GRND_NONBLOCK | LINUX_GRND_RANDOM | LINUX_GRND_INSECURE) ||
	    (flags & LINUX_GRND_RANDOM && flags & LINUX_GRND_INSECURE))
		return -EINVAL;
	iter_init_one(&to, &storage, args->a[0], left, false);
	while (done < left && !(done && signal_interrupts())) {
		size_t n = MIN(left - done, sizeof(bytes));
		ssize_t put;

		random_bytes(bytes, n);
		put = iter_put(&to, bytes, n);
		if (put <= 0)
			return done ? (int64_t)done : -EFAULT;
		done += (size_t)put;
		if ((size_t)put < n)
			break;
	}
	return done;
}

/* The newest @size bytes of the log to the user, from *position on when given. */
static int64_t log_to_user(uint64_t address, uint64_t size, uint64_t *position)
{
	char *text = kzalloc(LOG_CHUNK);
	int64_t done = 0;

	if (!text)
		return -ENOMEM;
	while (size) {
		size_t n = log_read(text, MIN(size, (uint64_t)LOG_CHUNK), position);

		if (!n)
			break;
		if (copy_to_user(address + done, text, n)) {
			done = done ? done : -EFAULT;
			break;
		}
		done += n;
		size -= n;
	}
	kfree(text);
	return done;
}

/* Where a text of at most @size bytes at the end of the log begins: its length is found by reading it once. */
static uint64_t log_tail(uint64_t size)
{
	uint64_t end = ~0ull;

	log_read(NULL, 0, &end);
	return end > size ? end - size : 0;
}

static uint64_t log_cleared, log_followed;	/* positions that SYSLOG_CLEAR and SYSLOG_READ left */

static int64_t log_read_all(uint64_t address, uint64_t size, bool clear)
{
	uint64_t position = MAX(log_tail(size), log_cleared);
	int64_t n = log_to_user(address, size, &position);

	if (clear && n >= 0)
		log_cleared = position;
	return n;
}

SYSCALL(NR_syslog, syslog)
{
	int type = args->a[0], size = args->a[2];

	if (!privileged(LINUX_CAP_SYSLOG))	/* as Linux with dmesg_restrict */
		return -EPERM;
	switch (type) {
	case LINUX_SYSLOG_CLOSE:
	case LINUX_SYSLOG_OPEN:
		return 0;
	case LINUX_SYSLOG_READ:
		return !args->a[1] || size < 0 ? -EINVAL : log_to_user(args->a[1], size, &log_followed);
	case LINUX_SYSLOG_READ_ALL:
	case LINUX_SYSLOG_READ_CLEAR:
		return !args->a[1] || size < 0 ? -EINVAL : log_read_all(args->a[1], size, type == LINUX_SYSLOG_READ_CLEAR);
	case LINUX_SYSLOG_CLEAR:
		log_cleared = log_tail(0);
		return 0;
	case LINUX_SYSLOG_CONSOLE_OFF:
		log_set_console_level(LOG_LEVEL_OFF);
		return 0;
	case LINUX_SYSLOG_CONSOLE_ON:
		log_set_console_level(LOG_LEVEL_ON);
		return 0;
	case LINUX_SYSLOG_CONSOLE_LEVEL:
		if (size < 1 || size > 8)
			return -EINVAL;
		log_set_console_level(size - 1);
		return 0;
	case LINUX_SYSLOG_SIZE_UNREAD:
		return log_tail(0) - MIN(log_followed, log_tail(0));
	case LINUX_SYSLOG_SIZE_BUFFER:
		return LOG_BUFFER_SIZE;
	default:
		return -EINVAL;
	}
}

static bool reboot_magic_ok(uint32_t magic1, uint32_t magic2)
{
	return magic1 == LINUX_REBOOT_MAGIC1 && (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
						 magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

/* In a namespace its init ends, and its parent sees why. */
static int64_t reboot_namespace(struct pid_ns *ns, uint32_t command)
{
	switch (command) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		pid_ns_reboot(ns, LINUX_SIGHUP);
		break;
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		pid_ns_reboot(ns, LINUX_SIGINT);
		break;
	default:
		return -EINVAL;
	}
	process_exit(0);
}

SYSCALL(NR_reboot, reboot)
{
	struct pid_ns *ns = pid_ns_current();

	if (!privileged_in(ns ? ns->ns.owner : NULL, LINUX_CAP_SYS_BOOT))
		return -EPERM;
	if (!reboot_magic_ok(args->a[0], args->a[1]))
		return -EINVAL;
	if (ns)
		return reboot_namespace(ns, (uint32_t)args->a[2]);
	switch ((uint32_t)args->a[2]) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		log_info("reboot: restarting");
		machine_restart();
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		log_info("reboot: power off");
		machine_power_off();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;
	default:
		return -EINVAL;
	}
}

/* There are no modules: /proc/sys/kernel/modules_disabled is 1, with which Linux too refuses everybody. */
SYSCALL(NR_init_module, init_module)
{
	return -EPERM;
}

SYSCALL(NR_finit_module, finit_module)
{
	return -EPERM;
}

SYSCALL(NR_delete_module, delete_module)
{
	return -EPERM;
}
