/* SPDX-License-Identifier: GPL-2.0 */
/* One claim, checked on every combination of interrupts, doorbells and data pointers that the nvme driver knows. */
#ifndef TESTS_UNIT_NVME_VARIANTS_H
#define TESTS_UNIT_NVME_VARIANTS_H

#include <string.h>
#include <ktest.h>
#include <tests/model/nvme_model.h>

struct nvme_variant {
	bool registers, lists, intx;	/* registers: no doorbells in memory; lists: SGLs for everything */
	unsigned int entries;		/* of a queue; 0: the usual */
};

static inline struct nvme_model_setup nvme_variant_setup(const struct nvme_variant *v)
{
	struct nvme_model_setup s = nvme_model_default();

	s.shadow = !v->registers;
	if (v->lists)
		s.params[0] = (struct host_param){ "sgl", "2" };
	if (v->intx)
		s.msix_vectors = 0;
	if (v->entries)
		s.max_entries = (uint16_t)(v->entries - 1);
	return s;
}

/* A probed controller, or NULL (which is a failure of the test). */
static inline struct nvme_model *nvme_probed(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_model_create(setup);

	if (m && !host_probe(m->dev))
		return m;
	if (m)
		nvme_model_destroy(m);
	EXPECT_TRUE(!"the controller is probed");
	return NULL;
}

/* Probe fails with @error and leaves nothing behind. */
static inline void nvme_refused(const struct nvme_model_setup *setup, int error)
{
	struct nvme_model *m = nvme_model_create(setup);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_probe(m->dev), error);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

static inline void nvme_fill(uint8_t *data, size_t length, unsigned int seed)
{
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

#define NVME_VARIANT(claim, name, ...)						\
	KTEST_CASE(claim##_##name)						\
	{									\
		const struct nvme_variant v = { __VA_ARGS__ };			\
		struct nvme_model_setup s = nvme_variant_setup(&v);		\
		claim(&s);							\
	}

/* Define static void claim(const struct nvme_model_setup *setup) before. */
#define ON_ALL_NVME(claim)							\
	NVME_VARIANT(claim, shadow, .intx = false)				\
	NVME_VARIANT(claim, registers, .registers = true)			\
	NVME_VARIANT(claim, sgl, .lists = true)					\
	NVME_VARIANT(claim, line, .intx = true)					\
	NVME_VARIANT(claim, small, .entries = 4)

#endif
