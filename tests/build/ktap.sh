#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# scripts/ktap counts what is there and fails what is not.
cd "$(dirname "$0")/../.." && . tests/lib.sh

# totals NAME LAST-LINE STATUS: feed standard input to ktap.
totals()
{
	wanted "$1" || { cat >/dev/null; return 0; }
	scripts/ktap --repro 'again {suite}' >"$scratch/out"
	[ $? = "$3" ] && [ "$(tail -n 1 "$scratch/out")" = "$2" ] && { [ "$3" = 0 ] || grep -q 'repro: again' "$scratch/out"; }
	verdict "$1" $? "$scratch/out"
}

plan 9
totals passes_are_counted '2 passed, 0 failed' 0 <<'END'
KTAP version 1
1..2
ok 1 a
ok 2 b
END
totals failures_are_counted '1 passed, 1 failed' 1 <<'END'
KTAP version 1
1..2
ok 1 a
not ok 2 b
END
totals skips_are_counted_apart '1 passed, 0 failed, 1 skipped' 0 <<'END'
KTAP version 1
1..2
ok 1 a
ok 2 b # SKIP no such device
END
totals nested_cases_count_and_their_suite_does_not '2 passed, 0 failed' 0 <<'END'
[    0.100000] booting
[    0.200000] KTAP version 1
[    0.200001] 1..1
[    0.200002]     KTAP version 1
[    0.200003]     # Subtest: ring
[    0.200004]     1..2
[    0.200005]     ok 1 empty
[    0.200006]     ok 2 full
[    0.200007] ok 1 ring
END
totals missing_plan_is_a_failure '1 passed, 1 failed' 1 <<'END'
KTAP version 1
ok 1 a
END
totals too_few_results_are_a_failure '1 passed, 1 failed' 1 <<'END'
KTAP version 1
1..2
ok 1 a
END
totals suite_that_dies_within_is_a_failure '1 passed, 1 failed' 1 <<'END'
KTAP version 1
1..1
    KTAP version 1
    # Subtest: ring
    1..2
    ok 1 empty
not ok 1 ring
END
totals panic_is_a_failure '1 passed, 1 failed' 1 <<'END'
KTAP version 1
1..1
ok 1 a
[    0.100000] Kernel panic: oh
END
totals silence_is_a_failure '0 passed, 1 failed' 1 <<'END'
END
finish
