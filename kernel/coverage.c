// SPDX-License-Identifier: GPL-2.0
/* What gcc's counters ask for (CONFIG_COVERAGE): each object names how its counters are merged, which scripts/coverage does. */

void __gcov_merge_add(void *counters, unsigned int n);

void __gcov_merge_add(void *counters, unsigned int n)
{
}
