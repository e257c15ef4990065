// SPDX-License-Identifier: GPL-2.0
/*
 * keyctl(2): the table of what it does, and the attributes of keys. Left out (EOPNOTSUPP): Diffie-Hellman, public keys, watching keys; and for want
 * of programs that make keys for others nobody has the authority that INSTANTIATE, NEGATE, REJECT and ASSUME_AUTHORITY ask for.
 */
#include <kernel/privilege.h>
#include <kernel/syscall.h>
#include "internal.h"

#define ERROR_MOST	4095u

/* keyctl(KEYCTL_GET_KEYRING_ID, key, whether to make it) */
static int64_t control_get_id(const uint64_t *a)
{
	struct key_found f;
	int64_t result;

	keys_begin();
	result = key_lookup((int32_t)a[0], (int)a[1] ? LOOKUP_CREATE : 0, LINUX_KEY_SEARCH, &f);
	if (!result)
		result = f.key->serial;
	keys_end();
	return result;
}

static int64_t control_revoke(const uint64_t *a)
{
	struct key_found f;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[0], 0, LINUX_KEY_WRITE, &f);
	if (err == -EACCES)
		err = key_lookup((int32_t)a[0], 0, LINUX_KEY_SETATTR, &f);
	if (!err)
		key_revoke(f.key);
	keys_end();
	return err;
}

static int64_t control_invalidate(const uint64_t *a)
{
	struct key_found f;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[0], 0, LINUX_KEY_SEARCH, &f);
	if (!err)
		key_invalidate(f.key);
	keys_end();
	return err;
}

/* Another pays for @k from now on. */
static int payer_change(struct key *k, uint32_t uid)
{
	struct key_payer *new = payer_get(uid), *old = k->payer;
	bool counts = k->flags & KEY_COUNTED;

	if (!new)
		return -ENOMEM;
	if (counts && !payer_has_room(new, 1, k->counted_bytes)) {
		payer_put(new);
		return -EDQUOT;
	}
	if (counts) {
		new->nr_counted++;
		new->bytes += k->counted_bytes;
		old->nr_counted--;
		old->bytes -= k->counted_bytes;
	}
	new->memory += k->memory;
	old->memory -= k->memory;
	k->payer = new;
	payer_put(old);
	return 0;
}

static int owner_change(struct key *k, uint32_t uid, uint32_t gid)
{
	const struct credentials *c = &current->cred;
	bool other = uid != ID_NONE && uid != k->uid;
	int err = 0;

	if (gid != ID_NONE && gid != k->gid && gid != c->fsgid && !credentials_in_groups(c, gid))
		other = true;
	if (other && !privileged(LINUX_CAP_SYS_ADMIN))
		return -EACCES;
	if (uid != ID_NONE && uid != k->uid) {
		err = payer_change(k, uid);
		if (!err)
			k->uid = uid;
	}
	if (!err && gid != ID_NONE)
		k->gid = gid;
	return err;
}

/* keyctl(KEYCTL_CHOWN, key, user or -1, group or -1) */
static int64_t control_chown(const uint64_t *a)
{
	uint32_t uid = uid_meant((uint32_t)a[1]), gid = gid_meant((uint32_t)a[2]);
	struct key_found f;
	int err;

	if ((uid == ID_NONE && (uint32_t)a[1] != ID_NONE) || (gid == ID_NONE && (uint32_t)a[2] != ID_NONE))
		return -EINVAL;
	if (uid == ID_NONE && gid == ID_NONE)
		return 0;
	keys_begin();
	err = key_lookup((int32_t)a[0], LOOKUP_CREATE | LOOKUP_PARTIAL, LINUX_KEY_SETATTR, &f);
	if (!err)
		err = owner_change(f.key, uid, gid);
	keys_end();
	return err;
}

/* keyctl(KEYCTL_SETPERM, key, rights) */
static int64_t control_set_rights(const uint64_t *a)
{
	uint32_t rights = (uint32_t)a[1];
	struct key_found f;
	int err;

	if (rights & ~(LINUX_KEY_ALL * 0x01010101u))
		return -EINVAL;
	keys_begin();
	err = key_lookup((int32_t)a[0], LOOKUP_CREATE | LOOKUP_PARTIAL, LINUX_KEY_SETATTR, &f);
	if (!err && f.key->uid != current->cred.fsuid && !privileged(LINUX_CAP_SYS_ADMIN))
		err = -EACCES;
	if (!err)
		f.key->rights = rights;
	keys_end();
	return err;
}

/* keyctl(KEYCTL_SET_TIMEOUT, key, seconds) */
static int64_t control_set_timeout(const uint64_t *a)
{
	struct key_found f;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[0], LOOKUP_CREATE | LOOKUP_PARTIAL, LINUX_KEY_SETATTR, &f);
	if (!err)
		key_set_timeout(f.key, (uint32_t)a[1]);
	keys_end();
	return err;
}

/* keyctl(KEYCTL_SET_REQKEY_KEYRING, which): which it was */
static int64_t control_set_default(const uint64_t *a)
{
	int which = (int)a[0], old = current->keys.default_ring, err = 0;

	if (which == LINUX_KEY_REQKEY_DEFL_NO_CHANGE)
		return old;
	if (which < 0 || which > LINUX_KEY_REQKEY_DEFL_REQUESTOR_KEYRING || which == LINUX_KEY_REQKEY_DEFL_GROUP_KEYRING)
		return -EINVAL;
	keys_begin();
	if (which == LINUX_KEY_REQKEY_DEFL_THREAD_KEYRING)
		err = thread_keyring_install();
	else if (which == LINUX_KEY_REQKEY_DEFL_PROCESS_KEYRING)
		err = process_keyring_install();
	if (!err)
		current->keys.default_ring = (int8_t)which;
	keys_end();
	return err ? err : old;
}

/* ---- What only who makes a key for another program may do ---- */

static int64_t control_instantiate(const uint64_t *a)
{
	return a[1] && a[2] > KEY_PAYLOAD_MAX ? -EINVAL : -EPERM;
}

static int64_t control_no_authority(const uint64_t *a)
{
	return -EPERM;
}

static int64_t control_reject(const uint64_t *a)
{
	uint32_t error = (uint32_t)a[2];

	return !error || error >= ERROR_MOST || (error >= ERESTARTSYS && error <= ERESTART_BLOCK) ? -EINVAL : -EPERM;
}

static int64_t control_assume(const uint64_t *a)
{
	int32_t id = (int32_t)a[0];

	return id < 0 ? -EINVAL : id ? -ENOKEY : 0;
}

static int64_t (*const controls[])(const uint64_t *a) = {
	[LINUX_KEYCTL_GET_KEYRING_ID] = control_get_id,
	[LINUX_KEYCTL_JOIN_SESSION_KEYRING] = control_join_session,
	[LINUX_KEYCTL_UPDATE] = control_update,
	[LINUX_KEYCTL_REVOKE] = control_revoke,
	[LINUX_KEYCTL_CHOWN] = control_chown,
	[LINUX_KEYCTL_SETPERM] = control_set_rights,
	[LINUX_KEYCTL_DESCRIBE] = control_describe,
	[LINUX_KEYCTL_CLEAR] = control_clear,
	[LINUX_KEYCTL_LINK] = control_link,
	[LINUX_KEYCTL_UNLINK] = control_unlink,
	[LINUX_KEYCTL_SEARCH] = control_search,
	[LINUX_KEYCTL_READ] = control_read,
	[LINUX_KEYCTL_INSTANTIATE] = control_instantiate,
	[LINUX_KEYCTL_NEGATE] = control_no_authority,
	[LINUX_KEYCTL_SET_REQKEY_KEYRING] = control_set_default,
	[LINUX_KEYCTL_SET_TIMEOUT] = control_set_timeout,
	[LINUX_KEYCTL_ASSUME_AUTHORITY] = control_assume,
	[LINUX_KEYCTL_GET_SECURITY] = control_get_security,
	[LINUX_KEYCTL_SESSION_TO_PARENT] = control_session_to_parent,
	[LINUX_KEYCTL_REJECT] = control_reject,
	[LINUX_KEYCTL_INSTANTIATE_IOV] = control_no_authority,
	[LINUX_KEYCTL_INVALIDATE] = control_invalidate,
	[LINUX_KEYCTL_GET_PERSISTENT] = control_get_persistent,
	[LINUX_KEYCTL_RESTRICT_KEYRING] = control_restrict,
	[LINUX_KEYCTL_MOVE] = control_move,
	[LINUX_KEYCTL_CAPABILITIES] = control_capabilities,
};

/* keyctl(what, ...) */
SYSCALL(NR_keyctl, keyctl)
{
	uint32_t what = (uint32_t)args->a[0];

	return what < ARRAY_SIZE(controls) && controls[what] ? controls[what](&args->a[1]) : -EOPNOTSUPP;
}
