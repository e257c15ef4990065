// SPDX-License-Identifier: GPL-2.0
/*
 * lscap: who holds which capability of which device, out of /proc/ferry/caps. A capability that was derived from another stands below it.
 * usage: lscap [--json] [DEVICE|PID]...    Exit status: 3 where one of them has no capability.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPS_MAX	16384
#define DEPTH_MAX	16	/* of the indentation */

struct cap {
	unsigned long long id, parent, generation, start, length;
	char kind[12], device[32], name[32];	/* name: of the holder */
	unsigned int rights, files;
	int holder;
};

static struct cap caps[CAPS_MAX];
static int nr_caps;

static void holder_name(struct cap *c)
{
	char path[40];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", c->holder);
	f = c->holder ? fopen(path, "r") : NULL;
	if (!f || !fgets(c->name, sizeof(c->name), f))
		strcpy(c->name, "-");
	c->name[strcspn(c->name, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* 0, or -1: the kernel's file is not there. */
static int caps_read(void)
{
	FILE *f = fopen("/proc/ferry/caps", "r");
	char line[256];

	if (!f)
		return -1;
	while (nr_caps < CAPS_MAX && fgets(line, sizeof(line), f)) {
		struct cap *c = &caps[nr_caps];

		if (sscanf(line, "%llu %llu %11s %x %31s %llu %d %u %llx %llx", &c->id, &c->parent, c->kind, &c->rights, c->device,
			   &c->generation, &c->holder, &c->files, &c->start, &c->length) != 10)
			continue;
		holder_name(c);
		nr_caps++;
	}
	fclose(f);
	return 0;
}

static int is_number(const char *word)
{
	return word[0] && !word[strspn(word, "0123456789")];
}

static int wanted(const struct cap *c, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], c->device) || (is_number(argv[i]) && atoi(argv[i]) == c->holder))
			return 1;
	return !argc;
}

/* Rights as letters: those of a device are its needs. */
static const char *rights_text(const struct cap *c)
{
	static const char needs[] = "mpidbck", plain[] = "rw", process[] = "wp";
	const char *letters = !strcmp(c->kind, "device") ? needs : !strcmp(c->kind, "process") ? process : plain;
	static char text[8];
	unsigned int i;

	for (i = 0; letters[i]; i++)
		text[i] = c->rights >> i & 1 ? letters[i] : '-';
	text[i] = '\0';
	return text;
}

static void row_print(const struct cap *c, unsigned int depth)
{
	char kind[32], range[48] = "-";

	if (depth > DEPTH_MAX)
		depth = DEPTH_MAX;
	snprintf(kind, sizeof(kind), "%*s%s", (int)depth, "", c->kind);
	if (c->length)
		snprintf(range, sizeof(range), "%llx+%llx", c->start, c->length);
	printf("%-20s %-7s %-14s %6d %-16s %5u %s\n", kind, rights_text(c), c->device, c->holder, c->name, c->files, range);
}

/* Handles come in the order they were made, so what was derived stands behind what it came from. */
static void tree_print(unsigned long long parent, unsigned int depth, int from, int argc, char **argv)
{
	int i;

	for (i = from; i < nr_caps; i++) {
		if (caps[i].parent != parent)
			continue;
		if (wanted(&caps[i], argc, argv))
			row_print(&caps[i], depth);
		tree_print(caps[i].id, depth + 1, i + 1, argc, argv);
	}
}

static void table_print(int argc, char **argv)
{
	printf("%-20s %-7s %-14s %6s %-16s %5s %s\n", "KIND", "RIGHTS", "DEVICE", "PID", "HOLDER", "FILES", "RANGE");
	tree_print(0, 0, 0, argc, argv);
}

static void json_print(int argc, char **argv)
{
	const char *between = "\n";
	int i;

	printf("[");
	for (i = 0; i < nr_caps; i++) {
		const struct cap *c = &caps[i];

		if (!wanted(c, argc, argv))
			continue;
		printf("%s {\"id\": %llu, \"parent\": %llu, \"kind\": \"%s\", \"rights\": %u, \"device\": \"%s\", \"generation\": %llu, "
		       "\"pid\": %d, \"holder\": \"%s\", \"files\": %u, \"start\": %llu, \"length\": %llu}", between, c->id, c->parent,
		       c->kind, c->rights, c->device, c->generation, c->holder, c->name, c->files, c->start, c->length);
		between = ",\n";
	}
	printf("\n]\n");
}

/* Of how many words there is no capability. */
static int unknown_tell(int argc, char **argv)
{
	int i, c, unknown = 0;

	for (i = 0; i < argc; i++) {
		for (c = 0; c < nr_caps && !wanted(&caps[c], 1, &argv[i]); c++)
			;
		if (c < nr_caps)
			continue;
		fprintf(stderr, "lscap: %s: no such device or process has capabilities\n", argv[i]);
		unknown++;
	}
	return unknown;
}

int main(int argc, char **argv)
{
	int json = argc > 1 && !strcmp(argv[1], "--json");

	if (argc > 1 && argv[1][0] == '-' && !json) {
		int asked = !strcmp(argv[1], "--help");

		fprintf(asked ? stdout : stderr, "usage: lscap [--json] [DEVICE|PID]...\n");
		return asked ? 0 : 2;
	}
	if (caps_read()) {
		perror("lscap: /proc/ferry/caps");
		return 1;
	}
	if (json)
		json_print(argc - 2, argv + 2);
	else
		table_print(argc - 1, argv + 1);
	return unknown_tell(argc - json - 1, argv + json + 1) ? 3 : 0;
}
