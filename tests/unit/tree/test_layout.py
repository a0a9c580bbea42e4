# SPDX-License-Identifier: Apache-2.0
"""The shape of the tree: folders, licences, lengths, READMEs, functions that nobody may call."""
import os
import re

import tree

ROOT_FILES = ("README.md", "CONTRIBUTING.md", "LICENSE", "driver/LICENSE.GPL-2.0", "driver/LICENSE.MIT")
HIDDEN = {".git", ".ci", ".github"}
MAX_LINES = 1000  # tables (.def) may be longer
LICENSED = tree.C_SOURCES + (".py", ".sh", ".build", ".yaml", ".service", "meson_options.txt")
SCRIPTS = ("tools/quickstart", "tools/check", ".ci/run")
BANNED = re.compile(r"\b((?:__builtin_)?alloca|strcpy|v?sprintf|strtok|atoi|s?rand)\s*\(")
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X:")))


def folders(root):
    present = {d for d in os.listdir(root) if os.path.isdir(os.path.join(root, d))}
    built = {d for d in present if d.startswith("build") or os.path.exists(os.path.join(root, d, "meson-private"))}
    for folder in sorted(present - built - set(tree.FOLDERS) - HIDDEN):
        yield "%s/: not a folder of the design" % folder
    for folder in sorted(set(tree.FOLDERS) - present):
        yield "%s/: missing" % folder
    for folder in sorted(set(tree.FOLDERS) & present):
        if not os.path.exists(os.path.join(root, folder, "README.md")):
            yield "%s/README.md: missing" % folder
    for path in ROOT_FILES:
        if not os.path.exists(os.path.join(root, path)):
            yield "%s: missing" % path


def licence(path, text):
    kernel = path.startswith("driver/") and path.endswith(tree.C_SOURCES)
    want = "GPL-2.0-only OR MIT" if kernel else "Apache-2.0"
    found = re.search(r"SPDX-License-Identifier: ([^\n*]+?)\s*(\*/)?\n", "\n".join(text.split("\n")[:3]) + "\n")
    if not found:
        return "%s: no SPDX line at its start" % path
    return None if found.group(1) == want else "%s: licence %s, not %s" % (path, found.group(1), want)


def test(root):
    findings = list(folders(root))
    for path in tree.files(root):
        code = path.endswith(tree.C_SOURCES)
        # Seeds of fuzz targets and golden files are data: they are what they are.
        if "/seeds" in path or path.startswith(("tests/golden/", "tests/data/")):
            continue
        if not (path.endswith(LICENSED) or path in SCRIPTS):
            continue
        text = tree.read(root, path)
        if text:
            finding = licence(path, text)
            findings += [finding] if finding else []
        lines = text.count("\n")
        if lines > MAX_LINES and not path.endswith((".def", ".yaml")):
            findings.append("%s: %d lines, more than %d" % (path, lines, MAX_LINES))
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                findings.append("%s:%d: marked as unfinished" % (path, number))
        if code:
            for number, line in enumerate(tree.without_comments(text).split("\n"), 1):
                for name in BANNED.findall(line):
                    findings.append("%s:%d: calls %s" % (path, number, name))
    return findings


SPDX = "/* SPDX-License-Identifier: %s */\n"
WRONG = {folder + "/README.md": "" for folder in tree.FOLDERS if folder != "examples"}
WRONG.update({path: "" for path in ROOT_FILES if path != "LICENSE"})
WRONG.update({
    "plugins/x": "",
    "examples/a.c": SPDX % "Apache-2.0" + "/* sprintf(x) */ void f(void) { puts(\"atoi(\"); snprintf(0, 0, \"\"); }\n",
    "common/b.h": "int b;\n",
    "driver/c.c": SPDX % "Apache-2.0",
    "driver/d.c": SPDX % "GPL-2.0-only OR MIT",
    "tools/e.c": SPDX % "Apache-2.0" + "int f(void) { return atoi (x) + rand(); }\n",
    "tools/f.c": SPDX % "Apache-2.0" + "\n" * 1000,
    "tools/g.c": SPDX % "Apache-2.0" + "/* TO" + "DO */\n",
    "build/h.c": "",
})
tree.main(test, WRONG, [
    "plugins/: not a folder", "examples/README.md: missing", "^LICENSE: missing", "common/b.h: no SPDX",
    "driver/c.c: licence Apache-2.0", "tools/e.c:2: calls atoi", "tools/e.c:2: calls rand", "tools/f.c: 1001 lines",
    "tools/g.c:2: marked",
])
