# SPDX-License-Identifier: Apache-2.0
"""evtagg suggest and check: python3 test_evtagg_tuning.py CASE

planted   known noise, and attacks that differ from it in one field: the noise goes, no attack does; rulecheck passes
sparse    noise of many independent fields
agree     what suggest says it hides is what check says goes
frames    what becomes a frame and what does not; hostile texts
protect   priorities, --force, marks, limits, standard input
replay    a capture: alerts before, suggestion, alerts after
check     conditions that change: gone, stay, undecided, appear; exit codes
captures  alerts of the reference captures (needs SAKER_REFERENCE)
speed     a million alerts, in bounded memory and less than a minute
Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import collections
import glob
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

import noise_journal

EVTAGG = os.environ["EVTAGG_EXE"]
RULECHECK = os.environ["RULECHECK_EXE"]
SAKER = os.environ["SAKER_EXE"]
ROOT = os.environ["SAKER_SOURCE_ROOT"]


def check(good, *what):
    if not good:
        raise AssertionError(" ".join(str(w) for w in what))


def equal(got, want, what=""):
    check(got == want, what, "is", got, "not", want)


def call(exe, *args, stdin=None, code=0):
    done = subprocess.run([exe, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(done.returncode == code, args, done.stdout.decode(errors="replace")[-300:], "exit", done.returncode, "not", code, done.stderr.decode(errors="replace"))
    return done.stdout


def suggest(*args, **kw):
    return call(EVTAGG, "suggest", "-q", *args, **kw)


def replayed(*args, **kw):
    return json.loads(call(EVTAGG, "check", "-q", "--json", *args, **kw))


def put(path, text):
    with open(path, "wb" if isinstance(text, bytes) else "w") as f:
        f.write(text)
    return path


def lint(*files):
    """Findings, without their places."""
    out = subprocess.run([RULECHECK, "lint", *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return out.returncode, out.stdout.decode()


def hidden_marks(folder, rules, quiet, alerts):
    """How many alerts of each mark go, one check for all: the alert's rule names its mark in the count."""
    gone = collections.Counter()
    by_mark = collections.defaultdict(list)
    for a in alerts:
        by_mark[a["mark"]].append(a)
    for mark, some in by_mark.items():
        path = folder + "/some.jsonl"
        noise_journal.write(path, some)
        answer = replayed("-r", rules, rules, quiet, path)
        equal(answer["undecided"], 0, mark)
        gone[mark] = answer["gone"]
    return gone, {mark: len(some) for mark, some in by_mark.items()}


def planted(folder):
    rules = put(folder + "/rules.yaml", noise_journal.RULES)
    for seed, days, scale in ((1, 7, 1.0), (2, 7, 0.15), (3, 21, 0.1), (4, 1, 1.0), (5, 7, 0.3)):
        alerts = noise_journal.journal(seed, days, scale)
        path = folder + "/journal.jsonl"
        noise_journal.write(path, alerts)
        quiet = put(folder + "/quiet.yaml", suggest("-r", rules, path))
        answer = json.loads(suggest("--json", "-r", rules, path))
        check(1 <= len(answer["exceptions"]) <= 10, seed, len(answer["exceptions"]))
        gone, all_marks = hidden_marks(folder, rules, quiet, alerts)
        check(gone["noise"] >= 0.9 * all_marks["noise"], seed, gone["noise"], "of", all_marks["noise"])
        fields = set()
        for mark in all_marks:
            if mark != "noise":
                equal(gone[mark], 0, "seed %d, hidden of '%s'" % (seed, mark))
            fields |= {mark.split(" ")[1]} if mark.startswith("attack") else set()
        check({"proc.exepath", "proc.pname", "user.name", "container.image.repository", "fd.name", "hostname",
               "proc.cmdline"} == fields, "planted in", fields)
        # every alert that stays is counted as such, and the file is one that others take
        call(RULECHECK, "validate", rules, quiet)
        equal(lint(rules, quiet), lint(rules), "lint")
        equal(suggest("-r", rules, path), open(quiet, "rb").read(), "the same again")
    # loaded, the exceptions leave nothing to suggest
    again = json.loads(suggest("--json", "-r", rules, "-r", quiet, path))
    equal(len(again["exceptions"]), 0, again["exceptions"])
    equal(again["silent"], gone["noise"])


def sparse(folder):
    """Independent fields, with far more combinations than alerts: one exception, and no attack in it."""
    rules, r = put(folder + "/rules.yaml", noise_journal.RULES), random.Random(3)
    hosts = ["h%02d" % i for i in range(30)]
    kind = {"rule": "Sensitive file read", "priority": "Warning", "fields": {
        "evt.type": lambda: r.choice(["open", "openat"]), "proc.exepath": "/usr/bin/x",
        "proc.pname": lambda: r.choice("abcde"), "proc.cmdline": lambda: "x --mode " + r.choice("qwer"),
        "user.name": lambda: r.choice(["u1", "u2", "u3"]), "fd.name": lambda: "/etc/" + r.choice("abcdfg"),
        "container.image.repository": None}}

    def alert(when, mark, change=None, host=None):
        return noise_journal.alert(r, kind, host or r.choice(hosts), noise_journal.BASE + when, mark, change)
    alerts = [alert(r.random() * 7 * 86400, "noise") for _ in range(3000)]
    for field, value in noise_journal.NEW.items():
        if field == "hostname":
            alerts += [alert(3e5 + i, "attack", host=value) for i in range(5)]
        elif value:
            alerts += [alert(3e5 + i, "attack", {field: value}) for i in range(5)]
    alerts.sort(key=lambda a: a["time"])
    path = folder + "/journal.jsonl"
    noise_journal.write(path, alerts)
    equal(len(json.loads(suggest("--json", path))["exceptions"]), 1)
    gone, _ = hidden_marks(folder, rules, put(folder + "/quiet.yaml", suggest("-r", rules, path)), alerts)
    equal((gone["noise"], gone["attack"]), (3000, 0))


def agree(folder):
    rules = put(folder + "/rules.yaml", noise_journal.RULES)
    path = folder + "/journal.jsonl"
    noise_journal.write(path, noise_journal.journal(11, 7, 0.5))
    answer = json.loads(suggest("--json", "-r", rules, path))
    quiet = suggest("-r", rules, path)
    by_check = json.loads(call(EVTAGG, "check", "-q", "--json", "-r", rules, rules, "--new", "-", path, stdin=quiet))
    equal(by_check["gone"], answer["hidden"])
    equal(by_check["undecided"], 0)
    equal(by_check["stay"], answer["alerts"] - answer["hidden"])
    hides = collections.Counter()
    for e in answer["exceptions"]:
        hides[e["rule"]] += e["hides"]
        check(e["exact"] and e["hides"] >= 20 and e["hosts"] >= 1 and e["samples"], e)
        check(all(f["why"] for f in e["fields"]), e)
    equal({r["rule"]: r["gone"] for r in by_check["rules"] if r["gone"]}, dict(hides))
    # each exception by itself, as a filter of the counting verb
    for e in answer["exceptions"]:
        condition = e["condition"].replace("evt.hostname", "hostname")
        counted = json.loads(call(EVTAGG, "count", "-q", "--json", "-w", "rule = \"%s\" and %s" % (e["rule"], condition),
                                  path))
        equal(sum(row["count"] for row in counted["rows"]), e["hides"], condition)


def steady(rule, n, fields, host="h1", priority="Notice", days=7.0, seed=1):
    r = random.Random(seed)
    kind = {"rule": rule, "priority": priority, "fields": dict({"container.image.repository": None}, **fields)}
    return [noise_journal.alert(r, kind, host, noise_journal.BASE + (i + r.random()) * days * 86400 / n, "noise")
            for i in range(n)]


def one(folder, alerts, *args):
    path = folder + "/one.jsonl"
    noise_journal.write(path, sorted(alerts, key=lambda a: a["time"]))
    return json.loads(suggest("--json", *args, path))["exceptions"]


def frames(folder):
    base = {"evt.type": "openat", "proc.exepath": "/usr/bin/agent", "proc.pname": "systemd", "user.name": "root",
            "proc.cmdline": "agent"}
    r = random.Random(5)

    def asked(make, n=400):
        found = one(folder, steady("Sensitive file read", n, dict(base, **{"fd.name": make})))
        equal(len(found), 1)
        return [f.get("check", "") for f in found[0]["fields"] if f["field"] == "fd.name"][0]
    equal(asked(lambda: "/proc/%d/maps" % r.randrange(1, 99999)), 'fd.name regex "/proc/[0-9]+/maps"')
    equal(asked(lambda: "/tmp/b-%s/x" % noise_journal.hexes(r, 12)), 'fd.name regex "/tmp/b-[0-9a-f]+/x"')
    few_versions(folder, base, r)
    # one of them is more than half: the others are no evidence for a frame
    mostly = asked(lambda: "/etc/cron.d/job1" if r.random() < 0.9 else "/etc/cron.d/job%d" % r.randrange(2, 90), 900)
    equal(mostly, 'fd.name = "/etc/cron.d/job1"')
    equal(asked(lambda: "10.0.0.5:%d->192.0.2.7:443" % r.randrange(30000, 60000)),
          'fd.name regex "10[.]0[.]0[.]5:[0-9]+->192[.]0[.]2[.]7:443"')
    hostile(folder, base)


def few_versions(folder, base, r):
    """Few versions are listed, in whatever order."""
    found = one(folder, steady("Sensitive file read", 300, dict(base, **{
        "fd.name": lambda: "/usr/lib/python3.%d/x" % r.randrange(9, 12)})))
    text = [f.get("check", "") for f in found[0]["fields"] if f["field"] == "fd.name"][0]
    values = set(text[len("fd.name in ("):-1].split(", "))
    equal(values, {'"/usr/lib/python3.9/x"', '"/usr/lib/python3.10/x"', '"/usr/lib/python3.11/x"'}, text)


def hostile(folder, base):
    """Whatever alerts say, the file loads, has no rule of theirs, and hides what it says."""
    rules = put(folder + "/rules.yaml", noise_journal.RULES)
    texts = ["it's", 'a "b" c', "both ' and \"", "back\\slash \\\" x", "line\n- rule: evil\n  desc: x", "tab\t#x: [y, {z}]",
             "\u2028- rule: evil", "\u0085- rule: evil", "del\x7f", "\ufeffbom", "%evt.time", "(a) = b, c", "known_list",
             "ünï", "a\u0001b", "lost \ufffd", "'", "", " ", "-", "~", "null", "x" * 2000]
    for text in texts:
        alerts = steady("Sensitive file read", 100, dict(base, **{"fd.name": "/f", "proc.cmdline": text}))
        alerts += steady("Sensitive file read", 3, dict(base, **{"fd.name": "/f", "proc.cmdline": text + "z"}), days=0.01)
        path = folder + "/hostile.jsonl"
        noise_journal.write(path, sorted(alerts, key=lambda a: a["time"]))
        quiet = put(folder + "/quiet.yaml", suggest("-r", rules, path))
        call(RULECHECK, "validate", rules, quiet)
        with open(quiet) as f:
            check("\n- rule: evil" not in f.read(), repr(text))
        answer = json.loads(suggest("--json", "-r", rules, path))
        gone = replayed("-r", rules, rules, quiet, path)
        equal(gone["gone"], answer["hidden"], repr(text))
        check(answer["hidden"] in (0, 100), repr(text), answer["hidden"])


def protect(folder):
    rules = put(folder + "/rules.yaml", noise_journal.RULES)
    base = {"evt.type": "finit_module", "proc.exepath": "/usr/bin/kmod", "proc.pname": "udevd", "user.name": "root",
            "proc.cmdline": "modprobe overlay", "fd.name": None}
    critical = steady("Kernel module loaded", 200, base, priority="Critical")
    equal(one(folder, critical), [])
    check(b"left alone for its priority" in suggest(folder + "/one.jsonl"))
    equal(len(one(folder, critical, "--force")), 1)
    equal(len(one(folder, critical, "--protect", "alert")), 1)
    notice = steady("Kernel module loaded", 200, base)
    equal(len(one(folder, notice)), 1)
    equal(one(folder, notice, "--protect", "notice"), [])
    equal(one(folder, notice, "--least", "201"), [])
    equal(one(folder, notice, "--max", "0"), [])
    # a burst, and what is new, are not noise
    equal(one(folder, notice[:1] + notice[-1:] + steady("Kernel module loaded", 500, dict(base, **{"user.name": "eve"}),
                                                        days=0.02)), [])
    # nobody in particular
    nobody = {"evt.type": "openat", "proc.exepath": None, "proc.pname": None, "user.name": None, "proc.cmdline": None,
              "fd.name": "/f"}
    equal(one(folder, [dict(a, output_fields={"evt.type": "x"}, hostname="") for a in
                       steady("Sensitive file read", 200, nobody)]), [])
    # standard input, read once: the same exceptions
    path = folder + "/journal.jsonl"
    noise_journal.write(path, noise_journal.journal(2, 7, 0.15))
    from_file, from_stdin = json.loads(suggest("--json", path)), json.loads(suggest("--json", stdin=open(path, "rb").read()))
    equal([(e["condition"], e["hides"]) for e in from_stdin["exceptions"]],
          [(e["condition"], e["hides"]) for e in from_file["exceptions"]])
    check(not any(e["exact"] for e in from_stdin["exceptions"]) and all(e["exact"] for e in from_file["exceptions"]))
    marked(folder, rules)
    # little memory: what finds no place stays
    little = json.loads(suggest("--json", "--memory", "1M", path))
    check(little["hidden"] <= from_file["hidden"], little["hidden"])
    for args, said in ((["--protect", "odd"], "takes a priority"), (["--max", "x"], "takes a number"),
                       (["--memory", "1"], "a size"), (["--marked-only"], "--marked"), (["-f"], "looks back")):
        done = subprocess.run([EVTAGG, "suggest", *args, "-"], input=b"", stderr=subprocess.PIPE)
        check(done.returncode == 2 and said in done.stderr.decode(), args, done)


def marked(folder, rules):
    """A burst that somebody marked may be hidden, and nothing beside it."""
    base = {"evt.type": "openat", "proc.exepath": "/usr/bin/updatedb", "proc.pname": "cron", "user.name": "root",
            "proc.cmdline": "updatedb", "fd.name": "/etc/shadow"}
    other = dict(base, **{"proc.exepath": "/tmp/updatedb"})
    alerts = steady("Sensitive file read", 300, base, days=0.01) + steady("Sensitive file read", 30, other, days=0.01)
    alerts += steady("Sensitive file read", 2, dict(base, **{"user.name": "eve"}), days=7)
    equal(one(folder, alerts), [])
    marks = put(folder + "/marks.jsonl", '{"rule":"Sensitive file read","fields":{"proc.exepath":"/usr/bin/updatedb",'
                                         '"user.name":"root","proc.pid":4,"container.image.repository":null}}\n\n')
    found = one(folder, alerts, "--marked", marks)
    equal([e["hides"] for e in found], [300])
    put(marks, json.dumps(alerts[0]))  # a whole alert; its pid, time and the like mean nothing
    equal([e["hides"] for e in one(folder, alerts, "--marked", marks, "--marked-only")], [300])
    put(marks, '{"rule":"Sensitive file read","fields":{"hostname":"elsewhere"}}')
    equal(one(folder, alerts, "--marked", marks), [])
    # Comments, which the browsers keep in their file, mark nothing.
    put(marks, "# mine\n\nno json\n[1]\n" + json.dumps(alerts[0]) + "\r\n// the end")
    equal([e["hides"] for e in one(folder, alerts, "--marked", marks, "--marked-only")], [300])
    for bad in ('{"rule":"x"}', '{"fields":{}}', '{"rule":"x","fields":[]}', '{"rule":"x","fields":{', '{"rule":"x","fields":{"":1}}',
                json.dumps({"rule": "x", "fields": {"f%d" % i: i for i in range(65)}})):
        put(marks, '{"rule":"x","fields":{}}\n' + bad + "\n")
        done = subprocess.run([EVTAGG, "suggest", "--marked", marks, folder + "/one.jsonl"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        check(done.returncode == 1 and b"marks.jsonl:2: " in done.stderr, bad, done)


def replay(folder):
    """The alerts of a capture as if they had come each hour for a week; then the capture with what is suggested."""
    rules = os.path.join(ROOT, "librules", "rules", "saker_rules.yaml")
    capture = os.path.join(ROOT, "tests", "data", "attacks.scap")
    config = put(folder + "/saker.yaml", "json_output: true\nstdout_output:\n  enabled: true\n")

    os.environ["FALCO_HOSTNAME"] = "nest"  # who alerts, and where it happened: one machine, as live

    def alerts(*more):
        out = call(SAKER, "-c", config, "--replay", capture, *[w for f in (rules, *more) for w in ("-r", f)])
        return [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]
    before = alerts()
    check(len(before) >= 8, before)
    noise = [a for a in before if a["rule"] in ("Secrets searched for", "Set-user-ID bit set")]
    equal(len(noise), 2)
    path = folder + "/week.jsonl"
    with open(path, "w") as f:
        for hour in range(24 * 7):
            for a in noise:
                f.write(json.dumps(dict(a, time="2026-11-%02dT%02d:30:00.000000000Z" % (10 + hour // 24, hour % 24))) + "\n")
        for a in before:
            if a not in noise:
                f.write(json.dumps(dict(a, time="2026-11-13T12:00:01.000000000Z")) + "\n")
    quiet = put(folder + "/quiet.yaml", suggest("-r", rules, path))
    after = alerts(quiet)
    count = lambda some: collections.Counter(a["rule"] for a in some)
    equal(count(after), count(a for a in before if a not in noise), open(quiet).read())
    answer = replayed("-r", rules, rules, quiet, path)
    equal((answer["gone"], answer["undecided"]), (2 * 24 * 7, 0))
    call(RULECHECK, "validate", rules, quiet)
    equal(lint(rules, quiet), lint(rules))


OLD = """
- list: shells
  items: [sh, bash]
- macro: shell
  condition: (proc.name in (shells))
- rule: A
  desc: d
  condition: evt.type = execve and evt.arg.flags contains X and (shell or proc.aname = x)
  output: "a (%evt.type %proc.name %proc.exepath)"
  priority: NOTICE
- rule: B
  desc: d
  condition: evt.type = openat and fd.name startswith /etc
  output: "b"
  priority: NOTICE
- rule: C
  desc: d
  condition: evt.type = connect and fd.sport = 443 and proc.tty > 0
  output: "c"
  priority: NOTICE
"""


def changes(folder):
    old = put(folder + "/old.yaml", OLD)
    made = []

    def add(rule, n, **fields):
        for _ in range(n):
            made.append({"rule": rule, "priority": "Notice", "output": "o", "time": "2026-11-10T00:00:00Z",
                         "source": "syscall", "output_fields": {k.replace("__", "."): v for k, v in fields.items()}})
    add("A", 5, evt__type="execve", proc__name="bash", proc__exepath="/bin/bash")
    add("A", 3, evt__type="execve", proc__name="sh", proc__exepath="/bin/sh")
    add("A", 2, evt__type="execve", proc__name="zsh", proc__exepath=None)
    add("B", 4, evt__type="openat", fd__name="/etc/passwd")
    add("B", 1, evt__type="openat", fd__name="/usr/x")
    add("C", 2, evt__type="connect", fd__sport=443, proc__tty=34816)
    add("D", 1, evt__type="x")
    path = folder + "/alerts.jsonl"
    with open(path, "w") as f:
        f.write("".join(json.dumps(a) + "\n" for a in made))

    def table(new, *old_files, code=0, extra=()):
        files = [w for f in old_files for w in ("-r", f)]
        answer = replayed(*files, put(folder + "/new.yaml", new), path, *extra, code=code)
        return {r["rule"]: (r["before"], r["stay"], r["gone"], r["undecided"], r["appear"], r["not_by_old"])
                for r in answer["rules"]}
    # nothing changes: all stay, what the alert does not tell included; the old rule cannot have made /usr/x
    same = table(OLD, old)
    equal(same["A"], (10, 10, 0, 0, 0, 0))
    equal(same["B"], (5, 4, 0, 0, 0, 1))
    equal(same["C"], (2, 2, 0, 0, 0, 0))
    equal(same["D"], (1, 0, 0, 1, 0, 0))
    # without the old rules, what is not told is undecided, what is told decides
    alone = table(OLD)
    equal(alone["A"], (10, 0, 0, 10, 0, 0))
    equal(alone["B"], (5, 4, 1, 0, 0, 0))
    equal(alone["C"], (2, 2, 0, 0, 0, 0))
    # an exception; a value that is null is known to be absent
    more = OLD + ("- rule: A\n  exceptions:\n    - name: x\n      fields: [proc.exepath]\n      comps: [startswith]\n"
                  "      values:\n        - [/bin/ba]\n  override:\n    exceptions: append\n")
    equal(table(more, old)["A"], (10, 5, 5, 0, 0, 0))
    equal(table(more)["A"], (10, 0, 5, 5, 0, 0))
    # an exception about what the alerts do not tell
    equal(table(more.replace("proc.exepath]", "proc.cwd]"), old)["A"], (10, 0, 0, 10, 0, 0))
    # narrower, off, removed, wider by an alternative, a number compared
    equal(table(OLD.replace("startswith /etc", "startswith /etc/s"), old)["B"], (5, 0, 4, 0, 0, 1))
    equal(table(OLD + "- rule: C\n  enabled: false\n  override:\n    enabled: replace\n", old)["C"], (2, 0, 2, 0, 0, 0))
    equal(table(OLD[:OLD.index("- rule: C")], old)["C"], (2, 0, 2, 0, 0, 0))
    equal(table(OLD.replace("shell or", "shell or proc.name = y or"), old)["A"], (10, 10, 0, 0, 0, 0))
    equal(table(OLD.replace("fd.sport = 443", "fd.sport in (80, 8443)"), old)["C"], (2, 0, 2, 0, 0, 0))
    # wider, and new: other rules' alerts appear as far as they carry the fields
    wider = table(OLD.replace("evt.type = connect and fd.sport = 443 and proc.tty > 0",
                              "(evt.type = connect and fd.sport = 443 and proc.tty > 0) or fd.name = /etc/passwd"), old)
    equal(wider["C"], (2, 2, 0, 0, 4, 0))
    new = OLD + ("- rule: N\n  desc: d\n  condition: evt.type = execve and proc.name = sh\n  output: n\n"
                 "  priority: NOTICE\n")
    equal(table(new, old)["N"], (0, 0, 0, 0, 3, 0))
    equal(table(new)["N"], (0, 0, 0, 0, 3, 0))
    # for machines
    table(more, old, code=4, extra=["--fail-on", "gone"])
    table(more, old, code=0, extra=["--fail-on", "appear"])
    table(OLD, old, code=4, extra=["--fail-on", "appear,undecided"])
    text = call(EVTAGG, "check", "-q", "-r", old, folder + "/new.yaml", path).decode()
    check("the rule is in none of the files" in text and "STAY" in text, text)
    text = call(EVTAGG, "check", "-q", folder + "/new.yaml", path).decode()
    check("evt.arg.flags contains X" in text, text)
    for args, code, said in ((["x"], 2, "name the rule files"), ([old, "--fail-on", "odd", "-"], 2, "--fail-on takes"),
                             ([folder + "/none.yaml", "-"], 1, "none.yaml"),
                             ([put(folder + "/bad.yaml", "- rule: x\n"), "-"], 1, "bad.yaml:1"),
                             ([old, "--samples", "x", "-"], 2, "--samples")):
        done = subprocess.run([EVTAGG, "check", *args], input=b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check(done.returncode == code and said in done.stderr.decode(), args, done)


def captures(folder):
    reference = os.environ.get("SAKER_REFERENCE")
    if not reference:
        print("SKIP: SAKER_REFERENCE is not set")
        sys.exit(77)
    files = sorted(glob.glob(reference + "/captures/*.all.alerts.jsonl"))
    rules = sorted(glob.glob(reference + "/rules/falco_rules.yaml"))
    # Seconds of attacks: nothing there is noise.
    equal(json.loads(suggest("--json", *files))["exceptions"], [])
    stable = sorted(glob.glob(reference + "/captures/*.stable.alerts.jsonl"))
    answer = replayed("-r", rules[0], rules[0], *stable)
    check(answer["before"] > 20, answer["before"])
    equal((answer["stay"], answer["gone"], answer["undecided"], answer["not_by_old"]), (answer["before"], 0, 0, 0))
    # One of the attacks' alerts as noise of a week on many hosts; all others once.
    alerts = [json.loads(line) for f in stable for line in open(f)]
    first = next(a for a in alerts if a["rule"] == "Read sensitive file untrusted")
    path = folder + "/week.jsonl"
    with open(path, "w") as f:
        for hour in range(24 * 7):
            when = "2026-11-%02dT%02d:10:00.000000000Z" % (10 + hour // 24, hour % 24)
            for host in ("a", "b", "c"):
                f.write(json.dumps(dict(first, time=when, hostname=host)) + "\n")
        for a in alerts:
            f.write(json.dumps(dict(a, time="2026-11-13T12:00:01.000000000Z", hostname="a",
                                    output_fields=dict(a["output_fields"], **{"user.name": "eve"}))) + "\n")
    quiet = put(folder + "/quiet.yaml", suggest("-r", rules[0], path))
    call(RULECHECK, "validate", rules[0], quiet)
    equal(lint(rules[0], quiet), lint(rules[0]))
    equal(replayed("-r", rules[0], rules[0], quiet, path)["gone"], 3 * 24 * 7)


def speed(folder):
    path = folder + "/big.jsonl"
    lines = [json.dumps(a, separators=(",", ":")) + "\n" for a in noise_journal.journal(1, 7, 1.0)]
    with open(path, "w") as f:
        for _ in range(44):
            f.writelines(lines)
    start = time.monotonic()
    answer = json.loads(suggest("--json", path))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took, cpu, peak = time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
    print("%d alerts, %.1f s, %.1f s of a processor, %d MiB at most" % (answer["alerts"], took, cpu, peak))
    check(answer["alerts"] > 1000000 and len(answer["exceptions"]) <= 10)
    check(cpu < 60 and peak < 300, cpu, peak)


CASES = {"planted": planted, "sparse": sparse, "agree": agree, "frames": frames, "protect": protect, "replay": replay, "check": changes,
         "captures": captures, "speed": speed}
with tempfile.TemporaryDirectory(prefix="saker-tuning-") as scratch:
    try:
        CASES[sys.argv[1]](scratch)
    except AssertionError as e:
        print(e)
        sys.exit(1)
