# SPDX-License-Identifier: GPL-2.0
"""Inside the guest of tests/conformance/python: runs each module of Python's suite in a process of its own and prints one line a case,
"result MODULE CASE ok|skipped|failed|error", after the end of what failed: "| MODULE CASE: text".

usage: python_guest.py USER JOBS SECONDS MODULE..."""
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

LINES = 12
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


def show(module, case, how, text):
    for line in text.strip().split("\n")[-LINES:] if how not in ("ok", "skipped") else ():
        print("| %s %s: %s" % (module, case, line))
    print("result %s %s %s" % (module, case, how))


def one(module, user, seconds):
    where = "/tmp/run.%s" % module
    os.mkdir(where)
    os.chown(where, user.pw_uid, user.pw_gid)
    report = where + "/report.xml"
    words = ["python3.11", "-m", "test", "-v", "--timeout", str(seconds), "--junit-xml", report, "--tempdir", where, module]
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
            show(module, "whole", "ended %s" % status, "\n".join(text.split("\n")[-40:]))
        print("# %s: %s, %d s" % (module, status, time.monotonic() - begin), flush=True)
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
