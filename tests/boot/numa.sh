#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two nodes: told under /sys, memory comes from the node of the CPU that asks, and from the other when that has none.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 6
nodes='--smp 2 --mem 256M --qemu -object --qemu memory-backend-ram,id=m0,size=128M --qemu -object --qemu memory-backend-ram,id=m1,size=128M
	--qemu -numa --qemu node,nodeid=0,memdev=m0,cpus=0 --qemu -numa --qemu node,nodeid=1,memdev=m1,cpus=1
	--qemu -numa --qemu dist,src=0,dst=1,val=30'

cases='pages_are_of_the_nodes_that_their_area_is_bound_to a_thread_s_policy_places_what_it_touches move_pages_tells_and_moves
	what_is_written_while_pages_move_is_not_lost an_area_has_a_home_among_its_nodes migrate_pages_moves_a_program'

# What a file of 24 MiB in memory, written on CPU 1, then CPU 0, takes from each node, in KiB.
script='cd /sys/devices/system/node; echo online $(cat online) cpus $(cat node0/cpulist) $(cat node1/cpulist) maps $(cat node0/cpumap) $(cat node1/cpumap) far $(cat node0/distance)
free() { echo $(awk "/MemFree/ { print \$4 }" node0/meminfo) $(awk "/MemFree/ { print \$4 }" node1/meminfo); }
echo before $(free); taskset 2 dd if=/dev/zero of=/tmp/a bs=1M count=24 2>/dev/null; echo one $(free)
taskset 1 dd if=/dev/zero of=/tmp/b bs=1M count=24 2>/dev/null; echo two $(free)
rm /tmp/a /tmp/b; mount -t tmpfs -o size=200m none /mnt; taskset 2 dd if=/dev/zero of=/mnt/c bs=1M count=140 2>/dev/null; echo wrote $(stat -c %s /mnt/c)
rm /mnt/c; echo after $(free); abi_test '"$(echo $cases)"

guest "$script" $nodes
word() { awk -v row="$1" -v at="$2" '$1 == row { print $at }' "$scratch/out"; }
near() { [ "$1" -gt $((24 * 1024 - 2048)) ] && [ "$1" -lt $((24 * 1024 + 8192)) ] && [ "$2" -lt 8192 ]; }
check() { if wanted "$1"; then verdict "$1" "$2" "$scratch/out" "$scratch/log"; fi; }

grep -q '^online 0-1 cpus 0 1 maps 00000001 00000002 far 10 30$' "$scratch/out"
check nodes_are_told $?
near $(($(word before 3) - $(word one 3))) $(($(word before 2) - $(word one 2)))
check memory_of_the_second_cpu_is_of_its_node $?
near $(($(word one 2) - $(word two 2))) $(($(word one 3) - $(word two 3)))
check memory_of_the_first_cpu_is_of_its_node $?
[ "$(word wrote 2)" = $((140 << 20)) ]
check a_full_node_takes_from_the_other $?
[ $(($(word before 2) - $(word after 2))) -lt 4096 ] && [ $(($(word before 3) - $(word after 3))) -lt 4096 ]
check every_frame_goes_back_to_its_node $?
[ "$(grep -c '^ok ' "$scratch/out")" = 6 ]
check pages_are_where_programs_want_them $?
finish
