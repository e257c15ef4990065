# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# For the test scripts: KTAP, and cases that boot a guest. A script is
#
#	. tests/lib.sh
#	plan 2
#	boots q35_by_bios --machine q35
#	refuses missing_initramfs 'no initramfs' --initramfs none
#	finish
#
# With an argument, a script runs only the cases whose names contain it.

set -u
BUILD=${FERRY_BUILD:-build}
only=${1:-}
number=0
failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ferry-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' INT TERM

plan()
{
	printf 'KTAP version 1\n'
	# A chosen case leaves the others out, and the plan to the end.
	[ -n "$only" ] || echo "1..$1"
}

finish()
{
	[ -z "$only" ] || echo "1..$number"
	[ "$failures" = 0 ]
}

# wanted NAME: is this case to run?
wanted()
{
	case $1 in
	*"$only"*) number=$((number + 1)) ;;
	*) return 1 ;;
	esac
}

pass()
{
	echo "ok $number $1"
}

skip()
{
	echo "ok $number $1 # SKIP $2"
}

# fail NAME [FILE...]: the files are shown as notes.
fail()
{
	fail_name=$1
	shift
	[ $# -eq 0 ] || cat "$@" | tail -n 30 | sed 's/^/# /'
	echo "not ok $number $fail_name"
	failures=$((failures + 1))
}

# verdict NAME CONDITION-STATUS [FILE...]
verdict()
{
	if [ "$2" = 0 ]; then
		pass "$1"
	else
		verdict_name=$1
		shift 2
		fail "$verdict_name" "$@"
	fi
}

# guest COMMAND OPTION...: sets status; the output is in $scratch/out, the log in $scratch/log.
guest()
{
	guest_command=$1
	shift
	scripts/run --build "$BUILD" --timeout "${LIMIT:-90}" --log "$scratch/log" "$@" -- "$guest_command" \
		>"$scratch/out" 2>"$scratch/err"
	status=$?
}

# says NAME EXPECTED COMMAND OPTION...: the command succeeds and prints just that.
says()
{
	says_name=$1
	says_text=$2
	says_command=$3
	shift 3
	wanted "$says_name" || return 0
	guest "$says_command" "$@"
	printf '%s\n' "$says_text" >"$scratch/expected"
	[ "$status" = 0 ] && cmp -s "$scratch/expected" "$scratch/out"
	verdict "$says_name" $? "$scratch/err" "$scratch/out"
}

# boots NAME OPTION...: the guest comes up and its shell works.
boots()
{
	boots_name=$1
	shift
	says "$boots_name" 'up 42' 'echo up $((6 * 7))' "$@"
}

# refuses NAME PATTERN OPTION...: the guest does not come up, soon, and one line of the log says why.
refuses()
{
	refuses_name=$1
	refuses_pattern=$2
	shift 2
	wanted "$refuses_name" || return 0
	LIMIT=40 guest true "$@"
	[ "$status" = 125 ] || [ "$status" = 126 ]
	refused=$?
	if grep -q 'timed out\|never came up; the command' "$scratch/err" && ! grep -Eq "$refuses_pattern" "$scratch/log"; then
		refused=1
	fi
	grep -Eq "$refuses_pattern" "$scratch/log" && [ "$refused" = 0 ]
	verdict "$refuses_name" $? "$scratch/err"
}
