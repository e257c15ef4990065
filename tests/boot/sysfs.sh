#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# /sys as lsblk, lscpu and lspci read it.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 3
truncate -s 3M "$scratch/disk"
says processors_are_listed '0-2 1' 'echo $(cat /sys/devices/system/cpu/online /sys/devices/system/cpu/cpu2/online)' --smp 3
says a_disk_has_its_size_and_number '6144 252:0 512 ../../block/vda' \
	'cd /sys/block/vda; echo $(cat size dev queue/logical_block_size) $(readlink /sys/dev/block/252:0)' --disk "$scratch/disk"
says a_device_has_its_identity_and_driver '0x1af4 virtio_blk' \
	'cd /sys/bus/pci/devices; for d in *; do [ "$(cat $d/driver_name)" = virtio_blk ] && echo $(cat $d/vendor $d/driver_name); done; true' \
	--disk "$scratch/disk"
finish
