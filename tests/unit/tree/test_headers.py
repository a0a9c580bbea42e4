# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles on its own, as C and as C++, without a warning."""
import os
import shutil
import subprocess

import tree

COMPILERS = (
    (("cc", "gcc", "clang"), ["-x", "c", "-std=gnu17", "-Wall", "-Wextra", "-Wstrict-prototypes"]),
    (("c++", "g++", "clang++"), ["-x", "c++", "-std=c++17", "-Wall", "-Wextra"]),
)


def test(root):
    findings = []
    includes = ["-I" + os.path.join(root, owner, "include") for owner in tree.LIBRARIES + ("common",)]
    includes.append("-I" + os.path.join(root, "driver"))  # schema/ is installed beside the headers
    for names, flags in COMPILERS:
        compiler = next((shutil.which(name) for name in names if shutil.which(name)), None)
        if not compiler:
            findings.append("none of the compilers %s is installed" % ", ".join(names))
            continue
        for header in tree.public_headers(root):
            # Twice, as the guard must hold.
            source = "#include <%s>\n#include <%s>\n" % (header, header)
            done = subprocess.run([compiler, *flags, "-Werror", "-fsyntax-only", *includes, "-"],
                                  input=source, stderr=subprocess.PIPE, text=True)
            if done.returncode:
                findings.append("%s %s: %s" % (header, flags[1], done.stderr.strip()))
    return findings


tree.main(test, {
    "common/include/saker/base.h": "#pragma once\nstruct saker_a { int class; };\n",
    "librules/include/saker/rules.h": "#pragma once\nint saker_f(size_t n);\n",
    "liboutput/include/saker/output.h": "#pragma once\n#include <stddef.h>\nint saker_g(size_t n);\n",
}, [r"base.h x c\+\+|base.h c\+\+", r"rules.h c\b", r"rules.h c\+\+"])
