# SPDX-License-Identifier: Apache-2.0
"""The examples work: programs print what they should, the unit and the configuration say what the agent takes."""
import os
import re
import shutil
import subprocess
import sys

import tree

EXAMPLES = os.path.join(tree.ROOT, "examples")
SAKER = os.path.join(tree.BUILD, "tools", "saker", "saker")
RULES = os.path.join(tree.ROOT, "librules", "rules", "saker_rules.yaml")

ALERT = ('{"hostname":"gate","output":"%s: Notice door 7 is open","output_fields":{"door.number":7,"door.state":"open"},'
         '"priority":"Notice","rule":"Door left open","source":"doors","tags":["door","example"],'
         '"time":"2023-11-14T22:13:20.123456789Z"}\n')


def run(argv, text="", **options):
    return subprocess.run(argv, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def program(name):
    return os.path.join(tree.BUILD, "examples", name)


def rows():
    text = "eve,download,900000\nbob,download,900000\neve,upload,900000\neve,download,500000\n"
    done = run([program("rows"), os.path.join(EXAMPLES, "rows.yaml")], text)
    if done.stdout != "Large download: eve moved 900000 bytes\n" or done.returncode:
        yield "rows: %s%s" % (done.stdout, done.stderr)
    if run([program("rows"), os.path.join(EXAMPLES, "rows.c")]).returncode == 0:
        yield "rows: accepts a file that is no rule file"


def alert():
    done = run([program("alert")], env=dict(os.environ, TZ="UTC"))
    if done.stdout != ALERT % "22:13:20.123456789":
        yield "alert: %s%s" % (done.stdout, done.stderr)


def captures():
    """The programs over a capture; without the reference material they must refuse what is none."""
    reference = os.environ.get("SAKER_REFERENCE", "")
    path = os.path.join(reference, "captures", "host_attacks.scap")
    if reference and os.path.exists(path):
        events = run([program("events"), path])
        if " execve\n" not in events.stdout or events.returncode:
            yield "events: no execve in %s: %s" % (path, events.stderr)
        fields = run([program("fields"), path, "fd.name = /etc/shadow", "%proc.name"])
        if "cat\n" not in fields.stdout or fields.returncode:
            yield "fields: cat did not open /etc/shadow in %s: %s" % (path, fields.stderr)
    for argv in ([program("events"), RULES], [program("fields"), RULES, "evt.type = open", "%proc.name"]):
        if run(argv).returncode == 0:
            yield "%s: takes a text for a capture" % argv[0]


def state():
    """The state without rules, over the capture that comes with us."""
    capture = os.path.join(tree.ROOT, "tests", "data", "attacks.scap")
    ptree = run([program("ptree"), capture])
    if not re.search(r"^1 init\n  \d+ evtcap$", ptree.stdout, re.MULTILINE) or ptree.returncode:
        yield "ptree: %s%s" % (ptree.stdout, ptree.stderr)
    openers = run([program("openers"), "/dev/null", capture])
    if not re.search(r"^\d+\tevtcap\t1\t$", openers.stdout, re.MULTILINE) or openers.returncode:
        yield "openers: %s%s" % (openers.stdout, openers.stderr)
    if run([program("openers"), "/no/such/file", capture]).returncode != 1:
        yield "openers: somebody has a file open that is not there"


def unit(text, known):
    """What is wrong with a unit, given the options that the agent says it has."""
    started = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    if len(started) != 1 or not started[0].startswith("/usr/bin/saker "):
        yield "saker.service: does not start the agent"
        return
    for option in re.findall(r"(?<=\s)(-{1,2}[\w-]+)", started[0]):
        if option not in known:
            yield "saker.service: the agent has no option %s" % option


def service():
    done = run([SAKER, "--help"])
    known = set(re.findall(r"(?<![\w-])-{1,2}[A-Za-z][\w-]*", done.stdout + done.stderr))
    with open(os.path.join(EXAMPLES, "saker.service")) as f:
        text = f.read()
    yield from unit(text, known)
    if not list(unit(text.replace(" -c ", " --no-such-option "), known)):
        yield "the check of the unit does not see an option that does not exist"
    analyze = shutil.which("systemd-analyze")
    if analyze:
        # It wants the program to exist; everything else it says is ours.
        verified = run([analyze, "verify", "--man=no", os.path.join(EXAMPLES, "saker.service")])
        for line in verified.stderr.splitlines():
            if "saker.service" in line and "not executable" not in line:
                yield line


def configuration():
    path = os.path.join(EXAMPLES, "saker.yaml")
    done = run([SAKER, "-c", path, "-V", RULES])
    if done.returncode:
        yield "saker.yaml: %s%s" % (done.stdout, done.stderr)
    if re.search(r"unknown|not known|ignored", done.stderr, re.IGNORECASE):
        yield "saker.yaml: %s" % done.stderr


def main():
    findings = [f for part in (rows, alert, captures, state, service, configuration) for f in part()]
    print("\n".join(findings) or "the examples work")
    sys.exit(1 if findings else 0)


main()
