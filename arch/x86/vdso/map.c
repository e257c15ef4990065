// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side of the vDSO: a file of its own holds the page of time and the object behind it, so that mapping, forking and looking
 * at /proc/<pid>/maps are what they are for every file. Mapped privately: a program that makes its copy writable fools only itself.
 */
#include <asm/clock.h>
#include <asm/vdso.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <mm/page.h>
#include <mm/pagecache.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

extern const char vdso_image_start[], vdso_image_end[];

static struct file *vdso_file;		/* NULL: there is none */
static struct vdso_data *vdso_page;	/* the direct map's view of it */
static struct spinlock vdso_lock = SPINLOCK_INIT("vdso");

static uint64_t image_size(void)
{
	return vdso_image_end - vdso_image_start;
}

void vdso_set_realtime(int64_t offset)
{
	uint64_t flags;

	if (!vdso_page)
		return;
	flags = spin_lock_irq(&vdso_lock);
	__atomic_store_n(&vdso_page->sequence, vdso_page->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(vdso_page->realtime_base, clock_realtime_base() + offset);
	__atomic_store_n(&vdso_page->sequence, vdso_page->sequence + 1, __ATOMIC_RELEASE);
	spin_unlock_irq(&vdso_lock, flags);
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
	struct vdso_data data = { .realtime_base = clock_realtime_base() };
	struct file *f = tmpfs_file_create("[vdso]", LINUX_O_RDWR);
	struct page *page;

	if (IS_ERR(f))
		return PTR_ERR(f);
	clock_parameters(&data.tsc_base, &data.tsc_mult);
	page = image_write(f, &data) ? ERR_PTR(-ENOMEM) : file_get_page(f, 0);
	if (IS_ERR(page)) {
		file_put(f);
		return PTR_ERR(page);
	}
	f->flags = LINUX_O_RDONLY;
	vdso_page = page_addr(page);
	vdso_file = f;
	return 0;
}
INITCALL("4class", vdso_init);
