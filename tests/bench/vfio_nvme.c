// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's own way of a disk driver in user space, for comparison with a moved driver: NVMe (NVM Express 1.4) by vfio-pci, in the program that
 * wants the data. One I/O queue pair; completions are waited for by MSI-X and an eventfd, or looked for all the time (-p). No isolation
 * between driver and client, no other clients, no errors survived: the least that such a program can be. Runs on Linux with an IOMMU.
 *
 *	vfio_nvme [-p] [-s PERCENT]	4 KiB random reads of the first NVMe controller's namespace 1 at depth 1 and 32
 *
 * Prints what blkload prints, for the disk "vfio-irq" or "vfio-poll".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "measure.h"

/* Linux's include/uapi/linux/vfio.h. */
#define VFIO_CALL(n)		(0x3b64 + (n))
#define SET_IOMMU		VFIO_CALL(2)
#define GROUP_SET_CONTAINER	VFIO_CALL(4)
#define GROUP_GET_DEVICE_FD	VFIO_CALL(6)
#define DEVICE_GET_REGION	VFIO_CALL(8)
#define DEVICE_SET_IRQS		VFIO_CALL(10)
#define IOMMU_MAP_DMA		VFIO_CALL(13)
#define TYPE1V2_IOMMU		3
#define REGION_BAR0		0
#define REGION_CONFIG		7
#define IRQ_MSIX		2
#define IRQ_EVENTFD_TRIGGER	(1u << 2 | 1u << 5)
#define MAP_READ_WRITE		3u

struct region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

struct dma_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

struct irq_set {
	uint32_t argsz, flags, index, start, count;
	int32_t fd;
};

/* The controller's registers, section 3.1. */
#define REG_CAP		0x00
#define REG_CC		0x14
#define REG_CSTS	0x1c
#define REG_AQA		0x24
#define REG_ASQ		0x28
#define REG_ACQ		0x30
#define REG_DOORBELL	0x1000
#define CC_ENABLE	(6u << 16 | 4u << 20 | 1u)	/* 64-byte and 16-byte entries */

#define ENTRIES		64u
#define DEPTH_MAX	32u
#define IOVA		0x10000000ull
#define PAGE		4096u
#define DATA_PAGE	8u		/* after the queues and identify */
#define MEMORY_BYTES	((DATA_PAGE + DEPTH_MAX) * PAGE)
#define WAIT_NS		5000000000ull

struct command {
	uint32_t opcode_and_id, namespace;
	uint64_t reserved, metadata, prp1, prp2;
	uint32_t words[6];
};

struct completion {
	uint32_t result, reserved;
	uint16_t head, queue, id, status;
};

struct queue {
	unsigned int number, tail, head, phase;
	struct command *commands;
	volatile struct completion *completions;
};

static uint8_t *memory;			/* at IOVA for the device */
static volatile uint8_t *registers;
static uint32_t doorbell_stride, block_bytes;
static uint64_t nr_blocks;
static int interrupts;			/* eventfd */
static bool polls;

static void die(const char *what)
{
	fprintf(stderr, "vfio_nvme: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t next_random(void)
{
	static uint64_t seed = 0x9e3779b97f4a7c15ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* ---- The device, from the kernel ---- */

static void text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* Its address, "0000:00:04.0". */
static void controller_find(char *name, size_t size)
{
	DIR *d = opendir("/sys/bus/pci/devices");
	char path[300], text[16];
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int fd;

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", e->d_name);
		fd = open(path, O_RDONLY);
		memset(text, 0, sizeof(text));
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0 && !strncmp(text, "0x010802", 8)) {
			snprintf(name, size, "%.31s", e->d_name);
			close(fd);
			closedir(d);
			return;
		}
		close(fd);
	}
	errno = ENODEV;
	die("no NVMe controller");
}

/* vfio-pci takes it: the device's file. */
static int device_open(void)
{
	char name[32], path[128], group[128];
	int container = open("/dev/vfio/vfio", O_RDWR), fd, device;
	ssize_t n;

	controller_find(name, sizeof(name));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", name);
	text_write(path, "vfio-pci");
	text_write("/sys/bus/pci/drivers_probe", name);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", name);
	n = readlink(path, group, sizeof(group) - 1);
	if (n < 0)
		die("no IOMMU group");
	group[n] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(group, '/') + 1);
	fd = open(path, O_RDWR);
	if (container < 0 || fd < 0 || ioctl(fd, GROUP_SET_CONTAINER, &container) || ioctl(container, SET_IOMMU, TYPE1V2_IOMMU))
		die(path);
	device = ioctl(fd, GROUP_GET_DEVICE_FD, name);
	if (device < 0)
		die(name);
	memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED || ioctl(container, IOMMU_MAP_DMA, &(struct dma_map){ sizeof(struct dma_map), MAP_READ_WRITE,
									(uintptr_t)memory, IOVA, MEMORY_BYTES }))
		die("map for the device");
	return device;
}

static void device_map(int device)
{
	struct region_info bar = { .argsz = sizeof(bar), .index = REGION_BAR0 }, config = { .argsz = sizeof(config), .index = REGION_CONFIG };
	struct irq_set irqs = { sizeof(irqs), IRQ_EVENTFD_TRIGGER, IRQ_MSIX, 0, 1, -1 };
	uint16_t command = 0;

	if (ioctl(device, DEVICE_GET_REGION, &bar) || ioctl(device, DEVICE_GET_REGION, &config))
		die("regions");
	registers = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)bar.offset);
	if (registers == MAP_FAILED || pread(device, &command, 2, (off_t)config.offset + 4) != 2)
		die("registers");
	command |= 6;	/* memory space, bus master */
	if (pwrite(device, &command, 2, (off_t)config.offset + 4) != 2)
		die("bus master");
	interrupts = eventfd(0, 0);
	irqs.fd = interrupts;
	if (interrupts < 0 || ioctl(device, DEVICE_SET_IRQS, &irqs))
		die("interrupts");
}

/* ---- The controller ---- */

static uint32_t reg_read(unsigned int at)
{
	return *(volatile uint32_t *)(registers + at);
}

static void reg_write(unsigned int at, uint32_t value)
{
	*(volatile uint32_t *)(registers + at) = value;
}

static void ready_wait(bool ready)
{
	uint64_t end = clock_ns() + WAIT_NS;

	while ((reg_read(REG_CSTS) & 1) != ready)
		if (clock_ns() > end)
			die("the controller does not answer");
}

static struct queue queue_at(unsigned int number)
{
	return (struct queue){ .number = number, .phase = 1, .commands = (struct command *)(memory + 2 * number * PAGE),
			       .completions = (struct completion *)(memory + (2 * number + 1) * PAGE) };
}

static void submit(struct queue *q, const struct command *c)
{
	q->commands[q->tail] = *c;
	q->tail = (q->tail + 1) % ENTRIES;
}

static void ring(struct queue *q)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	reg_write(REG_DOORBELL + 2 * q->number * doorbell_stride, q->tail);
}

/* The ids of what has ended. */
static unsigned int reap(struct queue *q, unsigned int *ids)
{
	unsigned int nr = 0;

	while (nr < DEPTH_MAX && (q->completions[q->head].status & 1) == q->phase) {
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (q->completions[q->head].status >> 1) {
			errno = EIO;
			die("a command");
		}
		ids[nr++] = q->completions[q->head].id;
		q->head = (q->head + 1) % ENTRIES;
		q->phase ^= !q->head;
	}
	if (nr)
		reg_write(REG_DOORBELL + (2 * q->number + 1) * doorbell_stride, q->head);
	return nr;
}

static unsigned int wait_for(struct queue *q, unsigned int *ids)
{
	uint64_t end = clock_ns() + WAIT_NS, count;
	unsigned int nr;

	while (!(nr = reap(q, ids))) {
		if (!polls && q->number && read(interrupts, &count, sizeof(count)) != sizeof(count))
			die("eventfd");
		if (clock_ns() > end)
			die("no completion");
	}
	return nr;
}

static void admin(struct queue *q, const struct command *c)
{
	unsigned int ids[DEPTH_MAX];

	submit(q, c);
	ring(q);
	wait_for(q, ids);
}

static void start(void)
{
	struct queue q = queue_at(0);
	const uint8_t *identify = memory + 4 * PAGE;

	doorbell_stride = 4u << (reg_read(REG_CAP + 4) & 15);
	reg_write(REG_CC, 0);
	ready_wait(false);
	reg_write(REG_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	reg_write(REG_ASQ, (uint32_t)IOVA);
	reg_write(REG_ASQ + 4, 0);
	reg_write(REG_ACQ, (uint32_t)IOVA + PAGE);
	reg_write(REG_ACQ + 4, 0);
	reg_write(REG_CC, CC_ENABLE);
	ready_wait(true);
	admin(&q, &(struct command){ .opcode_and_id = 0x06, .namespace = 1, .prp1 = IOVA + 4 * PAGE });
	memcpy(&nr_blocks, identify, 8);
	block_bytes = 1u << identify[128 + 4 * (identify[26] & 15) + 2];
	admin(&q, &(struct command){ .opcode_and_id = 0x05, .prp1 = IOVA + 3 * PAGE, .words = { (ENTRIES - 1) << 16 | 1, polls ? 1 : 3 } });
	admin(&q, &(struct command){ .opcode_and_id = 0x01, .prp1 = IOVA + 2 * PAGE, .words = { (ENTRIES - 1) << 16 | 1, 1 << 16 | 1 } });
}

/* ---- The load ---- */

static void read_start(struct queue *q, unsigned int id)
{
	uint64_t blocks = PAGE / block_bytes, at = next_random() % (nr_blocks / blocks) * blocks;

	submit(q, &(struct command){ .opcode_and_id = 0x02 | id << 16, .namespace = 1, .prp1 = IOVA + (DATA_PAGE + id) * PAGE,
				     .words = { (uint32_t)at, (uint32_t)(at >> 32), (uint32_t)blocks - 1 } });
}

static void run(struct queue *q, unsigned int depth, unsigned long n)
{
	unsigned int ids[DEPTH_MAX], nr;
	unsigned long sent = 0, over = 0;

	for (; sent < depth && sent < n; sent++)
		read_start(q, (unsigned int)sent);
	ring(q);
	for (; over < n; over += nr) {
		unsigned int again = 0;

		nr = wait_for(q, ids);
		for (unsigned int i = 0; i < nr && sent < n; i++, sent++, again++)
			read_start(q, ids[i]);
		if (again)
			ring(q);
	}
}

static void measure(struct queue *q, unsigned int depth, unsigned long n)
{
	uint64_t ns, tsc;

	run(q, depth, n / 10 + 1);
	ns = clock_ns();
	tsc = ticks();
	profile_begin();
	run(q, depth, n);
	profile_end();
	tsc = ticks() - tsc;
	ns = clock_ns() - ns;
	printf("load %s randread-4k-%u requests %lu ns_per_request %.1f ticks_per_request %.1f\n", polls ? "vfio-poll" : "vfio-irq", depth, n,
	       (double)ns / n, (double)tsc / n);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long percent = 100;
	struct queue q;
	int opt;

	while ((opt = getopt(argc, argv, "ps:")) == 'p' || opt == 's') {
		if (opt == 'p')
			polls = true;
		else
			percent = strtoul(optarg, NULL, 0);
	}
	if (opt != -1 || optind < argc) {
		fprintf(stderr, "usage: vfio_nvme [-p] [-s PERCENT]\n");
		return 2;
	}
	device_map(device_open());
	start();
	q = queue_at(1);
	measure(&q, 1, 2000 * percent / 100 + 1);
	measure(&q, 32, 10000 * percent / 100 + 1);
	return 0;
}
