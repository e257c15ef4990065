# SPDX-License-Identifier: GPL-2.0
"""Inside the guest of tests/conformance/python: runs each module of Python's suite in a process of its own and prints one line a case,
"result MODULE CASE ok|skipped|failed|error", after the end of what failed: "| MODULE CASE: text". Of a module that did not come to its
end: what ended before, "result MODULE whole ended STATUS", and after "| MODULE whole: " what it printed since its last case began.

usage: python_guest.py USER JOBS SECONDS MODULE[:PATTERN]...		PATTERN chooses cases"""
import os
import pwd
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

LINES, LINES_OF_END = 12, 60
# With -v: the name, perhaps what the case says about itself, perhaps what it or its children print, the result.
STARTED = re.compile(r"^\w+ \(([\w.]+)\)")
ENDED = re.compile(r"(?:^|\.\.\. )(ok|FAIL|ERROR|skipped '.*|expected failure)$")
WORDS = {"FAIL": "failed", "ERROR": "error", "ok": "ok", "expected failure": "ok"}
lock = threading.Lock()


def cases(path):
    """(case, how it ended, why) of a module's report."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name, how, why = case.get("name").replace(" ", "_"), "ok", ""
        for kind, word in (("skipped", "skipped"), ("failure", "failed"), ("error", "error")):
            found = case.find(kind)
            if found is not None:
                how, why = word, found.text or found.get("message") or ""
        if case.get("status") == "skipped" or case.get("result") == "skipped":
            how = "skipped"
        yield name, how, why


def cases_so_far(text):
    """(case, how it ended) by what a module printed before it was stopped; "running" is the last."""
    name = None
    for line in text.split("\n"):
        started = STARTED.match(line)
        if started:
            name = started[1]
        ended = ENDED.search(line)
        if name and ended:
            yield name, WORDS.get(ended[1], "skipped")
            name = None
    if name:
        yield name, "running"


def since_last_case(text):
    """What a module printed since its last case began, not all of it if it is long: the first words say what happened, the last where."""
    lines = text.strip().split("\n")
    begin = max((at for at, line in enumerate(lines) if STARTED.match(line)), default=0)
    return "\n".join(lines[begin:] if len(lines) - begin < 2 * LINES_OF_END else lines[begin:begin + LINES_OF_END] + lines[-LINES_OF_END:])


def show(module, case, how, text, lines=LINES):
    for line in text.strip().split("\n")[-lines:] if how not in ("ok", "skipped", "running") else ():
        print("| %s %s: %s" % (module, case, line))
    print("result %s %s %s" % (module, case, how))


def one(chosen, user, seconds):
    module, _, pattern = chosen.partition(":")
    where = "/tmp/run.%s" % re.sub(r"\W", "_", chosen)
    os.mkdir(where)
    os.chown(where, user.pw_uid, user.pw_gid)
    report = where + "/report.xml"
    words = ["python3.11", "-m", "test", "-v", "--timeout", str(seconds), "--junit-xml", report, "--tempdir", where, module]
    words += ["-m", pattern] if pattern else []
    begin = time.monotonic()
    with open(where + "/output", "w+b") as output:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd=where,
                                 user=user.pw_uid, group=user.pw_gid, extra_groups=[], env=dict(os.environ, HOME=where))
        try:
            status = child.wait(seconds + 60)
        except subprocess.TimeoutExpired:
            status = "late"
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        output.seek(0)
        text = output.read().decode(errors="replace")
    with lock:
        if os.path.exists(report):
            for case in cases(report):
                show(module, *case)
        elif "skipped" in text and status == 0:
            show(module, "whole", "skipped", "")
        else:
            for case, how in cases_so_far(text):
                show(module, case, how, "")
            show(module, "whole", "ended %s" % status, since_last_case(text), 2 * LINES_OF_END)
        print("# %s: %s, %d s" % (chosen, status, time.monotonic() - begin), flush=True)
    subprocess.run(["rm", "-rf", where], check=False)


def main():
    user, jobs, seconds, modules = pwd.getpwnam(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]

    def worker():
        while True:
            with lock:
                if not modules:
                    return
                module = modules.pop(0)
            one(module, user, seconds)

    threads = [threading.Thread(target=worker) for _ in range(jobs)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


main()
