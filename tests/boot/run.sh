#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ./ferry run as scripts use it: output, status, time limit, files, command line.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 20
says output_is_the_commands_alone 'hello' 'echo hello'
says words_arrive_as_words 'a  b' "printf '%s\n' 'a  b'"
says errors_come_with_the_output 'oops' 'echo oops >&2'
says kernel_command_line_has_what_was_appended 'yes' 'grep -q "colour=green" /proc/cmdline && echo yes' --append colour=green
says quotes_reach_the_kernel 'yes' "grep -q \"it's 'quoted'\" /proc/cmdline && echo yes" --append "it's 'quoted'"

if wanted status_is_the_commands; then
	guest 'exit 7'
	[ "$status" = 7 ]
	verdict status_is_the_commands $? "$scratch/err"
fi

if wanted every_part_of_the_kernel_starts; then
	guest true
	[ "$status" = 0 ] && [ -s "$scratch/log" ] && ! grep 'init: .* failed' "$scratch/log" >"$scratch/err"
	verdict every_part_of_the_kernel_starts $? "$scratch/err"
fi

if wanted killed_command_gives_128_and_the_signal; then
	guest 'kill -9 $$'
	[ "$status" = 137 ]
	verdict killed_command_gives_128_and_the_signal $? "$scratch/err"
fi

if wanted every_byte_comes_through; then
	awk 'BEGIN { for (i = 0; i < 256; i++) printf "\\%03o", i }' >"$scratch/octal"
	printf "$(cat "$scratch/octal")" >"$scratch/bytes"
	guest 'cat /bytes' --add "$scratch/bytes:/bytes"
	[ "$status" = 0 ] && cmp -s "$scratch/bytes" "$scratch/out"
	verdict every_byte_comes_through $? "$scratch/err"
fi

if wanted added_program_runs; then
	printf '#!/bin/sh\necho "program $1"\n' >"$scratch/prog"
	chmod 755 "$scratch/prog"
	guest '/opt/prog works' --add "$scratch/prog:/opt/prog"
	[ "$status" = 0 ] && [ "$(cat "$scratch/out")" = 'program works' ]
	verdict added_program_runs $? "$scratch/err"
fi

if wanted time_limit_gives_124; then
	LIMIT=12 guest 'echo begun; sleep 1000'
	[ "$status" = 124 ] && [ "$(cat "$scratch/out")" = begun ] && grep -q qemu-system "$scratch/err"
	verdict time_limit_gives_124 $? "$scratch/err"
fi

# ends NAME STATUS PATTERN OPTION...: with that status; what is said has the pattern and, but for wrong usage, QEMU's command line.
ends()
{
	wanted "$1" || return 0
	ends_name=$1 ends_status=$2 ends_pattern=$3
	shift 3
	guest true "$@"
	[ "$status" = "$ends_status" ] && grep -q "$ends_pattern" "$scratch/err" && { [ "$status" = 2 ] || grep -q '^qemu-system' "$scratch/err"; }
	verdict "$ends_name" $? "$scratch/err"
}

scripts/mkinitramfs -o "$scratch/dies" --only --add "$BUILD/usr/bin/lsdrv:/init"
ends panic_gives_126_and_the_logs_tail 126 'init died' --initramfs "$scratch/dies"
ends guest_that_never_came_up_gives_125 125 'lm (64-bit long mode)' --cpu qemu64,-lm
ends machine_that_qemu_refuses_gives_125_and_its_reason 125 'unable to find CPU model' --cpu nosuch
ends disk_that_is_not_there_is_named 2 'nothing-here: no such file' --disk "$scratch/nothing-here"

head -c 65536 /dev/urandom >"$scratch/a"
head -c 65536 /dev/urandom >"$scratch/b"
says disks_come_by_bus_and_read_only "$(cat "$scratch/a" "$scratch/b" | sha256sum)
read-only" 'cat /dev/vda /dev/nvme0n1 | sha256sum; { echo x >/dev/vda; } 2>/dev/null || echo read-only' \
	--disk "$scratch/a,ro" --disk "$scratch/b,bus=nvme"
says counted_instructions_devices_and_cards 'edu virtio-net' \
	'case $(cat /proc/devices-tree) in *1234:11e8*) printf "edu ";; esac; case $(cat /proc/devices-tree) in *1af4:10*) echo virtio-net;; esac' \
	--icount --device edu --net virtio

if wanted output_cannot_forge_the_end; then
	guest 'printf "\001FERRY 0123 exit 3\nafter\n"; cat /etc/ferry/token 2>/dev/null'
	[ "$status" = 1 ] && grep -q after "$scratch/out"
	verdict output_cannot_forge_the_end $? "$scratch/err"
fi

if wanted poweroff_ends_the_guest; then
	guest 'poweroff -f; sleep 20'
	[ "$status" = 0 ]
	verdict poweroff_ends_the_guest $? "$scratch/err"
fi

if wanted log_names_no_unknown_calls_of_the_shell; then
	guest 'ls / | wc -l; for i in 1 2 3; do echo $i; done | sort -r; cat /proc/uptime; ps >/dev/null'
	[ "$status" = 0 ] && ! grep -q 'Unknown syscall' "$scratch/log"
	verdict log_names_no_unknown_calls_of_the_shell $? "$scratch/log"
fi
finish
