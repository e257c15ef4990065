// SPDX-License-Identifier: GPL-2.0
/* virtio_blk on a device that behaves: every feature, on every transport and ring. */
#include "../variants.h"

KTEST_SUITE(virtio_blk);

static uint8_t out[65536], in[65536];

static void written_data_reads_back(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	pattern_fill(out, sizeof(out), 1);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 100, 128, out), 0);
	EXPECT_MEMEQ(vm->disk + 100 * 512, out, sizeof(out));
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 100, 128, in), 0);
	EXPECT_MEMEQ(in, out, sizeof(out));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(written_data_reads_back)

static void thousand_requests_wrap_the_ring(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;
	struct virtio_model *vm;

	s.queue_size = 16;
	s.seg_max = 14;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	for (unsigned int i = 0; i < 1000; i++) {
		pattern_fill(out, 4096, i);
		ASSERT_EQ(host_block_do(vm->dev, BLOCK_WRITE, i % 200 * 8, 8, out), 0);
		ASSERT_EQ(host_block_do(vm->dev, BLOCK_READ, i % 200 * 8, 8, in), 0);
		ASSERT_TRUE(!memcmp(in, out, 4096));
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(thousand_requests_wrap_the_ring)

static struct host_request batch[300];

static unsigned int batch_run(struct virtio_model *vm, unsigned int nr)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < nr; i++) {
		batch[i] = (struct host_request){ .op = BLOCK_WRITE, .lba = i * 4, .nr_blocks = 4, .segment_bytes = 512,
						  .data = out + i % 16 * 2048 };
		host_block_submit(vm->dev, &batch[i]);
	}
	host_block_commit(vm->dev, 0);
	host_run(vm->dev, 1000);
	for (unsigned int i = 0; i < nr; i++)
		good += batch[i].done && !batch[i].status;
	return good;
}

static void more_requests_than_the_ring_holds_all_complete(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;
	struct virtio_model *vm;

	s.queue_size = 32;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(batch_run(vm, 300), 300);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(more_requests_than_the_ring_holds_all_complete)

static void completions_in_reverse_order_are_told_apart(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.reverse = true;
	pattern_fill(out, sizeof(out), 3);
	EXPECT_EQ(batch_run(vm, 30), 30);
	for (unsigned int i = 0; i < 30; i++)
		EXPECT_TRUE(!memcmp(vm->disk + i * 2048, out + i % 16 * 2048, 2048));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(completions_in_reverse_order_are_told_apart)

static void batch_of_32_rings_the_doorbell_once(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	unsigned int before;

	ASSERT_NOT_NULL(vm);
	before = vm->queues[0].notifies;
	EXPECT_EQ(batch_run(vm, 32), 32);
	EXPECT_EQ(vm->queues[0].notifies, before + 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(batch_of_32_rings_the_doorbell_once)

static void device_that_is_still_busy_is_not_notified_again(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	unsigned int before;

	ASSERT_NOT_NULL(vm);
	before = vm->queues[0].notifies;
	for (unsigned int i = 0; i < 10; i++) {
		batch[i] = (struct host_request){ .op = BLOCK_READ, .lba = i, .nr_blocks = 1, .data = in + i * 512 };
		host_block_submit(vm->dev, &batch[i]);
		host_block_commit(vm->dev, 0);
	}
	EXPECT_EQ(vm->queues[0].notifies, before + (setup->features & MODEL_F_EVENT_IDX ? 1 : 10));
	host_settle(vm->dev);
	EXPECT_TRUE(batch[9].done && !batch[9].status);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(device_that_is_still_busy_is_not_notified_again)

static void batch_of_32_takes_one_interrupt(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	unsigned int vector = setup->msix_vectors ? 1 : 0, before;

	ASSERT_NOT_NULL(vm);
	host_settle(vm->dev);
	before = host_irq_count(vm->dev, vector);
	EXPECT_EQ(batch_run(vm, 32), 32);
	EXPECT_EQ(host_irq_count(vm->dev, vector), before + 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(batch_of_32_takes_one_interrupt)

static void flush_reaches_the_device(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	EXPECT_TRUE(host_block_limits(vm->dev)->flags & BLOCK_HAS_FLUSH);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_FLUSH, 0, 0, NULL), 0);
	EXPECT_EQ(vm->flushes, 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(flush_reaches_the_device)

static void discard_and_write_zeroes_clear_their_range(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	memset(vm->disk, 0xaa, 64 * 512);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_DISCARD, 8, 8, NULL), 0);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE_ZEROES, 24, 8, NULL), 0);
	EXPECT_EQ(vm->disk[8 * 512 - 1], 0xaa);
	EXPECT_EQ(vm->disk[8 * 512], 0);
	EXPECT_EQ(vm->disk[16 * 512 - 1], 0);
	EXPECT_EQ(vm->disk[16 * 512], 0xaa);
	EXPECT_EQ(vm->disk[24 * 512], 0);
	EXPECT_EQ(vm->discards + vm->zeroes, 2);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(discard_and_write_zeroes_clear_their_range)

static void blocks_of_4096_bytes_are_addressed_in_sectors(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;
	struct virtio_model *vm;

	s.block_size = 4096;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	pattern_fill(out, 8192, 9);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 2048 / 8);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 10, 2, out), 0);
	EXPECT_MEMEQ(vm->disk + 40960, out, 8192);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE_ZEROES, 10, 1, NULL), 0);
	EXPECT_EQ(vm->disk[40960], 0);
	EXPECT_EQ(vm->disk[45056], out[4096]);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(blocks_of_4096_bytes_are_addressed_in_sectors)

static void readonly_disk_says_so_and_refuses_writes(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;
	struct virtio_model *vm;

	s.features |= MODEL_F_RO;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_TRUE(host_block_limits(vm->dev)->flags & BLOCK_RO);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 0, 1, out), -EROFS);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_DISCARD, 0, 1, NULL), -EROFS);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 1, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(readonly_disk_says_so_and_refuses_writes)

static void resized_device_resizes_the_disk(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	virtio_model_resize(vm, 4096);
	host_settle(vm->dev);
	EXPECT_EQ(host_block_resizes(vm->dev), 1);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 4096);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 4095, 1, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(resized_device_resizes_the_disk)

static void serial_number_is_reported(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	EXPECT_STREQ(host_block_limits(vm->dev)->serial, "ferry-disk-0");
	EXPECT_STREQ(host_block_limits(vm->dev)->prefix, "vd");
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(serial_number_is_reported)

static void awaited_driver_does_not_ask_for_the_serial_again(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;
	struct virtio_model *vm;

	s.awaited = true;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(vm->queues[0].completions, 0);
	EXPECT_STREQ(host_block_limits(vm->dev)->serial, "");
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(awaited_driver_does_not_ask_for_the_serial_again)

static void disk_comes_back_after_remove(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	host_remove(vm->dev);
	EXPECT_EQ(vm->status, 0);
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(disk_comes_back_after_remove)

static void no_memory_at_any_step_fails_cleanly(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;

	for (s.memory_limit = 16; s.memory_limit < 300000; s.memory_limit = s.memory_limit * 5 / 4 + 1) {
		struct virtio_model *vm = virtio_model_create(&s);
		int err;

		ASSERT_NOT_NULL(vm);
		err = host_probe(vm->dev);
		EXPECT_TRUE(err == 0 || err == -ENOMEM);
		EXPECT_EQ(virtio_model_destroy(vm), 0);
	}
}
ON_ALL_VARIANTS(no_memory_at_any_step_fails_cleanly)

KTEST_CASE(serial_without_an_end_is_cut_at_20)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.serial = "0123456789abcdefghijKLM";
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_STREQ(host_block_limits(vm->dev)->serial, "0123456789abcdefghij");
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(unprintable_serial_is_made_printable)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.serial = "a\033[2Jb\xff\x01";
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_STREQ(host_block_limits(vm->dev)->serial, "a_[2Jb");
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(device_without_serial_has_an_empty_one)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.serial = NULL;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_STREQ(host_block_limits(vm->dev)->serial, "");
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(transitional_device_is_driven_as_modern)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = disk_probe(&s);

	ASSERT_NOT_NULL(vm);
	EXPECT_TRUE(vm->accepted & MODEL_F_VERSION_1);
	EXPECT_TRUE(vm->accepted & MODEL_F_PACKED);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(parameter_legacy_forces_the_ports)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.params[0] = (struct host_param){ "legacy", "1" };
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_FALSE(vm->accepted & MODEL_F_VERSION_1);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(parameter_packed_0_keeps_the_split_ring)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.params[0] = (struct host_param){ "packed", "0" };
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_FALSE(vm->accepted & MODEL_F_PACKED);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(access_platform_is_accepted)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features |= BIT64(33) | BIT64(36) | BIT64(40) | BIT64(63);
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(vm->accepted & (BIT64(33) | BIT64(36) | BIT64(40) | BIT64(63)), BIT64(33) | BIT64(36));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(write_through_disk_needs_no_flush)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features |= MODEL_F_CONFIG_WCE;
	s.writeback = false;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_FALSE(host_block_limits(vm->dev)->flags & BLOCK_HAS_FLUSH);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(operations_that_were_not_offered_are_unsupported)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features &= ~(MODEL_F_FLUSH | MODEL_F_DISCARD | MODEL_F_WRITE_ZEROES);
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_FLUSH, 0, 0, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_DISCARD, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE_ZEROES, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(limits_of_the_device_become_limits_of_the_disk)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features |= MODEL_F_SIZE_MAX;
	s.size_max = 8192;
	s.seg_max = 5;
	s.physical_exp = 3;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->max_segments, 5);
	EXPECT_EQ(host_block_limits(vm->dev)->max_segment_bytes, 8192);
	EXPECT_EQ(host_block_limits(vm->dev)->physical_block_size, 4096);
	EXPECT_EQ(host_block_limits(vm->dev)->max_discard_blocks, 1024);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(unmap_hint_is_passed_on)
{
	struct virtio_model_setup s = virtio_model_default();
	struct host_request rq = { .op = BLOCK_WRITE_ZEROES, .flags = BLOCK_REQ_UNMAP, .nr_blocks = 8 };
	struct virtio_model *vm = disk_probe(&s);

	ASSERT_NOT_NULL(vm);
	host_block_submit(vm->dev, &rq);
	host_block_commit(vm->dev, 0);
	host_settle(vm->dev);
	EXPECT_TRUE(rq.done && !rq.status);
	EXPECT_TRUE(vm->unmap_seen);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(error_of_the_device_is_eio)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = disk_probe(&s);

	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 2047, 2, in), -EIO);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 2047, 1, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
