// SPDX-License-Identifier: GPL-2.0
/*
 * The end of the machine: QEMU's debug exit port, ACPI S5 (ACPI 6.4 sections 4.8.3.2, 7.4.2), the reset register, port 0xCF9, the
 * keyboard controller, a triple fault. There is no AML interpreter: the two numbers of \_S5 are looked for in the DSDT's bytes.
 */
#include <asm/acpi.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <mm/vmap.h>
#include <uapi/ferry/exit.h>

#define FADT_DSDT		40
#define FADT_SMI_COMMAND	48
#define FADT_ACPI_ENABLE	52
#define FADT_PM1A_CONTROL	64
#define FADT_PM1B_CONTROL	68
#define FADT_FLAGS		112
#define FADT_RESET_REGISTER	116
#define FADT_RESET_VALUE	128
#define FADT_X_DSDT		140
#define FLAG_RESET		(1u << 10)
#define GAS_IO			1
#define DSDT_SIZE_MAX		(4u << 20)
#define SLP_ENABLE		0x2000u
#define SCI_ENABLE		0x1u
#define AML_PACKAGE		0x12
#define AML_BYTE		0x0a
#define RESET_PORT		0xcf9
#define KEYBOARD_COMMAND	0x64
#define KEYBOARD_RESET		0xfe

static struct {
	uint16_t pm1a, pm1b, smi_command, reset_port;
	uint8_t acpi_enable, reset_value;
	uint8_t sleep_a, sleep_b;
	bool sleep, reset;
} power;

static uint32_t fadt_read(const struct acpi_header *fadt, uint32_t offset, uint32_t size)
{
	uint32_t v = 0;

	if (offset + size <= fadt->length)
		memcpy(&v, (const char *)fadt + offset, size);
	return v;
}

/* A constant of a package: ByteConst, or the opcodes Zero and One, which are their values. */
static bool aml_small(const uint8_t **at, const uint8_t *end, uint8_t *value)
{
	if (*at < end && **at == AML_BYTE)
		(*at)++;
	if (*at >= end)
		return false;
	*value = *(*at)++;
	return true;
}

/* "_S5_", PackageOp, PkgLength (1 to 4 bytes), NumElements, SLP_TYPa, SLP_TYPb. */
static bool s5_parse(const uint8_t *p, const uint8_t *end)
{
	if (p + 4 + 3 > end || memcmp(p, "_S5_", 4) || p[4] != AML_PACKAGE)
		return false;
	p += 5;
	p += 1 + (*p >> 6) + 1;
	return p < end && aml_small(&p, end, &power.sleep_a) && aml_small(&p, end, &power.sleep_b);
}

static bool s5_find(const uint8_t *dsdt, uint32_t size)
{
	uint32_t at;

	for (at = sizeof(struct acpi_header); at + 4 < size; at++)
		if (s5_parse(dsdt + at, dsdt + size))
			return true;
	return false;
}

static void dsdt_read(paddr_t p)
{
	struct acpi_header *h = p ? vmap_io(p, sizeof(*h)) : NULL;
	uint32_t size = h ? h->length : 0;
	bool is_dsdt = h && !memcmp(h->signature, "DSDT", 4);

	if (h)
		vunmap(h);
	if (!is_dsdt || size < sizeof(*h) || size > DSDT_SIZE_MAX)
		return;
	h = vmap_io(p, size);
	if (!h)
		return;
	power.sleep = s5_find((const uint8_t *)h, size);
	vunmap(h);
}

void power_init(void)
{
	const struct acpi_header *fadt = acpi_table("FACP");
	uint64_t dsdt = 0;

	if (!fadt)
		return;
	power.pm1a = (uint16_t)fadt_read(fadt, FADT_PM1A_CONTROL, 4);
	power.pm1b = (uint16_t)fadt_read(fadt, FADT_PM1B_CONTROL, 4);
	power.smi_command = (uint16_t)fadt_read(fadt, FADT_SMI_COMMAND, 4);
	power.acpi_enable = (uint8_t)fadt_read(fadt, FADT_ACPI_ENABLE, 1);
	power.reset = fadt_read(fadt, FADT_FLAGS, 4) & FLAG_RESET && fadt_read(fadt, FADT_RESET_REGISTER, 1) == GAS_IO;
	power.reset_port = (uint16_t)fadt_read(fadt, FADT_RESET_REGISTER + 4, 4);
	power.reset_value = (uint8_t)fadt_read(fadt, FADT_RESET_VALUE, 1);
	if (fadt->length >= FADT_X_DSDT + 8)
		memcpy(&dsdt, (const char *)fadt + FADT_X_DSDT, 8);
	dsdt_read(dsdt ? dsdt : fadt_read(fadt, FADT_DSDT, 4));
	power.sleep = power.sleep && power.pm1a;
}

static void acpi_sleep(void)
{
	unsigned int tries;

	if (!power.sleep)
		return;
	if (power.smi_command && power.acpi_enable && !(in16(power.pm1a) & SCI_ENABLE)) {
		out8(power.smi_command, power.acpi_enable);
		for (tries = 0; tries < 300 && !(in16(power.pm1a) & SCI_ENABLE); tries++)
			time_delay_us(10000);
	}
	out16(power.pm1a, (uint16_t)(SLP_ENABLE | (power.sleep_a & 7) << 10));
	if (power.pm1b)
		out16(power.pm1b, (uint16_t)(SLP_ENABLE | (power.sleep_b & 7) << 10));
	time_delay_us(10000);
}

static void __noreturn halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void machine_exit(uint8_t code)
{
	irq_disable();
	out8(FERRY_EXIT_PORT, code);
	halt();
}

void machine_power_off(void)
{
	log_info("power: off");
	irq_disable();
	out8(FERRY_EXIT_PORT, FERRY_EXIT_POWEROFF);
	acpi_sleep();
	log_warn("power: this machine does not turn itself off; it is safe to do so now");
	halt();
}

static void triple_fault(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed none = { 0, 0 };

	__asm__ volatile("lidt %0; int3" :: "m"(none));
}

void machine_restart(void)
{
	log_info("power: restart");
	irq_disable();
	if (power.reset)
		out8(power.reset_port, power.reset_value);
	time_delay_us(10000);
	out8(RESET_PORT, 0x02);
	out8(RESET_PORT, 0x06);
	time_delay_us(10000);
	out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	time_delay_us(10000);
	triple_fault();
	halt();
}
