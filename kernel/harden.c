// SPDX-License-Identifier: GPL-2.0
/* Which defences the command line leaves off (kernel/harden.h). Read once at boot, read-only when programs run. */
#include <asm/cpu.h>
#include <kernel/harden.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/page.h>

static const char *const names[HARDEN_COUNT] = {
	[HARDEN_SMEP] = "smep", [HARDEN_SMAP] = "smap", [HARDEN_UMIP] = "umip", [HARDEN_IBT] = "ibt", [HARDEN_WX] = "wx",
	[HARDEN_GUARD] = "guard", [HARDEN_IST] = "ist",
};
static uint32_t off __ro_after_init;

bool hardened(enum hardening what)
{
	return !(off >> what & 1);
}

static void turn_off(const char *name, size_t length)
{
	for (unsigned int i = 0; i < HARDEN_COUNT; i++)
		if (strlen(names[i]) == length && !memcmp(names[i], name, length)) {
			off |= 1u << i;
			log_warn("hardening: %s is off by the command line", names[i]);
			return;
		}
	log_warn("hardening: harden_off names something that is not there");
}

static bool asked(const char *name)
{
	char value[4];

	return cmdline_get(name, value, sizeof(value)) && value[0] == '1';
}

void harden_init(void)
{
	char list[64];
	const char *at = list;

	frames_clear_on_alloc = asked("init_on_alloc");
	frames_clear_on_free = asked("init_on_free");
	if (!cmdline_get("harden_off", list, sizeof(list)))
		return;
	while (*at) {
		size_t n = 0;

		while (at[n] && at[n] != ',')
			n++;
		turn_off(at, n);
		at += n + (at[n] == ',');
	}
}

void harden_pointers(void)
{
	uint64_t secret;

	cpu_random(&secret);
	format_hide_pointers(secret | 1);
}
