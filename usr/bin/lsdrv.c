// SPDX-License-Identifier: GPL-2.0
/*
 * lsdrv: one line for each driver instance, out of /proc/drivers: NAME PLACEMENT(y|m) PID STATE DEVICE.
 * usage: lsdrv [-v]    -v: with the counters, as /proc/drivers has them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS	5
#define LINE_BYTES	1024
#define LINES_MAX	512

static char *cells[LINES_MAX][COLUMNS];

/* Cut a line into its first words; 0 when it has too few. */
static int line_split(char *line, char **cell)
{
	int i;

	for (i = 0; i < COLUMNS; i++) {
		cell[i] = strtok(i ? NULL : line, " \t\n");
		if (!cell[i])
			return 0;
		cell[i] = strdup(cell[i]);
		if (!cell[i])
			exit(1);
	}
	return 1;
}

static void table_print(int nr)
{
	size_t width[COLUMNS] = { 0 };
	int i, c;

	for (i = 0; i < nr; i++)
		for (c = 0; c < COLUMNS; c++)
			if (strlen(cells[i][c]) > width[c])
				width[c] = strlen(cells[i][c]);
	for (i = 0; i < nr; i++) {
		for (c = 0; c < COLUMNS - 1; c++)
			printf("%-*s  ", (int)width[c], cells[i][c]);
		printf("%s\n", cells[i][COLUMNS - 1]);
	}
}

int main(int argc, char **argv)
{
	int verbose = argc == 2 && !strcmp(argv[1], "-v"), nr = 0;
	char line[LINE_BYTES];
	FILE *f;

	if (argc > 1 && !verbose) {
		fprintf(stderr, "usage: lsdrv [-v]\n");
		return 2;
	}
	f = fopen("/proc/drivers", "r");
	if (!f) {
		perror("lsdrv: /proc/drivers");
		return 1;
	}
	while (nr < LINES_MAX && fgets(line, sizeof(line), f)) {
		if (verbose)
			fputs(line, stdout);
		else if (line_split(line, cells[nr]))
			nr++;
	}
	fclose(f);
	table_print(nr);
	return 0;
}
