#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make lint finds a mistake and fails, and each of its exceptions has a reason. sparse, layers and format are suites of their own.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 2
if ! command -v cppcheck >/dev/null; then
	for name in cppcheck_finds_a_planted_mistake every_exception_has_its_reason; do
		if wanted $name; then
			skip $name 'no cppcheck'
		fi
	done
	finish
	exit
fi
if wanted cppcheck_finds_a_planted_mistake; then
	printf 'int wrong(void);\nint wrong(void)\n{\n\tint a[4];\n\n\treturn a[4];\n}\n' >"$scratch/wrong.c"
	! scripts/lint --tools cppcheck "$scratch/wrong.c" >"$scratch/out" 2>&1 && grep -q 'wrong.c:6: .*cppcheck' "$scratch/out"
	verdict cppcheck_finds_a_planted_mistake $? "$scratch/out"
fi
if wanted every_exception_has_its_reason; then
	grep -v -e '^#' -e '^$' scripts/lint.allow | grep -vE '^[a-z]+ [A-Za-z_-]+ [^ ]+: .+ # .{10,}$' >"$scratch/out"
	[ ! -s "$scratch/out" ]
	verdict every_exception_has_its_reason $? "$scratch/out"
fi
finish
