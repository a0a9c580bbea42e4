# SPDX-License-Identifier: Apache-2.0
"""The capabilities that examples/saker.service leaves the agent are enough, and none that it needs is missing."""
import os
import re
import shutil

import harness
from harness import Agent, Failure, check

UNIT = os.path.join(harness.SOURCE, "examples", "saker.service")


def bounded(capabilities):
    """A wrapper that leaves only these, for good."""
    names = ["+" + name.lower().replace("cap_", "") for name in capabilities]
    return ["setpriv", "--bounding-set", ",".join(["-all"] + names), "--inh-caps=-all", "--no-new-privs"]


def test():
    harness.require_live()
    if not shutil.which("setpriv"):
        harness.skip("setpriv is not installed")
    with open(UNIT) as f:
        capabilities = re.search(r"^CapabilityBoundingSet=(.*)$", f.read(), re.MULTILINE).group(1).split()
    with Agent([harness.OUR_RULES], wrapper=bounded(capabilities)) as agent:
        # On a machine that has no time for us an event may be dropped; that is another test's business.
        for _ in range(5):
            harness.run(["cat", "/etc/shadow"])
            if any(a["rule"].startswith("Account secrets") for a in agent.fence()):
                break
        else:
            raise Failure("reading /etc/shadow raised no alert:\n" + harness.tell(agent.alerts))
        agent.stop()
    # Without any, it must say so and end, rather than run and see nothing.
    try:
        with Agent([harness.OUR_RULES], wrapper=bounded([])):
            raise Failure("the agent runs without any capability")
    except Failure as failure:
        check("ended by itself with code 3" in str(failure) and "CAP_BPF" in str(failure), str(failure))
    print("enough: " + " ".join(capabilities))


harness.main(test)
