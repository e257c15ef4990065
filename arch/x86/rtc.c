// SPDX-License-Identifier: GPL-2.0
/* The battery-backed clock (data sheet MC146818A), behind the ports 0x70 and 0x71, which are nobody else's. */
#include <asm/io.h>
#include <asm/rtc.h>
#include <kernel/lock.h>
#include <kernel/time.h>
#include <lib/date.h>

#define CMOS_INDEX		0x70
#define CMOS_DATA		0x71
#define SECONDS			0
#define MINUTES			2
#define HOURS			4
#define DAY_OF_WEEK		6	/* Sunday is 1 */
#define DATE_OF_MONTH		7
#define MONTH			8
#define YEAR			9
#define REGISTER_A		10
#define REGISTER_B		11
#define A_UIP			0x80	/* an update is in progress */
#define B_SET			0x80	/* no updates */
#define B_DM			0x04	/* binary, not BCD */
#define B_24_12			0x02	/* 24 hours */
#define AFTERNOON		0x80
#define YEAR_FIRST		2000u
#define ABSENT			0xff

static struct spinlock cmos_lock = SPINLOCK_INIT("rtc");	/* an index and its data belong together */

static uint8_t cmos_read(uint8_t reg)
{
	uint64_t flags = spin_lock_irq(&cmos_lock);
	uint8_t v;

	out8(CMOS_INDEX, reg);
	v = in8(CMOS_DATA);
	spin_unlock_irq(&cmos_lock, flags);
	return v;
}

static void cmos_write(uint8_t reg, uint8_t v)
{
	uint64_t flags = spin_lock_irq(&cmos_lock);

	out8(CMOS_INDEX, reg);
	out8(CMOS_DATA, v);
	spin_unlock_irq(&cmos_lock, flags);
}

bool rtc_present(void)
{
	return cmos_read(REGISTER_B) != ABSENT;
}

static unsigned int from_bcd(uint8_t v, bool binary)
{
	return binary ? v : (v >> 4) * 10u + (v & 15);
}

static uint8_t to_bcd(unsigned int v, bool binary)
{
	return (uint8_t)(binary ? v : v / 10 << 4 | v % 10);
}

static struct date registers_read(void)
{
	uint8_t b = cmos_read(REGISTER_B), hour = cmos_read(HOURS);
	bool binary = b & B_DM, afternoon = !(b & B_24_12) && hour & AFTERNOON;
	struct date d = { 0 };

	d.second = from_bcd(cmos_read(SECONDS), binary);
	d.minute = from_bcd(cmos_read(MINUTES), binary);
	d.hour = from_bcd(hour & (b & B_24_12 ? 0xff : 0x7f), binary);
	d.day = from_bcd(cmos_read(DATE_OF_MONTH), binary);
	d.month = from_bcd(cmos_read(MONTH), binary);
	d.year = YEAR_FIRST + from_bcd(cmos_read(YEAR), binary);
	if (!(b & B_24_12))
		d.hour = d.hour % 12 + (afternoon ? 12 : 0);
	return d;
}

/* Two equal readings. */
static struct date registers_agree(void)
{
	struct date d = registers_read(), again;

	for (unsigned int tries = 0; tries < 10; tries++) {
		again = registers_read();
		if (!memcmp(&d, &again, sizeof(d)))
			break;
		d = again;
	}
	return d;
}

uint64_t rtc_date(void)
{
	struct date d;

	for (unsigned int tries = 0; tries < 1000 && (cmos_read(REGISTER_A) & A_UIP); tries++)
		time_delay_us(10);
	d = registers_agree();
	return date_is_valid(&d) ? date_to_seconds(&d) : 0;
}

int rtc_date_now(uint64_t *seconds)
{
	struct date d;

	if (cmos_read(REGISTER_A) & A_UIP)
		return -EAGAIN;
	d = registers_agree();
	if (!date_is_valid(&d))
		return -EIO;
	*seconds = date_to_seconds(&d);
	return 0;
}

int rtc_set_date(uint64_t seconds)
{
	uint8_t b = cmos_read(REGISTER_B);
	bool binary = b & B_DM;
	struct date d = date_from_seconds(seconds);
	uint8_t hour = to_bcd(b & B_24_12 ? d.hour : (d.hour + 11) % 12 + 1, binary);

	if (d.year < YEAR_FIRST || d.year >= YEAR_FIRST + 100)
		return -EINVAL;
	cmos_write(REGISTER_B, b | B_SET);
	cmos_write(SECONDS, to_bcd(d.second, binary));
	cmos_write(MINUTES, to_bcd(d.minute, binary));
	cmos_write(HOURS, hour | (!(b & B_24_12) && d.hour >= 12 ? AFTERNOON : 0));
	cmos_write(DAY_OF_WEEK, (uint8_t)(d.weekday + 1));
	cmos_write(DATE_OF_MONTH, to_bcd(d.day, binary));
	cmos_write(MONTH, to_bcd(d.month, binary));
	cmos_write(YEAR, to_bcd(d.year - YEAR_FIRST, binary));
	cmos_write(REGISTER_B, b & ~B_SET);
	return 0;
}
