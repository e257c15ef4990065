// SPDX-License-Identifier: GPL-2.0
/*
 * The manifest in a driver's ELF file: 64-bit little-endian x86-64, found by the section name ".ferry_manifest" (ELF gABI chapters
 * "ELF Header" and "Sections"). Every offset of the file is checked against its size before it is used.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "manifest.h"

#define FILE_MAX	(64u << 20)
#define SECTION		".ferry_manifest"

static int range_ok(size_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

static int header_ok(const unsigned char *image, size_t size, Elf64_Ehdr *h)
{
	if (!range_ok(size, 0, sizeof(*h)))
		return 0;
	memcpy(h, image, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return 0;
	if (h->e_machine != EM_X86_64 || h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shstrndx >= h->e_shnum)
		return 0;
	return range_ok(size, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr));
}

static Elf64_Shdr section(const unsigned char *image, const Elf64_Ehdr *h, unsigned int index)
{
	Elf64_Shdr s;

	memcpy(&s, image + h->e_shoff + (size_t)index * sizeof(s), sizeof(s));
	return s;
}

static int name_is(const unsigned char *image, size_t size, const Elf64_Shdr *names, uint32_t offset)
{
	if (!range_ok(size, names->sh_offset, names->sh_size) || !range_ok(names->sh_size, offset, sizeof(SECTION)))
		return 0;
	return !memcmp(image + names->sh_offset + offset, SECTION, sizeof(SECTION));
}

/* Names go into logs, files, commands and JSON. */
static int word_ok(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n && !text[n];
}

static int printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)	/* not of ASCII: a person's name */
			return 0;
	return 1;
}

static const char *match_check(struct ferry_manifest *m)
{
	unsigned int i;

	for (i = 0; i < FERRY_MATCH_MAX; i++) {
		m->match[i].name[FERRY_NAME_MAX - 1] = '\0';
		if (m->match[i].bus > FERRY_BUS_PLATFORM)
			return "the manifest names an unknown bus";
		if (!printable(m->match[i].name))
			return "the manifest has a device name that is not printable";
	}
	return m->match[0].bus ? NULL : "the manifest matches no device";
}

static const char *contents_check(struct ferry_manifest *m)
{
	if (m->magic != FERRY_MANIFEST_MAGIC || m->size != sizeof(*m))
		return "the manifest is of another version";
	m->name[sizeof(m->name) - 1] = m->version[sizeof(m->version) - 1] = '\0';
	m->author[sizeof(m->author) - 1] = m->description[sizeof(m->description) - 1] = '\0';
	if (!m->name[0])
		return "the manifest has no name";
	if (!word_ok(m->name))
		return "the manifest's name is not of letters, digits, _ - and .";
	if (!printable(m->version) || !printable(m->author) || !printable(m->description))
		return "the manifest has texts that are not printable";
	if (m->needs & ~FERRY_NEEDS_ALL)
		return "the manifest has unknown needs";
	if (m->dma_bits > 64 || (m->needs & FERRY_NEEDS_DMA && !m->dma_bits))
		return "the manifest has an impossible width of DMA addresses";
	if (m->class_id >= FERRY_CLASSES)
		return "the manifest names an unknown class";
	return match_check(m);
}

const char *manifest_parse(const unsigned char *image, size_t size, struct ferry_manifest *manifest)
{
	Elf64_Shdr names, s;
	Elf64_Ehdr h;
	unsigned int i;

	if (!header_ok(image, size, &h))
		return "not an x86-64 ELF file with sections";
	names = section(image, &h, h.e_shstrndx);
	for (i = 0; i < h.e_shnum; i++) {
		s = section(image, &h, i);
		if (s.sh_type != SHT_PROGBITS || !name_is(image, size, &names, s.sh_name))
			continue;
		if (s.sh_size < sizeof(*manifest) || !range_ok(size, s.sh_offset, s.sh_size))
			return "the manifest is cut off";
		memcpy(manifest, image + s.sh_offset, sizeof(*manifest));
		return contents_check(manifest);
	}
	return "no manifest";
}

static const char *file_read(int fd, unsigned char **image, size_t *size)
{
	struct stat st;
	size_t done = 0;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_MAX)
		return "not a file of a sensible size";
	*size = (size_t)st.st_size;
	*image = malloc(*size);
	if (!*image)
		return "out of memory";
	while (done < *size && (n = read(fd, *image + done, *size - done)) > 0)
		done += (size_t)n;
	if (done == *size)
		return NULL;
	free(*image);
	return "cannot be read";
}

const char *manifest_load(const char *path, struct ferry_manifest *manifest)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *image;
	const char *wrong;
	size_t size;

	if (fd < 0)
		return strerror(errno);
	wrong = file_read(fd, &image, &size);
	close(fd);
	if (wrong)
		return wrong;
	wrong = manifest_parse(image, size, manifest);
	free(image);
	return wrong;
}
