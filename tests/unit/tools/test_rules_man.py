#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of saker-rules(7) do what the page says: rulecheck validates each of them.

An example follows a comment .\\" example: KIND, where KIND is rules (a good file), condition,
output (each a part of a good rule) or the code of the one error that the file has.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

RULE = """- rule: r
  desc: d
  condition: >
    {}
  output: >
    {}
  priority: INFO
  warn_evttypes: false
"""


def examples(page):
    """Yields (kind, text), the text as a reader sees it."""
    for kind, body in re.findall(r'^\.\\" example: (\S+)\n\.EX\n(.*?)^\.EE$', page, re.M | re.S):
        yield kind, body.replace("\\-", "-").replace("\\e", "\\")


def verdict(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        run = subprocess.run([os.environ["RULECHECK_EXE"], "validate", "--json", file.name],
                             capture_output=True, text=True, check=False)
    return json.loads(run.stdout)["falco_load_results"][0]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        page = file.read()
    failed = 0
    seen = {}
    for kind, text in examples(page):
        seen[kind] = seen.get(kind, 0) + 1
        if kind == "condition":
            text = RULE.format(text.strip(), "o")
        elif kind == "output":
            text = RULE.format("evt.type = open", text.strip())
        result = verdict(text)
        found = [e["code"] for e in result["errors"]]
        expected = [kind] if kind.startswith("LOAD_") else []
        if found != expected or (not expected and result["warnings"]):
            failed += 1
            print(f"{kind}: expected {expected}, found {result['errors']} {result['warnings']}:\n{text}")
    if sum(seen.values()) < 8 or "rules" not in seen or "@" in page.replace("@VERSION@", ""):
        failed += 1
        print(f"the page has too few examples or a table is missing: {seen}")
    print(f"{sum(seen.values())} examples, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
