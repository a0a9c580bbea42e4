# SPDX-License-Identifier: Apache-2.0
"""Each library installs alone by its tags, and a program builds, links and runs with what was installed.

The test of the test: without a library's own tag the same program must not build.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tree

PROGRAMS = {
    "libcapture": "#include <saker/capture.h>\nint main(void) { return saker_event_info(0) ? 0 : 1; }\n",
    "librules": "#include <saker/rules.h>\nint main(void) { enum saker_priority p;\n"
                "return saker_priority_parse(\"info\", &p) || p != SAKER_PRIORITY_INFORMATIONAL; }\n",
    "libenrich": "#include <saker/enrich.h>\nint main(void) { return saker_enrich_catalogue()->n_fields ? 0 : 1; }\n",
    "liboutput": "#include <saker/output.h>\nint main(void) { return saker_output_free(NULL) ? 1 : 0; }\n",
}
NEEDS = {"libenrich": ("libcapture", "librules")}  # as its .pc file says


def install(folder, libraries, kinds=("", "-dev")):
    tags = ",".join(library + kind for library in libraries for kind in kinds)
    done = subprocess.run([shutil.which("meson"), "install", "-C", tree.BUILD, "--no-rebuild", "--quiet",
                           "--destdir", folder, "--tags", tags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        sys.exit(1)


def strangers(folder, libraries):
    """What was installed and belongs to none of the libraries."""
    headers = {"saker/base.h"} | {h for library in libraries for h in tree.public_headers(tree.ROOT, library)}
    for path in tree.files(folder):
        name = os.path.basename(path)
        if path.endswith(tuple(headers)) or ("libcapture" in libraries and "/saker/schema/" in path):
            continue
        if not re.match(r"(%s)(\.so(\.\d+)*|\.pc)$" % "|".join(libraries), name):
            yield path


def build_and_run(folder, library):
    """None, or what went wrong."""
    pc = [os.path.dirname(os.path.join(folder, p)) for p in tree.files(folder, (".pc",))]
    if not pc:
        return "no .pc file"
    environment = dict(os.environ, PKG_CONFIG_LIBDIR=pc[0], PKG_CONFIG_SYSROOT_DIR=folder,
                       PKG_CONFIG_ALLOW_SYSTEM_CFLAGS="1", PKG_CONFIG_ALLOW_SYSTEM_LIBS="1")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", library], env=environment, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    if flags.returncode:
        return flags.stderr.strip()
    libdir = os.path.dirname(pc[0])
    program = os.path.join(folder, "program")
    sanitize = ["-fsanitize=address,undefined"] if "-fsanitize" in tree.read(tree.BUILD, "build.ninja") else []
    done = subprocess.run(["cc", "-std=gnu17", "-Wall", "-Werror", *sanitize, "-x", "c", "-", "-o", program, "-x", "none",
                           *flags.stdout.split(), "-Wl,-rpath-link," + libdir], input=PROGRAMS[library],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return done.stderr.strip()
    done = subprocess.run([program], env=dict(os.environ, LD_LIBRARY_PATH=libdir), stderr=subprocess.PIPE, text=True)
    return None if done.returncode == 0 else "it ran and ended with %d: %s" % (done.returncode, done.stderr.strip())


def main():
    for tool in ("meson", "pkg-config", "cc"):
        if not shutil.which(tool):
            print("SKIP: %s is not installed" % tool)
            sys.exit(77)
    findings = []
    for library in tree.LIBRARIES:
        libraries = (library,) + NEEDS.get(library, ())
        with tempfile.TemporaryDirectory(prefix="saker-install-") as folder:
            install(folder, libraries, ("-dev",))
            if not build_and_run(folder, library):
                findings.append("%s: a program builds without the library being installed" % library)
            install(folder, libraries)
            findings += ["%s installs %s, which is not its own" % (library, p) for p in strangers(folder, libraries)
                         if os.path.basename(p) != "program"]
            problem = build_and_run(folder, library)
            if problem:
                findings.append("%s, installed alone: %s" % (library, problem))
    print("\n".join(findings) or "all four install alone")
    sys.exit(1 if findings else 0)


main()
