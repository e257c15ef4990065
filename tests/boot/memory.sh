#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# From 32 MiB to 8 GiB, with the hole below 4 GiB where the machine puts it.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 8
for size in 32M 48M 256M 3G 4G 8G; do
	boots "memory_$size" --mem "$size"
done
boots memory_hole_of_pc --machine pc --mem 3584M
boots memory_hole_by_uefi --uefi --mem 3G
finish
