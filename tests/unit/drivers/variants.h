/* SPDX-License-Identifier: GPL-2.0 */
/* One claim, checked on every combination of transport, ring and interrupts that virtio_blk knows. */
#ifndef TESTS_UNIT_DRIVERS_VARIANTS_H
#define TESTS_UNIT_DRIVERS_VARIANTS_H

#include <stdlib.h>
#include <string.h>
#include <ktest.h>
#include <tests/model/virtio_model.h>

struct variant {
	bool legacy, packed, direct, plain, intx;	/* direct: no indirect tables; plain: no event index */
};

static inline struct virtio_model_setup variant_of(struct virtio_model_setup s, const struct variant *v)
{
	s.legacy_only = v->legacy;
	s.modern_only = !v->legacy;
	if (!v->packed)
		s.features &= ~MODEL_F_PACKED;
	if (v->direct)
		s.features &= ~MODEL_F_INDIRECT;
	if (v->plain)
		s.features &= ~MODEL_F_EVENT_IDX;
	if (v->intx)
		s.msix_vectors = 0;
	return s;
}

static inline struct virtio_model_setup variant_setup(const struct variant *v)
{
	return variant_of(virtio_model_default(), v);
}

/* A probed disk, or NULL (which is a failure of the test). */
static inline struct virtio_model *disk_probe(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = virtio_model_create(setup);

	if (vm && !host_probe(vm->dev))
		return vm;
	if (vm)
		virtio_model_destroy(vm);
	EXPECT_TRUE(!"the disk is probed");
	return NULL;
}

/* Probe must fail with @error and leave nothing behind. */
static inline void probe_fails(struct virtio_model *vm, int error)
{
	EXPECT_EQ(host_probe(vm->dev), error);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

static inline void pattern_fill(uint8_t *data, size_t length, unsigned int seed)
{
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

#define VARIANT_CASE(claim, name, ...)						\
	KTEST_CASE(claim##_##name)						\
	{									\
		const struct variant v = { __VA_ARGS__ };			\
		struct virtio_model_setup s = variant_setup(&v);		\
		claim(&s);							\
	}

/* Define static void claim(const struct virtio_model_setup *setup) before. */
#define ON_ALL_VARIANTS(claim)							\
	VARIANT_CASE(claim, modern_split, .legacy = false)			\
	VARIANT_CASE(claim, modern_packed, .packed = true)			\
	VARIANT_CASE(claim, modern_split_direct, .direct = true, .plain = true)	\
	VARIANT_CASE(claim, modern_packed_direct, .packed = true, .direct = true, .plain = true) \
	VARIANT_CASE(claim, modern_split_line, .intx = true)			\
	VARIANT_CASE(claim, modern_packed_line, .packed = true, .intx = true)	\
	VARIANT_CASE(claim, legacy_split, .legacy = true)			\
	VARIANT_CASE(claim, legacy_split_direct, .legacy = true, .direct = true, .plain = true) \
	VARIANT_CASE(claim, legacy_split_line, .legacy = true, .intx = true)

#endif
