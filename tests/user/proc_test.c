// SPDX-License-Identifier: GPL-2.0
/* What /proc/<pid> tells of mounts, input and output, pages, mapped files and sockets. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include "abi.h"

#define PAGE		4096ul
#define PRESENT		(1ull << 63)
#define OF_A_FILE	(1ull << 61)
#define ONCE		(1ull << 56)
#define FRAME		((1ull << 55) - 1)

/* The first line of @path that has @word, into @line. */
static bool find_line(const char *path, const char *word, char *line, int size)
{
	FILE *f = fopen(path, "r");
	bool found = false;

	CHECK(f);
	while (!found && fgets(line, size, f))
		found = strstr(line, word);
	fclose(f);
	return found;
}

static uint64_t io_value(const char *path, const char *name)
{
	char line[128];

	CHECK(find_line(path, name, line, sizeof(line)));
	return strtoull(strchr(line, ' '), NULL, 10);
}

ABI_CASE(mountinfo_tells_what_lies_where)
{
	unsigned int id, parent, major, minor;
	char line[1024], here[512], root[512], where[512], rest[512], at[600], wanted[700];
	struct stat s;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(getcwd(here, sizeof(here)) && !mkdir("a b", 0755) && !mkdir("c", 0755));
	CHECK(!mount("my source", "a b", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") && !stat("a b", &s));
	CHECK(!mkdir("a b/in", 0755) && !mount("a b/in", "c", NULL, MS_BIND, NULL));
	snprintf(wanted, sizeof(wanted), "%s/a\\040b ", here);
	CHECK(find_line("/proc/self/mountinfo", wanted, line, sizeof(line)));
	CHECK(sscanf(line, "%u %u %u:%u %511s %511s %511[^\n]", &id, &parent, &major, &minor, root, where, rest) == 7);
	CHECK(id != parent && makedev(major, minor) == s.st_dev && !strcmp(root, "/"));
	CHECK(!strncmp(rest, "rw,nosuid,nodev", 15) && strstr(rest, " - tmpfs my\\040source rw") && strstr(rest, "size=64k"));
	snprintf(wanted, sizeof(wanted), "%s/c ", here);
	CHECK(find_line("/proc/self/mountinfo", wanted, line, sizeof(line)));
	CHECK(sscanf(line, "%*u %*u %u:%u %511s %511s", &major, &minor, root, where) == 4);
	CHECK(makedev(major, minor) == s.st_dev && !strcmp(root, "/in"));
	snprintf(at, sizeof(at), "my\\040source %s/a\\040b tmpfs rw,nosuid,nodev", here);
	CHECK(find_line("/proc/self/mounts", at, line, sizeof(line)));
	snprintf(at, sizeof(at), "device my\\040source mounted on %s/a\\040b with fstype tmpfs\n", here);
	CHECK(find_line("/proc/self/mountstats", at, line, sizeof(line)));
	CHECK(!umount("c") && !umount("a b"));
}

ABI_CASE(a_process_is_told_only_the_mounts_below_its_root)
{
	char line[1024];
	int status;
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("r", 0755) && !mkdir("r/proc", 0555) && !mkdir("r/in", 0755) && !mkdir("out", 0755));
	CHECK(!mount("proc", "r/proc", "proc", 0, NULL) && !mount("inside", "r/in", "tmpfs", 0, NULL) && !mount("outside", "out", "tmpfs", 0, NULL));
	pid = fork();
	if (!pid) {
		CHECK(!chroot("r") && !chdir("/"));
		CHECK(find_line("/proc/self/mounts", "inside /in tmpfs", line, sizeof(line)));
		CHECK(!find_line("/proc/self/mounts", "outside", line, sizeof(line)));
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(!umount("r/proc") && !umount("r/in") && !umount("out") && !status);
}

static void *write_much(void *arg)
{
	int fd = *(int *)arg;
	char block[1000] = "";

	for (int i = 0; i < 10; i++)
		CHECK(write(fd, block, sizeof(block)) == sizeof(block));
	return NULL;
}

ABI_CASE(io_counts_bytes_and_calls_of_all_threads)
{
	uint64_t chars = io_value("/proc/self/io", "wchar:"), calls = io_value("/proc/self/io", "syscw:"), read_before;
	char path[64], block[300];
	pthread_t t;
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	CHECK(fd >= 0 && !pthread_create(&t, NULL, write_much, &fd) && !pthread_join(t, NULL));
	CHECK(io_value("/proc/self/io", "wchar:") - chars == 10000 && io_value("/proc/self/io", "syscw:") - calls == 10);
	read_before = io_value("/proc/self/io", "rchar:");
	CHECK(pread(fd, block, sizeof(block), 0) == 300);
	CHECK(io_value("/proc/self/io", "rchar:") - read_before >= 300);
	snprintf(path, sizeof(path), "/proc/self/task/%d/io", getpid());
	CHECK(io_value("/proc/self/io", "syscw:") - io_value(path, "syscw:") == 10);
	CHECK(io_value(path, "cancelled_write_bytes:") == 0);
}

static uint64_t page_word(int fd, const void *page)
{
	uint64_t word;

	CHECK(pread(fd, &word, sizeof(word), (uintptr_t)page / PAGE * sizeof(word)) == sizeof(word));
	return word;
}

ABI_CASE(pagemap_has_a_word_for_each_page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY), file;
	char *own = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *shown;
	uint64_t words[4];

	abi_fresh();
	file = open("f", O_RDWR | O_CREAT, 0644);
	CHECK(file >= 0 && !ftruncate(file, PAGE));
	shown = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CHECK(fd >= 0 && own != MAP_FAILED && shown != MAP_FAILED && !madvise(own, 4 * PAGE, MADV_NOHUGEPAGE));
	own[PAGE] = 1;
	shown[0] = 1;
	CHECK(pread(fd, words, sizeof(words), (uintptr_t)own / PAGE * 8) == sizeof(words));
	CHECK(!((words[0] | words[2] | words[3]) & (PRESENT | FRAME)));
	CHECK((words[1] & (PRESENT | OF_A_FILE | ONCE)) == (PRESENT | ONCE) && !(words[1] & FRAME) == (geteuid() != 0));
	CHECK((page_word(fd, shown) & (PRESENT | OF_A_FILE)) == (PRESENT | OF_A_FILE));
	CHECK_ERR(pread(fd, words, 7, 0), EINVAL);
	CHECK_ERR(pread(fd, words, 8, 4), EINVAL);
	CHECK_ERR(pread(fd, BAD, 8, (uintptr_t)own / PAGE * 8), EFAULT);
	CHECK(pread(fd, words, 8, 1ll << 52) == 0);
}

ABI_CASE(map_files_links_each_area_to_its_file)
{
	char name[64], path[128], text[512], here[512];
	struct dirent *d;
	bool listed = false;
	char *shown;
	int fd;
	DIR *dir;

	abi_fresh();
	fd = open("shown", O_RDWR | O_CREAT, 0644);
	CHECK(fd >= 0 && !ftruncate(fd, 3 * PAGE) && getcwd(here, sizeof(here)));
	shown = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(shown != MAP_FAILED);
	snprintf(name, sizeof(name), "%lx-%lx", (unsigned long)shown, (unsigned long)shown + 3 * PAGE);
	dir = opendir("/proc/self/map_files");
	CHECK(dir);
	while ((d = readdir(dir)))
		listed |= !strcmp(d->d_name, name);
	CHECK(listed && !closedir(dir));
	snprintf(path, sizeof(path), "/proc/self/map_files/%s", name);
	CHECK(readlink(path, text, sizeof(text)) == (ssize_t)strlen(here) + 6 && !memcmp(text, here, strlen(here)));
	if (!geteuid())
		CHECK(open(path, O_RDONLY) >= 0);
	CHECK(!munmap(shown + PAGE, 2 * PAGE));
	CHECK_ERR(readlink(path, text, sizeof(text)), ENOENT);	/* of other bounds now */
	CHECK(!munmap(shown, PAGE));
	CHECK_ERR(readlink(path, text, sizeof(text)), ENOENT);
	CHECK_ERR(readlink("/proc/self/map_files/0-1", text, sizeof(text)), ENOENT);
}

ABI_CASE(net_unix_lists_sockets_with_their_names)
{
	struct sockaddr_un named = { .sun_family = AF_UNIX }, abstract = { .sun_family = AF_UNIX };
	char line[512], inode[32], path[64], word[64];
	int a, b;

	abi_fresh();
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	b = socket(AF_UNIX, SOCK_DGRAM, 0);
	snprintf(named.sun_path, sizeof(named.sun_path), "sock.%d", getpid());
	snprintf(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1, "abs.%d", getpid());
	CHECK(!bind(a, (struct sockaddr *)&named, sizeof(named)) && !listen(a, 1));
	CHECK(!bind(b, (struct sockaddr *)&abstract, sizeof(sa_family_t) + 1 + strlen(abstract.sun_path + 1)));
	CHECK(find_line("/proc/net/unix", named.sun_path, line, sizeof(line)));
	CHECK(strstr(line, " 00010000 0001 01 "));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", a);
	CHECK(readlink(path, inode, sizeof(inode)) > 9);
	snprintf(word, sizeof(word), "%llu sock.", strtoull(inode + 8, NULL, 10));
	CHECK(strstr(line, word));
	snprintf(word, sizeof(word), "@abs.%d\n", getpid());
	CHECK(find_line("/proc/self/net/unix", word, line, sizeof(line)));
	CHECK(strstr(line, " 00000000 0002 01 "));
	close(b);
	CHECK(!find_line("/proc/self/net/unix", word, line, sizeof(line)));
}
