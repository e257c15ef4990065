// SPDX-License-Identifier: GPL-2.0
/* The verbs of drvctl on disks: what their devices say of themselves, how long requests took, faults on purpose. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uapi/ferry/linux_block.h>
#include "drvctl.h"
#include "drvctl_pages.h"

#define BUCKETS_MAX	64

static char only[32];		/* the one disk that is meant; empty: all */

/* The device's name that /sys gives for a disk; 0: there is none. */
static int device_of(const char *disk, char *to, size_t size)
{
	char path[300], target[256];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/block/%s/device", disk);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return 0;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return 0;
	strcpy(to, name);
	return 1;
}

const char *disk_named(const char *name)
{
	static char device[64];

	if (strchr(name, '/') || !device_of(name, device, sizeof(device)))
		return name;
	snprintf(only, sizeof(only), "%s", name);
	return device;
}

/* Call @fn for each disk of @d that is meant; the last that failed counts. */
static int disks_each(const struct ferry_device_desc *d, const char *what, int (*fn)(const struct ferry_device_desc *d, const char *disk))
{
	DIR *dir = opendir("/sys/block");
	int found = 0, result = EXIT_DONE, one;
	struct dirent *entry;
	char device[64];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || (only[0] && strcmp(only, entry->d_name)))
			continue;
		if (!device_of(entry->d_name, device, sizeof(device)) || strcmp(device, d->name))
			continue;
		found = 1;
		one = fn(d, entry->d_name);
		result = one ? one : result;
	}
	if (dir)
		closedir(dir);
	return found ? result : complain(d, what, "it has no disk");
}

static void disk_begin(const struct ferry_device_desc *d, const char *disk)
{
	if (!drvctl_json) {
		printf("disk=%s device=%s driver=%s", disk, d->name, d->driver);
		return;
	}
	json_device(d);
	printf(",\"disk\":");
	json_text(disk);
}

static void disk_end(void)
{
	printf(drvctl_json ? "}" : "\n");
}

/* ---- Pages ---- */

/* 0 or an errno. */
static int page_read(const char *disk, unsigned int what, unsigned char *page)
{
	struct ferry_block_info info = { .size = sizeof(info), .what = what, .buffer = (uintptr_t)page };
	char path[300];
	int fd, err;

	snprintf(path, sizeof(path), "/dev/%s", disk);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = ioctl(fd, FERRY_BLKINFO, &info) ? errno : 0;
	close(fd);
	return err;
}

static const char *page_why(int err)
{
	return err == EOPNOTSUPP ? "the disk has no such data" : strerror(err);
}

static int identify_one(const struct ferry_device_desc *d, const char *disk)
{
	static unsigned char unit[FERRY_BLKINFO_BYTES], controller[FERRY_BLKINFO_BYTES];
	int err = page_read(disk, FERRY_BLKINFO_UNIT, unit), nvme = 0, scsi = 0;

	if (err == EOPNOTSUPP) {
		err = page_read(disk, FERRY_BLKINFO_INQUIRY, unit);
		scsi = !err;
	}
	if (err)
		return complain(d, "identify its disk", page_why(err));
	memset(controller, 0, sizeof(controller));
	if (scsi)
		(void)page_read(disk, FERRY_BLKINFO_NAMES, controller);	/* not every unit has names */
	else
		nvme = !page_read(disk, FERRY_BLKINFO_CONTROLLER, controller);
	disk_begin(d, disk);
	if (scsi) {
		scsi_inquiry_print(unit);
		scsi_names_print(controller);
	} else if (nvme) {
		nvme_controller_print(controller);
		nvme_namespace_print(unit);
	} else {
		ata_identify_print(unit);
	}
	disk_end();
	return EXIT_DONE;
}

int disk_identify(const struct ferry_device_desc *d)
{
	return disks_each(d, "identify", identify_one);
}

static int smart_one(const struct ferry_device_desc *d, const char *disk)
{
	static unsigned char health[FERRY_BLKINFO_BYTES], page[FERRY_BLKINFO_BYTES];
	int err = page_read(disk, FERRY_BLKINFO_HEALTH, health), scsi = 0;

	if (err == EOPNOTSUPP) {
		err = page_read(disk, FERRY_BLKINFO_EXCEPTIONS, health);
		scsi = !err;
	}
	if (err)
		return complain(d, "read its disk's health", page_why(err));
	disk_begin(d, disk);
	if (scsi)
		scsi_exceptions_print(health);
	else if (!page_read(disk, FERRY_BLKINFO_CONTROLLER, page))
		nvme_health_print(health);
	else
		ata_smart_print(health);
	disk_end();
	return EXIT_DONE;
}

int disk_smart(const struct ferry_device_desc *d)
{
	return disks_each(d, "read the health of", smart_one);
}

/* ---- Orders ---- */

static unsigned int order_value;
static int order_given;

/* Any disk of the controller will do to reach it, the first one does. */
static int order_one(const struct ferry_device_desc *d, const char *disk)
{
	static unsigned char page[FERRY_BLKINFO_BYTES];
	int err;

	if (order_given)
		return EXIT_DONE;
	order_given = 1;
	err = page_read(disk, order_value, page);
	if (err)
		return complain(d, "attach or detach a namespace", err == EOPNOTSUPP ? "its device knows nothing of that" : strerror(err));
	disk_begin(d, disk);
	disk_end();
	return EXIT_DONE;
}

int disk_namespace(const struct ferry_device_desc *d, int attach, const char *number)
{
	char *end;
	unsigned long nr = strtoul(number, &end, 0);

	if (!nr || nr >= 1ul << 24 || *end)
		return complain(d, "attach or detach a namespace", "that is no number of one");
	order_value = (attach ? FERRY_BLKINFO_ATTACH : FERRY_BLKINFO_DETACH) | (unsigned int)nr << 8;
	order_given = 0;
	return disks_each(d, "attach or detach a namespace", order_one);
}

/* ---- Latency ---- */

struct histogram {
	char disk[32], kind[16];
	unsigned long long ios, ns, buckets[BUCKETS_MAX];
};

/* DISK KIND IOS NS BUCKET=IOS... */
static int histogram_parse(char *line, struct histogram *h)
{
	unsigned long long nr;
	unsigned int bucket;
	int used = 0, n;

	memset(h, 0, sizeof(*h));
	if (sscanf(line, "%31s %15s %llu %llu%n", h->disk, h->kind, &h->ios, &h->ns, &used) != 4)
		return 0;
	for (line += used; sscanf(line, " %u=%llu%n", &bucket, &nr, &n) == 2; line += n)
		if (bucket < BUCKETS_MAX)
			h->buckets[bucket] = nr;
	return 1;
}

/* The upper end of the bucket that so many thousandths of the ios lie below, in microseconds. */
static double below_us(const struct histogram *h, unsigned int thousandths)
{
	unsigned long long seen = 0;
	unsigned int b;

	for (b = 0; b < BUCKETS_MAX - 1; b++) {
		seen += h->buckets[b];
		if (seen * 1000 >= h->ios * thousandths && seen)
			break;
	}
	return (double)(2ull << b) / 1000;
}

static void histogram_print(const struct ferry_device_desc *d, const struct histogram *h)
{
	unsigned int b, shown = 0;

	disk_begin(d, h->disk);
	printf(drvctl_json ? ",\"kind\":\"%s\",\"ios\":%llu,\"mean_us\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"buckets_ns\":{" :
			     " kind=%s ios=%llu mean_us=%.1f p50_us<%.1f p99_us<%.1f p999_us<%.1f\n",
	       h->kind, h->ios, (double)h->ns / (double)h->ios / 1000, below_us(h, 500), below_us(h, 990), below_us(h, 999));
	for (b = 0; b < BUCKETS_MAX; b++) {
		if (!h->buckets[b])
			continue;
		if (drvctl_json)
			printf("%s\"%llu\":%llu", shown++ ? "," : "", 1ull << b, h->buckets[b]);
		else
			printf("  %12.1f us and more %10llu %.*s\n", (double)(1ull << b) / 1000, h->buckets[b],
			       (int)(h->buckets[b] * 50 / h->ios), "##################################################");
	}
	if (drvctl_json)
		printf("}}");
}

static int latency_one(const struct ferry_device_desc *d, const char *disk)
{
	FILE *f = fopen("/proc/ferry/latency", "r");
	struct histogram h;
	char line[2048];

	if (!f)
		return complain(d, "read its latencies", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (histogram_parse(line, &h) && !strcmp(h.disk, disk))
			histogram_print(d, &h);
	fclose(f);
	return EXIT_DONE;
}

int disk_latency(const struct ferry_device_desc *d)
{
	return disks_each(d, "read the latencies of", latency_one);
}

/* ---- Faults ---- */

static char **inject_words;

static int rules_show(const char *disk)
{
	FILE *f = fopen("/proc/ferry/inject", "r");
	char line[512];
	size_t n = strlen(disk);

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, disk, n) && line[n] == ' ')
			fputs(line, stdout);
	if (f)
		fclose(f);
	return f ? 0 : errno;
}

static int rule_write(const char *disk)
{
	int fd = open("/proc/ferry/inject", O_WRONLY | O_CLOEXEC), used, i, err;
	char line[512];

	if (fd < 0)
		return errno;
	used = snprintf(line, sizeof(line), "%s", disk);
	for (i = 0; inject_words[i] && used < (int)sizeof(line); i++)
		used += snprintf(line + used, sizeof(line) - (size_t)used, " %s", inject_words[i]);
	err = used >= (int)sizeof(line) ? E2BIG : write(fd, line, (size_t)used) == used ? 0 : errno;
	close(fd);
	return err;
}

static int inject_one(const struct ferry_device_desc *d, const char *disk)
{
	int err = inject_words[0] ? rule_write(disk) : rules_show(disk);

	return err ? complain(d, "inject", err == EINVAL ? "not a rule: see Documentation/block.md" : strerror(err)) : EXIT_DONE;
}

int disk_inject(const struct ferry_device_desc *d, char **words)
{
	inject_words = words;
	return disks_each(d, "inject", inject_one);
}
