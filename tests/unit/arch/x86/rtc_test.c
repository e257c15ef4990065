// SPDX-License-Identifier: GPL-2.0
/* The date of an MC146818, read and set. */
#include "mock.h"
#define time_delay_us		rtc_test_delay
#define rtc_date		rtc_test_date
#define rtc_date_now		rtc_test_date_now
#define rtc_set_date		rtc_test_set_date
#define rtc_present		rtc_test_present
#include "arch/x86/rtc.c"
#include "ktest.h"

KTEST_SUITE(rtc);

#define DATE	1795227412ull	/* Saturday, 2026-11-21 02:16:52 */

static uint8_t cmos[16], cmos_index;
static unsigned int updating;
static bool absent, set_while_running;

void rtc_test_delay(uint32_t us)
{
	mock.tsc += us * 1000;
}

static uint8_t machine_read(uint16_t port)
{
	if (absent || port != CMOS_DATA)
		return 0xff;
	if (cmos_index == REGISTER_A)
		return updating && updating-- ? A_UIP : 0;
	return cmos[cmos_index & 15];
}

static void machine_write(uint16_t port, uint8_t v)
{
	if (port == CMOS_INDEX)
		cmos_index = v;
	if (port != CMOS_DATA)
		return;
	if (cmos_index < REGISTER_A && !(cmos[REGISTER_B] & B_SET))
		set_while_running = true;
	cmos[cmos_index & 15] = v;
}

static void start(void)
{
	mock_reset();
	mock.port_read = machine_read;
	mock.port_write = machine_write;
	absent = set_while_running = false;
	updating = 0;
	memset(cmos, 0, sizeof(cmos));
	cmos[REGISTER_B] = B_24_12;
	cmos[DATE_OF_MONTH] = 0x21;
	cmos[MONTH] = 0x11;
	cmos[YEAR] = 0x26;
	cmos[HOURS] = 0x02;
	cmos[MINUTES] = 0x16;
	cmos[SECONDS] = 0x52;
}

KTEST_CASE(date_in_bcd_is_read)
{
	start();
	EXPECT_TRUE(rtc_present());
	EXPECT_EQ(rtc_date(), DATE);
}

KTEST_CASE(date_in_binary_is_read)
{
	start();
	cmos[REGISTER_B] |= B_DM;
	cmos[DATE_OF_MONTH] = 21, cmos[MONTH] = 11, cmos[YEAR] = 26, cmos[HOURS] = 2, cmos[MINUTES] = 16, cmos[SECONDS] = 52;
	EXPECT_EQ(rtc_date(), DATE);
}

KTEST_CASE(twelve_hour_clock_knows_noon_and_midnight)
{
	start();
	cmos[REGISTER_B] = 0;
	cmos[HOURS] = 0x82;
	EXPECT_EQ(rtc_date(), DATE + 12 * 3600);
	cmos[HOURS] = 0x12;
	EXPECT_EQ(rtc_date(), DATE - 2 * 3600);
}

KTEST_CASE(nonsense_from_the_date_clock_is_no_date)
{
	uint64_t seconds = 7;

	start();
	cmos[MONTH] = 0x13;
	EXPECT_EQ(rtc_date(), 0);
	EXPECT_EQ(rtc_date_now(&seconds), -EIO);
	EXPECT_EQ(seconds, 7);
	absent = true;
	EXPECT_TRUE(!rtc_present());
}

KTEST_CASE(update_in_progress_is_waited_for)
{
	uint64_t seconds = 0;

	start();
	updating = 5;
	EXPECT_EQ(rtc_date(), DATE);
	EXPECT_EQ(updating, 0);
	updating = 1;
	EXPECT_EQ(rtc_date_now(&seconds), -EAGAIN);
	EXPECT_EQ(rtc_date_now(&seconds), 0);
	EXPECT_EQ(seconds, DATE);
}

KTEST_CASE(what_is_set_is_read_in_every_format)
{
	static const uint8_t formats[] = { 0, B_DM, B_24_12, B_DM | B_24_12 };

	start();
	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++) {
		cmos[REGISTER_B] = formats[i];
		for (unsigned int hour = 0; hour < 24; hour++) {
			EXPECT_EQ(rtc_set_date(DATE + hour * 3600), 0);
			EXPECT_EQ(rtc_date(), DATE + hour * 3600);
		}
		EXPECT_EQ(cmos[REGISTER_B], formats[i]);
		EXPECT_EQ(cmos[DAY_OF_WEEK], 1);	/* the last was a Sunday */
	}
	EXPECT_TRUE(!set_while_running);
}

KTEST_CASE(other_centuries_are_refused)
{
	start();
	EXPECT_EQ(rtc_set_date(946684799), -EINVAL);	/* the last second of 1999 */
	EXPECT_EQ(rtc_set_date(4102444800), -EINVAL);	/* 2100 */
	EXPECT_EQ(rtc_date(), DATE);
	EXPECT_EQ(rtc_set_date(4102444799), 0);
	EXPECT_EQ(rtc_date(), 4102444799);
}
