# SPDX-License-Identifier: Apache-2.0
"""evtagg held against a plain reading in Python: python3 test_evtagg.py CASE

counts    rules, priorities, last times of journals of old and new Falco versions, whole and damaged
formats   the same alerts wrapped in every way that evtagg unwraps
inputs    files, compressed files, folders, standard input, hosts out of file names
follow    a file that grows and is rotated
broken    lines that are malformed, huge or deep: counted, told, and no good line lost
queries   filters, windows, distinct counts, buckets, bursts, what is new or rare
views     the table, CSV, Markdown
threads   large files, read by several threads
memory    more groups than memory holds: bounds that are kept
export    the Prometheus counters
journal   a real journal file (needs systemd-journal-remote)
usage     exit codes and complaints
Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import collections
import csv
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

EVTAGG = os.environ["EVTAGG_EXE"]
BASE = 1795199723
REMOTE = "/lib/systemd/systemd-journal-remote"


def skip(reason):
    print("SKIP: " + reason)
    sys.exit(77)


def check(good, *what):
    if not good:
        raise AssertionError(" ".join(str(w) for w in what))


def equal(got, want, what=""):
    check(got == want, what, "is", got, "not", want)


def run(*args, stdin=None, code=0):
    done = subprocess.run([EVTAGG, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(done.returncode == code, args, "exit", done.returncode, "not", code, done.stderr.decode())
    return done


def query(*args, stdin=None, code=0):
    return json.loads(run("--json", "-q", *args, stdin=stdin, code=code).stdout)


def rows(answer, column="rule"):
    return {r["key"][column]: r["count"] for r in answer["rows"]}


# ---- alerts -------------------------------------------------------------------------

RULES = ["Terminal shell in container", "Read sensitive file untrusted", "Quoted \"rule\"", "Regel f\u00fcr \u20ac",
         "Contact K8S API Server From Container", "a", "Falco internal: syscall event drop"]
PRIORITIES = ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"]


def alert(r, i, **fields):
    """One alert; old versions have no hostname, source or tags."""
    rule = r.randrange(len(RULES))
    at = "%s.%09dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BASE + i)), r.randrange(10**9))
    a = {"output": "%s: %s what happened (user=root command=sh -c \"x\\n\")" % (at[11:29], PRIORITIES[rule]),
         "priority": PRIORITIES[rule] if r.random() < 0.9 else PRIORITIES[rule].upper(),
         "rule": RULES[rule], "time": at,
         "output_fields": {"evt.time": (BASE + i) * 10**9, "proc.name": r.choice(["sh", "bash", "cat", "\u00e9t\u00e9"]),
                           "user.uid": r.choice([0, 1000, -1]), "container.id": r.choice(["host", None, "0123456789ab"]),
                           "proc.cmdline": "sh -c \"%s\" {}[],:\\" % ("x" * r.randrange(200)), **fields}}
    if r.random() < 0.7:
        a.update(hostname="host%d" % r.randrange(4), source="syscall", tags=["T1", "container"])
    return a


def spell(r, a):
    """A line of it: keys in any order, blanks or none, escapes or none."""
    keys = list(a)
    r.shuffle(keys)
    return json.dumps({k: a[k] for k in keys}, ensure_ascii=r.random() < 0.5,
                      separators=r.choice([(",", ":"), (", ", ": "), (" , ", "\t:")]))


def plain_reading(data):
    """Counts, priority and time of the last, as the obvious script has it."""
    counts, last = collections.Counter(), {}
    for line in data.split(b"\n"):
        if not line.startswith(b"{"):
            continue
        try:
            a = json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            continue
        if "rule" in a and "output_fields" in a:
            rule = a["rule"] if isinstance(a["rule"], str) else json.dumps(a["rule"])
            counts[rule] += 1
            last[rule] = (a.get("priority"), a.get("time"))
    return counts, last


def same(data, answer, what):
    counts, last = plain_reading(data)
    equal(rows(answer), dict(counts), what)
    got = {r["key"]["rule"]: (r["priority"] or None, r["last_time"] or None) for r in answer["rows"]}
    equal(got, last, what)


def journal(seed, n, damage=0.0):
    r = random.Random(seed)
    lines = []
    for i in range(n):
        kind = r.random()
        line = spell(r, alert(r, i)).encode()
        if kind < 0.1:
            line = r.choice([b"Nov 20 18:35:23 host falco[1]: Loading rules", b"", b" " + line, b"[" + line + b"]",
                             b"2026-11-20T18:35:23+0000: Falco initialized", line.replace(b'"rule"', b'"rules"'),
                             b'{"rule":"no fields"}', b"\xff\xfe\x00binary"])
        elif kind < 0.1 + damage:
            at = r.randrange(1, len(line))
            line = r.choice([line[:at], line[:at] + line[at + 1:], line[:at] + bytes([r.choice(b'{}[]",:\\x0')]) + line[at:],
                             line + line, line[:at] + line[at - min(at, 40):], line[:-1] + b',"rule":"twice"}',
                             line[:at] + b"\x00" + line[at:], line[:-1] + b',"output_fields":{"proc.name":"last"}}'])
        lines.append(line)
    return b"\n".join(lines) + r.choice([b"", b"\n"])


def counts(folder):
    for seed in range(30):
        data = journal(seed, 400, damage=0.0 if seed % 3 == 0 else 0.4)
        same(data, query("-", stdin=data), "journal %d" % seed)
        answer = query("--strict", "-", stdin=data)
        same(data, answer, "journal %d, strict" % seed)
        read = answer["read"]
        equal(read["lines"], data.count(b"\n") + (not data.endswith(b"\n")))
        equal(read["lines"], read["alerts"] + read["json"] + read["text"] + read["broken"])
    # By a field, with values of every type and none.
    data = journal(7, 500)
    for field in ("proc.name", "user.uid", "container.id"):
        want = collections.Counter()
        for line in data.split(b"\n"):
            if line.startswith(b"{"):
                a = json.loads(line)
                if "rule" in a and "output_fields" in a:
                    want[a["output_fields"].get(field)] += 1
        equal(rows(query("--by", field, "-", stdin=data), field), dict(want), field)


# ---- formats --------------------------------------------------------------------------


def good_lines(n=200, seed=1):
    r = random.Random(seed)
    return [spell(r, alert(r, i)) for i in range(n)]


def export_format(lines):
    out = b""
    for i, line in enumerate(lines):
        message = line.encode()
        out += (b"__CURSOR=s=%d\n__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n_HOSTNAME=web%d\n"
                b"_SYSTEMD_UNIT=falco.service\nPRIORITY=6\n_MACHINE_ID=%032x\n" % (i, (BASE + i) * 10**6, i + 1, 7, i % 3, 9))
        out += b"MESSAGE\n" + struct.pack("<Q", len(message)) + message + b"\n" if i % 3 else b"MESSAGE=" + message + b"\n"
        out += b"\n"
    return out


def formats(folder):
    lines = good_lines()
    want, last = plain_reading("\n".join(lines).encode())
    stamp = "2026-11-20T18:35:23.178557652Z"
    journal_json = [{"__REALTIME_TIMESTAMP": str((BASE + i) * 10**6), "_HOSTNAME": "web%d" % (i % 3),
                     "MESSAGE": line if i % 4 else list(line.encode())} for i, line in enumerate(lines)]
    journal_json.insert(5, {"__REALTIME_TIMESTAMP": "1", "MESSAGE": None})
    wrapped = {
        "journal-json": "\n".join(map(json.dumps, journal_json)).encode(),
        "journal-export": export_format(lines),
        "docker": "\n".join(json.dumps({"log": line + "\n", "stream": "stdout", "time": stamp}) for line in lines).encode(),
        "cri": "\n".join("%s stdout P %s\n%s stderr F %s" % (stamp, line[:60], stamp, line[60:]) for line in lines).encode(),
        "syslog": "\n".join(("<13>Nov 20 18:35:23 web%d falco[12]: %s", "<14>1 %s web%%d falco 12 - - %%s" % stamp,
                             "%s web%%d falco: %%s" % stamp)[i % 3] % (i % 3, line) for i, line in enumerate(lines)).encode(),
    }
    for name, data in wrapped.items():
        for args in (["--format", name], []):
            if name == "syslog" and not args:
                continue
            answer = query(*args, "-", stdin=data)
            equal(rows(answer), dict(want), name)
            equal({r["key"]["rule"]: (r["priority"], r["last_time"]) for r in answer["rows"]}, last, name)
            if name not in ("docker", "cri"):
                hosts = rows(query(*args, "--by", "hostname", "-", stdin=data), "hostname")
                check({"web0", "web1", "web2"} <= set(hosts), name, hosts)
    # Syslog is not guessed at, but said.
    done = run("-", stdin=wrapped["syslog"])
    check(b"--format syslog" in done.stderr, done.stderr)
    # Text: rule, priority, fields.
    text = ("18:35:23.178557652: Warning A file was read | file=/etc/shadow command=cat /etc/shadow user=root\n"
            "not an alert: Warning\n"
            "2026-11-20T18:35:24.000000001+0000: Error A shell (user=root shell=bash)\n").encode()
    answer = query("--format", "text", "--by", "rule,file,shell", "-", stdin=text)
    equal([(r["key"], r["count"], r["priority"]) for r in answer["rows"]],
          [({"rule": "A file was read", "file": "/etc/shadow", "shell": None}, 1, "Warning"),
           ({"rule": "A shell", "file": None, "shell": "bash"}, 1, "Error")])
    equal(answer["rows"][1]["last_time"], "2026-11-20T18:35:24.000000001Z")
    equal(answer["read"]["no_time"], 1)
    rules = os.path.join(folder, "rules.yaml")
    with open(rules, "w") as f:
        f.write("- rule: The rule's name\n  desc: d\n  condition: evt.type=open\n  output: A file was read | file=%fd.name\n"
                "  priority: WARNING\n")
    equal(set(rows(query("--format", "text", "--rules", rules, "-", stdin=text))), {"The rule's name", "A shell"})
    check(b"--format text" in run("-", stdin=text).stderr)


def inputs(folder):
    lines = good_lines(300)
    data = ("\n".join(lines) + "\n").encode()
    want = dict(plain_reading(data)[0])
    twice = {k: 2 * v for k, v in want.items()}
    os.makedirs(folder + "/d/web07")
    for name, content in (("plain.jsonl", data), ("d/a.jsonl", data[:-1]), ("d/web07/falco.log", b""),
                          ("d/.hidden", data)):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    with open(folder + "/d/b.jsonl.gz", "wb") as f:
        f.write(gzip.compress(data[:1000]) + gzip.compress(data[1000:]))
    equal(rows(query(folder + "/plain.jsonl")), want)
    equal(rows(query(folder + "/d")), twice, "folder")
    equal(rows(query(folder + "/plain.jsonl", folder + "/d/b.jsonl.gz")), twice, "two files")
    equal(rows(query(stdin=data)), want, "standard input")
    equal(rows(query("-", stdin=gzip.compress(data))), want, "gzip on standard input")
    with open(folder + "/old.jsonl", "wb") as f:
        f.write(b'{"rule":"r","output_fields":{},"priority":"Error"}\n')
    shutil.copy(folder + "/old.jsonl", folder + "/d/web07/falco.log")
    equal(rows(query("--by", "hostname", folder + "/old.jsonl"), "hostname"), {"old": 1})
    equal(rows(query("--by", "hostname", folder + "/d/web07"), "hostname"), {"web07": 1})
    if shutil.which("zstd"):
        packed = subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout
        if b"without" not in subprocess.run([EVTAGG, "-"], input=packed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr:
            equal(rows(query("-", stdin=packed + packed)), twice, "zstd")
    else:
        print("zstd is not installed: not tried")
    # Damage is an error, and what came before counts.
    with open(folder + "/cut.gz", "wb") as f:
        f.write(gzip.compress(data)[:-20])
    done = run("--json", folder + "/cut.gz", code=1)
    check(b"cut off" in done.stderr, done.stderr)
    check(sum(rows(json.loads(done.stdout)).values()) > 200)
    run(folder + "/nothing", code=1)


def follow(folder):
    path = folder + "/alerts"
    line = '{"rule":"%s","output_fields":{},"priority":"Error"}\n'

    def write(text, mode="a"):
        with open(path, mode) as f:
            f.write(text)
    write(line % "old")
    process = subprocess.Popen([EVTAGG, "--json", "--follow", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    new_only = subprocess.Popen([EVTAGG, "--json", "--follow", "--new-only", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    write(line % "one" + (line % "half")[:20])
    time.sleep(0.5)
    write((line % "half")[20:] + (line % "no newline")[:-1])
    os.rename(path, path + ".1")
    write(line % "after rotation")
    time.sleep(0.7)
    write("", "w")
    time.sleep(0.5)
    write(line % "after a cut")
    time.sleep(0.7)
    for p, old in ((process, {"old": 1}), (new_only, {})):
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=20)
        equal(p.returncode, 0, err)
        answer = json.loads(out)
        equal(rows(answer), {**old, "one": 1, "half": 1, "no newline": 1, "after rotation": 1, "after a cut": 1})
        equal(answer["read"]["reconnects"], 2)


def broken(folder):
    good = b'{"rule":"good","output_fields":{"a":1},"time":"2026-11-20T18:35:23.000000000Z"}\n'
    bad = [b'{"rule":"x","output_fields":{"a":"trunc', b'{"rule":"x","output_fields":{}} {', b'{"rule":"x\x00","output_fields":{}}',
           b"{" * 100000, b'{"rule":"x","output_fields":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"rule":"\\q","output_fields":{}}',
           b'{"rule":01,"output_fields":{}}', b"{\x00\x00\x00}", b'{"rule":"x","output_fields":{}', b'{"a":1e}']
    odd = [b'{"rule":"odd","output_fields":{"n":1e999,"m":-123456789012345678901234567890}}',
           b'{"rule":"x","rule":"odd","output_fields":{}}',
           b'{"rule":"odd","output_fields":{"a":"' + b"y" * (100 << 20) + b'"}}']
    data = b"".join(good + line + b"\n" for line in bad + odd)
    path = folder + "/nasty"
    with open(path, "wb") as f:
        f.write(data)
    done = run("--json", "--broken", "100", path)
    answer = json.loads(done.stdout)
    equal(rows(answer), {"good": len(bad) + len(odd), "odd": 3})
    equal(answer["read"]["broken"], len(bad))
    told = re.findall(r":(\d+): broken line, byte \d+: ([^:]*):", done.stderr.decode())
    equal([int(number) for number, _ in told], [2 * i + 2 for i in range(len(bad))])
    equal(told[0][1], "truncated")
    equal(told[4][1], "nested too deep")
    check(all(c == "\n" or c >= " " for c in done.stderr.decode()), "a control character was let through")
    # Over the limit it is skipped, counted, and the next line is read.
    answer = query("--max-line", "1M", path)
    equal(rows(answer), {"good": len(bad) + len(odd), "odd": 2})
    equal(answer["read"]["too_long"], 1)
    equal(answer["read"]["lines"], 2 * (len(bad) + len(odd)))
    # Invalid UTF-8 loses no alert, unless every byte is to be checked.
    data = b'{"rule":"u","output_fields":{"proc.cmdline":"\xff\xfe"}}\n'
    equal(rows(query("-", stdin=data)), {"u": 1})
    equal(query("--strict", "-", stdin=data)["read"]["broken"], 1)
    json.loads(run("--json", "-q", "--by", "proc.cmdline", "-", stdin=data).stdout.decode("utf-8"))


# ---- queries --------------------------------------------------------------------------


def made(alerts):
    return ("\n".join(map(json.dumps, alerts)) + "\n").encode()


def simple(rule, second, priority="Warning", **fields):
    return {"rule": rule, "priority": priority, "hostname": fields.pop("host", "h"), "tags": ["container", rule],
            "output": "o", "time": time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(BASE + second)),
            "output_fields": {k.replace("__", "."): v for k, v in fields.items()}}


def queries(folder):
    alerts = [simple("a", i, proc__name="sh", user__uid=i % 5, fd__sip="10.0.0.%d" % (i % 3), host="h%d" % (i % 7))
              for i in range(100)]
    alerts += [simple("b", 1000 + i // 10, "Error", proc__name="s\u00e9 \"q\"", proc__cmdline="x -e y", host="h1") for i in range(50)]
    alerts += [simple("c", 5000, "Debug", proc__name="cat"), simple("c", 5001, "Debug", proc__name="cat"),
               simple("d", 6000, "Critical", proc__name="rare")]
    data = made(alerts)
    path = folder + "/q.jsonl"
    with open(path, "wb") as f:
        f.write(data)

    def where(condition, want):
        equal(rows(query("-w", condition, path)), want, condition)
    where("priority<=warning and proc.name=sh", {"a": 100})
    where("priority < warning", {"b": 50, "d": 1})
    where("priority in (critical, debug)", {"c": 2, "d": 1})
    where("not proc.name in (sh, cat) and rule != d", {"b": 50})
    where("proc.name = \"s\u00e9 \\\"q\\\"\"", {"b": 50})
    where("user.uid >= 3", {"a": 40})
    where("fd.sip = 10.0.0.1", {"a": 33})
    where("proc.cmdline contains \"-e\"", {"b": 50})
    where("tags intersects (c, d)", {"c": 2, "d": 1})
    where("hostname=h1 and rule=a", {"a": 15})
    where("proc.cmdline exists", {"b": 50})
    where("no.such.field exists", {})
    where("time >= \"%s\"" % alerts[-1]["time"], {"d": 1})
    where("source = syscall", {})
    equal(rows(query("--since", alerts[90]["time"], "--until", alerts[-1]["time"], path)), {"a": 10, "b": 50, "c": 2})
    equal(rows(query("--since", "@%d" % (BASE + 6000), path)), {"d": 1})
    # A name that no alert has, by one thread and by several; -q says nothing.
    big = folder + "/big.jsonl"
    with open(big, "wb") as f:
        f.write(data * (10 * 1000 * 1000 // len(data) + 1))

    def said(*args):
        return [line for line in run(*args).stderr.decode().split("\n") if "no alert has" in line]
    for at in (path, big):
        equal(said("--where", "proc.nmae=sh or proc.cmdline=x", at), ["evtagg: no alert has a field proc.nmae: did you mean proc.name?"])
        equal(said("--by", "rule,proc.name,quite.other", "--distinct", "Priority", at),
              ["evtagg: no alert has a field quite.other", "evtagg: no alert has a field Priority: did you mean priority?"])
        equal(said("--by", "rule,user.uid", "--where", "fd.sip exists", at), [])
    equal(run("-q", "--by", "proc.nmae", path).stderr, b"")
    equal(said("--by", "proc.nmae", "/dev/null"), [])
    # Names that would play with a terminal are not repeated.
    hostile = folder + "/hostile.jsonl"
    with open(hostile, "w") as f:
        f.write(json.dumps({"rule": "r", "output_fields": {"proc.nam\u009b": 1}}, ensure_ascii=False) + "\n")
    equal(said("--by", "proc.nam", hostile), ["evtagg: no alert has a field proc.nam"])
    # What was never seen before; what is rare; the first rows; the other way round.
    equal(rows(query("--new-since", "@%d" % (BASE + 5000), path)), {"c": 2, "d": 1})
    equal(rows(query("--rare", "2", path)), {"c": 2, "d": 1})
    equal([r["key"]["rule"] for r in query("--rare", "2", path)["rows"]], ["d", "c"])
    equal([r["key"]["rule"] for r in query("--top", "2", path)["rows"]], ["a", "b"])
    equal(query("--top", "2", path)["groups"], 4)
    orders = {"count": "abcd", "rare": "dcba", "name": "abcd", "priority": "dbac", "first": "abcd", "last": "dcba",
              "burst": "abcd", "hosts": "abcd", "distinct": "abcd", "rate": "abcd"}
    for order, want in orders.items():
        got = "".join(r["key"]["rule"] for r in query("--sort", order, "--distinct", "fd.sip", path)["rows"])
        check(got[0] == want[0] if order in ("hosts", "distinct", "burst") else got == want, order, got, want)
        back = "".join(r["key"]["rule"] for r in query("--sort", order, "-r", "--distinct", "fd.sip", path)["rows"])
        equal(back, got[::-1], "reverse " + order)
    # Several columns.
    got = {tuple(r["key"].values()): r["count"] for r in query("--by", "rule,user.uid,hostname", path)["rows"]}
    want = collections.Counter((a["rule"], a["output_fields"].get("user.uid"), a["hostname"]) for a in alerts)
    equal(got, dict(want))
    # Distinct values, hosts, times, rates, bursts.
    by = {r["key"]["rule"]: r for r in query("--distinct", "fd.sip,user.uid", "--burst", "10s", path)["rows"]}
    equal(by["a"]["distinct"], {"fd.sip": 3, "user.uid": 5})
    equal((by["a"]["hosts"], by["b"]["hosts"]), (7, 1))
    equal((by["a"]["first"], by["a"]["last"]), (alerts[0]["time"], alerts[99]["time"]))
    equal(by["a"]["burst"], 10)
    equal(by["b"]["burst"], max(collections.Counter((BASE + 1000 + i // 10) // 10 for i in range(50)).values()))
    check(abs(by["a"]["per_hour"] - 100) < 0.01, by["a"]["per_hour"])
    equal(by["d"]["last_fields"], {"proc.name": "rare"})
    # The time line: every alert is in a bucket, of the width that was asked for, or any that fits.
    for bucket in ("10s", "1h", "auto"):
        answer = query("--bucket", bucket, path)
        width = answer["bucket_seconds"]
        start = time.mktime(time.strptime(answer["timeline_start"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        for r in answer["rows"]:
            want = collections.Counter()
            for a in alerts:
                if a["rule"] == r["key"]["rule"]:
                    at = time.mktime(time.strptime(a["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
                    want[int((at - start) // width)] += 1
            equal({i: n for i, n in enumerate(r["timeline"]) if n}, dict(want), bucket)
        equal(sum(answer["timeline"]), len(alerts))
        check(len(answer["timeline"]) <= 512 or bucket != "auto", len(answer["timeline"]))
    # Out of order: first and last are the earliest and latest, last_time is the last in the input.
    r = query("-", stdin=made([simple("x", 50), simple("x", 10), simple("x", 30)]))["rows"][0]
    equal((r["first"][17:19], r["last"][17:19], r["last_time"]), ("33", "13", simple("x", 30)["time"]))


def views(folder):
    alerts = [simple("=cmd|x", 1, proc__name="a,b\"c"), simple("b|*", 2, "Error", proc__name="\x1b[31mred")] * 3
    path = folder + "/v.jsonl"
    with open(path, "wb") as f:
        f.write(made(alerts))
    table = run("-q", "--by", "rule,proc.name", "--hosts", "--rate", "--first", path).stdout.decode()
    lines = table.split("\n")
    equal([c.strip() for c in lines[0].split(" | ")],
          ["Rule", "proc.name", "Count", "Priority", "Hosts", "Per hour", "Burst", "First", "Last timestamp", "Last occurrence"])
    check("\\x1b[31mred" in table and "\x1b" not in table, table)
    check("\x1b[33m" in run("-q", "--color", "always", path).stdout.decode())
    env = dict(os.environ, NO_COLOR="1")
    check(b"\x1b" not in subprocess.run([EVTAGG, "-q", path], env=env, stdout=subprocess.PIPE, check=True).stdout)
    got = list(csv.DictReader(io.StringIO(run("-q", "--csv", "--by", "rule,proc.name", path).stdout.decode())))
    equal(sorted((r["rule"], r["proc.name"], r["count"]) for r in got),
          [("'=cmd|x", "a,b\"c", "3"), ("b|*", "\x1b[31mred", "3")])
    markdown = run("-q", "--markdown", path).stdout.decode().split("\n")
    equal(markdown[1].count("|"), 9)
    check(any(line.startswith("| b\\|\\* | 3 |") for line in markdown), markdown)
    check(b"6 lines, 6 alerts" in run(path).stderr)
    run("--json", "--csv", path, code=2)
    run("--color", "sometimes", path, code=2)


def threads(folder):
    """Large files are read by several threads: the answer is that of one (--json counts bursts, which takes one)."""
    paths = []
    for seed in (1, 2):
        data = journal(seed, 4000, damage=0.2)
        block = data + b"\n" + b'{"rule":"long","output_fields":{"x":"' + b"y" * 3000000 + b'"}}\n'
        at = folder + "/%d.jsonl" % seed
        with open(at, "wb") as f:
            for i in range(6):
                f.write(block + b'{"rule":"block %d","output_fields":{},"time":"t%d"}\n' % (i, i))
            f.write(journal(seed + 10, 300)[:-1])
        paths.append(at)
    check(sum(map(os.path.getsize, paths)) > 40 << 20)
    args = ["--by", "rule,priority,proc.name", "--distinct", "user.uid,proc.cmdline", "--sort", "name", "--where", "not rule contains block", *paths]
    one = query(*args)
    many = list(csv.DictReader(io.StringIO(run("-q", "--csv", *args).stdout.decode("utf-8", "surrogateescape"))))
    equal(len(many), len(one["rows"]))
    for row, want in zip(many, one["rows"]):
        equal([row[c] for c in ("count", "hosts", "first", "last", "last_time", "priority", "distinct user.uid", "distinct proc.cmdline")],
              [str(want["count"]), str(want["hosts"]), want["first"] or "", want["last"] or "", want["last_time"], want["priority"],
               *(str(n) for n in want["distinct"].values())], want["key"])
        check(row["last_output"].lstrip("'") == want["last_output"], row["last_output"], want["last_output"])
    # A line over the limit, full memory, every byte checked: what is said of the lines is the same too.
    for extra in (["--max-line", "1M"], ["--memory", "1M"], ["--strict"]):
        got = run("--csv", *extra, *paths)
        want = run("--json", *extra, *paths)
        summary = [re.sub(r"^evtagg: [0-9.]+ .B in .*", "", e.decode().split("\n")[0]) for e in (got.stderr, want.stderr)]
        equal(summary[0], summary[1], extra)
        counts = {r["rule"]: int(r["count"]) for r in csv.DictReader(io.StringIO(got.stdout.decode("utf-8", "surrogateescape")))}
        equal({k.lstrip("'"): v for k, v in counts.items()}, rows(json.loads(want.stdout)), extra)


def memory(folder):
    """More groups than a megabyte holds: no count too low, none too high by more than is said."""
    r = random.Random(3)
    want = collections.Counter()
    path = folder + "/many.jsonl"
    with open(path, "w") as f:
        for i in range(120000):
            name = "heavy%d" % r.randrange(20) if r.random() < 0.4 else "light%d" % r.randrange(60000)
            want[name] += 1
            f.write('{"rule":"r","output_fields":{"proc.name":"%s"},"priority":"Error"}\n' % name)
    exact = query("--by", "proc.name", "--distinct", "proc.name", path)
    check(exact["exact"] and rows(exact, "proc.name") == dict(want), "exact counts")
    rule = query("--distinct", "proc.name", path)["rows"][0]
    check(not rule["distinct_exact"] and abs(rule["distinct"]["proc.name"] - len(want)) < 0.05 * len(want),
          rule["distinct"], len(want))
    answer = query("--by", "proc.name", "--memory", "1M", path)
    check(not answer["exact"] and answer["max_error"] > 0)
    seen = set()
    for row in answer["rows"]:
        name = row["key"]["proc.name"]
        seen.add(name)
        check(row["count"] - row["count_error"] <= want[name] <= row["count"], name, row["count"], row["count_error"], want[name])
        check(row["count_error"] <= answer["max_error"])
    check(all(want[name] <= answer["max_error"] for name in want if name not in seen), "what is not there had more")
    top = [row["key"]["proc.name"] for row in answer["rows"][:20]]
    equal(set(top), {"heavy%d" % i for i in range(20)}, "the heaviest")
    check(abs(answer["groups"] - len(want)) < 0.08 * len(want), answer["groups"], len(want))


def export(folder):
    path = folder + "/alerts.jsonl"
    line = json.dumps({"rule": "R \"q\" \\", "priority": "Warning", "source": "syscall", "hostname": "h",
                       "output_fields": {"k8s.ns.name": "ns", "k8s.pod.name": None}}) + "\n"
    with open(path, "w") as f:
        f.write(line)
    for args, first, priority in ((["--from-start"], 1, "4"), (["--priority-names"], 0, "Warning")):
        process = subprocess.Popen([EVTAGG, "export", "--listen", "127.0.0.1:0", *args, path], stderr=subprocess.PIPE, text=True)
        port = int(re.search(r"port (\d+)", process.stderr.readline()).group(1))
        url = "http://127.0.0.1:%d" % port

        def scrape():
            with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
                check(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
                return answer.read().decode()
        key = 'falco_events{rule="R \\"q\\" \\\\",priority="%s",hostname="h",source="syscall",k8s_ns_name="ns",k8s_pod_name=""}' % priority
        text = scrape()
        check("# TYPE falco_events counter\n" in text, text)
        equal(("%s %d\n" % (key, first)) in text, first > 0)
        with open(path, "a") as f:
            f.write(line * 3 + "{broken\n")
        end = time.monotonic() + 10
        while ("%s %d\n" % (key, first + 3)) not in scrape() and time.monotonic() < end:
            time.sleep(0.1)
        text = scrape()
        check(("%s %d\n" % (key, first + 3)) in text and "evtagg_broken_lines_total 1\n" in text, text)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            wrong = [line for line in done.stdout.split("\n") if line and "falco_events counter metrics should have" not in line]
            equal(wrong, [])
        with urllib.request.urlopen(url + "/healthz", timeout=10) as answer:
            equal(answer.read(), b"ok\n")
        for bad, code in (("/", 404), ("/../etc/passwd", 404)):
            try:
                urllib.request.urlopen(url + bad, timeout=10)
                check(False, bad, "was answered")
            except urllib.error.HTTPError as e:
                equal(e.code, code)
        try:
            urllib.request.urlopen(urllib.request.Request(url + "/metrics", data=b"x"), timeout=10)
            check(False, "POST was answered")
        except urllib.error.HTTPError as e:
            equal(e.code, 405)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(10), 0)
        with open(path, "w") as f:
            f.write(line)
    run("export", "--listen", "nowhere", path, code=3)


def real_journal(folder):
    if not os.access(REMOTE, os.X_OK):
        skip("systemd-journal-remote is not installed")
    lines = good_lines()
    path = folder + "/remote.journal"
    done = subprocess.run([REMOTE, "-o", path, "-"], input=export_format(lines), stderr=subprocess.PIPE)
    check(done.returncode == 0 and os.path.exists(path), done.stderr)
    want = dict(plain_reading("\n".join(lines).encode())[0])
    done = subprocess.run([EVTAGG, "--json", "-q", "journal:" + path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if b"built without" in done.stderr:
        skip("built without libsystemd")
    equal(rows(json.loads(done.stdout)), want)
    equal(rows(query("journal:" + folder)), want, "a folder of journals")
    hosts = rows(query("--by", "hostname", "journal:" + path), "hostname")
    check({"web0", "web1", "web2"} <= set(hosts), hosts)
    equal(rows(query("--unit", "falco", "journal:" + path)), want)
    equal(rows(query("--unit", "other", "journal:" + path)), {})
    # Since: the journal's own time, and the alert's.
    later = query("--since", "@%d" % (BASE + 150), "journal:" + path)
    equal(later["read"]["lines"], 50)
    # New entries while it is followed.
    process = subprocess.Popen([EVTAGG, "--json", "--follow", "--new-only", "journal:" + path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    subprocess.run([REMOTE, "-o", path, "-"], input=export_format(lines[:20]), stderr=subprocess.PIPE, check=True)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    equal(sum(rows(json.loads(out)).values()), 20, err)


def usage(folder):
    for args, code, said in ((["--nope"], 2, "there is no option --nope"), (["--top", "x", "-"], 2, "--top takes a number"),
                             (["--since", "someday", "-"], 2, "takes a time"), (["--sort", "odd", "-"], 2, "one of count rare name"),
                             (["cuont", "-"], 2, "no verb and no file"), (["--josn"], 2, "did you mean --json?"), (["--follow=1"], 2, "--follow takes no value"),
                             (["--format", "odd", "-"], 2, "no format"), (["--new-only", "-"], 2, "--follow"),
                             (["--sort", "distinct", "-"], 2, "--distinct"), (["--memory", "12", "-"], 2, "a size"),
                             (["-w", "proc.name", "-"], 1, "--where"), (["/nonexistent"], 1, "cannot be opened"),
                             (["docker:x", "--engine", folder + "/none"], 1, "docker:x"), (["--by", ",", "-"], 2, "--by")):
        done = run(*args, stdin=b"", code=code)
        check(said in done.stderr.decode(), args, done.stderr)
        equal(done.stdout, b"")
    for args in (["--help"], ["count", "--help"], ["export", "--help"], ["--version"]):
        check(run(*args).stdout.startswith((b"Usage:", b"evtagg")), args)
    completions(folder)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([EVTAGG, "--json", "-"], input=b"", stdout=full, stderr=subprocess.PIPE)
        equal(done.returncode, 3)


def completions(folder):
    """bash is asked; every option and verb of the help is known to the manual page."""
    source = os.path.join(os.environ["SAKER_SOURCE_ROOT"], "tools", "evtagg")
    os.symlink(EVTAGG, folder + "/evtagg")
    env = dict(os.environ, PATH=folder + ":" + os.environ["PATH"])

    def asked(*words):
        script = '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _evtagg 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"'
        return subprocess.run(["bash", "-c", script, source + "/completions/evtagg.bash", *words], env=env, cwd=folder,
                              stdout=subprocess.PIPE, text=True).stdout.split()
    help_text = run("--help").stdout.decode()
    verbs = re.findall(r"^  ([a-z]+) ", help_text, re.MULTILINE)
    check({"count", "browse", "report", "serve", "export"} <= set(verbs) <= set(asked("evtagg", "")), verbs, asked("evtagg", ""))
    with open(source + "/evtagg.1.in") as f:
        manual = f.read().replace("\\-", "-")
    for verb in verbs:
        options = re.findall(r"^  (?:-.,|  ) (--[a-z-]+)", run(verb, "--help").stdout.decode(), re.MULTILINE)
        check(len(options) > 5 and set(options) <= set(asked("evtagg", verb, "--")), verb, options)
        check(re.search(r"^\.B %s$" % verb, manual, re.MULTILINE), verb, "is not in the manual page")
    for verb in verbs:
        for option in re.findall(r"^  (?:-.,|  ) (--[a-z-]+)", run(verb, "--help").stdout.decode(), re.MULTILINE):
            check(option in manual or option == "--help", option, "is not in the manual page")
    check("rare" in asked("evtagg", "--sort", "r") and asked("evtagg", "--by", "rule,proc.na") == ["rule,proc.name"])


CASES = {"counts": counts, "formats": formats, "inputs": inputs, "follow": follow, "broken": broken, "queries": queries,
         "views": views, "threads": threads, "memory": memory, "export": export, "journal": real_journal, "usage": usage}
with tempfile.TemporaryDirectory(prefix="saker-evtagg-") as scratch:
    try:
        CASES[sys.argv[1]](scratch)
    except AssertionError as e:
        print(e)
        sys.exit(1)
