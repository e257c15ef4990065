// SPDX-License-Identifier: GPL-2.0
/* A kernel without a console on the framebuffer. */
#include "screen.h"

void screen_write(const void *bytes, size_t n)
{
}

bool screen_size(uint16_t *columns, uint16_t *rows)
{
	return false;
}

void screen_on_reply(void (*fn)(const char *text, size_t n))
{
}
