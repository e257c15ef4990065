// SPDX-License-Identifier: GPL-2.0
/* The devices behind the AHCI model: ATA disks (ATA8-ACS) and packet devices, carried out on memory. */
#include <string.h>
#include "ahci_model.h"

#define LBA28(c)	((uint64_t)((c)->fis[4] | (c)->fis[5] << 8 | (c)->fis[6] << 16))

static const struct ahci_disk_setup *setup_of(const struct ahci_model *am, unsigned int port)
{
	return &am->setup.disks[port];
}

/* Move between the PRD table's pieces and @at; every length even, as the controller demands (section 4.2.3.3). */
static bool data_move(struct ahci_model *am, struct ahci_model_command *c, uint8_t *at, uint64_t bytes, bool to_host)
{
	for (uint32_t i = 0; i < c->nr_prds && bytes; i++) {
		uint32_t prd[4], length, n;
		uint64_t address;
		int err;

		if (host_dma_read(am->dev, c->table + 0x80 + i * 16, prd, sizeof(prd)))
			return false;
		address = prd[0] | (uint64_t)prd[1] << 32;
		length = (prd[3] & 0x3fffff) + 1;
		am->confused += length & 1 || address & 1;
		n = length < bytes ? length : (uint32_t)bytes;
		err = to_host ? host_dma_write(am->dev, address, at, n) : host_dma_read(am->dev, address, at, n);
		if (err)
			return false;
		at += n;
		bytes -= n;
		c->moved += n;
	}
	return !bytes;
}

static bool answer(struct ahci_model *am, struct ahci_model_command *c, const void *data, uint32_t bytes)
{
	uint8_t copy[512];

	memcpy(copy, data, bytes);
	return data_move(am, c, copy, bytes, true);
}

/* ---- IDENTIFY ---- */

static void string_put(uint16_t *words, unsigned int nr, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	for (unsigned int i = 0; i < nr * 2; i++) {
		uint8_t c = i < length ? (uint8_t)text[i] : ' ';

		words[i / 2] = (uint16_t)(i & 1 ? (words[i / 2] & 0xff00) | c : (words[i / 2] & 0xff) | c << 8);
	}
}

static void checksum_put(const struct ahci_disk_setup *d, uint16_t *w)
{
	uint8_t sum = 0xa5;

	for (unsigned int i = 0; i < 255; i++)
		sum = (uint8_t)(sum + (w[i] & 0xff) + (w[i] >> 8));
	w[255] = (uint16_t)(0xa5 | (uint8_t)(-sum + d->bad_checksum) << 8);
}

static void disk_words(const struct ahci_disk_setup *d, uint16_t *w)
{
	uint32_t low = d->sectors > 0x0fffffff ? 0x0fffffff : d->sectors;

	w[0] = 0x0040;
	w[49] = 0x0300;
	w[60] = (uint16_t)low;
	w[61] = (uint16_t)(low >> 16);
	w[75] = (uint16_t)(d->queue_depth - 1);
	w[76] = d->no_ncq ? 0 : 0x0100;
	w[82] = w[85] = d->no_cache ? 0x4001 : 0x4021;
	w[83] = w[86] = d->no_lba48 ? 0x5000 : 0x7400;
	w[84] = w[87] = d->fua ? 0x4040 : 0x4000;
	w[100] = (uint16_t)d->sectors;
	w[101] = (uint16_t)(d->sectors >> 16);
	w[106] = (uint16_t)(0x4000 | (d->physical_exp ? 0x2000 | d->physical_exp : 0) | (d->logical_bytes > 512 ? 0x1000 : 0));
	w[117] = (uint16_t)(d->logical_bytes / 2);
	w[169] = d->trim;
	w[217] = d->rotational ? 7200 : 1;
}

static bool identify(struct ahci_model *am, unsigned int port, struct ahci_model_command *c, bool packet)
{
	const struct ahci_disk_setup *d = setup_of(am, port);
	uint16_t words[256] = { 0 };

	if (d->packet != packet)
		return false;
	string_put(words + 10, 10, d->serial);
	string_put(words + 23, 4, "1.0");
	string_put(words + 27, 20, d->model);
	if (packet) {
		words[0] = 0x8580;
		words[49] = 0x0300;
	} else {
		disk_words(d, words);
	}
	checksum_put(d, words);
	if (am->lies.identify_noise)
		memset(words, 0xff, sizeof(words));
	return answer(am, c, words, sizeof(words));
}

static bool smart(struct ahci_model *am, struct ahci_model_command *c)
{
	uint8_t page[512] = { [2] = 9, [5] = 100 };

	return c->fis[3] == 0xd0 && c->fis[5] == 0x4f && c->fis[6] == 0xc2 && answer(am, c, page, sizeof(page));
}

/* ---- Reads and writes ---- */

static bool transfer(struct ahci_model *am, unsigned int port, struct ahci_model_command *c, uint64_t lba, uint32_t count, bool to_host)
{
	const struct ahci_disk_setup *d = setup_of(am, port);
	uint64_t bytes = (uint64_t)count * d->logical_bytes;

	if (lba > d->sectors || count > d->sectors - lba)
		return false;
	if (lba < am->lies.bad_to && lba + count > am->lies.bad_from)
		return false;
	am->confused += to_host == !!(c->header & BIT(6));
	if (am->lies.short_reads && to_host)
		bytes /= 2;
	return data_move(am, c, am->ports[port].data + lba * d->logical_bytes, bytes, to_host);
}

static uint64_t lba48(const struct ahci_model_command *c)
{
	return LBA28(c) | (uint64_t)c->fis[8] << 24 | (uint64_t)c->fis[9] << 32 | (uint64_t)c->fis[10] << 40;
}

static uint32_t count48(const struct ahci_model_command *c)
{
	uint32_t count = (uint32_t)(c->fis[12] | c->fis[13] << 8);

	return count ? count : 65536;
}

static bool queued(struct ahci_model *am, unsigned int port, struct ahci_model_command *c)
{
	uint32_t count = (uint32_t)(c->fis[3] | c->fis[11] << 8);
	bool write = c->fis[2] == 0x61;

	am->confused += c->fis[12] >> 3 != c->slot || setup_of(am, port)->no_ncq || c->slot >= setup_of(am, port)->queue_depth ||
			!(am->ports[port].sact & BIT(c->slot));
	am->ports[port].fua_writes += write && c->fis[7] & 0x80;
	return transfer(am, port, c, lba48(c), count ? count : 65536, !write);
}

static bool short_addressed(struct ahci_model *am, unsigned int port, struct ahci_model_command *c)
{
	uint64_t lba = LBA28(c) | (uint64_t)(c->fis[7] & 0xf) << 24;

	return transfer(am, port, c, lba, c->fis[12] ? c->fis[12] : 256, c->fis[2] == 0xc8);
}

static bool trim(struct ahci_model *am, unsigned int port, struct ahci_model_command *c)
{
	const struct ahci_disk_setup *d = setup_of(am, port);
	uint64_t ranges[64];

	if (!d->trim || !(c->fis[3] & 1) || count48(c) != 1 || !data_move(am, c, (uint8_t *)ranges, sizeof(ranges), false))
		return false;
	for (unsigned int i = 0; i < 64; i++) {
		uint64_t lba = ranges[i] & 0xffffffffffffull, nr = ranges[i] >> 48;

		if (lba > d->sectors || nr > d->sectors - lba)
			return false;
		memset(am->ports[port].data + lba * d->logical_bytes, 0, (size_t)nr * d->logical_bytes);
	}
	am->ports[port].trims++;
	return true;
}

/* ---- Packet devices ---- */

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool packet(struct ahci_model *am, unsigned int port, struct ahci_model_command *c)
{
	const struct ahci_disk_setup *d = setup_of(am, port);
	uint32_t last = d->sectors - 1;
	uint8_t capacity[8] = { (uint8_t)(last >> 24), (uint8_t)(last >> 16), (uint8_t)(last >> 8), (uint8_t)last,
				0, 0, (uint8_t)(d->logical_bytes >> 8), (uint8_t)d->logical_bytes };

	am->confused += !(c->fis[3] & 1);	/* we know DMA only */
	if (!d->packet || d->no_medium)
		return false;
	if (am->ports[port].unit_attention) {
		am->ports[port].unit_attention--;
		return false;
	}
	if (c->packet[0] == 0x25)
		return answer(am, c, capacity, sizeof(capacity));
	return c->packet[0] == 0xa8 && transfer(am, port, c, big32(c->packet + 2), big32(c->packet + 6), true);
}

enum ahci_outcome ahci_disk_command(struct ahci_model *am, unsigned int port, struct ahci_model_command *c)
{
	struct ahci_model_port *p = &am->ports[port];
	bool ok = false, write;

	switch (c->fis[2]) {
	case 0xec: ok = identify(am, port, c, false); break;
	case 0xa1: ok = identify(am, port, c, true); break;
	case 0xb0: ok = smart(am, c); break;
	case 0xa0: ok = packet(am, port, c); break;
	case 0x60: case 0x61: ok = queued(am, port, c); break;
	case 0xc8: case 0xca: ok = short_addressed(am, port, c); break;
	case 0x06: ok = trim(am, port, c); break;
	case 0xe7: case 0xea: p->flushes++; ok = true; break;
	case 0x25: case 0x35: case 0x3d:
		write = c->fis[2] != 0x25;
		p->fua_writes += c->fis[2] == 0x3d;
		ok = transfer(am, port, c, lba48(c), count48(c), !write);
	}
	return ok ? AHCI_DONE : AHCI_FAILED;
}
