// SPDX-License-Identifier: GPL-2.0
/* System V shared memory. */
#include <sys/shm.h>
#include <sys/wait.h>
#include "abi.h"

static int segment(size_t size)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

ABI_CASE(shm_is_shared_by_parent_and_child)
{
	int id = segment(10000), status;
	volatile char *at = shmat(id, NULL, 0);
	pid_t child;

	CHECK(at != (void *)-1 && at[9999] == 0);
	child = fork();
	if (!child) {
		at[9999] = 42;
		_exit(0);
	}
	status = abi_wait(child);
	CHECK(WIFEXITED(status) && at[9999] == 42);
	CHECK(!shmctl(id, IPC_RMID, NULL));
	CHECK(!shmdt((void *)at));
}

ABI_CASE(shm_removed_lives_until_the_last_detach)
{
	int id = segment(4096);
	char *at = shmat(id, NULL, 0), *again;
	struct shmid_ds ds;

	CHECK(at != (void *)-1 && !shmctl(id, IPC_RMID, NULL));
	again = shmat(id, NULL, SHM_RDONLY);
	CHECK(again != (void *)-1 && !shmctl(id, IPC_STAT, &ds));
	CHECK(ds.shm_nattch == 2 && ds.shm_segsz == 4096 && ds.shm_cpid == getpid());
	strcpy(at, "still here");
	CHECK(!strcmp(again, "still here"));
	CHECK(!shmdt(at) && !shmdt(again));
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
	CHECK_ERR((long)shmat(id, NULL, 0), EINVAL);
}

ABI_CASE(shm_key_finds_the_same_segment)
{
	key_t key = 0x46520000 + (getpid() & 0xffff);
	int id = shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600);

	CHECK(id >= 0);
	CHECK(shmget(key, 0, 0) == id && shmget(key, 5000, IPC_CREAT | 0600) == id);
	CHECK_ERR(shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_ERR(shmget(key, 50000, 0), EINVAL);
	CHECK(!shmctl(id, IPC_RMID, NULL));
	CHECK_ERR(shmget(key, 0, 0), ENOENT);
}

ABI_CASE(shm_refuses_what_makes_no_sense)
{
	int id = segment(4096);
	char *at = shmat(id, NULL, 0);

	CHECK_ERR(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(shmdt(at + 1), EINVAL);
	CHECK_ERR((long)shmat(id, at + 1, 0), EINVAL);
	CHECK_ERR((long)shmat(id, at, 0), EINVAL);
	CHECK_ERR((long)shmat(-1, NULL, 0), EINVAL);
	CHECK_ERR(shmctl(id, 77, NULL), EINVAL);
	CHECK(shmat(id, at, SHM_REMAP) == at);
	CHECK(!shmdt(at) && !shmctl(id, IPC_RMID, NULL));
	CHECK_ERR(shmdt(at), EINVAL);
}
