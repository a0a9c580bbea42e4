# SPDX-License-Identifier: Apache-2.0
"""What a library's headers declare, what its map names and what its .so exports are the same.

And nothing in it can change at run time but what a caller allocated: no symbol
of ours in .data or .bss.
"""
import os
import re
import shutil
import subprocess

import tree

DECLARATION = re.compile(r"\bSAKER_PUBLIC\b[^;{]*?\b(saker_\w+)\s*\(")
# The compiler's own, in every shared library.
RUNTIME_DATA = re.compile(r"^(completed\.\d+|__dso_handle|__TMC_END__|__bss_start|_edata|_end|_DYNAMIC|DW\.ref\..*|\.\w+"
                          r"|__cpu_model|__cpu_features2)$")


def declared(root, library):
    names = set()
    for header in tree.public_headers(root, library):
        names |= set(DECLARATION.findall(tree.without_comments(tree.read(root, library + "/include/" + header))))
    return names


def mapped(root, library):
    text = tree.without_comments(tree.read(root, "%s/%s.map" % (library, library)))
    block = re.search(r"global:(.*?)local:", text, re.DOTALL)
    return set(re.findall(r"\b(\w+)\s*;", block.group(1))) if block else set()


def exported(path):
    done = subprocess.run(["nm", "-D", "--defined-only", path], stdout=subprocess.PIPE, text=True, check=True)
    symbols = (line.split() for line in done.stdout.splitlines())
    return {s[-1].split("@")[0] for s in symbols if s[-2] not in "Aa"}


def mutable(path):
    """Objects in writable sections, constants that merely need relocation left out."""
    sections = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    writable = {n for n, name in re.findall(r"\[\s*(\d+)\]\s+(\S+)", sections) if name in (".data", ".bss")}
    symbols = subprocess.run(["readelf", "-sW", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    names = set()
    for line in symbols.splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[6] in writable and fields[3] == "OBJECT" and not RUNTIME_DATA.match(fields[7]):
            names.add(fields[7])
    return names


def compare(library, what, names, other, others):
    for name in sorted(names - others):
        yield "%s: %s is %s but not %s" % (library, name, what, other)
    for name in sorted(others - names):
        yield "%s: %s is %s but not %s" % (library, name, other, what)


def test(root):
    findings = []
    for library in tree.LIBRARIES:
        if not os.path.exists(os.path.join(root, library, library + ".map")):
            findings.append("%s has no map file" % library)
            continue
        names = mapped(root, library)
        findings += compare(library, "declared", declared(root, library), "mapped", names)
        findings += ["%s: %s does not start with saker_" % (library, n) for n in sorted(names)
                     if not n.startswith("saker_")]
        # The negative tree has its libraries inside, the real one in the build folder.
        built = os.path.join(tree.BUILD if root == tree.ROOT else root, library, library + ".so")
        if root == tree.ROOT or os.path.exists(built):
            findings += compare(library, "mapped", names, "exported", {n for n in exported(built) if n != "SAKER_0"})
            if not any(n.startswith("__asan") for n in imported(built)):
                findings += ["%s: %s is a mutable global" % (library, n) for n in sorted(mutable(built))]
    return findings


def imported(path):
    done = subprocess.run(["nm", "-D", "--undefined-only", path], stdout=subprocess.PIPE, text=True, check=True)
    return {line.split()[-1] for line in done.stdout.splitlines() if line.split()}


def wrong_library():
    """A library that exports a function too many and has a counter that changes."""
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.so")
        subprocess.run([shutil.which("cc") or "gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", path], check=True, text=True,
                       input="int saker_b(void);\nint saker_b(void) { static int n = 1; return n++; }\n"
                             "int saker_c(void);\nint saker_c(void) { return 0; }\n")
        with open(path, "rb") as f:
            return f.read()


def test_with_library(root):
    if root != tree.ROOT:
        with open(os.path.join(root, "librules", "librules.so"), "wb") as f:
            f.write(wrong_library())
    return test(root)


def map_file(*names):
    return "SAKER_0 {\nglobal:\n%slocal:\n\t*;\n};\n" % "".join("\t%s;\n" % n for n in names)


tree.main(test_with_library, {
    "librules/include/saker/rules.h": "SAKER_PUBLIC int saker_a(void);\n/* SAKER_PUBLIC int saker_x(void); */\n"
                                      "SAKER_PUBLIC struct saker_y *saker_b(\n\tint n);\n",
    "librules/librules.map": map_file("saker_b", "rules_d"),
    "libcapture/libcapture.map": map_file("saker_e"),
    "libenrich/libenrich.map": map_file(),
}, [
    "librules: saker_a is declared but not mapped",
    "librules: rules_d is mapped but not declared",
    "librules: rules_d does not start",
    "librules: rules_d is mapped but not exported",
    "librules: saker_c is exported but not mapped",
    "librules: n.0 is a mutable global|librules: n.* is a mutable global",
    "libcapture: saker_e is mapped but not declared",
    "liboutput has no map file",
])
