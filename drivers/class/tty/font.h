/* SPDX-License-Identifier: GPL-2.0 */
/* The screen's font: glyphs of 8 by 16 pixels, the leftmost in the highest bit, and which Unicode characters they show. */
#ifndef FONT_H
#define FONT_H

#include <stdint.h>

#define FONT_WIDTH	8u
#define FONT_HEIGHT	16u

struct font_code {
	uint16_t code, glyph;
};

extern const uint8_t font_glyphs[][FONT_HEIGHT];
extern const struct font_code font_codes[];	/* by code */
extern const unsigned int font_nr_codes;

#endif
