# SPDX-License-Identifier: Apache-2.0
"""The agent's filters: what the kernel is told to leave out raises no alert, and all else does."""
import json
import os
import shutil
import subprocess
import tempfile

import harness
from harness import Agent, check

RULE = [{
    "rule": "Subject read",
    "desc": "Somebody reads a file of the test.",
    "condition": "evt.type in (open, openat, openat2) and fd.name endswith /saker-subject",
    "output": "%proc.name",
    "priority": "NOTICE",
}]


def readers(folder, options):
    """Which of two copies of one program the agent tells of."""
    rules = os.path.join(folder, "rules.yaml")
    subject = os.path.join(folder, "saker-subject")
    with open(rules, "w") as f:
        json.dump(RULE, f)
    with open(subject, "w") as f:
        f.write("x")
    with Agent([rules], options) as agent:
        for name in ("first", "second"):
            program = os.path.join(folder, name)
            if not os.path.exists(program):
                shutil.copy("/bin/cat", program)
            subprocess.run([program, subject], stdout=subprocess.DEVNULL, check=True)
        return [a["output_fields"]["proc.name"] for a in agent.fence() if a["rule"] == RULE[0]["rule"]]


def test():
    harness.require_live()
    folder = tempfile.mkdtemp(prefix="saker-filters-")
    try:
        for filters, expected in (("[]", ["first", "second"]), ("[comm!=second]", ["first"])):
            names = readers(folder, ["engine.modern_ebpf.filters=" + filters])
            print("%s: %s" % (filters, names))
            check(names == expected, "with %s the agent tells of %s, not of %s" % (filters, names, expected))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


harness.main(test)
