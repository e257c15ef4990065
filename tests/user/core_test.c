// SPDX-License-Identifier: GPL-2.0
/* Core files of programs with several threads, as a debugger reads them. Where core files go elsewhere (a host's core_pattern) nothing is shown. */
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define NT_SIGINFO	0x53494749
#define XMM0_OFFSET	160	/* in an FXSAVE area */
#define R12_OFFSET	(112 + 3 * 8)	/* in struct elf_prstatus */
#define PID_OFFSET	32
#define NR_OTHERS	3
#define MAGIC(n)	(0x1122334455667700ull + (unsigned)(n))

static int tids[NR_OTHERS + 1];
static volatile int nr_ready;

/* Marks two registers and waits in the kernel, or crashes. It is ready when it has marked them, not before. */
static void mark_and_stop(unsigned long n, int crash)
{
	unsigned long value = MAGIC(n);

	tids[n] = (int)syscall(SYS_gettid);
	if (crash)
		__asm__ volatile("movq %0, %%xmm0; movq %0, %%r12; movl $1, 0x10" :: "r"(value) : "xmm0", "r12", "memory");
	else
		__asm__ volatile("movq %1, %%xmm0; movq %1, %%r12; lock incl %0; 1: movl $34, %%eax; syscall; jmp 1b"
				 : "+m"(nr_ready) : "r"(value) : "xmm0", "r12", "rax", "rcx", "r11", "memory", "cc");
}

static void *other(void *n)
{
	mark_and_stop((unsigned long)n, 0);
	return NULL;
}

static void crash(int report)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	pthread_t t;

	CHECK(!setrlimit(RLIMIT_CORE, &all));
	for (long i = 1; i <= NR_OTHERS; i++)
		CHECK(!pthread_create(&t, NULL, other, (void *)i));
	while (__atomic_load_n(&nr_ready, __ATOMIC_SEQ_CST) < NR_OTHERS)
		usleep(1000);
	tids[0] = (int)syscall(SYS_gettid);
	CHECK(write(report, tids, sizeof(tids)) == sizeof(tids));
	mark_and_stop(0, 1);
}

static char *core_read(int *size)
{
	struct stat st;
	char name[64] = "core", *data;
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		return NULL;
	CHECK(!fstat(fd, &st));
	data = malloc(65536);
	*size = (int)read(fd, data, 65536);
	CHECK(*size > (int)sizeof(Elf64_Ehdr));
	return data;
}

static bool core_is_kept(void)
{
	char pattern[128] = "";
	int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);

	return fd >= 0 && read(fd, pattern, sizeof(pattern) - 1) > 0 && !strcmp(pattern, "core\n");
}

struct seen {
	int nr_status, nr_fpu, nr_xstate, tid, index;
	bool signal, wrong, own_name;	/* the latter: this program is among the files */
};

/* A count, the size of a page, three words an area, then the names. */
static void look_at_files(struct seen *s, const char *desc, size_t size)
{
	char self[256] = "";
	const unsigned long *words = (const void *)desc;
	const char *name = desc + 16 + words[0] * 24, *end = desc + size;

	s->wrong |= !words[0] || words[0] > 100 || words[1] != 4096 || readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0;
	for (unsigned long i = 0; i < words[0] && name < end && !s->wrong; i++, name += strlen(name) + 1) {
		const unsigned long *area = words + 2 + 3 * i;

		s->wrong |= area[0] >= area[1] || area[0] % 4096;
		s->own_name |= !strcmp(name, self) && area[0] <= (unsigned long)look_at_files && (unsigned long)look_at_files < area[1];
	}
	s->wrong |= name > end;
}

static void look_at_note(struct seen *s, const Elf64_Nhdr *h, const char *desc)
{
	uint64_t value;

	if (h->n_type == NT_PRSTATUS) {
		memcpy(&s->tid, desc + PID_OFFSET, 4);
		memcpy(&value, desc + R12_OFFSET, 8);
		for (s->index = 0; s->index < NR_OTHERS && tids[s->index] != s->tid; s->index++)
			;
		s->wrong |= tids[s->index] != s->tid || value != MAGIC(s->index) || (!s->nr_status && s->index);
		s->nr_status++;
	} else if (h->n_type == NT_FPREGSET || h->n_type == 0x202) {
		memcpy(&value, desc + XMM0_OFFSET, 8);
		s->wrong |= value != MAGIC(s->index);
		*(h->n_type == NT_FPREGSET ? &s->nr_fpu : &s->nr_xstate) += 1;
	} else if (h->n_type == NT_SIGINFO) {
		memcpy(&value, desc + 16, 8);
		s->signal = *(const int *)desc == SIGSEGV && value == 0x10;
	} else if (h->n_type == NT_FILE) {
		look_at_files(s, desc, h->n_descsz);
	}
}

ABI_CASE(core_file_has_all_threads)
{
	struct seen s = { 0 };
	const Elf64_Phdr *ph;
	int status, size, report[2];
	char *core, *at, *end;
	pid_t pid;

	abi_fresh();
	CHECK(!pipe(report));
	pid = fork();
	if (!pid)
		crash(report[1]);
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && read(report[0], tids, sizeof(tids)) == sizeof(tids));
	if (!core_is_kept())
		return;
	CHECK(WCOREDUMP(status));
	core = core_read(&size);
	CHECK(core && !memcmp(core, ELFMAG, SELFMAG));
	ph = (const Elf64_Phdr *)(core + ((Elf64_Ehdr *)core)->e_phoff);
	CHECK(ph->p_type == PT_NOTE && ph->p_offset + ph->p_filesz <= (size_t)size);
	for (at = core + ph->p_offset, end = at + ph->p_filesz; at + sizeof(Elf64_Nhdr) < end;) {
		const Elf64_Nhdr *h = (const Elf64_Nhdr *)at;

		at += sizeof(*h) + ((h->n_namesz + 3) & ~3u);
		look_at_note(&s, h, at);
		at += (h->n_descsz + 3) & ~3u;
	}
	CHECK(!s.wrong && s.signal && s.nr_status == NR_OTHERS + 1 && s.nr_fpu == NR_OTHERS + 1);
	CHECK(s.own_name);
	CHECK(s.nr_xstate == 0 || s.nr_xstate == NR_OTHERS + 1);
}

#define WANTED	"the core file has this"

/* Does the core file of a child, which crashes with what it wrote there, have @at? */
static bool is_dumped(char *at, int advice, const char *filter)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int fd, status, size;
	char *core;
	bool found;
	pid_t pid;

	unlink("core");
	pid = fork();
	if (!pid) {
		fd = open("/proc/self/coredump_filter", O_WRONLY);
		CHECK(!setrlimit(RLIMIT_CORE, &all) && fd >= 0 && write(fd, filter, strlen(filter)) == (ssize_t)strlen(filter));
		strcpy(at + 2048, WANTED);
		CHECK(!advice || !madvise(at, 4096, advice));
		raise(SIGSEGV);
	}
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WCOREDUMP(status));
	fd = open("core", O_RDONLY);
	size = (int)lseek(fd, 0, SEEK_END);
	core = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(fd >= 0 && core != MAP_FAILED);
	found = memmem(core, size, WANTED, sizeof(WANTED));
	CHECK(!munmap(core, size) && !close(fd));
	for (char *c = memmem(at, 4096, WANTED, sizeof(WANTED)); c; c = NULL)
		memset(c, 0, sizeof(WANTED));
	return found;
}

ABI_CASE(core_file_has_what_its_filter_and_advice_say)
{
	char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), text[32];
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(!strcmp(abi_read("/proc/self/coredump_filter", text, sizeof(text)), "00000033\n"));
	if (!core_is_kept())
		return;
	abi_fresh();
	CHECK(is_dumped(own, 0, "0x33\n") && !is_dumped(own, MADV_DONTDUMP, "0x33\n") && !is_dumped(own, 0, "0\n"));
	CHECK(is_dumped(shared, 0, "2\n") && !is_dumped(shared, 0, "1\n"));
	CHECK(!madvise(own, 4096, MADV_DONTDUMP) && is_dumped(own, MADV_DODUMP, "511\n"));
}

ABI_CASE(core_file_has_each_of_many_areas)
{
	const size_t nr = 2001;
	char *at = mmap(NULL, nr * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!core_is_kept())
		return;
	abi_fresh();
	CHECK(at != MAP_FAILED);
	for (size_t i = 0; i < nr; i += 2)
		CHECK(!mprotect(at + i * 4096, 4096, PROT_READ | PROT_WRITE));
	CHECK(is_dumped(at + (nr - 1) * 4096, 0, "0x33") && is_dumped(at, 0, "0x33"));
}
