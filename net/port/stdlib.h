/* SPDX-License-Identifier: GPL-2.0 */
/* For lwIP, which includes the C library's for this: the number of an interface behind its name. */
#ifndef NET_PORT_STDLIB_H
#define NET_PORT_STDLIB_H

static inline int atoi(const char *text)
{
	int n = 0;

	while (*text >= '0' && *text <= '9' && n < 1000)
		n = n * 10 + *text++ - '0';
	return n;
}

#endif
