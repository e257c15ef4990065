// SPDX-License-Identifier: GPL-2.0
/*
 * Multiboot2 information (specification section 3.6) into boot_info. The loader's tags are bounded one by one; memory regions come out
 * sorted and without overlaps: what is reserved anywhere is no RAM. Runs once, before any allocation, on the boot page tables.
 */
#include <asm/boot.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/page.h>

#define INFO_SIZE_MAX	(1u << 20)
#define TAG_END		0
#define TAG_CMDLINE	1
#define TAG_LOADER	2
#define TAG_MODULE	3
#define TAG_BASIC_MEM	4
#define TAG_MMAP	6
#define TAG_FRAMEBUFFER	8
#define TAG_RSDP_OLD	14
#define TAG_RSDP_NEW	15
#define MMAP_AVAILABLE	1
#define MMAP_ACPI	3
#define MMAP_NVS	4
#define MMAP_BAD	5
#define RSDP_MAX	36
#define FB_RGB		1

struct tag {
	uint32_t type, size;
};

struct tag_module {
	struct tag tag;
	uint32_t start, end;
	char name[];
};

struct tag_mmap {
	struct tag tag;
	uint32_t entry_size, entry_version;
};

struct mmap_entry {
	uint64_t base, length;
	uint32_t type, reserved;
};

struct tag_framebuffer {
	struct tag tag;
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bpp, type;
	uint16_t reserved;
	struct {
		uint8_t shift, bits;
	} red, green, blue;
} __packed;

struct boot_info boot_info __ro_after_init;
static uint8_t rsdp_copy[RSDP_MAX] __aligned(16);
extern uint8_t kernel_start[], kernel_end[];

static void text_take(char *to, size_t size, const char *from, size_t length)
{
	length = MIN(strnlen(from, length), size - 1);
	memcpy(to, from, length);
	to[length] = 0;
}

/*
 * GRUB joins the words of its command to one line: a word with spaces comes in double quotes, and quotes and backslashes of the word
 * come with a backslash. Undo that in place.
 */
static void cmdline_unquote(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '"')
			continue;
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = 0;
}

static void region_append(paddr_t start, paddr_t end, enum boot_region_kind kind)
{
	struct boot_region *r = &boot_info.regions[boot_info.nr_regions];

	if (start >= end || boot_info.nr_regions == BOOT_REGIONS_MAX)
		return;
	*r = (struct boot_region){ start, end - start, kind };
	boot_info.nr_regions++;
}

/* The region that overlaps [@start, @end) and starts lowest. */
static const struct boot_region *region_overlap(paddr_t start, paddr_t end)
{
	const struct boot_region *lowest = NULL;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->start < end && start < r->start + r->length && (!lowest || r->start < lowest->start))
			lowest = r;
	}
	return lowest;
}

/* Add what no earlier region covers. */
static void region_add(paddr_t start, paddr_t length, enum boot_region_kind kind)
{
	paddr_t end = start + length < start ? ~(paddr_t)0 : start + length;
	const struct boot_region *r;

	while (start < end) {
		paddr_t next;

		r = region_overlap(start, end);
		if (!r) {
			region_append(start, end, kind);
			return;
		}
		next = r->start + r->length;
		region_append(start, r->start, kind);
		start = MAX(start, next);
	}
}

static enum boot_region_kind region_kind(uint32_t type)
{
	switch (type) {
	case MMAP_AVAILABLE: return BOOT_RAM;
	case MMAP_ACPI: return BOOT_ACPI;
	case MMAP_NVS: return BOOT_NVS;
	case MMAP_BAD: return BOOT_BAD;
	default: return BOOT_RESERVED;
	}
}

static void mmap_pass(const struct tag_mmap *m, bool ram)
{
	uint32_t at;

	for (at = sizeof(*m); at + sizeof(struct mmap_entry) <= m->tag.size; at += m->entry_size) {
		const struct mmap_entry *e = (const struct mmap_entry *)((const char *)m + at);

		if ((e->type == MMAP_AVAILABLE) == ram)
			region_add(e->base, e->length, region_kind(e->type));
	}
}

static void mmap_take(const struct tag_mmap *m)
{
	if (m->tag.size < sizeof(*m) || m->entry_size < sizeof(struct mmap_entry) || boot_info.nr_regions)
		return;
	mmap_pass(m, false);
	mmap_pass(m, true);
}

static void module_take(const struct tag_module *m)
{
	struct boot_module *to = &boot_info.modules[boot_info.nr_modules];

	if (m->tag.size < sizeof(*m) || m->end < m->start || boot_info.nr_modules == BOOT_MODULES_MAX)
		return;
	to->start = m->start;
	to->length = m->end - m->start;
	text_take(to->name, sizeof(to->name), m->name, m->tag.size - sizeof(*m));
	boot_info.nr_modules++;
}

static void framebuffer_take(const struct tag_framebuffer *f)
{
	if (f->tag.size < sizeof(*f) || f->type != FB_RGB || !f->address || f->red.bits != 8 || f->green.bits != 8 || f->blue.bits != 8 ||
	    f->red.shift > 24 || f->green.shift > 24 || f->blue.shift > 24)
		return;
	boot_info.has_framebuffer = true;
	boot_info.framebuffer = f->address;
	boot_info.fb_width = f->width;
	boot_info.fb_height = f->height;
	boot_info.fb_pitch = f->pitch;
	boot_info.fb_bpp = f->bpp;
	boot_info.fb_red_shift = f->red.shift;
	boot_info.fb_green_shift = f->green.shift;
	boot_info.fb_blue_shift = f->blue.shift;
}

/* The tag holds a copy of the RSDP; it is copied again, for the loader's memory will be used. The newer one wins. */
static void rsdp_take(const struct tag *t)
{
	if (boot_info.rsdp && t->type == TAG_RSDP_OLD)
		return;
	memset(rsdp_copy, 0, sizeof(rsdp_copy));
	memcpy(rsdp_copy, t + 1, MIN(t->size - sizeof(*t), sizeof(rsdp_copy)));
	boot_info.rsdp = kernel_to_phys(rsdp_copy);
}

static void tag_take(const struct tag *t)
{
	const char *text = (const char *)(t + 1);

	switch (t->type) {
	case TAG_CMDLINE:
		text_take(boot_info.cmdline, sizeof(boot_info.cmdline), text, t->size - sizeof(*t));
		cmdline_unquote(boot_info.cmdline);
		break;
	case TAG_LOADER:
		text_take(boot_info.loader, sizeof(boot_info.loader), text, t->size - sizeof(*t));
		break;
	case TAG_MODULE:
		module_take((const struct tag_module *)t);
		break;
	case TAG_MMAP:
		mmap_take((const struct tag_mmap *)t);
		break;
	case TAG_FRAMEBUFFER:
		framebuffer_take((const struct tag_framebuffer *)t);
		break;
	case TAG_RSDP_OLD:
	case TAG_RSDP_NEW:
		rsdp_take(t);
		break;
	}
}

static void regions_sort(void)
{
	uint32_t i, j;

	for (i = 1; i < boot_info.nr_regions; i++) {
		struct boot_region r = boot_info.regions[i];

		for (j = i; j > 0 && boot_info.regions[j - 1].start > r.start; j--)
			boot_info.regions[j] = boot_info.regions[j - 1];
		boot_info.regions[j] = r;
	}
}

void boot_parse(paddr_t mbi)
{
	const char *info = phys_to_virt(mbi);
	uint32_t size = *(const uint32_t *)info, at = 8;

	if (size < 16 || size > INFO_SIZE_MAX)
		boot_fail("the boot loader's information is %u bytes long", size);
	while (at + sizeof(struct tag) <= size) {
		const struct tag *t = (const struct tag *)(info + at);

		if (t->type == TAG_END || t->size < sizeof(*t) || t->size > size - at)
			break;
		tag_take(t);
		at += ALIGN_UP(t->size, 8);
	}
	regions_sort();
	boot_info.kernel_start = kernel_to_phys(kernel_start);
	boot_info.kernel_end = kernel_to_phys(kernel_end);
	if (!boot_info.nr_regions)
		boot_fail("the boot loader gave no memory map");
}
