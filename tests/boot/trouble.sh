#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What cannot boot says so in one line and ends, with a status of its own.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 16
head -c 100000 /dev/zero >"$scratch/zeroes"
head -c 200000 "$BUILD/initramfs.cpio" >"$scratch/cut"
{ head -c 300 "$BUILD/initramfs.cpio"; head -c 100000 /dev/urandom; } >"$scratch/garbage"
: >"$scratch/empty"
scripts/mkinitramfs -o "$scratch/noinit" --only --text 'etc/nothing=here'

refuses missing_initramfs '[Ii]nitramfs|/init' --initramfs none
refuses initramfs_of_zeroes '[Ii]nitramfs|cpio|/init' --initramfs "$scratch/zeroes"
refuses initramfs_cut_short '[Ii]nitramfs|cpio|/init' --initramfs "$scratch/cut"
refuses initramfs_of_garbage '[Ii]nitramfs|cpio|/init' --initramfs "$scratch/garbage"
refuses initramfs_without_init '/init' --initramfs "$scratch/noinit"
gzip -1 -n <"$BUILD/initramfs.cpio" >"$scratch/gzip"
head -c 500000 "$scratch/gzip" >"$scratch/cutgzip"
scripts/mkinitramfs -o "$scratch/extra" --only --text 'etc/extra=from the second'
zstd -q -3 -c "$BUILD/initramfs.cpio" >"$scratch/zstd"
head -c 500000 "$scratch/zstd" >"$scratch/cutzstd"
scripts/mkinitramfs -o "$scratch/more" --only --text 'etc/more=and the third'
lz4 -q -l -9 -c "$BUILD/initramfs.cpio" >"$scratch/lz4"
head -c 500000 "$BUILD/initramfs.cpio.lz4" >"$scratch/cutlz4"
{ gzip -9 -n <"$scratch/noinit"; cat "$BUILD/initramfs.cpio"; head -c 512 /dev/zero; zstd -q <"$scratch/extra"; lz4 -q <"$scratch/more"; } >"$scratch/several"
boots initramfs_by_gzip --initramfs "$scratch/gzip"
says initramfs_of_several_archives 'here from the second and the third' 'echo $(cat /etc/nothing) $(cat /etc/extra) $(cat /etc/more)' --initramfs "$scratch/several"
boots initramfs_by_zstd --initramfs "$scratch/zstd"
boots initramfs_by_older_lz4 --initramfs "$scratch/lz4"
refuses initramfs_of_cut_lz4 'lz4 data that cannot be unpacked' --initramfs "$scratch/cutlz4"
refuses initramfs_of_cut_zstd 'zstd data that cannot be unpacked' --initramfs "$scratch/cutzstd"
refuses initramfs_of_cut_gzip 'gzip data that cannot be unpacked' --initramfs "$scratch/cutgzip"
refuses cpu_without_nx '[Nn][Xx]' --cpu qemu64,-nx
refuses cpu_without_long_mode 'long mode|64-bit|x86-64' --cpu qemu64,-lm
refuses cpu_without_syscall '[Ss]yscall|SYSCALL' --cpu qemu64,-syscall

# Without ACPI there may be no interrupt controller to find: up, or one line why not.
if wanted machine_without_acpi; then
	LIMIT=40 guest 'echo up' --machine pc --qemu -no-acpi
	[ "$status" = 0 ] || { [ "$status" = 125 ] && grep -q 'ACPI' "$scratch/log"; }
	verdict machine_without_acpi $? "$scratch/err"
fi
finish
