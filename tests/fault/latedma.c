// SPDX-License-Identifier: GPL-2.0
/*
 * Watches memory for writes by nobody: takes nearly all free frames, waits SECONDS, and counts pages that are not zero any more.
 *
 *	latedma SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096ul
#define SPARE	600	/* frames left for the rest of the system */

static long frames_free(void)
{
	FILE *f = fopen("/proc/ferry/frames", "r");
	char line[100];
	long n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "free %ld", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static int page_is_zero(const char *page)
{
	unsigned int i;

	for (i = 0; i < PAGE; i++)
		if (page[i])
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	long i, n = frames_free() - SPARE, bad = 0;
	char *memory;

	if (argc != 2 || n <= 0)
		return 2;
	memory = mmap(NULL, (size_t)n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	for (i = 0; i < n; i++)
		((volatile char *)memory)[(size_t)i * PAGE] = 0;
	sleep((unsigned int)atoi(argv[1]));
	for (i = 0; i < n; i++)
		bad += !page_is_zero(memory + (size_t)i * PAGE);
	printf("late_pages %ld\n", bad);
	return bad != 0;
}
