// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of keys, and all keys by them. Numbers are random, lest one be told from another, so a plain tree of them is as deep as the
 * logarithm of their number. Lock: keys_begin().
 */
#include <fs/internal.h>
#include "internal.h"

#define SERIAL_LEAST	3

static struct key *root;

/* Where the key with @serial is, or belongs. */
static struct key **place_of(int32_t serial)
{
	struct key **at = &root;

	while (*at && (*at)->serial != serial)
		at = serial < (*at)->serial ? &(*at)->less : &(*at)->more;
	return at;
}

struct key *serial_find(int32_t serial)
{
	return *place_of(serial);
}

struct key *serial_from(int32_t serial)
{
	struct key *best = NULL;

	for (struct key *k = root; k; k = k->serial < serial ? k->more : k->less)
		if (k->serial >= serial)
			best = k;
	return best;
}

void serial_give(struct key *k)
{
	struct key **at;

	do {
		do {
			random_bytes(&k->serial, sizeof(k->serial));
			k->serial &= INT32_MAX;
		} while (k->serial < SERIAL_LEAST || k->serial == INT32_MAX);
		at = place_of(k->serial);
	} while (*at);
	k->less = k->more = NULL;
	*at = k;
}

void serial_take(struct key *k)
{
	struct key **at = place_of(k->serial), **heir = &k->more, *next;

	if (!k->less || !k->more) {
		*at = k->less ? k->less : k->more;
		return;
	}
	while ((*heir)->less)
		heir = &(*heir)->less;
	next = *heir;
	*heir = next->more;
	next->less = k->less;
	next->more = k->more;
	*at = next;
}
