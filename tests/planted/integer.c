// SPDX-License-Identifier: GPL-2.0
/* Numbers that do not fit. */
#include "planted.h"

PLANTED(integer_sum)
{
	int a = hide(0x7fffffff);

	keep(a + 1); /* here */
}

PLANTED(integer_difference)
{
	long a = hide((long)(-0x7fffffffffffffff - 1));

	keep(a - 1); /* here */
}

PLANTED(integer_product)
{
	int count = hide(70000);

	keep(count * count); /* here */
}

PLANTED(integer_negation)
{
	int a = hide(-0x7fffffff - 1);

	keep(-a); /* here */
}

PLANTED(integer_division)
{
	int a = hide(-0x7fffffff - 1), b = hide(-1);

	if (hide(b) == -1)
		b = hide(0x20) - 32;
	keep(b ? a / b : 1 << hide(33)); /* here */
}

PLANTED(integer_shift)
{
	unsigned int order = hide(40);

	keep(1u << order); /* here */
}

PLANTED(integer_shift_into_the_sign)
{
	int a = hide(3);

	keep(a << 31); /* here */
}

PLANTED(integer_size_of_an_array_wraps)
{
	uint64_t count = hide(0x1000000000000001ull);
	uint64_t *array = hide((uint64_t *)kzalloc(count * 16));

	array[2] = 1; /* here */
	kfree(array);
}

PLANTED(integer_length_is_cut_to_a_byte)
{
	size_t wanted = hide((size_t)264);
	uint8_t length = (uint8_t)wanted;
	char *p = hide((char *)kzalloc(length));

	memset(p, 0, wanted); /* here */
	kfree(p);
}

PLANTED(integer_end_wraps_past_the_check)
{
	char *p = hide((char *)kzalloc(64));
	uint32_t offset = hide(0xfffffff0u), n = hide(32u);

	if (offset + n <= 64)
		keep(p[(int32_t)offset]); /* here */
	kfree(p);
}

PLANTED(integer_unsigned_goes_below_zero)
{
	uint8_t *p = hide((uint8_t *)kzalloc(16));
	uint32_t used = hide(1u);

	used -= 2;
	p[(uint16_t)used] = 1; /* here */
	kfree(p);
}
