// SPDX-License-Identifier: GPL-2.0
/*
 * Restart policy. A file of lines, "DRIVER KEY=VALUE...", and what follows from it at a death: the first restart comes at once, the next
 * ones in a row after pauses that double, so many in a window and no more. What the keys mean is said in the file that is installed.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "policy.h"

#define NS_PER_MS	1000000ull
#define DOUBLINGS_MAX	20u

static struct policy rules[POLICY_RULES_MAX] = {
	{ .driver = "*", .restart = 1, .budget = 20, .window_s = 60, .delay_ms = 10, .delay_max_ms = 1000, .calm_ms = 1000 },
};
static unsigned int nr_rules = 1;

static const struct key {
	const char *name;
	size_t offset;
	unsigned int max;
} keys[] = {
	{ "budget", offsetof(struct policy, budget), 1000000 },
	{ "window", offsetof(struct policy, window_s), 86400 },
	{ "delay", offsetof(struct policy, delay_ms), 60000 },
	{ "delay_max", offsetof(struct policy, delay_max_ms), 600000 },
	{ "calm", offsetof(struct policy, calm_ms), 3600000 },
};

/* NULL, or what is wrong. */
static const char *number_set(struct policy *p, const struct key *key, const char *text)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return "not a number";
	value = strtoul(text, &end, 10);
	if (*end)
		return "not a number";
	if (value > key->max)
		return "too large a number";
	*(unsigned int *)((char *)p + key->offset) = (unsigned int)value;
	return NULL;
}

static const char *yes_no_set(unsigned int *setting, const char *text)
{
	*setting = !strcmp(text, "yes");
	return *setting || !strcmp(text, "no") ? NULL : "neither yes nor no";
}

static const char *setting_set(struct policy *p, const char *name, const char *value)
{
	size_t i;

	if (!strcmp(name, "restart"))
		return yes_no_set(&p->restart, value);
	if (!strcmp(name, "standby"))
		return yes_no_set(&p->standby, value);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(name, keys[i].name))
			return number_set(p, &keys[i], value);
	return "unknown setting";
}

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

/* NULL, or what is wrong with @at. Splits the line. */
static const char *line_parse(char *line, const char **at)
{
	struct policy p = rules[0];
	const char *wrong = NULL;
	char *word = strtok(line, " \t\n"), *equals;

	*at = word;
	if (!word || *word == '#')
		return NULL;
	if (strlen(word) >= sizeof(p.driver))
		return "too long a name";
	if (!rule_find(word) && nr_rules == POLICY_RULES_MAX)
		return "one rule too many";
	strcpy(p.driver, word);
	while (!wrong && (word = strtok(NULL, " \t\n")) && *word != '#') {
		*at = word;
		equals = strchr(word, '=');
		if (!equals)
			return "not KEY=VALUE";
		*equals = '\0';
		wrong = setting_set(&p, word, equals + 1);
	}
	if (!wrong)
		rule_store(&p);
	return wrong;
}

void policy_read(FILE *f, const char *name, FILE *errors)
{
	const char *wrong, *at;
	unsigned int number = 0;
	char line[256];

	while (fgets(line, sizeof(line), f)) {
		number++;
		wrong = line_parse(line, &at);
		if (wrong)
			fprintf(errors, "devmgr: %s:%u: %s: %s; the line is left out\n", name, number, at, wrong);
	}
}

const struct policy *policy_for(const char *driver)
{
	const struct policy *p = rule_find(driver);

	return p ? p : &rules[0];
}

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
