# SPDX-License-Identifier: Apache-2.0
"""Files as C strings: embed.py OUT.c FILE... gives each the name web_STEM_EXT, NUL-terminated."""
import os
import sys

with open(sys.argv[1], "w") as out:
    out.write("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by embed.py. */\n#include \"web.h\"\n")
    for path in sys.argv[2:]:
        with open(path, "rb") as f:
            data = f.read()
        data.decode()
        out.write("\nconst char web_%s[] = {\n" % os.path.basename(path).replace(".", "_"))
        for i in range(0, len(data), 24):
            out.write("".join("'\\x%02x'," % b for b in data[i:i + 24]) + "\n")
        out.write("'\\0'};\n")
