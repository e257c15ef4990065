// SPDX-License-Identifier: GPL-2.0
/* What an NVMe controller says of itself, asked for by requests that are admin commands: they wait their turn and outlive no reset. */
#include <string.h>
#include "nvme_variants.h"

KTEST_SUITE(nvme_info);

static uint8_t page[BLOCK_INFO_BYTES], other[BLOCK_INFO_BYTES];

KTEST_CASE(pages_come_as_the_controller_writes_them)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_INFO, BLOCK_INFO_CONTROLLER, 8, page), 0);
	EXPECT_EQ(page[77], 7);	/* MDTS of the model */
	memset(page, 0, sizeof(page));
	EXPECT_EQ(host_block_do(m->dev, BLOCK_INFO, BLOCK_INFO_UNIT, 8, page), 0);
	EXPECT_EQ(page[0] | page[1] << 8, 2048);
	memset(page, 0, sizeof(page));
	EXPECT_EQ(host_block_do(m->dev, BLOCK_INFO, BLOCK_INFO_HEALTH, 8, page), 0);
	EXPECT_EQ(page[1] | page[2] << 8, 300);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_INFO, 99, 8, page), -EOPNOTSUPP);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(second_question_waits_for_the_first)
{
	struct host_request rqs[2] = {
		{ .op = BLOCK_INFO, .lba = BLOCK_INFO_HEALTH, .nr_blocks = 8, .data = page },
		{ .op = BLOCK_INFO, .lba = BLOCK_INFO_UNIT, .nr_blocks = 8, .data = other },
	};
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	m->hold = true;
	host_block_submit(m->dev, &rqs[0]);
	host_block_submit(m->dev, &rqs[1]);
	host_block_commit(m->dev, 0);
	m->hold = false;
	nvme_model_release(m);
	host_run(m->dev, 2000000);
	EXPECT_TRUE(rqs[0].done && !rqs[0].status && rqs[1].done && !rqs[1].status);
	EXPECT_EQ(other[0] | other[1] << 8, 2048);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(question_that_is_never_answered_resets_the_controller)
{
	struct host_request rq = { .op = BLOCK_INFO, .lba = BLOCK_INFO_HEALTH, .nr_blocks = 8, .data = page };
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	host_run(m->dev, 2000000);
	m->lies.stalls_admin = true;
	host_block_submit(m->dev, &rq);
	host_block_commit(m->dev, 0);
	host_run(m->dev, 29000000);
	EXPECT_FALSE(rq.done);
	m->lies.stalls_admin = false;
	host_run(m->dev, 40000000);
	EXPECT_TRUE(rq.done && rq.status == -ETIMEDOUT);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_INFO, BLOCK_INFO_HEALTH, 8, page), 0);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, page), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
