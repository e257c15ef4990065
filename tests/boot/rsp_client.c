// SPDX-License-Identifier: GPL-2.0
/*
 * Speaks the GDB remote protocol with a gdbserver on a socket pair. The program that is debugged is this one itself with an argument, so
 * its addresses are known here. Prints KTAP. With "threads" it is the program that strace follows.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE	4096
#define RIP	16	/* its place among the registers, 8 bytes each */

static int wire, number;
static volatile int result = 1;

__attribute__((noinline)) static void stop_here(void)
{
	__asm__ volatile("nop; nop");
}

__attribute__((noinline)) static void stop_in_thread(void)
{
	__asm__ volatile("nop; nop; nop");
}

static void *thread(void *arg)
{
	stop_in_thread();
	return arg;
}

static int debugged(void)
{
	pthread_t t;

	stop_here();
	if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
		return 1;
	return result;
}

/* Each of three threads makes a call of its own, and the last starts a program. */
static void *calls(void *arg)
{
	dup2(100 + (int)(intptr_t)arg, 200);
	return NULL;
}

static void *calls_and_execs(void *arg)
{
	calls(arg);
	execl("/bin/true", "true", NULL);
	return NULL;
}

static int threads(void)
{
	pthread_t t;

	for (intptr_t i = 1; i <= 2; i++)
		if (pthread_create(&t, NULL, calls, (void *)i) || pthread_join(t, NULL))
			return 1;
	if (pthread_create(&t, NULL, calls_and_execs, (void *)3))
		return 1;
	for (;;)
		pause();
}

static void claim(const char *name, int holds, const char *answer)
{
	if (!holds)
		printf("# answer: %s\n", answer);
	printf("%sok %d gdbserver.%s\n", holds ? "" : "not ", ++number, name);
	fflush(stdout);
}

static int byte(void)
{
	unsigned char c;

	if (read(wire, &c, 1) != 1) {
		printf("Bail out! gdbserver hung up\n");
		exit(1);
	}
	return c;
}

static void packet_send(const char *text)
{
	char out[LINE];
	unsigned char sum = 0;
	int n;

	for (const char *p = text; *p; p++)
		sum += (unsigned char)*p;
	n = snprintf(out, sizeof(out), "$%s#%02x", text, sum);
	if (write(wire, out, n) != n)
		exit(1);
}

/* A star says how often the character before it comes again (29 more than its count). */
static size_t append(char *to, size_t n, int c)
{
	int times = c == '*' ? byte() - 29 : 1;

	if (c == '*')
		c = n ? to[n - 1] : '0';
	while (times-- > 0 && n < LINE - 1)
		to[n++] = c;
	return n;
}

/* The answer to @text; what the program prints comes as 'O' packets, which are passed over. */
static const char *ask(const char *text)
{
	static char answer[LINE];
	size_t n;
	int c;

	packet_send(text);
	do {
		while (byte() != '$')
			;
		for (n = 0; (c = byte()) != '#';)
			n = append(answer, n, c);
		answer[n] = '\0';
		byte();
		byte();
		if (write(wire, "+", 1) != 1)
			exit(1);
	} while (answer[0] == 'O' && answer[1] != 'K');
	return answer;
}

static uint64_t little(const char *hex)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		v = v << 8 | strtoul(two, NULL, 16);
	}
	return v;
}

static uint64_t rip(void)
{
	const char *answer = ask("g");

	return strlen(answer) > (RIP + 1) * 16 ? little(answer + RIP * 16) : 0;
}

/* Two threads, one of them told by @stop, which is where it was to stop. */
static int stands_in_thread(const char *stop, unsigned long where)
{
	const char *at = strstr(stop, "thread:");
	char told[32] = "", list[64];

	if (!at || sscanf(at, "thread:%31[0-9a-f]", told) != 1 || rip() != where)
		return 0;
	snprintf(list, sizeof(list), "%s", ask("qfThreadInfo"));
	if (!strchr(list, ','))
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ",%s", ask("qsThreadInfo") + 1);
	return list[0] == 'm' && strstr(list, told) && strchr(list, ',') && strlen(strchr(list, ',')) > 1;
}

static const char *askf(const char *format, unsigned long a)
{
	char text[64];

	snprintf(text, sizeof(text), format, a);
	return ask(text);
}

int main(int argc, char **argv)
{
	unsigned long here = (uintptr_t)stop_here;
	const char *answer;
	char stop[LINE];
	uint64_t before;
	int pair[2];

	if (argc > 1 && !strcmp(argv[1], "debugged"))
		return debugged();
	if (argc > 1 && !strcmp(argv[1], "threads"))
		return threads();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	if (fork() == 0) {
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		execlp("gdbserver", "gdbserver", "--once", "-", argv[0], "debugged", NULL);
		_exit(127);
	}
	close(pair[1]);
	wire = pair[0];
	alarm(60);
	printf("KTAP version 1\n1..9\n");
	claim("speaks", strstr(ask("qSupported:swbreak+;hwbreak+"), "PacketSize") != NULL, "");
	answer = ask("?");
	claim("program_is_stopped_at_its_start", answer[0] == 'T', answer);
	answer = askf("Z0,%lx,1", here);
	claim("breakpoint_is_set", !strcmp(answer, "OK"), answer);
	answer = ask("vCont;c");
	claim("breakpoint_is_met", answer[0] == 'T' && rip() == here, answer);
	askf("z0,%lx,1", here);
	before = rip();
	ask("vCont;s");
	claim("step_goes_one_instruction", rip() > before && rip() <= before + 15, "");
	answer = askf("M%lx,4:2a000000", (unsigned long)(uintptr_t)&result);
	claim("memory_is_written", !strcmp(answer, "OK"), answer);
	here = (uintptr_t)stop_in_thread;
	answer = askf("Z0,%lx,1", here);
	claim("breakpoint_of_a_thread_is_set", !strcmp(answer, "OK"), answer);
	snprintf(stop, sizeof(stop), "%s", ask("vCont;c"));
	claim("thread_meets_it_and_both_are_listed", stop[0] == 'T' && stands_in_thread(stop, here), stop);
	askf("z0,%lx,1", here);
	answer = ask("vCont;c");
	claim("program_ends_with_what_was_written", !strncmp(answer, "W2a", 3), answer);
	return 0;
}
