// SPDX-License-Identifier: GPL-2.0
/* The table of driver errors (include/driver/error.h). */
#include <driver/error.h>
#include <ktest.h>

KTEST_SUITE(driver_error);

KTEST_CASE(every_error_survives_the_way_to_errno_and_back)
{
	for (unsigned int i = 0; i < DRIVER_ERROR_COUNT; i++)
		EXPECT_EQ(driver_error_from_errno(driver_error_to_errno((enum driver_error)i)), i);
}

KTEST_CASE(every_errno_is_different)
{
	for (unsigned int i = 0; i < DRIVER_ERROR_COUNT; i++) {
		for (unsigned int j = 0; j < i; j++)
			EXPECT_NE(driver_error_to_errno((enum driver_error)i), driver_error_to_errno((enum driver_error)j));
	}
}

KTEST_CASE(foreign_errno_is_a_general_error)
{
	EXPECT_EQ(driver_error_from_errno(-EINVAL), DRIVER_GENERAL);
	EXPECT_EQ(driver_error_from_errno(0), DRIVER_GENERAL);
	EXPECT_EQ(driver_error_from_errno(ENODEV), DRIVER_GENERAL);
}

KTEST_CASE(number_that_is_no_error_is_eio)
{
	EXPECT_EQ(driver_error_to_errno(DRIVER_ERROR_COUNT), -EIO);
	EXPECT_EQ(driver_error_to_errno((enum driver_error)-1), -EIO);
	EXPECT_STREQ(driver_error_name((enum driver_error)1000), "unknown driver error");
}

KTEST_CASE(names_are_for_people)
{
	EXPECT_STREQ(driver_error_name(DRIVER_DEVICE_NOT_FOUND), "device not found");
	EXPECT_STREQ(driver_error_name(DRIVER_TIMEOUT), "timeout");
}
