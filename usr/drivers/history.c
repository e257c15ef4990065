// SPDX-License-Identifier: GPL-2.0
/*
 * What a manager knows of drivers' pasts, for the one that comes after its death: a record for each device in a file of root's that is mapped,
 * so that whatever is counted is there for the next one at once. Ids of devices are never used again. A wrong record costs a count.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "devmgr.h"

#define DIRECTORY	"/run/ferry"
#define HISTORY		DIRECTORY "/history"
#define RECORDS		1024u
#define BYTES		(RECORDS * sizeof(struct past))

static struct past *records;
static struct past nowhere;	/* of the devices for which there is no room */

static void *file_map(void)
{
	void *map = MAP_FAILED;
	int fd;

	mkdir("/run", 0755);
	mkdir(DIRECTORY, 0700);
	fd = open(HISTORY, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && !ftruncate(fd, (off_t)BYTES))
		map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fprintf(stderr, "devmgr: " HISTORY ": %s; the next manager will not know of restarts\n", strerror(errno));
	if (fd >= 0)
		close(fd);
	return map;
}

static void records_open(void)
{
	void *map = records ? records : file_map();

	if (map == MAP_FAILED)
		map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map != MAP_FAILED)
		records = map;
}

/* Whoever wrote it died in the middle of it, or it is from nowhere. */
static void record_check(struct past *p)
{
	uint64_t now = now_ns();

	if (p->history.window_ns > now || p->due_ns > now + PAST_DUE_MAX_NS)
		memset(&p->history, 0, sizeof(p->history));
	if (p->due_ns > now + PAST_DUE_MAX_NS)
		p->due_ns = 0;
}

struct past *history_of(unsigned int device)
{
	struct past *spare = NULL, *left = NULL;
	unsigned int i;

	records_open();
	for (i = 0; records && i < RECORDS; i++) {
		if (records[i].device == device) {
			record_check(&records[i]);
			return &records[i];
		}
		if (!spare && !records[i].device)
			spare = &records[i];
		if (!left && !instance_find(records[i].device))	/* its device went while no manager was there */
			left = &records[i];
	}
	if (!spare)
		spare = left ? left : &nowhere;
	memset(spare, 0, sizeof(*spare));
	spare->device = device;
	return spare;
}

void history_forget(struct past *p)
{
	memset(p, 0, sizeof(*p));
}
