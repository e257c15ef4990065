// SPDX-License-Identifier: GPL-2.0
/* The first line of a script: "#! interpreter [option]", everything after the first blanks being one option. Pure; no locks. */
#include <kernel/elf.h>

static char *blank_skip(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

int script_parse(char *head, size_t size, size_t full, char **interp, char **option)
{
	char *end = memchr(head, '\n', size), *s;

	if (!end && size == full)
		return -ENOEXEC;
	if (!end)
		end = head + size;
	while (end > head + 2 && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	*interp = s = blank_skip(head + 2);
	*option = NULL;
	while (*s && *s != ' ' && *s != '\t')
		s++;
	if (*s) {
		*s++ = '\0';
		s = blank_skip(s);
		*option = *s ? s : NULL;
	}
	return **interp ? 0 : -ENOEXEC;
}
