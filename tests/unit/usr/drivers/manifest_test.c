// SPDX-License-Identifier: GPL-2.0
/* The device manager's ELF reader: a good file, and files that lie. Every image is an exact heap block, so the sanitizer sees each byte too far. */
#include <stdlib.h>
#include <string.h>
#include <usr/drivers/manifest.c>
#include <ktest.h>

KTEST_SUITE(manifest);

static const char names[] = "\0.shstrtab\0.ferry_manifest";
#define NAMES_AT	sizeof(Elf64_Ehdr)
#define MANIFEST_AT	128ul
#define SECTIONS_AT	(MANIFEST_AT + sizeof(struct ferry_manifest))
#define IMAGE_BYTES	(SECTIONS_AT + 3 * sizeof(Elf64_Shdr))

static unsigned char *image;
static struct ferry_manifest out;

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)image;
}

static Elf64_Shdr *sections(void)
{
	return (Elf64_Shdr *)(image + SECTIONS_AT);
}

static struct ferry_manifest *inside(void)
{
	return (struct ferry_manifest *)(image + MANIFEST_AT);
}

static void good_image(void)
{
	free(image);
	image = calloc(1, IMAGE_BYTES);
	*header() = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB }, .e_machine = EM_X86_64, .e_shoff = SECTIONS_AT,
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3, .e_shstrndx = 1,
	};
	memcpy(image + NAMES_AT, names, sizeof(names));
	sections()[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = NAMES_AT, .sh_size = sizeof(names) };
	sections()[2] = (Elf64_Shdr){
		.sh_name = 11, .sh_type = SHT_PROGBITS, .sh_offset = MANIFEST_AT, .sh_size = sizeof(struct ferry_manifest),
	};
	inside()->magic = FERRY_MANIFEST_MAGIC;
	inside()->size = sizeof(struct ferry_manifest);
	memcpy(inside()->name, "good", 5);
	memcpy(inside()->version, "1.0", 4);
	memcpy(inside()->author, "somebody", 9);
	memcpy(inside()->description, "does good", 10);
	inside()->match[0].bus = FERRY_BUS_PCI;
	inside()->match[0].vendor = 0x1234;
	inside()->match[0].device = 0x5678;
}

static int refused(void)
{
	return manifest_parse(image, IMAGE_BYTES, &out) != NULL;
}

KTEST_CASE(good_file_gives_its_manifest)
{
	good_image();
	EXPECT_NULL(manifest_parse(image, IMAGE_BYTES, &out));
	EXPECT_STREQ(out.name, "good");
	EXPECT_STREQ(out.version, "1.0");
	EXPECT_STREQ(out.author, "somebody");
	EXPECT_STREQ(out.description, "does good");
}

KTEST_CASE(every_shorter_file_is_refused)
{
	unsigned char *cut;
	size_t n;

	good_image();
	for (n = 0; n < IMAGE_BYTES; n++) {
		cut = malloc(n ? n : 1);
		memcpy(cut, image, n);
		EXPECT_NOT_NULL(manifest_parse(cut, n, &out));
		free(cut);
	}
}

KTEST_CASE(wild_section_table_is_refused)
{
	good_image();
	header()->e_shoff = ~0ull;
	EXPECT_TRUE(refused());
	good_image();
	header()->e_shnum = 0xffff;
	EXPECT_TRUE(refused());
	good_image();
	header()->e_shstrndx = 3;
	EXPECT_TRUE(refused());
	good_image();
	header()->e_shentsize = 1;
	EXPECT_TRUE(refused());
}

KTEST_CASE(wild_names_are_refused)
{
	good_image();
	sections()[1].sh_offset = ~0ull - 8;
	EXPECT_TRUE(refused());
	good_image();
	sections()[1].sh_size = ~0ull;
	EXPECT_TRUE(refused());
	good_image();
	sections()[2].sh_name = 0xfffffff0u;
	EXPECT_TRUE(refused());
}

KTEST_CASE(wild_manifest_range_is_refused)
{
	good_image();
	sections()[2].sh_offset = ~0ull - 16;
	EXPECT_TRUE(refused());
	good_image();
	sections()[2].sh_size = sizeof(struct ferry_manifest) - 1;
	EXPECT_TRUE(refused());
	good_image();
	sections()[2].sh_offset = IMAGE_BYTES - 4;
	EXPECT_TRUE(refused());
}

KTEST_CASE(wrong_contents_are_refused)
{
	good_image();
	inside()->magic++;
	EXPECT_TRUE(refused());
	good_image();
	inside()->size--;
	EXPECT_TRUE(refused());
	good_image();
	inside()->name[0] = '\0';
	EXPECT_TRUE(refused());
	good_image();
	inside()->needs = FERRY_NEEDS_ALL + 1;
	EXPECT_TRUE(refused());
	good_image();
	inside()->class_id = FERRY_CLASSES;
	EXPECT_TRUE(refused());
	good_image();
	inside()->dma_bits = 65;
	EXPECT_TRUE(refused());
	good_image();
	inside()->needs = FERRY_NEEDS_DMA;
	EXPECT_TRUE(refused());
	inside()->dma_bits = 32;
	EXPECT_FALSE(refused());
}

KTEST_CASE(table_that_matches_nothing_or_no_known_bus_is_refused)
{
	good_image();
	inside()->match[0].bus = 0;
	EXPECT_TRUE(refused());
	good_image();
	inside()->match[7].bus = FERRY_BUS_PLATFORM + 1;
	EXPECT_TRUE(refused());
}

/* They are printed, and they name files and devices. */
KTEST_CASE(text_that_would_drive_a_terminal_is_refused)
{
	good_image();
	memcpy(inside()->name, "a b", 4);
	EXPECT_TRUE(refused());
	good_image();
	memcpy(inside()->description, "\033[2J", 5);
	EXPECT_TRUE(refused());
	good_image();
	memcpy(inside()->author, "J\303\266rg", 6);
	EXPECT_FALSE(refused());
	good_image();
	memcpy(inside()->match[3].name, "x\ny", 4);
	EXPECT_TRUE(refused());
}

KTEST_CASE(endless_strings_are_ended)
{
	good_image();
	memset(inside()->name, 'x', sizeof(inside()->name));
	memset(inside()->match[15].name, 'y', FERRY_NAME_MAX);
	EXPECT_NULL(manifest_parse(image, IMAGE_BYTES, &out));
	EXPECT_EQ(strlen(out.name), sizeof(out.name) - 1);
	EXPECT_EQ(strlen(out.match[15].name), FERRY_NAME_MAX - 1);
	free(image);
	image = NULL;
}
