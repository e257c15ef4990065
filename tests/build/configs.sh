#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every kind of configuration builds without a warning and boots to a shell, and a bad one is refused by name. tests/build/randconfigs: random ones.
cd "$(dirname "$0")/../.." && . tests/lib.sh

quiet_make()
{
	make -s --no-print-directory -j2 O="$scratch/b" "$@" >"$scratch/out" 2>&1
}

# builds NAME GOAL
builds()
{
	wanted "$1" || return 0
	builds_name=$1
	shift
	: >"$scratch/err"
	quiet_make "$@" && quiet_make ${CC:+CC=$CC} all && ! grep -qi warning "$scratch/out" && BUILD=$scratch/b guest true && [ "$status" = 0 ]
	verdict "$builds_name" $? "$scratch/out" "$scratch/err"
}

# rejects NAME LINE PATTERN: a configuration with that line is refused by file and line.
rejects()
{
	wanted "$1" || return 0
	quiet_make defconfig
	sed -i "/^${2%%=*}=/d" "$scratch/b/.config"
	echo "$2" >>"$scratch/b/.config"
	! quiet_make all && grep -Eq "$3" "$scratch/out"
	verdict "$1" $? "$scratch/out"
}

plan 8
builds allyesconfig allyesconfig
builds allmodconfig allmodconfig
builds allnoconfig allnoconfig
builds tinyconfig tinyconfig
if command -v clang >/dev/null; then
	CC=clang builds clang_defconfig defconfig
elif wanted clang_defconfig; then
	skip clang_defconfig 'there is no clang'
fi
rejects unknown_symbol_is_named CONFIG_NO_SUCH_THING=y '\.config:[0-9]+: unknown symbol CONFIG_NO_SUCH_THING'
rejects bad_value_is_named CONFIG_NULL_BLK=maybe '\.config:[0-9]+: .maybe. is not a valid value'
rejects number_out_of_range_is_named CONFIG_NR_CPUS=5000 'CONFIG_NR_CPUS=5000 is out of range'
finish
