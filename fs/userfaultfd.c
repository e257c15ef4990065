// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd(2) and ioctl_userfaultfd(2), as in Linux 6.1: a context (mm/userfault.h) as a file, and /dev/userfaultfd, which makes them for who may
 * open it. The checks of arguments and their order are Linux's. Left out: huge pages of hugetlbfs, which do not exist.
 */
#include <fs/internal.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/userfault.h>

#define MISC_MAJOR	10
#define MINOR		126
#define FILE_FLAGS	(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)

static struct proc_limit for_anybody = { "sys/vm/unprivileged_userfaultfd", 0, 0, 1 };

static const struct file_ops userfault_ops;

/* ---- Messages ---- */

static struct file *context_file(struct userfault *u)
{
	return file_alloc(&userfault_ops, u, LINUX_O_RDONLY | (u->flags & LINUX_O_NONBLOCK));
}

/* The child's context as a descriptor of who reads: its number, or -errno. */
static int child_install(struct userfault *child)
{
	struct file *f = context_file(child);

	if (!f)
		return file_alloc_error();
	userfault_get(child);
	return fd_install_new(f, child->flags);
}

/* One message: 1, 0: there is none; -errno: a fork's stays. */
static int message_take(struct userfault *u, struct linux_uffd_msg *msg)
{
	struct userfault *child;
	int found = userfault_take(u, msg, &child), fd;

	while (child) {
		fd = child_install(child);
		if (fd < 0) {
			userfault_put(child);
			return fd;
		}
		msg->arg.fork.ufd = (uint32_t)fd;
		if (userfault_forked(u, child)) {
			userfault_put(child);
			return 1;
		}
		/* Another reader was faster, or who forked was killed. */
		fd_close(current_process->files, fd);
		userfault_put(child);
		found = userfault_take(u, msg, &child);
	}
	return found;
}

static bool is_ready(const struct userfault *u)
{
	return READ_ONCE(u->features) & LINUX_UFFD_INITIALIZED;
}

static ssize_t userfaultfd_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct userfault *u = f->priv;
	struct linux_uffd_msg msg;
	ssize_t done = 0;
	int n;

	if (!is_ready(u))
		return -EINVAL;
	while (to->left >= sizeof(msg)) {
		n = message_take(u, &msg);
		if (!n && !done && !file_nowait(f, to))
			n = wait_event(&u->changed, userfault_has_messages(u), TIME_FOREVER, true);
		else if (!n)
			n = -EAGAIN;
		else if (n > 0 && iter_put(to, &msg, sizeof(msg)) != (ssize_t)sizeof(msg))
			n = -EFAULT;
		else if (n > 0)
			done += sizeof(msg);
		if (n < 0)
			return done ? done : n;
	}
	return done ? done : -EINVAL;
}

/* Only who does not block may ask, as on Linux: what was seen may be gone when it is read. */
static uint32_t userfaultfd_poll(struct file *f, struct poll_table *table)
{
	struct userfault *u = f->priv;

	poll_wait(f, &u->changed, table);
	if (!is_ready(u) || !(f->flags & LINUX_O_NONBLOCK))
		return LINUX_POLLERR;
	return userfault_has_messages(u) ? LINUX_POLLIN : 0;
}

/* ---- ioctls ---- */

static int range_check(const struct linux_uffdio_range *r)
{
	bool aligned = !(r->start % PAGE_SIZE) && !(r->len % PAGE_SIZE);

	return aligned && r->len && r->start >= MAP_MIN && user_range_ok(r->start, r->len) ? 0 : -EINVAL;
}

static int agree(struct userfault *u, struct linux_uffdio_api *api)
{
	uint64_t wanted = api->features;

	if (api->api != LINUX_UFFD_API || wanted & ~(uint64_t)LINUX_UFFD_FEATURES_KNOWN)
		return -EINVAL;
	if (wanted & LINUX_UFFD_FEATURE_EVENT_FORK && !privileged(LINUX_CAP_SYS_PTRACE))
		return -EPERM;
	api->features = LINUX_UFFD_FEATURES;
	api->ioctls = LINUX_UFFD_API_IOCTLS;
	return 0;
}

static int64_t call_api(struct userfault *u, uint64_t at)
{
	struct linux_uffdio_api api;
	uint32_t none = 0, features;
	int err;

	if (copy_from_user(&api, at, sizeof(api)))
		return -EFAULT;
	features = (uint32_t)api.features | LINUX_UFFD_INITIALIZED;
	err = agree(u, &api);
	if (!err && copy_to_user(at, &api, sizeof(api)))
		return -EFAULT;
	if (!err && !__atomic_compare_exchange_n(&u->features, &none, features, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		err = -EINVAL;
	return err && clear_user(at, sizeof(api)) ? -EFAULT : err;
}

static uint32_t mode_flags(uint64_t mode)
{
	return (mode & LINUX_UFFD_MODE_MISSING ? VM_UFFD_MISSING : 0) | (mode & LINUX_UFFD_MODE_WP ? VM_UFFD_WP : 0) |
	       (mode & LINUX_UFFD_MODE_MINOR ? VM_UFFD_MINOR : 0);
}

static int64_t call_register(struct userfault *u, struct space *s, uint64_t at)
{
	uint64_t ioctls = LINUX_UFFD_RANGE_IOCTLS;
	struct linux_uffdio_register r;
	int err;

	if (copy_from_user(&r, at, offsetof(struct linux_uffdio_register, ioctls)))
		return -EFAULT;
	if (!r.mode || r.mode & ~(uint64_t)(LINUX_UFFD_MODE_MISSING | LINUX_UFFD_MODE_WP | LINUX_UFFD_MODE_MINOR))
		return -EINVAL;
	err = range_check(&r.range);
	if (!err)
		err = s ? userfault_register(u, s, r.range.start, r.range.start + r.range.len, mode_flags(r.mode)) : -ENOMEM;
	if (err)
		return err;
	ioctls &= r.mode & LINUX_UFFD_MODE_WP ? ~0ull : ~LINUX_UFFD_CAN_PROTECT;
	ioctls &= r.mode & LINUX_UFFD_MODE_MINOR ? ~0ull : ~LINUX_UFFD_CAN_CONTINUE;
	return put_user64(at + offsetof(struct linux_uffdio_register, ioctls), ioctls);
}

static int64_t call_unregister(struct userfault *u, struct space *s, uint64_t at)
{
	struct linux_uffdio_range r;
	int err = copy_from_user(&r, at, sizeof(r)) ? -EFAULT : range_check(&r);

	if (err)
		return err;
	return s ? userfault_unregister(s, r.start, r.start + r.len) : -ENOMEM;
}

static int64_t call_wake(struct userfault *u, struct space *s, uint64_t at)
{
	struct linux_uffdio_range r;
	int err = copy_from_user(&r, at, sizeof(r)) ? -EFAULT : range_check(&r);

	if (!err)
		userfault_wake(u, r.start, r.len);
	return err;
}

/* Pages came in, @n bytes or -errno: tell, and wake who waits for them. */
static int64_t fill_end(struct userfault *u, uint64_t answer, const struct linux_uffdio_range *r, int64_t n, bool wake)
{
	if (put_user64(answer, (uint64_t)n))
		return -EFAULT;
	if (n < 0)
		return n;
	if (wake)
		userfault_wake(u, r->start, (uint64_t)n);
	return (uint64_t)n == r->len ? 0 : -EAGAIN;
}

static int64_t call_copy(struct userfault *u, struct space *s, uint64_t at)
{
	struct linux_uffdio_range r;
	struct linux_uffdio_copy c;
	int64_t n;

	if (copy_from_user(&c, at, offsetof(struct linux_uffdio_copy, copy)))
		return -EFAULT;
	r = (struct linux_uffdio_range){ c.dst, c.len };
	if (range_check(&r) || c.src + c.len <= c.src || c.mode & ~(uint64_t)(LINUX_UFFD_DONTWAKE | LINUX_UFFD_COPY_WP))
		return -EINVAL;
	if (!s)
		return -ESRCH;
	n = userfault_fill(u, s, c.dst, c.src, c.len, FILL_COPY, c.mode & LINUX_UFFD_COPY_WP);
	return fill_end(u, at + offsetof(struct linux_uffdio_copy, copy), &r, n, !(c.mode & LINUX_UFFD_DONTWAKE));
}

static int64_t call_fill(struct userfault *u, struct space *s, uint64_t at, enum userfault_fill how)
{
	struct linux_uffdio_fill c;
	int64_t n;

	if (copy_from_user(&c, at, offsetof(struct linux_uffdio_fill, filled)))
		return -EFAULT;
	if (range_check(&c.range) || c.mode & ~(uint64_t)LINUX_UFFD_DONTWAKE)
		return -EINVAL;
	if (!s)
		return -ESRCH;
	n = userfault_fill(u, s, c.range.start, 0, c.range.len, how, false);
	return fill_end(u, at + offsetof(struct linux_uffdio_fill, filled), &c.range, n, !(c.mode & LINUX_UFFD_DONTWAKE));
}

static int64_t call_protect(struct userfault *u, struct space *s, uint64_t at)
{
	const uint64_t all = LINUX_UFFD_PROTECT | LINUX_UFFD_PROTECT_DONTWAKE;
	struct linux_uffdio_writeprotect w;
	int err;

	if (copy_from_user(&w, at, sizeof(w)))
		return -EFAULT;
	if (range_check(&w.range) || w.mode & ~all || w.mode == all)
		return -EINVAL;
	err = s ? userfault_protect(u, s, w.range.start, w.range.len, w.mode & LINUX_UFFD_PROTECT) : -ESRCH;
	if (!err && !w.mode)
		userfault_wake(u, w.range.start, w.range.len);
	return err;
}

static int64_t call_with_space(struct userfault *u, struct space *s, uint32_t cmd, uint64_t at)
{
	switch (cmd) {
	case LINUX_UFFDIO_REGISTER:
		return call_register(u, s, at);
	case LINUX_UFFDIO_UNREGISTER:
		return call_unregister(u, s, at);
	case LINUX_UFFDIO_WAKE:
		return call_wake(u, s, at);
	}
	/* What the program knows of the areas is not so any more: it has an event to read first. */
	if (__atomic_load_n(&u->changing, __ATOMIC_SEQ_CST))
		return -EAGAIN;
	switch (cmd) {
	case LINUX_UFFDIO_COPY:
		return call_copy(u, s, at);
	case LINUX_UFFDIO_ZEROPAGE:
		return call_fill(u, s, at, FILL_ZERO);
	case LINUX_UFFDIO_CONTINUE:
		return call_fill(u, s, at, FILL_CONTINUE);
	default:
		return call_protect(u, s, at);
	}
}

static bool is_known(uint32_t cmd)
{
	return cmd == LINUX_UFFDIO_REGISTER || cmd == LINUX_UFFDIO_UNREGISTER || cmd == LINUX_UFFDIO_WAKE || cmd == LINUX_UFFDIO_COPY ||
	       cmd == LINUX_UFFDIO_ZEROPAGE || cmd == LINUX_UFFDIO_CONTINUE || cmd == LINUX_UFFDIO_WRITEPROTECT;
}

static int64_t userfaultfd_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct userfault *u = f->priv;
	struct space *s;
	int64_t result;

	if (cmd == LINUX_UFFDIO_API)
		return call_api(u, arg);
	if (!is_ready(u) || !is_known(cmd))
		return -EINVAL;
	s = userfault_space(u);
	result = call_with_space(u, s, cmd, arg);
	if (s)
		space_put(s);
	return result;
}

/* ---- The file ---- */

static void userfaultfd_release(struct file *f)
{
	userfault_release(f->priv);
	userfault_put(f->priv);
}

static void userfaultfd_show(struct file *f, struct seq *s)
{
	struct userfault *u = f->priv;
	uint64_t pending, total;

	userfault_count(u, &pending, &total);
	seq_printf(s, "pending:\t%llu\ntotal:\t%llu\nAPI:\t%llx:%x:%llx\n", (unsigned long long)pending, (unsigned long long)total, LINUX_UFFD_API,
		   READ_ONCE(u->features), LINUX_UFFD_API_IOCTLS | LINUX_UFFD_RANGE_IOCTLS);
}

static const struct file_ops userfault_ops = {
	.read = userfaultfd_read, .poll = userfaultfd_poll, .ioctl = userfaultfd_ioctl, .release = userfaultfd_release, .show = userfaultfd_show,
	.name = "[userfaultfd]",
};

static int64_t userfaultfd_new(uint64_t flags)
{
	struct userfault *u;
	struct file *f;

	if (flags & ~(uint64_t)(FILE_FLAGS | LINUX_UFFD_USER_MODE_ONLY))
		return -EINVAL;
	u = userfault_create(current_process->space, (uint32_t)flags);
	f = u ? context_file(u) : NULL;
	if (!f) {
		userfault_put(u);
		return file_alloc_error();
	}
	return fd_install_new(f, (uint32_t)flags);
}

/* userfaultfd(flags). That the kernel waits for a program is for the privileged, unless all may have it wait. */
SYSCALL(NR_userfaultfd, userfaultfd)
{
	uint32_t flags = (uint32_t)args->a[0];

	if (!(flags & LINUX_UFFD_USER_MODE_ONLY) && !READ_ONCE(for_anybody.value) && !privileged(LINUX_CAP_SYS_PTRACE))
		return -EPERM;
	return userfaultfd_new(flags);
}

static int64_t device_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	return cmd == LINUX_USERFAULTFD_IOC_NEW ? userfaultfd_new((uint32_t)arg) : -EINVAL;
}

static const struct file_ops device_ops = { .ioctl = device_ioctl };

static int userfaultfd_init(void)
{
	int err = proc_create_limit(&for_anybody);

	return err ? err : devnode_create("userfaultfd", LINUX_S_IFCHR | 0600, DEV_MAKE(MISC_MAJOR, MINOR), &device_ops, NULL);
}
INITCALL("2fs", userfaultfd_init);
