// SPDX-License-Identifier: GPL-2.0
/*
 * Searching keyrings in keyrings, which may be searched (LINUX_KEY_SEARCH), KEY_DEPTH_MAX deep. Each keyring is walked again only when it is come to
 * by a shorter way than before, so a walk takes time for what there is, not for the ways that lead there. Lock: keys_begin().
 */
#include "internal.h"

struct walk {
	const struct key_type *type;	/* what is looked for: of this type and description, */
	const char *description;
	uint32_t hash;
	const struct key *exact;	/* or just this one, whatever became of it; */
	bool all;			/* or everything, to be marked */
	bool possessed;			/* what is found is the caller's */
	bool unchecked;			/* without rights, and -ELOOP where it is too deep: for circles */
	bool skips_expired;
	uint64_t number;		/* of this walk */
	struct key *found;
	int error;
};

static uint64_t walks;

static bool may_search(const struct walk *w, struct key *k)
{
	struct key_found f = { k, w->possessed };

	return w->unchecked || key_permits(&f, LINUX_KEY_SEARCH);
}

/* Is @k, of the right type and description, what is looked for? Else w->error says why not. */
static bool suits(struct walk *w, struct key *k)
{
	if (!w->exact && (k->flags & (KEY_INVALIDATED | KEY_REVOKED))) {
		w->error = -EKEYREVOKED;
	} else if (!w->exact && key_expired(k)) {
		w->error = w->skips_expired ? w->error : -EKEYEXPIRED;
	} else if (!may_search(w, k)) {
		w->error = -EACCES;
	} else if (!w->exact && k->error) {
		w->error = k->error;
	} else {
		w->found = k;
		return true;
	}
	return false;
}

static bool matches(const struct walk *w, const struct key *k)
{
	if (w->exact)
		return k == w->exact;
	return !w->all && k->hash == w->hash && k->type == w->type && !strcmp(k->description, w->description);
}

static void mark_all(struct walk *w, const struct key *ring)
{
	for (uint32_t i = 0; i < ring->nr_links; i++)
		if (may_search(w, ring->links[i]))
			ring->links[i]->possessed = w->number;
}

/* Is it in @ring, or below? At most KEY_DEPTH_MAX deep. */
static bool walk_into(struct walk *w, struct key *ring, unsigned int depth)
{
	if ((ring->seen == w->number && ring->seen_depth <= depth) || (ring->flags & KEY_REVOKED))
		return false;
	ring->seen = w->number;
	ring->seen_depth = depth;
	if (w->all)
		mark_all(w, ring);
	for (uint32_t i = 0; i < ring->nr_links && !w->all; i++)
		if (matches(w, ring->links[i]) && suits(w, ring->links[i]))
			return true;
	for (uint32_t i = 0; i < ring->nr_links; i++) {
		struct key *below = ring->links[i];

		if (below->type != &key_type_keyring)
			continue;
		if (depth >= KEY_DEPTH_MAX) {
			if (!w->unchecked)
				break;
			w->error = -ELOOP;
			return true;
		}
		if (may_search(w, below) && walk_into(w, below, depth + 1))
			return true;
	}
	return false;
}

/* 0 or what is to be told; -EAGAIN: nothing was met. */
static int walk_from(struct walk *w, struct key *ring)
{
	w->number = w->number ? w->number : ++walks;
	w->error = -EAGAIN;
	w->found = NULL;
	if (ring->type != &key_type_keyring)
		return -ENOTDIR;
	if (!may_search(w, ring))
		return -EACCES;
	if (w->all)
		ring->possessed = w->number;
	if (matches(w, ring))
		return suits(w, ring) ? 0 : w->error;
	(void)walk_into(w, ring, 0);
	return w->found ? 0 : w->error;
}

int keyring_search(const struct key_found *ring, const struct key_type *type, const char *description, struct key_found *f)
{
	struct walk w = { .type = type, .description = description, .hash = key_hash(type, description), .possessed = ring->possessed };
	int err = walk_from(&w, ring->key);

	*f = (struct key_found){ w.found, ring->possessed };
	return err;
}

/* Of two reasons why nothing was found: a key that says so, then that there is none, then that one may not look. */
static int worse(int told, int err)
{
	if (told == -ENOKEY || err == -ENOKEY)
		return -ENOKEY;
	return told == -EAGAIN || err == -EAGAIN ? -EAGAIN : err;
}

/* All that the current thread has, one after the other. */
static int walk_possessions(struct walk *w)
{
	const struct thread_keys *mine = &current->keys;
	struct key *const rings[] = { mine->thread, mine->process, mine->session ? mine->session : user_session_known() };
	int told = 0;

	w->possessed = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++) {
		int err = rings[i] ? walk_from(w, rings[i]) : 0;

		if (w->found)
			return 0;
		if (err)
			told = told ? worse(told, err) : err;
		w->number = w->all ? w->number : 0;
	}
	return told ? told : -EAGAIN;
}

int possessions_search(const struct key_type *type, const char *description, struct key_found *f)
{
	struct walk w = { .type = type, .description = description, .hash = key_hash(type, description), .skips_expired = true };
	int err = walk_possessions(&w);

	*f = (struct key_found){ w.found, true };
	return err;
}

bool key_is_possessed(struct key *k)
{
	struct walk w = { .exact = k };

	return !walk_possessions(&w);
}

uint64_t possessions_mark(void)
{
	struct walk w = { .all = true, .number = ++walks };

	(void)walk_possessions(&w);	/* it finds nothing */
	return w.number;
}

int keyring_check_circle(const struct key *ring, struct key *k)
{
	struct walk w = { .exact = ring, .unchecked = true };
	int err = walk_from(&w, k);

	return !err ? -EDEADLK : err == -EAGAIN ? 0 : err;
}
