// SPDX-License-Identifier: GPL-2.0
/*
 * The policy file, and what follows from it at a death: the first restart comes at once, the next ones in a row after pauses that double, so
 * many in a window and no more. A line that is wrong anywhere is left out whole: nobody gets half a rule.
 */
#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/ferry/manifest.h>
#include "policy.h"

#define NS_PER_MS	1000000ull
#define DOUBLINGS_MAX	20u
#define LINE_BYTES	512
#define BLANKS		" \t\r\n"

#define BUILT_IN	{										\
	.driver = "*", .grant = FERRY_NEEDS_ALL, .restart = 1, .budget = 20, .window_s = 60, .delay_ms = 10, .delay_max_ms = 1000, \
	.calm_ms = 1000, .start_ms = 10000, .heartbeat_ms = 5000, .quiesce_ms = 5000,				\
}

static struct policy rules[POLICY_RULES_MAX] = { BUILT_IN };
static unsigned int nr_rules = 1;
static struct policy_device devices[POLICY_DEVICES_MAX];
static unsigned int nr_devices;
static struct policy_fault faults[POLICY_FAULTS_MAX];
static unsigned int nr_faults;

static const char *const needs_names[] = { "mmio", "ports", "irq", "dma", "cpu-data", "config", "keep" };
#define NEEDS_NAMES	(sizeof(needs_names) / sizeof(needs_names[0]))

void policy_reset(void)
{
	rules[0] = (struct policy)BUILT_IN;
	nr_rules = 1;
	nr_devices = 0;
	nr_faults = 0;
}

/* ---- Values: each setter gives NULL, or what is wrong ---- */

static const char *number_set(unsigned int *to, const char *text, unsigned int max)
{
	unsigned long long value = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9' && value <= max; c++)
		value = value * 10 + (unsigned int)(*c - '0');
	if (value > max)
		return "too large a number";
	if (c == text || *c)
		return "not a number";
	*to = (unsigned int)value;
	return NULL;
}

static const char *yes_no_set(unsigned int *to, const char *text, unsigned int max)
{
	(void)max;
	if (strcmp(text, "yes") && strcmp(text, "no"))
		return "neither yes nor no";
	*to = !strcmp(text, "yes");
	return NULL;
}

static const char *needs_set(unsigned int *to, const char *text, unsigned int max)
{
	unsigned int needs = 0, i;
	size_t n;

	if (!strcmp(text, "all") || !strcmp(text, "none")) {
		*to = *text == 'a' ? max : 0;
		return NULL;
	}
	for (;; text += n + 1) {
		n = strcspn(text, ",");
		for (i = 0; i < NEEDS_NAMES && (strncmp(text, needs_names[i], n) || needs_names[i][n]); i++)
			;
		if (i == NEEDS_NAMES)
			return "not a list of mmio, ports, irq, dma, cpu-data, config, keep, nor all, nor none";
		needs |= 1u << i;
		if (!text[n])
			break;
	}
	*to = needs;
	return NULL;
}

static const struct key {
	const char *name;
	size_t offset;
	const char *(*set)(unsigned int *to, const char *text, unsigned int max);
	unsigned int max;
} keys[] = {
	{ "grant", offsetof(struct policy, grant), needs_set, FERRY_NEEDS_ALL },
	{ "restart", offsetof(struct policy, restart), yes_no_set, 1 },
	{ "fallback", offsetof(struct policy, fallback), yes_no_set, 1 },
	{ "standby", offsetof(struct policy, standby), yes_no_set, 1 },
	{ "budget", offsetof(struct policy, budget), number_set, 1000000 },
	{ "window", offsetof(struct policy, window_s), number_set, 86400 },
	{ "delay", offsetof(struct policy, delay_ms), number_set, 60000 },
	{ "delay_max", offsetof(struct policy, delay_max_ms), number_set, 600000 },
	{ "calm", offsetof(struct policy, calm_ms), number_set, 3600000 },
	{ "start", offsetof(struct policy, start_ms), number_set, 600000 },
	{ "heartbeat", offsetof(struct policy, heartbeat_ms), number_set, 3600000 },
	{ "quiesce", offsetof(struct policy, quiesce_ms), number_set, 600000 },
	{ "cpu", offsetof(struct policy, cpu_percent), number_set, 100 },
	{ "memory", offsetof(struct policy, memory_kib), number_set, 16u << 20 },
	{ "dma", offsetof(struct policy, dma_kib), number_set, 16u << 20 },
	{ "handles", offsetof(struct policy, handles), number_set, 65536 },
	{ "irqs", offsetof(struct policy, irqs_per_s), number_set, 10000000 },
	{ "depth", offsetof(struct policy, queue_depth), number_set, 65536 },
};

void policy_needs_text(char *text, size_t size, unsigned int needs)
{
	size_t used = 0, i;

	snprintf(text, size, "none");
	for (i = 0; i < NEEDS_NAMES && used < size; i++)
		if (needs & 1u << i)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", needs_names[i]);
}

/* ---- Lines ---- */

static struct policy *rule_find(const char *driver)
{
	unsigned int i;

	for (i = 0; i < nr_rules; i++)
		if (!strcmp(rules[i].driver, driver))
			return &rules[i];
	return NULL;
}

static void rule_store(const struct policy *p)
{
	struct policy *old = rule_find(p->driver);

	*(old ? old : &rules[nr_rules++]) = *p;
}

/* The next word of the line, cut into KEY and VALUE; 0 at its end. @wrong is set when there is no "=". */
static int setting_next(char **rest, const char **at, char **value, const char **wrong)
{
	char *word = strtok_r(NULL, BLANKS, rest), *equals;

	if (!word || *word == '#')
		return 0;
	*at = word;
	equals = strchr(word, '=');
	if (!equals) {
		*wrong = "not KEY=VALUE";
		return 0;
	}
	*equals = '\0';
	*value = equals + 1;
	return 1;
}

static const char *setting_set(struct policy *p, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(name, keys[i].name))
			return keys[i].set((unsigned int *)((char *)p + keys[i].offset), value, keys[i].max);
	return "unknown setting";
}

/* "DRIVER KEY=VALUE...". What is not named is as for "*" so far. */
static const char *driver_line(const char *driver, char **rest, unsigned int number, const char **at)
{
	struct policy p = rules[0];
	const char *wrong = NULL;
	char *value;

	if (strlen(driver) >= sizeof(p.driver))
		return "too long a name";
	if (!rule_find(driver) && nr_rules == POLICY_RULES_MAX)
		return "one rule too many";
	strcpy(p.driver, driver);
	p.line = number;
	while (!wrong && setting_next(rest, at, &value, &wrong))
		wrong = setting_set(&p, *at, value);
	if (!wrong)
		rule_store(&p);
	return wrong;
}

/* "device PATTERN driver=NAME" */
static const char *device_line(char **rest, unsigned int number, const char **at)
{
	struct policy_device d = { .line = number };
	char *pattern = strtok_r(NULL, BLANKS, rest), *value;
	const char *wrong = NULL;

	if (!pattern || *pattern == '#')
		return "no device is named";
	*at = pattern;
	if (strlen(pattern) >= sizeof(d.pattern))
		return "too long a pattern";
	if (nr_devices == POLICY_DEVICES_MAX)
		return "one device too many";
	strcpy(d.pattern, pattern);
	while (!wrong && setting_next(rest, at, &value, &wrong)) {
		if (strcmp(*at, "driver"))
			wrong = "unknown setting";
		else if (!*value || strlen(value) >= sizeof(d.driver))
			wrong = "not the name of a driver";
		else
			strcpy(d.driver, value);
	}
	if (!wrong && !d.driver[0])
		wrong = "driver= is missing";
	if (!wrong)
		devices[nr_devices++] = d;
	return wrong;
}

/* "inject DISK KEY=VALUE...": the words as they stand; what the keys mean is the kernel's to say. */
static const char *fault_line(char **rest, unsigned int number, const char **at)
{
	struct policy_fault f = { .line = number };
	char *disk = strtok_r(NULL, BLANKS, rest), *word;
	size_t used;

	if (!disk || *disk == '#')
		return "no disk is named";
	*at = disk;
	if (nr_faults == POLICY_FAULTS_MAX)
		return "one fault too many";
	used = (size_t)snprintf(f.rule, sizeof(f.rule), "%s", disk);
	while (used < sizeof(f.rule) && (word = strtok_r(NULL, BLANKS, rest)) && *word != '#') {
		*at = word;
		if (!strchr(word, '='))
			return "not KEY=VALUE";
		used += (size_t)snprintf(f.rule + used, sizeof(f.rule) - used, " %s", word);
	}
	if (used >= sizeof(f.rule))
		return "it is too long";
	if (!strchr(f.rule, ' '))
		return "no setting is named";
	faults[nr_faults++] = f;
	return NULL;
}

/* NULL, or what is wrong with @at. Splits the line. */
static const char *line_parse(char *line, unsigned int number, const char **at)
{
	char *rest, *word = strtok_r(line, BLANKS, &rest);

	*at = word;
	if (!word || *word == '#')
		return NULL;
	if (!strcmp(word, "inject"))
		return fault_line(&rest, number, at);
	return strcmp(word, "device") ? driver_line(word, &rest, number, at) : device_line(&rest, number, at);
}

/* One line into @line; 0 at the end. The rest of one that is too long is read over, and @whole is 0. */
static int line_read(FILE *f, char *line, size_t size, int *whole)
{
	int c;

	if (!fgets(line, (int)size, f))
		return 0;
	*whole = strchr(line, '\n') || feof(f);
	while (!*whole && (c = getc(f)) != EOF && c != '\n')
		;
	return 1;
}

unsigned int policy_read(FILE *f, const char *name, FILE *errors)
{
	unsigned int number = 0, nr_wrong = 0;
	const char *wrong, *at;
	char line[LINE_BYTES];
	int whole;

	while (line_read(f, line, sizeof(line), &whole)) {
		number++;
		at = "line";
		wrong = whole ? line_parse(line, number, &at) : "it is too long";
		if (!wrong)
			continue;
		fprintf(errors, "%s:%u: %s: %s; the line is left out\n", name, number, at, wrong);
		nr_wrong++;
	}
	return nr_wrong;
}

const struct policy *policy_for(const char *driver)
{
	const struct policy *p = rule_find(driver);

	return p ? p : &rules[0];
}

const struct policy_device *policy_for_device(const char *name, unsigned int vendor, unsigned int device)
{
	unsigned int i;
	char ids[16];

	snprintf(ids, sizeof(ids), "%04x:%04x", vendor & 0xffff, device & 0xffff);
	for (i = 0; i < nr_devices; i++)
		if (!fnmatch(devices[i].pattern, name, 0) || !fnmatch(devices[i].pattern, ids, 0))
			return &devices[i];
	return NULL;
}

const struct policy_fault *policy_fault(unsigned int index)
{
	return index < nr_faults ? &faults[index] : NULL;
}

/* ---- Restarts ---- */

static uint64_t pause_of(const struct policy *p, unsigned int in_row, unsigned int random)
{
	uint64_t ns = p->delay_ms * NS_PER_MS, max = p->delay_max_ms * NS_PER_MS;

	if (!in_row)
		return 0;
	ns <<= in_row - 1 < DOUBLINGS_MAX ? in_row - 1 : DOUBLINGS_MAX;
	if (ns > max)
		ns = max;
	return ns - ns / 4 + (ns / 2) * (random % 1024) / 1024;
}

static int budget_left(const struct policy *p, const struct policy_history *h, uint64_t now_ns)
{
	return !p->budget || h->in_window < p->budget || now_ns - h->window_ns > p->window_s * 1000 * NS_PER_MS;
}

int policy_at_once(const struct policy *p, const struct policy_history *h, uint64_t now_ns, uint64_t ran_ns)
{
	return p->restart && budget_left(p, h, now_ns) && (!h->in_row || !p->delay_ms || ran_ns >= p->calm_ms * NS_PER_MS);
}

int policy_restart(const struct policy *p, struct policy_history *h, uint64_t now_ns, uint64_t ran_ns, unsigned int random,
		   uint64_t *pause_ns)
{
	if (!p->restart)
		return 0;
	if (now_ns - h->window_ns > p->window_s * 1000 * NS_PER_MS) {
		h->window_ns = now_ns;
		h->in_window = 0;
	}
	if (p->budget && h->in_window >= p->budget)
		return 0;
	if (ran_ns && ran_ns >= p->calm_ms * NS_PER_MS)
		h->in_row = 0;
	*pause_ns = pause_of(p, h->in_row, random);
	h->in_window++;
	h->in_row++;
	return 1;
}
