# SPDX-License-Identifier: Apache-2.0
"""A process opens and closes flat out: what was seen is delivered or counted as dropped, to the last event.

Two million events; SAKER_FLOOD in the environment sets another number.
"""
import os
import time

import harness
from harness import ACTOR, Agent, check, counters, run

DROP_LIMIT = 0.5  # of what was seen; gross excess, the figure itself is printed


def test():
    harness.require_live()
    events = int(os.environ.get("SAKER_FLOOD", "2000000"))
    with Agent(harness.stable_rules()) as agent:
        agent.fence()
        began = time.monotonic()
        run([ACTOR, "flood", str(events // 2)])
        seconds = time.monotonic() - began
        agent.fence(60)
        summary = agent.stop()
    seen, delivered, dropped = counters(summary)
    print("%d events in %.2f s (%.2f M/s): seen %d = delivered %d + dropped %d (%.2f %%)"
          % (events, seconds, events / seconds / 1e6, seen, delivered, dropped, 100.0 * dropped / max(seen, 1)))
    check(seen == delivered + dropped, "seen %d is not delivered %d + dropped %d" % (seen, delivered, dropped))
    check(seen >= events, "seen %d is less than the %d events that were made" % (seen, events))
    check(dropped <= DROP_LIMIT * seen, "dropped more than %d %%" % (100 * DROP_LIMIT))


harness.main(test)
