#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ./ferry run as scripts use it: output, status, time limit, files, command line.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 13
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
