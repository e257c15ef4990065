# SPDX-License-Identifier: GPL-2.0
"""A suite whose cases are shell commands, run on Ferry in a tree of Debian's packages (debian.py); the cases that do not end with status 0 run on
Debian's Linux too, the same programs in a guest of the same kind, and those that end differently are named."""
import argparse
import os
import re
import shlex
import sys
import tempfile

import debian
from debian import testlib

RESULT = re.compile(r"^result (\S+) (.*)$", re.M)
CASES, HOME = "/suite-cases", "/suite"    # in the guest: a script for each case, and where the suite's own files are


class Suite:
    """@cases: name -> commands. @files: (HOST:GUEST) of the suite. @packages: of Debian, beside debian.BASE. @prepare: commands before the first case.
    @mem: of a guest."""

    def __init__(self, name, packages, files, cases, prepare="true", mem="2G"):
        self.name, self.packages, self.files, self.cases, self.prepare, self.mem = name, packages, files, cases, prepare, mem

    def run(self, args, system, names, jobs):
        """How each of @names ended on "ferry" or "linux", and everything printed."""
        root = debian.tree(self.name, self.packages)
        with tempfile.TemporaryDirectory(prefix="ferry-suite-") as work:
            scripts = os.path.join(work, "cases")
            os.mkdir(scripts)
            for name in names:
                path = os.path.join(scripts, name)
                with open(path, "w") as f:
                    f.write("#!/bin/sh\n%s\n" % self.cases[name])
                os.chmod(path, 0o755)
            files = self.files + [scripts + ":" + CASES, testlib.guest_program("tests/conformance/runall.c") + ":/bin/runall"]
            image = os.path.join(work, "tree.tar")
            debian.disk(root, image, files, left_out=debian.DOCUMENTS)
            command = "%s; runall -j %d -t %d -v %d %s" % (self.prepare, jobs, args.seconds, args.lines, shlex.quote(CASES))
            _, text, log = debian.run(system, image, command, mem=self.mem, smp=args.smp, timeout=args.timeout, build=args.build)
        found = {n: "nothing" for n in names} | dict(RESULT.findall(text))
        if "nothing" in found.values() or "panic" in log:
            print("%s:\n%s\n%s" % (system, text[-1500:], log[-3000:]), flush=True)
        return found, text

    def compare(self, args, names):
        """name -> (Linux, Ferry). What differs runs again alone, on both."""
        ferry, text = self.run(args, "ferry", names, args.jobs)
        failed = [n for n in names if args.both or ferry[n] != "exit 0"]
        linux = {n: "-" for n in names}
        if failed:
            linux.update(self.run(args, "linux", failed, args.jobs)[0])
        odd = [n for n in failed if linux[n] != ferry[n]]
        if odd and args.jobs > 1:
            again, text = self.run(args, "ferry", odd, 1)
            ferry.update(again)
            odd = [n for n in odd if linux[n] != ferry[n]]
        for name in odd:
            print("%-40s Linux: %-10s Ferry: %s" % (name, linux[name], ferry[name]))
            print("\n".join(line for line in text.split("\n") if line.startswith("| %s: " % name)), flush=True)
        return {n: (linux[n], ferry[n]) for n in names}


def differs(pair):
    linux, ferry = pair
    return linux not in ("-", ferry)


def read_record(path):
    """What was seen before: name -> (how it ended on Linux, on Ferry)."""
    if not path or not os.path.exists(path):
        return {}
    return {words[0]: (words[1], words[2]) for words in (line.rstrip("\n").split("\t") for line in open(path)) if len(words) == 3}


def parser(text, source=True):
    p = argparse.ArgumentParser(description=text)
    if source:
        p.add_argument("source", help="the suite's source package, unpacked")
    p.add_argument("names", nargs="*", metavar="CASE", help="only those")
    p.add_argument("--both", action="store_true", help="run what passes on Ferry on Linux too")
    p.add_argument("--only", choices=("ferry", "linux"), help="one system, and what the cases print")
    p.add_argument("--jobs", type=int, default=3, help="cases at a time")
    p.add_argument("--seconds", type=int, default=120, help="that one case may take")
    p.add_argument("--lines", type=int, default=12, help="of its output that are shown")
    p.add_argument("--smp", type=int, default=2, help="CPUs of a guest")
    p.add_argument("--timeout", type=int, default=3600, help="seconds for each boot")
    p.add_argument("--chunk", type=int, default=200, help="cases in one boot")
    p.add_argument("--record", metavar="FILE", help="remember results there; what it has is not run again")
    p.add_argument("--build", default=testlib.BUILD)
    return p


def main(suite, args):
    """Compare and exit, as the command line says."""
    unknown = [n for n in args.names if n not in suite.cases]
    if unknown:
        sys.exit("%s: no such case: %s" % (suite.name, " ".join(unknown)))
    wanted = args.names or list(suite.cases)
    if args.only:
        print(suite.run(args, args.only, wanted, args.jobs)[1])
        return
    seen = read_record(args.record)
    todo = [n for n in wanted if n not in seen]
    for at in range(0, len(todo), args.chunk):
        found = suite.compare(args, todo[at:at + args.chunk])
        seen.update(found)
        if args.record:
            with open(args.record, "a") as f:
                f.writelines("%s\t%s\t%s\n" % (n, *found[n]) for n in found)
    differ = [n for n in wanted if differs(seen[n])]
    passed = sum(seen[n][1] == "exit 0" for n in wanted)
    print("%s: %d cases, %d passed on Ferry, %d others ended as on Linux, %d otherwise: %s" %
          (suite.name, len(wanted), passed, len(wanted) - passed - len(differ), len(differ), " ".join(differ)))
    sys.exit(bool(differ))


def uses(doc, name, packages, files, text, prepare, mem="2G"):
    """Compare uses of @packages. @files: a path in the guest -> what an executable there says. @text: NAME: commands, in a directory of the case's own;
    more lines of it are indented."""
    args = parser(doc, source=False).parse_intermixed_args()
    cases = {case: "mkdir -p /tmp/%s/%s; cd /tmp/%s/%s; export TERM=xterm\n%s" % (name, case, name, case, commands)
             for case, commands in re.findall(r"^(\w+): (.*\n(?:    .*\n)*)", text, re.M)}
    with tempfile.TemporaryDirectory(prefix="ferry-%s-" % name) as work:
        pairs = []
        for number, (guest, content) in enumerate(files.items()):
            path = os.path.join(work, str(number))
            with open(path, "w") as f:
                f.write(content)
            os.chmod(path, 0o755)
            pairs.append(path + ":" + guest)
        main(Suite(name, packages, pairs, cases, prepare, mem), args)
