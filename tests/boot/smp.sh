#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Several processors: they start, they are told of, and what holds on one holds on four.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 11
boots two_processors --smp 2
boots eight_processors_by_uefi --smp 8 --uefi
boots twelve_processors --smp 12
says every_processor_runs '4 4 4' 'echo $(nproc) $(grep -c ^processor /proc/cpuinfo) $(grep -c "^cpu[0-9]" /proc/stat)' --smp 4
says maxcpus_leaves_the_others_out '2' 'nproc' --smp 4 --append maxcpus=2
says nosmp_leaves_one '1' 'nproc' --smp 4 --append nosmp
looks='awk "NR > 1 { n += \$6 } END { print n + 0 }" /proc/ferry/cpus'
play='dd if=/dev/zero bs=512 count=2000 2>/dev/null | cat >/dev/null'
# Where the kernel checks itself no wait is short.
if ! grep -q 'CONFIG_DEBUG_KERNEL := y' "$BUILD/include/config/auto.conf"; then
	LIMIT=300
	says a_cpu_whose_waits_are_short_looks_on 'looked' "until [ \$($looks) -gt 0 ]; do $play; done; echo looked" --smp 2
	unset LIMIT
elif wanted a_cpu_whose_waits_are_short_looks_on; then
	skip a_cpu_whose_waits_are_short_looks_on 'a kernel that checks itself'
fi
# Told to halt, it never looks on.
says cpus_without_work_halt_at_once_when_told_to '0' \
	"$play; $looks" --smp 2 --append idle=halt

# all_ok FILE: no case in it is "not ok", and there is at least one "ok".
all_ok()
{
	grep -q '^[][ .0-9]*ok ' "$1" && ! grep -q '^[][ .0-9]*not ok ' "$1"
}

if [ -x "$BUILD/usr/bin/abi_test" ]; then
	if wanted border_holds_on_four; then
		LIMIT=200 guest 'abi_test' --smp 4
		[ "$status" = 0 ] && all_ok "$scratch/out"
		held=$?
		grep -B 5 'not ok' "$scratch/out" >"$scratch/failed"
		verdict border_holds_on_four $held "$scratch/err" "$scratch/failed"
	fi
	for suite in smp sched; do
		wanted "kernel_tests_of_${suite}_hold_on_four" || continue
		timeout 700 scripts/run --build "$BUILD" --smp 4 --append "ktest=$suite" --log - --timeout 100 --until-exit \
			>"$scratch/out" 2>"$scratch/err" </dev/null
		all_ok "$scratch/out"
		verdict "kernel_tests_of_${suite}_hold_on_four" $? "$scratch/out" "$scratch/err"
	done
else
	for name in border_holds_on_four kernel_tests_of_smp_hold_on_four kernel_tests_of_sched_hold_on_four; do
		wanted "$name" && skip "$name" 'the configuration has no CONFIG_KERNEL_SELFTEST'
	done
fi
finish
