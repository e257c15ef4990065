// SPDX-License-Identifier: GPL-2.0
/* The drivers there are, by the manifests in their ELF files, and which of them is for a device: the policy first, then the most exact table. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "devmgr.h"
#include "manifest.h"

#define DRIVERS_MAX	128

struct catalogue {
	struct known_driver drivers[DRIVERS_MAX];
	unsigned int nr;
};

static struct catalogue *now, *before;	/* before: NULL, or what catalogue_undo() brings back */

static void driver_add(struct catalogue *c, const char *dir, const char *name)
{
	struct known_driver *d = &c->drivers[c->nr];
	const char *wrong;

	if (c->nr == DRIVERS_MAX || snprintf(d->path, sizeof(d->path), "%s/%s", dir, name) >= (int)sizeof(d->path)) {
		fprintf(stderr, "devmgr: %s/%s: too many drivers or too long a name\n", dir, name);
		return;
	}
	wrong = manifest_load(d->path, &d->manifest);
	if (wrong)
		fprintf(stderr, "devmgr: %s: %s\n", d->path, wrong);
	else
		c->nr++;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct known_driver *)a)->path, ((const struct known_driver *)b)->path);
}

void catalogue_read(const char *dir)
{
	struct catalogue *c = calloc(1, sizeof(*c));
	DIR *d = c ? opendir(dir) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			driver_add(c, dir, e->d_name);
	if (d)
		closedir(d);
	if (!c)
		return;
	qsort(c->drivers, c->nr, sizeof(c->drivers[0]), by_path);
	free(before);
	before = now;
	now = c;
}

void catalogue_undo(void)
{
	if (!before)
		return;
	free(now);
	now = before;
	before = NULL;
}

static const struct known_driver *driver_named(const char *name)
{
	unsigned int i;

	for (i = 0; now && i < now->nr; i++)
		if (!strcmp(now->drivers[i].manifest.name, name))
			return &now->drivers[i];
	return NULL;
}

int catalogue_knows(const char *driver)
{
	return driver_named(driver) != NULL;
}

/* ---- Matching ---- */

static int id_matches(unsigned int id, unsigned int row)
{
	return row == FERRY_MATCH_ANY || row == id;
}

static int name_matches(const char *device, const char *row)
{
	size_t n = strlen(row);

	return n && !strncmp(device, row, n) && (!device[n] || device[n] == '.');
}

static int row_matches(const struct ferry_device_desc *d, const struct ferry_match *m)
{
	if (m->bus != d->bus)
		return 0;
	if (m->bus == FERRY_BUS_PLATFORM || m->bus == FERRY_BUS_ISA)
		return name_matches(d->name, m->name);
	return id_matches(d->vendor, m->vendor) && id_matches(d->device, m->device) && id_matches(d->subvendor, m->subvendor) &&
	       id_matches(d->subdevice, m->subdevice) && (d->class_code & m->class_mask) == (m->class_code & m->class_mask);
}

/* Rows that name the device come before rows that take a whole class: the lower, the more exact; 0: no match. */
static unsigned int match_rank(const struct ferry_device_desc *d, const struct ferry_manifest *m)
{
	unsigned int i;

	for (i = 0; i < FERRY_MATCH_MAX && m->match[i].bus; i++)
		if (row_matches(d, &m->match[i]))
			return m->match[i].class_mask ? 2 : 1;
	return 0;
}

/* The policy may choose among the drivers that know the device, no other. */
static const struct known_driver *driver_chosen(const struct ferry_device_desc *d, const struct policy_device *rule, const char **why)
{
	const struct known_driver *k;

	if (!strcmp(rule->driver, "none")) {
		*why = "the policy wants no driver for it";
		return NULL;
	}
	k = driver_named(rule->driver);
	if (!k)
		*why = "the driver that the policy wants for it does not exist";
	else if (!match_rank(d, &k->manifest))
		*why = "the driver that the policy wants for it does not know it";
	else
		return k;
	return NULL;
}

const struct known_driver *driver_for(const struct ferry_device_desc *d, const char **why)
{
	const struct policy_device *rule = policy_for_device(d->name, d->vendor, d->device);
	const struct known_driver *best = NULL;
	unsigned int i, rank, best_rank = ~0u;

	*why = NULL;
	if (rule)
		return driver_chosen(d, rule, why);
	for (i = 0; now && i < now->nr; i++) {
		rank = match_rank(d, &now->drivers[i].manifest);
		if (!rank || rank >= best_rank)
			continue;
		best = &now->drivers[i];
		best_rank = rank;
	}
	return best;
}
