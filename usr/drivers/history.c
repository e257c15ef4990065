// SPDX-License-Identifier: GPL-2.0
/*
 * What a manager knows of drivers' pasts, for the one that comes after its death: a line for each device in a file of root's. It is written
 * when nothing else is to be done, whole and under another name first, and believed line by line. Ids of devices are never used again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "devmgr.h"

#define DIRECTORY	"/run/ferry"
#define HISTORY		DIRECTORY "/history"
#define NEW		HISTORY ".new"
#define LINE_BYTES	128

int history_changed;

static void lines_write(FILE *f)
{
	const struct instance *i;

	for (i = instances_first(); i; i = i->next)
		if (!i->gone && (i->history.in_window || i->history.in_row || i->missed_all))
			fprintf(f, "%u %llu %u %u %u\n", i->device, (unsigned long long)i->history.window_ns, i->history.in_window,
				i->history.in_row, i->missed_all);
}

void history_save(void)
{
	int wrong = 1;
	FILE *f;

	history_changed = 0;
	mkdir("/run", 0755);
	mkdir(DIRECTORY, 0700);
	f = fopen(NEW, "we");
	if (f) {
		lines_write(f);
		wrong = ferror(f);
		wrong |= fclose(f);
	}
	if (wrong || rename(NEW, HISTORY))
		fprintf(stderr, "devmgr: " HISTORY ": %s; the next manager will not know of restarts\n", strerror(errno));
}

void history_recall(struct instance *i)
{
	FILE *f = fopen(HISTORY, "re");
	unsigned int device, in_window, in_row, missed;
	unsigned long long window;
	char line[LINE_BYTES];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %llu %u %u %u", &device, &window, &in_window, &in_row, &missed) != 5 || device != i->device)
			continue;
		if (window > now_ns())
			continue;
		i->history = (struct policy_history){ .window_ns = window, .in_window = in_window, .in_row = in_row };
		i->missed_all = missed;
	}
	if (f)
		fclose(f);
}
