// SPDX-License-Identifier: GPL-2.0
/* Growing text for files that are generated: fs/node.h. Any context; when memory runs out the text ends there. */
#include <fs/internal.h>
#include <lib/format.h>
#include <mm/slab.h>

#define SEQ_FIRST	1024ul
#define SEQ_MAX		(4096ul * 1024)

static bool seq_reserve(struct seq *s, size_t n)
{
	size_t size = s->size ? s->size : SEQ_FIRST;
	char *text;

	if (s->size - s->used > n)
		return true;
	while (size - s->used <= n && size < SEQ_MAX)
		size *= 2;
	text = size - s->used > n ? kzalloc(size) : NULL;
	if (!text) {
		s->failed = true;
		return false;
	}
	if (s->used)
		memcpy(text, s->text, s->used);
	kfree(s->text);
	s->text = text;
	s->size = size;
	return true;
}

void seq_puts(struct seq *s, const char *text)
{
	size_t n = strlen(text);

	if (!seq_reserve(s, n))
		return;
	memcpy(s->text + s->used, text, n);
	s->used += n;
}

void seq_printf(struct seq *s, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = format_args(s->text ? s->text + s->used : NULL, s->size - s->used, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= s->size - s->used) {
		if (!seq_reserve(s, n))
			return;
		va_start(args, fmt);
		format_args(s->text + s->used, s->size - s->used, fmt, args);
		va_end(args);
	}
	s->used += n;
}

void seq_put_nul(struct seq *s)
{
	if (seq_reserve(s, 1))
		s->text[s->used++] = '\0';
}

void seq_free(struct seq *s)
{
	kfree(s->text);
	memset(s, 0, sizeof(*s));
}
