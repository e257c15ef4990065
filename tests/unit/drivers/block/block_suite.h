/* SPDX-License-Identifier: GPL-2.0 */
/* Claims about any block driver, run in the host world on a probed disk of at least 1 MiB that is not read-only. */
#ifndef TESTS_UNIT_BLOCK_SUITE_H
#define TESTS_UNIT_BLOCK_SUITE_H

#include <host/host.h>

void block_suite_run(struct device *dev);

#endif
