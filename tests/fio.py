# SPDX-License-Identifier: GPL-2.0
"""Debian's own fio, unmodified, in the guest: the options that bring it and its libraries along, the disks of every driver, and runs with
verify, also while the drivers are killed."""
import collections
import os
import re
import shutil
import subprocess
import tempfile

import testlib

MEMORY = "768M"
DISK_MIB = 16
KILLS_LEAST = 10    # of each driver

# dies_for_good: its disk goes with its process, so nobody starts it again.
Disk = collections.namedtuple("Disk", "driver node properties dies_for_good", defaults=("", False))
PC = (Disk("virtio_blk", "vda", "bus=virtio,num-queues=4"), Disk("nvme", "nvme0n1", "bus=nvme"), Disk("ahci", "sda", "bus=ahci"),
      Disk("ata_piix", "hda", "bus=ide"))
ISA = (Disk("ata_pio", "hda"), Disk("virtio_scsi", "sda", "bus=scsi"), Disk("ram_blk", "ram0", dies_for_good=True))

# Each driver on its own, until fio is done and the driver has died often enough.
KILLER = r"""
for d in %s; do (
	device=$(lsdrv | awk -v d=$d '$1 == d { print $5; exit }'); n=0
	until [ -e /tmp/over ] && [ $n -ge 1 ]; do drvkill $device %d 50000 > /tmp/kills.$d || { echo kill_failed $d: $(cat /tmp/kills.$d); break; }; n=$((n+1)); done
	echo killed $d $((n * %d))
) & done
wait
"""


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


def machine(work, name):
    """Options for the machine of PC ("pc") or ISA ("isa"), without the disks that have a bus of scripts/run."""
    if name == "pc":
        return ["--machine", "pc"]
    return ["--device", "isa-ide,id=ferry-isa", "--qemu", "-drive", "--qemu", "if=none,id=pio,format=raw,file=" + blank(work, "isa"),
            "--device", "ide-hd,bus=ferry-isa.0,unit=0,drive=pio"]


def disk_options(work, disks):
    options = []
    for d in disks:
        if d.properties:
            options += ["--disk", blank(work, d.node) + "," + d.properties]
    return options


def jobs(node, engine, depth, mib, extra):
    """Not with fio's --thread: such a thread says that it has ended, then reads its data once more, which the main thread may have unmapped."""
    return " ".join((
        "fio --name=%s --filename=/dev/%s --direct=1 --ioengine=%s --iodepth=%d" % (node, node, engine, depth),
        "--rw=randrw --bsrange=4k-64k --blockalign=4k --size=%dM --verify=crc32c --verify_fatal=1 --verify_backlog=64" % mib,
        "--randrepeat=1 --output-format=terse --terse-version=3", extra))


def log_keep(log, nodes):
    """A file of its own for the guest's log of a run that failed."""
    os.makedirs(os.path.join(testlib.BUILD, "fio-logs"), exist_ok=True)
    handle, path = tempfile.mkstemp(prefix="-".join(nodes) + "-", suffix=".log", dir=os.path.join(testlib.BUILD, "fio-logs"))
    with os.fdopen(handle, "w") as f:
        f.write(log)
    return path


def verify(out, nodes, *options, cpus=1, engine="libaio", depth=16, mib=DISK_MIB, extra="", beside="", timeout=400, keep=True):
    """Write and verify all @nodes at once, with the commands @beside, which go on until /tmp/over is there; {node: error number or None}
    and, in one text, status, output and log."""
    script = " ".join("(%s > /tmp/fio.%s 2>&1; echo \"#END %s $?\" >> /tmp/fio.%s) &" % (jobs(n, engine, depth, mib, extra), n, n, n) for n in nodes)
    if beside:
        script = "(%s) > /tmp/beside 2>&1 & beside=$!; (%s wait); touch /tmp/over; wait $beside; cat /tmp/beside;" % (beside, script)
    status, output, log = testlib.run(out, script + " wait; cat /tmp/fio.*", "--mem", MEMORY, "--smp", str(cpus), *additions(), *options,
                                      timeout=timeout)
    done = {n: int(s) for n, s in re.findall(r"^#END (\S+) (\d+)$", output, re.M)}
    if keep and ("kill_failed" in output or any(done.get(n) != 0 for n in nodes)):
        log = "whole log: %s\n%s" % (log_keep(log, nodes), log[-2000:])
    return {n: done.get(n) for n in nodes}, "status %d\n%s\n%s" % (status, output, log)


def verify_disks(out, work, disks, *options, **more):
    """{driver: (good, 0)} and notes."""
    done, notes = verify(out, [d.node for d in disks], *options, *disk_options(work, disks), **more)
    return {d.driver: (done[d.node] == 0, 0) for d in disks}, notes


def verify_under_kills(out, work, disks, *options, passes=1, **more):
    """The same over and over while the drivers die at random and in bursts: {driver: (good and killed often enough, kills)} and notes."""
    policy = os.path.join(work, "policy")
    with open(policy, "w") as f:
        f.write("* budget=0 calm=0\nvirtio_blk standby=yes budget=0 calm=0\n")
    killer = testlib.guest_program("tests/fault/drvkill.c")
    beside = KILLER % (" ".join(d.driver for d in disks), KILLS_LEAST, KILLS_LEAST)
    done, notes = verify(out, [d.node for d in disks], "--add", policy + ":/etc/ferry/policy", "--add", killer + ":/bin/drvkill",
                         *options, *disk_options(work, disks), extra="--loops=%d" % passes, beside=beside, **more)
    killed = {driver: int(n) for driver, n in re.findall(r"^killed (\S+) (\d+)$", notes, re.M)}
    answer = {}
    for d in disks:
        nr = killed.get(d.driver, 0)
        answer[d.driver] = (done[d.node] == 0 and nr >= KILLS_LEAST and "kill_failed " + d.driver not in notes, nr)
    return answer, notes
