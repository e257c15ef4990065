#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel that checks itself (debug_defconfig): it finds the bugs planted in it, and none that are not.
cd "$(dirname "$0")/../.." && . tests/lib.sh

debug=$BUILD/debug
initramfs=$BUILD/initramfs.cpio

plan 6
[ -e "$debug/.config" ] || make -s O="$debug" debug_defconfig >"$scratch/built" 2>&1
make -s -j2 O="$debug" "$debug/ferry.packed" "$debug/stamp/cmdline" >"$scratch/built" 2>&1
built=$?

if wanted debug_kernel_builds; then
	verdict debug_kernel_builds $built "$scratch/built"
fi
[ $built = 0 ] || finish || exit 1

if wanted unit_tests_in_it_find_nothing; then
	scripts/run --build "$debug" --initramfs "$initramfs" --mem 256M --append ktest --log "$scratch/log" --timeout 300 --until-exit \
		>"$scratch/out" 2>&1
	scripts/decode --build "$debug" "$scratch/log" | grep -A60 -e '^BUG:' -e 'not ok' >"$scratch/found"
	grep -q '^.* ok [0-9]' "$scratch/log" && [ ! -s "$scratch/found" ]
	verdict unit_tests_in_it_find_nothing $? "$scratch/found" "$scratch/out"
fi

# One that is left alone has no leak, and every line of the list has a place in the sources.
if wanted idle_system_leaks_nothing; then
	BUILD=$debug LIMIT=200 guest 'for i in 1 2 3; do echo scan > /proc/ferry/leaks; done; cat /proc/ferry/leaks' \
		--initramfs "$initramfs" --mem 256M --smp 2
	[ "$status" = 0 ] && grep -qx 'unreachable 0' "$scratch/out" && grep -q 'thread_alloc+0x' "$scratch/out"
	verdict idle_system_leaks_nothing $? "$scratch/err" "$scratch/out"
fi

# What programs ask, and when the n-th allocation of their calls fails, for every n that there is. Cases that draw lots are left to those who
# watch (FERRY_BUILD=build/debug tests/boot/abi.sh): what they find cannot be repeated here.
if wanted calls_of_programs_find_nothing || wanted every_allocation_of_a_call_may_fail; then
	BUILD=$debug LIMIT=600 guest "abi_test $(ls tests/user/*_test.c | grep -v -e fuzz_test -e race_test | xargs sed -n 's/^ABI_CASE(\(.*\))/\1/p' | tr '\n' ' ')" --initramfs "$initramfs" --mem 512M
	sed -n 's/^ABI_CASE(\(.*\))/\1/p' tests/user/alloc_test.c | sed 's/.*/^ok [0-9]* abi.&/' >"$scratch/allocations"
	[ "$status" = 0 ] && ! grep -q '^not ok' "$scratch/out"
	verdict calls_of_programs_find_nothing $? "$scratch/out" "$scratch/err"
	[ -s "$scratch/allocations" ] && [ "$(grep -cf "$scratch/allocations" "$scratch/out")" = "$(wc -l <"$scratch/allocations")" ]
	verdict every_allocation_of_a_call_may_fail $? "$scratch/out" "$scratch/err"
fi

if wanted planted_bugs_are_named_with_file_and_line; then
	FERRY_BUILD=$debug FERRY_INITRAMFS=$initramfs tests/planted/run --least 90 >"$scratch/out" 2>&1
	verdict planted_bugs_are_named_with_file_and_line $? "$scratch/out"
fi
finish
