# SPDX-License-Identifier: GPL-2.0
"""What benchmarks leave for the report (scripts/report): build/results/NAME.json, the newest run of each, and history.jsonl, one line for each
run. A result: name, commit, date (UTC), machine, and rows. A row: what it is about ("key", words from general to special), and its numbers; those
that the history keeps are named in "track"."""
import datetime
import json
import os
import platform
import subprocess

import testlib

QEMU = None


def directory():
    return os.path.join(testlib.BUILD, "results")


def commit():
    done = subprocess.run(["git", "-C", testlib.TOP, "describe", "--always", "--dirty", "--abbrev=9"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or "unknown"


def machine():
    version = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    return {"accelerator": "tcg", "cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "arch": platform.machine(), "qemu": version}


def write(name, rows, track=(), **more):
    """Keep the rows of this run; returns where they are."""
    os.makedirs(directory(), exist_ok=True)
    result = dict(name=name, commit=commit(), date=datetime.datetime.utcnow().isoformat(timespec="seconds") + "Z", machine=machine(), rows=rows, **more)
    path = os.path.join(directory(), name + ".json")
    with open(path + ".tmp", "w") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    os.replace(path + ".tmp", path)
    kept = {" ".join(map(str, row["key"])) + " " + t: row[t] for row in rows for t in track if row.get(t) is not None}
    if kept:
        with open(os.path.join(directory(), "history.jsonl"), "a") as out:
            out.write(json.dumps({"name": name, "commit": result["commit"], "date": result["date"], "values": kept}) + "\n")
    return path
