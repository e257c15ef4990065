// SPDX-License-Identifier: GPL-2.0
/*
 * What users have in each user namespace (user-keyring(7), user-session-keyring(7), persistent-keyring(7)): made when it is asked for first. It
 * stays, so that who comes again finds it; of very many users those whose keyrings are empty and in nobody's hands are forgotten.
 * Lock: keys_begin(). A namespace can end where nothing may sleep: what it had waits on a list for the next who takes the lock.
 */
#include <lib/format.h>
#include <mm/slab.h>
#include "internal.h"

#define HOLDERS_KEPT	1024u
#define USER_RIGHTS	(POSSESSOR(LINUX_KEY_ALL & ~LINUX_KEY_SETATTR) | OWNER(LINUX_KEY_ALL))
#define PERSISTENT_RIGHTS (POSSESSOR(LINUX_KEY_ALL & ~LINUX_KEY_SETATTR) | OWNER(LINUX_KEY_VIEW | LINUX_KEY_READ))

/* Of one user in one namespace. Each is counted; NULL: not made yet. */
struct holder {
	struct list link, all_link;
	uint32_t uid;
	struct key *of_user, *of_session, *persistent;
};

struct key_register {
	struct list holders;
	struct key_register *next_dead;
};

static struct list all_holders = LIST_INIT(all_holders);
static uint32_t nr_holders, trim_at = HOLDERS_KEPT;
static struct key_register *dead;	/* by next_dead; only exchanged */

static void holder_free(struct holder *h)
{
	key_put(h->of_user);
	key_put(h->of_session);
	key_put(h->persistent);
	list_del(&h->link);
	list_del(&h->all_link);
	nr_holders--;
	kfree(h);
}

/* That of user @uid in the current namespace; NULL: there is none yet. */
static struct holder *holder_find(uint32_t uid)
{
	struct key_register *r = user_ns_of(&current->cred)->keys;
	struct holder *h;

	if (r)
		list_for_each(h, &r->holders, link)
			if (h->uid == uid)
				return h;
	return NULL;
}

static struct holder *holder_get(uint32_t uid)
{
	struct user_ns *u = user_ns_of(&current->cred);
	struct holder *h = holder_find(uid);

	if (h)
		return h;
	if (!u->keys) {
		u->keys = kzalloc(sizeof(*u->keys));
		if (!u->keys)
			return NULL;
		list_init(&u->keys->holders);
	}
	h = kzalloc(sizeof(*h));
	if (!h)
		return NULL;
	h->uid = uid;
	list_append(&u->keys->holders, &h->link);
	list_append(&all_holders, &h->all_link);
	nr_holders++;
	return h;
}

/* ---- Their keyrings ---- */

/* @prefix and the user's number inside. It has no group. ERR_PTR. */
static struct key *users_keyring(const char *prefix, uint32_t uid, uint32_t rights, enum key_counting how)
{
	char name[32];

	format_text(name, sizeof(name), "%s.%u", prefix, id_inside(current->cred.user_ns, ID_USER, uid));
	return keyring_create(name, uid, ID_NONE, rights, how);
}

/* One that searches know, and that keyctl(2) treats as the user's. */
static int keyring_of_user(struct key **to, const char *prefix, uint32_t uid)
{
	struct key *ring = *to ? *to : users_keyring(prefix, uid, USER_RIGHTS, COUNT);

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ring->flags |= KEY_OF_USER;
	*to = ring;
	return 0;
}

int user_keyrings(struct key **of_user, struct key **of_session)
{
	uint32_t uid = current->cred.uid;
	struct holder *h = holder_get(uid);
	bool is_new = h && !h->of_session;
	int err = h ? keyring_of_user(&h->of_user, "_uid", uid) : -ENOMEM;

	if (!err)
		err = keyring_of_user(&h->of_session, "_uid_ses", uid);
	if (!err && is_new) {
		err = keyring_link(h->of_session, h->of_user);
		if (err) {
			key_put(h->of_session);
			h->of_session = NULL;
		}
	}
	if (err)
		return err;
	if (of_user)
		*of_user = h->of_user;
	if (of_session)
		*of_session = h->of_session;
	return 0;
}

struct key *user_session_known(void)
{
	struct holder *h = holder_find(current->cred.uid);

	return h ? h->of_session : NULL;
}

struct key *user_persistent(uint32_t uid)
{
	struct holder *h = holder_get(uid);
	struct key *ring;

	if (!h)
		return ERR_PTR(-ENOMEM);
	if (h->persistent && !(h->persistent->flags & (KEY_REVOKED | KEY_INVALIDATED)))
		return h->persistent;
	ring = users_keyring("_persistent", uid, PERSISTENT_RIGHTS, COUNT_NOT);
	if (IS_ERR(ring))
		return ring;
	key_put(h->persistent);
	h->persistent = ring;
	return ring;
}

/* ---- Their end ---- */

static void forget_one(struct key **at, bool (*gone)(const struct key *k))
{
	if (!*at || !gone(*at))
		return;
	key_put(*at);
	*at = NULL;
}

void holders_forget(bool (*gone)(const struct key *k))
{
	struct holder *h;

	list_for_each(h, &all_holders, all_link) {
		forget_one(&h->of_user, gone);
		forget_one(&h->of_session, gone);
		forget_one(&h->persistent, gone);
	}
}

/* Would nobody see the difference if it were made anew? */
static bool is_idle(const struct holder *h)
{
	const struct key *u = h->of_user, *s = h->of_session, *p = h->persistent;

	if (p && (p->nr_links || ref_count(&p->ref) > 1))
		return false;
	if (s && (s->nr_links > 1 || ref_count(&s->ref) > 1 || (s->nr_links && s->links[0] != u)))
		return false;
	return !u || (!u->nr_links && ref_count(&u->ref) <= 1 + (s ? s->nr_links : 0));
}

void holders_trim(void)
{
	struct holder *h, *tmp;

	if (nr_holders < trim_at)
		return;
	list_for_each_safe(h, tmp, &all_holders, all_link)
		if (is_idle(h))
			holder_free(h);
	trim_at = MAX(HOLDERS_KEPT, 2 * nr_holders);
}

void keys_ns_gone(struct user_ns *u)
{
	struct key_register *r = u->keys;

	if (likely(!r))
		return;
	r->next_dead = __atomic_load_n(&dead, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&dead, &r->next_dead, r, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
}

void holders_bury(void)
{
	struct key_register *r = READ_ONCE(dead) ? __atomic_exchange_n(&dead, NULL, __ATOMIC_ACQ_REL) : NULL, *next;
	struct holder *h, *tmp;

	for (; r; r = next) {
		next = r->next_dead;
		list_for_each_safe(h, tmp, &r->holders, link)
			holder_free(h);
		kfree(r);
	}
}

bool holders_are_dead(void)
{
	return READ_ONCE(dead);
}
