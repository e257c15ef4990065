// SPDX-License-Identifier: GPL-2.0
/* Device events (kernel/uevent.h): their text and numbers. tell_lock (mutex) keeps them in order; below it is only what the hook takes. */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/uevent.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/errno.h>

#define EVENT_BYTES	(UEVENT_TEXT_MAX + 1024u)
#define UUID_LENGTH	36u

static struct mutex tell_lock = MUTEX_INIT(tell_lock, "uevent");
static uint64_t last_number;		/* guarded by tell_lock */
void (*uevent_hook)(const char *data, size_t n);

struct event {
	char *text;
	size_t used;
	bool full;
};

/* @n bytes of @text as a line. */
static void add(struct event *e, const char *key, const char *text, size_t n)
{
	size_t key_length = strlen(key);

	if (e->used + key_length + n + 1 > EVENT_BYTES) {
		e->full = true;
		return;
	}
	memcpy(e->text + e->used, key, key_length);
	memcpy(e->text + e->used + key_length, text, n);
	e->used += key_length + n;
	e->text[e->used++] = '\0';
}

static void add_lines(struct event *e, const char *lines)
{
	const char *end;

	for (; (end = strchr(lines, '\n')); lines = end + 1)
		add(e, "", lines, end - lines);
}

static void tell(const char *action, const char *path, const char *subsystem, const char *synthetic, const char *lines)
{
	struct event e = { .text = uevent_hook ? kzalloc(EVENT_BYTES) : NULL };
	char number[24];

	if (e.text) {
		add(&e, action, "@", 1);
		e.used--;
		add(&e, "", path, strlen(path));
		add(&e, "ACTION=", action, strlen(action));
		add(&e, "DEVPATH=", path, strlen(path));
		add(&e, "SUBSYSTEM=", subsystem, strlen(subsystem));
		add_lines(&e, synthetic);
		add_lines(&e, lines);
	}
	mutex_lock(&tell_lock);
	format_text(number, sizeof(number), "%llu", (unsigned long long)++last_number);
	if (e.text) {
		add(&e, "SEQNUM=", number, strlen(number));
		if (!e.full)
			uevent_hook(e.text, e.used);
	}
	mutex_unlock(&tell_lock);
	kfree(e.text);
}

void uevent_tell(const char *action, const char *path, const char *subsystem, const char *lines)
{
	tell(action, path, subsystem, "", lines);
}

/* ---- What programs ask for ---- */

static bool is_action(const char *text, size_t n)
{
	static const char *const actions[] = { "add", "remove", "change", "move", "online", "offline", "bind", "unbind" };

	for (unsigned int i = 0; i < ARRAY_SIZE(actions); i++)
		if (strlen(actions[i]) == n && !memcmp(actions[i], text, n))
			return true;
	return false;
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_uuid(const char *text, size_t n)
{
	if (n != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text[i] | 0x20;
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !((c >= '0' && c <= '9' && c == text[i]) || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

/* KEY=VALUE of letters and digits alone, told as SYNTH_ARG_KEY. */
static bool is_argument(const char *text, size_t n)
{
	size_t key = 0, at;

	while (key < n && is_alphanumeric(text[key]))
		key++;
	if (!key || key >= n || text[key] != '=')
		return false;
	for (at = key + 1; at < n && is_alphanumeric(text[at]); at++)
		;
	return at == n && at > key + 1;
}

static size_t word(const char **text)
{
	size_t n = 0;

	while (**text == ' ')
		++*text;
	while ((*text)[n] && (*text)[n] != ' ')
		n++;
	return n;
}

int uevent_ask(char *text, const char *path, const char *subsystem, const char *lines)
{
	char synthetic[256], action[16] = "";
	const char *at = text;
	size_t n = word(&at), used;

	if (!is_action(at, n))
		return -EINVAL;
	memcpy(action, at, n);
	at += n;
	n = word(&at);
	if (n && !is_uuid(at, n))
		return -EINVAL;
	used = (size_t)format_text(synthetic, sizeof(synthetic), "SYNTH_UUID=%.*s\n", n ? (int)n : 1, n ? at : "0");
	at += n;
	while ((n = word(&at))) {
		if (!is_argument(at, n) || used + n + sizeof("SYNTH_ARG_\n") > sizeof(synthetic))
			return -EINVAL;
		used += (size_t)format_text(synthetic + used, sizeof(synthetic) - used, "SYNTH_ARG_%.*s\n", (int)n, at);
		at += n;
	}
	tell(action, path, subsystem, synthetic, lines);
	return 0;
}

static void number_show(struct seq *s, void *priv)
{
	mutex_lock(&tell_lock);
	seq_printf(s, "%llu\n", (unsigned long long)last_number);
	mutex_unlock(&tell_lock);
}

static int uevent_init(void)
{
	return sys_create("kernel/uevent_seqnum", 0444, number_show, NULL);
}
INITCALL("2fs", uevent_init);
