// SPDX-License-Identifier: GPL-2.0
/* The NVMe model's data: where commands point to, the namespaces, and the identify pages (NVM Express 1.4, sections 4.3, 4.4, 5.15, 6). */
#include <string.h>
#include "nvme_model.h"

#define PAGE		4096u
#define DISK_MAX	(16u << 20)
#define LIST_MAX	512u

enum { OK = 0, INVALID_OPCODE = 0x01, INVALID_FIELD = 0x02, TRANSFER = 0x04, BAD_SPACE = 0x0b, BAD_SGL = 0x0f, BAD_PRP = 0x13,
       PROTECTED = 0x20, PAST_END = 0x80 };

static uint64_t qword(const struct nvme_model_command *cmd, unsigned int dw)
{
	return cmd->dw[dw] | (uint64_t)cmd->dw[dw + 1] << 32;
}

uint64_t nvme_model_bytes(const struct nvme_model *m, unsigned int space)
{
	uint64_t bytes = m->setup.spaces[space].nr_blocks << m->setup.spaces[space].shift;
	uint64_t most = m->setup.disk_max ? m->setup.disk_max : DISK_MAX;

	return bytes > most ? most : bytes;
}

static uint16_t move(struct nvme_model *m, uint64_t address, uint8_t *data, uint32_t length, bool to_host)
{
	int err = to_host ? host_dma_write(m->dev, address, data, length) : host_dma_read(m->dev, address, data, length);

	return err ? TRANSFER : OK;
}

/* Entry @index after the first page: the second page, or one of the list; lists chain in the last entry of their page. */
static uint16_t prp_next(struct nvme_model *m, uint64_t *list, uint64_t left, uint64_t *address)
{
	uint64_t entry;

	if (host_dma_read(m->dev, *list, &entry, sizeof(entry)))
		return TRANSFER;
	*list += sizeof(entry);
	if (*list % PAGE == 0 && left > PAGE) {
		*list = entry;
		return prp_next(m, list, left, address);
	}
	*address = entry;
	if (entry % PAGE == 0)
		return OK;
	m->confused++;
	return BAD_PRP;
}

static uint16_t prp_transfer(struct nvme_model *m, const struct nvme_model_command *cmd, uint8_t *data, uint64_t length, bool to_host)
{
	uint64_t address = qword(cmd, 6), list = qword(cmd, 8);
	uint32_t part = PAGE - address % PAGE;
	bool listed = length > part && length - part > PAGE;
	uint16_t status = address % 4 ? BAD_PRP : OK;

	m->prps++;
	for (uint64_t done = 0; !status && done < length; done += part, part = PAGE) {
		if (done && listed)
			status = prp_next(m, &list, length - done, &address);
		else if (done)
			address = list;
		if (!status && done && address % PAGE)
			status = BAD_PRP;
		if (part > length - done)
			part = (uint32_t)(length - done);
		if (!status)
			status = move(m, address, data + done, part, to_host);
	}
	m->confused += status == BAD_PRP;
	return status;
}

static uint16_t sgl_transfer(struct nvme_model *m, const struct nvme_model_command *cmd, uint8_t *data, uint64_t length, bool to_host)
{
	uint64_t list = qword(cmd, 6), done = 0, piece[2] = { list, qword(cmd, 8) };
	uint32_t nr = 1, type = cmd->dw[9] >> 24;

	m->sgls++;
	if (type == 0x30) {
		nr = cmd->dw[8] / 16;
		if (cmd->dw[8] % 16 || nr > LIST_MAX)
			return BAD_SGL;
	} else if (type) {
		return BAD_SGL;
	}
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t bytes;

		if (type && host_dma_read(m->dev, list + i * 16, piece, 16))
			return TRANSFER;
		bytes = (uint32_t)piece[1];
		if (piece[1] >> 32 || bytes > length - done || move(m, piece[0], data + done, bytes, to_host))
			return BAD_SGL;
		done += bytes;
	}
	m->confused += done != length;
	return done == length ? OK : BAD_SGL;
}

uint16_t nvme_model_transfer(struct nvme_model *m, const struct nvme_model_command *cmd, uint8_t *data, uint64_t length, bool to_host)
{
	if (cmd->dw[0] >> 14 & 3 && m->setup.sgl)
		return sgl_transfer(m, cmd, data, length, to_host);
	if (cmd->dw[0] >> 14 & 3) {
		m->confused++;
		return INVALID_FIELD;
	}
	return prp_transfer(m, cmd, data, length, to_host);
}

/* ---- I/O ---- */

static uint32_t space_id(const struct nvme_model *m, unsigned int space)
{
	return m->setup.spaces[space].id ? m->setup.spaces[space].id : space + 1;
}

int nvme_model_space(const struct nvme_model *m, uint32_t id)
{
	for (unsigned int i = 0; i < NVME_MODEL_SPACES; i++) {
		if (m->setup.spaces[i].nr_blocks && space_id(m, i) == id)
			return (int)i;
	}
	return -1;
}

static int space_find(const struct nvme_model *m, uint32_t id)
{
	int space = nvme_model_space(m, id);

	return space >= 0 && m->setup.spaces[space].detached ? -1 : space;
}

static bool inside(const struct nvme_model *m, unsigned int space, uint64_t lba, uint64_t blocks)
{
	uint64_t most = nvme_model_bytes(m, space) >> m->setup.spaces[space].shift;

	return lba <= most && blocks <= most - lba;
}

static uint16_t discard(struct nvme_model *m, const struct nvme_model_command *cmd, unsigned int space)
{
	uint8_t shift = m->setup.spaces[space].shift;
	struct {
		uint32_t attributes, blocks;
		uint64_t lba;
	} range;

	if (!(cmd->dw[11] & 4) || (cmd->dw[10] & 0xff))
		return INVALID_FIELD;
	if (nvme_model_transfer(m, cmd, (uint8_t *)&range, sizeof(range), false))
		return TRANSFER;
	if (!inside(m, space, range.lba, range.blocks))
		return PAST_END;
	memset(m->disks[space] + (range.lba << shift), 0, (size_t)range.blocks << shift);
	m->discards++;
	return OK;
}

static uint16_t read_write(struct nvme_model *m, const struct nvme_model_command *cmd, unsigned int space, uint8_t opcode)
{
	uint64_t lba = qword(cmd, 10), blocks = (cmd->dw[12] & 0xffff) + 1u;
	uint8_t shift = m->setup.spaces[space].shift;

	if (!inside(m, space, lba, blocks))
		return PAST_END;
	if (opcode == 8) {
		memset(m->disks[space] + (lba << shift), 0, blocks << shift);
		m->zeroes++;
		m->deallocates += cmd->dw[12] >> 25 & 1;
		return OK;
	}
	if (m->setup.mdts && m->setup.mdts < 20 && blocks << shift > (uint64_t)PAGE << m->setup.mdts) {
		m->confused++;
		return INVALID_FIELD;
	}
	m->fuas += cmd->dw[12] >> 30 & 1;
	return nvme_model_transfer(m, cmd, m->disks[space] + (lba << shift), blocks << shift, opcode == 2);
}

uint16_t nvme_model_io(struct nvme_model *m, const struct nvme_model_command *cmd)
{
	uint8_t opcode = (uint8_t)cmd->dw[0];
	int space = space_find(m, cmd->dw[1]);
	bool writes = opcode == 1 || opcode == 8 || opcode == 9;

	if (m->lies.bad_status) {
		m->lies.bad_status--;
		return m->lies.status_value;
	}
	if (space < 0)
		return BAD_SPACE;
	if (writes && m->setup.spaces[space].protect)
		return PROTECTED;
	if (opcode == 0) {
		m->flushes++;
		return OK;
	}
	if (opcode == 9 && m->setup.discard)
		return discard(m, cmd, (unsigned int)space);
	if (opcode == 1 || opcode == 2 || (opcode == 8 && m->setup.zeroes))
		return read_write(m, cmd, (unsigned int)space, opcode);
	return INVALID_OPCODE;
}

/* ---- Identify ---- */

static void put16(uint8_t *page, unsigned int at, uint16_t value)
{
	memcpy(page + at, &value, sizeof(value));
}

static void put32(uint8_t *page, unsigned int at, uint32_t value)
{
	memcpy(page + at, &value, sizeof(value));
}

static void text(uint8_t *page, unsigned int at, unsigned int size, const char *what)
{
	memset(page + at, ' ', size);
	memcpy(page + at, what, strnlen(what, size));
}

static void controller_page(const struct nvme_model *m, uint8_t *page)
{
	const struct nvme_model_setup *s = &m->setup;

	text(page, 4, 20, s->serial);
	text(page, 24, 40, "Ferry model");
	text(page, 64, 8, "1");
	page[77] = s->mdts;
	put32(page, 92, s->notices ? BIT(8) : 0);
	put16(page, 78, NVME_MODEL_CONTROLLER);
	put16(page, 256, (uint16_t)((s->shadow ? BIT(8) : 0) | (s->attach ? BIT(3) : 0)));
	page[259] = 0;
	put32(page, 516, NVME_MODEL_SPACES);
	put16(page, 520, (uint16_t)((s->discard ? BIT(2) : 0) | (s->zeroes ? BIT(3) : 0)));
	page[525] = s->cache;
	put32(page, 536, s->sgl);
}

static void space_page(const struct nvme_model *m, unsigned int space, uint8_t *page)
{
	const struct nvme_model_space *ns = &m->setup.spaces[space];

	memcpy(page, &ns->nr_blocks, 8);
	memcpy(page + 8, &ns->nr_blocks, 8);
	page[24] = ns->optperf ? BIT(4) : 0;
	page[25] = ns->nr_formats;
	page[26] = ns->format;
	page[33] = ns->deallocate ? BIT(3) | 1 : 0;
	put16(page, 64, ns->preferred_write);
	page[99] = ns->protect;
	put32(page, 128 + 4u * (ns->format & 15), (uint32_t)ns->shift << 16 | ns->metadata);
}

static void list_page(const struct nvme_model *m, uint8_t *page)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NVME_MODEL_SPACES; i++) {
		unsigned int space = m->lies.list == LIST_BACKWARDS ? NVME_MODEL_SPACES - 1 - i : i;
		bool there = m->setup.spaces[space].nr_blocks && !m->setup.spaces[space].detached;

		if (there && m->lies.list != LIST_EMPTY)
			put32(page, 4 * nr++, space_id(m, space));
	}
	for (unsigned int i = 0; m->lies.list == LIST_FULL && i < PAGE / 4; i++)
		put32(page, 4 * i, i + 1);
}

static void noise(uint8_t *page, uint32_t seed)
{
	for (unsigned int i = 0; i < PAGE; i++) {
		seed = seed * 1103515245u + 12345u;
		page[i] = (uint8_t)(seed >> 16);
	}
}

uint16_t nvme_model_identify(struct nvme_model *m, const struct nvme_model_command *cmd)
{
	uint8_t page[PAGE] = { 0 };
	int space = space_find(m, cmd->dw[1]);

	switch (cmd->dw[10] & 0xff) {
	case 0:
		if (!cmd->dw[1] || cmd->dw[1] > 0xfffffffd)
			return BAD_SPACE;
		if (space >= 0)
			space_page(m, (unsigned int)space, page);
		break;
	case 1:
		controller_page(m, page);
		break;
	case 2:
		list_page(m, page);
		break;
	default:
		return INVALID_FIELD;
	}
	if (m->lies.garbage)
		noise(page, m->lies.garbage_seed++);
	return nvme_model_transfer(m, cmd, page, PAGE, true);
}
