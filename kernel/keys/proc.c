// SPDX-License-Identifier: GPL-2.0
/* /proc/keys: the keys that the reader may view; /proc/key-users: who pays for how many. Both as proc(5) shows them. */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/time.h>
#include <lib/format.h>
#include "internal.h"

#define BIG_IN_FILE	800u	/* bytes from which on Linux keeps a big key in a file: what is said of them */

static char flag(const struct key *k, uint32_t bit, char letter)
{
	return k->flags & bit ? letter : '-';
}

static void expiry_text(const struct key *k, char *to, size_t size)
{
	static const struct {
		uint64_t seconds;
		char unit;
	} units[] = { { 7 * 24 * 3600, 'w' }, { 24 * 3600, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t left;
	unsigned int i = 0;

	if (!k->expiry || key_expired(k)) {
		str_copy(to, k->expiry ? "expd" : "perm", size);
		return;
	}
	left = (k->expiry - time_now()) / NSEC_PER_SEC;
	while (left < units[i].seconds && i + 1 < ARRAY_SIZE(units))
		i++;
	format_text(to, size, "%llu%c", (unsigned long long)(left / units[i].seconds), units[i].unit);
}

static void contents_show(struct seq *s, const struct key *k)
{
	seq_puts(s, k->description);
	if (k->error)
		return;
	if (k->type == &key_type_keyring && k->nr_links)
		seq_printf(s, ": %u", k->nr_links);
	else if (k->type == &key_type_keyring)
		seq_puts(s, ": empty");
	else
		seq_printf(s, ": %llu", (unsigned long long)(k->payload ? k->payload->size : 0));
	if (k->type->counts)
		seq_puts(s, k->payload && k->payload->size > BIG_IN_FILE ? " [file]" : " [buff]");
}

static void key_show(struct seq *s, const struct key *k)
{
	char expiry[24];

	expiry_text(k, expiry, sizeof(expiry));
	seq_printf(s, "%08x I%c-%c-%c%c %5u %4s %08x %5d %5d %-9.9s ", (unsigned int)k->serial, flag(k, KEY_REVOKED, 'R'),
		   flag(k, KEY_COUNTED, 'Q'), k->error ? 'N' : '-', flag(k, KEY_INVALIDATED, 'i'), ref_count(&k->ref), expiry, k->rights,
		   (int)uid_told(k->uid), (int)key_group_told(k), k->type->name);
	contents_show(s, k);
	seq_puts(s, "\n");
}

static bool is_here(uint32_t uid)
{
	return id_inside(current->cred.user_ns, ID_USER, uid) != ID_NONE;
}

static void keys_show(struct seq *s, void *priv)
{
	uint64_t mine;

	keys_begin();
	mine = possessions_mark();
	for (struct key *k = serial_from(0); k; k = serial_from(k->serial + 1)) {
		struct key_found f = { k, k->possessed == mine && (k->rights & POSSESSOR(LINUX_KEY_VIEW)) };

		if (is_here(k->payer->uid) && key_permits(&f, LINUX_KEY_VIEW))
			key_show(s, k);
	}
	keys_end();
}

static void users_show(struct seq *s, void *priv)
{
	keys_begin();
	for (struct key_payer *p = payer_after(NULL); p; p = payer_after(p)) {
		uint64_t keys, bytes;

		payer_limits(p, &keys, &bytes);
		if (is_here(p->uid))
			seq_printf(s, "%5u: %5llu %llu/%llu %llu/%llu %llu/%llu\n", uid_told(p->uid), (unsigned long long)p->nr,
				   (unsigned long long)p->nr, (unsigned long long)p->nr, (unsigned long long)p->nr_counted,
				   (unsigned long long)keys, (unsigned long long)p->bytes, (unsigned long long)bytes);
	}
	keys_end();
}

static int keys_proc_init(void)
{
	int err = proc_create("keys", 0444, keys_show, NULL);

	return err ? err : proc_create("key-users", 0444, users_show, NULL);
}
INITCALL("2fs", keys_proc_init);
