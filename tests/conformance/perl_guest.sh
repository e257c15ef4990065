#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Inside the guest of tests/conformance/perl: run one test file of Perl's where it expects to be run, and print it in one piece between
# "file FILE" and "end FILE STATUS".
#
# usage: perl_guest.sh SECONDS FILE
cd "$(dirname "$0")" || exit
out=$(mktemp)
case $2 in
t/* | lib/*) cd t && set -- "$1" "$2" ../lib "../$2" ;;
*) cd "${2%%/t/*}" && set -- "$1" "$2" ../../lib "t/${2##*/t/}" ;;
esac
file=$2
export LC_ALL=C
# Perl takes -T only if both the line #! and the command say so.
taint=$(sed -n '1s/^#!.* \(-[[:alpha:]]*[tT]\).*/\1/p' "$4")
# A session of its own, so that what the test leaves behind can be ended.
setsid -w sh -c 'timeout -k 5 -s KILL "$@"; status=$?; trap "" TERM; kill -TERM 0; exit $status' sh "$1" /perl/t/perl $taint -I"$3" "$4" >"$out" 2>&1 </dev/null
status=$?
flock /tmp/printing sh -c 'echo "file $1"; cat "$2"; echo; echo "end $1 $3"' sh "$file" "$out" $status
rm -f "$out"
