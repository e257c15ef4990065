// SPDX-License-Identifier: GPL-2.0
/* The devices of ram_blk, in either placement. */
#include <kernel/init.h>
#include "platform.h"

static int platform_ram_init(void)
{
	platform_add("ram_blk", 1);
	return 0;
}
INITCALL("3bus", platform_ram_init);
