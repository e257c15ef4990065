// SPDX-License-Identifier: GPL-2.0
/* Names for kernel addresses, from the table that the build links in (scripts/kallsyms); an image without one has no names. */
#include <kernel/log.h>

extern const uint8_t text_start[];
extern const uint32_t kallsyms_addr[] __weak;	/* from text_start on */
extern const uint32_t kallsyms_off[] __weak;
extern const char kallsyms_names[] __weak;
extern const uint32_t kallsyms_count __weak;

/* A pointer the compiler cannot reason about: the table may be absent (address 0). */
static uint32_t symbol_count(void)
{
	const uint32_t *count = &kallsyms_count;

	__asm__("" : "+r"(count));
	return count ? *count : 0;
}

bool symbol_lookup(uint64_t address, const char **name, uint64_t *offset)
{
	uint32_t low = 0, high = symbol_count();

	address -= (uint64_t)text_start;
	if (!high || address > UINT32_MAX)
		return false;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (kallsyms_addr[middle] <= address)
			low = middle;
		else
			high = middle;
	}
	*name = kallsyms_names + kallsyms_off[low];
	*offset = address - kallsyms_addr[low];
	return true;
}
