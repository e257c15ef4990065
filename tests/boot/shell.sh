#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Debian's busybox in the guest: the scripts of tests/boot/shell, which print KTAP themselves.
cd "$(dirname "$0")/../.." || exit 1
BUILD=${FERRY_BUILD:-build}
exec scripts/run --build "$BUILD" --timeout 120 --add tests/boot/shell/shell.sh:/opt/shell.sh -- 'sh /opt/shell.sh 2>&1'
