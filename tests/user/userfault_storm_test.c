// SPDX-License-Identifier: GPL-2.0
/* userfaultfd(2): threads that watch, touch, map, fork and close at random. */
#include <sys/wait.h>
#include "userfault.h"

#define FORK	LINUX_UFFD_FEATURE_EVENT_FORK
#define REMAP	LINUX_UFFD_FEATURE_EVENT_REMAP
#define REMOVE	LINUX_UFFD_FEATURE_EVENT_REMOVE
#define UNMAP	LINUX_UFFD_FEATURE_EVENT_UNMAP

static char page[PAGE];

#define STORM_PAGES	16
static char *storm_memory;
static volatile int storm_over;
static pthread_rwlock_t forking = PTHREAD_RWLOCK_INITIALIZER;	/* a child has a context's file too before its fork is told */

static void storm_read(int fd, unsigned int *seed)
{
	struct linux_uffd_msg msg;

	while (read(fd, &msg, sizeof(msg)) == sizeof(msg)) {
		if (msg.event == LINUX_UFFD_EVENT_FORK)
			close((int)msg.arg.fork.ufd);
		else if (msg.event == LINUX_UFFD_EVENT_PAGEFAULT && rand_r(seed) & 1)
			uffd_zero(fd, (void *)(msg.arg.pagefault.address & ~(PAGE - 1)), 1);
	}
}

/* Answers at random, or closes and watches anew. */
static void *storm_monitor(void *arg)
{
	unsigned int seed = (unsigned int)(uint64_t)arg;

	while (!storm_over) {
		int fd = uffd_open(0, rand_r(&seed) & (FORK | REMAP | REMOVE | UNMAP));

		for (int i = 0; i < 40 && !storm_over; i++) {
			char *at = storm_memory + (uint64_t)(rand_r(&seed) % STORM_PAGES) * PAGE;
			uint64_t pages = (unsigned int)rand_r(&seed) % 4 + 1, modes = (unsigned int)rand_r(&seed) % 3 + 1;

			switch (rand_r(&seed) % 7) {
			case 0:
				uffd_register(fd, at, pages, modes);
				break;
			case 1:
				uffd_unregister(fd, at, pages);
				break;
			case 2:
				uffd_protect(fd, at, pages, rand_r(&seed) & 1);
				break;
			case 3:
				uffd_copy(fd, at, page, pages > 1 ? 1 : pages, 0);
				break;
			case 4:
				uffd_zero(fd, at, pages);
				break;
			case 5:
				uffd_wake(fd, at, pages);
				break;
			}
			storm_read(fd, &seed);
		}
		while (pthread_rwlock_trywrlock(&forking)) {
			storm_read(fd, &seed);
			usleep(100);
		}
		close(fd);
		pthread_rwlock_unlock(&forking);
	}
	return NULL;
}

static void *storm_toucher(void *arg)
{
	unsigned int seed = (unsigned int)(uint64_t)arg + 1000;
	int fds[2];

	CHECK(pipe(fds) == 0);
	for (int i = 0; i < 300; i++) {
		char *at = storm_memory + (uint64_t)(rand_r(&seed) % STORM_PAGES) * PAGE, c;
		pid_t pid;

		switch (rand_r(&seed) % 9) {
		case 0:
			madvise(at, PAGE, MADV_DONTNEED);
			break;
		case 1:
			mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 2:
			mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 3:
			if (write(fds[1], at, 1) == 1)
				CHECK(read(fds[0], &c, 1) == 1);
			break;
		case 4:
			pthread_rwlock_rdlock(&forking);
			pid = fork();
			if (!pid) {
				syscall(SYS_close_range, 3, ~0u, 0);	/* contexts of monitors among them */
				*(volatile char *)at = 'c';
				_exit(0);
			}
			pthread_rwlock_unlock(&forking);
			waitpid(pid, NULL, 0);
			break;
		case 5:
			if (mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, storm_memory + STORM_PAGES * PAGE) != MAP_FAILED)
				mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 6:
			mprotect(at, PAGE, PROT_READ);
			mprotect(at, PAGE, PROT_READ | PROT_WRITE);
			break;
		default:
			if (write(fds[1], "x", 1) == 1 && read(fds[0], at, 1) == -1)
				CHECK(read(fds[0], &c, 1) == 1);
		}
	}
	return NULL;
}

ABI_CASE(watched_memory_survives_a_storm)
{
	pthread_t monitors[2], touchers[3];

	storm_memory = uffd_memory(STORM_PAGES + 8);
	for (uint64_t i = 0; i < 2; i++)
		CHECK(!pthread_create(&monitors[i], NULL, storm_monitor, (void *)i));
	for (uint64_t i = 0; i < 3; i++)
		CHECK(!pthread_create(&touchers[i], NULL, storm_toucher, (void *)i));
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_join(touchers[i], NULL));
	storm_over = 1;
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_join(monitors[i], NULL));
}
