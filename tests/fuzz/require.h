/* SPDX-License-Identifier: GPL-2.0 */
/* What must hold whatever the input was: said and ended with otherwise, so that libFuzzer keeps the input. */
#ifndef TESTS_FUZZ_REQUIRE_H
#define TESTS_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); abort(); } } while (0)

#endif
