# SPDX-License-Identifier: Apache-2.0
"""Includes cross from folder to folder only where the design lets them."""
import os
import re

import tree

# Who may see whose private files, and whose public headers.
PRIVATE = {
    "common": {"common"},
    "driver": {"driver"},
    "libcapture": {"libcapture", "common", "driver"},
    "librules": {"librules", "common"},
    "libenrich": {"libenrich", "common"},
    "liboutput": {"liboutput", "common"},
    "tools": {"tools", "common"},
    "examples": {"examples"},
}
PUBLIC = {
    "common": {"common"},
    "driver": set(),
    "libcapture": {"libcapture", "common"},
    "librules": {"librules", "common"},
    "libenrich": {"libenrich", "libcapture", "librules", "common"},
    "liboutput": {"liboutput", "common"},
    "tools": set(tree.LIBRARIES) | {"common"},
    "examples": set(tree.LIBRARIES) | {"common"},
}
# Which folders may use which foreign library.
FOREIGN = {
    r"bpf/": {"driver", "libcapture"},
    r"(libelf|gelf)\.h$": {"libcapture"},
    r"zlib\.h$": {"common", "libcapture"},
    r"isa-l/": {"common"},
    r"zstd\.h$|systemd/|ncurses\.h$": {"tools"},
    r"yaml\.h$": {"librules", "tools"},
    r"re2/|hs\.h$": {"librules"},
    r"jansson\.h$|curl/": {"libenrich", "liboutput", "tools"},
    r"nghttp2/": {"libenrich"},
    r"microhttpd\.h$": {"liboutput"},
}
STANDARD = re.compile(r"^(assert|ctype|errno|inttypes|limits|math|signal|stdarg|stdbool|stddef|stdint|stdio|stdlib"
                      r"|string|time)\.h$")
INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", re.MULTILINE)


def findings_of(root, path, headers):
    owner = path.split(os.sep)[0]
    public = "/include/saker/" in path
    for mark, name in INCLUDE.findall(tree.without_comments(tree.read(root, path), strings=False)):
        def wrong(why):
            return "%s: includes %s%s: %s" % (path, name, "" if mark == '"' else " (<>)", why)
        if name.startswith("saker/"):
            if name not in headers:
                yield wrong("there is no such public header")
            elif headers[name] not in PUBLIC[owner]:
                yield wrong("%s may not see %s" % (owner, headers[name]))
            continue
        if mark == "<":
            if public and not STANDARD.match(name):
                yield wrong("a public header needs only standard C and <saker/...>")
            for pattern, allowed in FOREIGN.items():
                if re.search(pattern, name) and owner not in allowed:
                    yield wrong("only %s may use it" % ", ".join(sorted(allowed)))
            continue
        # The schema's tables are installed beside libcapture's headers, as schema/.
        if public and not (owner == "libcapture" and name.startswith("schema/")):
            yield wrong("a public header cannot include a private one")
        # A private file: beside this one, or from the roots that the build adds.
        for base in (os.path.dirname(path), "", "driver", owner + "/src", os.path.join(owner, "bpf")):
            found = os.path.normpath(os.path.join(base, name))
            if os.path.exists(os.path.join(root, found)):
                if found.split(os.sep)[0] not in PRIVATE[owner]:
                    yield wrong("%s may not see inside %s" % (owner, found.split(os.sep)[0]))
                break


def test(root):
    headers = tree.public_headers(root)
    return [f for path in tree.files(root, tree.C_SOURCES) if path.split(os.sep)[0] in PRIVATE
            for f in findings_of(root, path, headers)]


tree.main(test, {
    "common/include/saker/base.h": "",
    "libcapture/include/saker/capture.h": "#include <saker/base.h>\n",
    "liboutput/include/saker/output.h": "#include <jansson.h>\n",
    "librules/include/saker/rules.h": "#include \"../src/ast.h\"\n",
    "librules/src/ast.h": "/* #include <saker/capture.h> */\n",
    "librules/src/a.c": "#include <saker/capture.h>\n",
    "libenrich/src/b.c": "#include <saker/capture.h>\n#include \"schema/events.def\"\n",
    "driver/schema/events.def": "",
    "examples/c.c": "#include <saker/nothing.h>\n#include \"common/util.h\"\n",
    "common/util.h": "",
    "tools/x/d.c": "#include <bpf/libbpf.h>\n",
}, [
    "output.h: includes jansson.h",
    "rules.h: includes ../src/ast.h",
    "a.c: includes saker/capture.h.*librules may not see libcapture",
    "b.c: includes schema/events.def.*libenrich may not see inside driver",
    "c.c: includes saker/nothing.h",
    "c.c: includes common/util.h: examples may not see inside common",
    "d.c: includes bpf/libbpf.h",
])
