// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to drivers, told to whoever depends on one: /dev/driver_events, a line for each edge of a driver's life with the nodes that its
 * device has and how many files of them are open. A file that is opened tells what comes from then on; sought to 0 it begins with the
 * oldest that is kept. A read waits for a line; poll works. Who is too slow misses lines, and sees it by their numbers. events_lock (spin)
 * guards the ring.
 */
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/wait.h>
#include <lib/format.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fs.h>

#define EVENTS		64u	/* a power of two */
#define LINE_BYTES	512u	/* a place in the file is a number of a line times this, and a place in the line */
#define NODES_BYTES	96u
#define MAJOR		10u	/* Linux's, of such nodes */
#define MINOR		250u	/* free there too */

static struct spinlock events_lock = SPINLOCK_INIT("driver_events");
static struct wait_queue events_wait = WAIT_QUEUE_INIT(events_wait, "driver events");
static char lines[EVENTS][LINE_BYTES];
static uint64_t next;		/* number of the next line; those from next - EVENTS on are kept */

static const char *placement_name(const struct device *dev)
{
	return dev->placement == PLACED_KERNEL ? "y" : dev->placement == PLACED_MOVED ? "m" : "-";
}

static void line_add(const char *text)
{
	uint64_t flags = spin_lock_irq(&events_lock);

	format_text(lines[next % EVENTS], LINE_BYTES, "seq=%llu %s", (unsigned long long)next, text);
	next++;
	spin_unlock_irq(&events_lock, flags);
	wait_wake(&events_wait, 0);
}

void driver_event(struct device *dev, enum driver_state from, enum driver_state to, const char *why)
{
	char text[LINE_BYTES / 2 + 128], nodes[NODES_BYTES] = "-";
	unsigned int files = 0;

	if (dev->class_users)
		files = dev->class_users(dev, nodes, sizeof(nodes));
	format_text(text, sizeof(text), "time_us=%llu device=%s driver=%s placement=%s from=%s to=%s generation=%llu nodes=%s files=%u "
		    "reason=\"%s\"\n", (unsigned long long)(time_now() / NSEC_PER_USEC), dev->name, dev->driver_name[0] ? dev->driver_name : "-",
		    placement_name(dev), driver_state_name(from), driver_state_name(to), (unsigned long long)dev->generation, nodes, files,
		    why ? why : "");
	line_add(text);
}

/* What there is at @pos, up to the end of a line; @pos moves on. 0: nothing yet. */
static size_t line_get(char *to, size_t size, loff_t *pos)
{
	uint64_t flags = spin_lock_irq(&events_lock), number = (uint64_t)*pos / LINE_BYTES, offset = (uint64_t)*pos % LINE_BYTES;
	const char *line;
	size_t n = 0;

	if (next > EVENTS && number < next - EVENTS) {
		number = next - EVENTS;
		offset = 0;
	}
	if (number < next) {
		line = lines[number % EVENTS];
		n = strlen(line);
		offset = MIN(offset, n);
		n = MIN(n - offset, size);
		memcpy(to, line + offset, n);
		*pos = (loff_t)(line[offset + n] ? number * LINE_BYTES + offset + n : (number + 1) * LINE_BYTES);
	}
	spin_unlock_irq(&events_lock, flags);
	return n;
}

static bool has_line(loff_t pos)
{
	return (uint64_t)pos / LINE_BYTES < READ_ONCE(next);
}

static ssize_t events_read(struct file *f, struct iter *to, loff_t *pos)
{
	ssize_t total = 0, put = 0;
	char line[LINE_BYTES];
	size_t n;
	int err;

	if (!has_line(*pos) && f->flags & LINUX_O_NONBLOCK)
		return -EAGAIN;
	err = wait_event(&events_wait, has_line(*pos), TIME_FOREVER, true);
	if (err)
		return err;
	while (to->left && (n = line_get(line, MIN(sizeof(line), to->left), pos))) {
		put = iter_put(to, line, n);
		if (put <= 0)
			break;
		total += put;
	}
	return total ? total : put;
}

static uint32_t events_poll(struct file *f, struct poll_table *table)
{
	poll_wait(f, &events_wait, table);
	return has_line(f->pos) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static loff_t events_seek(struct file *f, loff_t offset, int whence)
{
	if (offset || (whence != LINUX_SEEK_SET && whence != LINUX_SEEK_END))
		return -EINVAL;
	f->pos = whence == LINUX_SEEK_SET ? 0 : (loff_t)(READ_ONCE(next) * LINE_BYTES);
	return 0;
}

static int events_open(struct inode *inode, struct file *f)
{
	f->pos = (loff_t)(READ_ONCE(next) * LINE_BYTES);
	return 0;
}

static const struct file_ops events_ops = { .open = events_open, .read = events_read, .poll = events_poll, .seek = events_seek };

static int events_init(void)
{
	return devnode_create("driver_events", LINUX_S_IFCHR | 0444, DEV_MAKE(MAJOR, MINOR), &events_ops, NULL);
}
INITCALL("4class", events_init);
