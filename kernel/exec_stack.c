// SPDX-License-Identifier: GPL-2.0
/*
 * The first stack of a program, from the top: path, environment and argument strings, platform name, random bytes, auxiliary vector,
 * pointers, count (AMD64 psABI 3.4.1). Written through the pages of the new space, which is not loaded yet.
 */
#include <fs/internal.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <asm/thread.h>
#include "exec.h"

#define STACK_FIRST	(132ul << 10)	/* mapped beyond the arguments; the rest grows */
#define STACK_RESIDENT	(256ul << 10)	/* all a driver gets */
#define AUX_MAX		24

static const char platform[16] = "x86_64";

/* Words are gathered and written a page at a time, upwards from @at. */
struct word_writer {
	struct space *space;
	uint64_t at;
	uint64_t *words;
	unsigned int nr;
	int err;
};

static void words_flush(struct word_writer *w)
{
	size_t size = w->nr * sizeof(*w->words);

	if (!w->err && size && space_write(w->space, w->at, w->words, size) != (ssize_t)size)
		w->err = -ENOMEM;
	w->at += size;
	w->nr = 0;
}

static void word_put(struct word_writer *w, uint64_t word)
{
	w->words[w->nr++] = word;
	if (w->nr == PAGE_SIZE / sizeof(word))
		words_flush(w);
}

static size_t first_length(const struct exec_args *args)
{
	size_t n = 0;

	if (!args->skip_first || !args->argc)
		return 0;
	while (n < args->env_offset && args->pages[n / PAGE_SIZE][n % PAGE_SIZE])
		n++;
	return n + 1;
}

static size_t prefix_length(const struct exec_args *args)
{
	size_t n = 0;

	for (unsigned int i = 0; i < args->nr_prefix; i++)
		n += strlen(args->prefix[i]) + 1;
	return n;
}

static int stack_map(struct exec_image *image, uint64_t needed)
{
	uint64_t size = ALIGN_UP(needed + STACK_FIRST, PAGE_SIZE);
	uint32_t flags = VM_READ | VM_WRITE | (image->plan.exec_stack ? VM_EXEC : 0);
	int64_t at;

	if (image->resident) {
		size = MAX(size, STACK_RESIDENT);
		flags |= VM_RESIDENT;
	} else {
		flags |= VM_STACK;
	}
	at = space_map(image->space, image->stack_top - size, size, flags,
		       LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE, NULL, 0);
	return at < 0 ? (int)at : 0;
}

static int put_bytes(struct exec_image *image, uint64_t *at, const void *from, size_t n)
{
	ssize_t done = space_write(image->space, *at, from, n);

	*at += n;
	return done == (ssize_t)n ? 0 : -ENOMEM;
}

/* Prefix, then the gathered strings from @skip on, upwards from @at. */
static int strings_put(struct exec_image *image, const struct exec_args *args, uint64_t at, size_t skip)
{
	int err = 0;

	for (unsigned int i = 0; i < args->nr_prefix && !err; i++)
		err = put_bytes(image, &at, args->prefix[i], strlen(args->prefix[i]) + 1);
	while (skip < args->used && !err) {
		size_t n = MIN(PAGE_SIZE - skip % PAGE_SIZE, args->used - skip);

		err = put_bytes(image, &at, args->pages[skip / PAGE_SIZE] + skip % PAGE_SIZE, n);
		skip += n;
	}
	return err;
}

/* Write the address of @count strings that begin at byte *offset; @delta turns an offset into an address. */
static void pointers_put(struct word_writer *w, const struct exec_args *args, size_t *offset, uint64_t delta, unsigned int count)
{
	while (count--) {
		word_put(w, delta + *offset);
		while (*offset < args->used && args->pages[*offset / PAGE_SIZE][*offset % PAGE_SIZE])
			++*offset;
		if (*offset < args->used)
			++*offset;
	}
	word_put(w, 0);
}

static unsigned int aux_fill(const struct exec_image *image, uint64_t *aux, uint64_t random, uint64_t name)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;
	const uint64_t all[][2] = {
		{ LINUX_AT_HWCAP, 0 }, { LINUX_AT_SYSINFO_EHDR, image->vdso }, { LINUX_AT_PAGESZ, PAGE_SIZE }, { LINUX_AT_CLKTCK, LINUX_CLK_TCK },
		{ LINUX_AT_PHDR, image->plan.phdr ? image->base + image->plan.phdr : 0 },
		{ LINUX_AT_PHENT, sizeof(struct elf_segment) }, { LINUX_AT_PHNUM, image->plan.phnum },
		{ LINUX_AT_BASE, image->interp_base }, { LINUX_AT_FLAGS, 0 }, { LINUX_AT_ENTRY, image->base + image->plan.entry },
		{ LINUX_AT_UID, uid_told(image->cred.uid) }, { LINUX_AT_EUID, uid_told(image->cred.euid) },
		{ LINUX_AT_GID, gid_told(image->cred.gid) },
		{ LINUX_AT_EGID, gid_told(image->cred.egid) }, { LINUX_AT_SECURE, image->secure }, { LINUX_AT_RANDOM, random },
		{ LINUX_AT_EXECFN, name }, { LINUX_AT_PLATFORM, random + 16 }, { LINUX_AT_HWCAP2, 0 },
		{ LINUX_AT_MINSIGSTKSZ, sizeof(struct linux_sigframe) + arch_fpu_frame_size() + 256 }, { LINUX_AT_NULL, 0 },
	};

	_Static_assert(ARRAY_SIZE(all) <= AUX_MAX, "the auxiliary vector has room");
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	memcpy(aux, all, sizeof(all));
	aux[1] = edx;
	return ARRAY_SIZE(all) * 2;
}

static int pointers_write(struct exec_image *image, const struct exec_args *args, const uint64_t *aux, unsigned int nr_aux, size_t skip)
{
	uint64_t at = image->arg_start;
	struct word_writer w = { .space = image->space, .at = image->sp, .words = kzalloc(PAGE_SIZE) };
	unsigned int argc = args->argc - (skip ? 1 : 0);

	if (!w.words)
		return -ENOMEM;
	word_put(&w, args->nr_prefix + argc);
	for (unsigned int i = 0; i < args->nr_prefix; i++) {
		word_put(&w, at);
		at += strlen(args->prefix[i]) + 1;
	}
	at -= skip;
	pointers_put(&w, args, &skip, at, argc);
	pointers_put(&w, args, &skip, at, args->envc);
	for (unsigned int i = 0; i < nr_aux; i++)
		word_put(&w, aux[i]);
	words_flush(&w);
	kfree(w.words);
	return w.err;
}

int exec_stack_build(struct exec_image *image, const struct exec_args *args)
{
	size_t skip = first_length(args), prefix = prefix_length(args), name_size = strlen(image->path) + 1;
	size_t strings = prefix + args->used - skip;
	uint64_t name = image->stack_top - 8 - name_size, random, low;
	size_t nr_words = 1 + args->nr_prefix + args->argc + 1 + args->envc + 1 + AUX_MAX * 2;
	uint64_t aux[AUX_MAX * 2], seed[2];
	unsigned int nr_aux;
	int err;

	if (strings + nr_words * 8 > image->stack_limit / 4)
		return -E2BIG;
	image->arg_start = name - strings;
	image->env_end = name;
	image->arg_end = image->env_start = image->arg_start + prefix + args->env_offset - skip;
	random = ALIGN_DOWN(image->arg_start - sizeof(seed) - sizeof(platform), 16ul);
	nr_aux = aux_fill(image, aux, random, name);
	low = 8 * (1 + args->nr_prefix + args->argc - (skip ? 1 : 0) + 1 + args->envc + 1 + nr_aux);
	image->sp = ALIGN_DOWN(random - low, 16ul);
	memcpy(image->auxv, aux, MIN(nr_aux * sizeof(*aux), sizeof(image->auxv)));
	random_bytes(seed, sizeof(seed));
	err = stack_map(image, image->stack_top - image->sp);
	if (!err)
		err = put_bytes(image, &name, image->path, name_size);
	if (!err)
		err = strings_put(image, args, image->arg_start, skip);
	low = random;
	if (!err)
		err = put_bytes(image, &low, seed, sizeof(seed));
	if (!err)
		err = put_bytes(image, &low, platform, sizeof(platform));
	return err ? err : pointers_write(image, args, aux, nr_aux, skip);
}
