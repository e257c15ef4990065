// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel command line: words separated by spaces, name=value or a lone name. Double quotes hold a value with spaces together. The
 * text is fixed after boot_parse(), so nothing is locked.
 */
#include <kernel/init.h>

struct word {
	const char *name, *value;
	size_t name_length, value_length;
};

/* The end of the word at @s; spaces inside quotes belong to it. */
static const char *word_end(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || *s != ' '); s++)
		quoted ^= *s == '"';
	return s;
}

/* The word at or behind @s into @w; where to go on, NULL at the end. */
static const char *word_next(const char *s, struct word *w)
{
	const char *end, *equals;

	while (*s == ' ')
		s++;
	if (!*s)
		return NULL;
	end = word_end(s);
	equals = memchr(s, '=', (size_t)(end - s));
	w->name = s;
	w->name_length = (size_t)((equals ? equals : end) - s);
	w->value = equals ? equals + 1 : end;
	w->value_length = (size_t)(end - w->value);
	if (w->value_length >= 2 && w->value[0] == '"' && end[-1] == '"') {
		w->value++;
		w->value_length -= 2;
	}
	return end;
}

static bool word_find(const char *name, struct word *found)
{
	const char *s = boot_info.cmdline;
	size_t length = strlen(name);
	bool any = false;
	struct word w;

	while ((s = word_next(s, &w))) {
		if (w.name_length != length || memcmp(w.name, name, length))
			continue;
		*found = w;
		any = true;
	}
	return any;
}

const char *cmdline_get(const char *name, char *value, size_t size)
{
	struct word w;

	if (!size || !word_find(name, &w))
		return NULL;
	w.value_length = MIN(w.value_length, size - 1);
	memcpy(value, w.value, w.value_length);
	value[w.value_length] = 0;
	return value;
}

bool cmdline_has(const char *name)
{
	struct word w;

	return word_find(name, &w);
}
