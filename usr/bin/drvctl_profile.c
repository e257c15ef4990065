// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl profile NAME [SECONDS]: what the PROFILE_SCOPE()s of a running driver took in the next second, or so many: how often, in all and on
 * average. Switches the category "profile" of the tracing on meanwhile, if it is not; counts of others in /proc/ferry/profile stay as they
 * are. The scopes of a linked-in driver are those of all linked-in drivers, by source file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "drvctl.h"

#define CATEGORIES	"/proc/ferry/trace/categories"
#define PROFILE		"/proc/ferry/profile"
#define SCOPES_MAX	128
#define SECONDS_MAX	3600ul

struct scope {
	char device[32], driver[32], name[32];
	unsigned long long count, ns;
};

static unsigned long seconds_of(const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 1;

	return text && (*end || !*text || *text == '-') ? 0 : n;
}

const char *profile_check(const char *seconds)
{
	unsigned long n = seconds_of(seconds);

	return n && n <= SECONDS_MAX ? NULL : "not a number of seconds up to 3600";
}

/* The active ones, separated by blanks; "none" without any. */
static int categories_read(char *active, size_t size)
{
	FILE *f = fopen(CATEGORIES, "r");
	char word[32];
	size_t used = 0;

	if (!f)
		return -1;
	active[0] = '\0';
	while (fscanf(f, "%31s", word) == 1)
		if (word[0] == '[' && used < size)
			used += (size_t)snprintf(active + used, size - used, "%s%.*s", used ? " " : "", (int)strlen(word) - 2, word + 1);
	fclose(f);
	if (!used)
		snprintf(active, size, "none");
	return 0;
}

static int categories_write(const char *words)
{
	FILE *f = fopen(CATEGORIES, "w");
	int failed;

	if (!f)
		return -1;
	failed = fprintf(f, "%s\n", words) < 0;
	return fclose(f) || failed ? -1 : 0;
}

static int scopes_read(struct scope *scopes)
{
	FILE *f = fopen(PROFILE, "r");
	char line[256];
	int n = 0;

	while (f && n < SCOPES_MAX && fgets(line, sizeof(line), f)) {
		struct scope *s = &scopes[n];

		n += sscanf(line, "%31s %31s %31s %llu %llu", s->device, s->driver, s->name, &s->count, &s->ns) == 5;
	}
	if (f)
		fclose(f);
	return f ? n : -1;
}

/* What it had before; a scope that was not there yet had nothing. */
static struct scope scope_since(const struct scope *now, const struct scope *before, int nr_before)
{
	struct scope s = *now;
	int i;

	for (i = 0; i < nr_before; i++) {
		if (strcmp(before[i].device, s.device) || strcmp(before[i].driver, s.driver) || strcmp(before[i].name, s.name))
			continue;
		s.count -= before[i].count <= s.count ? before[i].count : 0;
		s.ns -= before[i].ns <= s.ns ? before[i].ns : 0;
		break;
	}
	return s;
}

static void scope_print(const struct scope *s, int first)
{
	unsigned long long mean = s->count ? s->ns / s->count : 0;

	if (!drvctl_json) {
		printf("  %-16s %-16s count=%llu total_ns=%llu mean_ns=%llu\n", s->name, s->driver, s->count, s->ns, mean);
		return;
	}
	printf("%s{\"name\":", first ? "" : ",");
	json_text(s->name);
	printf(",\"count\":%llu,\"total_ns\":%llu,\"mean_ns\":%llu}", s->count, s->ns, mean);
}

static void scopes_print(const struct ferry_device_desc *d, const struct scope *now, int nr, const struct scope *before, int nr_before)
{
	const char *device = d->placement == FERRY_PLACED_MOVED ? d->name : "-";
	int i, shown = 0;

	if (drvctl_json) {
		json_device(d);
		printf(",\"scopes\":[");
	} else {
		printf("%s %s\n", d->name, d->driver);
	}
	for (i = 0; i < nr; i++) {
		struct scope s = scope_since(&now[i], before, nr_before);

		if (!strcmp(s.device, device) && s.count)
			scope_print(&s, !shown++);
	}
	if (drvctl_json)
		printf("]}");
	else if (!shown)
		printf("  no scope of it ended\n");
}

int profile_show(const struct ferry_device_desc *d, const char *seconds)
{
	static struct scope before[SCOPES_MAX], now[SCOPES_MAX];
	char active[128], wanted[160];
	int nr_before, nr;

	if (categories_read(active, sizeof(active)))
		return complain(d, "profile it", strerror(errno));
	snprintf(wanted, sizeof(wanted), "%s profile", strcmp(active, "none") ? active : "");
	nr_before = scopes_read(before);
	if (nr_before < 0 || (!strstr(active, "profile") && categories_write(wanted)))
		return complain(d, "profile it", strerror(errno));
	sleep((unsigned int)seconds_of(seconds));
	nr = scopes_read(now);
	if (!strstr(active, "profile"))
		categories_write(active);
	if (nr < 0)
		return complain(d, "profile it", strerror(errno));
	scopes_print(d, now, nr, before, nr_before);
	return EXIT_DONE;
}
