# SPDX-License-Identifier: Apache-2.0
"""evtagg beside what people use today, over the same journal, in one run.

A journal of alerts of 600 to 1,500 bytes is made (MEGABYTES=400 in the environment for another size); each way of
counting by rule runs three times, the best counts. Then what it takes to group by three fields, to check every byte,
and how much memory a long read needs.
"""
import os
import random
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time

EVTAGG = os.environ["EVTAGG_EXE"]
MEGABYTES = int(os.environ.get("MEGABYTES", "200"))
SCRIPT = """
import json, sys
counts, priorities, last = {}, {}, {}
for line in open(sys.argv[1], errors="replace"):
    if not line.startswith("{"):
        continue
    try:
        alert = json.loads(line)
    except ValueError:
        continue
    if "rule" in alert and "output_fields" in alert:
        rule = alert["rule"]
        counts[rule] = counts.get(rule, 0) + 1
        priorities[rule] = alert.get("priority")
        last[rule] = alert.get("time")
for rule in sorted(counts, key=counts.get, reverse=True):
    print(rule, counts[rule], priorities[rule], last[rule], sep=" | ")
"""


def line(r, i):
    cmd = "sh -c " + "x" * r.randrange(10, 250)
    at = "2026-11-20T%02d:%02d:%02d.%09dZ" % (i // 3600000 % 24, i // 60000 % 60, i // 1000 % 60, r.randrange(10**9))
    rule = "Rule number %d of those that fire" % min(r.randrange(40), r.randrange(40))
    return json.dumps({"hostname": "host%d" % r.randrange(30), "output": "%s: Warning %s | command=%s" % (at[11:29], rule, cmd),
                       "output_fields": {"container.id": "0123456789ab", "container.image.repository": "docker.io/library/nginx",
                                         "container.name": "web%d" % r.randrange(9), "evt.time": 1795199723178557652 + i,
                                         "evt.type": "openat", "fd.name": "/etc/shadow", "proc.aname[2]": "containerd-shim",
                                         "proc.cmdline": cmd, "proc.exepath": "/usr/bin/cat", "proc.name": r.choice(["sh", "cat", "ps"]),
                                         "proc.pname": "sh", "proc.tty": 0, "user.loginuid": -1, "user.name": "root", "user.uid": 0},
                       "priority": "Warning", "rule": rule, "source": "syscall",
                       "tags": ["T1555", "container", "filesystem", "host", "maturity_stable", "mitre_credential_access"],
                       "time": at}, separators=(",", ":"))


def make(path):
    r = random.Random(1)
    block = "".join(line(r, i) + "\n" for i in range(20000)).encode()
    n = max(1, MEGABYTES * 1000000 // len(block))
    with open(path, "wb") as f:
        for _ in range(n):
            f.write(block)
    return n * len(block), len(block) / 20000


def best(argv, rounds=3, **options):
    """The least time of some rounds: of the processor, and on the clock."""
    times = []
    for _ in range(rounds):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **options)
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall))
    return min(times)


def peak(argv):
    """Its high-water mark in kB; what os.wait4 tells has that of this script in it."""
    process, high = subprocess.Popen(argv, stdout=subprocess.DEVNULL), 0
    while process.poll() is None:
        with open("/proc/%d/status" % process.pid) as f:
            high = max([high] + [int(line.split()[1]) for line in f if line.startswith("VmHWM:")])
        time.sleep(0.005)
    return high


def say(what, size, seconds, base=None):
    cpu, wall = seconds
    ratio = "  %.1f times evtagg's time, %.1f times its processor's" % (wall / base[1], cpu / base[0]) if base else ""
    print("%-36s %7.2f s  %7.2f GB/s, %5.2f GB/s of one core%s" % (what, wall, size / wall / 1e9, size / cpu / 1e9, ratio))


def main():
    with tempfile.TemporaryDirectory(prefix="saker-bench-") as folder:
        path = os.path.join(folder, "journal.jsonl")
        size, mean = make(path)
        print("%d MB, lines of %d bytes on average" % (size // 1000000, mean))
        subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
        base = best([EVTAGG, "-q", path], 5)
        say("evtagg", size, base)
        say("evtagg --strict", size, best([EVTAGG, "-q", "--strict", path]))
        say("evtagg --by three fields", size, best([EVTAGG, "-q", "--by", "container.name,proc.name,user.name", path]))
        say("the same with 30,000 groups", size, best([EVTAGG, "-q", "--by", "rule,container.name,proc.name,hostname", path]))
        say("evtagg --where", size, best([EVTAGG, "-q", "--where", "priority<=warning and proc.name=sh", path]))
        say("the script in Python", size, best([sys.executable, "-c", SCRIPT, path], 1), base)
        if shutil.which("jq"):
            pipe = "jq -r .rule '%s' | sort | uniq -c | sort -rn" % path
            say("jq | sort | uniq -c", size, best(["sh", "-c", pipe], 1), base)
        else:
            print("jq is not installed: not measured")
        print("memory for %.1f GB: at most %d MB" % (size * 10 / 1e9, peak([EVTAGG, "-q", *[path] * 10]) // 1000))


main()
