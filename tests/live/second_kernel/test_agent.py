# SPDX-License-Identifier: Apache-2.0
"""The agent on the second kernel: what is done there raises the alerts that cases.py expects."""
import json
import os
import re
import shutil

import machine
from machine import harness
import cases
from harness import ACTOR, FIXTURE_RULES, OUR_RULES, SAKER, check, counters, find, tell

GROUP = "/sys/fs/cgroup/docker-%s.scope" % ("5a4e" * 16)

# Name of a case and the shell command that does it with what the machine has. With its path,
# as busybox's shell runs its own applets without starting a program.
ACTS = {
    "directory-traversal": "actor open /usr/share/../../etc/hostname",
    "read-after-startup": "cp /bin/actor nginx; ./nginx wait-open 6 /etc/shadow",
    "read-untrusted": "/bin/cat /etc/shadow",
    "shell-untrusted": "cp /bin/actor httpd; ./httpd spawn 0 /bin/sh -c 'exit 0'",
    "system-user": "cp /bin/actor sshd; ./sshd spawn 1 /bin/true",
    "find-keys": "mkdir notes; touch notes/id_rsa; /bin/find notes -name id_rsa",
    "clear-log": "touch /var/log/auth.log; /bin/cp /dev/null /var/log/auth.log",
    "symlink": "/bin/ln -s /etc/shadow link",
    "hardlink": "actor scratch /etc /bin/sh -c 'echo x > /etc/shadow; /bin/ln /etc/shadow /etc/copy'",
    "ptrace-attach": "actor attach",
    "ptrace-traceme": "actor traceme",
    "shared-memory": "/bin/cp /bin/true /dev/shm/dropped; /dev/shm/dropped",
    "ssh-port": "cp /bin/actor ssh; ./ssh connect %s 8443" % cases.DOC_ADDRESS,
    "memfd": "actor memfd /bin/true",
    "cron-move": "actor scratch /etc /bin/sh -c "
                 "'mkdir /etc/cron.d; echo > /etc/job; /bin/mv /etc/job /etc/cron.d/job'",
    "set-user-id": "touch tool; /bin/chmod u+s tool",
    "remove-history": "touch .bash_history; /bin/rm .bash_history",
    "wire-dup": "actor wire /bin/sh -c 'exit 0'",
    "wire-shell": "actor wire /bin/sh -c 'exit 0'",
    "packet": "actor packet",
    "module": "actor module",
    "bpf": "actor bpf",
    "io-uring": "actor io-uring",
    "ring-shadow": "actor ring-open /etc/shadow",
    "ring-via": "actor ring-open /etc/hostname",
    "linked-shadow": "ln -s /etc harmless; actor open harmless/shadow",
    "container-namespace": "mkdir %s; sh -c 'echo 0 > %s/cgroup.procs; /bin/unshare -m true'" % (GROUP, GROUP),
}

# $agent is its pid; it has seen all that was done before when it tells of the file that fence opens.
JOB = """
fence() {
	local n=0
	: > "canary-$1"
	until grep -q "canary-$1" alerts || [ $n -gt 600 ] || ! kill -0 $agent; do
		cat "canary-$1"
		sleep 0.1
		n=$((n + 1))
	done
	kill -0 $agent && grep -q "canary-$1" alerts
}

stop() {
	kill -TERM $agent
	wait $agent
}

for group in cpuset cpu io memory; do
	echo +$group > /sys/fs/cgroup/cgroup.subtree_control
done
report kernel uname -r
: > alerts
saker -o json_output=true -o log_level=info \\
	-r /rules/fixture.yaml -r /rules/ours.yaml -r /rules/canary.yaml >> alerts 2> log &
agent=$!
report ready fence ready
%s
report seen fence end
report stop stop
report log cat log
report alerts cat alerts
"""

CANARY = [{
    "rule": harness.CANARY,
    "desc": "Says that the agent sees what happens, and up to where.",
    "condition": "evt.type in (open, openat, openat2) and fd.name startswith /tmp/canary-",
    "output": "canary %fd.name",
    "priority": "EMERGENCY",
}]


def prepare(image):
    image.program(SAKER)
    image.program(ACTOR)
    os.mkdir(image.path("rules"))
    for name, path in (("fixture", FIXTURE_RULES), ("ours", OUR_RULES)):
        shutil.copy(path, image.path("rules", name + ".yaml"))
    image.write("rules/canary.yaml", json.dumps(CANARY))
    for name, act in ACTS.items():
        image.write("act-" + name, act + "\n")
    image.write("job", JOB % "\n".join("report act-%s /bin/sh /act-%s" % (name, name) for name in ACTS))


def parse(text):
    """The agent's alerts; a line that is none fails the test."""
    alerts = []
    for line in text.splitlines():
        try:
            alerts.append(json.loads(line))
        except ValueError:
            raise harness.Failure("the agent printed what is no alert: %s" % line)
    return alerts


def test():
    missing = []
    results = machine.run(prepare)
    print("Linux %s" % results.get("kernel")[1])
    log = results.get("log")[1]
    for step in ("ready", "seen", "stop"):
        code, text = results.get(step)
        check(code == 0, "%s: exit code %d: %s\n%s" % (step, code, text, log))
    print(log)
    alerts = parse(results.get("alerts")[1])
    expected = {case.name: case for case in cases.CASES}
    for name in ACTS:
        code, text = results.get("act-" + name)
        if code:
            missing.append("%s: exit code %d: %s" % (name, code, text))
        elif find(alerts, expected[name].ours, expected[name].fields):
            print("fired: %s (%s)" % (expected[name].ours, name))
        else:
            missing.append("%s: no alert of '%s' as expected" % (name, expected[name].ours))
    seen, delivered, dropped = counters(log)
    check(not missing, "%s\nthere were:\n%s" % ("\n".join(missing), tell(alerts)))
    check(seen == delivered + dropped and delivered > 0, "the counts do not add up:\n" + log)
    # Debian's kernels have all that the capture can use; it has nothing to remark.
    if not os.environ.get("SAKER_SECOND_KERNEL"):
        check(not re.search(r"^saker: (note|warning|error): ", log, re.MULTILINE),
              "the capture was opened, but with remarks:\n" + log)


harness.main(test)
