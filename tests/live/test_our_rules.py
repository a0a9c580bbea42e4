# SPDX-License-Identifier: Apache-2.0
"""Every rule we ship fires when the thing is done, in one run of the agent; a rule without a case fails."""
import cases
import harness
import re
from harness import Agent, Failure, check, find, tell


def test():
    with open(harness.OUR_RULES) as f:
        rules = set(re.findall(r"^- rule: (.*)$", f.read(), re.MULTILINE))
    ours = [c for c in cases.CASES if c.ours in rules]
    uncovered = rules - {c.ours for c in ours}
    check(not uncovered, "rules that no case in cases.py makes fire: %s" % ", ".join(sorted(uncovered)))

    harness.require_live()
    missing = []
    with Agent([harness.OUR_RULES]) as agent:
        for case in ours:
            before = len(agent.fence())
            try:
                case.act(agent)
            except cases.Unable as reason:
                print("left out: %s: %s" % (case.name, reason))
                continue
            except Failure as failure:
                missing.append("%s: %s" % (case.name, failure))
                continue
            alerts = agent.fence()[before:]
            if find(alerts, case.ours, case.fields):
                print("fired: %s (%s)" % (case.ours, case.name))
            else:
                missing.append("%s: no alert of '%s' as expected; there were:\n%s"
                               % (case.name, case.ours, tell(alerts)))
        agent.stop()
    check(not missing, "\n".join(missing))


harness.main(test)
