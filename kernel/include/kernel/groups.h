/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of supplementary groups (credentials(7)), shared and never changed. NULL is the empty one. Any context. */
#ifndef KERNEL_GROUPS_H
#define KERNEL_GROUPS_H

#include <kernel/types.h>

#define GROUPS_MOST	65536u	/* in a list: NGROUPS_MAX */

struct group_list;
struct process;

void group_list_get(struct group_list *l);
void group_list_put(struct group_list *l);
/* Those of thread @tid of @p, with a reference; @tid 0: the process's. */
struct group_list *group_list_of(struct process *p, pid_t tid);
bool group_list_has(const struct group_list *l, uint32_t gid);
uint32_t group_list_nr(const struct group_list *l);
uint32_t group_list_at(const struct group_list *l, uint32_t i);

#endif
