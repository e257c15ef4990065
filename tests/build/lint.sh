#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each tool of make lint that has no suite of its own finds a planted mistake and turns it red, and each of its exceptions has a reason.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 5
make -s O="$BUILD" compile_commands.json >"$scratch/built" 2>&1
printf 'int wrong(int *p);\nint wrong(int *p)\n{\n\tint a[4];\n\n\tif (!p)\n\t\treturn *p;\n\treturn a[2];\n}\n' >"$scratch/wrong.c"

# finds TOOL PROGRAM CHECK: lint with that tool alone fails because of the mistake in line 7.
finds()
{
	name=$1_finds_a_planted_mistake
	wanted "$name" || return 0
	if ! command -v "$2" >/dev/null; then
		skip "$name" "no $2"
		return
	fi
	! scripts/lint --tools "$1" "$scratch/wrong.c" >"$scratch/out" 2>&1 && grep -q "wrong.c:7: .*($1 $3)" "$scratch/out"
	verdict "$name" $? "$scratch/out" "$scratch/built"
}

finds cppcheck cppcheck nullPointerRedundantCheck
finds analyzer gcc -Wanalyzer-null-dereference
finds tidy clang-tidy clang-analyzer-core.NullDereference

if wanted a_file_that_cannot_be_read_is_a_finding; then
	echo 'int wrong = nothing;' >"$scratch/wrong.c"
	! scripts/lint --tools analyzer "$scratch/wrong.c" >"$scratch/out" 2>&1 && grep -q 'analyzer failed' "$scratch/out"
	verdict a_file_that_cannot_be_read_is_a_finding $? "$scratch/out"
fi
if wanted every_exception_has_its_reason; then
	grep -v -e '^#' -e '^$' scripts/lint.allow | grep -vE '^[a-z]+ [A-Za-z_.-]+ [^ ]+: .+ # .{10,}$' >"$scratch/out"
	[ ! -s "$scratch/out" ]
	verdict every_exception_has_its_reason $? "$scratch/out"
fi
finish
