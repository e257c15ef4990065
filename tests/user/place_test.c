// SPDX-License-Identifier: GPL-2.0
/* Programs lie elsewhere at each start: stack, mappings, vDSO, heap, and code that can be moved. And each start has a new canary. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "abi.h"

#define STARTS	48
#define DRIVERS	"/lib/drivers"

enum { STACK, MAPPING, VDSO, HEAP, CANARY, PLACES };

/* Bits that differ between starts at least: of 22, 28, 28 and 13 random pages that there are (kernel/exec.c), 48 of the canary. */
static const unsigned int bits_least[PLACES] = { [STACK] = 22, [MAPPING] = 28, [VDSO] = 28, [HEAP] = 13, [CANARY] = 44 };

void places_tell(void);		/* exec_test.c gives the role */

/* Of the stack protector, where every program and driver has it (psABI 3.4.6: %fs:0x28). */
static uint64_t canary_now(void)
{
	uint64_t canary;

	__asm__ volatile("movq %%fs:0x28, %0" : "=r"(canary));
	return canary;
}

/* abi_test @places: where this start put things, on descriptor 1. */
void places_tell(void)
{
	uint64_t at[PLACES] = { [STACK] = (uintptr_t)__builtin_frame_address(0), [VDSO] = getauxval(AT_SYSINFO_EHDR), [HEAP] = (uintptr_t)sbrk(0),
				[CANARY] = canary_now() };

	at[MAPPING] = (uintptr_t)mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_exit(write(1, at, sizeof(at)) != sizeof(at));
}

static void start_once(uint64_t at[PLACES])
{
	int p[2];
	pid_t pid;

	CHECK(!pipe(p));
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		execl(abi_self, abi_self, "@places", NULL);
		_exit(1);
	}
	CHECK(pid > 0 && read(p[0], at, sizeof(*at) * PLACES) == sizeof(*at) * PLACES && !abi_wait(pid));
	close(p[0]);
	close(p[1]);
}

static unsigned int bits_of(uint64_t v)
{
	return (unsigned int)__builtin_popcountll(v);
}

ABI_CASE(each_start_has_new_places_and_a_new_canary)
{
	uint64_t first[PLACES], at[PLACES], varies[PLACES] = { 0 };

	start_once(first);
	for (unsigned int i = 1; i < STARTS; i++) {
		start_once(at);
		for (unsigned int k = 0; k < PLACES; k++)
			varies[k] |= at[k] ^ first[k];
	}
	for (unsigned int k = 0; k < PLACES; k++) {
		printf("# place %u: %u bits differ\n", k, bits_of(varies[k] >> 12));
		CHECK(bits_of(varies[k] >> 12) >= bits_least[k]);
	}
}

/* Where a program lies that can lie anywhere, stopped before its first instruction. */
static uint64_t code_of(const char *path)
{
	char maps[64], line[64] = "";
	int status, fd;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, NULL);
		_exit(1);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	fd = open(maps, O_RDONLY);
	CHECK(fd >= 0 && read(fd, line, sizeof(line) - 1) > 0);
	close(fd);
	kill(pid, SIGKILL);
	abi_wait(pid);
	return strtoull(line, NULL, 16);
}

ABI_CASE(each_start_puts_code_that_can_move_elsewhere)
{
	uint64_t first = 0, varies = 0;
	struct dirent *entry;
	char path[300] = "";
	DIR *dir = opendir(DRIVERS);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(path, sizeof(path), DRIVERS "/%s", entry->d_name);
	if (dir)
		closedir(dir);
	if (!path[0])
		return;		/* Linux, or no moved driver */
	first = code_of(path);
	for (unsigned int i = 1; i < STARTS; i++)
		varies |= code_of(path) ^ first;
	printf("# code: %u bits differ\n", bits_of(varies >> 12));
	CHECK(bits_of(varies >> 12) >= 28);
}

ABI_CASE(places_of_a_process_are_not_everybodys_to_read)
{
	static const char *const files[] = { "maps", "smaps", "auxv", "environ", "mem", "syscall", "stack", "personality" };
	char path[64];

	if (!geteuid())
		CHECK(!setgroups(0, NULL) && !setgid(65534) && !setuid(65534));
	for (unsigned int i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char byte;
		int fd;

		snprintf(path, sizeof(path), "/proc/1/%s", files[i]);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, &byte, 1) == 1)
			abi_fail(path, __FILE__, __LINE__);
		if (fd >= 0)
			close(fd);
	}
}
