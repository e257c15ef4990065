// SPDX-License-Identifier: GPL-2.0
/*
 * Speaks the GDB remote protocol with a gdbserver on a socket pair. The program that is debugged is this one itself with an argument, so
 * its addresses are known here. Prints KTAP.
 */
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

static int debugged(void)
{
	stop_here();
	return result;
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
	uint64_t before;
	int pair[2];

	if (argc > 1 && !strcmp(argv[1], "debugged"))
		return debugged();
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
	printf("KTAP version 1\n1..7\n");
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
	answer = ask("vCont;c");
	claim("program_ends_with_what_was_written", !strncmp(answer, "W2a", 3), answer);
	return 0;
}
