# SPDX-License-Identifier: Apache-2.0
"""Every export is documented where it is declared: a comment right above it or above its group."""
import re

import tree


def undocumented(text):
    """Names declared in a run of lines (no blank one between) that has no comment before them."""
    for block in re.split(r"\n[ \t]*\n", text):
        commented = False
        for part in re.split(r"(/\*.*?\*/)", block, flags=re.DOTALL):
            if part.startswith("/*"):
                commented = True
                continue
            for name in re.findall(r"\bSAKER_PUBLIC\b[^;{]*?\b(saker_\w+)\s*\(", part):
                if not commented:
                    yield name


def test(root):
    findings = []
    for header, owner in tree.public_headers(root).items():
        path = owner + "/include/" + header
        findings += ["%s: %s has no comment" % (path, name) for name in undocumented(tree.read(root, path))]
    return findings


tree.main(test, {
    "librules/include/saker/rules.h": """
/* Of the file. */

SAKER_PUBLIC int saker_a(void);

/* Says what. */
SAKER_PUBLIC int saker_b(int n,
			 int m);
SAKER_PUBLIC int saker_c(void);

struct saker_x {
	int a; /* not about d */
};

SAKER_PUBLIC int saker_d(void);
""",
}, ["saker_a has no comment", "saker_d has no comment"])
