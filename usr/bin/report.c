// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl report: the newest crash report of a driver or device (ipc/crash_report.c), with the names of functions put in from the symbol table of
 * the driver's file. Names are looked up for the lines of the backtrace only; a file that is not what it was gives wrong names.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "drvctl.h"
#include "report.h"

#define DIRECTORY	"/var/crash"
#define DRIVERS		"/lib/drivers"
#define SLOTS		8
#define TEXT_MAX	8192
#define LINE_MAX_BYTES	400

struct symbols {
	const unsigned char *image;
	size_t size;
	const Elf64_Sym *table;
	size_t count;
	const char *names;
	size_t names_size;
	uint64_t base;		/* what is to be taken off an address */
};

/* The value behind @key at the start of a line, into @to; 0 when there is none. */
static int field(const char *text, const char *key, char *to, size_t size)
{
	size_t n = strlen(key), length;
	const char *at = text;

	while (at && strncmp(at, key, n)) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return 0;
	at += n;
	at += strspn(at, " ");
	length = strcspn(at, "\n");
	if (length >= size)
		return 0;
	memcpy(to, at, length);
	to[length] = '\0';
	return 1;
}

static int text_read(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_MAX - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return 0;
	text[n] = '\0';
	return 1;
}

/* The newest report about @name into @text; 0: there is none. */
static int report_find(const char *name, char *text)
{
	static char candidate[TEXT_MAX];
	char path[64], driver[64], device[64], when[32];
	double newest = -1;
	int i;

	for (i = 0; i < SLOTS; i++) {
		snprintf(path, sizeof(path), DIRECTORY "/driver%d.report", i);
		if (!text_read(path, candidate) || !field(candidate, "driver ", driver, sizeof(driver)) ||
		    !field(candidate, "device ", device, sizeof(device)) || !field(candidate, "time ", when, sizeof(when)))
			continue;
		if ((strcmp(driver, name) && strcmp(device, name)) || strtod(when, NULL) <= newest)
			continue;
		newest = strtod(when, NULL);
		memcpy(text, candidate, TEXT_MAX);
	}
	return newest >= 0;
}

/* ---- Symbols ---- */

static int inside(const struct symbols *s, uint64_t offset, uint64_t length)
{
	return offset <= s->size && length <= s->size - offset;
}

static void table_find(struct symbols *s)
{
	const Elf64_Ehdr *h = (const void *)s->image;
	const Elf64_Shdr *sections;
	unsigned int i;

	if (s->size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_shentsize != sizeof(*sections) || h->e_shoff % 8 || !inside(s, h->e_shoff, (uint64_t)h->e_shnum * sizeof(*sections)))
		return;
	sections = (const void *)(s->image + h->e_shoff);
	for (i = 0; i < h->e_shnum; i++) {
		const Elf64_Shdr *t = &sections[i], *n;

		if (t->sh_type != SHT_SYMTAB || t->sh_link >= h->e_shnum || t->sh_offset % 8 || !inside(s, t->sh_offset, t->sh_size))
			continue;
		n = &sections[t->sh_link];
		if (!inside(s, n->sh_offset, n->sh_size))
			continue;
		s->table = (const void *)(s->image + t->sh_offset);
		s->count = t->sh_size / sizeof(Elf64_Sym);
		s->names = (const char *)s->image + n->sh_offset;
		s->names_size = n->sh_size;
	}
}

static void symbols_open(struct symbols *s, const char *driver, uint64_t entry)
{
	char path[128];
	struct stat st;
	void *image;
	int fd;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), DRIVERS "/%s", driver);
	fd = strchr(driver, '/') ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_size > 0) {
		image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		s->image = image == MAP_FAILED ? NULL : image;
		s->size = s->image ? (size_t)st.st_size : 0;
	}
	close(fd);
	if (s->image)
		table_find(s);
	if (s->table)
		s->base = entry - ((const Elf64_Ehdr *)(const void *)s->image)->e_entry;
}

/* The function that holds @address, or NULL. */
static const char *symbol_find(const struct symbols *s, uint64_t address, uint64_t *offset)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		const Elf64_Sym *y = &s->table[i];

		if (ELF64_ST_TYPE(y->st_info) != STT_FUNC || address < y->st_value || address - y->st_value >= y->st_size)
			continue;
		if (y->st_name >= s->names_size || !memchr(s->names + y->st_name, 0, s->names_size - y->st_name))
			continue;
		*offset = address - y->st_value;
		return s->names + y->st_name;
	}
	return NULL;
}

/* A line "  #1 0x401234" gets its name; any other is as it was. */
static void line_name(const char *line, const struct symbols *s, char *to, size_t size)
{
	unsigned int number;
	unsigned long long address;
	const char *name = NULL;
	uint64_t offset = 0;
	int is_frame = sscanf(line, "  #%u 0x%llx", &number, &address) == 2;

	if (is_frame)
		name = symbol_find(s, address - s->base, &offset);
	if (name)
		snprintf(to, size, "%s %s+0x%llx", line, name, (unsigned long long)offset);
	else
		snprintf(to, size, "%s%s", line, is_frame ? " ?" : "");
}

/* ---- JSON: fields of the head as texts, each part below it as an array of its lines, registers as an object ---- */

struct json {
	char part[32];		/* "": the head */
	unsigned int nr;	/* of what is open, so far */
};

static void json_key(struct json *j, const char *name)
{
	printf("%s", j->nr++ ? "," : "");
	json_text(name);
	printf(":");
}

static void json_registers(struct json *j, const char *line)
{
	char name[16], value[32];
	int n;

	for (; sscanf(line, "%15s %31s%n", name, value, &n) == 2; line += n) {
		json_key(j, name);
		json_text(value);
	}
}

static void json_part_end(const struct json *j)
{
	if (j->part[0])
		printf(strcmp(j->part, "registers") ? "]" : "}");
}

static void json_line(struct json *j, const char *line)
{
	size_t key = strcspn(line, " ,");
	char name[32];

	if (*line == ' ' && !strcmp(j->part, "registers")) {
		json_registers(j, line);
	} else if (*line == ' ') {
		printf("%s", j->nr++ ? "," : "");
		json_text(line + strspn(line, " "));
	} else if (*line) {
		snprintf(name, sizeof(name), "%.*s", (int)key, line);
		if (line[key] == ' ' && !j->part[0]) {
			json_key(j, name);
			json_text(line + key + strspn(line + key, " "));
			return;
		}
		json_part_end(j);
		printf(",");
		json_text(name);
		printf(strcmp(name, "registers") ? ":[" : ":{");
		memcpy(j->part, name, sizeof(name));
		j->nr = 0;
	}
}

int report_print(const char *name)
{
	static char text[TEXT_MAX];
	char driver[64] = "", entry[32] = "";
	char line[LINE_MAX_BYTES], *at, *next;
	struct json json = { .part = "" };
	struct symbols symbols;

	if (!report_find(name, text)) {
		fprintf(stderr, "drvctl: %s: no crash report in " DIRECTORY "\n", name);
		return EXIT_UNKNOWN;
	}
	field(text, "driver ", driver, sizeof(driver));
	field(text, "entry ", entry, sizeof(entry));
	symbols_open(&symbols, driver, strtoull(entry, NULL, 0));
	if (drvctl_json)
		printf("[\n {");
	for (at = text; at && *at; at = next) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		line_name(at, &symbols, line, sizeof(line));
		if (drvctl_json)
			json_line(&json, line);
		else
			puts(line);
	}
	if (drvctl_json) {
		json_part_end(&json);
		printf("}\n]\n");
	}
	return EXIT_DONE;
}
