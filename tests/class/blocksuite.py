# SPDX-License-Identifier: GPL-2.0
"""The block suite (blktest.c) on a set of disks: what tests/class/block and its siblings share."""
import os

import testlib

DISK_MIB = 8


def blank(work, name):
    path = os.path.join(work, "disk%s" % name)
    with open(path, "wb") as f:
        f.truncate(DISK_MIB << 20)
    return path


def run(ktap, script, placement, machine, disks, names, cpus=1):
    """Boot with @disks (options of scripts/run); @names: of each disk its name, its node and the suite's argument."""
    program = testlib.guest_program("tests/class/blktest.c")
    options = ["--machine", machine, "--smp", str(cpus), "--add", program + ":/bin/blktest"] + disks
    # A kernel that checks itself may be up before its drivers are.
    there = "t=0; until [ -b %s ] || [ $t = 300 ]; do usleep 100000; t=$((t+1)); done"
    command = "; ".join("echo '#BEGIN %s'; %s; blktest suite %s %s; echo \"#END $?\"" % (n, there % d, d, m) for n, d, m in names)
    status, output, log = testlib.run(testlib.build(placement), command, *options)
    hint = "FERRY_BUILD=%s %s" % (testlib.BUILD, script)
    where = "%s,%s%s" % (placement, machine, ",smp%d" % cpus if cpus > 1 else "")
    parts = output.split("#BEGIN ")[1:]
    for name, node, _ in names:
        mine = next((p for p in parts if p.startswith(name + "\n")), "")
        ktap.sub("%s[%s]" % (name, where), 0 if "#END" in mine else 2, mine, log, hint)
    if status in (124, 125, 126):
        ktap.result("guest[%s]" % where, False, "status %d\n%s" % (status, log[-3000:]))


def everywhere(script, forms):
    """The whole script: every placement on both machines, and with four CPUs; @forms(work) gives disks and names."""
    ktap = testlib.Ktap()
    work = testlib.work_dir()
    for placement in ("y", "m"):
        for machine in ("q35", "pc"):
            run(ktap, script, placement, machine, *forms(work))
        run(ktap, script, placement, "q35", *forms(work), cpus=4)
    ktap.end()
