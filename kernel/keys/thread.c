// SPDX-License-Identifier: GPL-2.0
/*
 * The keyrings that a thread has: its own, its process's and its session's (thread-, process- and session-keyring(7)). As on Linux a thread gets
 * them when they are asked for, and the threads and processes that it makes get what it has by then: a process's threads of before do not.
 * Locks: keys_begin(); who writes another thread's holds process_tree_lock as well.
 */
#include <kernel/process.h>
#include <mm/slab.h>
#include "internal.h"

#define OWN_RIGHTS	(POSSESSOR(LINUX_KEY_ALL) | OWNER(LINUX_KEY_VIEW))
#define SESSION_RIGHTS	(POSSESSOR(LINUX_KEY_ALL) | OWNER(LINUX_KEY_VIEW | LINUX_KEY_READ))

static int install(struct key **at, const char *name)
{
	const struct credentials *c = &current->cred;
	struct key *ring;

	if (*at)
		return 0;
	ring = keyring_create(name, c->uid, c->gid, OWN_RIGHTS, COUNT_ANYWAY);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	*at = ring;
	return 0;
}

int thread_keyring_install(void)
{
	return install(&current->keys.thread, "_tid");
}

int process_keyring_install(void)
{
	return install(&current->keys.process, "_pid");
}

int session_keyring_install(struct key *ring)
{
	const struct credentials *c = &current->cred;
	struct key *old = current->keys.session;

	if (ring)
		key_get(ring);
	else
		ring = keyring_create("_ses", c->uid, c->gid, SESSION_RIGHTS, old ? COUNT : COUNT_ANYWAY);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	current->keys.session = ring;
	key_put(old);
	return 0;
}

/* A thread of one that has a keyring of its own gets one; without memory for it, when it asks. */
void keys_inherit_slow(struct thread *t, bool same_process)
{
	const struct thread_keys *from = &current->keys;
	const struct credentials *c = &current->cred;

	keys_begin();
	t->keys = (struct thread_keys){ .session = from->session, .default_ring = from->default_ring };
	if (t->keys.session)
		key_get(t->keys.session);
	if (same_process && from->process) {
		t->keys.process = from->process;
		key_get(t->keys.process);
	}
	if (same_process && from->thread) {
		struct key *own = keyring_create("_tid", c->uid, c->gid, OWN_RIGHTS, COUNT_ANYWAY);

		t->keys.thread = IS_ERR(own) ? NULL : own;
	}
	keys_end();
}

static void let_go(struct key **at)
{
	key_put(*at);
	*at = NULL;
}

void keys_exec(void)
{
	struct thread_keys *mine = &current->keys;

	if (likely(!mine->thread && !mine->process))
		return;
	keys_begin();
	let_go(&mine->thread);
	let_go(&mine->process);
	keys_end();
}

/* Nobody gives it a session any more: it is exiting, and process_tree_lock has been taken since. */
void keys_leave(void)
{
	struct thread_keys *mine = &current->keys;

	if (likely(!mine->thread && !mine->process && !mine->session && !holders_are_dead()))
		return;
	keys_begin();
	let_go(&mine->thread);
	let_go(&mine->process);
	let_go(&mine->session);
	keys_end();
}

void keys_owner_follow(uint32_t uid)
{
	struct key *own = current->keys.thread;

	if (unlikely(own))
		WRITE_ONCE(own->uid, uid);
}

/* keyctl(KEYCTL_JOIN_SESSION_KEYRING, name): the number of the keyring that is the session's then */
int64_t control_join_session(const uint64_t *a)
{
	char *name = a[0] ? key_text_from_user(a[0], KEY_DESCRIPTION_SIZE) : NULL;
	const struct credentials *c = &current->cred;
	struct key *ring = NULL, *made = NULL;
	int64_t result = 0;

	if (IS_ERR(name))
		return PTR_ERR(name);
	if (name && name[0] == '.') {
		kfree(name);
		return -EPERM;
	}
	keys_begin();
	if (name)
		ring = keyring_by_name(name);
	if (name && !ring)
		ring = made = keyring_create(name, c->uid, c->gid, SESSION_RIGHTS | OWNER(LINUX_KEY_LINK), COUNT);
	if (IS_ERR(ring))
		result = PTR_ERR(ring);
	else if (!ring || ring != current->keys.session)
		result = session_keyring_install(ring);
	else
		ring = NULL;	/* it is already: the answer is 0 */
	if (!result && (ring || !name))
		result = current->keys.session->serial;
	if (!IS_ERR(made))
		key_put(made);
	keys_end();
	kfree(name);
	return result;
}

/* Is the parent the same user, with a session that is this user's? */
static bool is_same_user(const struct credentials *c, const struct thread *parent)
{
	const struct credentials *p = &parent->cred;

	return p->uid == c->euid && p->euid == c->euid && p->suid == c->euid && p->gid == c->egid && p->egid == c->egid && p->sgid == c->egid &&
	       (!parent->keys.session || parent->keys.session->uid == c->euid);
}

/* The session of the parent's only thread becomes @session: what it had, to be put, or ERR_PTR(-EPERM). process_tree_lock held. */
static struct key *parent_give(struct process *parent, struct key *session)
{
	uint64_t flags = spin_lock_irq(&parent->lock);
	struct key *old = ERR_PTR(-EPERM);
	struct thread *t;

	list_for_each(t, &parent->threads, process_link) {
		if (parent->nr_threads != 1 || t->exiting || (t->keys.session != session && !is_same_user(&current->cred, t)))
			break;
		old = t->keys.session;
		t->keys.session = session;
		break;
	}
	spin_unlock_irq(&parent->lock, flags);
	return old;
}

/* keyctl(KEYCTL_SESSION_TO_PARENT) */
int64_t control_session_to_parent(const uint64_t *a)
{
	struct process *parent;
	struct key_found f;
	struct key *old;
	uint64_t flags;
	int err;

	keys_begin();
	err = key_lookup(LINUX_KEY_SPEC_SESSION_KEYRING, 0, LINUX_KEY_LINK, &f);
	if (err) {
		keys_end();
		return err;
	}
	key_get(f.key);
	flags = spin_lock_irq(&process_tree_lock);
	parent = current_process->parent;
	old = parent && parent != init_process && f.key->uid == current->cred.euid ? parent_give(parent, f.key) : ERR_PTR(-EPERM);
	spin_unlock_irq(&process_tree_lock, flags);
	key_put(IS_ERR(old) ? f.key : old);
	keys_end();
	return IS_ERR(old) ? PTR_ERR(old) : 0;
}
