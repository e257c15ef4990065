# SPDX-License-Identifier: GPL-2.0
"""What the test scripts that boot guests share: builds by placement, guest programs, one KTAP stream."""
import fcntl
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("FERRY_BUILD", "build")
CONFIGS = {"y": "mono_defconfig", "m": "zero_defconfig"}
GUEST_SECONDS = 240
# In a guest's script: the device manager is stopped, and gone.
MANAGER_GOES = "kill $(pidof devmgr); while pidof devmgr >/dev/null; do usleep 10000; done; "


def is_debug(out):
    """Is it a build of a kernel that checks itself (CONFIG_DEBUG_KERNEL)?"""
    path = os.path.join(out, "include/config/auto.conf")
    if not os.path.exists(path):
        return False
    with open(path) as conf:
        return "CONFIG_DEBUG_KERNEL := y" in conf.read()


def work_dir():
    """A directory that goes when the script ends; disks of tests live here, never in the source tree."""
    path = tempfile.mkdtemp(prefix="ferry-test-")
    import atexit
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def make(*args):
    """make, quietly; its output only when it failed."""
    done = subprocess.run(["make", "-s", "--no-print-directory", "-C", TOP, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print("Bail out! make %s\n# %s" % (" ".join(args), done.stdout.replace("\n", "\n# ")), flush=True)
        sys.exit(1)


def locked(path):
    """Scripts run side by side and share builds: one makes it, the other waits."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle = open(path, "w")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def build(placement):
    """The directory of a build with every driver in this placement ("y" or "m"); its kernel checks itself if that of BUILD does."""
    return build_config(CONFIGS[placement])


def build_config(config):
    out = os.path.join(BUILD, "test-" + config.replace("_defconfig", ""))
    with locked(out + ".lock"):
        make("O=" + out, config)
        if is_debug(BUILD):
            with open(os.path.join(out, ".config"), "r+") as lines:
                text = lines.read().replace("# CONFIG_DEBUG_KERNEL is not set", "CONFIG_DEBUG_KERNEL=y")
                lines.seek(0)
                lines.write(text)
                lines.truncate()
            make("O=" + out, "olddefconfig")
        make("O=" + out, "all")
    return out


def guest_program(source):
    """Compile one C file into a static Linux program for the guest."""
    out = os.path.join(BUILD, "guest", os.path.basename(source)[:-2])
    with locked(out + ".lock"):
        path = os.path.join(TOP, source)
        headers = [*glob.glob(os.path.join(os.path.dirname(path), "*.h")), *glob.glob(os.path.join(TOP, "tests/user/*.h"))]
        if not os.path.exists(out) or os.path.getmtime(out) < max(map(os.path.getmtime, [path] + headers)):
            subprocess.run(["musl-gcc", "-static", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", os.path.join(TOP, "include"),
                            "-o", out, path], check=True)
    return out


def test_driver(out, name):
    """Options that bring a driver of tests/ into the guest; the policy has to choose it."""
    return ["--add", "%s:/lib/drivers/%s" % (os.path.join(out, "tests/drivers", name), name)]


def run(out, command, *options, timeout=GUEST_SECONDS):
    """Boot the build in @out and run @command; (status, its output, the kernel's log)."""
    with tempfile.NamedTemporaryFile(prefix="ferry-log-") as log:
        done = subprocess.run([os.path.join(TOP, "scripts/run"), "--build", out, "--timeout", str(timeout), "--log", log.name, *options,
                               "--", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        text = log.read().decode(errors="replace")
    if done.returncode in (124, 125, 126):
        text += done.stderr.decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace"), text


def frames(line):
    """/proc/ferry/frames on one line, by kind. Tables for the kernel's own space are never given back: they count as reserved."""
    words = line.split()
    found = {kind: int(count) for kind, count in zip(words[::2], words[1::2])}
    kept = found.pop("kernel_tables", 0)
    found["table"] -= kept
    found["free"] += kept
    return found


def frames_lost(before, after, slack=0):
    """Has any use grown by more than @slack frames? Frames kept as stacks for the next threads are as good as free, and an empty slab may
    come or go between two looks: so a pass counts as lossy only when it has more than both passes before."""
    a, b = frames(before), frames(after)
    grown = [kind for kind in ("kernel", "slab", "table", "anon", "file", "dma") if b[kind] > a[kind] + slack]
    return grown or b["free"] + b["stack"] + slack < a["free"] + a["stack"]


class Live:
    """A guest that runs while the test acts on its machine: lines of its command's output as they come, and QEMU's monitor (QMP)."""

    def __init__(self, out, command, *options, timeout=GUEST_SECONDS):
        self.dir = work_dir()
        self.log_path, socket_path = os.path.join(self.dir, "log"), os.path.join(self.dir, "qmp")
        self.lines, self.events, self.buffer, self.monitor = [], [], b"", None
        self.deadline = time.monotonic() + timeout
        monitor = ["--qemu=-qmp", "--qemu=unix:%s,server=on,wait=off" % socket_path]
        self.process = subprocess.Popen([os.path.join(TOP, "scripts/run"), "--build", out, "--timeout", str(timeout), "--log", self.log_path,
                                         *monitor, *options, "--", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        while self.monitor is None and self.process.poll() is None:
            try:
                self.monitor = socket.socket(socket.AF_UNIX)
                self.monitor.connect(socket_path)
            except OSError:
                self.monitor = None
                time.sleep(0.05)
        if self.monitor:
            self.monitor.settimeout(30)
            self.message()
            self.qmp("qmp_capabilities")

    def message(self):
        """The next object of the monitor."""
        while b"\n" not in self.buffer:
            data = self.monitor.recv(65536)
            if not data:
                return {"error": {"desc": "the monitor is closed"}}
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def qmp(self, command, **arguments):
        """One command's answer; what else the monitor says is kept as events."""
        self.monitor.settimeout(30)
        try:
            self.monitor.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        except OSError as e:
            with open(self.log_path, errors="replace") as log:
                print("# the machine ended before %s:\n# %s" % (command, "\n# ".join(self.lines[-20:] + log.read().splitlines()[-40:])), flush=True)
            return {"error": {"desc": "the monitor is gone: %s" % e}}
        while True:
            answer = self.message()
            if "return" in answer or "error" in answer:
                return answer
            self.events.append(answer)

    def event(self, name, seconds=60, **data):
        """Wait for an event of the monitor with this data."""
        def fits(e):
            return e.get("event") == name and all(e.get("data", {}).get(key) == value for key, value in data.items())

        end = time.monotonic() + seconds
        while not any(map(fits, self.events)):
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.monitor.settimeout(left)
            try:
                self.events.append(self.message())
            except socket.timeout:
                return False
            if "error" in self.events[-1]:
                return False
        self.events = [e for e in self.events if not fits(e)]
        return True

    def until(self, word):
        """Read output up to the line that is @word; False when the guest ended before."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.lines[-1] == word:
                return True
        return False

    def end(self):
        """Everything that came: (status, output, log)."""
        self.until(None)
        status = self.process.wait()
        with open(self.log_path, errors="replace") as log:
            return status, "\n".join(self.lines), log.read()


def repro(out, command, *options):
    return "./ferry run --build %s %s -- %s" % (out, " ".join(options), repr(command))


class Ktap:
    """One stream of results; the plan comes last, as KTAP allows."""

    def __init__(self):
        self.count, self.failed = 0, 0
        print("KTAP version 1", flush=True)

    def result(self, name, ok, notes=""):
        self.count += 1
        self.failed += not ok
        if not ok:
            for line in notes.rstrip("\n").split("\n")[-40:]:
                print("# " + line)
        print("%sok %d %s" % ("" if ok else "not ", self.count, name), flush=True)
        return ok

    def sub(self, name, status, output, log, hint, planned=True):
        """Take over the results of a guest's own KTAP as NAME.case; a stream that broke off is a failure of its own."""
        seen, plan, notes = 0, None, []
        for line in output.splitlines():
            if line.startswith("1.."):
                plan = int(line[3:].split()[0])
            elif line.startswith(("ok ", "not ok ")):
                seen += 1
                words = line.split(" ", 3 if line.startswith("not") else 2)
                self.result("%s.%s" % (name, words[-1]), line.startswith("ok "), "\n".join(notes + ["repro: " + hint]))
                notes = []
            elif line.startswith("#"):
                notes.append(line[1:].strip())
        if planned and (plan is None or plan != seen or status > 1):
            self.result(name + ".complete", False, "planned %s, came %d, status %d\nrepro: %s\n%s\n%s" %
                        (plan, seen, status, hint, output[-500:], log[-2000:]))

    def end(self):
        print("1..%d" % self.count, flush=True)
        sys.exit(self.failed != 0)
