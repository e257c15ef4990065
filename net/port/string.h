/* SPDX-License-Identifier: GPL-2.0 */
/* For lwIP, which includes the C library's. */
#ifndef NET_PORT_STRING_H
#define NET_PORT_STRING_H

#include <lib/string.h>

#endif
