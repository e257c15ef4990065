// SPDX-License-Identifier: GPL-2.0
/* The code under test of elf_test.c, built for the host; the kernel has its own. */
#include "kernel/elf.c"
#include "kernel/script.c"
