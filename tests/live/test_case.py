# SPDX-License-Identifier: Apache-2.0
"""One case: the agent runs Falco's stable rules (or ours), the thing is done, the alert must name it."""
import sys

import cases
import harness
from harness import Agent, check, find, tell


def test():
    case = next(c for c in cases.CASES if c.name == sys.argv[1])
    harness.require_live()
    with Agent(harness.stable_rules()) as agent:
        check(not find(agent.fence(), case.rule(), case.fields), "the alert was there before anything was done")
        try:
            case.act(agent)
        except cases.Unable as reason:
            harness.skip(str(reason))
        alerts = agent.fence()
        alert = find(alerts, case.rule(), case.fields)
        check(alert, "no alert of rule '%s' as expected; there were:\n%s" % (case.rule(), tell(alerts)))
        for key in ("hostname", "output", "priority", "source", "tags", "time"):
            check(alert.get(key), "the alert has no %s: %s" % (key, alert))
        agent.stop()
    print(alert["output"])


harness.main(test)
