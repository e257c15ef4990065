// SPDX-License-Identifier: GPL-2.0
/*
 * Start-up, top to bottom: what can report errors first, then memory, then interrupts and threads; a kernel thread runs the initcalls
 * and starts the first program. What makes booting impossible is said in one line and ends the machine with FERRY_EXIT_FATAL.
 */
#include <asm/boot.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/serial.h>
#include <fs/file.h>
#include <kernel/debug.h>
#include <kernel/harden.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/vmap.h>
#include <uapi/ferry/exit.h>

#define FERRY_VERSION	"0.1"
#define INIT_DEFAULT	"/init"

void kernel_main(paddr_t mbi, uint64_t entry_tsc) __noreturn;

extern const struct initcall initcalls_start[], initcalls_end[];

void boot_fail(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	format_args(text, sizeof(text), fmt, args);
	va_end(args);
	log_err("ferry: cannot boot: %s", text);
	places_print();
	machine_exit(FERRY_EXIT_FATAL);
}

void boot_report(void)
{
	static bool done;

	if (!__atomic_exchange_n(&done, true, __ATOMIC_RELAXED))
		log_info("boot: %llu ms to first user instruction", (unsigned long long)(time_now() / NSEC_PER_MSEC));
}

static void console_level_init(void)
{
	unsigned long long level;
	char text[16];

	if (cmdline_has("quiet"))
		log_set_console_level(KERN_WARN);
	if (cmdline_get("loglevel", text, sizeof(text)) && !parse_u64(text, 10, 0, &level))
		log_set_console_level((int)MIN(level, (unsigned long long)KERN_DEBUG));
}

static void initcalls_run(void)
{
	const struct initcall *call;

	for (call = initcalls_start; call < initcalls_end; call++) {
		int err = call->fn();

		if (err)
			log_err("init: %s failed: error %d", call->name, err);
	}
}

static void init_start(void)
{
	static const char *const envp[] = { "HOME=/root", "TERM=linux", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", NULL };
	char path[128] = INIT_DEFAULT;
	const char *argv[2] = { path, NULL };
	struct process *init;
	int err;

	cmdline_get("init", path, sizeof(path));
	init = process_spawn(path, argv, envp);
	if (IS_ERR(init))
		boot_fail("no init: %s cannot be started, error %ld (is the initramfs there?)", path, PTR_ERR(init));
	err = process_open_console(init);
	if (err)
		log_warn("init: no console: error %d", err);
	process_start(init);
}

static void start_thread(void *arg)
{
	uint64_t wx = paging_count_wx();

	if (wx && hardened(HARDEN_WX))
		panic("paging: %llu pages are writable and executable", (unsigned long long)wx);
	smp_start();
	initcalls_run();
	paging_seal();
	init_start();
}

static void memory_init(void)
{
	paging_init();
	debug_start();
	frame_init();
	slab_init();
	vmap_init();
}

static void threads_init(void)
{
	struct thread *t;

	sched_init();
	clock_settle();
	if (clock_start())
		boot_fail("the local APIC's timer does not count");
	t = thread_create("start", start_thread, NULL, SCHED_FAIR);
	if (IS_ERR(t))
		boot_fail("no memory for the first thread");
	thread_start(t);
}

/* From arch/x86/boot/start.S, on the boot stack, interrupts off: nobody preempts the boot. */
void kernel_main(paddr_t mbi, uint64_t entry_tsc)
{
	debug_early_init();
	serial_early_init();
	cpu_early_init();
	clock_init(entry_tsc);
	log_info("Ferry " FERRY_VERSION " x86-64");
	boot_parse(mbi);
	console_level_init();
	log_info("cmdline: %s", boot_info.cmdline);
	harden_init();
	cpu_features_init();
	harden_pointers();
	memory_init();
	fpu_init();
	acpi_init();
	irq_init();
	power_init();
	threads_init();
	sched_start();
}
