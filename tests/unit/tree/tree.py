# SPDX-License-Identifier: Apache-2.0
"""What the structure tests share: walking the source tree, and a test of the test.

Each test is a function from a root folder to findings. main() first gives it a
small tree that is wrong on purpose and expects the findings that tree deserves;
a test that could not fail fails there. Then it gives it the real one.
"""
import os
import re
import sys
import tempfile

ROOT = os.path.realpath(os.environ.get("SAKER_SOURCE_ROOT", os.path.join(os.path.dirname(__file__), "../../..")))
BUILD = os.environ.get("SAKER_BUILD_ROOT", os.path.join(ROOT, "build"))
LIBRARIES = ("libcapture", "libenrich", "librules", "liboutput")
FOLDERS = LIBRARIES + ("common", "driver", "tools", "examples", "tests")
C_SOURCES = (".c", ".h", ".cc", ".def")


def files(root, endings=()):
    """Paths below root, relative to it: no build trees, no git, no caches."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(d for d in subfolders if d not in (".git", "__pycache__", ".vscode")
                               and not (folder == root and d.startswith("build"))
                               and not os.path.exists(os.path.join(folder, d, "meson-private")))
        for name in sorted(names):
            if not endings or name.endswith(tuple(endings)):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def without_comments(text, strings=True):
    """C text with comments (and the insides of literals) blanked, line numbers kept."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found if not strings else found[0] + found[0]
        return re.sub(r"[^\n]", " ", found)
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.DOTALL)


def public_headers(root, library=None):
    """{header as included: library} for <saker/...>; base.h belongs to common."""
    found = {}
    for owner in (library,) if library else LIBRARIES + ("common",):
        folder = os.path.join(root, owner, "include", "saker")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if name.endswith(".h"):
                found["saker/" + name] = owner
    return found


def main(test, wrong, expected):
    """wrong: {path: text} of a tree that must give one finding for each pattern in expected."""
    with tempfile.TemporaryDirectory(prefix="saker-tree-") as root:
        for path, text in wrong.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        findings = test(root)
        blind = [p for p in expected if not any(re.search(p, f) for f in findings)]
        if blind or len(findings) != len(expected):
            print("the test does not see what is wrong on purpose: wanted %s, found %s" % (expected, findings))
            sys.exit(1)
    findings = test(ROOT)
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
