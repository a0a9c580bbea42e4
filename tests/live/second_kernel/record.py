# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/attacks.scap anew: python3 record.py, with SAKER_BUILD_ROOT as the tests have it.

In the machine of the second kernel, so that nothing of the one at hand is in it:
no names, no processes, no addresses. A web server that was broken into: what it
runs raises alerts of the rules that come with the agent. See tests/data/README.md.
"""
import base64
import os
import sys

import machine
from machine import harness
from harness import ACTOR, BUILD, SOURCE, check

EVTCAP = os.path.join(BUILD, "tools", "evtcap", "evtcap")
TO = os.path.join(SOURCE, "tests", "data", "attacks.scap")
HOSTNAME = "web-1"

# What the intruder has the server run, in order. With paths, as busybox's shell runs its own applets otherwise.
ACTS = """
/bin/cat /etc/shadow
/bin/find /home -name id_rsa
/bin/ln -s /etc/shadow /tmp/notes
/bin/cp /bin/true /dev/shm/.cache
/dev/shm/.cache
actor memfd /bin/true
actor wire /bin/sh -c 'exit 0'
/bin/cp /bin/true /tmp/helper
/bin/chmod u+s /tmp/helper
/bin/cp /dev/null /var/log/auth.log
/bin/rm /root/.bash_history
"""

JOB = """
hostname %s
mkdir -p /home/ada/.ssh
echo key > /home/ada/.ssh/id_rsa
echo > /root/.bash_history
echo > /var/log/auth.log
mkdir -p /srv
cp /bin/actor /srv/httpd
evtcap -z -w /record.scap > /dev/null 2> log &
recorder=$!
n=0
until [ -s /record.scap ] || [ $n -gt 100 ]; do
	sleep 1
	n=$((n + 1))
done
/srv/httpd spawn 0 /bin/sh /acts
sleep 3
kill -INT $recorder
wait $recorder
report log cat log
report capture base64 /record.scap
"""


def prepare(image):
    image.program(EVTCAP)
    image.program(ACTOR)
    image.write("acts", ACTS)
    image.write("job", JOB % HOSTNAME)


def main():
    results = machine.run(prepare)
    print(results.get("log")[1])
    code, text = results.get("capture")
    check(code == 0, "the capture cannot be had: " + text)
    data = base64.b64decode(text)
    with open(TO, "wb") as f:
        f.write(data)
    print("%s: %d bytes" % (TO, len(data)))


try:
    main()
except harness.Failure as failure:
    sys.exit(str(failure))
