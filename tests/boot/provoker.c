// SPDX-License-Identifier: GPL-2.0
/* provoker NAME...: makes each mistake of /proc/ferry/provoke with memory of its own for it; umip and map_null are the program's own. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static sigjmp_buf back;

static void caught(int sig)
{
	siglongjmp(back, sig);
}

/* Where the kernel's tables lie is nobody's business. */
static void umip(void)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) gdt = { 0, 0 }, idt = { 0, 0 };
	uint64_t word = 0;

	signal(SIGSEGV, caught);
	if (sigsetjmp(back, 1)) {
		printf("umip: refused\n");
		return;
	}
	__asm__ volatile("sgdt %0; sidt %1; smsw %2; str %2; sldt %2" : "=m"(gdt), "=m"(idt), "+r"(word));
	printf("umip: harm: the tables lie at %#llx and %#llx\n", (unsigned long long)gdt.base, (unsigned long long)idt.base);
}

static void map_null(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	printf("map_null: %s\n", p == MAP_FAILED ? "refused" : "harm: a program may lie in wait at address 0");
}

/* Memory of this program that suits @name: executable with a return in it, or written. */
static void *memory_for(const char *name)
{
	static const uint8_t code[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0xc3 };
	uint8_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	memcpy(p, code, sizeof(code));
	if (!strcmp(name, "execute_user")) {
		if (mprotect(p, 4096, PROT_READ | PROT_EXEC) || *(volatile uint8_t *)p != 0xf3)
			exit(2);
	}
	return p;
}

static int provoke(const char *name)
{
	void *memory = memory_for(name);
	FILE *f = fopen("/proc/ferry/provoke", "w");
	int bad;

	if (!f)
		return 1;
	fprintf(f, "%s %llx", name, strcmp(name, "read_null") ? (unsigned long long)(uintptr_t)memory : 0);
	bad = fclose(f);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "umip"))
			umip();
		else if (!strcmp(argv[i], "map_null"))
			map_null();
		else
			bad |= provoke(argv[i]);
	}
	return bad;
}
