/* SPDX-License-Identifier: GPL-2.0 */
/* What the AHCI tests share: probed disks, requests, patterns. */
#ifndef TESTS_UNIT_DRIVERS_BLOCK_AHCI_DISK_H
#define TESTS_UNIT_DRIVERS_BLOCK_AHCI_DISK_H

#include <stdlib.h>
#include <string.h>
#include <ktest.h>
#include <tests/model/ahci_model.h>

/* A probed controller, or NULL (which is a failure of the test). */
static inline struct ahci_model *ahci_probe_model(const struct ahci_model_setup *setup)
{
	struct ahci_model *am = ahci_model_create(setup);

	if (am && !host_probe(am->dev))
		return am;
	if (am)
		ahci_model_destroy(am);
	EXPECT_TRUE(!"the controller is probed");
	return NULL;
}

static inline struct ahci_model *ahci_probe_default(void)
{
	struct ahci_model_setup s = ahci_model_default();

	return ahci_probe_model(&s);
}

static inline void ahci_pattern(uint8_t *data, size_t length, unsigned int seed)
{
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

/* Submit @nr requests of @op, one block each from @lba on, and let @us pass; how many succeeded. */
static inline unsigned int ahci_batch(struct ahci_model *am, uint8_t op, unsigned int nr, uint8_t *data, uint64_t us)
{
	static struct host_request rq[256];
	unsigned int good = 0;

	for (unsigned int i = 0; i < nr; i++) {
		rq[i] = (struct host_request){ .op = op, .lba = i, .nr_blocks = 1, .data = data + i * 512 };
		host_block_submit(am->dev, &rq[i]);
	}
	host_block_commit(am->dev, 0);
	host_run(am->dev, us);
	for (unsigned int i = 0; i < nr; i++)
		good += rq[i].done && !rq[i].status;
	return good;
}

#endif
