// SPDX-License-Identifier: GPL-2.0
/* One element too far. */
#include "planted.h"

static uint32_t table[10];
static char title[13];

PLANTED(overflow_write_behind_an_object)
{
	char *p = hide((char *)kzalloc(24));

	p[24] = 1; /* here */
	kfree(p);
}

PLANTED(overflow_read_behind_an_object)
{
	char *p = hide((char *)kzalloc(100));

	keep(p[100]); /* here */
	kfree(p);
}

PLANTED(overflow_write_before_an_object)
{
	char *p = hide((char *)kzalloc(64));

	p[-1] = 1; /* here */
	kfree(p);
}

PLANTED(overflow_loop_with_less_or_equal)
{
	uint32_t *p = hide((uint32_t *)kcalloc(8, sizeof(*p)));

	for (unsigned int i = 0; i <= 8; i++)
		p[i] = i; /* here */
	kfree(p);
}

PLANTED(overflow_string_without_room_for_its_zero)
{
	const char *text = "sixteen letters!";
	char *copy = hide((char *)kzalloc(strlen(text)));

	memcpy(copy, text, strlen(text) + 1); /* here */
	kfree(copy);
}

PLANTED(overflow_string_without_an_end)
{
	char *p = hide((char *)kzalloc(32));

	memset(p, 'x', 32);
	keep(strlen(p)); /* here */
	kfree(p);
}

PLANTED(overflow_of_an_array_on_the_stack)
{
	uint8_t bytes[20] = { 0 };

	hide(&bytes[0])[20] = 1; /* here */
	keep(bytes[0]);
}

PLANTED(overflow_read_of_an_array_on_the_stack)
{
	uint64_t words[5] = { keep(1) };

	keep(hide(&words[0])[5]); /* here */
}

PLANTED(overflow_of_a_global_array)
{
	hide(&table[0])[10] = 1; /* here */
}

PLANTED(overflow_of_a_global_string)
{
	memset(hide(&title[0]), 'y', sizeof(title) + 1); /* here */
	keep(title[0]);
}

PLANTED(overflow_of_whole_pages)
{
	char *p = hide((char *)kzalloc(5000));

	p[5000] = 1; /* here */
	kfree(p);
}

PLANTED(overflow_index_of_a_known_array)
{
	uint64_t i = keep(10);

	table[i] = 1; /* here */
}
