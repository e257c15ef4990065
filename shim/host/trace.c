// SPDX-License-Identifier: GPL-2.0
/* Host world: scopes are measured in the time of the tests and counted, for tests to look at (host_profile()). */
#include <driver/profile.h>
#include <driver/time.h>
#include "device.h"

#define SITES_MAX	64

static struct {
	const struct profile_site *site;
	struct host_profile total;
} sites[SITES_MAX];

uint64_t profile_clock(void)
{
	return time_now_us() + 1;
}

void profile_end(const struct profile_site *site, uint64_t began)
{
	for (unsigned int i = 0; i < SITES_MAX; i++) {
		if (sites[i].site && sites[i].site != site)
			continue;
		sites[i].site = site;
		sites[i].total.count++;
		sites[i].total.us += profile_clock() - began;
		return;
	}
}

struct host_profile host_profile(const char *name)
{
	struct host_profile all = { 0, 0 };

	for (unsigned int i = 0; i < SITES_MAX && sites[i].site; i++) {
		if (strcmp(sites[i].site->name, name))
			continue;
		all.count += sites[i].total.count;
		all.us += sites[i].total.us;
	}
	return all;
}
