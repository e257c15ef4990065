#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ./ferry names every missing package at once and installs none when told so.
cd "$(dirname "$0")/../.." && . tests/lib.sh

mkdir "$scratch/bin"
printf '#!/bin/sh\nexit 0\n' >"$scratch/bin/dpkg-query"
printf '#!/bin/sh\ntouch "%s/installed"\n' "$scratch" >"$scratch/bin/apt-get"
chmod 755 "$scratch/bin/"*

plan 3
if wanted missing_packages_are_named_in_one_line; then
	FERRY_NO_INSTALL=1 PATH=$scratch/bin:$PATH ./ferry run >"$scratch/out" 2>&1
	[ $? = 3 ] && grep -q '^apt-get install .* make gcc .*qemu-system-x86 .*busybox-static' "$scratch/out"
	verdict missing_packages_are_named_in_one_line $? "$scratch/out"
fi

if wanted nothing_is_installed_when_told_so; then
	[ ! -e "$scratch/installed" ]
	verdict nothing_is_installed_when_told_so $?
fi

if wanted help_needs_nothing; then
	FERRY_NO_INSTALL=1 PATH=$scratch/bin:$PATH ./ferry help >"$scratch/out" 2>&1
	verdict help_needs_nothing $? "$scratch/out"
fi
finish
