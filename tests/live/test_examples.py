# SPDX-License-Identifier: Apache-2.0
"""The examples that look at this machine: who has a file open, and the tree of processes."""
import os
import re
import subprocess
import time

import harness
from harness import check


def program(name):
    return os.path.join(harness.BUILD, "examples", name)


def test():
    harness.require_live()
    with harness.tempfile.NamedTemporaryFile(prefix="saker-live-") as f:
        openers = subprocess.run([program("openers"), f.name], stdout=subprocess.PIPE, text=True, timeout=60)
        line = "%d\t[^\t]+\t%d\t" % (os.getpid(), f.fileno())
        check(openers.returncode == 0 and re.search("^" + line, openers.stdout, re.MULTILINE),
              "openers does not know that we have %s open: %s" % (f.name, openers.stdout))
        gone = subprocess.run([program("openers"), f.name + "-not"], stdout=subprocess.PIPE, timeout=60)
        check(gone.returncode == 1 and not gone.stdout, "openers knows who has a file open that is not there")
    # It was not there at the start: only events tell of it.
    ptree = subprocess.Popen([program("ptree")], stdout=subprocess.PIPE, text=True)
    try:
        first = [ptree.stdout.readline() for _ in range(2)]
        check(any(first), "ptree shows nothing")
        child = subprocess.Popen(["sleep", "60"])
        try:
            ours = r"^( *)%d .*\n(?:\1  .*\n)*?\1  %d sleep$" % (os.getpid(), child.pid)
            text, end = "", time.monotonic() + 60
            while not re.search(ours, text, re.MULTILINE):
                line = ptree.stdout.readline()
                check(line, "ptree has ended")
                text = line if line.startswith("\f") else text + line
                check(time.monotonic() < end, "ptree does not show a child of ours")
        finally:
            child.kill()
            child.wait()
    finally:
        ptree.kill()
        ptree.wait()
    print("both know of us")


harness.main(test)
