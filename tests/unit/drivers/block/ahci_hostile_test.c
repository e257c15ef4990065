// SPDX-License-Identifier: GPL-2.0
/* ahci on a controller and on disks that fail or lie: requests end, nothing strays, what can go on does. */
#include "ahci_disk.h"

KTEST_SUITE(ahci_hostile);

static uint8_t data[131072];

KTEST_CASE(bad_sector_fails_only_the_request_that_touches_it)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.bad_from = 40;
	am->lies.bad_to = 41;
	EXPECT_EQ(ahci_batch(am, BLOCK_READ, 100, data, 5000000), 99);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 40, 1, data), -EIO);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 41, 1, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(bad_sector_read_again_and_again_does_not_cost_the_disk)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.bad_from = 40;
	am->lies.bad_to = 41;
	for (unsigned int i = 0; i < 30; i++)
		EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 40, 1, data), -EIO);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 41, 1, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(bad_sector_of_a_disk_without_queuing_needs_no_reset)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;
	unsigned int before;

	s.no_ncq = true;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	before = am->ports[0].resets;
	am->lies.bad_from = 7;
	am->lies.bad_to = 8;
	EXPECT_EQ(ahci_batch(am, BLOCK_READ, 20, data, 5000000), 19);
	EXPECT_EQ(am->ports[0].resets, before);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(errors_that_pass_are_tried_again)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.interface_errors = 1;
	EXPECT_EQ(ahci_batch(am, BLOCK_WRITE, 64, data, 5000000), 64);
	am->lies.errors = 1;
	EXPECT_EQ(ahci_batch(am, BLOCK_READ, 64, data, 5000000), 64);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(link_that_always_fails_ends_requests)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.interface_errors = 1000;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(hung_disk_is_reset_and_its_request_times_out)
{
	struct ahci_model *am = ahci_probe_default();
	struct host_request rq[3];

	ASSERT_NOT_NULL(am);
	am->hold = true;
	for (unsigned int i = 0; i < 3; i++) {
		rq[i] = (struct host_request){ .op = BLOCK_READ, .lba = i, .nr_blocks = 1, .data = data };
		host_block_submit(am->dev, &rq[i]);
		host_run(am->dev, 1000000);
	}
	host_block_commit(am->dev, 0);
	host_run(am->dev, 27500000);	/* the first is overdue, the others are not */
	am->hold = false;
	host_run(am->dev, 2000000);
	EXPECT_TRUE(rq[0].done && rq[1].done && rq[2].done);
	EXPECT_EQ(rq[0].status, -ETIMEDOUT);
	EXPECT_EQ(rq[1].status, 0);
	EXPECT_EQ(rq[2].status, 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(no_dma_happens_after_a_request_ended)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.keeps_commands = true;
	am->hold = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 128, data), -ETIMEDOUT);
	am->hold = false;
	host_run(am->dev, 10000000);
	EXPECT_EQ(host_wild_dma(am->dev), 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(lost_interrupt_is_found_by_the_timeout)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	host_run(am->dev, 10000);
	am->lies.no_interrupts = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_NOT_NULL(strstr(host_last_warning(am->dev), "interrupt was lost"));
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(spurious_interrupts_do_no_harm)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	for (unsigned int i = 0; i < 100; i++) {
		ahci_model_spurious(am);
		host_settle(am->dev);
	}
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(slots_never_issued_are_not_believed)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.sact_noise = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(short_read_is_an_error)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.no_ncq = true;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	am->lies.short_reads = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(engine_that_does_not_stop_fails_the_device)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->lies.engine_sticks = am->hold = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_TRUE(host_take_fault(am->dev, "does not stop"));
	am->lies.engine_sticks = am->hold = false;
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(vanished_controller_is_failed_and_removed)
{
	struct ahci_model *am = ahci_probe_default();
	struct host_problems p;

	ASSERT_NOT_NULL(am);
	am->lies.vanish = true;
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_TRUE(host_take_fault(am->dev, "ahci"));
	host_remove(am->dev);
	while (host_take_fault(am->dev, "ahci"))
		;
	p = host_device_destroy(am->dev);
	EXPECT_EQ(p.faults + p.wild_dma + p.misuse + p.lost_requests, 0);
	EXPECT_GT(p.leaks, 0);	/* memory is kept: the controller may be only deaf */
	host_free(am->ports[0].data);
	host_free(am);
}

static void probe_refused(struct ahci_model *am, int error)
{
	EXPECT_EQ(host_probe(am->dev), error);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(controller_that_vanished_before_probe_is_refused)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_model_create(&s);

	ASSERT_NOT_NULL(am);
	am->lies.vanish = true;
	EXPECT_EQ(host_probe(am->dev), -ENODEV);
	am->lies.vanish = false;
	ahci_model_destroy(am);
}

KTEST_CASE(controller_that_never_resets_is_refused)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_model_create(&s);

	ASSERT_NOT_NULL(am);
	am->lies.never_resets = true;
	probe_refused(am, -ETIMEDOUT);
}

KTEST_CASE(window_too_short_for_a_port_is_refused)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.bar_length = 0x140;
	am = ahci_model_create(&s);
	ASSERT_NOT_NULL(am);
	probe_refused(am, -ENODEV);
}

KTEST_CASE(ports_beyond_the_window_are_left_alone)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.bar_length = 0x200;	/* two of the four it speaks of */
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(memory_out_of_the_controllers_reach_is_refused)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.no_64bit = true;
	am = ahci_model_create(&s);
	ASSERT_NOT_NULL(am);
	probe_refused(am, -ERANGE);
}

KTEST_CASE(controller_of_32_bits_works_below_4_gib)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.no_64bit = true;
	s.dma_base = 0x10000000;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(firmware_that_keeps_the_controller_does_not_keep_us_out)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.handoff = true;
	am = ahci_model_create(&s);
	ASSERT_NOT_NULL(am);
	am->lies.firmware_keeps = true;
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

/* The probe succeeds, without the disk. */
static void disk_refused(struct ahci_model *am)
{
	EXPECT_EQ(host_probe(am->dev), 0);
	host_run(am->dev, 40000000);
	EXPECT_NULL(host_block_unit(am->dev, 0));
	EXPECT_NOT_NULL(host_block_unit(am->dev, 1));
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 1, data), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

static struct ahci_model *two_disks(void)
{
	struct ahci_model_setup s = ahci_model_default();

	s.disks[1] = s.disks[0];
	return ahci_model_create(&s);
}

KTEST_CASE(disk_whose_description_fails_its_checksum_is_refused)
{
	struct ahci_model *am = two_disks();

	ASSERT_NOT_NULL(am);
	am->setup.disks[0].bad_checksum = true;
	disk_refused(am);
}

KTEST_CASE(disk_without_sectors_is_refused)
{
	struct ahci_model *am = two_disks();

	ASSERT_NOT_NULL(am);
	am->setup.disks[0].sectors = 0;
	disk_refused(am);
}

KTEST_CASE(noise_as_a_description_is_refused)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_model_create(&s);

	ASSERT_NOT_NULL(am);
	am->lies.identify_noise = true;
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_NULL(host_block_unit(am->dev, 0));
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(device_of_an_unknown_kind_is_left_alone)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_model_create(&s);

	ASSERT_NOT_NULL(am);
	am->lies.signature = 0x96690101;	/* a port multiplier */
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_NULL(host_block_unit(am->dev, 0));
	EXPECT_EQ(am->ports[0].commands, 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(disk_that_stays_busy_is_given_up_in_bounded_time)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_model_create(&s);
	uint64_t before = host_clock_us();

	ASSERT_NOT_NULL(am);
	am->lies.always_busy = true;
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_LE(host_clock_us() - before, 20000000);
	EXPECT_NULL(host_block_unit(am->dev, 0));
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(deaf_disk_is_given_up_in_bounded_time)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_model_create(&s);
	uint64_t before = host_clock_us();

	ASSERT_NOT_NULL(am);
	am->lies.stalls = true;
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_LE(host_clock_us() - before, 26000000);
	EXPECT_NULL(host_block_unit(am->dev, 0));
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(disk_that_hangs_for_ever_keeps_its_neighbour_alive)
{
	struct ahci_model *am = two_disks();

	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_probe(am->dev), 0);
	am->ports[0].halted = true;
	for (unsigned int i = 0; i < 12; i++) {
		am->ports[0].halted = true;
		EXPECT_NE(host_block_unit_do(am->dev, 0, BLOCK_READ, 0, 1, data), 1);
		EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 1, data), 0);
	}
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(link_that_flaps_without_end_is_given_up)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	for (unsigned int i = 0; i < 20; i++) {
		am->lies.interface_errors = 1;
		ahci_model_plug(am, 0, true);
		host_run(am->dev, 100000);
	}
	EXPECT_LE(am->ports[0].resets, 30);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}
