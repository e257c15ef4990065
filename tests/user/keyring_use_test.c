// SPDX-License-Identifier: GPL-2.0
/* keyrings(7): who has which keyrings, who may use keys, what they cost. Written for root; passes without a kernel that has them (ENOSYS). */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include "keyring.h"

/* ---- Who has what ---- */

static void *asks_for_its_own(void *arg)
{
	long *ids = arg;

	ids[0] = id_of(THREAD);
	ids[1] = id_of(PROCESS);
	ids[2] = id_of(SESSION);
	ids[3] = control(GET_KEYRING_ID, THREAD, 1);
	return NULL;
}

ABI_CASE(threads_share_the_keyrings_of_their_process)
{
	long ids[4], process, own;
	pthread_t thread;

	if (!there_is())
		return;
	process = control(GET_KEYRING_ID, PROCESS, 1);
	own = control(GET_KEYRING_ID, THREAD, 1);
	CHECK(process > 0 && own > 0 && own != process && id_of(THREAD) == own && id_of(PROCESS) == process);
	CHECK(!pthread_create(&thread, NULL, asks_for_its_own, ids) && !pthread_join(thread, NULL));
	CHECK(ids[0] > 0 && ids[0] != own && ids[1] == process && ids[2] == id_of(SESSION) && ids[3] == ids[0]);
	CHECK(goes(ids[0]));
}

ABI_CASE(a_child_has_the_session_alone)
{
	long own, process, session, key;
	pid_t pid;

	if (!there_is())
		return;
	session = control(JOIN_SESSION_KEYRING, NULL);
	key = user_key("k", "1", SESSION);
	own = control(GET_KEYRING_ID, THREAD, 1);
	process = control(GET_KEYRING_ID, PROCESS, 1);
	CHECK(session > 0 && key > 0 && own > 0 && process > 0 && control(SET_REQKEY_KEYRING, 3) == 0);
	pid = fork();
	if (!pid) {
		CHECK_ERR(control(GET_KEYRING_ID, THREAD, 0), ENOKEY);
		CHECK_ERR(control(GET_KEYRING_ID, PROCESS, 0), ENOKEY);
		CHECK(id_of(SESSION) == session && holds(key, "1") && control(SET_REQKEY_KEYRING, -1) == 3);
		CHECK(control(JOIN_SESSION_KEYRING, NULL) != session && id_of(SESSION) != session);
		CHECK_ERR(control(READ, key, NULL, 0), EACCES);
		_exit(0);
	}
	CHECK(!abi_wait(pid) && id_of(SESSION) == session && id_of(PROCESS) == process);
}

/* The role that another program is run in; 0: it has what it should. */
int keyring_status(int argc, char **argv)
{
	int failed = argc < 3;

	if (failed)
		return 1;
	failed |= control(GET_KEYRING_ID, THREAD, 0) != -1 || errno != ENOKEY;
	failed |= control(GET_KEYRING_ID, PROCESS, 0) != -1 || errno != ENOKEY;
	failed |= id_of(SESSION) != atoi(argv[2]);
	return failed | (control(SET_REQKEY_KEYRING, -1) != 2);
}

ABI_CASE(another_program_has_the_session_alone)
{
	char number[16];
	long session;
	pid_t pid;

	if (!there_is())
		return;
	session = control(JOIN_SESSION_KEYRING, NULL);
	CHECK(control(SET_REQKEY_KEYRING, 2) == 0 && user_key("k", "1", THREAD) > 0 && user_key("k", "1", PROCESS) > 0);
	snprintf(number, sizeof(number), "%ld", session);
	pid = fork();
	if (!pid) {
		CHECK(control(GET_KEYRING_ID, THREAD, 1) > 0 && control(GET_KEYRING_ID, PROCESS, 1) > 0);
		execl(abi_self, abi_self, "@keyring", number, NULL);
		_exit(127);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(a_session_is_joined_by_its_name)
{
	int32_t first, second;
	char as[64];

	if (!there_is())
		return;
	first = (int32_t)control(JOIN_SESSION_KEYRING, "ferry-test");
	snprintf(as, sizeof(as), "keyring;%d;%d;3f130000;ferry-test", getuid(), getgid());
	CHECK(first > 0 && id_of(SESSION) == first && described(first, as));
	CHECK(!control(SETPERM, first, 0x3f1b0000));
	CHECK(control(JOIN_SESSION_KEYRING, "ferry-test") == 0);
	if (!fork()) {
		second = (int32_t)control(JOIN_SESSION_KEYRING, NULL);
		snprintf(as, sizeof(as), "keyring;%d;%d;3f030000;_ses", getuid(), getgid());
		CHECK(second > 0 && second != first && described(second, as));
		CHECK(control(JOIN_SESSION_KEYRING, "ferry-test") == first && id_of(SESSION) == first);
		CHECK(!control(SETPERM, first, 0x3f130000));
		CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0 && control(JOIN_SESSION_KEYRING, "ferry-test") != first);
		_exit(0);
	}
	CHECK(!ended());
}

ABI_CASE(a_session_is_given_to_the_parent)
{
	int32_t mine;
	int told[2];

	if (!there_is())
		return;
	CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0 && !pipe(told));
	if (!fork()) {
		mine = (int32_t)control(JOIN_SESSION_KEYRING, "given");
		CHECK(!control(SESSION_TO_PARENT) && write(told[1], &mine, sizeof(mine)) == sizeof(mine));
		_exit(0);
	}
	CHECK(!ended() && read(told[0], &mine, sizeof(mine)) == sizeof(mine) && id_of(SESSION) == mine);
	if (geteuid())
		return;
	if (!fork()) {
		CHECK(!setresuid(USER, USER, USER) && control(JOIN_SESSION_KEYRING, NULL) > 0);
		CHECK_ERR(control(SESSION_TO_PARENT), EPERM);
		_exit(0);
	}
	CHECK(!ended() && id_of(SESSION) == mine);
}

ABI_CASE(a_user_has_a_keyring)
{
	long of_user, of_session;
	pid_t pid;

	if (!there_is() || geteuid())
		return;
	be(USER);
	of_user = id_of(OF_USER);
	of_session = id_of(OF_SESSION);
	CHECK(of_user > 0 && of_session > 0 && described(of_user, "keyring;2345;65534;1f3f0000;_uid.2345"));
	CHECK(described(of_session, "keyring;2345;65534;1f3f0000;_uid_ses.2345"));
	CHECK(ring_has(of_session, of_user, 0) && user_key("k", "1", OF_USER) > 0);
	pid = fork();
	if (!pid) {
		CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0 && id_of(OF_USER) == of_user);
		CHECK(holds(control(SEARCH, OF_USER, "user", "k", 0), "1") || errno == EACCES);
		_exit(0);
	}
	CHECK(!abi_wait(pid) && !control(CLEAR, OF_USER));
}

/* Who has no session yet has the user's, until they write to it. */
ABI_CASE(who_writes_to_a_session_gets_one)
{
	int32_t of_session, session;

	if (!there_is() || geteuid())
		return;
	be(USER);
	session = id_of(SESSION);
	of_session = id_of(OF_SESSION);
	if (session != of_session)
		return;		/* whoever started this has given it one */
	CHECK(user_key("k", "1", SESSION) > 0 && id_of(SESSION) != of_session && control(READ, OF_SESSION, NULL, 0) == 4);
}

ABI_CASE(a_persistent_keyring_outlives_who_asked)
{
	int32_t id;
	char line[512];
	pid_t pid;

	if (!there_is() || geteuid())
		return;
	pid = fork();
	if (!pid) {
		be(USER);
		id = (int32_t)control(GET_PERSISTENT, -1, PROCESS);
		CHECK(id > 0 && described(id, "keyring;2345;65534;1f030000;_persistent.2345") && ring_has(PROCESS, id, 0));
		CHECK(user_key("k", "kept", id) > 0 && line_of(id, line) && !strncmp(line, "I------", 7) && strstr(line, "d 1f030000"));
		CHECK_ERR(control(GET_PERSISTENT, OTHER, PROCESS), EPERM);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
	id = (int32_t)control(GET_PERSISTENT, USER, PROCESS);
	CHECK(id > 0 && holds(control(SEARCH, PROCESS, "user", "k", 0), "kept"));
	CHECK(!control(SETPERM, id, 0x3f3f0000) || errno == EACCES);
	CHECK(!control(CLEAR, id));
}

/* ---- Rights ---- */

ABI_CASE(rights_are_the_possessor_s_and_one_other_s)
{
	long ring, id;
	pid_t pid;

	if (!there_is() || geteuid())
		return;
	be(USER);
	CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0);
	ring = ring_in("r", SESSION);
	id = user_key("k", "1", ring);
	CHECK(!control(SETPERM, id, 0x3f000000) && holds(id, "1"));
	pid = fork();
	if (!pid) {
		CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0);
		CHECK_ERR(control(DESCRIBE, id, NULL, 0), EACCES);
		CHECK_ERR(control(READ, id, NULL, 0), EACCES);
		CHECK_ERR(control(UPDATE, id, "2", 1), EACCES);
		CHECK_ERR(control(LINK, id, PROCESS), EACCES);
		CHECK_ERR(control(REVOKE, id), EACCES);
		CHECK_ERR(control(INVALIDATE, id), EACCES);
		CHECK_ERR(control(SETPERM, id, 0x3f3f0000), EACCES);
		CHECK_ERR(control(SET_TIMEOUT, id, 1), EACCES);
		CHECK_ERR(control(UNLINK, id, ring), EACCES);
		CHECK_ERR(user_key("m", "2", ring), EACCES);
		_exit(0);
	}
	CHECK(!abi_wait(pid) && !control(SETPERM, id, 0x3f000003));
	pid = fork();
	if (!pid) {
		CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0);
		CHECK_ERR(control(READ, id, NULL, 0), EACCES);	/* the owner is not one of the others */
		_exit(0);
	}
	CHECK(!abi_wait(pid) && !control(SETPERM, id, 0x3f100000));
	pid = fork();
	if (!pid) {
		CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0);
		CHECK_ERR(control(READ, id, NULL, 0), EACCES);
		CHECK(!control(LINK, id, PROCESS) && holds(id, "1"));	/* who possesses it has the possessor's rights */
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(only_the_administrator_gives_keys_away)
{
	long id, nr, counted, bytes;

	if (!there_is() || geteuid())
		return;
	id = user_key("k", "12345", PROCESS);
	CHECK(!control(CHOWN, id, OTHER, -1) && user_has(OTHER, &nr, &counted, &bytes) && counted >= 1);
	CHECK(described(id, "user;2346;0;3f010000;k") && !control(CHOWN, id, -1, OTHER) && described(id, "user;2346;2346;3f010000;k"));
	CHECK(!control(SETPERM, id, 0x3f3f0000) && described(id, "user;2346;2346;3f3f0000;k"));
	CHECK(!control(UNLINK, id, PROCESS) && !setgid(USER) && !setgroups(1, (gid_t[]){ OTHER }) && !setresuid(USER, USER, USER));
	id = user_key("k", "1", PROCESS);
	CHECK_ERR(control(CHOWN, id, OTHER, -1), EACCES);
	CHECK_ERR(control(CHOWN, id, -1, 0), EACCES);
	CHECK(!control(CHOWN, id, USER, OTHER) && described(id, "user;2345;2346;3f010000;k"));
	CHECK(!control(SETPERM, id, 0x3f010200) && holds(id, "1"));
}

ABI_CASE(a_thread_s_keyring_follows_its_user)
{
	char line[512];
	int32_t id;

	if (!there_is() || geteuid())
		return;
	id = (int32_t)control(GET_KEYRING_ID, THREAD, 1);
	CHECK(described(id, "keyring;0;0;3f010000;_tid") && !syscall(SYS_setresuid, USER, USER, USER));
	CHECK(described(id, "keyring;2345;0;3f010000;_tid") && line_of(id, line));
}

/* ---- What keys cost ---- */

ABI_CASE(a_user_has_so_many_keys_and_bytes)
{
	static char data[20000];
	long nr, counted, bytes, left, id;
	char name[32];

	if (!there_is() || geteuid())
		return;
	be(POOR);
	CHECK(control(GET_KEYRING_ID, PROCESS, 1) > 0 && user_has(POOR, &nr, &counted, &bytes));
	left = 20000 - bytes - 4 - 2;
	CHECK_ERR(add("user", "k", data, (size_t)left + 1, PROCESS), EDQUOT);
	for (int i = 0; i < 100 && user_has(POOR, &nr, &counted, &bytes) && bytes != 20000 - left - 4 - 2; i++)
		usleep(100000);
	id = add("user", "k", data, (size_t)left, PROCESS);
	CHECK(id > 0 && user_has(POOR, &nr, &counted, &bytes) && bytes == 20000);
	CHECK_ERR(user_key("m", "1", PROCESS), EDQUOT);
	CHECK_ERR(control(LINK, id_of(OF_USER), PROCESS), EDQUOT);
	CHECK(add("user", "k", data, 10, PROCESS) == id && !control(REVOKE, id) && user_has(POOR, &nr, &counted, &bytes) && bytes < 1000);
	CHECK(!control(CLEAR, PROCESS));
	for (int i = 0; i < 100 && user_has(POOR, &nr, &counted, &bytes) && nr > 3; i++)
		usleep(100000);
	CHECK(user_has(POOR, &nr, &counted, &bytes));
	for (long i = counted; i < 200; i++) {
		snprintf(name, sizeof(name), "%ld", i);
		CHECK(user_key(name, "1", PROCESS) > 0);
	}
	CHECK_ERR(user_key("k", "1", PROCESS), EDQUOT);
	CHECK(user_has(POOR, &nr, &counted, &bytes) && counted == 200);
}

ABI_CASE(keys_are_shown_in_proc)
{
	char line[512], as[128];
	int32_t id, ring;
	long big;

	if (!there_is())
		return;
	ring = (int32_t)ring_in("r", PROCESS);
	id = (int32_t)user_key("k", "12345", ring);
	CHECK(line_of(id, line));
	snprintf(as, sizeof(as), "I--Q---     1 perm 3f010000 %5d %5d user      k: 5\n", geteuid(), getegid());
	CHECK(!strcmp(line, as) && line_of(ring, line) && !strcmp(line + 40, "keyring   r: 1\n"));
	CHECK(!control(SET_TIMEOUT, id, 150) && line_of(id, line) && strstr(line, "  2m "));
	CHECK(!control(SET_TIMEOUT, id, 15000) && line_of(id, line) && strstr(line, "  4h "));
	CHECK(!control(UNLINK, id, ring) && line_of(ring, line) && strstr(line, "r: empty\n"));
	id = (int32_t)user_key("k", "12345", PROCESS);
	CHECK(!control(REVOKE, id) && line_of(id, line) && !strncmp(line, "IR-Q---", 7));
	big = add("big_key", "b", "12345", 5, PROCESS);
	CHECK(big < 0 || (line_of((int32_t)big, line) && strstr(line, "big_key   b: 5 [buff]\n")));
	id = (int32_t)user_key("m", "1", PROCESS);
	CHECK(!control(SETPERM, id, 0x3e000000) && !line_of(id, line));
}

/* ---- User namespaces ---- */

static void map_root(void)
{
	FILE *f;

	CHECK(!unshare(CLONE_NEWUSER));
	CHECK((f = fopen("/proc/self/setgroups", "w")) && fputs("deny", f) >= 0 && !fclose(f));
	CHECK((f = fopen("/proc/self/uid_map", "w")) && fputs("0 2345 1\n", f) >= 0 && !fclose(f));
	CHECK((f = fopen("/proc/self/gid_map", "w")) && fputs("0 2345 1\n", f) >= 0 && !fclose(f));
}

ABI_CASE(a_user_namespace_has_keyrings_of_its_own)
{
	int32_t outside, named_outside, key;
	long nr, counted, bytes;

	if (!there_is() || geteuid())
		return;
	be(USER);
	outside = id_of(OF_USER);
	named_outside = (int32_t)control(JOIN_SESSION_KEYRING, "name");
	key = (int32_t)user_key("k", "1", SESSION);
	CHECK(outside > 0 && named_outside > 0 && key > 0 && !control(SETPERM, named_outside, 0x3f3f0000));
	if (!fork()) {
		map_root();
		CHECK(id_of(SESSION) == named_outside && holds(key, "1") && described(key, "user;0;0;3f010000;k"));
		CHECK(id_of(OF_USER) != outside && described(id_of(OF_USER), "keyring;0;65534;1f3f0000;_uid.0"));
		CHECK(control(JOIN_SESSION_KEYRING, "name") != named_outside && !control(SETPERM, id_of(SESSION), 0x3f3f0000));
		CHECK(control(JOIN_SESSION_KEYRING, "name") == 0);
		CHECK_ERR(control(CHOWN, user_key("own", "1", PROCESS), 5, -1), EINVAL);
		CHECK(user_has(0, &nr, &counted, &bytes) && counted >= 4 && counted < 100);
		_exit(0);
	}
	CHECK(!ended() && id_of(OF_USER) == outside && id_of(SESSION) == named_outside);
}

/* ---- Nothing stays, and nothing breaks ---- */

static void *uses_keys(void *arg)
{
	char name[16];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "%d", i);
		(void)add("big_key", name, name, 1 + (size_t)i % 7, i % 2 ? THREAD : PROCESS);
		(void)ring_in(name, ring_in("r", THREAD));
	}
	(void)control(LINK, PROCESS, THREAD);
	return arg;
}

static long slab_bytes(void)
{
	FILE *f = fopen("/proc/ferry/frames", "r");
	char line[256];
	long n = 0;

	while (f && fgets(line, sizeof(line), f))
		(void)sscanf(line, "slab_bytes %ld", &n);
	if (f)
		fclose(f);
	return n;
}

ABI_CASE(keys_end_with_who_had_them)
{
	long before = 0, nr, counted, bytes;

	if (!there_is() || geteuid())
		return;
	for (int round = 0; round < 30; round++) {
		if (round == 10)
			before = slab_bytes();
		if (!fork()) {
			pthread_t thread;

			be(OTHER);
			CHECK(control(JOIN_SESSION_KEYRING, NULL) > 0 && user_key("k", "1", SESSION) > 0);
			if (round % 2)
				CHECK(!unshare(CLONE_NEWUSER) && id_of(OF_USER) > 0);
			CHECK(!pthread_create(&thread, NULL, uses_keys, NULL) && !pthread_join(thread, NULL));
			raise(SIGKILL);
		}
		CHECK(ended() == SIGKILL);
		for (int i = 0; i < 100 && user_has(OTHER, &nr, &counted, &bytes) && nr > 2; i++)
			usleep(100000);
	}
	CHECK(!user_has(OTHER, &nr, &counted, &bytes) || nr <= 2);
	CHECK(slab_bytes() < before + (256 << 10));
}

static void at_random(unsigned int seed)
{
	static const char *const types[] = { "user", "keyring", "logon", "big_key", "none" };
	int32_t ids[16] = { THREAD, PROCESS, SESSION, OF_USER, OF_SESSION };
	char name[16], data[8192];

	for (;;) {
		int a = (int)((unsigned int)rand_r(&seed) % 16), b = (int)((unsigned int)rand_r(&seed) % 16), c = rand_r(&seed) % 8;
		long id;

		snprintf(name, sizeof(name), "s:%d", c);
		if (rand_r(&seed) % 3) {
			/* Not KEYCTL_CAPABILITIES, which takes a number of a key for an address. */
			id = syscall(SYS_keyctl, rand_r(&seed) % 31, ids[a], rand_r(&seed) % 2 ? (long)data : ids[b],
				     rand_r(&seed) % 2 ? (long)name : (long)sizeof(data), ids[c]);
		} else {
			id = add(types[rand_r(&seed) % 5], name, data, (size_t)(rand_r(&seed) % 2), ids[b]);
		}
		if (id > 2)
			ids[5 + c] = (int32_t)id;
		if (rand_r(&seed) % 64 == 0)
			(void)control(SETPERM, ids[a], 0x3f3f3f3f);
	}
}

static void *thread_at_random(void *arg)
{
	at_random((unsigned int)(uintptr_t)arg);
	return NULL;
}

ABI_CASE(threads_use_the_same_keyrings_at_once)
{
	pid_t children[4];

	if (!there_is() || geteuid())
		return;
	be(STORMY);
	CHECK(control(JOIN_SESSION_KEYRING, "storm") > 0);
	for (unsigned int i = 0; i < 4; i++) {
		children[i] = fork();
		if (!children[i]) {
			for (uintptr_t t = 1; t < 3; t++)
				CHECK(!pthread_create(&(pthread_t){ 0 }, NULL, thread_at_random, (void *)(t * 100 + i)));
			at_random(i);
		}
	}
	sleep(2);
	for (unsigned int i = 0; i < 4; i++)
		CHECK(!kill(children[i], SIGKILL) && abi_wait(children[i]) == SIGKILL);
}
