# SPDX-License-Identifier: Apache-2.0
"""One of the capture tests beside this folder, run on the second kernel: test_capture.py NAME."""
import os
import re
import sys

import machine
from machine import harness
from harness import BUILD, SKIP, check

JOB = """
report kernel uname -r
report test %s
"""


def test():
    name = "live-capture-" + sys.argv[1]

    def prepare(image):
        folder = os.path.join(BUILD, "tests", "live", "capture")
        image.program(os.path.join(folder, name))
        if os.path.exists(os.path.join(folder, "actor-ia32")):
            image.program(os.path.join(folder, "actor-ia32"))
        image.write("job", JOB % name)

    results = machine.run(prepare)
    print("Linux %s" % results.get("kernel")[1])
    code, text = results.get("test")
    for case in sorted(set(re.findall(r"^\[  SKIPPED \] (\w+)$", text, re.MULTILINE))):
        print("skipped there: %s" % case)
    # It skips where the kernel does not let the probe in; this one has to.
    check("no live capture" not in text, "%s: the probe does not work there:\n%s" % (name, text))
    if code == SKIP:
        harness.skip("%s skips there: %s" % (name, text))
    check(code == 0, "%s: exit code %d\n%s" % (name, code, text))
    passed = re.search(r"^\[  PASSED  \] (\d+) test", text, re.MULTILINE)
    check(passed and int(passed.group(1)) > 0, "%s ran nothing:\n%s" % (name, text))
    print("%s: %s cases passed" % (name, passed.group(1)))


harness.main(test)
