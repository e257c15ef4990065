// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side of the vDSO: a file of its own holds the page of time and the object behind it, so that mapping, forking and looking
 * at /proc/<pid>/maps are what they are for every file. Mapped privately: a program that makes its copy writable fools only itself.
 */
#include <asm/clock.h>
#include <asm/vdso.h>
#include <driver/types.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <mm/page.h>
#include <mm/pagecache.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define DATES		(BIT(LINUX_CLOCK_REALTIME) | BIT(LINUX_CLOCK_REALTIME_COARSE) | BIT(LINUX_CLOCK_TAI))
#define SINCE_BOOT	(BIT(LINUX_CLOCK_MONOTONIC) | BIT(LINUX_CLOCK_MONOTONIC_RAW) | BIT(LINUX_CLOCK_MONOTONIC_COARSE) | BIT(LINUX_CLOCK_BOOTTIME))

extern const char vdso_image_start[], vdso_image_end[];

static struct file *vdso_file;		/* NULL: there is none */
static struct vdso_data *vdso_page;	/* the direct map's view of it */

static uint64_t image_size(void)
{
	return vdso_image_end - vdso_image_start;
}

void vdso_set_realtime(void)
{
	for (unsigned int c = 0; vdso_page && c < VDSO_CLOCKS; c++)
		if (DATES >> c & 1)
			WRITE_ONCE(vdso_page->base[c], clock_realtime_base());
}

uint64_t vdso_map(struct space *s)
{
	uint64_t code = ALIGN_UP(image_size(), PAGE_SIZE);
	int64_t at;

	if (!vdso_file)
		return 0;
	at = space_map(s, 0, VDSO_DATA_SIZE + code, VM_READ, LINUX_MAP_PRIVATE, vdso_file, 0);
	if (at < 0)
		return 0;
	if (space_protect(s, at + VDSO_DATA_SIZE, code, VM_READ | VM_EXEC)) {
		space_unmap(s, at, VDSO_DATA_SIZE + code);
		return 0;
	}
	return at + VDSO_DATA_SIZE;
}

static int image_write(struct file *f, const struct vdso_data *data)
{
	uint64_t n = image_size();

	if (file_write_kernel(f, data, sizeof(*data), 0) != sizeof(*data))
		return -ENOMEM;
	return file_write_kernel(f, vdso_image_start, n, VDSO_DATA_SIZE) == (ssize_t)n ? 0 : -ENOMEM;
}

static int vdso_init(void)
{
	struct vdso_data data = { .coarse_ns = CLOCK_TICK_NS };
	struct file *f = tmpfs_file_create("[vdso]", LINUX_O_RDWR);
	struct page *page;

	if (IS_ERR(f))
		return PTR_ERR(f);
	clock_parameters(&data.tsc_base, &data.tsc_mult);
	data.clocks = data.tsc_mult ? DATES | SINCE_BOOT : 0;
	page = image_write(f, &data) ? ERR_PTR(-ENOMEM) : file_get_page(f, 0);
	if (IS_ERR(page)) {
		file_put(f);
		return PTR_ERR(page);
	}
	f->flags = LINUX_O_RDONLY;
	vdso_page = page_addr(page);
	vdso_set_realtime();
	vdso_file = f;
	return 0;
}
INITCALL("4class", vdso_init);
