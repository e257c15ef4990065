// SPDX-License-Identifier: GPL-2.0
/*
 * Keys as objects (keyrings(7)): how they come to be, what they hold, who may do what with them, how they end. What a key holds is kept in memory
 * for every type, big_key too. Left out: keys that another program makes on demand (request-key(8)), so none is ever half made.
 * Lock: keys_lock, taken by keys_begin(); mutexes above it are those of who ends a thread or a namespace.
 */
#include <kernel/time.h>
#include <mm/slab.h>
#include "internal.h"

static struct mutex keys_lock = MUTEX_INIT(keys_lock, "keys");
static struct key *dying;
static time_ns_t first_expiry = TIME_FOREVER;	/* of all keys that have not been taken out of keyrings yet, or earlier */

/* ---- Types ---- */

/* "service:name" */
static bool has_service(const char *description)
{
	const char *colon = strchr(description, ':');

	return colon && colon != description;
}

const struct key_type key_type_keyring = { .name = "keyring", .reads = true };
static const struct key_type key_type_user = { .name = "user", .most = 32767, .reads = true, .updates = true };
static const struct key_type key_type_logon = { .name = "logon", .most = 32767, .updates = true, .describes = has_service };
static const struct key_type key_type_big = { .name = "big_key", .most = 1024 * 1024, .reads = true, .updates = true, .counts = 16 };

const struct key_type *key_type_find(const char *name)
{
	static const struct key_type *const types[] = { &key_type_keyring, &key_type_user, &key_type_logon, &key_type_big };

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	return NULL;
}

int key_type_accepts(const struct key_type *type, const char *description, size_t size)
{
	if (!description || size > type->most || (type->most && !size))
		return -EINVAL;
	return 0;
}

uint32_t key_hash(const struct key_type *type, const char *description)
{
	uint32_t hash = (uint32_t)(uint64_t)type;

	while (*description)
		hash = (hash ^ (uint8_t)*description++) * 16777619u;
	return hash;
}

void key_payload_put(struct key_payload *p)
{
	if (!p || !ref_put(&p->ref))
		return;
	memset(p->data, 0, p->size);
	__asm__ volatile("" : : "r"(p) : "memory");	/* nobody reads it, and it is written all the same */
	kfree(p);
}

/* ---- The lock, and what is let go of under it ---- */

static bool is_long_expired(const struct key *k)
{
	return k->expiry && time_now() >= k->expiry + keys_gc_delay() * NSEC_PER_SEC;
}

/* Expired keys stay in keyrings for a while, so that who asks is told. */
static void sweep(void)
{
	if (first_expiry == TIME_FOREVER || time_now() < first_expiry + keys_gc_delay() * NSEC_PER_SEC)
		return;
	keyrings_purge(is_long_expired);
	holders_forget(is_long_expired);
	first_expiry = TIME_FOREVER;
	for (struct key *k = serial_from(0); k; k = serial_from(k->serial + 1))
		if (k->expiry && !is_long_expired(k))
			first_expiry = MIN(first_expiry, k->expiry);
}

void keys_begin(void) __acquires(&keys_lock)
{
	mutex_lock(&keys_lock);
	holders_bury();
	holders_trim();
	sweep();
}

static void key_free(struct key *k)
{
	for (uint32_t i = 0; i < k->nr_links; i++)
		key_put(k->links[i]);
	kfree(k->links);
	key_payload_put(k->payload);
	if (k->names_of)
		list_del(&k->named);
	if (k->flags & KEY_COUNTED) {
		k->payer->nr_counted--;
		k->payer->bytes -= k->counted_bytes;
	}
	(void)key_memory_change(k, -(int64_t)k->memory);	/* less is always granted */
	payer_put(k->payer);
	kfree(k->description);
	kfree(k);
}

void keys_end(void) __releases(&keys_lock)
{
	while (dying) {
		struct key *k = dying;

		dying = k->less;
		key_free(k);
	}
	mutex_unlock(&keys_lock);
}

void key_get(struct key *k)
{
	ref_get(&k->ref);
}

void key_put(struct key *k)
{
	if (!k || !ref_put(&k->ref))
		return;
	serial_take(k);
	k->flags |= KEY_DYING;
	k->less = dying;
	dying = k;
}

/* ---- Making ---- */

static int payer_charge(struct key *k, size_t bytes, enum key_counting how)
{
	int err;

	if (how == COUNT && !payer_has_room(k->payer, 1, bytes))
		return -EDQUOT;
	err = key_memory_change(k, (int64_t)(sizeof(*k) + bytes));
	if (err || how == COUNT_NOT)
		return err;
	k->flags |= KEY_COUNTED;
	k->counted_bytes = bytes;
	k->payer->nr_counted++;
	k->payer->bytes += bytes;
	return 0;
}

struct key *key_create(const struct key_type *type, const char *description, uint32_t uid, uint32_t gid, uint32_t rights, enum key_counting how)
{
	struct key *k;
	int err;

	if (!*description || (type->describes && !type->describes(description)))
		return ERR_PTR(-EINVAL);
	k = kzalloc(sizeof(*k));
	if (!k)
		return ERR_PTR(-ENOMEM);
	k->payer = payer_get(uid);
	err = k->payer ? payer_charge(k, strlen(description) + 1, how) : -ENOMEM;
	if (!err) {
		k->description = kstrdup(description);
		err = k->description ? 0 : -ENOMEM;
	}
	if (err) {
		if (k->payer)
			key_free(k);
		else
			kfree(k);
		return ERR_PTR(err);
	}
	ref_init(&k->ref);
	k->type = type;
	k->hash = key_hash(type, description);
	k->uid = uid;
	k->gid = gid;
	k->rights = rights;
	serial_give(k);
	return k;
}

static uint64_t payload_footprint(const struct key_payload *p)
{
	return p ? key_footprint(sizeof(*p) + p->size) : 0;
}

int key_fill(struct key *k, struct key_payload *p)
{
	uint64_t before = k->counted_data;
	size_t size = p ? p->size : 0;
	int err = key_count_data(k, size && k->type->counts ? k->type->counts : size);

	if (err)
		return err;
	err = key_memory_change(k, (int64_t)(payload_footprint(p) - payload_footprint(k->payload)));
	if (err) {
		(void)key_count_data(k, before);	/* it had been granted */
		return err;
	}
	key_payload_put(k->payload);
	k->payload = p;
	k->error = 0;
	return 0;
}

/* As on Linux a big key's bytes must be free for a moment, although they do not count afterwards. */
int key_replace(struct key *k, struct key_payload *p)
{
	int err = 0;

	if (k->type->counts && (k->flags & KEY_COUNTED) && p->size > k->counted_data)
		err = payer_has_room(k->payer, 0, p->size - k->counted_data) ? 0 : -EDQUOT;
	if (!err)
		err = key_fill(k, p);
	if (!err)
		k->expiry = 0;
	return err;
}

/* ---- Their end ---- */

static void key_empty(struct key *k)
{
	if (k->type == &key_type_keyring) {
		keyring_clear(k);
		return;
	}
	(void)key_count_data(k, 0);	/* less is always granted */
	(void)key_memory_change(k, -(int64_t)payload_footprint(k->payload));
	key_payload_put(k->payload);
	k->payload = NULL;
}

void key_revoke(struct key *k)
{
	if (k->flags & KEY_REVOKED)
		return;
	k->flags |= KEY_REVOKED;
	key_empty(k);
}

static bool is_invalidated(const struct key *k)
{
	return k->flags & KEY_INVALIDATED;
}

void key_invalidate(struct key *k)
{
	k->flags |= KEY_INVALIDATED;
	keyrings_purge(is_invalidated);
	holders_forget(is_invalidated);
}

void key_set_timeout(struct key *k, uint32_t seconds)
{
	k->expiry = seconds ? time_now() + seconds * NSEC_PER_SEC : 0;
	if (seconds)
		first_expiry = MIN(first_expiry, k->expiry);
}

bool key_expired(const struct key *k)
{
	return k->expiry && time_now() >= k->expiry;
}

int key_check(const struct key *k)
{
	if (k->flags & KEY_INVALIDATED)
		return -ENOKEY;
	if (k->flags & KEY_REVOKED)
		return -EKEYREVOKED;
	return key_expired(k) ? -EKEYEXPIRED : 0;
}

/* ---- Rights ---- */

bool key_permits(const struct key_found *f, uint32_t right)
{
	const struct credentials *c = &current->cred;
	const struct key *k = f->key;
	uint32_t rights = k->rights;

	if (k->uid == c->fsuid)
		rights >>= 16;
	else if (k->gid != ID_NONE && (rights & (LINUX_KEY_ALL << 8)) && (k->gid == c->fsgid || credentials_in_groups(c, k->gid)))
		rights >>= 8;
	if (f->possessed)
		rights |= k->rights >> 24;
	return (rights & right) == right;
}
