# SPDX-License-Identifier: Apache-2.0
"""Rules change while the agent runs: new ones take effect without a restart, bad ones leave the old in force.

Meanwhile a file is opened all the time: a reload loses none of it.
"""
import json
import signal
import subprocess
import time

import harness
from harness import Agent, Failure, check


def rules_for(path, name):
    return json.dumps([{"rule": name, "desc": "A file of the test was opened.", "priority": "NOTICE",
                        "condition": "evt.type in (open, openat) and fd.name = " + path,
                        "output": "opened %fd.name"}])


def wait_for(agent, text):
    end = time.monotonic() + 10
    while text not in agent.errors():
        if time.monotonic() > end:
            raise Failure("the agent did not say '%s':\n%s" % (text, agent.errors()))
        time.sleep(0.02)


def test():
    harness.require_live()
    with harness.tempfile.TemporaryDirectory(prefix="saker-live-") as folder:
        path, rules = folder + "/watched", folder + "/rules.yaml"
        open(path, "w").close()
        with open(rules, "w") as f:
            f.write(rules_for(path, "First"))
        with Agent([rules]) as agent:
            # Ends when the stop file is there, and when the folder is gone because the test failed.
            opener = subprocess.Popen(
                ["sh", "-c", 'i=0; while [ ! -e "$2" ]; do : < "$1" || exit 1; i=$((i + 1)); sleep 0.001; done; echo $i',
                 "sh", path, folder + "/stop"], stdout=subprocess.PIPE, text=True)
            time.sleep(0.1)
            with open(rules, "w") as f:
                f.write("- rule: Second\n  condition: (evt.type =\n")
            agent.process.send_signal(signal.SIGHUP)
            wait_for(agent, "were not loaded again")
            with open(rules, "w") as f:
                f.write(rules_for(path, "Second"))
            agent.process.send_signal(signal.SIGHUP)
            wait_for(agent, "rules loaded again")
            time.sleep(0.1)
            open(folder + "/stop", "w").close()
            opened = int(opener.communicate(timeout=10)[0])
            alerts = agent.fence()
            agent.stop()
    names = [a["rule"] for a in alerts if a["rule"] in ("First", "Second")]
    check(any(a["rule"].startswith("Falco internal: hot restart failure") for a in alerts),
          "the failed reload raised no alert")
    check(names == sorted(names), "the old rules matched after the new ones did")
    check("First" in names and "Second" in names, "the rules before or after the reload never matched")
    check(len(names) == opened, "%d of %d openings were reported" % (len(names), opened))
    print("%d alerts of the old rules, %d of the new, none lost" % (names.count("First"), names.count("Second")))


harness.main(test)
