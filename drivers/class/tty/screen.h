/* SPDX-License-Identifier: GPL-2.0 */
/* The text console on the framebuffer that the boot loader set up, if it did. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Show what a program or the kernel's log wrote. Any context; drawn soon after. Does nothing without a framebuffer. */
void screen_write(const void *bytes, size_t n);
/* Its size in characters; false: there is none. */
bool screen_size(uint16_t *columns, uint16_t *rows);
/* What the terminal answers to programs goes there. Once, at start-up. */
void screen_on_reply(void (*fn)(const char *text, size_t n));

#endif
