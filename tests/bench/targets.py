# SPDX-License-Identifier: GPL-2.0
"""What the measurements are to reach, each target in one line with what was found, the verdict and the command that measures it again. Read off what the
benchmarks left in build/results (results.py): what is not there was not measured, what is there of another commit is named with it."""
import json
import os

import compare
import results

MET, MISSED, NOISY, MISSING = "met", "MISSED", "noisy", "not measured"


def load(name):
    try:
        with open(os.path.join(results.directory(), name + ".json")) as text:
            return json.load(text)
    except (OSError, ValueError):
        return {"rows": []}


class Line:
    def __init__(self, what, target, command, result):
        self.what, self.target, self.command, self.commit = what, target, command, result.get("commit", "")
        self.value, self.verdict = "", MISSING

    def least(self, found, target, unit="%.2f"):
        """@found: (number, what it is of, noisy). The least of those that can be told decides."""
        quiet = [f for f in found if not f[2]]
        if found:
            low = min(quiet or found)
            self.value = (unit + " (%s)") % (low[0], low[1]) + (", %d of %d noisy" % (len(found) - len(quiet), len(found)) if len(quiet) < len(found) else "")
            self.verdict = NOISY if not quiet else MET if low[0] >= target else MISSED
        return self

    def most(self, found, unit):
        """@found: (number, what it is of, its limit). All are to be within theirs."""
        if found:
            self.value = ", ".join("%s %s" % (unit % n, of) for n, of, _ in found)
            self.verdict = MET if all(n <= limit for n, _, limit in found) else MISSED
        return self


def ratios(block, name, fits, *systems):
    return [(row[name], " ".join(row["key"]), any(row[s + "_spread"] > compare.NOISY for s in systems))
            for row in block["rows"] if name in row and fits(row["key"][1])]


def disks():
    block = load("block")
    alone = lambda w: w.endswith("-1")
    random = lambda w: w.startswith("rand") and w.endswith(("-1", "-32"))
    command = "make bench-block"
    yield Line("moved / linked in, deeper than 1 and sequential", ">= 0.95", command, block).least(
        ratios(block, "m_y", lambda w: not alone(w), "m", "y"), 0.95)
    yield Line("moved / linked in, depth 1", ">= 0.85", command, block).least(ratios(block, "m_y", alone, "m", "y"), 0.85)
    yield Line("linked in / Linux, 4 KiB random, depth 1 and 32", ">= 1.5", command, block).least(
        ratios(block, "y_linux", random, "y", "linux"), 1.5)
    yield Line("moved / Linux, the same", ">= 1.2", command, block).least(ratios(block, "m_linux", random, "m", "linux"), 1.2)
    vfio = load("vfio")
    yield Line("moved / Linux's VFIO by interrupts, NVMe", ">= 2", "tests/bench/vfio", vfio).least(
        [(r["m_vfio"], r["key"][1], r.get("spread", 0) > compare.NOISY) for r in vfio["rows"]], 2)


def crossing():
    null = load("null")
    rows = {tuple(r["key"][1:]): r for r in null["rows"]}
    for placement, name, limit in (("y", "linked in", 1500), ("m", "moved", 2500)):
        row = rows.get(("depth 32", placement))
        yield Line("instructions, null device, depth 32, %s" % name, "<= %d" % limit, "tests/bench/null", null).most(
            [(row["instructions"], "", limit)] if row else [], "%.0f")
    submit = load("submit")
    yield Line("into a moved driver's ring; cached or RAM read", "< 500 ns", "tests/bench/null", submit).most(
        [(r["ns"], r["key"][0], 499.9) for r in submit["rows"] if "ns" in r and r["key"][0] in ("submit", "cached", "ram")], "%.0f ns")
    tracing = load("tracing")
    yield Line("tracepoints that are off, of a request's instructions", "<= 1 %", "tests/bench/tracing", tracing).most(
        [(r["percent"], r["key"][0], 1) for r in tracing["rows"]], "%.2f %%")


def system():
    abi = load("abi")
    yield Line("system calls and IPC / Linux, instructions", ">= 2", "make bench-abi RUNS=0", abi).least([(r["ratio"], r["key"][0], False) for r in abi["rows"]], 2)
    yield Line("system calls and IPC / Linux, on the clock", ">= 2", "make bench-abi", abi).least(
        [(r["wall_ratio"], r["key"][0], r["verdict"] == "noisy") for r in abi["rows"] if "wall_ratio" in r], 2)
    yield Line("null system calls a second", ">= 5 million", "tests/bench/abi null", abi).least(
        [(1000 / r["ferry_ns"], "million", r["ferry_spread"] > compare.NOISY) for r in abi["rows"] if r["key"] == ["null"] and "ferry_ns" in r], 5)
    restart = load("restart")
    for row in restart["rows"][:1] or [None]:
        yield Line("restart, virtio_blk", "p50 5, p99 20, max 100 ms", "make bench-restart", restart).most(
            [(row[n + "_us"] / 1000, n, limit) for n, limit in (("p50", 5), ("p99", 20), ("max", 100))] if row else [], "%.1f")
        loss = Line("throughput lost by a death a second", "<= 10 %", "make bench-restart", restart).most(
            [(row["loss_percent"], "", 10)] if row else [], "%.1f %%")
        if row and row["loss_percent"] < -100 * compare.NOISY:    # deaths make nothing faster: the host did
            loss.verdict = NOISY
        yield loss
    boot = load("boot")
    for row in (r for r in boot["rows"] if "target" in r):
        line = Line(row["key"][0], "<= %d ms" % row["target"], "make bench-boot", boot).most([(row["ms"], "", row["target"])], "%.0f ms")
        line.verdict = NOISY if row["verdict"] == "noisy" else line.verdict
        yield line
    for row in (r for r in boot["rows"] if "works" in r):
        line = Line(row["key"][0], "runs", "make bench-boot", boot)
        line.value, line.verdict = ("runs", MET) if row["works"] else ("does not run", MISSED)
        yield line
    if not boot["rows"]:
        yield Line("boot, and a shell in little memory", "150, 450 ms; 24 MiB", "make bench-boot", boot)


def show():
    """Every target in a line. How many are not met."""
    now, lines = results.commit(), [line for part in (disks, crossing, system) for line in part()]
    print("\n%-56s %-26s %-44s %-13s %s" % ("target", "", "found", "verdict", "again"))
    for line in lines:
        old = " [%s]" % line.commit if line.commit and line.commit != now else ""
        print("%-56s %-26s %-44s %-13s %s%s" % (line.what, line.target, line.value, line.verdict, line.command, old))
    return sum(line.verdict != MET for line in lines)
