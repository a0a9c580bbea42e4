# SPDX-License-Identifier: Apache-2.0
"""A writer is killed with SIGKILL at random moments: python3 test_kill.py plain|gzip|small

Each time what it had flushed is there, for our reader and for sysdig, and the file
ends cleanly: no reader has anything to complain of. Exit codes as meson has them.
"""
import os
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

WRITER = os.environ["SCAP_ENDLESS_EXE"]
EVTCAP = os.environ["EVTCAP_EXE"]
KILLS = 100
LATEST = 0.03  # seconds after the first flush
PATIENCE = 20


def counts(pipe):
    """The last count that the writer told of."""
    data, last = b"", 0
    while True:
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return last
        data += chunk
        while len(data) >= 8:
            last = struct.unpack("Q", data[:8])[0]
            data = data[8:]


def record(path, form):
    """Kills a writer; how many events it had flushed."""
    with subprocess.Popen([WRITER, path, form], stdout=subprocess.PIPE) as writer:
        pipe = writer.stdout.fileno()
        if not select.select([pipe], [], [], PATIENCE)[0]:
            writer.kill()
            sys.exit("the writer does not begin")
        time.sleep(random.uniform(0, LATEST))
        writer.send_signal(signal.SIGKILL)
        return counts(pipe)


def lines(argv):
    """How many lines a program prints; what is wrong with how it ended."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    wrong = done.returncode or re.search(rb"error|truncated", done.stderr)
    return done.stdout.count(b"\n"), done.stderr.decode(errors="replace") + str(done.returncode) if wrong else ""


def check(path, flushed, sysdig):
    ours, wrong = lines([EVTCAP, "-q", "-r", path, "-p", "%evt.type"])
    if wrong or ours < flushed:
        yield "we read %d of at least %d events: %s" % (ours, flushed, wrong)
    if sysdig:
        theirs, wrong = lines([sysdig, "-r", path, "-p", "%evt.type"])
        if wrong or theirs != ours:
            yield "sysdig reads %d of %d events: %s" % (theirs, ours, wrong)


def main():
    form = sys.argv[1]
    sysdig = shutil.which("sysdig")
    seed = int(os.environ.get("SAKER_SEED", time.time_ns() % 1000000))
    random.seed(seed)
    findings, total = [], 0
    with tempfile.TemporaryDirectory(prefix="saker-kill-") as folder:
        path = os.path.join(folder, "killed.scap")
        for n in range(KILLS):
            flushed = record(path, form)
            total += flushed
            findings += ["%d: %s" % (n, finding) for finding in check(path, flushed, sysdig)]
    print("\n".join(findings) or "%d kills, %d events, all of them readable (seed %d)" % (KILLS, total, seed))
    if findings:
        sys.exit("seed %d" % seed)
    if not sysdig:
        print("SKIP: all read by us; sysdig is not installed (Debian: apt-get install sysdig)")
        sys.exit(77)


main()
