// SPDX-License-Identifier: GPL-2.0
/* virtio_blk on a device that lies, hangs or goes away: requests still end, memory stays whole, and the driver says what it saw. */
#include "../variants.h"

KTEST_SUITE(virtio_blk_hostile);

static uint8_t data[65536];

static void completion_with_bad_id_is_dropped(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.bad_ids = 1;
	vm->lies.bad_id = 0xdead;
	EXPECT_NE(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_FALSE(host_is_failed(vm->dev));
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(completion_with_bad_id_is_dropped)

static void completion_of_an_idle_id_is_dropped(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.bad_ids = 1;
	vm->lies.bad_id = 7;
	EXPECT_NE(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(completion_of_an_idle_id_is_dropped)

static void double_completion_completes_once(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.doubles = 1;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	host_run(vm->dev, 10000);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(double_completion_completes_once)

static void wild_length_is_an_error(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.bad_lengths = 1;
	vm->lies.bad_length = 0xfffffff0;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(wild_length_is_an_error)

static void short_read_is_an_error_unless_legacy(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.bad_lengths = 1;
	vm->lies.bad_length = 100;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), setup->legacy_only ? 0 : -EIO);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(short_read_is_an_error_unless_legacy)

static void missing_status_byte_is_an_error(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.no_status = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(missing_status_byte_is_an_error)

static void unknown_status_is_an_error(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.bad_status = 1;
	vm->lies.status_value = 77;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(unknown_status_is_an_error)

static void lost_interrupt_is_found_by_the_timeout(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	host_settle(vm->dev);	/* the probe's own interrupt is out of the way */
	vm->lies.no_interrupts = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(vm->resets, 1);
	EXPECT_NOT_NULL(strstr(host_last_warning(vm->dev), "interrupt was lost"));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(lost_interrupt_is_found_by_the_timeout)

static void spurious_interrupts_do_no_harm(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	for (unsigned int i = 0; i < 100; i++) {
		virtio_model_spurious(vm);
		host_settle(vm->dev);
	}
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(spurious_interrupts_do_no_harm)

static void hung_device_is_reset_and_its_requests_time_out(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 0, 8, data), -ETIMEDOUT);
	vm->lies.stalls = false;
	EXPECT_EQ(vm->resets, 2);
	EXPECT_EQ(vm->status, setup->legacy_only ? 0x07 : 0x0f);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(hung_device_is_reset_and_its_requests_time_out)

static void device_that_never_resets_is_failed(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = vm->lies.never_resets = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 0, 8, data), -EIO);
	EXPECT_TRUE(host_take_fault(vm->dev, "does not reset"));
	EXPECT_TRUE(host_is_failed(vm->dev));
	vm->lies.never_resets = false;
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(device_that_never_resets_is_failed)

static void device_that_refuses_to_start_again_is_failed(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	vm->lies.refuses_features = true;
	vm->setup.nr_queues = 0;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 0, 8, data), -EIO);
	EXPECT_TRUE(host_take_fault(vm->dev, "does not start again"));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(device_that_refuses_to_start_again_is_failed)

static void vanished_device_is_failed_and_removed(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	struct host_problems p;

	ASSERT_NOT_NULL(vm);
	vm->lies.vanish = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_TRUE(host_take_fault(vm->dev, "does not reset"));
	p = host_device_destroy(vm->dev);
	EXPECT_EQ(p.faults + p.wild_dma + p.misuse + p.lost_requests, 0);
	EXPECT_GT(p.leaks, 0);	/* rings are kept: the device may be only deaf */
	virtio_model_free(vm);
}
ON_ALL_VARIANTS(vanished_device_is_failed_and_removed)

static void device_that_vanished_before_probe_is_refused(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = virtio_model_create(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.vanish = true;
	probe_fails(vm, -ENODEV);
}
ON_ALL_VARIANTS(device_that_vanished_before_probe_is_refused)

static void needs_reset_recovers_the_device(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	struct host_request rq = { .op = BLOCK_READ, .nr_blocks = 8, .data = data };

	ASSERT_NOT_NULL(vm);
	vm->hold = true;
	host_block_submit(vm->dev, &rq);
	host_block_commit(vm->dev, 0);
	host_settle(vm->dev);
	virtio_model_needs_reset(vm);
	host_run(vm->dev, 100000);
	vm->hold = false;
	EXPECT_TRUE(rq.done);
	EXPECT_EQ(rq.status, -EIO);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(needs_reset_recovers_the_device)

static void device_that_always_lies_is_given_up(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	unsigned int tries;

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	for (tries = 0; tries < 20 && !host_is_failed(vm->dev); tries++)
		EXPECT_NE(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_LE(tries, 10);
	EXPECT_TRUE(host_take_fault(vm->dev, "again and again"));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(device_that_always_lies_is_given_up)

static void no_dma_happens_after_a_request_ended(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	vm->hold = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 128, data), -ETIMEDOUT);
	vm->hold = false;
	virtio_model_release(vm);
	host_run(vm->dev, 1000);
	EXPECT_EQ(host_wild_dma(vm->dev), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(no_dma_happens_after_a_request_ended)

static void zero_queue_size_is_refused(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = virtio_model_create(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.queue_max_on = true;
	probe_fails(vm, -ENXIO);
}
ON_ALL_VARIANTS(zero_queue_size_is_refused)

static void deaf_device_fails_the_probe(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = virtio_model_create(setup);

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	probe_fails(vm, -ETIMEDOUT);
}
ON_ALL_VARIANTS(deaf_device_fails_the_probe)

static void impossible_block_size_is_refused(const struct virtio_model_setup *setup)
{
	static const uint32_t sizes[] = { 0, 1, 256, 513, 8192, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct virtio_model_setup s = *setup;
		struct virtio_model *vm;

		s.block_size = sizes[i];
		vm = virtio_model_create(&s);
		ASSERT_NOT_NULL(vm);
		probe_fails(vm, -ENXIO);
	}
}
ON_ALL_VARIANTS(impossible_block_size_is_refused)

static void impossible_capacity_is_refused(const struct virtio_model_setup *setup)
{
	struct virtio_model_setup s = *setup;
	struct virtio_model *vm;

	s.sectors = ~0ull;
	vm = virtio_model_create(&s);
	ASSERT_NOT_NULL(vm);
	probe_fails(vm, -ERANGE);
}
ON_ALL_VARIANTS(impossible_capacity_is_refused)

KTEST_CASE(used_index_that_jumps_recovers_the_queue)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features &= ~MODEL_F_PACKED;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	vm->lies.index_jump = 5000;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(vm->resets, 2);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(split_ring_size_must_be_a_power_of_two)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features &= ~MODEL_F_PACKED;
	vm = virtio_model_create(&s);
	ASSERT_NOT_NULL(vm);
	vm->lies.queue_max_on = true;
	vm->lies.queue_max = 100;
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(packed_ring_of_any_size_works)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.queue_size = 37;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	for (unsigned int i = 0; i < 200; i++)
		ASSERT_EQ(host_block_do(vm->dev, BLOCK_READ, i, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(refused_features_fail_the_probe)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = virtio_model_create(&s);

	ASSERT_NOT_NULL(vm);
	vm->lies.refuses_features = true;
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(modern_registers_without_version_1_are_refused)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features &= ~MODEL_F_VERSION_1;
	vm = virtio_model_create(&s);
	ASSERT_NOT_NULL(vm);
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(configuration_that_never_holds_still_is_refused)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = virtio_model_create(&s);

	ASSERT_NOT_NULL(vm);
	vm->lies.generation_spins = true;
	probe_fails(vm, -EAGAIN);
}

KTEST_CASE(capacity_that_changes_while_it_is_read_is_read_again)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = virtio_model_create(&s);

	ASSERT_NOT_NULL(vm);
	vm->lies.config_torn = true;
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, (1ull << 32) + 2048);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(resize_to_an_impossible_size_is_ignored)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = disk_probe(&s);

	ASSERT_NOT_NULL(vm);
	virtio_model_resize(vm, ~0ull);
	host_settle(vm->dev);
	EXPECT_EQ(host_block_resizes(vm->dev), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(segments_shorter_than_a_block_are_refused)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.features |= MODEL_F_SIZE_MAX;
	s.size_max = 100;
	vm = virtio_model_create(&s);
	ASSERT_NOT_NULL(vm);
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(zero_seg_max_means_one)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.seg_max = 0;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->max_segments, 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(ring_beyond_the_reach_of_a_legacy_device_is_refused)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm;

	s.legacy_only = true;
	s.dma_base = 1ull << 44;
	vm = virtio_model_create(&s);
	ASSERT_NOT_NULL(vm);
	probe_fails(vm, -ERANGE);
}
