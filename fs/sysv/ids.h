/* SPDX-License-Identifier: GPL-2.0 */
/* What the three kinds of System V objects share: numbers, keys, owners and permissions (svipc(7)). */
#ifndef FS_SYSV_IDS_H
#define FS_SYSV_IDS_H

#include <fs/ipc_ns.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux_ipc.h>

/* The first member of every object. Guarded by the lock of its table. */
struct sysv_perm {
	int32_t key;
	int id;
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t sequence;
};

/* All with the lock of @ids's kind held, and of the caller's namespace. */

/* ERR_PTR(-EINVAL): no such number, or none any more. */
struct sysv_perm *sysv_find(struct sysv_ids *ids, int id);
struct sysv_perm *sysv_at(struct sysv_ids *ids, int index);	/* ERR_PTR(-EINVAL) */
struct sysv_perm *sysv_find_key(struct sysv_ids *ids, int32_t key);	/* NULL: there is none */
/* For the commands that list: *_STAT takes an index, all others a number. */
struct sysv_perm *sysv_find_or_at(struct sysv_ids *ids, int number, bool is_index);
/* A new object of the caller's: its number, or -ENOSPC. */
int sysv_add(struct sysv_ids *ids, struct sysv_perm *perm, int32_t key, uint32_t flags);
void sysv_remove(struct sysv_ids *ids, const struct sysv_perm *perm);
int sysv_last_index(const struct sysv_ids *ids);	/* 0 also when there is none */

/* For *get() on an object that is there: its number, -EEXIST, -EACCES. */
int sysv_get(const struct sysv_perm *perm, uint32_t flags);
/* Over what is in the namespace. */
bool sysv_privileged(unsigned int cap);
bool sysv_is_owner(const struct sysv_perm *perm);
/* May the caller have @want, bits of one rwx triple? 0 or -EACCES. */
int sysv_access(const struct sysv_perm *perm, uint32_t want);
void sysv_show(const struct sysv_perm *perm, struct linux_ipc_perm *to);
/* IPC_SET's part: 0 or -EPERM. */
int sysv_set(struct sysv_perm *perm, const struct linux_ipc_perm *from);

#endif
