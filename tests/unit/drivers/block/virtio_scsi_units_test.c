// SPDX-License-Identifier: GPL-2.0
/* virtio_scsi at run time: units that come, change their size and go, and tasks for commands that hang. */
#include "../variants.h"
#include <tests/model/virtio_scsi_model.h>

KTEST_SUITE(virtio_scsi_units);

#define EVENT_RESET		1u
#define EVENT_PARAMETERS	3u
#define EVENT_MISSED		BIT(31)
#define REASON_RESCAN		1u
#define REASON_REMOVED		2u
#define SIZE_CHANGED		0x092au

static uint8_t data[65536], more[65536];
static struct scsi_model sm;

/* Interrupts of their own: events, tasks and requests on four strands; one for all: on one. */
static struct virtio_model *probed(bool intx)
{
	const struct variant v = { .packed = intx, .intx = intx };
	struct virtio_model_setup s;

	memset(&sm, 0, sizeof(sm));
	sm.units[0].present = true;
	sm.units[1].present = true;
	sm.units[1].target = 3;
	s = variant_of(scsi_model_default(&sm), &v);
	return disk_probe(&s);
}

#define ON_ONE_AND_MANY_STRANDS(claim)				\
	KTEST_CASE(claim##_one_strand) { claim(probed(true)); }	\
	KTEST_CASE(claim##_many_strands) { claim(probed(false)); }

/* A watch looks once a second; asking takes no time. */
static void tell(struct virtio_model *vm, uint32_t event, uint8_t target, uint16_t lun, uint32_t reason)
{
	host_settle(vm->dev);
	EXPECT_TRUE(scsi_model_event(vm, event, target, lun, reason));
	host_run(vm->dev, 4000000);
}

static void unit_that_comes_is_a_disk(struct virtio_model *vm)
{
	unsigned int place = scsi_model_place(5, 1);

	ASSERT_NOT_NULL(vm);
	sm.units[2] = (struct scsi_model_unit){ .target = 5, .lun = 1, .nr_blocks = 512 };
	scsi_model_plug(&sm, 2);
	sm.attentions = 1;
	tell(vm, EVENT_RESET, 5, 1, REASON_RESCAN);
	ASSERT_NOT_NULL(host_block_unit(vm->dev, place));
	EXPECT_EQ(host_block_unit(vm->dev, place)->nr_blocks, 512);
	pattern_fill(data, 4096, 7);
	EXPECT_EQ(host_block_unit_do(vm->dev, place, BLOCK_WRITE, 8, 8, data), 0);
	EXPECT_MEMEQ(sm.units[2].data + 4096, data, 4096);
	EXPECT_EQ(vm->confused, 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ONE_AND_MANY_STRANDS(unit_that_comes_is_a_disk)

static void removed_unit_goes_and_the_others_stay(struct virtio_model *vm)
{
	ASSERT_NOT_NULL(vm);
	sm.units[1].present = false;
	host_settle(vm->dev);
	EXPECT_TRUE(scsi_model_event(vm, EVENT_RESET, 3, 0, REASON_REMOVED));
	host_settle(vm->dev);
	EXPECT_NULL(host_block_unit(vm->dev, scsi_model_place(3, 0)));
	host_run(vm->dev, 4000000);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ONE_AND_MANY_STRANDS(removed_unit_goes_and_the_others_stay)

static void size_follows_the_unit(struct virtio_model *vm)
{
	ASSERT_NOT_NULL(vm);
	sm.units[0].nr_blocks = 4096;
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	EXPECT_EQ(host_block_resizes(vm->dev), 1);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 4096);
	sm.units[0].nr_blocks = 1024;
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 1024);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 1016, 8, data), 0);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 1024, 8, data), -EINVAL);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ONE_AND_MANY_STRANDS(size_follows_the_unit)

KTEST_CASE(host_without_units_waits_for_them)
{
	struct virtio_model_setup s;
	struct virtio_model *vm;

	memset(&sm, 0, sizeof(sm));
	s = scsi_model_default(&sm);
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	EXPECT_NULL(host_block_unit(vm->dev, 0));
	scsi_model_plug(&sm, 0);
	tell(vm, EVENT_RESET, 0, 0, REASON_RESCAN);
	ASSERT_NOT_NULL(host_block_unit(vm->dev, 0));
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

/* As soon as the host has buffers for events it has one to tell. */
static void eager_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct virtio_model *vm = model;

	virtio_model_ops.write(model, bar, offset, size, value);
	if (!vm->queues[1].notified || sm.units[0].nr_blocks == 4096 || !model_queue_take(vm, &vm->queues[1]))
		return;
	sm.units[0].nr_blocks = 4096;
	scsi_model_event(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
}

KTEST_CASE(event_that_comes_before_the_interrupts_is_seen_at_once)
{
	const struct variant v = { .packed = true, .intx = true };
	struct host_model_ops eager = virtio_model_ops;
	struct virtio_model_setup s;
	struct virtio_model *vm;

	memset(&sm, 0, sizeof(sm));
	sm.units[0].present = true;
	s = variant_of(scsi_model_default(&sm), &v);
	eager.write = eager_write;
	s.ops = &eager;
	vm = disk_probe(&s);
	ASSERT_NOT_NULL(vm);
	host_run(vm->dev, 100000);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 4096);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(missed_events_make_it_ask_everybody)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	sm.units[1].present = false;
	sm.units[2].target = 6;
	scsi_model_plug(&sm, 2);
	tell(vm, EVENT_MISSED, 0, 0, 0);
	EXPECT_NULL(host_block_unit(vm->dev, scsi_model_place(3, 0)));
	EXPECT_NOT_NULL(host_block_unit(vm->dev, scsi_model_place(6, 0)));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(another_disk_at_the_same_address_gets_another_place)
{
	struct virtio_model *vm = probed(false);
	unsigned int place = scsi_model_place(3, 0);

	ASSERT_NOT_NULL(vm);
	sm.units[1].block_size = 4096;
	sm.units[1].nr_blocks = 64;
	tell(vm, EVENT_RESET, 3, 0, REASON_RESCAN);
	EXPECT_NULL(host_block_unit(vm->dev, place));
	ASSERT_NOT_NULL(host_block_unit(vm->dev, place + 1));
	EXPECT_EQ(host_block_unit(vm->dev, place + 1)->block_size, 4096);
	EXPECT_EQ(host_block_unit_do(vm->dev, place + 1, BLOCK_READ, 0, 1, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(place_can_be_taken_again_after_its_rest)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	for (unsigned int i = 0; i < 3; i++) {
		sm.units[1].present = false;
		tell(vm, EVENT_RESET, 3, 0, REASON_REMOVED);
		EXPECT_NULL(host_block_unit(vm->dev, scsi_model_place(3, 0)));
		host_run(vm->dev, 7000000);
		sm.units[1].present = true;
		tell(vm, EVENT_RESET, 3, 0, REASON_RESCAN);
		EXPECT_NOT_NULL(host_block_unit(vm->dev, scsi_model_place(3, 0)));
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(unit_that_cannot_be_asked_stays_what_it_was)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	sm.units[0].nr_blocks = 4096;
	sm.lies = (struct scsi_model_lies){ .statuses = 1000, .status = 2, .key = 4 };
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	memset(&sm.lies, 0, sizeof(sm.lies));
	EXPECT_EQ(host_block_resizes(vm->dev), 0);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(busy_unit_is_asked_again)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	sm.units[0].nr_blocks = 4096;
	sm.lies = (struct scsi_model_lies){ .statuses = 3, .status = 8 };
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 4096);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(noise_in_events_and_answers_is_harmless)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	for (uint32_t i = 1; i < 200; i++) {
		sm.lies.noises = i % 7;
		sm.lies.noise = i * 0x9e3779b1u;
		tell(vm, i & 1 ? EVENT_RESET : i * 0x85ebca6bu, (uint8_t)(i % 9), (uint16_t)(i % 3), i % 4);
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

/* ---- Tasks ---- */

static void hung_command_is_aborted_alone(struct virtio_model *vm)
{
	ASSERT_NOT_NULL(vm);
	sm.lies.stuck = 1;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -ETIMEDOUT);
	EXPECT_EQ(sm.aborts, 1);
	EXPECT_EQ(sm.unit_resets, 0);
	EXPECT_EQ(vm->resets, 1);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(vm->confused, 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ONE_AND_MANY_STRANDS(hung_command_is_aborted_alone)

static void abort_that_does_not_help_is_followed_by_a_reset_of_the_unit(struct virtio_model *vm)
{
	static const struct scsi_model_lies kinds[] = { { .tasks_refused = 1 }, { .tasks_unheard = 1 }, { .tasks_empty = 1 } };

	ASSERT_NOT_NULL(vm);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		sm.lies = kinds[i];
		sm.lies.stuck = 1;
		EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -ETIMEDOUT);
		EXPECT_EQ(sm.unit_resets, i + 1);
		EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
		sm.lies.tasks_refused = 0;
	}
	EXPECT_EQ(vm->resets, 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ONE_AND_MANY_STRANDS(abort_that_does_not_help_is_followed_by_a_reset_of_the_unit)

static void reset_of_the_unit_that_does_not_help_is_followed_by_one_of_the_host(struct virtio_model *vm)
{
	ASSERT_NOT_NULL(vm);
	sm.lies = (struct scsi_model_lies){ .stuck = 1, .tasks_empty = 2 };
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), -ETIMEDOUT);
	EXPECT_EQ(sm.aborts + sm.unit_resets, 2);
	EXPECT_EQ(vm->resets, 2);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);	/* the event buffers are there again */
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ONE_AND_MANY_STRANDS(reset_of_the_unit_that_does_not_help_is_followed_by_one_of_the_host)

static struct host_request read_of(unsigned int unit, uint8_t *to)
{
	return (struct host_request){ .op = BLOCK_READ, .unit = (uint16_t)unit, .nr_blocks = 8, .data = to };
}

/* Both hang at once: one abort does not do, and a command of the unit that is well is tried again by itself. */
KTEST_CASE(commands_that_hang_together_cost_one_reset_of_the_unit)
{
	struct virtio_model *vm = probed(false);
	struct host_request a = read_of(0, data), b = read_of(0, more);

	ASSERT_NOT_NULL(vm);
	a.queue = b.queue = (uint16_t)host_block_limits(vm->dev)->first_queue;
	sm.lies.stuck = 2;
	host_block_submit(vm->dev, &a);
	host_block_submit(vm->dev, &b);
	host_block_commit(vm->dev, a.queue);
	host_run(vm->dev, 45000000);
	EXPECT_TRUE(a.done && b.done);
	EXPECT_EQ(a.status, -ETIMEDOUT);
	EXPECT_EQ(b.status, -ETIMEDOUT);
	EXPECT_EQ(sm.unit_resets, 1);
	EXPECT_EQ(vm->resets, 1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(units_that_hang_together_cost_a_reset_of_the_host)
{
	struct virtio_model *vm = probed(false);
	struct host_request a = read_of(0, data), b = read_of(scsi_model_place(3, 0), more);

	ASSERT_NOT_NULL(vm);
	a.queue = b.queue = (uint16_t)host_block_limits(vm->dev)->first_queue;
	sm.lies.stuck = 2;
	host_block_submit(vm->dev, &a);
	host_block_submit(vm->dev, &b);
	host_block_commit(vm->dev, a.queue);
	host_run(vm->dev, 45000000);
	EXPECT_TRUE(a.done && b.done && a.status && b.status);
	EXPECT_EQ(vm->resets, 2);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(question_that_hangs_is_aborted_and_the_next_is_asked)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	sm.units[0].nr_blocks = 4096;
	sm.lies.stuck = 1;
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	host_run(vm->dev, 20000000);
	EXPECT_EQ(sm.aborts, 1);
	EXPECT_EQ(vm->resets, 1);
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 4096);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(question_that_nothing_ends_does_not_reset_the_host)
{
	struct virtio_model *vm = probed(false);

	ASSERT_NOT_NULL(vm);
	sm.lies = (struct scsi_model_lies){ .stuck = 1, .tasks_empty = 100 };
	tell(vm, EVENT_PARAMETERS, 0, 0, SIZE_CHANGED);
	host_run(vm->dev, 60000000);
	EXPECT_EQ(vm->resets, 1);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
