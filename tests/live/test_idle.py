# SPDX-License-Identifier: Apache-2.0
"""What the agent costs when little happens: time to start, CPU, memory without the rings' pages.

Prints the figures; fails on gross excess only, and gives no verdict on CPU when the
machine is busy, for then there is work to do.
"""
import os
import re
import time

import harness
from harness import Agent, check

SECONDS = 10
CPU_LIMIT = 5 * 0.3    # percent of one CPU
MEMORY_LIMIT = 5 * 25  # MiB
START_LIMIT = 10       # seconds


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds():
    with open("/proc/stat") as f:
        fields = [int(n) for n in f.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid):
    """Resident memory: all of it, and what of it is pages of BPF maps (the rings)."""
    total = rings = 0
    mapping = ""
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            if re.match(r"^[0-9a-f]+-[0-9a-f]+ ", line):
                mapping = line
            elif line.startswith("Rss:"):
                kib = int(line.split()[1])
                total += kib
                if "bpf" in mapping:
                    rings += kib
    return total / 1024, rings / 1024


def test():
    harness.require_live()
    with Agent(harness.stable_rules()) as agent:
        pid = agent.process.pid
        agent.fence()
        cpu, busy, began = cpu_seconds(pid), busy_seconds(), time.monotonic()
        time.sleep(SECONDS)
        wall = time.monotonic() - began
        cpu, busy = cpu_seconds(pid) - cpu, busy_seconds() - busy
        total, rings = memory_mib(pid)
        agent.stop()
    others = 100 * (busy - cpu) / wall
    print("start to first alert %.0f ms" % (1000 * agent.ready_seconds))
    print("CPU %.2f %% of one (the rest of the machine: %.1f %%)" % (100 * cpu / wall, others))
    print("memory %.1f MiB, of which rings %.1f MiB" % (total, rings))
    check(agent.ready_seconds < START_LIMIT, "took %.1f s to start" % agent.ready_seconds)
    check(total - rings < MEMORY_LIMIT, "takes %.1f MiB without rings" % (total - rings))
    if others < 5:
        check(100 * cpu / wall < CPU_LIMIT, "takes %.2f %% CPU when idle" % (100 * cpu / wall))
    else:
        print("no verdict on CPU: the machine is not idle")


harness.main(test)
