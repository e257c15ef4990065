// SPDX-License-Identifier: GPL-2.0
/*
 * Copies between the kernel and the current user space. The range is checked against USER_END first, so that only user addresses are
 * ever touched; a page that is missing comes in through the page fault, one that cannot ends the copy (asm/usercopy.h).
 */
#include <asm/cpu.h>
#include <asm/usercopy.h>
#include <kernel/debug.h>
#include <mm/space.h>
#include <mm/user.h>
#include "user_partial.h"

#define STRING_STEP	64u

/* Bytes left. */
static uint64_t copy_in(void *to, uint64_t from, size_t n)
{
	uint64_t left;

	debug_check(to, n, true);
	user_access_begin();
	left = user_copy_raw(to, (const void *)from, n);
	user_access_end();
	return left;
}

static uint64_t copy_out(uint64_t to, const void *from, size_t n, bool may_hold_anything)
{
	uint64_t left;

	debug_check(from, n, false);
	debug_check_leak(from, n, may_hold_anything);
	user_access_begin();
	left = user_copy_raw((void *)to, from, n);
	user_access_end();
	return left;
}

static bool load_word(void *to, uint64_t from, size_t n)
{
	uint32_t small;
	uint64_t large;
	bool ok;

	user_access_begin();
	ok = n == 4 ? user_load32(&small, from) : user_load64(&large, from);
	user_access_end();
	if (n == 4)
		memcpy(to, &small, 4);
	else
		memcpy(to, &large, 8);
	return ok;
}

static bool store_word(uint64_t to, const void *from, size_t n)
{
	uint32_t small;
	uint64_t large;
	bool ok;

	memcpy(n == 4 ? (void *)&small : (void *)&large, from, n);
	user_access_begin();
	ok = n == 4 ? user_store32(to, small) : user_store64(to, large);
	user_access_end();
	return ok;
}

int user_copy_from(void *to, uint64_t from, size_t n)
{
	uint64_t left = n;

	if (user_range_ok(from, n)) {
		if (n == 4 || n == 8)
			return load_word(to, from, n) ? 0 : -EFAULT;
		left = copy_in(to, from, n);
	}
	if (!left)
		return 0;
	memset((char *)to + (n - left), 0, left);
	return -EFAULT;
}

int user_copy_to(uint64_t to, const void *from, size_t n)
{
	if (!user_range_ok(to, n))
		return -EFAULT;
	if (n == 4 || n == 8)
		return store_word(to, from, n) ? 0 : -EFAULT;
	return copy_out(to, from, n, false) ? -EFAULT : 0;
}

int copy_struct_from_user(void *to, size_t known, uint64_t from, uint64_t size)
{
	uint8_t rest[64];

	for (uint64_t at = known, part; at < size; at += part) {
		part = MIN(MIN(size - at, sizeof(rest)), PAGE_SIZE - (from + at) % PAGE_SIZE);	/* -E2BIG comes before a fault behind */
		if (copy_from_user(rest, from + at, part))
			return -EFAULT;
		for (uint64_t i = 0; i < part; i++)
			if (rest[i])
				return -E2BIG;
	}
	memset(to, 0, known);
	return copy_from_user(to, from, MIN(size, known));
}

int clear_user(uint64_t to, size_t n)
{
	uint64_t left;

	if (!user_range_ok(to, n))
		return -EFAULT;
	user_access_begin();
	left = user_clear_raw((void *)to, n);
	user_access_end();
	return left ? -EFAULT : 0;
}

/* In steps that do not cross a page, so that text right before an unmapped page is no fault. */
ssize_t strncpy_from_user(char *to, uint64_t from, size_t size)
{
	size_t done = 0;

	user_copy_bounds(to, size);
	while (done < size) {
		size_t step = MIN(size - done, STRING_STEP - (from + done) % STRING_STEP);
		const char *end;

		if (user_copy_from(to + done, from + done, step))
			return -EFAULT;
		end = memchr(to + done, 0, step);
		if (end)
			return end - to;
		done += step;
	}
	return -ENAMETOOLONG;
}

int user_cmpxchg32(uint64_t address, uint32_t expected, uint32_t desired, uint32_t *seen)
{
	bool ok;

	if (!user_range_ok(address, 4) || address % 4)
		return -EFAULT;
	user_access_begin();
	ok = user_cmpxchg_raw(address, expected, desired, seen);
	user_access_end();
	return ok ? 0 : -EFAULT;
}

/* ---- Partial copies, for mm/iter.c ------------------------------------------------------------ */

size_t user_copy_in(void *to, uint64_t from, size_t n)
{
	user_copy_bounds(to, n);
	return user_range_ok(from, n) ? n - copy_in(to, from, n) : 0;
}

size_t user_copy_out(uint64_t to, const void *from, size_t n)
{
	user_copy_bounds(from, n);
	return user_range_ok(to, n) ? n - copy_out(to, from, n, true) : 0;
}

int copy_back_to_user(uint64_t to, const void *from, size_t n)
{
	return user_copy_out(to, from, n) == n ? 0 : -EFAULT;
}

size_t user_clear_out(uint64_t to, size_t n)
{
	uint64_t left;

	if (!user_range_ok(to, n))
		return 0;
	user_access_begin();
	left = user_clear_raw((void *)to, n);
	user_access_end();
	return n - left;
}
