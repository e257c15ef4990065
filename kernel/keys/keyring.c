// SPDX-License-Identifier: GPL-2.0
/*
 * Keyrings: keys that hold other keys, each type and description once. A link counts for the keyring's payer. Keyrings do not hold themselves.
 * Lock: keys_begin().
 */
#include <mm/slab.h>
#include "internal.h"

#define ROOM_FIRST	4u

static struct list named = LIST_INIT(named);	/* keyrings that JOIN_SESSION_KEYRING finds by name */

static uint32_t index_find(const struct key *ring, const struct key_type *type, const char *description, uint32_t hash)
{
	uint32_t i;

	for (i = 0; i < ring->nr_links; i++) {
		const struct key *k = ring->links[i];

		if (k->hash == hash && k->type == type && !strcmp(k->description, description))
			break;
	}
	return i;
}

struct key *keyring_find(const struct key *ring, const struct key_type *type, const char *description, uint32_t hash)
{
	uint32_t at = index_find(ring, type, description, hash);

	return at < ring->nr_links ? ring->links[at] : NULL;
}

static int keyring_grow(struct key *ring)
{
	uint32_t room = ring->room ? 2 * ring->room : ROOM_FIRST;
	uint64_t more = key_footprint(room * sizeof(ring->links[0])) - key_footprint(ring->room * sizeof(ring->links[0]));
	struct key **links;
	int err;

	if (ring->nr_links < ring->room)
		return 0;
	err = key_memory_change(ring, (int64_t)more);
	if (err)
		return err;
	links = kcalloc(room, sizeof(links[0]));
	if (!links) {
		(void)key_memory_change(ring, -(int64_t)more);
		return -ENOMEM;
	}
	memcpy(links, ring->links, ring->nr_links * sizeof(links[0]));
	kfree(ring->links);
	ring->links = links;
	ring->room = room;
	return 0;
}

int slot_take(struct key_slot *s, struct key *ring, const struct key_type *type, const char *description)
{
	int err;

	if (ring->type != &key_type_keyring)
		return -ENOTDIR;
	if (ring->flags & KEY_REVOKED)
		return -EKEYREVOKED;
	s->ring = ring;
	s->displaced = NULL;
	s->at = index_find(ring, type, description, key_hash(type, description));
	if (s->at < ring->nr_links) {
		s->displaced = ring->links[s->at];
		return 0;
	}
	err = key_count_data(ring, ring->counted_data + KEY_LINK_BYTES);
	if (err)
		return err;
	err = keyring_grow(ring);
	if (err)
		slot_give_back(s);
	return err;
}

void slot_give_back(struct key_slot *s)
{
	if (!s->displaced)
		(void)key_count_data(s->ring, s->ring->counted_data - KEY_LINK_BYTES);	/* less is always granted */
}

void slot_fill(struct key_slot *s, struct key *k)
{
	key_get(k);
	if (!s->displaced)
		s->ring->nr_links++;
	s->ring->links[s->at] = k;
	key_put(s->displaced);
}

static void link_remove(struct key *ring, uint32_t at)
{
	key_put(ring->links[at]);
	ring->nr_links--;
	memmove(&ring->links[at], &ring->links[at + 1], (ring->nr_links - at) * sizeof(ring->links[0]));
	(void)key_count_data(ring, ring->counted_data - KEY_LINK_BYTES);	/* less is always granted */
}

/* May @k be linked to where @s says? */
static int link_check(const struct key_slot *s, struct key *k)
{
	if (s->ring->flags & KEY_RESTRICTED)
		return -EPERM;
	return k->type == &key_type_keyring ? keyring_check_circle(s->ring, k) : 0;
}

int keyring_link(struct key *ring, struct key *k)
{
	struct key_slot s;
	int err = slot_take(&s, ring, k->type, k->description);

	if (err)
		return err;
	err = link_check(&s, k);
	if (err)
		slot_give_back(&s);
	else
		slot_fill(&s, k);
	return err;
}

int keyring_unlink(struct key *ring, struct key *k)
{
	uint32_t at;

	if (ring->type != &key_type_keyring)
		return -ENOTDIR;
	at = index_find(ring, k->type, k->description, k->hash);
	if (at == ring->nr_links)
		return -ENOENT;
	link_remove(ring, at);
	return 0;
}

int keyring_move(struct key *k, struct key *from, struct key *to, bool exclusive)
{
	struct key_slot s;
	uint32_t at;
	int err;

	if (from == to)
		return 0;
	if (from->type != &key_type_keyring || to->type != &key_type_keyring)
		return -ENOTDIR;
	at = index_find(from, k->type, k->description, k->hash);
	if (at == from->nr_links)
		return -ENOENT;
	err = slot_take(&s, to, k->type, k->description);
	if (err)
		return err;
	err = exclusive && s.displaced ? -EEXIST : link_check(&s, k);
	if (err) {
		slot_give_back(&s);
		return err;
	}
	slot_fill(&s, k);
	link_remove(from, at);
	return 0;
}

void keyring_clear(struct key *ring)
{
	for (uint32_t i = 0; i < ring->nr_links; i++)
		key_put(ring->links[i]);
	(void)key_count_data(ring, 0);
	(void)key_memory_change(ring, -(int64_t)key_footprint(ring->room * sizeof(ring->links[0])));
	kfree(ring->links);
	ring->links = NULL;
	ring->nr_links = ring->room = 0;
}

void keyrings_purge(bool (*gone)(const struct key *k))
{
	/* What dies of it has no number any more, and none is given meanwhile. */
	for (struct key *ring = serial_from(0); ring; ring = serial_from(ring->serial + 1))
		for (uint32_t i = ring->nr_links; i-- > 0; )
			if (gone(ring->links[i]))
				link_remove(ring, i);
}

/* ---- Names ---- */

static uint64_t names_here(void)
{
	return user_ns_of(&current->cred)->ns.ino;
}

struct key *keyring_create(const char *name, uint32_t uid, uint32_t gid, uint32_t rights, enum key_counting how)
{
	struct key *ring = key_create(&key_type_keyring, name, uid, gid, rights, how);

	if (!IS_ERR(ring) && name[0] != '.') {
		list_append(&named, &ring->named);
		ring->names_of = names_here();
	}
	return ring;
}

struct key *keyring_by_name(const char *name)
{
	struct key *ring;

	list_for_each(ring, &named, named) {
		struct key_found f = { ring, false };

		if (ring->names_of != names_here() || (ring->flags & (KEY_REVOKED | KEY_DYING)) || strcmp(ring->description, name))
			continue;
		if (id_inside(current->cred.user_ns, ID_USER, ring->payer->uid) != ID_NONE && key_permits(&f, LINUX_KEY_SEARCH))
			return ring;
	}
	return NULL;
}
