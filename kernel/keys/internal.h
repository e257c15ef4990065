/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside kernel/keys/. One mutex guards all keys, keyrings, who pays for them and what threads hold: keys_begin() to keys_end(). Nothing is copied
 * from or to programs under it. What is let go of in between stays until keys_end(), so a key that was found there needs no reference.
 */
#ifndef KERNEL_KEYS_INTERNAL_H
#define KERNEL_KEYS_INTERNAL_H

#include <kernel/keys.h>
#include <kernel/list.h>
#include <kernel/ref.h>
#include <kernel/thread.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux_keys.h>

#define KEY_TYPE_SIZE		32u	/* of its name, the end included */
#define KEY_DESCRIPTION_SIZE	4096u
#define KEY_PAYLOAD_MAX		(1024u * 1024u - 1)
#define KEY_DEPTH_MAX		6u	/* of keyrings in keyrings that are searched */
#define KEY_LINK_BYTES		4u	/* what a link counts for the keyring's payer */

#define POSSESSOR(rights)	((uint32_t)(rights) << 24)
#define OWNER(rights)		((uint32_t)(rights) << 16)

/* Of struct key. */
#define KEY_REVOKED		0x1u
#define KEY_INVALIDATED		0x2u
#define KEY_COUNTED		0x4u	/* for its payer */
#define KEY_OF_USER		0x8u	/* the keyring of a user, or of their sessions */
#define KEY_RESTRICTED		0x10u	/* a keyring to which nothing can be linked any more */
#define KEY_DYING		0x20u	/* no reference is left; freed by keys_end() */

struct key_type {
	const char *name;
	size_t most;			/* bytes of what it holds; 0: a keyring */
	bool reads, updates;
	size_t counts;			/* what it counts for its payer whatever it holds; 0: its bytes */
	bool (*describes)(const char *description);	/* may it be called that? NULL: yes */
};
extern const struct key_type key_type_keyring;

/* What a key holds. It does not change; another takes its place. */
struct key_payload {
	struct ref ref;
	size_t size;
	uint8_t data[];
};

/* Who pays: a user of the first user namespace. Lives as long as keys that it pays for. */
struct key_payer {
	struct list link;		/* in order of uid */
	uint32_t uid;
	uint64_t nr, nr_counted, bytes;	/* keys; those that are counted, and their bytes as Linux counts them */
	uint64_t memory;		/* that they really take */
};

struct key {
	struct ref ref;
	int32_t serial;
	const struct key_type *type;
	struct key_payer *payer;
	uint32_t uid, gid;		/* the owner; uid also read without the lock */
	uint32_t rights, flags;
	int error;			/* negative: searches for it end with this; it holds nothing */
	time_ns_t expiry;		/* 0: never */
	char *description;
	uint32_t hash;			/* of type and description */
	uint64_t counted_bytes, counted_data;	/* of all that it counts, and of what it holds */
	uint64_t memory;
	struct key_payload *payload;	/* NULL: none, or a keyring */
	struct key **links;		/* of a keyring, counted, in the order in which they came */
	uint32_t nr_links, room;
	struct list named;		/* a keyring that has a name, among those of all namespaces */
	uint64_t names_of;		/* the user namespace that knows it by name; 0: none */
	struct key *less, *more;	/* by serial (serial.c); among the dying, less is the next */
	uint64_t seen;			/* the last walk that came here (search.c), and how deep */
	uint32_t seen_depth;
	uint64_t possessed;		/* the last walk that found it in the caller's possession */
};

/* Its group, as the current thread is told. */
static inline uint32_t key_group_told(const struct key *k)
{
	return k->gid == ID_NONE ? ID_OVERFLOW : gid_told(k->gid);
}

struct key_found {
	struct key *key;
	bool possessed;
};

/* ---- key.c ---- */
void keys_begin(void);
void keys_end(void);

enum key_counting { COUNT, COUNT_ANYWAY, COUNT_NOT };
/* A key that holds nothing yet, with one reference: ERR_PTR(-EINVAL, -EDQUOT, -ENOMEM). */
struct key *key_create(const struct key_type *type, const char *description, uint32_t uid, uint32_t gid, uint32_t rights, enum key_counting how);
void key_get(struct key *k);
void key_put(struct key *k);		/* NULL is fine */
const struct key_type *key_type_find(const char *name);
/* May what @k is called and holds be so? -EINVAL. */
int key_type_accepts(const struct key_type *type, const char *description, size_t size);
/* @k holds @p (NULL for a keyring), taken over when there is no error: -EDQUOT, -ENOMEM. */
int key_fill(struct key *k, struct key_payload *p);
/* The same for one that held something, or an error. */
int key_replace(struct key *k, struct key_payload *p);
void key_revoke(struct key *k);
void key_invalidate(struct key *k);
void key_set_timeout(struct key *k, uint32_t seconds);
bool key_expired(const struct key *k);
/* 0, -ENOKEY, -EKEYREVOKED, -EKEYEXPIRED. */
int key_check(const struct key *k);
/* May the current thread do with it what LINUX_KEY_* @right stands for? */
bool key_permits(const struct key_found *f, uint32_t right);
uint32_t key_hash(const struct key_type *type, const char *description);
void key_payload_put(struct key_payload *p);	/* any context */

/* ---- payer.c ---- */
struct key_payer *payer_get(uint32_t uid);	/* with one more key; NULL: out of memory */
void payer_put(struct key_payer *p);		/* with one fewer */
/* Is there room for @keys and @bytes more? */
bool payer_has_room(const struct key_payer *p, uint64_t keys, uint64_t bytes);
/* @k takes @bytes more, or fewer: -EDQUOT (the user's part), -ENOMEM (everybody's). */
int key_memory_change(struct key *k, int64_t bytes);
/* What @k holds counts @bytes from now on. -EDQUOT. */
int key_count_data(struct key *k, uint64_t bytes);
uint64_t key_footprint(size_t bytes);
/* seconds */
uint64_t keys_gc_delay(void), keys_persistent_expiry(void);
struct key_payer *payer_after(const struct key_payer *p);
void payer_limits(const struct key_payer *p, uint64_t *keys, uint64_t *bytes);

/* ---- serial.c: all keys by their numbers ---- */
void serial_give(struct key *k);
void serial_take(struct key *k);
struct key *serial_find(int32_t serial);
/* The key with the least number that is at least @serial. */
struct key *serial_from(int32_t serial);

/* ---- keyring.c ---- */
/* A place for a key in a keyring, before anything changes. */
struct key_slot {
	struct key *ring, *displaced;	/* NULL: it is a new link */
	uint32_t at;
};
/* -ENOTDIR, -EKEYREVOKED, -EDQUOT, -ENOMEM. Then one of the other two. */
int slot_take(struct key_slot *s, struct key *ring, const struct key_type *type, const char *description);
void slot_fill(struct key_slot *s, struct key *k);
void slot_give_back(struct key_slot *s);
struct key *keyring_find(const struct key *ring, const struct key_type *type, const char *description, uint32_t hash);
/* A keyring of the current user, called @name; linked from @ring unless that is NULL. ERR_PTR. */
struct key *keyring_create(const char *name, uint32_t uid, uint32_t gid, uint32_t rights, enum key_counting how);
int keyring_link(struct key *ring, struct key *k);
int keyring_unlink(struct key *ring, struct key *k);
int keyring_move(struct key *k, struct key *from, struct key *to, bool exclusive);
void keyring_clear(struct key *ring);
/* Take out every link to what @gone says is no more. */
void keyrings_purge(bool (*gone)(const struct key *k));
/* The keyring with that name in the current user namespace that may be searched, or NULL. */
struct key *keyring_by_name(const char *name);

/* ---- search.c ---- */
/* A key below @ring: 0; -EAGAIN: none; or what was wrong with the last one that was passed over. */
int keyring_search(const struct key_found *ring, const struct key_type *type, const char *description, struct key_found *f);
/* The same in what the current thread has. */
int possessions_search(const struct key_type *type, const char *description, struct key_found *f);
/* Does the current thread possess @k: can it find it? */
bool key_is_possessed(struct key *k);
/* Mark (key->possessed) all that it can find with the number that this returns. */
uint64_t possessions_mark(void);
/* Would a link from @ring to the keyring @k close a circle (-EDEADLK), or is there too much below @k (-ELOOP)? */
int keyring_check_circle(const struct key *ring, struct key *k);

/* ---- holder.c: what users have, by user namespace ---- */
/* The keyrings of the current user: made when they are not there. */
int user_keyrings(struct key **of_user, struct key **of_session);
/* That of sessions if it is there, or NULL. */
struct key *user_session_known(void);
/* The persistent keyring of @uid, made when it is not there: ERR_PTR. */
struct key *user_persistent(uint32_t uid);
/* Free those of namespaces that are no more; are there any? Forget those that nobody would miss. */
void holders_bury(void);
bool holders_are_dead(void);
void holders_trim(void);
void holders_forget(bool (*gone)(const struct key *k));

/* ---- thread.c: what threads have ---- */
int thread_keyring_install(void);
int process_keyring_install(void);
/* @ring, or a new one for NULL, is the session's from now on. */
int session_keyring_install(struct key *ring);

/* ---- lookup.c ---- */
#define LOOKUP_CREATE	0x1u	/* keyrings of the thread, its process and session come to be */
#define LOOKUP_PARTIAL	0x2u	/* also what searches pass over with an error of its own */
#define LOOKUP_ANY	0x4u	/* the caller asks for rights, and for what is wrong with it */
#define LOOKUP_UNLINK	0x8u	/* as it is, without any right */
int key_lookup(int32_t id, uint32_t flags, uint32_t right, struct key_found *f);
/* A program's text of at most @size bytes with its end, to be freed: ERR_PTR(-EFAULT, -EINVAL, -ENOMEM). */
char *key_text_from_user(uint64_t from, size_t size);
/* The name of a type: 0, -EFAULT, -EINVAL, -EPERM. */
int key_type_from_user(char name[KEY_TYPE_SIZE], uint64_t from);
/* What a key is to hold, one reference; NULL for no bytes: ERR_PTR(-EFAULT, -ENOMEM). */
struct key_payload *key_payload_from_user(uint64_t from, size_t size);

/* ---- control_*.c: parts of keyctl(2) ---- */
int64_t control_update(const uint64_t *a);
int64_t control_describe(const uint64_t *a);
int64_t control_read(const uint64_t *a);
int64_t control_get_security(const uint64_t *a);
int64_t control_capabilities(const uint64_t *a);
int64_t control_clear(const uint64_t *a);
int64_t control_link(const uint64_t *a);
int64_t control_unlink(const uint64_t *a);
int64_t control_search(const uint64_t *a);
int64_t control_move(const uint64_t *a);
int64_t control_restrict(const uint64_t *a);
int64_t control_get_persistent(const uint64_t *a);
int64_t control_join_session(const uint64_t *a);
int64_t control_session_to_parent(const uint64_t *a);

#endif
