// SPDX-License-Identifier: GPL-2.0
/*
 * Runs every program of a directory, each in a session of its own with a limit of time, and says how it ended: one line
 * "result NAME exit N", "result NAME signal N" or "result NAME timeout", after the last lines it printed. Runs on Ferry and on Linux.
 *
 * usage: runall [-j JOBS] [-t SECONDS] [-v LINES] DIRECTORY [NAME...]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_JOBS	32

struct job {
	pid_t pid;
	const char *name;
	time_t deadline;
	bool late;
};

static struct job jobs[MAX_JOBS];
static int nr_jobs = 1, seconds = 60, nr_lines;
static char directory[4096];

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void output_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/tmp/runall.%d/%s", getpid(), name);
}

/* The last lines of what it printed, so that a difference can be understood without another run. */
static void show_output(const char *name)
{
	static char text[65536];
	char path[512], *line;
	ssize_t size;
	int fd, lines = 0;

	output_path(path, sizeof(path), name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	lseek(fd, -(off_t)sizeof(text) + 1, SEEK_END);
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	unlink(path);
	if (size <= 0)
		return;
	text[size] = '\0';
	for (line = text + size - 1; line > text && lines <= nr_lines; line--)
		lines += line[-1] == '\n';
	for (line = strtok(line, "\n"); line && nr_lines; line = strtok(NULL, "\n"))
		printf("| %s: %s\n", name, line);
}

static void start(struct job *j, const char *name)
{
	char path[512], program[8192];

	output_path(path, sizeof(path), name);
	snprintf(program, sizeof(program), "%s/%s", directory, name);
	j->name = name;
	j->late = false;
	j->deadline = now() + seconds;
	fflush(stdout);
	j->pid = fork();
	if (j->pid)
		return;
	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
	dup2(1, 2);
	execl(program, name, (char *)NULL);
	perror(program);
	_exit(127);
}

static void finish(struct job *j, int status)
{
	kill(-j->pid, SIGKILL);
	show_output(j->name);
	if (j->late)
		printf("result %s timeout\n", j->name);
	else if (WIFSIGNALED(status))
		printf("result %s signal %d\n", j->name, WTERMSIG(status));
	else
		printf("result %s exit %d\n", j->name, WEXITSTATUS(status));
	fflush(stdout);
	j->pid = 0;
}

static void collect(void)
{
	for (int i = 0; i < nr_jobs; i++) {
		struct job *j = &jobs[i];
		int status;

		if (!j->pid)
			continue;
		if (waitpid(j->pid, &status, WNOHANG) == j->pid) {
			finish(j, status);
		} else if (now() > j->deadline && !j->late) {
			j->late = true;
			kill(-j->pid, SIGKILL);
			kill(j->pid, SIGKILL);
		}
	}
}

static struct job *free_job(void)
{
	for (int i = 0; i < nr_jobs; i++)
		if (!jobs[i].pid)
			return &jobs[i];
	return NULL;
}

static void run(const char *name)
{
	struct job *j;

	while (!(j = free_job())) {
		collect();
		poll(NULL, 0, 5);
	}
	start(j, name);
}

static void run_directory(void)
{
	struct dirent **entries;
	int nr = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < nr; i++)
		if (entries[i]->d_name[0] != '.')
			run(entries[i]->d_name);
}

static bool is_running(void)
{
	for (int i = 0; i < nr_jobs; i++)
		if (jobs[i].pid)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	char path[64];
	int c;

	while ((c = getopt(argc, argv, "j:t:v:")) != -1) {
		if (c == 'j')
			nr_jobs = atoi(optarg) < MAX_JOBS ? atoi(optarg) : MAX_JOBS;
		else if (c == 't')
			seconds = atoi(optarg);
		else if (c == 'v')
			nr_lines = atoi(optarg);
		else
			return 2;
	}
	if (optind == argc || !realpath(argv[optind], directory) || chdir(directory))
		return 2;
	snprintf(path, sizeof(path), "/tmp/runall.%d", getpid());
	mkdir("/tmp", 01777);
	mkdir(path, 0700);
	if (optind + 1 == argc)
		run_directory();
	for (int i = optind + 1; i < argc; i++)
		run(argv[i]);
	while (is_running()) {
		collect();
		poll(NULL, 0, 5);
	}
	return 0;
}
