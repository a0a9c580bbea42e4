# SPDX-License-Identifier: Apache-2.0
"""After each call that changes a process in an unusual way the state says of it what /proc says.

Threads with directories and tables of their own, children that share them, groups, namespaces, users, files
behind links and renamed directories: state_actor.c does it, evtcap shows it.
"""
import os
import subprocess
import time

import harness
from harness import check

EVTCAP = os.path.join(harness.BUILD, "tools", "evtcap", "evtcap")
ACTOR = os.path.join(harness.BUILD, "tests", "live", "state-actor")
FIELDS = ("thread.tid proc.pid proc.ppid thread.vtid proc.sid proc.pgid user.uid group.gid thread.cap_permitted "
          "thread.cap_effective proc.cwd fd.num fd.name fd.realpath evt.certain").split()
SECONDS = 20
# Opened by a name that is not the kernel's.
BY_ANOTHER_NAME = ("through a link", "beside where a link leads", "without a name", "in a directory that was renamed")


def run_actor(*args):
    actor = subprocess.run([ACTOR, *args], stdout=subprocess.PIPE, text=True, timeout=60)
    check(actor.returncode == 0, "state-actor ended with %d" % actor.returncode)
    return [line.split("\t") for line in actor.stdout.splitlines()]


def shown(path):
    with open(path) as f:
        return [dict(zip(FIELDS, line.split("\t"))) for line in f.read().split("\n")[:-1]]


def wait_for(path, evtcap, fact):
    end = time.monotonic() + SECONDS
    while not fact(shown(path)):
        check(time.monotonic() < end and evtcap.poll() is None, "evtcap does not show what was done")
        time.sleep(0.05)


def differences(expected, event):
    what, tid, pid, ppid, vtid, sid, pgid, uid, gid, permitted, effective, cwd, _, link = expected
    link = link.replace(" (deleted)", "")
    want = {"thread.tid": tid, "proc.pid": pid, "proc.ppid": ppid, "thread.vtid": vtid, "proc.sid": sid,
            "proc.pgid": pgid, "user.uid": uid, "group.gid": gid, "proc.cwd": cwd.rstrip("/") + "/",
            "evt.certain": "true"}
    if link.startswith("/"):
        want["fd.realpath"] = link
        if what not in BY_ANOTHER_NAME:
            want["fd.name"] = link
    for name in want:
        if event[name] != want[name]:
            yield "%s is %s, not %s" % (name, event[name], want[name])
    for name, bits in (("thread.cap_permitted", permitted), ("thread.cap_effective", effective)):
        have = sum(word.startswith("CAP_") for word in event[name].split())
        if have != bin(int(bits, 16)).count("1"):
            yield "%s has %d, not %s" % (name, have, bits)


def test():
    harness.require_live()
    with harness.tempfile.TemporaryDirectory(prefix="saker-live-") as folder:
        os.mkdir(folder + "/work")
        output = folder + "/events"
        with open(output, "w") as f:
            evtcap = subprocess.Popen([EVTCAP, "-F", ",".join(FIELDS),
                                       "evt.type = fstat and proc.exepath endswith /state-actor"],
                                      stdout=f, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + SECONDS
            while not shown(output):
                check(time.monotonic() < end and evtcap.poll() is None, "evtcap does not begin")
                run_actor("check", "ready")
                time.sleep(0.1)
            expected = run_actor(folder + "/work")
            last = run_actor("check", "end")[0][1]
            wait_for(output, evtcap, lambda events: any(e["thread.tid"] == last for e in events))
        finally:
            evtcap.terminate()
            evtcap.wait(timeout=SECONDS)
        events = shown(output)
    wrong = []
    for line in expected:
        event = next((e for e in events if e["thread.tid"] == line[1] and e["fd.num"] in (line[12], "-1")), None)
        check(event, "no event after '%s'" % line[0])
        events.remove(event)
        wrong += ["%s: %s" % (line[0], text) for text in differences(line, event)]
    check(not wrong, "\n".join(wrong))
    print("%d states as /proc has them" % len(expected))


harness.main(test)
