// SPDX-License-Identifier: GPL-2.0
/*
 * Argument strings between two programs: copied out of the old space (or from the kernel) into pages, at most 2 MiB, each string at most
 * 128 KiB as on Linux. User memory may change while it is read; only the counts taken here are believed later. No locks.
 */
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "exec.h"

#define STRING_MAX	(128ul << 10)
#define STRINGS_MAX	65536u

int exec_args_init(struct exec_args *args)
{
	memset(args, 0, sizeof(*args));
	args->pages = kcalloc(EXEC_PAGES_MAX, sizeof(*args->pages));
	return args->pages ? 0 : -ENOMEM;
}

void exec_args_free(struct exec_args *args)
{
	if (!args->pages)
		return;
	for (unsigned int i = 0; i < EXEC_PAGES_MAX && args->pages[i]; i++)
		kfree(args->pages[i]);
	for (unsigned int i = 0; i < args->nr_prefix; i++)
		kfree(args->prefix[i]);
	kfree(args->pages);
	args->pages = NULL;
}

/* Room at the end: at least one byte, at most the rest of a page. NULL: -E2BIG or -ENOMEM in *err. */
static char *room_at_end(struct exec_args *args, size_t *room, int *err)
{
	size_t page = args->used / PAGE_SIZE, offset = args->used % PAGE_SIZE;

	*err = -E2BIG;
	if (page >= EXEC_PAGES_MAX)
		return NULL;
	*err = -ENOMEM;
	if (!args->pages[page])
		args->pages[page] = kzalloc(PAGE_SIZE);
	if (!args->pages[page])
		return NULL;
	*room = PAGE_SIZE - offset;
	return args->pages[page] + offset;
}

static int string_from_user(struct exec_args *args, uint64_t from)
{
	size_t copied = 0, room;

	while (copied < STRING_MAX) {
		int err;
		char *to = room_at_end(args, &room, &err);
		ssize_t length;

		if (!to)
			return err;
		length = strncpy_from_user(to, from + copied, room);
		if (length >= 0) {
			args->used += length + 1;
			return 0;
		}
		if (length != -ENAMETOOLONG)
			return length;
		if (copy_from_user(to, from + copied, room))
			return -EFAULT;
		args->used += room;
		copied += room;
	}
	return -E2BIG;
}

static int strings_from_user(struct exec_args *args, uint64_t vector, unsigned int *count)
{
	uint64_t string;
	int err = 0;

	for (*count = 0; vector && !err; vector += sizeof(string)) {
		err = get_user64(&string, vector);
		if (err || !string)
			return err;
		if (++*count > STRINGS_MAX)
			return -E2BIG;
		err = string_from_user(args, string);
	}
	return err;
}

static int string_from_kernel(struct exec_args *args, const char *from)
{
	size_t left = strlen(from) + 1, room;

	while (left) {
		int err;
		char *to = room_at_end(args, &room, &err);

		if (!to)
			return err;
		room = MIN(room, left);
		memcpy(to, from, room);
		args->used += room;
		from += room;
		left -= room;
	}
	return 0;
}

/* Who has no arguments gets an empty one, as on Linux: programs that skip the first would take their environment for arguments. */
int exec_args_from_user(struct exec_args *args, uint64_t argv, uint64_t envp)
{
	int err = strings_from_user(args, argv, &args->argc);

	if (!err && !args->argc) {
		err = string_from_kernel(args, "");
		args->argc = 1;
	}
	args->env_offset = args->used;
	return err ? err : strings_from_user(args, envp, &args->envc);
}

static int strings_from_kernel(struct exec_args *args, const char *const *vector, unsigned int *count)
{
	int err = 0;

	for (*count = 0; vector && vector[*count] && !err; ++*count)
		err = string_from_kernel(args, vector[*count]);
	return err;
}

int exec_args_from_kernel(struct exec_args *args, const char *const *argv, const char *const *envp)
{
	int err = strings_from_kernel(args, argv, &args->argc);

	args->env_offset = args->used;
	return err ? err : strings_from_kernel(args, envp, &args->envc);
}

static int prefix_insert(struct exec_args *args, unsigned int at, const char *text)
{
	char *copy;

	if (args->nr_prefix == EXEC_PREFIX_MAX)
		return -ELOOP;
	copy = kstrdup(text);
	if (!copy)
		return -ENOMEM;
	memmove(&args->prefix[at + 1], &args->prefix[at], (args->nr_prefix - at) * sizeof(args->prefix[0]));
	args->prefix[at] = copy;
	args->nr_prefix++;
	return 0;
}

/* The interpreter of an interpreter finds the first one's path already in front. */
int exec_args_script(struct exec_args *args, const char *interp, const char *option, const char *path)
{
	int err = args->skip_first ? 0 : prefix_insert(args, 0, path);

	if (!err && option)
		err = prefix_insert(args, 0, option);
	if (!err)
		err = prefix_insert(args, 0, interp);
	args->skip_first = true;
	return err;
}
