// SPDX-License-Identifier: GPL-2.0
/* ahci on a controller that behaves: every kind of disk, every operation, disks that come and go. */
#include "ahci_disk.h"

KTEST_SUITE(ahci);

static uint8_t out[131072], in[131072];

static void round_trip(const struct ahci_model_setup *setup)
{
	struct ahci_model *am = ahci_probe_model(setup);
	uint32_t block = setup->disks[0].logical_bytes;

	ASSERT_NOT_NULL(am);
	ahci_pattern(out, sizeof(out), 1);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_WRITE, 100, 16, out), 0);
	EXPECT_MEMEQ(am->ports[0].data + 100 * block, out, 16 * block);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 100, 16, in), 0);
	EXPECT_MEMEQ(in, out, 16 * block);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(queued_data_reads_back)
{
	struct ahci_model_setup s = ahci_model_default();

	round_trip(&s);
}

KTEST_CASE(line_interrupts_work_as_well)
{
	struct ahci_model_setup s = ahci_model_default();

	s.msix_vectors = 0;
	round_trip(&s);
}

KTEST_CASE(disk_without_queuing_works)
{
	struct ahci_model_setup s = ahci_model_default();

	s.disks[0].no_ncq = true;
	round_trip(&s);
}

KTEST_CASE(controller_without_queuing_works)
{
	struct ahci_model_setup s = ahci_model_default();

	s.no_ncq = true;
	s.nr_slots = 1;
	round_trip(&s);
}

KTEST_CASE(disk_of_28_bits_works)
{
	struct ahci_model_setup s = ahci_model_default();

	s.disks[0].no_lba48 = s.disks[0].no_ncq = true;
	s.disks[0].trim = false;
	round_trip(&s);
}

KTEST_CASE(blocks_of_4096_bytes_work)
{
	struct ahci_model_setup s = ahci_model_default();

	s.disks[0].logical_bytes = 4096;
	s.disks[0].sectors = 512;
	round_trip(&s);
}

KTEST_CASE(parameter_ncq_0_queues_nothing)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.params[0] = (struct host_param){ "ncq", "0" };
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(am->ports[0].queued, 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(request_of_every_length_up_to_128_blocks_is_carried_out)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	for (uint32_t n = 1; n <= 128; n++) {
		ahci_pattern(out, n * 512, n);
		ASSERT_EQ(host_block_do(am->dev, BLOCK_WRITE, n, n, out), 0);
		ASSERT_EQ(host_block_do(am->dev, BLOCK_READ, n, n, in), 0);
		ASSERT_TRUE(!memcmp(in, out, n * 512));
	}
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(thirty_two_commands_are_in_flight_at_once)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	EXPECT_EQ(ahci_batch(am, BLOCK_WRITE, 100, out, 1000), 100);
	EXPECT_EQ(am->most_at_once, 32);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(depth_of_the_disk_is_kept)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.disks[0].queue_depth = 5;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(ahci_batch(am, BLOCK_READ, 60, in, 1000), 60);
	EXPECT_EQ(am->most_at_once, 5);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(slots_of_the_controller_are_kept)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.nr_slots = 3;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(ahci_batch(am, BLOCK_READ, 60, in, 1000), 60);
	EXPECT_EQ(am->most_at_once, 3);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(completions_in_reverse_order_are_told_apart)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	am->reverse = true;
	ahci_pattern(out, sizeof(out), 7);
	EXPECT_EQ(ahci_batch(am, BLOCK_WRITE, 200, out, 1000), 200);
	EXPECT_MEMEQ(am->ports[0].data, out, 200 * 512);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(flush_waits_for_its_turn_and_reaches_the_disk)
{
	struct ahci_model *am = ahci_probe_default();
	struct host_request write = { .op = BLOCK_WRITE, .nr_blocks = 8, .data = out }, flush = { .op = BLOCK_FLUSH };

	ASSERT_NOT_NULL(am);
	am->hold = true;
	host_block_submit(am->dev, &write);
	host_block_submit(am->dev, &flush);
	host_block_commit(am->dev, 0);
	EXPECT_EQ(am->ports[0].ci, 1);	/* the flush is not among queued commands */
	am->hold = false;
	host_settle(am->dev);
	EXPECT_TRUE(write.done && flush.done && !write.status && !flush.status);
	EXPECT_EQ(am->ports[0].flushes, 1);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(disk_without_write_cache_needs_no_flush)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.disks[0].no_cache = true;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_FALSE(host_block_limits(am->dev)->flags & BLOCK_HAS_FLUSH);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_FLUSH, 0, 0, NULL), -EOPNOTSUPP);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(fua_is_told_to_the_disk_queued_or_not)
{
	struct ahci_model_setup s = ahci_model_default();

	s.disks[0].fua = true;
	for (unsigned int i = 0; i < 2; i++) {
		struct host_request rq = { .op = BLOCK_WRITE, .flags = BLOCK_REQ_FUA, .nr_blocks = 1, .data = out };
		struct ahci_model *am;

		s.no_ncq = i;
		am = ahci_probe_model(&s);
		ASSERT_NOT_NULL(am);
		EXPECT_TRUE(host_block_limits(am->dev)->flags & BLOCK_HAS_FUA);
		host_block_submit(am->dev, &rq);
		host_block_commit(am->dev, 0);
		host_settle(am->dev);
		EXPECT_TRUE(rq.done && !rq.status);
		EXPECT_EQ(am->ports[0].fua_writes, 1);
		EXPECT_EQ(ahci_model_destroy(am), 0);
	}
}

KTEST_CASE(trim_forgets_its_range_and_no_more)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	memset(am->ports[0].data, 0xaa, 4096 * 512);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_DISCARD, 10, 3000, NULL), 0);
	EXPECT_EQ(am->ports[0].data[10 * 512 - 1], 0xaa);
	EXPECT_EQ(am->ports[0].data[10 * 512], 0);
	EXPECT_EQ(am->ports[0].data[3010 * 512 - 1], 0);
	EXPECT_EQ(am->ports[0].data[3010 * 512], 0xaa);
	EXPECT_EQ(am->ports[0].trims, 1);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(trim_longer_than_one_range_is_cut)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.disks[0].sectors = 200000;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	memset(am->ports[0].data, 0xaa, 200000u * 512);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_DISCARD, 1, 199998, NULL), 0);
	EXPECT_EQ(am->ports[0].data[511], 0xaa);
	EXPECT_EQ(am->ports[0].data[512], 0);
	EXPECT_EQ(am->ports[0].data[199999u * 512 - 1], 0);
	EXPECT_EQ(am->ports[0].data[199999u * 512], 0xaa);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(operations_that_were_not_offered_are_unsupported)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.disks[0].trim = false;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_DISCARD, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_WRITE_ZEROES, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(description_of_the_disk_becomes_its_limits)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.disks[0].physical_exp = 3;
	s.disks[0].rotational = true;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_limits(am->dev)->nr_blocks, 4096);
	EXPECT_EQ(host_block_limits(am->dev)->physical_block_size, 4096);
	EXPECT_EQ(host_block_limits(am->dev)->flags, BLOCK_HAS_FLUSH | BLOCK_HAS_DISCARD | BLOCK_ROTATIONAL | BLOCK_HAS_INFO);
	EXPECT_STREQ(host_block_limits(am->dev)->serial, "FERRY-0001");
	EXPECT_STREQ(host_block_limits(am->dev)->prefix, "sd");
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

static void disk_add(struct ahci_model_setup *s, unsigned int port, const char *serial)
{
	s->disks[port] = s->disks[0];
	s->disks[port].present = true;
	s->disks[port].serial = serial;
}

KTEST_CASE(each_port_is_a_unit)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	disk_add(&s, 1, "second");
	disk_add(&s, 3, "fourth");
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_NULL(host_block_unit(am->dev, 2));
	ASSERT_NOT_NULL(host_block_unit(am->dev, 3));
	EXPECT_STREQ(host_block_unit(am->dev, 3)->serial, "fourth");
	memset(out, 3, 512);
	EXPECT_EQ(host_block_unit_do(am->dev, 3, BLOCK_WRITE, 5, 1, out), 0);
	EXPECT_EQ(am->ports[3].data[5 * 512], 3);
	EXPECT_EQ(am->ports[0].data[5 * 512], 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

static struct ahci_model_setup with_cd(void)
{
	struct ahci_model_setup s = ahci_model_default();

	s.disks[1] = (struct ahci_disk_setup){ .present = true, .packet = true, .sectors = 700, .logical_bytes = 2048, .serial = "CD",
					       .model = "MODEL CD" };
	return s;
}

KTEST_CASE(packet_device_is_read_in_blocks_of_2048)
{
	struct ahci_model_setup s = with_cd();
	struct ahci_model *am = ahci_probe_model(&s);

	ASSERT_NOT_NULL(am);
	ASSERT_NOT_NULL(host_block_unit(am->dev, 1));
	EXPECT_EQ(host_block_unit(am->dev, 1)->nr_blocks, 700);
	EXPECT_EQ(host_block_unit(am->dev, 1)->block_size, 2048);
	EXPECT_STREQ(host_block_unit(am->dev, 1)->prefix, "sr");
	ahci_pattern(am->ports[1].data, 700 * 2048, 4);
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 690, 10, in), 0);
	EXPECT_MEMEQ(in, am->ports[1].data + 690 * 2048, 20480);
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_WRITE, 0, 1, out), -EROFS);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(unit_attention_is_asked_past)
{
	struct ahci_model_setup s = with_cd();
	struct ahci_model *am = ahci_probe_model(&s);

	ASSERT_NOT_NULL(am);
	am->ports[1].unit_attention = 1;
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 1, in), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(drive_without_a_medium_has_no_blocks)
{
	struct ahci_model_setup s = with_cd();
	struct ahci_model *am;

	s.disks[1].no_medium = true;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	ASSERT_NOT_NULL(host_block_unit(am->dev, 1));
	EXPECT_EQ(host_block_unit(am->dev, 1)->nr_blocks, 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 1, in), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(empty_ports_cost_no_seconds)
{
	struct ahci_model_setup s = ahci_model_default();
	uint64_t before = host_clock_us();
	struct ahci_model *am = ahci_probe_model(&s);

	ASSERT_NOT_NULL(am);
	EXPECT_LE(host_clock_us() - before, 100000);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(pulled_disk_fails_its_requests_and_goes)
{
	struct ahci_model_setup s = ahci_model_default();
	struct host_request rq = { .op = BLOCK_READ, .nr_blocks = 8, .data = in };
	struct ahci_model *am;

	disk_add(&s, 1, "second");
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	am->hold = true;
	host_block_submit(am->dev, &rq);
	host_block_commit(am->dev, 0);
	ahci_model_plug(am, 0, false);
	host_run(am->dev, 2000000);
	am->hold = false;
	EXPECT_TRUE(rq.done);
	EXPECT_EQ(rq.status, -EIO);
	EXPECT_NULL(host_block_unit(am->dev, 0));
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_READ, 0, 1, in), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(disk_put_into_an_empty_port_appears)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_probe_model(&s);

	ASSERT_NOT_NULL(am);
	am->setup.disks[2] = s.disks[0];
	am->setup.disks[2].serial = "later";
	ahci_model_plug(am, 2, true);
	host_run(am->dev, 2000000);
	ASSERT_NOT_NULL(host_block_unit(am->dev, 2));
	EXPECT_STREQ(host_block_unit(am->dev, 2)->serial, "later");
	EXPECT_EQ(host_block_unit_do(am->dev, 2, BLOCK_WRITE, 1, 1, out), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(controller_without_disks_waits_for_one)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.disks[0].present = false;
	am = ahci_model_create(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_probe(am->dev), 0);
	ahci_model_plug(am, 0, true);
	host_run(am->dev, 2000000);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 1, in), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(another_disk_in_the_port_gets_none_of_the_old_ones_requests)
{
	struct ahci_model *am = ahci_probe_default();
	struct host_request rq = { .op = BLOCK_WRITE, .nr_blocks = 8, .data = out };

	ASSERT_NOT_NULL(am);
	am->hold = true;
	memset(out, 0x55, 4096);
	host_block_submit(am->dev, &rq);
	host_block_commit(am->dev, 0);
	am->setup.disks[0].serial = "another";
	ahci_model_plug(am, 0, true);	/* so fast that the link is up again when it is looked at */
	am->hold = false;
	host_irq_raise(am->dev, 0);
	am->ports[0].halted = true;	/* the old one is out */
	host_run(am->dev, 2000000);
	EXPECT_TRUE(rq.done);
	EXPECT_EQ(rq.status, -EIO);
	EXPECT_EQ(am->ports[0].data[0], 0);
	ASSERT_NOT_NULL(host_block_limits(am->dev));
	EXPECT_STREQ(host_block_limits(am->dev)->serial, "another");
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(disks_come_back_after_remove)
{
	struct ahci_model *am = ahci_probe_default();

	ASSERT_NOT_NULL(am);
	host_remove(am->dev);
	EXPECT_EQ(am->ports[0].cmd & 0xc011, 0);
	EXPECT_EQ(am->ghc & 2, 0);
	EXPECT_EQ(host_probe(am->dev), 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(firmware_is_asked_to_let_go)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am;

	s.handoff = true;
	am = ahci_probe_model(&s);
	ASSERT_NOT_NULL(am);
	EXPECT_EQ(am->bohc, 2);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}

KTEST_CASE(no_memory_at_any_step_fails_cleanly)
{
	struct ahci_model_setup s = ahci_model_default();

	for (s.memory_limit = 16; s.memory_limit < 300000; s.memory_limit = s.memory_limit * 5 / 4 + 1) {
		struct ahci_model *am = ahci_model_create(&s);
		int err;

		ASSERT_NOT_NULL(am);
		err = host_probe(am->dev);
		EXPECT_TRUE(err == 0 || err == -ENOMEM);
		EXPECT_EQ(ahci_model_destroy(am), 0);
	}
}

KTEST_CASE(what_the_disk_says_of_itself_comes_as_it_says_it)
{
	struct ahci_model_setup s = ahci_model_default();
	struct ahci_model *am = ahci_probe_model(&s);
	static uint8_t page[BLOCK_INFO_BYTES];

	ASSERT_NOT_NULL(am);
	memset(page, 0, sizeof(page));
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_UNIT, 8, page), 0);
	EXPECT_TRUE(!memcmp(page + 20, "EFRR-Y", 6));
	EXPECT_EQ(page[512], 0);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_HEALTH, 8, page), 0);
	EXPECT_TRUE(page[2] == 9 && page[5] == 100);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_INFO, BLOCK_INFO_CONTROLLER, 8, page), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(ahci_model_destroy(am), 0);
}
