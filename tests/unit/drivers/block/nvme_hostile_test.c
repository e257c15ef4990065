// SPDX-License-Identifier: GPL-2.0
/* nvme on a controller that lies, hangs or goes away: requests still end, memory stays whole, and the driver says what it saw. */
#include "nvme_variants.h"

KTEST_SUITE(nvme_hostile);

#define LONG_US	200000000

static uint8_t data[8][65536];

static int read8(struct nvme_model *m)
{
	return host_block_do(m->dev, BLOCK_READ, 0, 8, data[0]);
}

/* What was wrong was dropped, the request recovered by abort or reset, and the controller serves the next one. */
static void goes_on(struct nvme_model *m)
{
	EXPECT_EQ(read8(m), -ETIMEDOUT);
	EXPECT_FALSE(host_is_failed(m->dev));
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

static void completion_with_bad_id_is_dropped(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.bad_ids = 1;
	m->lies.bad_id = 0xffff;
	goes_on(m);
}
ON_ALL_NVME(completion_with_bad_id_is_dropped)

static void completion_of_an_idle_id_is_dropped(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.bad_ids = 1;
	m->lies.bad_id = 0x101;
	goes_on(m);
}
ON_ALL_NVME(completion_of_an_idle_id_is_dropped)

static void completion_of_an_earlier_use_of_the_tag_is_dropped(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.stale_ids = 1;
	goes_on(m);
}
ON_ALL_NVME(completion_of_an_earlier_use_of_the_tag_is_dropped)

static void completion_for_another_queue_is_dropped(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.bad_queues = 1;
	goes_on(m);
}
ON_ALL_NVME(completion_for_another_queue_is_dropped)

static void double_completion_completes_once(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.doubles = 1;
	EXPECT_EQ(read8(m), 0);
	host_run(m->dev, 10000);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(double_completion_completes_once)

/* The entry is never seen; a line stays high over it, so here only messages. */
static void completion_with_the_wrong_phase_is_not_seen(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.bad_phases = 1;
	EXPECT_EQ(read8(m), -ETIMEDOUT);
	EXPECT_EQ(m->starts, 2);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
NVME_VARIANT(completion_with_the_wrong_phase_is_not_seen, shadow, .intx = false)
NVME_VARIANT(completion_with_the_wrong_phase_is_not_seen, registers, .registers = true)

static void submission_head_is_not_believed(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.wild_head = true;
	for (unsigned int i = 0; i < 300; i++)
		ASSERT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(submission_head_is_not_believed)

static void hung_command_is_aborted(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.stalls = true;
	EXPECT_EQ(read8(m), -ETIMEDOUT);
	EXPECT_EQ(m->aborts, 1);
	EXPECT_EQ(m->starts, 1);
	m->lies.stalls = false;
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(hung_command_is_aborted)

static void hung_controller_is_reset_and_its_requests_time_out(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.stalls = true;
	m->aborts_work = false;
	EXPECT_EQ(read8(m), -ETIMEDOUT);
	m->lies.stalls = false;
	EXPECT_EQ(m->starts, 2);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(hung_controller_is_reset_and_its_requests_time_out)

static void two_hung_commands_mean_a_reset_at_once(const struct nvme_model_setup *setup)
{
	struct host_request rq[3];
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.stalls = true;
	for (unsigned int i = 0; i < 3; i++) {
		rq[i] = (struct host_request){ .op = BLOCK_READ, .nr_blocks = 8, .data = data[i] };
		host_block_submit(m->dev, &rq[i]);
	}
	host_block_commit(m->dev, 0);
	host_run(m->dev, 30100000);
	EXPECT_EQ(m->starts, 2);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(rq[i].done && rq[i].status == -ETIMEDOUT);
	m->lies.stalls = false;
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(two_hung_commands_mean_a_reset_at_once)

static void fatal_status_is_noticed_without_a_request(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->csts |= 2;
	host_run(m->dev, 3000000);
	EXPECT_EQ(m->starts, 2);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(fatal_status_is_noticed_without_a_request)

static void requests_during_a_recovery_end(const struct nvme_model_setup *setup)
{
	struct host_request rq[20];
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	host_run(m->dev, 10000);
	m->csts |= 2;
	for (unsigned int i = 0; i < 20; i++) {
		rq[i] = (struct host_request){ .op = BLOCK_READ, .nr_blocks = 8, .data = data[0] };
		host_block_submit(m->dev, &rq[i]);
		host_block_commit(m->dev, 0);
		host_run(m->dev, i < 10 ? 100000 : 300);
	}
	host_run(m->dev, 5000000);
	for (unsigned int i = 0; i < 20; i++)
		EXPECT_TRUE(rq[i].done);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(requests_during_a_recovery_end)

static void controller_that_never_stops_is_failed(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.stalls = m->lies.never_stops = true;
	m->aborts_work = false;
	EXPECT_EQ(read8(m), -EIO);
	EXPECT_TRUE(host_take_fault(m->dev, "does not stop"));
	EXPECT_TRUE(host_is_failed(m->dev));
	m->lies.never_stops = false;
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(controller_that_never_stops_is_failed)

static void controller_that_never_starts_again_is_failed(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.never_starts = true;
	m->csts |= 2;
	host_run(m->dev, LONG_US);
	EXPECT_TRUE(host_take_fault(m->dev, "does not start again"));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(controller_that_never_starts_again_is_failed)

static void controller_that_refuses_a_queue_at_its_restart_is_failed(const struct nvme_model_setup *setup)
{
	struct nvme_model_setup s = *setup;
	struct nvme_model *m;

	s.nr_queues = 1;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	m->lies.refuse_opcode = 5;
	m->lies.refuse_status = 0x101;
	m->csts |= 2;
	host_run(m->dev, LONG_US);
	EXPECT_TRUE(host_take_fault(m->dev, "does not start again"));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(controller_that_refuses_a_queue_at_its_restart_is_failed)

static void controller_that_grants_less_at_its_restart_is_failed(const struct nvme_model_setup *setup)
{
	struct nvme_model_setup s = *setup;
	struct nvme_model *m;

	if (s.msix_vectors < 3)
		return;		/* one queue, and less than that cannot be said */
	s.nr_queues = s.nr_cpus = 2;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	m->lies.queues_shrink = true;
	m->csts |= 2;
	host_run(m->dev, LONG_US);
	EXPECT_TRUE(host_take_fault(m->dev, "does not start again"));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(controller_that_grants_less_at_its_restart_is_failed)

static void admin_queue_that_dies_is_noticed_at_the_restart(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.stalls_admin = true;
	m->csts |= 2;
	host_run(m->dev, LONG_US);
	EXPECT_TRUE(host_take_fault(m->dev, "does not start again"));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(admin_queue_that_dies_is_noticed_at_the_restart)

static void vanished_controller_is_failed_and_removed(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);
	struct host_problems p;

	ASSERT_NOT_NULL(m);
	m->lies.vanish = true;
	EXPECT_EQ(read8(m), -EIO);
	EXPECT_TRUE(host_take_fault(m->dev, "is gone"));
	host_remove(m->dev);
	p = host_device_destroy(m->dev);
	EXPECT_EQ(p.faults + p.wild_dma + p.misuse + p.lost_requests, 0);
	EXPECT_GT(p.leaks, 0);	/* queues are kept: the controller may be only deaf */
	nvme_model_free(m);
}
ON_ALL_NVME(vanished_controller_is_failed_and_removed)

static void spurious_interrupts_do_no_harm(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	for (unsigned int i = 0; i < 100; i++) {
		nvme_model_spurious(m);
		host_settle(m->dev);
	}
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(spurious_interrupts_do_no_harm)

static void lost_interrupt_is_found_by_the_watch(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	host_run(m->dev, 1000);
	m->lies.no_interrupts = true;
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(m->starts, 1);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(lost_interrupt_is_found_by_the_watch)

static void endless_events_keep_nobody_busy(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	for (unsigned int i = 0; i < 20; i++) {
		nvme_model_event(m, i << 8 | i % 8);
		host_run(m->dev, 700000);
	}
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(endless_events_keep_nobody_busy)

KTEST_CASE(doorbell_index_that_is_never_told_costs_a_reset_not_the_disk)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	m->lies.no_events_index = true;
	for (unsigned int i = 0; i < 5; i++)
		read8(m);
	m->lies.no_events_index = false;
	read8(m);
	EXPECT_FALSE(host_is_failed(m->dev));
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(recovery_waits_for_every_queue)
{
	struct nvme_model_setup s = nvme_model_default();
	struct host_request rq[4];
	struct nvme_model *m;

	s.nr_cpus = 4;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	m->lies.stalls = true;
	m->aborts_work = false;
	for (unsigned int q = 0; q < 4; q++) {
		rq[q] = (struct host_request){ .op = BLOCK_READ, .queue = (uint16_t)q, .nr_blocks = 8, .data = data[q] };
		host_block_submit(m->dev, &rq[q]);
		host_block_commit(m->dev, q);
	}
	host_run(m->dev, 40000000);
	for (unsigned int q = 0; q < 4; q++)
		EXPECT_TRUE(rq[q].done && (rq[q].status == -ETIMEDOUT || rq[q].status == -EIO));
	EXPECT_EQ(m->starts, 2);
	m->lies.stalls = false;
	for (unsigned int q = 0; q < 4; q++) {
		host_block_submit(m->dev, &rq[q]);
		host_block_commit(m->dev, q);
		host_run(m->dev, 1000);
		EXPECT_TRUE(rq[q].done && !rq[q].status);
	}
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(no_dma_comes_after_a_request_ended)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	m->hold = true;
	m->aborts_work = false;
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, data[0]), -ETIMEDOUT);
	m->hold = false;
	nvme_model_release(m);
	EXPECT_EQ(host_wild_dma(m->dev), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(controller_that_fails_again_and_again_is_given_up)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	for (unsigned int i = 0; i < 20 && !host_is_failed(m->dev); i++) {
		m->csts |= 2;
		host_run(m->dev, 3000000);
	}
	EXPECT_TRUE(host_take_fault(m->dev, "again and again"));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(scan_without_an_answer_resets_the_controller)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	host_run(m->dev, 2000000);
	nvme_model_resize(m, 0, 4096);
	m->lies.stalls_admin = true;
	host_run(m->dev, 5000000);
	m->lies.stalls_admin = false;
	for (unsigned int i = 0; i < 20 && m->starts < 2; i++) {
		m->lies.stalls_admin = m->starts < 2;
		host_run(m->dev, 1000000);
	}
	m->lies.stalls_admin = false;
	nvme_model_release(m);
	host_run(m->dev, 20000000);
	EXPECT_EQ(m->starts, 2);
	EXPECT_EQ(host_block_limits(m->dev)->nr_blocks, 4096);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

/* ---- Probe ---- */

KTEST_CASE(garbage_identity_never_harms_the_probe)
{
	struct nvme_model_setup s = nvme_model_default();

	for (uint32_t seed = 0; seed < 300; seed++) {
		struct nvme_model *m = nvme_model_create(&s);
		int err;

		ASSERT_NOT_NULL(m);
		m->lies.garbage = true;
		m->lies.garbage_seed = seed * 977;
		err = host_probe(m->dev);
		EXPECT_TRUE(!err || err == -ENXIO);
		m->confused = 0;	/* a driver misled about SGLs and sizes may ask for what is not there */
		EXPECT_EQ(nvme_model_destroy(m), 0);
	}
}

KTEST_CASE(impossible_capabilities_are_refused)
{
	struct nvme_model_setup s = nvme_model_default();

	s.page_min = 1;
	nvme_refused(&s, -ENXIO);
	s = nvme_model_default();
	s.commands = 0;
	nvme_refused(&s, -ENXIO);
	s = nvme_model_default();
	s.max_entries = 0;
	nvme_refused(&s, -ENXIO);
}

KTEST_CASE(unusable_namespaces_are_left_out)
{
	struct nvme_model_setup s = nvme_model_default();

	s.notices = false;	/* else it waits for better ones */
	s.spaces[0].shift = 13;
	nvme_refused(&s, -ENXIO);
	s.spaces[0].shift = 8;
	nvme_refused(&s, -ENXIO);
	s.spaces[0].shift = 9;
	s.spaces[0].metadata = 8;
	nvme_refused(&s, -ENXIO);
	s.spaces[0].metadata = 0;
	s.spaces[0].format = 5;
	nvme_refused(&s, -ENXIO);
	s.spaces[0].format = 0;
	s.spaces[0].nr_blocks = 1ull << 60;
	nvme_refused(&s, -ENXIO);
	s.spaces[0].nr_blocks = 0;
	nvme_refused(&s, -ENXIO);
}

static void probe_with(void (*lie)(struct nvme_model *m), int error)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_model_create(&s);

	ASSERT_NOT_NULL(m);
	lie(m);
	EXPECT_EQ(host_probe(m->dev), error);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

static void lie_vanish(struct nvme_model *m) { m->lies.vanish = true; }
static void lie_never_starts(struct nvme_model *m) { m->lies.never_starts = true; }
static void lie_fatal(struct nvme_model *m) { m->lies.fatal = true; }
static void lie_stalls_admin(struct nvme_model *m) { m->lies.stalls_admin = true; }
static void lie_no_identify(struct nvme_model *m) { m->lies.refuse_opcode = 6; m->lies.refuse_status = 2; }
static void lie_no_features(struct nvme_model *m) { m->lies.refuse_opcode = 9; m->lies.refuse_status = 2; }
static void lie_no_queues(struct nvme_model *m) { m->lies.refuse_opcode = 1; m->lies.refuse_status = 0x101; }
static void lie_no_doorbells(struct nvme_model *m) { m->lies.refuse_opcode = 0x7c; m->lies.refuse_status = 2; }

KTEST_CASE(probe_of_a_broken_controller_fails_cleanly)
{
	probe_with(lie_vanish, -ENODEV);
	probe_with(lie_never_starts, -ETIMEDOUT);
	probe_with(lie_fatal, -EIO);
	probe_with(lie_stalls_admin, -ETIMEDOUT);
	probe_with(lie_no_identify, -EIO);
	probe_with(lie_no_features, -EIO);
	probe_with(lie_no_queues, -EIO);
	probe_with(lie_no_doorbells, 0);
}

KTEST_CASE(controller_left_running_is_stopped_first)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_model_create(&s);

	ASSERT_NOT_NULL(m);
	m->cc = 0x460001;
	m->csts = 1;
	EXPECT_EQ(host_probe(m->dev), 0);
	EXPECT_EQ(read8(m), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
