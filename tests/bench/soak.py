# SPDX-License-Identifier: Apache-2.0
"""The agent under a fork storm, for as long as asked: its memory over time, which should be a flat line.

    tests/bench/soak.py BUILD [SECONDS] [RULES]

Outside the test suite: it takes a processor for SECONDS (60). Root, and a kernel that the eBPF engine runs on. Prints
a line every tenth of the time: seconds, resident memory in KiB, processes made so far. Fails (1) when the memory of
the second half exceeds that of the first by more than a twentieth and 2 MiB, or when it ever exceeds what the agent
held before the storm by more than the ceiling of its state and 8 MiB (alerts under way, the allocator).
"""
import os
import subprocess
import sys
import tempfile
import time

RULE = """
- rule: shadow read
  desc: a rule that looks at processes and files
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and proc.name != nobody
  output: "%proc.name %proc.pname %fd.name"
  priority: NOTICE
"""
STATE_KIB = 128 * 1024  # the agent's memory_max
FIXED_KIB = 8 * 1024
STORM = "while :; do /bin/true; /bin/true </dev/null >/dev/null; (:) ; done"


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def forks():
    with open("/proc/stat") as f:
        return int(next(line for line in f if line.startswith("processes")).split()[1])


def main():
    build = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    with tempfile.TemporaryDirectory() as folder:
        rules = sys.argv[3] if len(sys.argv) > 3 else os.path.join(folder, "rules.yaml")
        if len(sys.argv) <= 3:
            with open(rules, "w") as f:
                f.write(RULE)
        config = os.path.join(folder, "config.yaml")
        with open(config, "w") as f:
            f.write("stdout_output:\n  enabled: true\n")
        agent = subprocess.Popen([os.path.join(build, "tools/saker/saker"), "-c", config, "-r", rules],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        storms = []
        try:
            time.sleep(5)
            if agent.poll() is not None:
                sys.exit("the agent did not start: " + agent.stderr.read())
            idle = resident(agent.pid)
            storms = [subprocess.Popen(["/bin/sh", "-c", STORM]) for _ in range(2)]
            began, first, sizes = time.monotonic(), forks(), []
            print("seconds  KiB  processes (idle: %d KiB)" % idle)
            for _ in range(10):
                time.sleep(seconds / 10)
                sizes.append(resident(agent.pid))
                print("%7.0f %6d %9d" % (time.monotonic() - began, sizes[-1], forks() - first), flush=True)
        finally:
            for p in storms:
                p.kill()
                p.wait()
            agent.terminate()
            print(agent.communicate(timeout=60)[1][-1500:])
    if max(sizes[5:]) > max(sizes[:5]) * 1.05 + 2048:
        sys.exit("it grows")
    if max(sizes) > idle + STATE_KIB + FIXED_KIB:
        sys.exit("it holds more than its ceiling")


main()
