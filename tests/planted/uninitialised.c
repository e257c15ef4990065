// SPDX-License-Identifier: GPL-2.0
/* Variables that are read before they are set. */
#include <kernel/cpu.h>
#include <mm/page.h>
#include <mm/user.h>
#include "planted.h"

#define PROGRAM_ADDRESS	0x400000ul	/* of no program: the copy itself fails */

static const uint32_t table[16] = { 1, 2, 3 };

struct answer {
	bool valid;
	uint8_t kind;
	uint32_t index;
	uint64_t *where;
	uint64_t values[4];
};

/* Sets @a only for what it knows. */
static int ask(uint64_t what, struct answer *a)
{
	if (hide(what) != 7)
		return -ENOENT;
	memset(a, 0, sizeof(*a));
	return 0;
}

PLANTED(unset_flag_decides)
{
	struct answer a;

	(void)ask(1, &a);
	if (hide(&a)->valid) /* here */
		keep(1);
}

PLANTED(unset_pointer_is_followed)
{
	struct answer a;

	(void)ask(1, &a);
	keep(*hide(&a)->where); /* here */
}

PLANTED(unset_pointer_is_written_to)
{
	struct answer a;

	(void)ask(1, &a);
	*hide(&a)->where = 3; /* here */
}

PLANTED(unset_index)
{
	struct answer a;

	(void)ask(1, &a);
	keep(table[hide(&a)->index]); /* here */
}

PLANTED(unset_count_of_bits)
{
	struct answer a;

	(void)ask(1, &a);
	keep(1u << hide(&a)->kind); /* here */
}

PLANTED(unset_factor)
{
	struct answer a;

	(void)ask(1, &a);
	keep((int)hide(&a)->index * 1000); /* here */
}

PLANTED(unset_length_of_a_copy)
{
	struct answer a;
	char *to = hide((char *)kzalloc(64));

	(void)ask(1, &a);
	memset(to, 0, hide(&a)->kind); /* here */
	kfree(to);
}

PLANTED(unset_bytes_go_to_a_program)
{
	struct answer a;

	(void)ask(1, &a);
	hide(&a)->kind = 1;
	(void)copy_to_user(PROGRAM_ADDRESS, &a, sizeof(a)); /* here */
}

PLANTED(unset_end_of_an_array_goes_to_a_program)
{
	uint64_t values[6];

	for (unsigned int i = 0; i < 4; i++)
		hide(&values[0])[i] = i;
	(void)copy_to_user(PROGRAM_ADDRESS, values, sizeof(values)); /* here */
}

PLANTED(unset_frame_holds_a_pointer)
{
	struct page *page = frame_alloc(0, 0, PAGE_KERNEL);
	uint64_t **pointers = page_addr(page);

	keep(*hide(pointers)[3]); /* here */
	page_put(page);
}

PLANTED(unset_bound_of_a_loop)
{
	struct answer a;

	(void)ask(1, &a);
	for (uint32_t i = 0; i < hide(&a)->kind; i++)
		keep(hide(&a)->values[i]); /* here */
}
