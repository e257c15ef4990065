// SPDX-License-Identifier: GPL-2.0
/* virtio_blk with several queues: how many, on which strands, and recovery that needs all of them. */
#include "../variants.h"

KTEST_SUITE(virtio_blk_queues);

static uint8_t data[8][4096];

static struct virtio_model_setup four_queues(void)
{
	struct virtio_model_setup s = virtio_model_default();

	s.nr_queues = 4;
	s.nr_cpus = 4;
	s.msix_vectors = 5;
	return s;
}

static void request_on(struct virtio_model *vm, struct host_request *rq, unsigned int queue)
{
	*rq = (struct host_request){ .op = BLOCK_READ, .queue = (uint16_t)queue, .lba = queue * 8, .nr_blocks = 8, .data = data[queue] };
	host_block_submit(vm->dev, rq);
	host_block_commit(vm->dev, queue);
}

KTEST_CASE(a_queue_for_each_cpu)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm = disk_probe(&s);

	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_queues, 4);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(every_queue_completes_on_its_own_vector)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm = disk_probe(&s);
	struct host_request rq[4];

	ASSERT_NOT_NULL(vm);
	host_settle(vm->dev);
	for (unsigned int q = 0; q < 4; q++) {
		unsigned int before = host_irq_count(vm->dev, q + 1);

		request_on(vm, &rq[q], q);
		host_settle(vm->dev);
		EXPECT_TRUE(rq[q].done && !rq[q].status);
		EXPECT_EQ(host_irq_count(vm->dev, q + 1), before + 1);
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(fewer_vectors_mean_fewer_queues)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;

	s.msix_vectors = 3;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_queues, 2);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(one_shared_vector_still_works)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;

	s.msix_vectors = 1;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_queues, 1);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data[0]), 0);
	virtio_model_resize(vm, 4096);
	host_settle(vm->dev);
	EXPECT_EQ(host_block_resizes(vm->dev), 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(line_interrupt_means_one_queue)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;

	s.msix_vectors = 0;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_queues, 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(parameter_queues_limits_them)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;

	s.params[0] = (struct host_param){ "queues", "2" };
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_queues, 2);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(more_queues_promised_than_there_are_fails_cleanly)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;

	s.nr_queues = MODEL_QUEUES + 4;
	s.nr_cpus = 16;
	s.msix_vectors = 17;
	vm = virtio_model_create(&s);
	ASSERT_NOT_NULL(vm);
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(zero_queues_promised_is_taken_as_one)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;

	s.nr_queues = 1;
	s.features &= ~MODEL_F_MQ;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_queues, 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

static void recovery_brings_all_queues_back(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);
	struct host_request rq[4];

	ASSERT_NOT_NULL(vm);
	vm->lies.stalls = true;
	request_on(vm, &rq[2], 2);
	request_on(vm, &rq[3], 3);
	host_run(vm->dev, 40000000);
	vm->lies.stalls = false;
	EXPECT_TRUE(rq[2].done && rq[3].done);
	EXPECT_EQ(rq[2].status, -ETIMEDOUT);
	EXPECT_EQ(vm->resets, 2);
	for (unsigned int q = 0; q < 4; q++) {
		request_on(vm, &rq[q], q);
		host_settle(vm->dev);
		EXPECT_TRUE(rq[q].done && !rq[q].status);
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(recovery_brings_all_packed_queues_back)
{
	struct virtio_model_setup s = four_queues();

	recovery_brings_all_queues_back(&s);
}

KTEST_CASE(recovery_brings_all_split_queues_back)
{
	struct virtio_model_setup s = four_queues();

	s.features &= ~MODEL_F_PACKED;
	recovery_brings_all_queues_back(&s);
}

KTEST_CASE(request_submitted_during_recovery_is_served_after_it)
{
	struct virtio_model_setup s = four_queues();
	struct host_request lost, late;
	struct virtio_model *vm;

	s.features &= ~(MODEL_F_PACKED | MODEL_F_EVENT_IDX);	/* so that the jump interrupts */
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	vm->lies.index_jump = 5000;
	request_on(vm, &lost, 1);
	host_settle(vm->dev);
	EXPECT_TRUE(lost.done);
	request_on(vm, &late, 1);
	host_settle(vm->dev);
	EXPECT_FALSE(late.done);	/* the other queues look once a second */
	host_run(vm->dev, 2000000);
	EXPECT_TRUE(late.done && !late.status);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(recovery_that_follows_at_once_waits_for_every_queue_again)
{
	struct virtio_model_setup s = four_queues();
	struct virtio_model *vm;
	struct host_request rq[4];

	s.features &= ~MODEL_F_PACKED;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	vm->lies.index_jump = 5000;
	request_on(vm, &rq[1], 1);
	for (unsigned int i = 0; i < 100000 && !(vm->resets == 2 && vm->status & 4); i++)
		host_run(vm->dev, 50);
	vm->lies.index_jump = 5000;
	request_on(vm, &rq[3], 3);	/* the last to park; the others have not noticed the end of the first recovery */
	host_run(vm->dev, 5000000);
	EXPECT_TRUE(rq[3].done);
	EXPECT_EQ(vm->resets, 3);
	for (unsigned int q = 0; q < 4; q++) {
		request_on(vm, &rq[q], q);
		host_settle(vm->dev);
		EXPECT_TRUE(rq[q].done && !rq[q].status);
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
