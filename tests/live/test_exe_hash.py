# SPDX-License-Identifier: Apache-2.0
"""A program is known by its digest whatever it is called: the alert about its very execve has it.

Copied, renamed, run through a link, deleted right after; and what it forks.
"""
import hashlib
import json
import os
import shutil
import subprocess

import harness
from harness import Agent, check, find, tell

RULE = "Known program"


def rules(path, digest):
    with open(path, "w") as f:
        json.dump([{"rule": RULE, "desc": "A program of that digest.", "priority": "NOTICE",
                    "condition": "evt.type in (execve, openat) and proc.exe_hash = " + digest + " and "
                                 "(evt.type = execve or fd.name startswith /tmp/saker-live-mark)",
                    "output": "%evt.type %proc.name %proc.exepath %fd.name %proc.exe_hash"}], f)
    return path


def test():
    harness.require_live()
    busybox = shutil.which("busybox")
    if not busybox:
        harness.skip("busybox is not installed")
    with harness.tempfile.TemporaryDirectory(prefix="saker-live-") as folder:
        original = folder + "/cat"
        shutil.copy(busybox, original)
        with open(original, "ab") as f:
            f.write(os.urandom(16))  # like no other
        with open(original, "rb") as f:
            digest = "sha256:" + hashlib.sha256(f.read()).hexdigest()
        mark = "/tmp/saker-live-mark-%d" % os.getpid()
        open(mark, "w").close()
        os.makedirs(folder + "/x")
        copy, link = folder + "/x/cat", folder + "/tac"
        shutil.copy(original, copy)
        os.symlink(original, link)
        try:
            with Agent([rules(folder + "/rules.yaml", digest)], ["exe_hash.hold_ms=10000"]) as agent:
                harness.run([original, mark])
                harness.run([copy, mark])
                harness.run([link, mark])
                harness.run([shutil.which("cat"), mark])
                # Gone from the disk while it runs.
                gone = folder + "/x/sh"
                shutil.copy(original, gone)
                harness.run(["sh", "-c", 'exec "$0" -c \'rm "$0"; (: < "$1"); sleep 0.5\' "$0" "$1"', gone, mark])
                agent.fence()
                agent.stop()  # and what still waits for a digest comes out
                alerts = agent.alerts
        finally:
            os.unlink(mark)
    for path in (original, copy, gone):
        check(find(alerts, RULE, {"evt.type": "execve", "proc.exepath": path, "proc.exe_hash": digest}),
              "no alert about the execve of %s:\n%s" % (path, tell(alerts)))
        check(find(alerts, RULE, {"evt.type": "openat", "proc.exepath": path, "fd.name": mark}),
              "no alert about the file that %s opened:\n%s" % (path, tell(alerts)))
    n = sum(a["rule"] == RULE for a in alerts)
    print("%d alerts, none about the program that was not changed" % n)
    check(not find(alerts, RULE, {"proc.exepath": shutil.which("cat")}), "another program has that digest:\n" + tell(alerts))


harness.main(test)
