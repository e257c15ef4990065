// SPDX-License-Identifier: GPL-2.0
/* Pages that disks say of themselves, in words. The bytes are a device's: texts are made printable, numbers are just numbers. */
#include <stdio.h>
#include <string.h>
#include "drvctl.h"
#include "drvctl_pages.h"

#define ATA_ATTRIBUTES	30
#define SCSI_PAGE_MAX	252	/* what the driver asks for */

static unsigned long long number(const unsigned char *p, unsigned int bytes)
{
	unsigned long long value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static void number_print(const char *name, unsigned long long value)
{
	printf(drvctl_json ? ",\"%s\":%llu" : " %s=%llu", name, value);
}

/* Without the blanks at its end; with @swapped, two characters a word, the first in the high byte. */
static void text_print(const char *name, const unsigned char *p, unsigned int length, int swapped)
{
	unsigned int i, end = 0;
	char text[64];

	for (i = 0; i < length; i++) {
		unsigned char c = p[swapped ? i ^ 1 : i];

		text[i] = c >= ' ' && c < 0x7f ? (char)c : c ? '_' : ' ';
		end = text[i] != ' ' ? i + 1 : end;
	}
	text[end] = '\0';
	if (drvctl_json) {
		printf(",\"%s\":", name);
		json_text(text);
	} else {
		printf(" %s=\"%s\"", name, text);
	}
}

void nvme_controller_print(const unsigned char *page)
{
	text_print("model", page + 24, 40, 0);
	text_print("serial", page + 4, 20, 0);
	text_print("firmware", page + 64, 8, 0);
	number_print("vendor", number(page, 2));
	number_print("controller_id", number(page + 78, 2));
	number_print("version", number(page + 80, 4));
	number_print("mdts", page[77]);
	number_print("namespaces_max", number(page + 516, 4));
	number_print("write_cache", page[525] & 1);
}

void nvme_namespace_print(const unsigned char *page)
{
	unsigned int shift = page[128 + 4 * (page[26] & 15) + 2];

	number_print("blocks", number(page, 8));
	number_print("blocks_used", number(page + 16, 8));
	number_print("block_size", shift < 32 ? 1ull << shift : 0);
}

/* Sixteen-byte counters: what is beyond eight bytes no disk has reached. */
void nvme_health_print(const unsigned char *page)
{
	static const struct {
		const char *name;
		unsigned int at, bytes;
	} fields[] = {
		{ "critical_warning", 0, 1 }, { "temperature_kelvin", 1, 2 }, { "available_spare_percent", 3, 1 },
		{ "spare_threshold_percent", 4, 1 },
		{ "used_percent", 5, 1 }, { "data_units_read", 32, 8 }, { "data_units_written", 48, 8 }, { "reads", 64, 8 }, { "writes", 80, 8 },
		{ "busy_minutes", 96, 8 }, { "power_cycles", 112, 8 }, { "power_on_hours", 128, 8 }, { "unsafe_shutdowns", 144, 8 },
		{ "media_errors", 160, 8 }, { "error_log_entries", 176, 8 },
	};

	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		number_print(fields[i].name, number(page + fields[i].at, fields[i].bytes));
}

void ata_identify_print(const unsigned char *page)
{
	unsigned long long words83 = number(page + 166, 2), words106 = number(page + 212, 2);

	text_print("model", page + 54, 40, 1);
	text_print("serial", page + 20, 20, 1);
	text_print("firmware", page + 46, 8, 1);
	number_print("sectors", words83 & 1u << 10 ? number(page + 200, 8) : number(page + 120, 4));
	number_print("sector_size", (words106 & 0xd000) == 0x5000 ? number(page + 234, 4) * 2 : 512);
	number_print("queue_depth", number(page + 152, 2) & 1u << 8 ? (number(page + 150, 2) & 31) + 1 : 1);
	number_print("smart", number(page + 164, 2) & 1);
	number_print("write_cache", number(page + 170, 2) >> 5 & 1);
	number_print("rotation_rate", number(page + 434, 2));
}

static void attribute_print(const unsigned char *p, unsigned int nr)
{
	printf(drvctl_json ? "%s{\"id\":%u,\"value\":%u,\"worst\":%u,\"raw\":%llu}" : "%s  attribute=%u value=%u worst=%u raw=%llu",
	       drvctl_json ? nr ? "," : "" : "\n", p[0], p[3], p[4], number(p + 5, 6));
}

void ata_smart_print(const unsigned char *page)
{
	unsigned int i, nr = 0;

	number_print("offline_status", page[362]);
	number_print("self_test_status", page[363]);
	if (drvctl_json)
		printf(",\"attributes\":[");
	for (i = 0; i < ATA_ATTRIBUTES; i++)
		if (page[2 + 12 * i])
			attribute_print(page + 2 + 12 * i, nr++);
	if (drvctl_json)
		printf("]");
}

/* SPC-4 numbers have their high byte first. */
static unsigned long long number_high(const unsigned char *p, unsigned int bytes)
{
	unsigned long long value = 0;

	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

void scsi_inquiry_print(const unsigned char *page)
{
	text_print("vendor", page + 8, 8, 0);
	text_print("product", page + 16, 16, 0);
	text_print("revision", page + 32, 4, 0);
	number_print("type", page[0] & 31);
	number_print("version", page[2]);
	number_print("removable", page[1] >> 7);
}

/* Descriptors of 4 bytes and a name: of the unit itself, as text (code set 2) or as a number of eight bytes. */
void scsi_names_print(const unsigned char *page)
{
	unsigned int at = 4, end = 4 + (unsigned int)number_high(page + 2, 2);

	for (; at + 4 <= end && at + 4 + page[at + 3] <= SCSI_PAGE_MAX; at += 4u + page[at + 3]) {
		const unsigned char *name = page + at;

		if (name[1] >> 4 & 3)
			continue;
		if ((name[0] & 15) == 2)
			text_print("name", name + 4, name[3] < 63 ? name[3] : 63, 0);
		else if ((name[1] & 15) == 3 && name[3] == 8)
			number_print("wwn", number_high(name + 4, 8));
	}
}

/* Parameter 0 of the log of informational exceptions: 255 is no temperature. */
void scsi_exceptions_print(const unsigned char *page)
{
	number_print("exception", page[8]);
	number_print("qualifier", page[9]);
	if (page[10] != 255)
		number_print("temperature_celsius", page[10]);
}
