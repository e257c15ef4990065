// SPDX-License-Identifier: GPL-2.0
/* cpio "newc": a header of 6 + 13 * 8 characters, the name, the data, both padded to 4 bytes; TRAILER!!! ends an archive. */
#include <lib/string.h>
#include <uapi/ferry/errno.h>
#include "cpio.h"

#define FIELDS		13
#define HEADER		(6 + FIELDS * 8)
#define NAME_LONGEST	4096u
#define ALIGN4(x)	(((x) + 3) & ~(size_t)3)

enum { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEVMAJOR, DEVMINOR, RDEVMAJOR, RDEVMINOR, NAMESIZE, CHECK };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_field(const char *text, uint32_t *v)
{
	int i, digit;

	*v = 0;
	for (i = 0; i < 8; i++) {
		digit = hex_digit(text[i]);
		if (digit < 0)
			return -EINVAL;
		*v = *v << 4 | (uint32_t)digit;
	}
	return 0;
}

/* Sizes are 32 bits and size_t is 64: the sums below cannot wrap. */
static int parse_header(struct cpio *c, uint32_t f[FIELDS])
{
	const char *h = c->data + c->at;
	size_t left = c->size - c->at;
	int i;

	if (left < HEADER || (memcmp(h, "070701", 6) && memcmp(h, "070702", 6)))
		return -EINVAL;
	for (i = 0; i < FIELDS; i++)
		if (parse_field(h + 6 + i * 8, &f[i]))
			return -EINVAL;
	if (f[NAMESIZE] < 2 || f[NAMESIZE] > NAME_LONGEST || f[NAMESIZE] > left - HEADER)
		return -EINVAL;
	if (h[HEADER + f[NAMESIZE] - 1] != '\0' || !h[HEADER])
		return -EINVAL;
	return f[FILESIZE] > left - HEADER - f[NAMESIZE] ? -EINVAL : 0;
}

/* Zeroes between entries and archives; -1 at the end. */
static int skip_padding(struct cpio *c)
{
	while (c->at < c->size && !c->data[c->at])
		c->at++;
	return c->at < c->size ? 0 : -1;
}

static int fill_entry(struct cpio *c, const uint32_t f[FIELDS], struct cpio_entry *e)
{
	size_t data = ALIGN4(c->at + HEADER + f[NAMESIZE]);

	if (data > c->size || f[FILESIZE] > c->size - data)
		return -EINVAL;
	*e = (struct cpio_entry){
		.name = c->data + c->at + HEADER, .data = c->data + data, .size = f[FILESIZE], .ino = f[INO], .mode = f[MODE],
		.uid = f[UID], .gid = f[GID], .nlink = f[NLINK], .mtime = f[MTIME], .rdev_major = f[RDEVMAJOR],
		.rdev_minor = f[RDEVMINOR], .dev = f[DEVMAJOR] << 16 | (f[DEVMINOR] & 0xffff),
	};
	c->at = ALIGN4(data + f[FILESIZE]);
	if (c->at > c->size)
		c->at = c->size;
	return 1;
}

int cpio_next(struct cpio *c, struct cpio_entry *e)
{
	uint32_t f[FIELDS];
	int n;

	do {
		if (skip_padding(c))
			return 0;
		if (parse_header(c, f))
			return -EINVAL;
		n = fill_entry(c, f, e);
		if (n < 0)
			return n;
	} while (!strcmp(e->name, "TRAILER!!!"));
	return 1;
}
