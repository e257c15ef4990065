// SPDX-License-Identifier: GPL-2.0
/*
 * Which files lie where in a process: the description of a core file's note NT_FILE, as Linux's fs/binfmt_elf.c documents it. A count, the
 * size of a page, for each area start, end and offset in pages, then the names, each ended by NUL. Debuggers find programs and libraries by it.
 */
#include <fs/vfs.h>
#include <kernel/core_dump.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define HEAD_WORDS	2u
#define AREA_WORDS	3u
#define NAMES_MAX	(64u << 10)

struct list_of_files {
	uint64_t *words;
	unsigned int nr, most;
	char *names;
	size_t names_size;
};

static bool has_name(const struct vma *v)
{
	return v->file && v->file->mount;
}

static unsigned int areas_count(struct space *s)
{
	const struct vma *v;
	unsigned int nr = 0;

	mutex_lock(&s->lock);
	list_for_each(v, &s->areas, link)
		nr += has_name(v);
	mutex_unlock(&s->lock);
	return nr;
}

/* What there is no room for is left out. */
static void area_add(struct list_of_files *l, const struct vma *v, char *buffer)
{
	struct path at = { v->file->mount, v->file->dentry };
	const char *name = path_text(&at, buffer, LINUX_PATH_MAX);
	uint64_t *area = l->words + HEAD_WORDS + AREA_WORDS * l->nr;
	size_t size = IS_ERR(name) ? 0 : strlen(name) + 1;

	if (!size || l->nr == l->most || size > NAMES_MAX - l->names_size)
		return;
	area[0] = v->start;
	area[1] = v->end;
	area[2] = v->offset / PAGE_SIZE;
	memcpy(l->names + l->names_size, name, size);
	l->names_size += size;
	l->nr++;
}

static void areas_add(struct list_of_files *l, struct space *s, char *buffer)
{
	struct vma v;

	for (vaddr_t at = 0; space_area(s, at, &v, NULL); at = v.end) {
		if (has_name(&v))
			area_add(l, &v, buffer);
		file_put(v.file);
	}
}

void *core_files(struct space *s, size_t *size)
{
	struct list_of_files l = { .most = areas_count(s) };
	size_t words = (HEAD_WORDS + (size_t)AREA_WORDS * l.most) * sizeof(uint64_t);
	char *buffer = kzalloc(LINUX_PATH_MAX);

	l.words = kzalloc(words + NAMES_MAX + sizeof(uint32_t));
	l.names = kzalloc(NAMES_MAX);
	if (buffer && l.words && l.names) {
		areas_add(&l, s, buffer);
		l.words[0] = l.nr;
		l.words[1] = PAGE_SIZE;
		words = (HEAD_WORDS + (size_t)AREA_WORDS * l.nr) * sizeof(uint64_t);
		memcpy((char *)l.words + words, l.names, l.names_size);
		*size = ALIGN_UP(words + l.names_size, sizeof(uint32_t));
	} else {
		kfree(l.words);
		l.words = NULL;
	}
	kfree(l.names);
	kfree(buffer);
	return l.words;
}
