// SPDX-License-Identifier: GPL-2.0
/*
 * DMAR (VT-d 4.1 chapter 8): remapping units and reserved memory, each with the devices it is for. The table is the firmware's word and
 * checked like any other: lengths, alignment, wrap-around. Structures of other types (ATSR, RHSA, ANDD, SATC) are passed over.
 */
#include <lib/string.h>
#include "vtd_dmar.h"

#define TYPE_UNIT		0
#define TYPE_RESERVED		1
#define ENTRIES_OFFSET		48u
#define UNIT_BYTES		16u
#define RESERVED_BYTES		24u
#define SCOPE_BYTES		6u

static uint64_t field(const uint8_t *at, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | at[bytes];
	return v;
}

static bool scope_fits(const struct dmar_scopes *s)
{
	size_t left = (size_t)(s->end - s->at);

	return left >= SCOPE_BYTES + 2 && s->at[1] >= SCOPE_BYTES + 2 && s->at[1] <= left && !(s->at[1] & 1);
}

bool dmar_scope_next(struct dmar_scopes *s, struct dmar_scope *scope)
{
	if (!scope_fits(s))
		return false;
	scope->type = s->at[0];
	scope->id = s->at[4];
	scope->bus = s->at[5];
	scope->path = s->at + SCOPE_BYTES;
	scope->nr_hops = (s->at[1] - SCOPE_BYTES) / 2;
	s->at += s->at[1];
	return true;
}

/* All of them well-formed, to the last byte? */
static bool scopes_valid(struct dmar_scopes s)
{
	struct dmar_scope scope;

	while (dmar_scope_next(&s, &scope))
		for (unsigned int i = 0; i < scope.nr_hops; i++)
			if (scope.path[2 * i] > 31 || scope.path[2 * i + 1] > 7)
				return false;
	return s.at == s.end;
}

static int unit_take(struct dmar *dmar, const uint8_t *at, unsigned int length)
{
	struct dmar_unit *u = &dmar->units[dmar->nr_units];

	if (length < UNIT_BYTES)
		return -EINVAL;
	if (dmar->nr_units == DMAR_UNITS_MAX)
		return -ENOSPC;
	u->include_all = at[4] & DMAR_INCLUDE_ALL;
	u->segment = (uint16_t)field(at + 6, 2);
	u->registers = field(at + 8, 8);
	u->scopes = (struct dmar_scopes){ at + UNIT_BYTES, at + length };
	if (!u->registers || u->registers & 0xfff || !scopes_valid(u->scopes))
		return -EINVAL;
	dmar->nr_units++;
	return 0;
}

static int reserved_take(struct dmar *dmar, const uint8_t *at, unsigned int length)
{
	struct dmar_reserved *r = &dmar->reserved[dmar->nr_reserved];
	uint64_t limit;

	if (length < RESERVED_BYTES)
		return -EINVAL;
	if (dmar->nr_reserved == DMAR_RESERVED_MAX)
		return -ENOSPC;
	r->segment = (uint16_t)field(at + 6, 2);
	r->start = field(at + 8, 8);
	limit = field(at + 16, 8);
	r->end = limit + 1;
	r->scopes = (struct dmar_scopes){ at + RESERVED_BYTES, at + length };
	if (r->start & 0xfff || r->end & 0xfff || r->end <= r->start || r->end > 1ull << 48 || !scopes_valid(r->scopes))
		return -EINVAL;
	dmar->nr_reserved++;
	return 0;
}

int dmar_parse(const struct acpi_header *table, struct dmar *dmar)
{
	const uint8_t *bytes = (const uint8_t *)table;
	uint32_t at = ENTRIES_OFFSET;
	int err = 0;

	memset(dmar, 0, sizeof(*dmar));
	if (table->length < ENTRIES_OFFSET)
		return -EINVAL;
	dmar->address_bits = (uint8_t)(bytes[36] + 1);
	dmar->flags = bytes[37];
	while (!err && table->length - at >= 4) {
		unsigned int type = (unsigned int)field(bytes + at, 2), length = (unsigned int)field(bytes + at + 2, 2);

		if (length < 4 || length > table->length - at)
			return -EINVAL;
		if (type == TYPE_UNIT)
			err = unit_take(dmar, bytes + at, length);
		else if (type == TYPE_RESERVED)
			err = reserved_take(dmar, bytes + at, length);
		at += length;
	}
	if (err)
		return err;
	if (at != table->length)
		return -EINVAL;
	return dmar->nr_units ? 0 : -ENODEV;
}
