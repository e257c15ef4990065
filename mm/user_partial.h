/* SPDX-License-Identifier: GPL-2.0 */
/* Copies that tell how far they came: between mm/user.c and mm/iter.c. */
#ifndef MM_USER_PARTIAL_H
#define MM_USER_PARTIAL_H

#include <kernel/types.h>

size_t user_copy_in(void *to, uint64_t from, size_t n);
size_t user_copy_out(uint64_t to, const void *from, size_t n);
size_t user_clear_out(uint64_t to, size_t n);

#endif
