// SPDX-License-Identifier: GPL-2.0
/* The one string function of <lib/string.h> that no C library here has under this name; built for every world. */
#include <lib/string.h>

size_t str_copy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from), n = length;

	if (!size)
		return length;
	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = 0;
	return length;
}
