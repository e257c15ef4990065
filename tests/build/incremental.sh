#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make does again what has changed, all of it and nothing else.
cd "$(dirname "$0")/../.." && . tests/lib.sh

again()
{
	make --no-print-directory -j2 O="$scratch/b" all "$@" >"$scratch/out" 2>&1
}

compiled()
{
	grep -c '^  \(CC\|AS\)' "$scratch/out"
}

# case NAME: verdict on the last command's status.
check()
{
	check_status=$?
	wanted "$1" || return 0
	verdict "$1" "$check_status" "$scratch/out"
}

plan 6
make -s O="$scratch/b" defconfig >/dev/null
again || { fail first_build "$scratch/out"; exit 1; }

again && [ ! -s "$scratch/out" ]
check nothing_changed_nothing_done

again W=1 KCFLAGS=-DSOMETHING && [ "$(compiled)" -gt 10 ]
check other_flags_compile_again
again KCFLAGS=-DSOMETHING
again

echo 'CONFIG_CMDLINE="loud=1"' >"$scratch/line"
sed -i -e '/CONFIG_CMDLINE=/r '"$scratch/line" -e '/CONFIG_CMDLINE=/d' "$scratch/b/.config"
again && [ "$(compiled)" = 0 ] && grep -q ISO "$scratch/out"
check command_line_makes_the_image_again

sed -i 's/CONFIG_NULL_BLK=m/CONFIG_NULL_BLK=y/' "$scratch/b/.config"
again && grep -q 'LD  *ferry.elf' "$scratch/out" && grep -q 'CC  *drivers/block' "$scratch/out" &&
	grep -q CPIO "$scratch/out" && ! grep -q 'virtio_blk' "$scratch/out"
check moving_one_driver_builds_that_driver

mv "$scratch/b/ferry.iso" "$scratch/kept.iso"
again && grep -q ISO "$scratch/out" && [ "$(compiled)" = 0 ]
check lost_image_is_made_again

again && scripts/manifest "$scratch/b/ferry.elf" >"$scratch/out" && grep -q '^driver' "$scratch/out"
check linked_driver_has_its_manifest_in_the_kernel
finish
