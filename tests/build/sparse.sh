#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# sparse has nothing to say about the kernel and the drivers.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 1
if wanted kernel_and_drivers_are_clean; then
	make -s O="$BUILD" sparse >"$scratch/out" 2>&1
	verdict kernel_and_drivers_are_clean $? "$scratch/out"
fi
finish
