// SPDX-License-Identifier: GPL-2.0
/* ata_piix and ata_pio on drives that lie, break the protocol, or are not there any more. */
#include <string.h>
#include <ktest.h>
#include <tests/model/ata_model.h>

KTEST_SUITE(ata_hostile);

static const struct ata_model_setup piix = { .drives = { ATA_MODEL_DISK, ATA_MODEL_DISK, ATA_MODEL_CD } };
static const struct ata_model_setup isa = { .drives = { ATA_MODEL_DISK, ATA_MODEL_CD }, .isa = true };
static uint8_t data[65536];

static struct ata_model *probed(const struct ata_model_setup *setup)
{
	struct ata_model *am = ata_model_create(setup);

	if (am && !host_probe(am->dev))
		return am;
	if (am)
		ata_model_destroy(am);
	EXPECT_TRUE(!"the controller is probed");
	return NULL;
}

/* Probe with word @word of the first drive changed; is there still a unit 0? */
static bool unit_with(unsigned int word, uint16_t value)
{
	struct ata_model *am = ata_model_create(&piix);
	bool there;

	if (!am)
		return false;
	am->channels[0].drives[0].identify[word] = value;
	EXPECT_EQ(host_probe(am->dev), 0);
	there = host_block_unit(am->dev, 0);
	EXPECT_NOT_NULL(host_block_unit(am->dev, 1));
	EXPECT_EQ(ata_model_destroy(am), 0);
	return there;
}

KTEST_CASE(drive_without_lba_is_left_out)
{
	EXPECT_FALSE(unit_with(49, 0x0100));
}

KTEST_CASE(drive_without_dma_is_left_to_nobody)
{
	EXPECT_FALSE(unit_with(49, 0x0200));
}

KTEST_CASE(impossible_capacity_is_refused)
{
	EXPECT_FALSE(unit_with(103, 0xffff));
}

KTEST_CASE(impossible_sector_size_is_refused)
{
	EXPECT_FALSE(unit_with(106, 0x5000));
}

KTEST_CASE(unprintable_serial_becomes_printable)
{
	struct ata_model *am = ata_model_create(&piix);

	ASSERT_NOT_NULL(am);
	memset(am->channels[0].drives[0].identify + 10, 0x1b, 20);
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_STREQ(host_block_unit(am->dev, 0)->serial, "____________________");
	EXPECT_EQ(ata_model_destroy(am), 0);
}

static void errors_are_told_and_leave_the_drive_usable(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);

	ASSERT_NOT_NULL(am);
	am->lies.errors = 1;
	am->lies.error_value = 0x40;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_TRUE(strstr(host_last_warning(am->dev), "uncorrectable") != NULL);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	am->lies.errors = 1;
	am->lies.error_keeps_drq = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(errors_are_told_and_leave_the_drive_usable_dma)
{
	errors_are_told_and_leave_the_drive_usable(&piix);
}

KTEST_CASE(errors_are_told_and_leave_the_drive_usable_pio)
{
	errors_are_told_and_leave_the_drive_usable(&isa);
}

static void question_who_it_is_ends_whatever_the_drive_does(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);

	ASSERT_NOT_NULL(am);
	am->lies.errors = 1;
	am->lies.error_value = 0x04;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_HEALTH, 8, data), -EIO);
	am->lies.never_asks = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_UNIT, 8, data), -EIO);
	am->lies.never_asks = false;
	am->lies.stays_busy = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_UNIT, 8, data), -ETIMEDOUT);
	am->lies.stays_busy = false;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_UNIT, 8, data), 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, 99, 8, data), -EOPNOTSUPP);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(question_who_it_is_ends_whatever_the_drive_does_dma)
{
	question_who_it_is_ends_whatever_the_drive_does(&piix);
}

KTEST_CASE(question_who_it_is_ends_whatever_the_drive_does_pio)
{
	question_who_it_is_ends_whatever_the_drive_does(&isa);
}

KTEST_CASE(bad_crc_is_tried_again)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	am->lies.errors = 2;
	am->lies.error_value = 0x84;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	am->lies.errors = 100;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(disc_that_says_attention_is_asked_again)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	am->channels[1].drives[0].attention = true;
	EXPECT_EQ(host_block_unit_do(am->dev, 2, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(lost_interrupt_is_found_by_the_timeout)
{
	struct ata_model *am = probed(&isa);
	unsigned int resets;

	ASSERT_NOT_NULL(am);
	resets = am->resets;
	am->lies.no_interrupts = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 1, data), 0);
	EXPECT_EQ(am->resets, resets);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

static void hung_drive_is_reset(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);
	unsigned int resets;

	ASSERT_NOT_NULL(am);
	resets = am->resets;
	am->lies.stays_busy = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -ETIMEDOUT);
	EXPECT_EQ(am->resets, resets + 1);
	am->lies.stays_busy = false;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(hung_drive_is_reset_dma)
{
	hung_drive_is_reset(&piix);
}

KTEST_CASE(hung_drive_is_reset_pio)
{
	hung_drive_is_reset(&isa);
}

KTEST_CASE(channel_that_stays_busy_after_its_reset_is_given_up)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	am->lies.deaf = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	am->lies.deaf = false;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(host_block_unit_do(am->dev, 2, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(drive_that_never_asks_is_reset_and_given_up)
{
	struct ata_model *am = probed(&isa);

	ASSERT_NOT_NULL(am);
	am->lies.never_asks = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_WRITE, 0, 8, data), -EIO);
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 8, data), -EIO);
	am->lies.never_asks = false;
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(transfer_of_another_length_is_an_error)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	am->lies.stays_active = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	am->lies.stays_active = false;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

/* The first disk refuses to say who it is, so many times; is there a unit 0? */
static bool unit_found(bool awaited, unsigned int refusals)
{
	struct ata_model_setup setup = piix;
	struct ata_model *am;
	bool there;

	setup.awaited = awaited;
	setup.drives[1] = ATA_MODEL_NONE;
	am = ata_model_create(&setup);
	if (!am)
		return false;
	am->lies.unidentified = refusals;
	EXPECT_EQ(host_probe(am->dev), 0);	/* the CD is there */
	there = host_block_unit(am->dev, 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
	return there;
}

KTEST_CASE(successor_looks_for_a_disk_again_that_gave_no_good_answer)
{
	EXPECT_TRUE(unit_found(true, 1));
	EXPECT_TRUE(unit_found(true, 2));
	EXPECT_FALSE(unit_found(true, 3));
	EXPECT_FALSE(unit_found(false, 1));
}

/* Such as one that was meant for the predecessor's command. */
KTEST_CASE(interrupt_before_the_data_moved_costs_a_reset_not_the_request)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	am->channels[0].drives[0].data[5] = 0x77;
	am->lies.early = 2;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(data[5], 0x77);
	am->lies.early = 100;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	am->lies.early = 0;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(byte_count_beyond_the_request_is_refused)
{
	struct ata_model *am = probed(&isa);

	ASSERT_NOT_NULL(am);
	am->lies.byte_count = 0xfffe;
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 4, data), -EIO);
	am->lies.byte_count = 3;
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 4, data), -EIO);
	am->lies.byte_count = 0;
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(data_that_dribbles_without_interrupts_ends)
{
	struct ata_model *am = probed(&isa);

	ASSERT_NOT_NULL(am);
	am->lies.byte_count = 2;	/* of the packet's data, and then silence: each timeout finds two bytes more */
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 1, data), -ETIMEDOUT);
	am->lies.byte_count = 0;
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 1, data), 0);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(spurious_interrupts_change_nothing)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	for (unsigned int i = 0; i < 20; i++) {
		ata_model_spurious(am, i % 2);
		host_settle(am->dev);
		EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, i, 1, data), 0);
	}
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(vanished_controller_fails_its_requests)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	am->lies.vanish = true;
	EXPECT_NE(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(probe_gives_back_what_memory_ran_out_on)
{
	for (size_t limit = 0; limit < 16384; limit += 512) {
		struct ata_model_setup s = piix;
		struct ata_model *am;

		s.memory_limit = limit + 1;
		am = ata_model_create(&s);
		ASSERT_NOT_NULL(am);
		host_probe(am->dev);
		EXPECT_EQ(ata_model_destroy(am), 0);
	}
}
