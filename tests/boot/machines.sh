#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The machines, firmwares and processors that Ferry boots on.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 14
boots q35_by_bios --machine q35
boots q35_by_uefi --machine q35 --uefi
boots pc_by_bios --machine pc
boots pc_by_uefi --machine pc --uefi
boots machine_with_iommu --iommu
boots four_processors --smp 4
boots without_console --no-console
for cpu in qemu64 Nehalem Haswell EPYC max,-x2apic max,-pcid max,-invtsc; do
	boots "cpu_$cpu" --cpu "$cpu"
done
finish
