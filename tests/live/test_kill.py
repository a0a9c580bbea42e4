# SPDX-License-Identifier: Apache-2.0
"""Killed with SIGKILL, the agent leaves nothing in the kernel: no program, map or link."""
import json
import os
import re
import shutil
import subprocess
import time

import harness
from harness import Agent, check

KINDS = ("prog", "map", "link")


def bpftool():
    path = shutil.which("bpftool", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not path:
        harness.skip("bpftool is not installed")
    return path


def listing(tool):
    """What the kernel has: {(kind, id)}."""
    found = set()
    for kind in KINDS:
        done = subprocess.run([tool, "-j", kind, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        check(done.returncode == 0, "bpftool %s list: %s" % (kind, done.stderr.strip()))
        found |= {(kind, entry["id"]) for entry in json.loads(done.stdout or "[]")}
    return found


def held_by(pid):
    """What a process has descriptors of."""
    found = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            with open("/proc/%d/fdinfo/%s" % (pid, fd)) as f:
                text = f.read()
        except FileNotFoundError:
            continue  # closed meanwhile: one of /proc that it looked at
        found |= {(kind, int(number)) for kind, number in
                  re.findall(r"^(prog|map|link)_id:\s*(\d+)$", text, re.MULTILINE)}
    return found


def test():
    harness.require_live()
    tool = bpftool()
    with Agent([harness.OUR_RULES]) as agent:
        held = held_by(agent.process.pid)
        kinds = {kind for kind, _ in held}
        check(kinds == set(KINDS), "the agent holds no programs, maps and links, but %s" % sorted(held))
        check(held <= listing(tool), "bpftool does not list what the agent holds")
        agent.process.kill()
        agent.process.wait()
        end = time.monotonic() + 10  # the kernel frees them after a grace period
        left = held
        while left and time.monotonic() < end:
            time.sleep(0.1)
            left = held & listing(tool)
        check(not left, "still in the kernel after SIGKILL: %s" % sorted(left))
    print("%d programs, maps and links were held and are gone" % len(held))


harness.main(test)
