# SPDX-License-Identifier: GPL-2.0
"""Debian's Linux kernel in the QEMU that scripts/run gives to Ferry: the same machine, processor, memory, devices and programs. And the
plugin that counts the instructions of either."""
import glob
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import testlib

INSTALL = "apt-get install linux-image-amd64 busybox-static"
BUSYBOX = "/bin/busybox"
# no_timer_check: on a busy host the check of the timer's interrupt fails now and then, and the kernel panics.
COMMAND_LINE = "console=ttyS0 quiet mitigations=off panic=-1 no_timer_check"
INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
for m in $(/bin/busybox cat /etc/modules); do /bin/busybox insmod "$m"; done
/bin/busybox stty -F /dev/ttyS1 raw
/bin/busybox ifconfig lo up
export PATH=/bin
/bin/busybox sh /etc/command > /dev/ttyS1 2>&1
echo "PEER EXIT $?" > /dev/ttyS1
/bin/busybox poweroff -f
"""


def plugin():
    """The compiled counter of instructions, for QEMU's -plugin."""
    source, out = os.path.join(testlib.TOP, "tests/bench/insn_profile.c"), os.path.join(testlib.BUILD, "host", "insn_profile.so")
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-o", out, source], check=True)
    return os.path.abspath(out)


def load_run():
    loader = importlib.machinery.SourceFileLoader("ferry_run", os.path.join(testlib.TOP, "scripts/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("ferry_run", loader))
    loader.exec_module(module)
    return module


def kernel():
    """Path and version of the newest installed Linux; a message that says what to install when there is none."""
    found = sorted(glob.glob("/boot/vmlinuz-*-amd64"), key=lambda p: [int(n) for n in re.findall(r"\d+", p)])
    if not found or not os.access(found[-1], os.R_OK) or not os.path.exists(BUSYBOX):
        sys.exit("bench: there is no Linux kernel or busybox to compare with; " + INSTALL)
    return found[-1], os.path.basename(found[-1])[len("vmlinuz-"):]


def modules(version, names):
    """The files of these modules and of what they need, in the order of loading; those built in are none."""
    base = os.path.join("/lib/modules", version)
    needs = dict(line.strip().split(":") for line in open(os.path.join(base, "modules.dep")))
    order = []

    def visit(path):
        for other in needs[path].split():
            visit(other)
        if path not in order:
            order.append(path)

    for path in needs:
        if os.path.basename(path)[:-len(".ko")].replace("-", "_") in names:
            visit(path)
    return [os.path.join(base, path) for path in order]


def make_initramfs(out, command, files, module_files):
    words = [os.path.join(testlib.TOP, "scripts/mkinitramfs"), "-o", out, "--only", "--add", BUSYBOX + ":/bin/busybox"]
    for path in module_files:
        words += ["--add", "%s:/modules/%s" % (path, os.path.basename(path))]
    for item in files:
        words += ["--add", item]
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as init:
        init.write(INIT)
        init.flush()
        os.chmod(init.name, 0o755)
        words += ["--add", init.name + ":/init", "--text", "etc/command=" + command,
                  "--text", "etc/modules=" + " ".join("/modules/" + os.path.basename(p) for p in module_files)]
        for name in ("proc", "sys", "dev"):
            words += ["--text", name + "/.keep="]
        subprocess.run(words, check=True)


class Linux:
    """A Linux guest with @files (HOST:GUEST) and the modules named, ready to run one command after another, each in a boot of its own. @append: more
    for the kernel's command line."""

    def __init__(self, files=(), module_names=(), append=""):
        self.append = append
        self.vmlinuz, self.version = kernel()
        self.files, self.module_files = list(files), modules(self.version, module_names)
        self.run_module = load_run()

    def command_line(self, options, work):
        """QEMU's, for these options of scripts/run."""
        args = self.run_module.parse(list(options))

        class Machine(self.run_module.Machine):
            has_8254 = True  # without it Linux measures the TSC so that its watchdog rejects it

            def boot_medium(self):
                pass

        machine = Machine(args, work)
        return machine.out + args.qemu + ["-kernel", self.vmlinuz, "-initrd", os.path.join(work, "peer.cpio"), "-append", (COMMAND_LINE + " " + self.append).strip()]

    def run(self, command, *options, timeout=testlib.GUEST_SECONDS):
        """(status, output of @command, the kernel's log)."""
        with tempfile.TemporaryDirectory(prefix="ferry-peer-") as work:
            make_initramfs(os.path.join(work, "peer.cpio"), command, self.files, self.module_files)
            log, report = os.path.join(work, "log"), os.path.join(work, "report")
            words = self.command_line(options, work) + ["-serial", "file:" + log, "-serial", "file:" + report]
            try:
                subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=timeout, check=False)
            except subprocess.TimeoutExpired:
                pass
            text = [open(p, errors="replace").read() if os.path.exists(p) else "" for p in (report, log)]
        end = re.search(r"^PEER EXIT (\d+)\s*\Z", text[0], re.M)
        return (int(end.group(1)) if end else 125), text[0][:end.start()] if end else text[0], text[1]
