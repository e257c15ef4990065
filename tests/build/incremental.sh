#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make does again what has changed, all of it and nothing else. Works on a copy of the tree.
cd "$(dirname "$0")/../.." && . tests/lib.sh

again()
{
	make --no-print-directory -C "$scratch/src" -j2 O="$scratch/b" "$@" >"$scratch/out" 2>&1
}

compiled()
{
	grep -c '^  \(CC\|AS\)' "$scratch/out"
}

# claim NAME: verdict on the last command's status.
claim()
{
	claim_status=$?
	wanted "$1" || return 0
	verdict "$1" "$claim_status" "$scratch/out"
}

mkdir "$scratch/src"
tar cf - --exclude=./.git --exclude=./build --exclude=./tests/fuzz . | tar xf - -C "$scratch/src"

plan 7
again defconfig
again all || { fail first_build "$scratch/out"; exit 1; }

again all && [ ! -s "$scratch/out" ]
claim nothing_changed_nothing_done

# What GNU make 4.3 does by chance when it reads a file, done on purpose.
for stamp in "$scratch"/b/stamp/*; do
	cp -p "$stamp" "$scratch/stamp"
	echo >>"$stamp"
	touch -r "$scratch/stamp" "$stamp"
done
again all && [ ! -s "$scratch/out" ]
claim newline_read_too_many_is_no_change

echo 'CONFIG_CMDLINE="loud=1"' >"$scratch/line"
sed -i -e '/CONFIG_CMDLINE=/r '"$scratch/line" -e '/CONFIG_CMDLINE=/d' "$scratch/b/.config"
again all && [ "$(compiled)" = 1 ] && grep -q 'AS  *fs/config_data' "$scratch/out" && grep -q ISO "$scratch/out"	# /proc/config.gz
claim command_line_makes_the_image_again

sed -i 's/CONFIG_NULL_BLK=m/CONFIG_NULL_BLK=y/' "$scratch/b/.config"
again all && grep -q 'LD  *ferry.elf' "$scratch/out" && grep -q 'CC  *drivers/block/null_blk' "$scratch/out" &&
	grep -q CPIO "$scratch/out" && ! grep -q 'CC.*virtio_blk' "$scratch/out"
claim moving_one_driver_builds_that_driver

scripts/manifest "$scratch/b/ferry.elf" >"$scratch/out" && grep -q '^driver  *null_blk' "$scratch/out"
claim linked_driver_has_its_manifest_in_the_kernel

rm "$scratch/b/ferry.iso"
again all && grep -q ISO "$scratch/out" && [ "$(compiled)" = 0 ]
claim lost_image_is_made_again

again lib/format.o KCFLAGS=-DSOMETHING && [ "$(compiled)" = 1 ] && again lib/format.o && [ "$(compiled)" = 1 ]
claim other_flags_compile_again
finish
