// SPDX-License-Identifier: GPL-2.0
/* virtio_scsi on a host that lies, breaks off, or does not answer. */
#include "../variants.h"
#include <tests/model/virtio_scsi_model.h>

KTEST_SUITE(virtio_scsi_hostile);

static uint8_t data[65536];
static struct scsi_model sm;

static struct virtio_model *created(void)
{
	struct virtio_model_setup s;

	memset(&sm, 0, sizeof(sm));
	sm.units[0].present = true;
	s = scsi_model_default(&sm);
	return virtio_model_create(&s);
}

static struct virtio_model *probed(void)
{
	struct virtio_model *vm = created();

	if (vm && !host_probe(vm->dev))
		return vm;
	EXPECT_TRUE(!"the host is probed");
	return NULL;
}

static const struct {
	struct scsi_model_lies lies;
	int error;
} answers[] = {
	{ { .statuses = 1, .status = 2, .key = 3, .asc = 0x11 }, -EIO },			/* medium error */
	{ { .statuses = 1, .status = 2, .key = 3, .asc = 0x11, .descriptor_sense = true }, -EIO },
	{ { .statuses = 1, .status = 2, .key = 7, .asc = 0x27, .ascq = 7 }, -ENOSPC },
	{ { .statuses = 1, .status = 2, .key = 7, .asc = 0x27 }, -EROFS },
	{ { .statuses = 1, .status = 2, .key = 5, .asc = 0x20 }, -EOPNOTSUPP },
	{ { .statuses = 1, .status = 2, .key = 5, .asc = 0x24 }, -EIO },
	{ { .statuses = 1, .status = 2, .key = 1, .asc = 0x17 }, 0 },				/* recovered */
	{ { .statuses = 1, .status = 2, .key = 6, .asc = 0x29 }, 0 },				/* tried again */
	{ { .statuses = 1, .status = 2, .key = 2, .asc = 4, .ascq = 1 }, 0 },
	{ { .statuses = 1, .status = 2, .key = 2, .asc = 0x3a }, -EIO },
	{ { .statuses = 1, .status = 0x18 }, -EBUSY },
	{ { .statuses = 1, .status = 0x77 }, -EIO },
	{ { .codes = 1, .code = 3 }, -ENODEV },
	{ { .codes = 1, .code = 9 }, -EIO },
	{ { .codes = 1, .code = 0xee }, -EIO },
	{ { .residuals = 1, .residual = 512 }, -EIO },
	{ { .residuals = 1, .residual = 0xffffffff }, -EIO },
	{ { .sense_length = 0xffffffff, .statuses = 1, .status = 2, .key = 3 }, -EIO },
};

KTEST_CASE(every_answer_means_one_error)
{
	struct virtio_model *vm = probed();

	ASSERT_NOT_NULL(vm);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		sm.lies = answers[i].lies;
		EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, i, 8, data), answers[i].error);
		memset(&sm.lies, 0, sizeof(sm.lies));
		EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(response_that_was_not_written_is_an_error)
{
	struct virtio_model *vm = probed();

	ASSERT_NOT_NULL(vm);
	sm.lies.no_response = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 0, 8, data), -EIO);
	sm.lies.no_response = false;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_WRITE, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(length_beyond_what_was_given_is_an_error)
{
	struct virtio_model *vm = probed();

	ASSERT_NOT_NULL(vm);
	vm->lies.bad_lengths = 1;
	vm->lies.bad_length = 108 + 4096 + 1;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -EIO);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(host_that_does_not_answer_at_all_is_reset)
{
	struct virtio_model *vm = probed();

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -ETIMEDOUT);
	vm->lies.stalls = false;
	EXPECT_EQ(vm->resets, 2);	/* probe's, and this one */
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_TRUE(scsi_model_event(vm, 3, 0, 0, 0));	/* the event buffers are there again */
	host_settle(vm->dev);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(completion_of_nothing_is_dropped)
{
	struct virtio_model *vm = probed();

	ASSERT_NOT_NULL(vm);
	vm->lies.doubles = 1;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	vm->lies.bad_ids = 1;
	vm->lies.bad_id = 0xffff;
	EXPECT_NE(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(host_that_never_answers_the_probe_is_not_taken)
{
	struct virtio_model *vm = created();

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	probe_fails(vm, -ETIMEDOUT);
}

KTEST_CASE(noise_instead_of_descriptions_is_refused_or_harmless)
{
	for (uint32_t seed = 1; seed < 400; seed++) {
		struct virtio_model *vm = created();
		struct host_problems p;

		ASSERT_NOT_NULL(vm);
		sm.lies.noises = 1 + seed % 9;
		sm.lies.noise = seed * 0x9e3779b1u;
		if (!host_probe(vm->dev))
			host_block_do(vm->dev, BLOCK_READ, 0, 1, data);
		p = host_device_destroy(vm->dev);
		EXPECT_EQ(p.faults + p.misuse + p.leaks + p.wild_dma + p.lost_requests, 0);
		virtio_model_free(vm);
	}
}

KTEST_CASE(impossible_block_sizes_leave_the_unit_out)
{
	static const uint32_t sizes[] = { 1, 511, 520, 8192, 0x80000000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct virtio_model *vm = created();

		ASSERT_NOT_NULL(vm);
		sm.units[0].block_size = sizes[i];
		EXPECT_EQ(host_probe(vm->dev), 0);
		EXPECT_NULL(host_block_unit(vm->dev, 0));
		EXPECT_EQ(virtio_model_destroy(vm), 0);
	}
}

KTEST_CASE(vanished_host_fails_its_requests)
{
	struct virtio_model *vm = probed();

	ASSERT_NOT_NULL(vm);
	vm->lies.vanish = true;
	EXPECT_NE(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	host_take_fault(vm->dev, "virtio device");
	vm->lies.vanish = false;
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(probe_gives_back_what_memory_ran_out_on)
{
	for (size_t limit = 1; limit < 400000; limit += 7919) {
		struct virtio_model_setup s;
		struct virtio_model *vm;

		memset(&sm, 0, sizeof(sm));
		sm.units[0].present = true;
		s = scsi_model_default(&sm);
		s.memory_limit = limit;
		vm = virtio_model_create(&s);
		ASSERT_NOT_NULL(vm);
		host_probe(vm->dev);
		EXPECT_EQ(virtio_model_destroy(vm), 0);
	}
}
