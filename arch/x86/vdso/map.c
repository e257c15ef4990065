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
#include <kernel/lock.h>
#include <mm/page.h>
#include <mm/pagecache.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define DATES		(BIT(LINUX_CLOCK_REALTIME) | BIT(LINUX_CLOCK_REALTIME_COARSE) | BIT(LINUX_CLOCK_TAI))
#define STEERED		(BIT(LINUX_CLOCK_MONOTONIC) | BIT(LINUX_CLOCK_MONOTONIC_COARSE) | BIT(LINUX_CLOCK_BOOTTIME))
#define SINCE_BOOT	(STEERED | BIT(LINUX_CLOCK_MONOTONIC_RAW))	/* until somebody steers */

extern const char vdso_image_start[], vdso_image_end[];

static struct file *vdso_file;		/* NULL: there is none */
static struct vdso_data *vdso_page;	/* the direct map's view of it */

static uint64_t image_size(void)
{
	return vdso_image_end - vdso_image_start;
}

/* Under a lock: of two callers the later one sees what both have changed. */
void vdso_set_realtime(void)
{
	static struct spinlock lock = SPINLOCK_INIT("vdso");
	uint64_t flags = spin_lock_irq(&lock);

	for (unsigned int c = 0; vdso_page && c < VDSO_CLOCKS; c++)
		if (DATES >> c & 1)
			WRITE_ONCE(vdso_page->base[c], clock_realtime_base() + (c == LINUX_CLOCK_TAI ? time_tai_ahead() : 0));
	spin_unlock_irq(&lock, flags);
}

void vdso_steer_begin(void)
{
	if (vdso_page)
		__atomic_fetch_and(&vdso_page->clocks, ~(BIT(VDSO_CLOCKS) - 1), __ATOMIC_SEQ_CST);
}

void vdso_steer_end(void)
{
	struct clock_line now;

	if (!vdso_page)
		return;
	now = clock_line();
	WRITE_ONCE(vdso_page->tsc_base, now.base);
	WRITE_ONCE(vdso_page->tsc_mult, now.mult);
	__atomic_store_n(&vdso_page->clocks, (vdso_page->clocks + BIT(VDSO_CLOCKS)) | (now.mult ? DATES | STEERED : 0), __ATOMIC_RELEASE);
}

static int map_page(struct space *s, vaddr_t at, uint64_t length, struct file *f)
{
	int64_t mapped = space_map(s, at, length, VM_READ, LINUX_MAP_PRIVATE | LINUX_MAP_FIXED, f, 0);

	return mapped < 0 ? (int)mapped : 0;
}

/* The pages of time at @at become @page's, or the first's. What lies behind the first's own is not looked at, so one that fails changes nothing. */
static int put_page(struct space *s, vaddr_t at, struct file *page)
{
	int err = page ? map_page(s, at + PAGE_SIZE, PAGE_SIZE, vdso_file) : 0;

	return err ? err : page ? map_page(s, at, PAGE_SIZE, page) : map_page(s, at, VDSO_DATA_SIZE, vdso_file);
}

/* Is @f mapped at @at from its beginning on? */
static bool page_is_at(struct space *s, vaddr_t at, const struct file *f)
{
	struct vma area;
	bool is;

	if (!space_area(s, at, &area, NULL))
		return false;
	is = area.start == at && area.file == f && !area.offset;
	file_put(area.file);
	return is;
}

/* The object tells where they are; a program may have moved it, or put something else there. */
int vdso_page_change(struct space *s, struct file *from, struct file *to)
{
	struct vma area = { 0 };
	int err = 0;

	if (from == to || !vdso_file)
		return 0;
	while (!err && space_area(s, area.end, &area, NULL)) {
		vaddr_t at = area.start - VDSO_DATA_SIZE;

		if (area.file == vdso_file && area.offset == VDSO_DATA_SIZE && page_is_at(s, at, from ? from : vdso_file))
			err = put_page(s, at, to);
		file_put(area.file);
	}
	return err;
}

struct file *vdso_page_create(int64_t monotonic_ahead, int64_t boot_ahead)
{
	struct vdso_data data = { .elsewhere = true };
	struct file *f = tmpfs_file_create("[vdso]", LINUX_O_RDWR);

	if (IS_ERR(f))
		return f;
	data.base[LINUX_CLOCK_MONOTONIC] = data.base[LINUX_CLOCK_MONOTONIC_COARSE] = data.base[LINUX_CLOCK_MONOTONIC_RAW] = (uint64_t)monotonic_ahead;
	data.base[LINUX_CLOCK_BOOTTIME] = (uint64_t)boot_ahead;
	if (file_write_kernel(f, &data, sizeof(data), 0) != sizeof(data)) {
		file_put(f);
		return ERR_PTR(-ENOMEM);
	}
	f->flags = LINUX_O_RDONLY;
	return f;
}

uint64_t vdso_map(struct space *s, struct file *page)
{
	uint64_t code = ALIGN_UP(image_size(), PAGE_SIZE);
	int64_t at;

	if (!vdso_file)
		return 0;
	at = space_map(s, 0, VDSO_DATA_SIZE + code, VM_READ, LINUX_MAP_PRIVATE, vdso_file, 0);
	if (at < 0)
		return 0;
	if (space_protect(s, at + VDSO_DATA_SIZE, code, VM_READ | VM_EXEC) || (unlikely(page) && put_page(s, at, page))) {
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
	struct clock_line now = clock_line();
	struct page *page;

	if (IS_ERR(f))
		return PTR_ERR(f);
	data.tsc_base = now.base;
	data.tsc_mult = now.mult;
	data.clocks = now.mult ? DATES | SINCE_BOOT : 0;
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
