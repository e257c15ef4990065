// SPDX-License-Identifier: GPL-2.0
/* System V shared memory. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
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

ABI_CASE(shm_attached_to_be_read_is_never_written)
{
	int id = segment(4096);
	char *at = shmat(id, NULL, SHM_RDONLY);
	struct shmid_ds ds;

	CHECK(at != (void *)-1 && at[0] == 0);
	CHECK_ERR(mprotect(at, 4096, PROT_READ | PROT_WRITE), EACCES);
	CHECK(!shmctl(id, IPC_STAT, &ds) && ds.shm_nattch == 1 && !shmdt(at));
	CHECK(!shmctl(id, IPC_STAT, &ds) && ds.shm_nattch == 0 && !shmctl(id, IPC_RMID, NULL));
}

/* Huge pages are root's group's, and there are none. */
ABI_CASE(shm_privileges_are_those_of_memory)
{
	struct rlimit none = { 0, 0 };
	pid_t pid;
	int id;

	CHECK_ERR(shmget(IPC_PRIVATE, 4096, SHM_HUGETLB | 0600), ENOMEM);
	pid = fork();
	if (!pid) {
		CHECK(!setgid(65534) && !setuid(65534) && !setrlimit(RLIMIT_MEMLOCK, &none));
		CHECK((id = segment(4096)) >= 0);
		CHECK_ERR(shmctl(id, SHM_LOCK, NULL), EPERM);
		CHECK(!shmctl(id, SHM_UNLOCK, NULL) && !shmctl(id, IPC_RMID, NULL));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(sysvipc_tells_which_segments_wait_for_their_end)
{
	char line[32], text[4096];
	int id = segment(8192);

	CHECK(shmat(id, NULL, 0) != (void *)-1 && !shmctl(id, SHM_LOCK, NULL) && !shmctl(id, IPC_RMID, NULL));
	snprintf(line, sizeof(line), " %d  3600 ", id);
	CHECK(strstr(abi_read("/proc/sysvipc/shm", text, sizeof(text)), line));
}
