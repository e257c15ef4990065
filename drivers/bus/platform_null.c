// SPDX-License-Identifier: GPL-2.0
/* The devices of null_blk, in either placement. */
#include <kernel/init.h>
#include "platform.h"

static int platform_null_init(void)
{
	platform_add("null_blk", 1);
	return 0;
}
INITCALL("3bus", platform_null_init);
