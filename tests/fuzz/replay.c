// SPDX-License-Identifier: GPL-2.0
/* Runs a fuzz target on files, without libFuzzer: for CI, and to look at one input. Prints KTAP. usage: replay FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX	65536

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay(const char *path)
{
	static uint8_t buffer[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t size;
	int err;

	if (!file)
		return 1;
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	exact = malloc(size ? size : 1);	/* its own block, so that the sanitizer sees its end */
	if (!exact)
		return 1;
	memcpy(exact, buffer, size);
	err = LLVMFuzzerTestOneInput(exact, size);	/* not 0: it could not run */
	free(exact);
	return err;
}

int main(int argc, char **argv)
{
	int failed = 0;

	printf("KTAP version 1\n1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		const char *name = strrchr(argv[i], '/');
		int err;

		fflush(stdout);
		err = replay(argv[i]);
		failed |= !!err;
		printf("%s %d %s\n", err ? "not ok" : "ok", i, name ? name + 1 : argv[i]);
	}
	return failed;
}
