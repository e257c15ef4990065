// SPDX-License-Identifier: GPL-2.0
/*
 * add_key(2) and request_key(2). There is no program that makes keys on demand (request-key(8)), so who asks for one that is not there and says what
 * for is told ENOENT and leaves behind a negative key that answers ENOKEY for a minute, as on a Linux without that program.
 */
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "internal.h"

#define NEGATIVE_S	60u

/* What one that is made is for: its maker's, with the rights that the type has a use for. */
static uint32_t rights_of_new(const struct key_type *type)
{
	uint32_t rights = LINUX_KEY_VIEW | LINUX_KEY_SEARCH | LINUX_KEY_LINK | LINUX_KEY_SETATTR;

	if (type->reads)
		rights |= LINUX_KEY_READ;
	if (type == &key_type_keyring || type->updates)
		rights |= LINUX_KEY_WRITE;
	return POSSESSOR(rights) | OWNER(LINUX_KEY_VIEW);
}

/* One more key, which goes to @s; @p is taken over when there is no error. ERR_PTR. */
static struct key *key_make(struct key_slot *s, const struct key_type *type, const char *description, struct key_payload *p)
{
	const struct credentials *c = &current->cred;
	struct key *k;
	int err;

	if (type == &key_type_keyring)
		k = keyring_create(description, c->fsuid, c->fsgid, rights_of_new(type), COUNT);
	else
		k = key_create(type, description, c->fsuid, c->fsgid, rights_of_new(type), COUNT);
	if (IS_ERR(k))
		return k;
	err = p ? key_fill(k, p) : 0;
	if (!err)
		slot_fill(s, k);
	key_put(k);
	return err ? ERR_PTR(err) : k;
}

/* The key in @ring with what @p says, made or changed. @p is taken over when there is no error. Its number. */
static int64_t key_add(const struct key_found *ring, const char *name, const char *description, struct key_payload *p)
{
	const struct key_type *type = key_type_find(name);
	struct key_slot s;
	struct key *k;
	int err;

	if (!type || !description)
		return type ? -EINVAL : -ENODEV;
	if (ring->key->type != &key_type_keyring)
		return -ENOTDIR;
	err = key_type_accepts(type, description, p ? p->size : 0);
	if (!err)
		err = slot_take(&s, ring->key, type, description);
	if (err)
		return err;
	if (ring->key->flags & KEY_RESTRICTED)
		err = -EPERM;
	else if (!key_permits(ring, LINUX_KEY_WRITE))
		err = -EACCES;
	k = s.displaced;
	if (!err && type->updates && k && !(k->flags & (KEY_INVALIDATED | KEY_REVOKED))) {
		err = key_permits(&(struct key_found){ k, ring->possessed }, LINUX_KEY_WRITE) ? key_replace(k, p) : -EACCES;
		return err ? err : k->serial;
	}
	k = err ? ERR_PTR(err) : key_make(&s, type, description, p);
	if (!IS_ERR(k))
		return k->serial;
	slot_give_back(&s);
	return PTR_ERR(k);
}

/* A description: NULL for none, ERR_PTR. Keyrings' names with a dot are the kernel's. */
static char *description_from_user(const char *type, uint64_t from)
{
	char *text = from ? key_text_from_user(from, KEY_DESCRIPTION_SIZE) : NULL;

	if (!text || IS_ERR(text) || (text[0] && (text[0] != '.' || strncmp(type, "keyring", 7))))
		return text;
	from = (uint8_t)text[0];
	kfree(text);
	return from ? ERR_PTR(-EPERM) : NULL;
}

/* add_key(type, description, payload, size, keyring) */
SYSCALL(NR_add_key, add_key)
{
	struct key_payload *p = NULL;
	char name[KEY_TYPE_SIZE];
	struct key_found ring;
	char *description;
	int64_t result;

	if (args->a[3] > KEY_PAYLOAD_MAX)
		return -EINVAL;
	result = key_type_from_user(name, args->a[0]);
	if (result)
		return result;
	description = description_from_user(name, args->a[1]);
	if (IS_ERR(description))
		return PTR_ERR(description);
	p = key_payload_from_user(args->a[2], args->a[3]);
	if (IS_ERR(p)) {
		kfree(description);
		return PTR_ERR(p);
	}
	keys_begin();
	result = key_lookup((int32_t)args->a[4], LOOKUP_CREATE, LINUX_KEY_WRITE, &ring);
	if (!result)
		result = key_add(&ring, name, description, p);
	keys_end();
	if (result < 0)
		key_payload_put(p);
	kfree(description);
	return result;
}

/* ---- request_key ---- */

/* Where a key goes that somebody asked for without saying where to (KEYCTL_SET_REQKEY_KEYRING): the first of these that is there. ERR_PTR. */
static struct key *default_ring(void)
{
	const struct thread_keys *mine = &current->keys;
	struct key *ring = NULL;
	int err = 0;

	switch (mine->default_ring) {
	case LINUX_KEY_REQKEY_DEFL_USER_KEYRING:
		err = user_keyrings(&ring, NULL);
		break;
	case LINUX_KEY_REQKEY_DEFL_DEFAULT:
	case LINUX_KEY_REQKEY_DEFL_REQUESTOR_KEYRING:
	case LINUX_KEY_REQKEY_DEFL_THREAD_KEYRING:
		ring = mine->thread;
		__attribute__((fallthrough));
	case LINUX_KEY_REQKEY_DEFL_PROCESS_KEYRING:
		ring = ring ? ring : mine->process;
		__attribute__((fallthrough));
	case LINUX_KEY_REQKEY_DEFL_SESSION_KEYRING:
		ring = ring ? ring : mine->session;
		__attribute__((fallthrough));
	default:
		if (!ring)
			err = user_keyrings(NULL, &ring);
	}
	if (!err && !key_permits(&(struct key_found){ ring, true }, LINUX_KEY_WRITE))
		err = -EACCES;
	return err ? ERR_PTR(err) : ring;
}

/* There is no program to make the key, and who asks again soon is told that there is no key. -ENOENT, or what else is wrong. */
static int64_t negative_make(const struct key_type *type, const char *description, struct key *ring)
{
	struct key_slot s;
	struct key *k;
	int err;

	if (type == &key_type_keyring)
		return -EPERM;
	ring = ring ? ring : default_ring();
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	err = slot_take(&s, ring, type, description);
	if (err)
		return err;
	k = ring->flags & KEY_RESTRICTED ? ERR_PTR(-EPERM) : key_make(&s, type, description, NULL);
	if (IS_ERR(k)) {
		slot_give_back(&s);
		return PTR_ERR(k);
	}
	k->error = -ENOKEY;
	key_set_timeout(k, NEGATIVE_S);
	return -ENOENT;
}

static int64_t key_request(const char *name, const char *description, bool asks, int32_t ring_id)
{
	struct key_found ring = { NULL, false }, f;
	const struct key_type *type;
	int err = ring_id ? key_lookup(ring_id, LOOKUP_CREATE, LINUX_KEY_WRITE, &ring) : 0;

	if (err)
		return err;
	type = key_type_find(name);
	if (!type)
		return -ENOKEY;
	err = possessions_search(type, description, &f);
	if (err == -EAGAIN)
		return asks ? negative_make(type, description, ring.key) : -ENOKEY;
	if (!err && ring.key)
		err = key_permits(&f, LINUX_KEY_LINK) ? keyring_link(ring.key, f.key) : -EACCES;
	if (!err)
		err = f.key->error ? f.key->error : key_check(f.key);
	return err ? err : f.key->serial;
}

/* request_key(type, description, what for, keyring) */
SYSCALL(NR_request_key, request_key)
{
	char name[KEY_TYPE_SIZE], *description, *purpose = NULL;
	int64_t result = key_type_from_user(name, args->a[0]);

	if (result)
		return result;
	description = key_text_from_user(args->a[1], KEY_DESCRIPTION_SIZE);
	if (IS_ERR(description))
		return PTR_ERR(description);
	if (args->a[2])
		purpose = key_text_from_user(args->a[2], PAGE_SIZE);
	if (IS_ERR(purpose)) {
		result = PTR_ERR(purpose);
	} else {
		keys_begin();
		result = key_request(name, description, purpose, (int32_t)args->a[3]);
		keys_end();
		kfree(purpose);
	}
	kfree(description);
	return result;
}
