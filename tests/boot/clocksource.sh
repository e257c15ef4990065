#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the clock counts with: chosen on the command line, told under /sys, and as fast as the TSC, also after a counter came round.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 9

# The source's time and the TSC's at one moment differ by less than a twentieth; both began together.
script='cat /sys/devices/system/clocksource/clocksource0/current_clocksource; sleep $nap; cat /proc/ferry/clock
date +%s | grep -c ^1; grep -c tsc /sys/devices/system/clocksource/clocksource0/available_clocksource'

counts()
{
	counts_name=$1
	wanted "$counts_name" || return 0
	guest "nap=$3; $script" --append "$4" ${5:+--machine "$5"}
	awk -v want="$2" 'NR == 1 { named = $1 == want } NR == 2 { near = $1 == want && $2 > $4 * 0.95 && $2 < $4 * 1.05 } END { exit !(named && near && NR >= 4) }' \
		"$scratch/out"
	verdict "$counts_name" $? "$scratch/out" "$scratch/log"
}

counts tsc_is_the_default tsc 0 quiet
counts hpet_counts hpet 1 clocksource=hpet
counts hpet_counts_on_pc hpet 0 clocksource=hpet pc
counts acpi_pm_counts_after_it_came_round acpi_pm 6 clocksource=acpi_pm
counts unknown_source_leaves_the_tsc tsc 0 clocksource=sundial

# without NAME PATTERN MACHINE PROPERTIES: a machine without an 8254 comes up, its date is right, and the log says what the TSC was measured by.
without()
{
	wanted "$1" || return 0
	guest 'date +%s' --machine "$3" --qemu -machine --qemu "pit=off$4"
	now=$(date +%s) then=$(cat "$scratch/out")
	[ "$status" = 0 ] && [ "$then" -gt $((now - 3600)) ] && [ "$then" -lt $((now + 3600)) ] && grep -q "clock: $2" "$scratch/log"
	verdict "$1" $? "$scratch/out" "$scratch/err" "$scratch/log"
}

without no_8254_the_hpet_measures 'no 8254 counts here; the TSC is measured by hpet' q35 ''
without no_8254_no_hpet_acpi_measures 'no 8254 counts here; the TSC is measured by acpi_pm' q35 ,hpet=off
without no_counter_at_all_is_told 'no measure of the TSC from 8254, HPET or ACPI.s timer' pc ,hpet=off,acpi=off
if wanted programs_ask_the_kernel_without_the_tsc; then
	guest 'abi_test the_vdso_and_the_call_tell_the_same_time the_vdso_never_goes_back seconds_and_microseconds_agree' --append clocksource=hpet
	[ "$(grep -c '^ *ok' "$scratch/out")" -ge 3 ] && ! grep -q '^ *not ok' "$scratch/out"
	verdict programs_ask_the_kernel_without_the_tsc $? "$scratch/out" "$scratch/log"
fi
finish
