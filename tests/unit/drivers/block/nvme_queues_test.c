// SPDX-License-Identifier: GPL-2.0
/* nvme with several queues: how many, on which vectors; its parameters; and requests that name what is not there. */
#include "nvme_variants.h"

KTEST_SUITE(nvme_queues);

static uint8_t in[4096];

static struct nvme_model_setup four_cpus(void)
{
	struct nvme_model_setup s = nvme_model_default();

	s.nr_cpus = 4;
	return s;
}

KTEST_CASE(a_queue_for_each_cpu_completes_on_its_own_vector)
{
	struct nvme_model_setup s = four_cpus();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->nr_queues, 4);
	for (unsigned int q = 0; q < 4; q++) {
		struct host_request rq = { .op = BLOCK_READ, .queue = (uint16_t)q, .nr_blocks = 8, .data = in };
		unsigned int before = host_irq_count(m->dev, q + 1);

		host_block_submit(m->dev, &rq);
		host_block_commit(m->dev, q);
		host_settle(m->dev);
		EXPECT_TRUE(rq.done && !rq.status);
		EXPECT_EQ(host_irq_count(m->dev, q + 1), before + 1);
	}
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

static void queues_are(const struct nvme_model_setup *s, unsigned int nr)
{
	struct nvme_model *m = nvme_probed(s);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->nr_queues, nr);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(fewer_vectors_grants_or_wishes_mean_fewer_queues)
{
	struct nvme_model_setup s = four_cpus();

	s.msix_vectors = 3;
	queues_are(&s, 2);
	s.msix_vectors = 1;
	queues_are(&s, 1);
	s.msix_vectors = 0;
	queues_are(&s, 1);
	s = four_cpus();
	s.nr_queues = 3;
	queues_are(&s, 3);
	s = four_cpus();
	s.params[0] = (struct host_param){ "queues", "2" };
	queues_are(&s, 2);
	s.params[0] = (struct host_param){ "queues", "0" };
	queues_are(&s, 1);
}

KTEST_CASE(parameter_timeout_ms_is_the_disks_when_sane)
{
	static const struct { const char *text; uint32_t ms; } rows[] = { { "500", 500 }, { "0", 30000 }, { "99999999999", 30000 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nvme_model_setup s = nvme_model_default();
		struct nvme_model *m;

		s.params[0] = (struct host_param){ "timeout_ms", rows[i].text };
		m = nvme_probed(&s);
		ASSERT_NOT_NULL(m);
		EXPECT_EQ(host_block_limits(m->dev)->request_timeout_ms, rows[i].ms);
		EXPECT_EQ(nvme_model_destroy(m), 0);
	}
}

KTEST_CASE(parameter_shadow_0_uses_registers)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.params[0] = (struct host_param){ "shadow", "0" };
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(m->shadow, 0);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(requests_outside_their_queue_are_refused)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);
	struct block_request rq = { .op = BLOCK_FLUSH, .queue = 1 };
	const struct block_ops *ops;

	ASSERT_NOT_NULL(m);
	ops = host_driver(m->dev)->block;
	EXPECT_EQ(ops->submit(m->dev, &rq), -EINVAL);
	rq = (struct block_request){ .op = BLOCK_FLUSH, .tag = 127 };
	EXPECT_EQ(ops->submit(m->dev, &rq), -EINVAL);
	rq = (struct block_request){ .op = BLOCK_FLUSH, .unit = BLOCK_UNITS_MAX };
	EXPECT_EQ(ops->submit(m->dev, &rq), -EINVAL);
	rq = (struct block_request){ .op = BLOCK_FLUSH, .unit = 1 };
	EXPECT_EQ(ops->submit(m->dev, &rq), -EIO);
	ops->commit(m->dev, 7);
	ops->timeout(m->dev, 7, 0);
	ops->timeout(m->dev, 0, 127);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
