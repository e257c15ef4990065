# SPDX-License-Identifier: GPL-2.0
"""What the comparing benchmarks share: medians, spreads, ratios and what may be said about them."""
import os
import platform
import statistics
import subprocess

NOISY = 0.25    # a median whose middle half spreads wider than this carries no verdict


class Sample:
    """Repeated measurements of one thing; smaller is better."""

    def __init__(self, values):
        self.values = sorted(values)
        self.median = statistics.median(self.values)
        n = len(self.values)
        low, high = self.values[n // 4], self.values[n - 1 - n // 4]
        self.spread = (high - low) / self.median if self.median else 0.0


def verdict(ratio, target, *samples):
    """better: reaches its target; same: no worse than the other; worse; noisy: cannot be told."""
    if any(s.spread > NOISY for s in samples):
        return "noisy"
    if ratio >= target:
        return "better"
    return "same" if ratio >= 1 else "worse"


def environment(peer_version):
    qemu = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    here = os.path.dirname(os.path.abspath(__file__))
    commit = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
    return ("accelerator tcg; host cpus %d, load %.1f, %s; %s\nFerry %s beside Linux %s (mitigations=off)"
            % (os.cpu_count(), os.getloadavg()[0], platform.machine(), qemu, commit or "?", peer_version))
