#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The corpus that fuzzing left: no driver may break a rule of the API on any of it. A case is the corpus of one driver.
cd "$(dirname "$0")/../.." && . tests/lib.sh

targets=$(cd tests/fuzz && ls -d corpus/*/)
# shellcheck disable=SC2086
set -- $targets
plan $(($# + 1))

# A driver that is fuzzed without a corpus, or a corpus that nobody replays, would pass unseen.
if wanted every_fuzz_target_has_a_corpus; then
	(cd tests/fuzz && ls -- *_fuzz.c | sed 's/_fuzz\.c$//') >"$scratch/sources"
	printf '%s\n' "$@" | sed 's,^corpus/,,; s,/$,,' >"$scratch/corpora"
	diff "$scratch/sources" "$scratch/corpora" >"$scratch/out"
	verdict every_fuzz_target_has_a_corpus $? "$scratch/out"
fi

for corpus; do
	name=$(basename "$corpus")
	wanted "$name" || continue
	"$BUILD/host/fuzz/$name" tests/fuzz/"$corpus"* >"$scratch/out" 2>&1 &&
		[ "$(grep -c '^ok' "$scratch/out")" = "$(ls tests/fuzz/"$corpus" | wc -l)" ]
	verdict "$name" $? "$scratch/out"
done
finish
