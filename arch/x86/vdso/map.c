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
