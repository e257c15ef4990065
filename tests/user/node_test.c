// SPDX-License-Identifier: GPL-2.0
/* Memory of nodes: policies of threads and areas, and moving. With one node there is nothing to choose; tests/boot/numa.sh has two. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "abi.h"

#define PAGE		4096ul
#define PAGES		64ul
#define PREFERRED	1
#define BIND		2
#define INTERLEAVE	3
#define LOCAL		4
#define STRICT		1
#define MOVE		2
#define F_NODE		1
#define F_ADDR		2
#define ROUNDS		20
#define SYS_set_mempolicy_home_node 450	/* musl does not know it */

static bool two_nodes(void)
{
	return access("/sys/devices/system/node/node1", F_OK) == 0;
}

static char *area(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static long bind_to(void *p, int mode, unsigned long mask, unsigned int flags)
{
	return syscall(SYS_mbind, p, PAGES * PAGE, mode, &mask, 64, flags);
}

static int node_of(const char *p)
{
	int node = -1;

	CHECK(!syscall(SYS_get_mempolicy, &node, NULL, 0, p, F_NODE | F_ADDR));
	return node;
}

static unsigned int pages_of(const char *p, int node)
{
	unsigned int n = 0;

	for (unsigned long i = 0; i < PAGES; i++)
		n += node_of(p + i * PAGE) == node;
	return n;
}

ABI_CASE(policies_of_areas_read_back_and_nonsense_is_refused)
{
	unsigned long one = 1, none = 0, seen = 0;
	char *p = area();
	int mode = -1;

	CHECK(!bind_to(p, BIND, 1, 0) && !syscall(SYS_get_mempolicy, &mode, &seen, 64, p + PAGE, F_ADDR) && mode == BIND && seen == 1);
	p[0] = 1;
	CHECK(node_of(p) == 0);
	CHECK(!syscall(SYS_mbind, p + PAGE, PAGE, 0, NULL, 0, 0));
	CHECK(!syscall(SYS_get_mempolicy, &mode, NULL, 0, p + PAGE, F_ADDR) && mode == 0);
	CHECK(!syscall(SYS_get_mempolicy, &mode, NULL, 0, p + 2 * PAGE, F_ADDR) && mode == BIND);
	CHECK_ERR(bind_to(p + 1, BIND, 1, 0), EINVAL);
	CHECK_ERR(bind_to(p, 17, 1, 0), EINVAL);
	CHECK_ERR(bind_to(p, BIND, 0, 0), EINVAL);
	CHECK_ERR(bind_to(p, BIND, 1ul << 40, 0), EINVAL);
	CHECK_ERR(bind_to(p, BIND, 1, 64), EINVAL);
	CHECK(!syscall(SYS_mbind, p, 0ul, BIND, &none, 64, 0));		/* what is wrong with nothing does not matter */
	CHECK_ERR(syscall(SYS_mbind, p + 1, 0ul, BIND, BAD, 64, 64), EFAULT);
	CHECK_ERR(syscall(SYS_mbind, p, PAGE, BIND, BAD, 64, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mbind, p, ~0ul - 4 * PAGE, BIND, &one, 64, 0), EINVAL);
	CHECK(!munmap(p + 4 * PAGE, PAGE));
	CHECK_ERR(bind_to(p, BIND, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_set_mempolicy, INTERLEAVE, &none, 64), EINVAL);
	CHECK(!syscall(SYS_set_mempolicy, INTERLEAVE, &one, 64) && !syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) && mode == INTERLEAVE);
	CHECK(!syscall(SYS_set_mempolicy, LOCAL, NULL, 0) && !syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) && mode == LOCAL);
}

ABI_CASE(pages_are_of_the_nodes_that_their_area_is_bound_to)
{
	char *p;

	if (!two_nodes())
		return;
	p = area();
	CHECK(!bind_to(p, BIND, 2, 0));
	memset(p, 1, PAGES * PAGE);
	CHECK(pages_of(p, 1) == PAGES);
	CHECK_ERR(bind_to(p, BIND, 1, STRICT), EIO);
	CHECK(!bind_to(p, BIND, 1, STRICT | MOVE) && pages_of(p, 0) == PAGES);
	for (unsigned long i = 0; i < PAGES * PAGE; i++)
		CHECK(p[i] == 1);
	p = area();
	CHECK(!bind_to(p, INTERLEAVE, 3, 0));
	memset(p, 1, PAGES * PAGE);
	CHECK(pages_of(p, 0) == PAGES / 2 && pages_of(p, 1) == PAGES / 2);
}

ABI_CASE(a_thread_s_policy_places_what_it_touches)
{
	unsigned long one = 1, two = 2, both = 3;
	char *p = area(), *q = area(), *r = area();

	if (!two_nodes())
		return;
	CHECK(!syscall(SYS_set_mempolicy, BIND, &two, 64));
	memset(p, 1, PAGES * PAGE);
	CHECK(!syscall(SYS_set_mempolicy, PREFERRED, &one, 64));
	memset(q, 1, PAGES * PAGE);
	CHECK(!syscall(SYS_set_mempolicy, INTERLEAVE, &both, 64));
	memset(r, 1, PAGES * PAGE);
	CHECK(pages_of(p, 1) == PAGES && pages_of(q, 0) == PAGES && pages_of(r, 0) == PAGES / 2);
}

ABI_CASE(move_pages_tells_and_moves)
{
	int nodes[3] = { 0, 0, 0 }, status[3] = { -1, -1, -1 };
	void *pages[3];
	char *p = area();

	p[0] = 7;
	pages[0] = p;
	pages[1] = p + PAGE;	/* not there */
	pages[2] = NULL;
	CHECK(!syscall(SYS_move_pages, 0, 3ul, pages, NULL, status, 0) && status[0] >= 0 && status[1] == -EFAULT && status[2] == -EFAULT);
	CHECK(!syscall(SYS_move_pages, 0, 1ul, pages, nodes, status, MOVE) && status[0] == 0 && node_of(p) == 0);
	if (two_nodes()) {
		nodes[0] = 1;
		CHECK(!syscall(SYS_move_pages, 0, 1ul, pages, nodes, status, MOVE) && status[0] == 1 && node_of(p) == 1);
	}
	CHECK(p[0] == 7);
	nodes[0] = 63;
	CHECK_ERR(syscall(SYS_move_pages, 0, 1ul, pages, nodes, status, MOVE), ENODEV);
	CHECK_ERR(syscall(SYS_move_pages, 0, 1ul, BAD, nodes, status, MOVE), EFAULT);
	CHECK_ERR(syscall(SYS_move_pages, 0, -1ul, BAD, NULL, status, 0), EFAULT);
	CHECK_ERR(syscall(SYS_move_pages, 0, 1ul, pages, nodes, status, 64), EINVAL);
	CHECK_ERR(syscall(SYS_move_pages, 32766, 1ul, pages, nodes, status, MOVE), ESRCH);
}

static volatile unsigned long *shared;
static volatile int stop;

static void *count_on(void *arg)
{
	unsigned long n = 0;

	while (!stop) {
		for (unsigned long i = 0; i < PAGES; i++)
			shared[i * PAGE / sizeof(long)]++;
		n++;
	}
	return (void *)n;
}

/* A page that is written while it moves loses nothing. */
ABI_CASE(what_is_written_while_pages_move_is_not_lost)
{
	pthread_t writer;
	void *n;

	if (!two_nodes())
		return;
	shared = (void *)area();
	CHECK(!pthread_create(&writer, NULL, count_on, NULL));
	while (!shared[0])
		usleep(1000);
	for (int i = 0; i < ROUNDS; i++)
		CHECK(!bind_to((void *)shared, BIND, 1ul << i % 2, STRICT | MOVE));
	stop = 1;
	CHECK(!pthread_join(writer, &n));
	for (unsigned long i = 0; i < PAGES; i++)
		CHECK(shared[i * PAGE / sizeof(long)] == (unsigned long)n);
}

#define F_STATIC	0x8000
#define F_RELATIVE	0x4000

ABI_CASE(flags_of_a_memory_policy_are_told_again)
{
	unsigned long many = 0x101, none = 0, seen[16] = { 0, 1 };
	int mode = -1;

	CHECK_ERR(syscall(SYS_set_mempolicy, BIND | F_STATIC | F_RELATIVE, &many, 64), EINVAL);
	CHECK_ERR(syscall(SYS_set_mempolicy, PREFERRED | F_STATIC, &none, 64), EINVAL);
	CHECK_ERR(syscall(SYS_set_mempolicy, LOCAL | F_STATIC, &none, 64), EINVAL);
	CHECK(!syscall(SYS_set_mempolicy, BIND | F_RELATIVE, &many, 64));
	CHECK(!syscall(SYS_get_mempolicy, &mode, seen, 1024, NULL, 0) && mode == (BIND | F_RELATIVE) && seen[0] == many && !seen[1]);
	CHECK(!syscall(SYS_set_mempolicy, BIND | F_STATIC, &many, 64));
	CHECK(!syscall(SYS_get_mempolicy, &mode, seen, 1024, NULL, 0) && mode == (BIND | F_STATIC) && seen[0] == many && !seen[1]);
	CHECK(!syscall(SYS_set_mempolicy, BIND, &many, 64));	/* what is not there counts for nothing */
	CHECK(!syscall(SYS_get_mempolicy, &mode, seen, 1024, NULL, 0) && mode == BIND && seen[0] == 1);
}

ABI_CASE(an_area_has_a_home_among_its_nodes)
{
	char *p = area();

	CHECK_ERR(syscall(SYS_set_mempolicy_home_node, p + 1, PAGE, 0ul, 0ul), EINVAL);
	CHECK_ERR(syscall(SYS_set_mempolicy_home_node, p, PAGE, 0ul, 1ul), EINVAL);
	CHECK_ERR(syscall(SYS_set_mempolicy_home_node, p, PAGE, 500ul, 0ul), EINVAL);
	CHECK(!syscall(SYS_set_mempolicy_home_node, p, 0ul, 0ul, 0ul));
	CHECK_ERR(syscall(SYS_set_mempolicy_home_node, p, PAGE, 0ul, 0ul), ENOENT);
	CHECK(!bind_to(p, INTERLEAVE, 1, 0));
	CHECK_ERR(syscall(SYS_set_mempolicy_home_node, p, PAGE, 0ul, 0ul), EOPNOTSUPP);
	CHECK(!bind_to(p, BIND, two_nodes() ? 3 : 1, 0) && !syscall(SYS_set_mempolicy_home_node, p, PAGES * PAGE, two_nodes() ? 1ul : 0ul, 0ul));
	memset(p, 1, PAGES * PAGE);
	CHECK(pages_of(p, two_nodes()) == PAGES);
}

ABI_CASE(migrate_pages_moves_a_program)
{
	unsigned long zero = 1, one = 2, far = 1ul << 40;
	char *p = area();

	memset(p, 7, PAGES * PAGE);
	CHECK_ERR(syscall(SYS_migrate_pages, 0, 64ul, BAD, &zero), EFAULT);
	CHECK_ERR(syscall(SYS_migrate_pages, 32766, 64ul, &zero, &zero), ESRCH);
	CHECK_ERR(syscall(SYS_migrate_pages, 0, 64ul, &zero, &far), EINVAL);
	CHECK(!syscall(SYS_migrate_pages, 0, 64ul, &zero, &zero));
	if (!two_nodes())
		return;
	CHECK(syscall(SYS_migrate_pages, 0, 64ul, &zero, &one) >= 0 && pages_of(p, 1) == PAGES);
	CHECK(syscall(SYS_migrate_pages, 0, 64ul, &one, &zero) >= 0 && pages_of(p, 0) == PAGES);
	for (unsigned long i = 0; i < PAGES * PAGE; i++)
		CHECK(p[i] == 7);
}
