// SPDX-License-Identifier: GPL-2.0
/*
 * The reader of manifests against any bytes that claim to be a driver's ELF file. With the first byte odd the input is laid into a file
 * that is right otherwise, so that the fuzzer gets to the manifest itself; with its second bit set the bytes are read from a file. What passes
 * has texts that end, and known needs.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <usr/drivers/manifest.c>
#include "require.h"

#define NAMES	".ferry_manifest"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* ELF header, two section headers, the names, and @size bytes as the section. */
static uint8_t *file_around(const uint8_t *bytes, size_t size, size_t *total)
{
	Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB }, .e_machine = EM_X86_64,
			 .e_shoff = sizeof(h), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 2, .e_shstrndx = 0 };
	Elf64_Shdr s[2] = { { .sh_type = SHT_STRTAB, .sh_offset = sizeof(h) + sizeof(s), .sh_size = sizeof(NAMES) },
			    { .sh_type = SHT_PROGBITS, .sh_offset = sizeof(h) + sizeof(s) + sizeof(NAMES), .sh_size = size } };
	uint8_t *file;

	*total = sizeof(h) + sizeof(s) + sizeof(NAMES) + size;
	file = malloc(*total);
	if (!file)
		return NULL;
	memcpy(file, &h, sizeof(h));
	memcpy(file + sizeof(h), s, sizeof(s));
	memcpy(file + sizeof(h) + sizeof(s), NAMES, sizeof(NAMES));
	memcpy(file + sizeof(h) + sizeof(s) + sizeof(NAMES), bytes, size);
	return file;
}

static void passed(const struct ferry_manifest *m)
{
	unsigned int i;

	REQUIRE(m->name[0] && strlen(m->name) < sizeof(m->name) && strlen(m->version) < sizeof(m->version));
	REQUIRE(strlen(m->author) < sizeof(m->author) && strlen(m->description) < sizeof(m->description));
	REQUIRE(!(m->needs & ~FERRY_NEEDS_ALL) && m->dma_bits <= 64);
	for (i = 0; i < FERRY_MATCH_MAX; i++)
		REQUIRE(strlen(m->match[i].name) < FERRY_NAME_MAX && m->match[i].bus <= FERRY_BUS_PLATFORM);
}

/* The same by way of a file. */
static const char *read_back(const uint8_t *bytes, size_t size, struct ferry_manifest *m)
{
	int fd = memfd_create("manifest", 0);
	const char *wrong;
	char path[32];

	REQUIRE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wrong = manifest_load(path, m);
	close(fd);
	return wrong;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ferry_manifest m;
	uint8_t *file;
	size_t total = size ? size - 1 : 0;

	if (!size)
		return 0;
	file = bytes[0] & 1 ? file_around(bytes + 1, total, &total) : memcpy(malloc(total ? total : 1), bytes + 1, total);
	if (!file)
		return 0;
	if (!(bytes[0] & 2 ? read_back(file, total, &m) : manifest_parse(file, total, &m)))
		passed(&m);
	free(file);
	return 0;
}
