// SPDX-License-Identifier: GPL-2.0
/* Kernel world: scopes that linked-in drivers measure (<driver/profile.h>). What they do is told by kernel/trace.c. */
#include <driver/profile.h>
#include <kernel/time.h>
#include <kernel/trace.h>

extern const struct profile_site __start_ferry_profiles[] __weak;

uint64_t profile_now(void)
{
	return time_now() | 1;
}

void profile_end(const struct profile_site *site, uint64_t began)
{
	time_ns_t now = time_now();
	unsigned int number = (unsigned int)(site - __start_ferry_profiles);

	profile_name(0, number, site->file, site->name, strlen(site->name));
	profile_account(0, number, now, now > began ? now - began : 0);
}
