# SPDX-License-Identifier: Apache-2.0
"""A file is seen whatever way it is opened: through a ring, by a link; and the alert says so."""
import cases
import harness
from harness import Agent, check, find, tell

NAMES = ("read-untrusted", "ring-shadow", "ring-via", "linked-shadow")


def test():
    harness.require_live()
    with Agent([harness.FIXTURE_RULES, harness.OUR_RULES]) as agent:
        for name in NAMES:
            case = next(c for c in cases.CASES if c.name == name)
            before = len(agent.fence())
            try:
                case.act(agent)
            except cases.Unable as reason:
                harness.skip(str(reason))
            alerts = agent.fence()[before:]
            alert = find(alerts, case.ours, case.fields)
            check(alert, "no alert of rule '%s' as expected; there were:\n%s" % (case.ours, tell(alerts)))
            print(alert["output"])
        agent.stop()


harness.main(test)
