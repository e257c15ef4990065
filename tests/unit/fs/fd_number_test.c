// SPDX-License-Identifier: GPL-2.0
/* Numbers of descriptors that count how often their slot was closed. */
#include <ktest.h>
#include <fs/file.h>

KTEST_SUITE(fd_number);

KTEST_CASE(the_first_number_of_a_slot_is_the_slot)
{
	for (int slot = 0; slot < FD_SLOTS_COUNTED; slot++)
		EXPECT_EQ(fd_number(slot, 0), slot);
}

KTEST_CASE(slot_and_generation_come_out_again)
{
	static const uint32_t generations[] = { 0, 1, 2, 1000, FD_GENERATION_MAX - 1, FD_GENERATION_MAX };
	unsigned int wrong = 0;

	for (int slot = 0; slot < FD_SLOTS_COUNTED; slot++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(generations); i++) {
			int fd = fd_number(slot, generations[i]);

			wrong += fd < 0 || fd_number_slot(fd) != slot || fd_number_generation(fd) != generations[i];
		}
	}
	EXPECT_EQ(wrong, 0);
}

KTEST_CASE(the_last_number_is_the_largest_int)
{
	EXPECT_EQ(fd_number(FD_SLOTS_COUNTED - 1, FD_GENERATION_MAX), 0x7fffffff);
}
