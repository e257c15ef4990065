// SPDX-License-Identifier: GPL-2.0
/* keyctl(2): what keyrings hold. */
#include <mm/slab.h>
#include "internal.h"

/* keyctl(KEYCTL_CLEAR, ring) */
int64_t control_clear(const uint64_t *a)
{
	struct key_found ring;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[0], LOOKUP_CREATE, LINUX_KEY_WRITE, &ring);
	if (!err && ring.key->type != &key_type_keyring)
		err = -ENOTDIR;
	if (!err)
		keyring_clear(ring.key);
	keys_end();
	return err;
}

/* keyctl(KEYCTL_LINK, key, ring) */
int64_t control_link(const uint64_t *a)
{
	struct key_found ring, f;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[1], LOOKUP_CREATE, LINUX_KEY_WRITE, &ring);
	if (!err)
		err = key_lookup((int32_t)a[0], LOOKUP_CREATE, LINUX_KEY_LINK, &f);
	if (!err)
		err = keyring_link(ring.key, f.key);
	keys_end();
	return err;
}

/* keyctl(KEYCTL_UNLINK, key, ring) */
int64_t control_unlink(const uint64_t *a)
{
	struct key_found ring, f;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[1], 0, LINUX_KEY_WRITE, &ring);
	if (!err)
		err = key_lookup((int32_t)a[0], LOOKUP_PARTIAL | LOOKUP_UNLINK, 0, &f);
	if (!err)
		err = keyring_unlink(ring.key, f.key);
	keys_end();
	return err;
}

/* keyctl(KEYCTL_MOVE, key, from, to, flags) */
int64_t control_move(const uint64_t *a)
{
	struct key_found f, from, to;
	int err;

	if ((uint32_t)a[3] & ~LINUX_KEYCTL_MOVE_EXCL)
		return -EINVAL;
	keys_begin();
	err = key_lookup((int32_t)a[0], LOOKUP_CREATE, LINUX_KEY_LINK, &f);
	if (!err)
		err = key_lookup((int32_t)a[1], 0, LINUX_KEY_WRITE, &from);
	if (!err)
		err = key_lookup((int32_t)a[2], LOOKUP_CREATE, LINUX_KEY_WRITE, &to);
	if (!err)
		err = keyring_move(f.key, from.key, to.key, (uint32_t)a[3] & LINUX_KEYCTL_MOVE_EXCL);
	keys_end();
	return err;
}

static int64_t search(const char *name, const char *description, const uint64_t *a)
{
	struct key_found ring, to = { NULL, false }, f;
	const struct key_type *type;
	int err = key_lookup((int32_t)a[0], 0, LINUX_KEY_SEARCH, &ring);

	if (!err && (int32_t)a[3])
		err = key_lookup((int32_t)a[3], LOOKUP_CREATE, LINUX_KEY_WRITE, &to);
	if (err)
		return err;
	type = key_type_find(name);
	if (!type)
		return -ENOKEY;
	err = keyring_search(&ring, type, description, &f);
	if (err)
		return err == -EAGAIN ? -ENOKEY : err;
	if (to.key)
		err = key_permits(&f, LINUX_KEY_LINK) ? keyring_link(to.key, f.key) : -EACCES;
	return err ? err : f.key->serial;
}

/* keyctl(KEYCTL_SEARCH, ring, type, description, ring to link it to or 0) */
int64_t control_search(const uint64_t *a)
{
	char name[KEY_TYPE_SIZE], *description;
	int64_t result = key_type_from_user(name, a[1]);

	if (result)
		return result;
	description = key_text_from_user(a[2], KEY_DESCRIPTION_SIZE);
	if (IS_ERR(description))
		return PTR_ERR(description);
	keys_begin();
	result = search(name, description, a);
	keys_end();
	kfree(description);
	return result;
}

/* No type here knows restrictions of its own, so nothing at all can be linked to a keyring that is restricted. */
static int restrict_ring(struct key *ring, const char *name)
{
	if (ring->type != &key_type_keyring)
		return -ENOTDIR;
	if (name)
		return key_type_find(name) ? -ENOENT : -ENOKEY;
	if (ring->flags & KEY_RESTRICTED)
		return -EEXIST;
	ring->flags |= KEY_RESTRICTED;
	return 0;
}

/* keyctl(KEYCTL_RESTRICT_KEYRING, ring, type, how) */
int64_t control_restrict(const uint64_t *a)
{
	char name[KEY_TYPE_SIZE], *how = NULL;
	struct key_found ring;
	int err = 0;

	keys_begin();
	err = key_lookup((int32_t)a[0], 0, LINUX_KEY_SETATTR, &ring);
	keys_end();
	if (!err && !a[1] != !a[2])
		err = -EINVAL;
	if (!err && a[1]) {
		err = key_type_from_user(name, a[1]);
		how = err ? NULL : key_text_from_user(a[2], PAGE_SIZE);
		err = IS_ERR(how) ? (int)PTR_ERR(how) : err;
	}
	if (err)
		return err;
	keys_begin();
	err = key_lookup((int32_t)a[0], 0, LINUX_KEY_SETATTR, &ring);
	if (!err)
		err = restrict_ring(ring.key, a[1] ? name : NULL);
	keys_end();
	kfree(how);
	return err;
}

static int64_t persistent_link(uint32_t uid, int32_t to)
{
	struct key_found ring, f = { NULL, true };
	int err = key_lookup(to, LOOKUP_CREATE, LINUX_KEY_WRITE, &ring);

	if (!err && ring.key->type != &key_type_keyring)
		err = -ENOTDIR;
	if (err)
		return err;
	f.key = user_persistent(uid);
	if (IS_ERR(f.key))
		return PTR_ERR(f.key);
	err = key_permits(&f, LINUX_KEY_LINK) ? keyring_link(ring.key, f.key) : -EACCES;
	if (err)
		return err;
	key_set_timeout(f.key, (uint32_t)keys_persistent_expiry());
	return f.key->serial;
}

/* keyctl(KEYCTL_GET_PERSISTENT, user or -1, ring to link it to) */
int64_t control_get_persistent(const uint64_t *a)
{
	const struct credentials *c = &current->cred;
	uint32_t uid = c->uid;
	int64_t result;

	if ((uint32_t)a[0] != ID_NONE) {
		uid = uid_meant((uint32_t)a[0]);
		if (uid == ID_NONE)
			return -EINVAL;
		if (uid != c->uid && uid != c->euid && !privileged_here(LINUX_CAP_SETUID))
			return -EPERM;
	}
	keys_begin();
	result = persistent_link(uid, (int32_t)a[1]);
	keys_end();
	return result;
}
