// SPDX-License-Identifier: GPL-2.0
/* The modern transport's search for its registers, on capabilities that are wrong in every way. */
#include "../variants.h"

KTEST_SUITE(virtio_transport);

#define CAP_COMMON	0x50
#define CAP_ISR		0x60
#define CAP_DEVICE	0x70
#define CAP_NOTIFY	0x80
#define CAP_SPARE	0xa0

static struct virtio_model *modern_only(void)
{
	struct virtio_model_setup s = virtio_model_default();

	s.modern_only = true;
	return virtio_model_create(&s);
}

static void put32(struct virtio_model *vm, unsigned int at, uint32_t value)
{
	memcpy(vm->pci + at, &value, 4);
}

KTEST_CASE(capability_loop_ends)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	vm->pci[CAP_NOTIFY + 1] = CAP_COMMON;
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(capability_that_points_to_itself_ends)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	vm->pci[CAP_COMMON + 1] = CAP_COMMON;
	probe_fails(vm, -ENODEV);
}

KTEST_CASE(missing_notify_capability_is_refused)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	vm->pci[CAP_DEVICE + 1] = 0;
	probe_fails(vm, -ENODEV);
}

KTEST_CASE(transitional_device_without_capabilities_is_legacy)
{
	struct virtio_model_setup s = virtio_model_default();
	struct virtio_model *vm = virtio_model_create(&s);

	ASSERT_NOT_NULL(vm);
	vm->pci[0x34] = 0;
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_FALSE(vm->accepted & MODEL_F_VERSION_1);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(capability_in_a_bar_that_is_not_there_is_refused)
{
	for (unsigned int bar = 0; bar < 256; bar++) {
		struct virtio_model *vm = modern_only();

		ASSERT_NOT_NULL(vm);
		if (bar == 4) {
			virtio_model_destroy(vm);
			continue;
		}
		vm->pci[CAP_COMMON + 4] = (uint8_t)bar;
		probe_fails(vm, -ENODEV);
	}
}

KTEST_CASE(window_outside_its_bar_is_refused)
{
	static const uint32_t offsets[] = { 0x4000, 0x3fff, 0xfffff000, 0xffffffff, 0x80000000 };

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct virtio_model *vm = modern_only();

		ASSERT_NOT_NULL(vm);
		put32(vm, CAP_COMMON + 8, offsets[i]);
		probe_fails(vm, -ENODEV);
	}
}

KTEST_CASE(window_too_short_for_its_registers_is_refused)
{
	static const uint8_t caps[] = { CAP_COMMON, CAP_ISR, CAP_DEVICE, CAP_NOTIFY };

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		struct virtio_model *vm = modern_only();

		ASSERT_NOT_NULL(vm);
		put32(vm, caps[i] + 12u, 0);
		probe_fails(vm, -ENODEV);
	}
}

KTEST_CASE(capability_too_short_for_itself_is_refused)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	vm->pci[CAP_NOTIFY + 2] = 16;
	probe_fails(vm, -ENODEV);
}

KTEST_CASE(window_over_the_msix_table_is_refused)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	vm->pci[CAP_NOTIFY + 4] = 1;
	put32(vm, CAP_NOTIFY + 8, 0);
	probe_fails(vm, -ENODEV);
}

KTEST_CASE(first_usable_capability_of_a_type_is_taken)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	memcpy(vm->pci + CAP_SPARE, vm->pci + CAP_COMMON, 16);
	vm->pci[CAP_SPARE + 4] = 3;		/* no such BAR */
	vm->pci[0x41] = CAP_SPARE;
	vm->pci[CAP_SPARE + 1] = CAP_COMMON;
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(unknown_capability_types_are_passed_over)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	memcpy(vm->pci + CAP_SPARE, vm->pci + CAP_COMMON, 16);
	vm->pci[CAP_SPARE + 3] = 200;
	vm->pci[0x41] = CAP_SPARE;
	vm->pci[CAP_SPARE + 1] = CAP_COMMON;
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(doorbell_outside_its_window_is_refused)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	put32(vm, CAP_NOTIFY + 16, 0xffffffff);
	vm->lies.notify_off_on = true;
	vm->lies.notify_off = 0xffff;
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(odd_doorbell_is_refused)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	put32(vm, CAP_NOTIFY + 16, 1);
	vm->lies.notify_off_on = true;
	vm->lies.notify_off = 3;
	probe_fails(vm, -ENXIO);
}

KTEST_CASE(zero_notify_multiplier_shares_one_doorbell)
{
	struct virtio_model *vm = modern_only();

	ASSERT_NOT_NULL(vm);
	put32(vm, CAP_NOTIFY + 16, 0);
	EXPECT_EQ(host_probe(vm->dev), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(random_capabilities_never_crash_the_probe)
{
	uint32_t seed = 12345;

	for (unsigned int i = 0; i < 3000; i++) {
		struct virtio_model_setup s = virtio_model_default();
		struct virtio_model *vm = virtio_model_create(&s);

		ASSERT_NOT_NULL(vm);
		for (unsigned int n = 0; n < 1 + i % 8; n++) {
			seed = seed * 1664525 + 1013904223;
			vm->pci[0x34 + (seed >> 8) % 0x70] = (uint8_t)(seed >> 24);
		}
		(void)!host_probe(vm->dev);
		ASSERT_EQ(virtio_model_destroy(vm), 0);
	}
}
