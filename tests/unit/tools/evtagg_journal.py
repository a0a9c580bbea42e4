# SPDX-License-Identifier: Apache-2.0
"""A journal of alerts for the tests of evtagg's browsers and reports: small, known by heart, partly hostile."""
import json
import time

BASE = 1795199723
# rule, priority, alerts, hosts, process names
RULES = [
    ("Terminal shell in container", "Notice", 60, 3, ["bash", "sh", "sh"]),
    ("Read sensitive file untrusted", "Warning", 30, 2, ["cat"]),
    ("Write below etc", "Error", 12, 4, ["vi", "cp", "tee"]),
    ("Drop and execute new binary", "Critical", 2, 1, ["x"]),
]
HOSTILE = "<script>window.hacked=1</script> \"quoted\" 'single' & \x1b[31mred \u202eback"


def alert(rule, priority, at, host, **fields):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%09dZ" % (at % 1000)
    return {"hostname": host, "output": "%s: %s %s (user=root command=%s)" % (stamp[11:19], priority, rule, fields.get("proc.name")),
            "priority": priority, "rule": rule, "source": "syscall", "tags": ["T1059"], "time": stamp,
            "output_fields": {"evt.time": at * 10**9, "user.name": "root", **fields}}


def journal():
    lines = []
    for n, (rule, priority, count, hosts, names) in enumerate(RULES):
        for i in range(count):
            lines.append((BASE + n + i * 600, alert(rule, priority, BASE + n + i * 600, "web%02d" % (i % hosts),
                                                    **{"proc.name": names[i % len(names)], "user.uid": i % 2,
                                                       "container.id": None if i % 3 else "0123456789ab"})))
    return [json.dumps(a) for _, a in sorted(lines, key=lambda x: x[0])]


def hostile():
    """One that would be a script, one with bytes that are no UTF-8."""
    a = json.dumps(alert(HOSTILE, "Warning", BASE + 40000, "<b>host</b>", **{"proc.name": HOSTILE, "</script>": "x"}))
    b = json.dumps(alert("no UTF-8 @", "Warning", BASE + 40001, "web00", **{"proc.name": "a@b"}))
    return [a.encode(), b.encode().replace(b"@", b"\xff\xfe")]


def write(path, lines, mode="wb"):
    with open(path, mode) as f:
        for line in lines:
            f.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
