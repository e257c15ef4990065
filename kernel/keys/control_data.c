// SPDX-License-Identifier: GPL-2.0
/* keyctl(2): what a key holds, and what is known of it. */
#include <kernel/init.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "internal.h"

/* keyctl(KEYCTL_UPDATE, key, payload, size) */
int64_t control_update(const uint64_t *a)
{
	struct key_payload *p;
	struct key_found f;
	int err;

	if (a[2] > PAGE_SIZE)
		return -EINVAL;
	p = key_payload_from_user(a[1], a[2]);
	if (IS_ERR(p))
		return PTR_ERR(p);
	keys_begin();
	err = key_lookup((int32_t)a[0], 0, LINUX_KEY_WRITE, &f);
	if (!err)
		err = f.key->type->updates ? key_type_accepts(f.key->type, f.key->description, p ? p->size : 0) : -EOPNOTSUPP;
	if (!err)
		err = key_replace(f.key, p);
	keys_end();
	if (err)
		key_payload_put(p);
	return err;
}

/* "type;user;group;rights;description". It is all there, or nothing. */
int64_t control_describe(const uint64_t *a)
{
	size_t size = 64 + KEY_TYPE_SIZE + KEY_DESCRIPTION_SIZE;
	char *text = kzalloc(size);
	struct key_found f;
	int64_t result;

	if (!text)
		return -ENOMEM;
	keys_begin();
	result = key_lookup((int32_t)a[0], LOOKUP_PARTIAL, LINUX_KEY_VIEW, &f);
	if (!result) {
		const struct key *k = f.key;

		format_text(text, size, "%s;%d;%d;%08x;%s", k->type->name, (int)uid_told(k->uid), (int)key_group_told(k), k->rights, k->description);
		result = (int64_t)strlen(text) + 1;
	}
	keys_end();
	if (result > 0 && a[1] && a[2] >= (uint64_t)result && copy_to_user(a[1], text, (size_t)result))
		result = -EFAULT;
	kfree(text);
	return result;
}

/* The numbers of the keys in @ring, as many as fit in @size bytes: NULL for none, ERR_PTR. */
static int32_t *numbers_of(const struct key *ring, size_t size)
{
	uint32_t nr = (uint32_t)MIN(size / sizeof(int32_t), (size_t)ring->nr_links);
	int32_t *numbers = nr ? kcalloc(nr, sizeof(*numbers)) : NULL;

	if (nr && !numbers)
		return ERR_PTR(-ENOMEM);
	for (uint32_t i = 0; i < nr; i++)
		numbers[i] = ring->links[i]->serial;
	return numbers;
}

/* May what the key holds be read? Who possesses it may even where only searching is allowed. */
static int read_check(int32_t id, struct key_found *f)
{
	if (key_lookup(id, LOOKUP_ANY, 0, f))
		return -ENOKEY;
	if (f->key->error)
		return f->key->error;
	if (!key_permits(f, LINUX_KEY_READ) && !f->possessed)
		return -EACCES;
	return f->key->type->reads ? key_check(f->key) : -EOPNOTSUPP;
}

/* keyctl(KEYCTL_READ, key, buffer, size): how much there is. Nothing is copied of what does not fit. */
int64_t control_read(const uint64_t *a)
{
	size_t room = a[1] ? a[2] : 0;
	struct key_payload *p = NULL;
	int32_t *numbers = NULL;
	struct key_found f;
	int64_t result;

	keys_begin();
	result = read_check((int32_t)a[0], &f);
	if (!result && f.key->type == &key_type_keyring) {
		result = (int64_t)(f.key->nr_links * sizeof(int32_t));
		numbers = numbers_of(f.key, room);
	} else if (!result) {
		p = f.key->payload;
		result = (int64_t)p->size;
		ref_get(&p->ref);
	}
	keys_end();
	if (IS_ERR(numbers))
		return PTR_ERR(numbers);
	if (result > 0 && (uint64_t)result <= room && copy_to_user(a[1], p ? (void *)p->data : numbers, (size_t)result))
		result = -EFAULT;
	key_payload_put(p);
	kfree(numbers);
	return result;
}

/* Nothing labels keys: the label is an empty text. */
int64_t control_get_security(const uint64_t *a)
{
	struct key_found f;
	int err;

	keys_begin();
	err = key_lookup((int32_t)a[0], LOOKUP_PARTIAL, LINUX_KEY_VIEW, &f);
	keys_end();
	if (err)
		return err;
	return a[1] && a[2] && copy_to_user(a[1], "", 1) ? -EFAULT : 1;
}

int64_t control_capabilities(const uint64_t *a)
{
	static const uint8_t known[] = {
		LINUX_KEYCTL_CAPS0_CAPABILITIES | LINUX_KEYCTL_CAPS0_PERSISTENT_KEYRINGS | LINUX_KEYCTL_CAPS0_BIG_KEY |
			LINUX_KEYCTL_CAPS0_INVALIDATE | LINUX_KEYCTL_CAPS0_RESTRICT_KEYRING | LINUX_KEYCTL_CAPS0_MOVE,
		LINUX_KEYCTL_CAPS1_NS_KEYRING_NAME | LINUX_KEYCTL_CAPS1_NS_KEY_TAG,
	};
	size_t size = MIN(a[1], sizeof(known));

	if (size && copy_to_user(a[0], known, size))
		return -EFAULT;
	if (a[1] > size && clear_user(a[0] + size, a[1] - size))
		return -EFAULT;
	return sizeof(known);
}
