// SPDX-License-Identifier: GPL-2.0
/* keyrings(7): what keys and keyrings hold, searching them, their end. Passes without a kernel that has them (ENOSYS). */
#include <time.h>
#include "keyring.h"

/* ---- What makes no sense ---- */

ABI_CASE(add_key_says_what_makes_no_sense)
{
	static char big[33000], text[5000];
	long id;

	if (!there_is())
		return;
	memset(text, 'x', sizeof(text) - 1);
	CHECK_ERR(add("user", "k", "p", 1 << 20, PROCESS), EINVAL);
	CHECK_ERR(add(BAD, "k", "p", 1, PROCESS), EFAULT);
	CHECK_ERR(add("", "k", "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("abcdefghijklmnopqrstuvwxyzabcdef", "k", "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("abcdefghijklmnopqrstuvwxyzabcde", "k", "p", 1, PROCESS), ENODEV);
	CHECK_ERR(add(".user", BAD, "p", 1, PROCESS), EPERM);
	CHECK_ERR(add("user", BAD, BAD, 1, PROCESS), EFAULT);
	CHECK_ERR(add("user", text, "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("keyring", ".k", BAD, 1, PROCESS), EPERM);
	CHECK_ERR(add("user", "k", BAD, 1, PROCESS), EFAULT);
	CHECK_ERR(add("user", "k", NULL, 1, PROCESS), EFAULT);
	CHECK_ERR(add("none", "k", "p", 1, 0), EINVAL);
	CHECK_ERR(add("none", "k", "p", 1, LINUX_KEY_SPEC_GROUP_KEYRING), EINVAL);
	CHECK_ERR(add("none", "k", "p", 1, LINUX_KEY_SPEC_REQKEY_AUTH_KEY), ENOKEY);
	CHECK_ERR(add("none", "k", "p", 1, INT32_MAX), ENOKEY);
	CHECK_ERR(add("none", NULL, "p", 1, PROCESS), ENODEV);
	CHECK_ERR(add("user", NULL, "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("user", "", "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("user", "k", "", 0, PROCESS), EINVAL);
	CHECK_ERR(add("user", "k", big, 32768, PROCESS), EINVAL);
	CHECK_ERR(add("keyring", "k", "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("logon", "k", "p", 1, PROCESS), EINVAL);
	CHECK_ERR(add("logon", ":k", "p", 1, PROCESS), EINVAL);
	id = user_key("k", "p", PROCESS);
	CHECK(id > 0);
	CHECK_ERR(add("user", "m", "p", 1, id), ENOTDIR);
	CHECK_ERR(add("user", "m", "", 0, id), ENOTDIR);
	text[4095] = 0;
	CHECK(add("user", text, big, 32767, PROCESS) > 0);
}

ABI_CASE(keyctl_says_what_makes_no_sense)
{
	char text[8];
	long id;

	if (!there_is())
		return;
	CHECK_ERR(syscall(SYS_keyctl, 12345, 0, 0, 0, 0), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_keyctl, -1, 0, 0, 0, 0), EOPNOTSUPP);
	CHECK_ERR(control(GET_KEYRING_ID, 0, 0), EINVAL);
	CHECK_ERR(control(GET_KEYRING_ID, -99, 0), EINVAL);
	CHECK_ERR(control(GET_KEYRING_ID, THREAD, 0), ENOKEY);
	CHECK_ERR(control(GET_KEYRING_ID, LINUX_KEY_SPEC_REQUESTOR_KEYRING, 1), ENOKEY);
	CHECK_ERR(control(UPDATE, 0, BAD, 4097), EINVAL);
	CHECK_ERR(control(UPDATE, 0, BAD, 1), EFAULT);
	CHECK_ERR(control(UPDATE, 0, "p", 1), EINVAL);
	CHECK_ERR(control(CHOWN, 0, 1, 1), EINVAL);
	CHECK(!control(CHOWN, 0, -1, -1));
	CHECK_ERR(control(SETPERM, INT32_MAX, 0x40), EINVAL);
	CHECK_ERR(control(SETPERM, INT32_MAX, 0x3f), ENOKEY);
	CHECK_ERR(control(INSTANTIATE, 0, NULL, 0, 0), EPERM);
	CHECK_ERR(control(INSTANTIATE, 0, "p", 1 << 20, 0), EINVAL);
	CHECK_ERR(control(NEGATE, 0, 0, 0), EPERM);
	CHECK_ERR(control(REJECT, 0, 0, ENOKEY, 0), EPERM);
	CHECK_ERR(control(REJECT, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(control(REJECT, 0, 0, 4095, 0), EINVAL);
	CHECK_ERR(control(REJECT, 0, 0, 512, 0), EINVAL);
	CHECK_ERR(control(ASSUME_AUTHORITY, -1), EINVAL);
	CHECK_ERR(control(ASSUME_AUTHORITY, 1), ENOKEY);
	CHECK(!control(ASSUME_AUTHORITY, 0));
	CHECK_ERR(control(SET_REQKEY_KEYRING, 6), EINVAL);
	CHECK_ERR(control(SET_REQKEY_KEYRING, 8), EINVAL);
	CHECK_ERR(control(SET_REQKEY_KEYRING, -2), EINVAL);
	CHECK_ERR(control(JOIN_SESSION_KEYRING, ".k"), EPERM);
	CHECK_ERR(control(JOIN_SESSION_KEYRING, ""), EINVAL);
	CHECK_ERR(control(JOIN_SESSION_KEYRING, BAD), EFAULT);
	CHECK_ERR(control(SEARCH, 0, BAD, BAD, 0), EFAULT);
	CHECK_ERR(control(SEARCH, 0, "none", BAD, 0), EFAULT);
	CHECK_ERR(control(SEARCH, 0, "none", "k", 0), EINVAL);
	CHECK_ERR(control(SEARCH, PROCESS, "none", "k", 0), ENOKEY);
	CHECK_ERR(control(MOVE, 0, 0, 0, 2), EINVAL);
	CHECK_ERR(control(READ, -99, text, 8), ENOKEY);
	CHECK_ERR(control(RESTRICT_KEYRING, INT32_MAX, "user", NULL), ENOKEY);
	id = user_key("k", "payload", PROCESS);
	CHECK_ERR(control(RESTRICT_KEYRING, id, "user", NULL), EINVAL);
	CHECK_ERR(control(RESTRICT_KEYRING, id, NULL, "how"), EINVAL);
	CHECK_ERR(control(RESTRICT_KEYRING, id, NULL, NULL), ENOTDIR);
	CHECK_ERR(control(CLEAR, id), ENOTDIR);
	CHECK_ERR(control(LINK, id, id), ENOTDIR);
	CHECK_ERR(control(UNLINK, id, id), ENOTDIR);
	CHECK_ERR(control(SEARCH, id, "user", "k", 0), ENOTDIR);
	CHECK_ERR(control(GET_PERSISTENT, -1, id), ENOTDIR);
	CHECK_ERR(control(DESCRIBE, INT32_MAX, NULL, 0), ENOKEY);
	CHECK_ERR(control(READ, id, BAD, 8), EFAULT);
	CHECK_ERR(control(CAPABILITIES, BAD, 1), EFAULT);
	CHECK(control(GET_SECURITY, id, text, 8) == 1 && !text[0] && control(GET_SECURITY, id, NULL, 0) == 1);
	CHECK(control(CAPABILITIES, NULL, 0) == 2);
	memset(text, 1, sizeof(text));
	CHECK(control(CAPABILITIES, text, 7) == 2 && text[0] & 0x80 && text[1] & 1 && !text[2] && !text[6] && text[7] == 1);
}

/* ---- What keys hold ---- */

ABI_CASE(a_key_holds_what_it_was_given)
{
	char text[64], as[128];
	long id, again;

	if (!there_is())
		return;
	id = user_key("k", "payload", PROCESS);
	CHECK(id >= 3 && holds(id, "payload"));
	snprintf(as, sizeof(as), "user;%d;%d;%08x;k", geteuid(), getegid(), RIGHTS_NEW);
	CHECK(described(id, as));
	CHECK(control(DESCRIBE, id, NULL, 0) == (long)strlen(as) + 1);
	memset(text, 'x', sizeof(text));
	CHECK(control(DESCRIBE, id, text, strlen(as)) == (long)strlen(as) + 1 && text[0] == 'x');
	CHECK(control(READ, id, NULL, 0) == 7 && control(READ, id, text, 6) == 7 && text[0] == 'x');
	CHECK(control(READ, id, text, 0) == 7 && control(READ, id, text, 7) == 7 && !memcmp(text, "payloadx", 8));
	again = user_key("k", "other", PROCESS);
	CHECK(again == id && holds(id, "other"));
	CHECK(!control(UPDATE, id, "third", 5) && holds(id, "third"));
	CHECK_ERR(control(UPDATE, id, NULL, 0), EINVAL);
	CHECK_ERR(control(UPDATE, id_of(PROCESS), "p", 1), EOPNOTSUPP);
	CHECK(holds(id, "third"));
}

ABI_CASE(a_logon_key_is_not_read)
{
	long id;

	if (!there_is())
		return;
	id = add("logon", "service:k", "secret", 6, PROCESS);
	CHECK(id > 0);
	CHECK_ERR(control(READ, id, NULL, 0), EOPNOTSUPP);
	CHECK(!control(UPDATE, id, "other", 5));
	CHECK(control(SEARCH, PROCESS, "logon", "service:k", 0) == id);
}

ABI_CASE(a_big_key_holds_up_to_a_megabyte)
{
	size_t size = (1 << 20) - 1;
	char *data = malloc(size), *back = malloc(size);
	long id, nr, counted, before, after;

	if (!there_is())
		return;
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 7 + i / 4096);
	be(USER);
	CHECK(ring_in("r", PROCESS) > 0 && user_has(USER, &nr, &counted, &before));
	id = add("big_key", "k", data, size, PROCESS);
	if (id < 0 && errno == ENODEV)
		return;
	CHECK(id > 0 && control(READ, id, back, size) == (long)size && !memcmp(data, back, size));
	CHECK(user_has(USER, &nr, &counted, &after) && after - before == 16 + 2 + 4);
	CHECK(add("big_key", "k", "small", 5, PROCESS) == id && holds(id, "small"));
	CHECK_ERR(add("big_key", "k", "", 0, PROCESS), EINVAL);
}

/* ---- Keyrings ---- */

ABI_CASE(a_keyring_holds_each_name_once)
{
	long ring, a, b, other;
	int32_t few[2] = { -1, -1 };

	if (!there_is())
		return;
	ring = ring_in("r", PROCESS);
	CHECK(ring > 0 && control(READ, ring, NULL, 0) == 0 && ring_has(ring, 0, 0));
	a = user_key("a", "1", ring);
	b = user_key("b", "2", ring);
	CHECK(a > 0 && b > 0 && a != b && ring_has(ring, a, b));
	CHECK(control(READ, ring, few, 4) == 8);
	other = user_key("a", "3", PROCESS);
	CHECK(other > 0 && other != a && !control(LINK, other, ring) && ring_has(ring, other, b));
	CHECK(goes(a));
	CHECK(!control(LINK, other, ring) && ring_has(ring, other, b));
	CHECK(!control(UNLINK, b, ring) && ring_has(ring, other, 0));
	CHECK(!control(UNLINK, other, PROCESS));
	CHECK_ERR(control(UNLINK, other, PROCESS), ENOENT);
	CHECK(holds(other, "3") && !control(CLEAR, ring));
	CHECK(goes(other));
	a = ring_in("r", PROCESS);
	CHECK(a > 0 && a != ring);
	CHECK(goes(ring));
}

ABI_CASE(keyrings_do_not_hold_themselves)
{
	long ring[9];
	char name[2] = "a";

	if (!there_is())
		return;
	for (int i = 0; i < 9; i++, name[0]++) {
		ring[i] = ring_in(name, PROCESS);
		CHECK(ring[i] > 0);
	}
	CHECK_ERR(control(LINK, ring[0], ring[0]), EDEADLK);
	CHECK(!control(LINK, ring[1], ring[0]) && !control(LINK, ring[2], ring[1]));
	CHECK_ERR(control(LINK, ring[0], ring[2]), EDEADLK);
	CHECK_ERR(control(LINK, ring[0], ring[1]), EDEADLK);
	for (int i = 2; i < 8; i++)
		CHECK(!control(LINK, ring[i + 1], ring[i]));
	CHECK_ERR(control(LINK, ring[0], SESSION), ELOOP);
	CHECK_ERR(control(LINK, ring[1], SESSION), ELOOP);
	CHECK(!control(LINK, ring[2], SESSION));
	CHECK_ERR(control(MOVE, ring[1], ring[0], ring[3], 0), EDEADLK);
	CHECK_ERR(control(MOVE, ring[3], ring[2], ring[8], 0), EDEADLK);
}

ABI_CASE(a_search_goes_six_deep)
{
	long ring = ring_in("0", PROCESS), first = ring, id;
	char name[2] = "1";

	if (!there_is())
		return;
	for (int i = 0; i < 6; i++, name[0]++)
		CHECK((ring = ring_in(name, ring)) > 0);
	id = user_key("deep", "p", ring);
	CHECK(control(SEARCH, first, "user", "deep", 0) == id);
	CHECK_ERR(control(SEARCH, PROCESS, "user", "deep", 0), ENOKEY);
	CHECK_ERR(syscall(SYS_request_key, "user", "deep", NULL, 0), ENOKEY);
	CHECK_ERR(control(READ, id, NULL, 0), EACCES);
}

/* Eleven to the power of six ways lead down, and no key is there. */
ABI_CASE(many_ways_to_a_key_are_one_search)
{
	long rings[6][11], top = ring_in("top", PROCESS);
	struct timespec from, to;
	char name[16];

	if (!there_is())
		return;
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 11; j++) {
			snprintf(name, sizeof(name), "%d.%d", i, j);
			CHECK((rings[i][j] = ring_in(name, top)) > 0);
		}
	for (int i = 4; i >= 0; i--)
		for (int j = 0; j < 121; j++)
			CHECK(!control(LINK, rings[i + 1][j % 11], rings[i][j / 11]));
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 11; i++)
		CHECK_ERR(control(SEARCH, rings[0][i], "user", "none", 0), ENOKEY);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK(to.tv_sec - from.tv_sec < 20);
}

ABI_CASE(keys_move_from_ring_to_ring)
{
	long a, b, id, other;

	if (!there_is())
		return;
	a = ring_in("a", PROCESS);
	b = ring_in("b", PROCESS);
	id = user_key("k", "1", a);
	CHECK(!control(MOVE, id, a, b, 0) && ring_has(a, 0, 0) && ring_has(b, id, 0));
	CHECK_ERR(control(MOVE, id, a, b, 0), ENOENT);
	CHECK(!control(MOVE, id, b, b, 0) && ring_has(b, id, 0));
	other = user_key("k", "2", a);
	CHECK_ERR(control(MOVE, other, a, b, LINUX_KEYCTL_MOVE_EXCL), EEXIST);
	CHECK(ring_has(a, other, 0) && !control(MOVE, other, a, b, 0) && ring_has(b, other, 0) && ring_has(a, 0, 0));
	CHECK_ERR(control(MOVE, other, b, other, 0), ENOTDIR);
	CHECK_ERR(control(MOVE, other, other, b, 0), ENOTDIR);
}

ABI_CASE(nothing_is_linked_to_a_restricted_keyring)
{
	long ring, id;

	if (!there_is())
		return;
	ring = ring_in("r", PROCESS);
	id = user_key("k", "1", ring);
	CHECK_ERR(control(RESTRICT_KEYRING, ring, "none", "how"), ENOKEY);
	CHECK_ERR(control(RESTRICT_KEYRING, ring, "user", "how"), ENOENT);
	CHECK(!control(RESTRICT_KEYRING, ring, NULL, NULL));
	CHECK_ERR(control(RESTRICT_KEYRING, ring, NULL, NULL), EEXIST);
	CHECK_ERR(user_key("k", "2", ring), EPERM);
	CHECK_ERR(user_key("m", "2", ring), EPERM);
	CHECK_ERR(control(LINK, id, ring), EPERM);
	CHECK(holds(id, "1") && !control(UNLINK, id, ring));
}

/* ---- Searching ---- */

ABI_CASE(a_search_finds_what_may_be_found)
{
	long ring, below, id, to;

	if (!there_is())
		return;
	ring = ring_in("r", PROCESS);
	below = ring_in("below", ring);
	id = user_key("k", "1", below);
	to = ring_in("to", PROCESS);
	CHECK(control(SEARCH, ring, "user", "k", 0) == id && control(SEARCH, ring, "keyring", "below", 0) == below);
	CHECK(control(SEARCH, ring, "keyring", "r", 0) == ring);
	CHECK_ERR(control(SEARCH, ring, "logon", "k", 0), ENOKEY);
	CHECK(control(SEARCH, ring, "user", "k", to) == id && ring_has(to, id, 0));
	CHECK(syscall(SYS_request_key, "user", "k", NULL, 0) == id);
	CHECK(!control(SETPERM, id, 0x37010000));
	CHECK_ERR(control(SEARCH, ring, "user", "k", 0), EACCES);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", NULL, 0), ENOKEY);
	/* It is not possessed any more, so its owner's rights alone count. */
	CHECK_ERR(control(SETPERM, id, 0x3f010000), EACCES);
	CHECK(!control(SETPERM, below, 0x37010000));
	CHECK_ERR(control(SEARCH, ring, "user", "k", 0), ENOKEY);
	CHECK_ERR(control(SEARCH, below, "user", "k", 0), EACCES);
}

ABI_CASE(request_key_asks_nobody)
{
	long id, to;

	if (!there_is())
		return;
	CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0);
	to = ring_in("to", SESSION);
	CHECK_ERR(syscall(SYS_request_key, BAD, "k", NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_request_key, ".user", BAD, NULL, 0), EPERM);
	CHECK_ERR(syscall(SYS_request_key, "user", NULL, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", NULL, INT32_MAX), ENOKEY);
	CHECK_ERR(syscall(SYS_request_key, "none", "k", NULL, -99), EINVAL);
	CHECK_ERR(syscall(SYS_request_key, "none", "k", NULL, 0), ENOKEY);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", NULL, to), ENOKEY);
	CHECK(ring_has(to, 0, 0));
	if (!access("/sbin/request-key", F_OK))
		return;
	CHECK_ERR(syscall(SYS_request_key, "keyring", "k", "what for", 0), EPERM);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", "what for", to), ENOENT);
	CHECK(control(READ, to, &(int32_t){ 0 }, 4) == 4);
	CHECK_ERR(control(SEARCH, to, "user", "k", 0), ENOKEY);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", NULL, 0), ENOKEY);
	id = user_key("k", "1", to);
	CHECK(id > 0 && holds(id, "1") && syscall(SYS_request_key, "user", "k", NULL, 0) == id);
	CHECK_ERR(syscall(SYS_request_key, "user", "m", "what for", 0), ENOENT);
	CHECK(control(READ, SESSION, NULL, 0) == 8);
	CHECK(control(SET_REQKEY_KEYRING, LINUX_KEY_REQKEY_DEFL_PROCESS_KEYRING) == 0 && control(SET_REQKEY_KEYRING, -1) == 2);
	CHECK_ERR(syscall(SYS_request_key, "user", "n", "what for", 0), ENOENT);
	CHECK(control(READ, SESSION, NULL, 0) == 8 && control(READ, PROCESS, NULL, 0) == 4);
}

/* ---- The end of keys ---- */

ABI_CASE(a_revoked_key_says_so)
{
	long ring, id;

	if (!there_is())
		return;
	ring = ring_in("r", PROCESS);
	id = user_key("k", "1", ring);
	CHECK(!control(REVOKE, id));
	CHECK_ERR(control(REVOKE, id), EKEYREVOKED);
	CHECK_ERR(control(READ, id, NULL, 0), EKEYREVOKED);
	CHECK_ERR(control(DESCRIBE, id, NULL, 0), EKEYREVOKED);
	CHECK_ERR(control(SEARCH, ring, "user", "k", 0), EKEYREVOKED);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", NULL, 0), ENOKEY);
	CHECK_ERR(control(LINK, id, PROCESS), EKEYREVOKED);
	CHECK(ring_has(ring, id, 0) && user_key("k", "2", ring) != id && !control(CLEAR, ring));
	CHECK(goes(id));
	id = user_key("k", "1", ring);
	CHECK(!control(REVOKE, ring));
	CHECK_ERR(user_key("k", "1", ring), EKEYREVOKED);
	CHECK(goes(id));
	id = user_key("k", "1", PROCESS);
	CHECK(!control(UNLINK, ring, PROCESS) && !control(REVOKE, id) && !control(UNLINK, id, PROCESS));
}

ABI_CASE(an_invalidated_key_is_gone_at_once)
{
	long ring, id;

	if (!there_is())
		return;
	ring = ring_in("r", PROCESS);
	id = user_key("k", "1", ring);
	CHECK(!control(LINK, id, PROCESS) && !control(INVALIDATE, id));
	CHECK(control(READ, id, NULL, 0) == -1 && control(INVALIDATE, id) == -1);
	for (int i = 0; i < 100 && control(READ, ring, NULL, 0); i++)
		usleep(100000);
	CHECK(ring_has(ring, 0, 0) && ring_has(PROCESS, ring, 0));
}

ABI_CASE(an_expired_key_says_so_until_it_is_swept)
{
	long ring, id, other;

	if (!there_is())
		return;
	ring = ring_in("r", PROCESS);
	id = user_key("k", "1", ring);
	other = user_key("m", "1", ring);
	CHECK(!control(SET_TIMEOUT, id, 1) && !control(SET_TIMEOUT, other, 100) && !control(SET_TIMEOUT, other, 0));
	sleep(2);
	CHECK_ERR(control(READ, id, NULL, 0), EKEYEXPIRED);
	CHECK_ERR(control(SEARCH, ring, "user", "k", 0), EKEYEXPIRED);
	CHECK_ERR(syscall(SYS_request_key, "user", "k", NULL, 0), ENOKEY);
	CHECK_ERR(control(REVOKE, id), EKEYEXPIRED);
	CHECK(holds(other, "1") && ring_has(ring, id, other));
	CHECK(user_key("k", "2", ring) == id && holds(id, "2"));
	if (geteuid())
		return;
	write_number("/proc/sys/kernel/keys/gc_delay", "1");
	CHECK(!control(SET_TIMEOUT, id, 1));
	sleep(2);
	for (int i = 0; i < 100 && control(READ, ring, NULL, 0) == 8; i++)
		usleep(100000);
	write_number("/proc/sys/kernel/keys/gc_delay", "300");
	CHECK(ring_has(ring, other, 0));
}
