#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The system call border, as an ordinary program sees it: tests/user in the guest. With names, only those cases.
cd "$(dirname "$0")/../.." || exit 1
BUILD=${FERRY_BUILD:-build}

if [ ! -x "$BUILD/usr/bin/abi_test" ]; then
	printf 'KTAP version 1\n1..0 # SKIP the configuration has no CONFIG_KERNEL_SELFTEST\n'
	exit 0
fi
exec scripts/run --build "$BUILD" --timeout 240 -- abi_test "$@"
