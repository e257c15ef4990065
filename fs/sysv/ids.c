// SPDX-License-Identifier: GPL-2.0
/* System V numbers, keys and permissions: a table of each namespace for each kind, a number being the slot and how often that was used. */
#include <fs/vfs.h>
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "ids.h"

#define ID_SHIFT	9
#define SEQUENCE_MASK	0x7fffu
#define SLOTS_IN_TURN	64u

struct sysv_perm *sysv_find(struct sysv_ids *ids, int id)
{
	struct sysv_perm *perm;

	if (id < 0)
		return ERR_PTR(-EINVAL);
	perm = ids->slots[id & (SYSV_SLOTS - 1)];
	return perm && perm->id == id ? perm : ERR_PTR(-EINVAL);
}

struct sysv_perm *sysv_at(struct sysv_ids *ids, int index)
{
	if (index < 0 || index >= (int)SYSV_SLOTS || !ids->slots[index])
		return ERR_PTR(-EINVAL);
	return ids->slots[index];
}

struct sysv_perm *sysv_find_or_at(struct sysv_ids *ids, int number, bool is_index)
{
	return is_index ? sysv_at(ids, number) : sysv_find(ids, number);
}

struct sysv_perm *sysv_find_key(struct sysv_ids *ids, int32_t key)
{
	for (unsigned int i = 0; i < SYSV_SLOTS && key != LINUX_IPC_PRIVATE; i++)
		if (ids->slots[i] && ids->slots[i]->key == key)
			return ids->slots[i];
	return NULL;
}

/* The first free slot from ids->turn on, of some more than are in use, so that numbers return late; SYSV_SLOTS: none. */
static unsigned int slot_in_turn(struct sysv_ids *ids)
{
	unsigned int range = MIN(MAX(ids->nr_used * 3 / 2, SLOTS_IN_TURN), SYSV_SLOTS);

	for (unsigned int tries = 0, slot = ids->turn; tries <= range; tries++, slot++) {
		if (slot >= range)
			slot = 0;
		if (ids->slots[slot])
			continue;
		if (slot < ids->turn)
			ids->sequence = (ids->sequence + 1) & SEQUENCE_MASK;
		ids->turn = slot + 1;
		return slot;
	}
	return SYSV_SLOTS;
}

int sysv_add(struct sysv_ids *ids, struct sysv_perm *perm, int32_t key, uint32_t flags)
{
	const struct credentials *c = &current->cred;
	int wanted = READ_ONCE(ids->next);
	unsigned int slot;

	WRITE_ONCE(ids->next, -1);
	if (ids->nr_used >= READ_ONCE(ids->most))
		return -ENOSPC;
	slot = wanted < 0 ? slot_in_turn(ids) : (unsigned int)wanted & (SYSV_SLOTS - 1);
	while (slot < SYSV_SLOTS && ids->slots[slot])
		slot++;
	if (slot == SYSV_SLOTS)
		return -ENOSPC;
	*perm = (struct sysv_perm){ .key = key, .uid = c->euid, .cuid = c->euid, .gid = c->egid, .cgid = c->egid, .mode = flags & 0777,
				    .sequence = wanted < 0 ? ids->sequence : (uint16_t)(wanted >> ID_SHIFT) };
	perm->id = (int)((perm->sequence & SEQUENCE_MASK) << ID_SHIFT | slot);
	ids->slots[slot] = perm;
	ids->nr_used++;
	return perm->id;
}

void sysv_remove(struct sysv_ids *ids, const struct sysv_perm *perm)
{
	ids->slots[perm->id & (SYSV_SLOTS - 1)] = NULL;
	ids->nr_used--;
}

int sysv_last_index(const struct sysv_ids *ids)
{
	int index = SYSV_SLOTS - 1;

	while (index > 0 && !ids->slots[index])
		index--;
	return index;
}

bool sysv_privileged(unsigned int cap)
{
	return privileged_in(ipc_ns_current()->ns.owner, cap);
}

bool sysv_is_owner(const struct sysv_perm *perm)
{
	uint32_t euid = current->cred.euid;

	return sysv_privileged(LINUX_CAP_SYS_ADMIN) || euid == perm->uid || euid == perm->cuid;
}

int sysv_access(const struct sysv_perm *perm, uint32_t want)
{
	unsigned int shift = 0;

	if (sysv_privileged(LINUX_CAP_IPC_OWNER))
		return 0;
	if (sysv_is_owner(perm))
		shift = 6;
	else if (current_in_group(perm->gid) || current_in_group(perm->cgid))
		shift = 3;
	return (perm->mode >> shift & want) == want ? 0 : -EACCES;
}

int sysv_get(const struct sysv_perm *perm, uint32_t flags)
{
	int err;

	if ((flags & LINUX_IPC_CREAT) && (flags & LINUX_IPC_EXCL))
		return -EEXIST;
	err = sysv_access(perm, (flags >> 6 | flags >> 3 | flags) & 7);
	return err ? err : perm->id;
}

void sysv_show(const struct sysv_perm *perm, struct linux_ipc_perm *to)
{
	*to = (struct linux_ipc_perm){ .key = perm->key, .uid = uid_told(perm->uid), .gid = gid_told(perm->gid),
				       .cuid = uid_told(perm->cuid), .cgid = gid_told(perm->cgid), .mode = perm->mode, .sequence = perm->sequence };
}

int sysv_set(struct sysv_perm *perm, const struct linux_ipc_perm *from)
{
	if (!sysv_is_owner(perm))
		return -EPERM;
	if (uid_meant(from->uid) == ID_NONE || gid_meant(from->gid) == ID_NONE)
		return -EINVAL;
	perm->uid = uid_meant(from->uid);
	perm->gid = gid_meant(from->gid);
	perm->mode = (perm->mode & ~0777u) | (from->mode & 0777);
	return 0;
}
