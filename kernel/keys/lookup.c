// SPDX-License-Identifier: GPL-2.0
/* What programs name: keys by number or as "my session's", types, descriptions and what keys are to hold. Lock: keys_begin() for the first. */
#include <mm/slab.h>
#include <mm/user.h>
#include "internal.h"

/*
 * The session's keyring: the user's for who has none; who wants to write gets one of its own instead of that. Whatever fails is told as Linux does.
 */
static int session_lookup(uint32_t flags, struct key **to)
{
	struct key *session = current->keys.session, *of_user;
	int err = 0;

	if (!session) {
		err = user_keyrings(NULL, &of_user);
		if (!err)
			err = session_keyring_install(flags & LOOKUP_CREATE ? NULL : of_user);
	} else if ((session->flags & KEY_OF_USER) && (flags & LOOKUP_CREATE)) {
		err = session_keyring_install(NULL);
	}
	*to = current->keys.session;
	return err ? -ENOKEY : 0;
}

static int own_lookup(uint32_t flags, struct key **at, int (*install)(void), struct key **to)
{
	int err = *at ? 0 : flags & LOOKUP_CREATE ? install() : -ENOKEY;

	*to = *at;
	return err;
}

static int special_lookup(int32_t id, uint32_t flags, struct key **to)
{
	struct thread_keys *mine = &current->keys;

	switch (id) {
	case LINUX_KEY_SPEC_THREAD_KEYRING:
		return own_lookup(flags, &mine->thread, thread_keyring_install, to);
	case LINUX_KEY_SPEC_PROCESS_KEYRING:
		return own_lookup(flags, &mine->process, process_keyring_install, to);
	case LINUX_KEY_SPEC_SESSION_KEYRING:
		return session_lookup(flags, to);
	case LINUX_KEY_SPEC_USER_KEYRING:
		return user_keyrings(to, NULL) ? -ENOKEY : 0;
	case LINUX_KEY_SPEC_USER_SESSION_KEYRING:
		return user_keyrings(NULL, to) ? -ENOKEY : 0;
	case LINUX_KEY_SPEC_REQKEY_AUTH_KEY:
	case LINUX_KEY_SPEC_REQUESTOR_KEYRING:
		return -ENOKEY;		/* of who makes a key for another program */
	default:
		return -EINVAL;
	}
}

int key_lookup(int32_t id, uint32_t flags, uint32_t right, struct key_found *f)
{
	int err = 0;

	f->possessed = true;
	if (id > 0) {
		f->key = serial_find(id);
		if (!f->key)
			return -ENOKEY;
		f->possessed = key_is_possessed(f->key);
	} else {
		err = special_lookup(id, flags, &f->key);
		if (err)
			return err;
	}
	if (flags & (LOOKUP_UNLINK | LOOKUP_ANY))
		return 0;
	if (f->key->error && !(flags & LOOKUP_PARTIAL))
		return f->key->error;
	err = key_check(f->key);
	if (err)
		return err;
	return key_permits(f, right) ? 0 : -EACCES;
}

char *key_text_from_user(uint64_t from, size_t size)
{
	char *text = kzalloc(size);
	ssize_t n = text ? strncpy_from_user(text, from, size) : -ENOMEM;

	if (n >= 0)
		return text;
	kfree(text);
	return ERR_PTR(n == -ENAMETOOLONG ? -EINVAL : n);
}

int key_type_from_user(char name[KEY_TYPE_SIZE], uint64_t from)
{
	ssize_t n = strncpy_from_user(name, from, KEY_TYPE_SIZE);

	if (n == -EFAULT)
		return -EFAULT;
	if (n <= 0)
		return -EINVAL;
	return name[0] == '.' ? -EPERM : 0;
}

struct key_payload *key_payload_from_user(uint64_t from, size_t size)
{
	struct key_payload *p;

	if (!size)
		return NULL;
	p = kzalloc(sizeof(*p) + size);
	if (!p)
		return ERR_PTR(-ENOMEM);
	ref_init(&p->ref);
	p->size = size;
	if (!copy_from_user(p->data, from, size))
		return p;
	key_payload_put(p);
	return ERR_PTR(-EFAULT);
}
