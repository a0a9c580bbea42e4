# SPDX-License-Identifier: Apache-2.0
"""Ordinary work raises no alert: neither with the rules we ship nor with Falco's stable ones."""
import os
import shutil
import subprocess

import harness
from harness import Agent, check, tell

PROGRAM = "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n"

# What is not installed is left out; none of it writes outside the scratch folder.
WORK = [
    ["cc", "-O1", "-o", "hello", "hello.c"],
    ["./hello"],
    ["apt-get", "--version"],
    ["apt-cache", "policy", "coreutils"],
    ["dpkg", "-l", "coreutils"],
    ["find", "/usr", "-maxdepth", "3"],
    ["python3", "-c", "import json, ssl, subprocess, tempfile; subprocess.run(['true'])"],
    ["git", "init", "-q", "repository"],
    ["git", "-C", "repository", "status"],
    ["tar", "-cf", "archive.tar", "-C", "/usr/share", "common-licenses"],
    ["tar", "-xf", "archive.tar"],
    ["sh", "-c", "for i in 1 2 3; do date; id; ps; done | sort | grep -c root"],
    ["ls", "-laR", "/etc"],
    ["rm", "-r", "common-licenses", "archive.tar"],
    ["openssl", "rand", "-hex", "16"],
    ["sudo", "-n", "true"],
]

# Reads /etc/shadow, as Perl's getpw* do for root; Falco's rules take offence.
OURS_ONLY = [["perl", "-e", "print getpwuid($<), $/"]]


def work(folder, programs):
    """Does it all, each in a session of its own; how many there were, and the sessions."""
    with open(os.path.join(folder, "hello.c"), "w") as f:
        f.write(PROGRAM)
    sessions = set()
    for argv in programs:
        if argv[0].startswith("./") or shutil.which(argv[0]):
            process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            sessions.add(process.pid)
            process.wait()
    check(len(sessions) > 8, "hardly any of the work could be done here")
    return sessions


def quiet(rules, programs):
    # The session tells our work from what else goes on here.
    with Agent(rules, ["append_output[0].extra_fields[0]=proc.sid"]) as agent:
        os.mkdir(agent.path("work"))
        before = len(agent.fence())
        sessions = work(agent.path("work"), programs)
        alerts = [a for a in agent.fence()[before:]
                  if a["output_fields"].get("proc.sid") in sessions | {None}]
        check(not alerts, "ordinary work raised alerts with %s:\n%s" % (rules[0], tell(alerts)))
        # The same agent is not deaf: what is not ordinary does raise one.
        reader = subprocess.Popen(["cat", "/etc/shadow"], stdout=subprocess.DEVNULL, start_new_session=True)
        reader.wait()
        check(any(a["output_fields"].get("proc.sid") == reader.pid for a in agent.fence()),
              "reading /etc/shadow raised no alert with %s" % rules[0])
        agent.stop()
    print("%d programs, no alert with %s" % (len(sessions), os.path.basename(rules[0])))


def test():
    harness.require_live()
    quiet([harness.OUR_RULES], WORK + OURS_ONLY)
    if harness.STABLE_RULES:
        quiet([harness.STABLE_RULES], WORK)
    else:
        print("Falco's stable rules left out: SAKER_REFERENCE is not set")


harness.main(test)
