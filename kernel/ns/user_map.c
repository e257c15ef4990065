// SPDX-License-Identifier: GPL-2.0
/*
 * Maps of user namespaces: numbers of users and groups inside and outside, and /proc/<pid>/uid_map, gid_map and setgroups, which say them. A
 * map is written once; readers take it as a whole. Locks: map_lock.
 */
#include <kernel/process.h>
#include <mm/slab.h>
#include "internal.h"

static struct mutex map_lock = MUTEX_INIT(map_lock, "id maps");

static const struct id_map *map_of(const struct user_ns *u, enum id_kind kind)
{
	return __atomic_load_n(&u->maps[kind], __ATOMIC_ACQUIRE);
}

uint32_t id_outside(const struct user_ns *u, enum id_kind kind, uint32_t inside)
{
	const struct id_map *map;

	if (!u || u == &user_ns_first)
		return inside;
	map = map_of(u, kind);
	for (uint32_t i = 0; map && i < map->nr; i++) {
		const struct id_range *r = &map->ranges[i];

		if (inside >= r->inside && inside - r->inside < r->count)
			return r->outside + (inside - r->inside);
	}
	return ID_NONE;
}

uint32_t id_inside(const struct user_ns *u, enum id_kind kind, uint32_t outside)
{
	const struct id_map *map;

	if (!u || u == &user_ns_first)
		return outside;
	map = map_of(u, kind);
	for (uint32_t i = 0; map && i < map->nr; i++) {
		const struct id_range *r = &map->ranges[i];

		if (outside >= r->outside && outside - r->outside < r->count)
			return r->inside + (outside - r->outside);
	}
	return ID_NONE;
}

uint32_t id_told_slow(enum id_kind kind, uint32_t outside)
{
	uint32_t id = id_inside(current->cred.user_ns, kind, outside);

	return id == ID_NONE ? ID_OVERFLOW : id;
}

/* ---- Writing ---- */

/* A decimal number behind blanks at *@text, which goes on behind it. */
static int number_read(char **text, uint32_t *value)
{
	uint64_t v = 0;
	char *at = *text;

	while (*at == ' ' || *at == '\t')
		at++;
	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++) {
		v = v * 10 + (uint64_t)(*at - '0');
		if (v >= ID_NONE)
			return -EINVAL;
	}
	if (*at && *at != ' ' && *at != '\t' && *at != '\n')
		return -EINVAL;
	*value = (uint32_t)v;
	*text = at;
	return 0;
}

static bool overlaps(uint32_t a, uint32_t b, const struct id_range *r, uint32_t other)
{
	return a < b + (uint64_t)other && b < a + (uint64_t)r->count;
}

/* "inside outside count" a line; outside is the parent's. */
static int range_read(char **text, struct id_map *map)
{
	struct id_range *r = &map->ranges[map->nr];
	int err;

	if (map->nr == ID_RANGES_MAX)
		return -EINVAL;
	err = number_read(text, &r->inside);
	if (!err)
		err = number_read(text, &r->outside);
	if (!err)
		err = number_read(text, &r->count);
	if (err)
		return err;
	while (**text == ' ' || **text == '\t')
		++*text;
	if ((**text && **text != '\n') || !r->count || r->inside + (uint64_t)r->count > ID_NONE || r->outside + (uint64_t)r->count > ID_NONE)
		return -EINVAL;
	*text += **text == '\n';
	for (uint32_t i = 0; i < map->nr; i++)
		if (overlaps(r->inside, map->ranges[i].inside, r, map->ranges[i].count) ||
		    overlaps(r->outside, map->ranges[i].outside, r, map->ranges[i].count))
			return -EINVAL;
	map->nr++;
	return 0;
}

/* Everybody may be themselves in what they made; as a group only where the supplementary ones cannot be dropped. */
static bool may_map(const struct user_ns *u, enum id_kind kind, const struct id_map *map, const struct credentials *who)
{
	unsigned int cap = kind == ID_USER ? LINUX_CAP_SETUID : LINUX_CAP_SETGID;

	if (map->nr == 1 && map->ranges[0].count == 1 && u->owner == who->euid) {
		uint32_t id = id_outside(u->parent, kind, map->ranges[0].outside);

		if (kind == ID_USER ? id == who->euid : id == who->egid && u->groups_denied)
			return true;
	}
	return privileged_in(u->parent, cap) && credentials_privileged_in(who, u->parent, cap);
}

/* From the parent's numbers to those of the first: each range must lie in one of the parent's. */
static int to_outside(const struct user_ns *parent, enum id_kind kind, struct id_map *map)
{
	for (uint32_t i = 0; i < map->nr; i++) {
		struct id_range *r = &map->ranges[i];
		uint32_t first = id_outside(parent, kind, r->outside), last = id_outside(parent, kind, r->outside + (r->count - 1));

		if (first == ID_NONE || last == ID_NONE || last - first != r->count - 1 || last < first)
			return -EPERM;
		if (parent != &user_ns_first) {
			const struct id_map *above = map_of(parent, kind);
			bool whole = false;

			for (uint32_t j = 0; j < above->nr; j++)
				whole |= r->outside >= above->ranges[j].inside &&
					 r->outside - above->ranges[j].inside + (uint64_t)r->count <= above->ranges[j].count;
			if (!whole)
				return -EPERM;
		}
		r->outside = first;
	}
	return 0;
}

static int map_make(const struct user_ns *u, enum id_kind kind, char *text, const struct credentials *who, struct id_map *map)
{
	int err = *text ? 0 : -EINVAL;

	while (!err && *text)
		err = range_read(&text, map);
	if (err)
		return err;
	return may_map(u, kind, map, who) ? to_outside(u->parent, kind, map) : -EPERM;
}

int user_ns_map_write(struct user_ns *u, enum id_kind kind, char *text, const struct credentials *who)
{
	struct id_map *map, *made;
	int err;

	if (!u->parent || (user_ns_of(who) != u && user_ns_of(who) != u->parent) || !credentials_privileged_in(who, u, LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	map = kzalloc(sizeof(*map) + ID_RANGES_MAX * sizeof(map->ranges[0]));
	if (!map)
		return -ENOMEM;
	mutex_lock(&map_lock);
	err = u->maps[kind] ? -EPERM : map_make(u, kind, text, who, map);
	made = err ? NULL : kzalloc(sizeof(*made) + map->nr * sizeof(made->ranges[0]));
	if (made) {
		memcpy(made, map, sizeof(*made) + map->nr * sizeof(made->ranges[0]));
		__atomic_store_n(&u->maps[kind], made, __ATOMIC_RELEASE);
	}
	mutex_unlock(&map_lock);
	kfree(map);
	return err ? err : made ? 0 : -ENOMEM;
}

int user_ns_groups_write(struct user_ns *u, const char *text)
{
	bool allow = !strcmp(text, "allow");
	int err = 0;

	if (!allow && strcmp(text, "deny"))
		return -EINVAL;
	mutex_lock(&map_lock);
	if (allow ? u->groups_denied : u->maps[ID_GROUP] || !u->parent)
		err = -EPERM;
	else if (!allow)
		u->groups_denied = true;
	mutex_unlock(&map_lock);
	return err;
}

bool user_ns_may_set_groups(const struct user_ns *u)
{
	return !u->parent || (map_of(u, ID_GROUP) && !READ_ONCE(u->groups_denied));
}
