# SPDX-License-Identifier: GPL-2.0
"""Debian's own fio, unmodified, in the guest: the options that bring it and its libraries along, and one run with verify on a set of disks."""
import os
import re
import shutil
import subprocess

import testlib

MEMORY = "768M"
DISK_MIB = 16


def program():
    return shutil.which("fio")


def additions():
    """Options of scripts/run: the program and every library that its loader would look for, where it would."""
    text = subprocess.run(["ldd", program()], check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = re.findall(r"=> (/\S+)", text) + re.findall(r"^\s*(/\S+)", text, re.M)
    options = ["--add", program() + ":/bin/fio"]
    for path in paths:
        options += ["--add", os.path.realpath(path) + ":" + path]
    return options


def blank(work, name):
    path = os.path.join(work, "fio-" + name)
    with open(path, "wb") as f:
        f.truncate(DISK_MIB << 20)
    return path


def jobs(node, engine, depth, mib, extra):
    return " ".join((
        "fio --name=%s --filename=/dev/%s --direct=1 --thread --ioengine=%s --iodepth=%d" % (node, node, engine, depth),
        "--rw=randrw --bsrange=4k-64k --blockalign=4k --size=%dM --verify=crc32c --verify_fatal=1 --verify_backlog=64" % mib,
        "--randrepeat=1 --output-format=terse --terse-version=3", extra))


def verify(out, nodes, *options, cpus=1, engine="libaio", depth=16, mib=DISK_MIB, extra="", beside="", timeout=400):
    """Write and verify all @nodes at once, with the commands @beside, which go on until /tmp/over is there; {node: error number or None}, output and log."""
    script = " ".join("(%s > /tmp/fio.%s 2>&1; echo \"#END %s $?\" >> /tmp/fio.%s) &" % (jobs(n, engine, depth, mib, extra), n, n, n) for n in nodes)
    if beside:
        script = "(%s) > /tmp/beside 2>&1 & beside=$!; (%s wait); touch /tmp/over; wait $beside; cat /tmp/beside;" % (beside, script)
    status, output, log = testlib.run(out, script + " wait; cat /tmp/fio.*", "--mem", MEMORY, "--smp", str(cpus), *additions(), *options,
                                      timeout=timeout)
    done = {n: int(s) for n, s in re.findall(r"^#END (\S+) (\d+)$", output, re.M)}
    return {n: done.get(n) for n in nodes}, "status %d\n%s" % (status, output), log
