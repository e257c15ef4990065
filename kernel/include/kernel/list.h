/* SPDX-License-Identifier: GPL-2.0 */
/* Circular doubly linked lists. A node not on a list must be initialised with list_init() before list_empty() or list_del() is asked of it. */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include <kernel/types.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)	{ &(name), &(name) }

/* With CONFIG_LIST_CHECKED neighbours that do not point back are a panic, before anything is written through them. */
#ifndef LIST_CHECKED
#define LIST_CHECKED	0
#endif
void list_broken(const struct list *node) __noreturn;

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_insert(struct list *node, struct list *prev, struct list *next)
{
	if (LIST_CHECKED && unlikely(prev->next != next || next->prev != prev))
		list_broken(prev);
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

/* At the head, at the tail. */
static inline void list_push(struct list *l, struct list *node) { list_insert(node, l, l->next); }
static inline void list_append(struct list *l, struct list *node) { list_insert(node, l->prev, l); }

/* Remove; the node is left initialised, so removing twice is harmless. */
static inline void list_del(struct list *node)
{
	if (LIST_CHECKED && unlikely(node->prev->next != node || node->next->prev != node))
		list_broken(node);
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Move everything of @from to the end of @to. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(p, t, m)	container_of(p, t, m)
#define list_first(l, t, m)	list_entry((l)->next, t, m)
#define list_last(l, t, m)	list_entry((l)->prev, t, m)
#define list_for_each(pos, l, m)						\
	for (pos = list_entry((l)->next, __typeof__(*pos), m); &pos->m != (l);	\
	     pos = list_entry(pos->m.next, __typeof__(*pos), m))
#define list_for_each_safe(pos, tmp, l, m)					\
	for (pos = list_entry((l)->next, __typeof__(*pos), m),			\
	     tmp = list_entry(pos->m.next, __typeof__(*pos), m); &pos->m != (l); \
	     pos = tmp, tmp = list_entry(tmp->m.next, __typeof__(*tmp), m))

#endif
