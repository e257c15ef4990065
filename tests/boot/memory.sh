#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# From 24 MiB to 8 GiB, with the hole below 4 GiB where the machine puts it.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 9
for size in 48M 256M 3G 4G 8G; do
	boots "memory_$size" --mem "$size"
done
says shell_pipes_in_24_MiB 'a b c' 'echo c b a | tr " " "\n" | sort | xargs' --mem 24M
boots memory_hole_of_pc --machine pc --mem 3584M
boots memory_hole_by_uefi --uefi --mem 3G

# Small ones that come and go, and one that eats memory up: only that one is ended.
if wanted the_biggest_goes_when_memory_is_gone; then
	guest 'for i in 1 2; do (while :; do dd if=/dev/zero of=/dev/null bs=300k count=1; done >/dev/null 2>>/tmp/said) & done
		tail /dev/zero; echo $?; grep -v records /tmp/said | grep -v copied; echo end' --mem 36M
	grep -q '^137' "$scratch/out" && grep -A1 '^137' "$scratch/out" | grep -q '^end' && grep -q 'out of memory: tail' "$scratch/log" && ! grep 'out of memory: ' "$scratch/log" | grep -qv ': tail'
	verdict the_biggest_goes_when_memory_is_gone $? "$scratch/out" "$scratch/log"
fi
finish
