# SPDX-License-Identifier: Apache-2.0
"""evtagg browse, driven on a terminal of 80x24 (tmux), held against the text of its cells: python3 ... CASE

sort     by each column, turned round
drill    from rule to fields, to values, to alerts, to one alert, and back
search   as one types, next, before
mark     noise, kept in the file, hidden, covering what is deeper
follow   a file that grows; standard input
resize   other sizes, NO_COLOR, colours, the help, no terminal
hostile  text that would control the terminal
Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import evtagg_journal as journal

EVTAGG = os.environ["EVTAGG_EXE"]
PATIENCE = 20


class Terminal:
    """A program on a terminal of its own: keys go in, the screen is read."""

    n = 0

    def __init__(self, folder, *args, stdin=None, env="", size=(80, 24)):
        # A server of its own: one before may still be on its way out.
        Terminal.n += 1
        self.tmux = ["tmux", "-S", os.path.join(folder, "tmux%d" % Terminal.n), "-f", "/dev/null"]
        self.status = os.path.join(folder, "status")
        if os.path.exists(self.status):
            os.unlink(self.status)
        command = "%s %s browse %s%s; echo $? > %s" % (env, EVTAGG, " ".join(map(shlex.quote, args)),
                                                     " < " + stdin if stdin else "", self.status)
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TMUX")}
        clean.update(LANG="C.UTF-8", LC_ALL="C.UTF-8")
        subprocess.run(self.tmux + ["-u", "new-session", "-d", "-s", "t", "-x", str(size[0]), "-y", str(size[1]),
                                    command + "; sleep 0.3"], check=True, env=clean)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(self.tmux + ["kill-server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def screen(self, escapes=False):
        done = subprocess.run(self.tmux + ["capture-pane", "-p", "-t", "t"] + (["-e"] if escapes else []),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.stdout.decode("utf-8", "replace").split("\n")

    def keys(self, *names):
        for name in names:
            literal = ["-l"] if len(name) == 1 else []
            subprocess.run(self.tmux + ["send-keys", "-t", "t"] + literal + [name], check=True)
        return self

    def type(self, text):
        subprocess.run(self.tmux + ["send-keys", "-t", "t", "-l", text], check=True)

    def wait(self, what, good):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            lines = self.screen()
            time.sleep(0.05)
            # Twice the same: not a picture that is just being drawn.
            if good(lines) and lines == self.screen():
                return lines
        raise AssertionError("%s; the screen is\n%s" % (what, "\n".join(lines)))

    def head(self, text):
        return self.wait("no head line with " + text, lambda l: text in l[0])

    def resize(self, x, y):
        subprocess.run(self.tmux + ["resize-window", "-t", "t", "-x", str(x), "-y", str(y)], check=True)

    def exit_code(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if os.path.exists(self.status) and os.path.getsize(self.status):
                with open(self.status) as f:
                    return int(f.read())
            time.sleep(0.05)
        raise AssertionError("it did not end:\n" + "\n".join(self.screen()))


def cells(lines):
    """The rows of the table: column names to texts, by where the heads stand (cells are two blanks apart)."""
    heads = re.split(r"\s{2,}", lines[1].strip().replace(" ▼", "").replace(" ▲", ""))
    rows = []
    for line in lines[2:]:
        if not line.strip() or line.startswith("─") or re.match(r"\d{4}-\d\d-\d\d [\d:]+ to ", line):
            break
        rows.append(dict(zip(heads, re.split(r"\s{2,}", line[2:].strip())), mark=line[0].strip()))
    return rows


def column(lines, name):
    return [row.get(name) for row in cells(lines)]


def equal(got, want, what=""):
    if got != want:
        raise AssertionError("%s is %r, not %r" % (what, got, want))


def start(folder, *args, lines=None, **how):
    path = os.path.join(folder, "alerts.jsonl")
    journal.write(path, lines if lines is not None else journal.journal())
    return Terminal(folder, "--marks", os.path.join(folder, "marks.jsonl"), *args, path, **how)


BY_COUNT = [r[0] for r in sorted(journal.RULES, key=lambda r: -r[2])]


def sort(folder):
    with start(folder) as t:
        lines = t.wait("104 alerts", lambda l: "104 alerts" in l[0])
        equal(column(lines, "Rule"), BY_COUNT)
        equal(column(lines, "Count"), ["60", "30", "12", "2"])
        equal(column(lines, "Priority"), ["Notice", "Warning", "Error", "Critical"])
        equal(column(lines, "Hosts"), ["3", "2", "4", "1"])
        for key, arrow, want in (
                ("1", "Rule ▲", sorted(BY_COUNT)), ("1", "Rule ▼", sorted(BY_COUNT, reverse=True)),
                ("2", "Count ▼", BY_COUNT), ("r", "Count ▲", BY_COUNT[::-1]),
                ("3", "Priority ▼", BY_COUNT[::-1]),
                ("4", "Hosts ▼", [BY_COUNT[2], BY_COUNT[0], BY_COUNT[1], BY_COUNT[3]])):
            t.keys(key)
            lines = t.wait("sorted: " + arrow, lambda l: arrow in l[1])
            equal(column(lines, "Rule"), want, arrow)
        # The columns that do not fit come into view; s sorts by the chosen one.
        t.keys("Right", "Right", "Right", "Right", "s")
        lines = t.wait("the last column", lambda l: "Last ▼" in l[1])
        equal(column(lines, "Rule"), BY_COUNT, "by last")
        equal(column(lines, "Last")[0], "2026-11-21 04:25:23")
        t.keys("Right")
        t.wait("the last output", lambda l: "Last output" in l[1] and "(user=root" in "".join(l[2:6]) or "Notice Term" in l[2])
        t.keys("q")
        equal(t.exit_code(), 0)


def drill(folder):
    with start(folder) as t:
        lines = t.wait("rows", lambda l: "104 alerts" in l[0])
        bars = "".join(lines[18:22])
        equal(bool(re.search("[▁▂▃▄▅▆▇█]", bars)), True, "bars over time")
        equal("2026-11-20 18:" in lines[17], True, lines[17])
        t.keys("Enter")
        lines = t.head("fields of rule = Terminal shell in container")
        fields = {row["Field"]: row for row in cells(lines)}
        equal((fields["proc.name"]["Alerts"], fields["proc.name"]["Values"]), ("60", "2"))
        equal(fields["container.id"]["Alerts"], "20", "alerts with a container.id")
        equal(fields["hostname"]["Values"], "3")
        t.keys("/").type("proc.n")
        t.keys("Enter", "Enter")
        lines = t.head("rows by proc.name of rule = Terminal shell")
        equal([(r["proc.name"], r["Count"]) for r in cells(lines)], [("sh", "40"), ("bash", "20")])
        t.keys("j", "Enter")
        lines = t.head("alerts of rule = Terminal shell in container, proc.name")
        rows = cells(lines)
        equal((rows[0]["Time"], rows[0]["Priority"], rows[0]["Host"]), ("2026-11-21 04:05:23", "Notice", "web00"))
        t.wait("20 alerts", lambda l: "1/20" in l[-3] + l[-2])
        t.keys("Enter")
        lines = t.head("alert of")
        facts = {r["Field"]: r.get("Value", "") for r in cells(lines)}
        equal((facts["proc.name"], facts["rule"], facts["user.uid"], facts["tags"]),
              ("bash", "Terminal shell in container", "1", '["T1059"]'))
        # Along a value of that alert to all that have it.
        t.keys("/").type("user.uid")
        t.keys("Enter", "Enter")
        t.wait("10 alerts", lambda l: "1/10" in l[-3] + l[-2])
        for want in ("alert of", "alerts of", "rows by proc.name", "fields of"):
            t.keys("Escape")
            t.head(want)
        t.keys("q")
        t.head("rows by rule")
        # Esc does not leave, q does.
        t.keys("Escape", "b").type("hostname,priority")
        t.keys("Enter")
        lines = t.head("rows by hostname, priority")
        equal(cells(lines)[0]["hostname"], "web00")
        equal(sum(int(r["Count"]) for r in cells(lines)), 104)
        t.keys("Q")
        equal(t.exit_code(), 0)


def bar(t):
    """The row under the bar, by its number in the foot."""
    return re.search(r"(\d+)/\d+", t.screen()[22]).group(1)


def search(folder):
    with start(folder) as t:
        t.wait("rows", lambda l: "104 alerts" in l[0])
        t.keys("/").type("ETC")
        t.wait("the third row while typing", lambda l: l[22].startswith("/ETC") and "3/4" in l[22])
        t.keys("Escape")
        t.wait("back on the first", lambda l: "1/4" in l[22])
        t.keys("/").type("e")
        t.keys("Enter", "n")
        t.wait("the next", lambda l: "2/4" in l[22])
        t.keys("N", "N")
        t.wait("round the start", lambda l: "4/4" in l[22])
        t.keys("/").type("nowhere to be found")
        t.wait("told", lambda l: "nowhere" in l[22])
        t.keys("Enter", "n")
        t.wait("told again", lambda l: "is nowhere" in l[22])
        t.keys("Q")
        equal(t.exit_code(), 0)


def mark(folder):
    marks = os.path.join(folder, "marks.jsonl")
    with open(marks, "w") as f:
        f.write("# a line of mine\n" + json.dumps({"rule": "Write below etc", "fields": {}}) + "\n")
    with start(folder) as t:
        lines = t.wait("a mark out of the file", lambda l: "m" in [r["mark"] for r in cells(l)])
        equal([r["mark"] for r in cells(lines)], ["", "", "m", ""])
        t.keys("m")
        lines = t.wait("marked", lambda l: "Marked as noise" in l[22])
        equal([r["mark"] for r in cells(lines)], ["m", "", "m", ""])
        t.keys("H")
        lines = t.wait("hidden", lambda l: "noise hidden" in l[22])
        equal(column(lines, "Rule"), [BY_COUNT[1], BY_COUNT[3]])
        t.keys("H", "m")
        t.wait("shown", lambda l: "noise hidden" not in l[22])
        # A mark of values, under a rule.
        t.keys("g", "j", "f", "/").type("user.uid")
        t.keys("Enter", "Enter")
        t.head("rows by user.uid")
        t.keys("m")
        t.wait("marked", lambda l: "noise" in l[22])
        t.keys("Q")
        equal(t.exit_code(), 0)
    with open(marks) as f:
        lines = f.read().split("\n")
    equal(lines[0], "# a line of mine")
    equal(sorted(lines[1:-1])[:1], ['{"rule": "Read sensitive file untrusted", "fields": {"user.uid": 0}}'])
    equal(json.loads(sorted(lines[1:-1])[-1]), {"rule": "Write below etc", "fields": {}})
    # evtagg suggest takes the file as it is.
    done = subprocess.run([EVTAGG, "suggest", "-q", "--marked", marks, folder + "/alerts.jsonl"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal((done.returncode, done.stderr), (0, b""), "suggest with these marks")
    with start(folder, "--by", "hostname") as t:
        t.wait("hosts", lambda l: "104 alerts" in l[0])
        t.keys("m")
        t.wait("not without a rule", lambda l: "within a rule" in l[22])
        t.keys("Q")
        equal(t.exit_code(), 0)
    with open(marks) as f:
        equal(f.read().split("\n"), lines, "the file, untouched")


def empty(folder):
    """What there is not is said."""
    for name, text, args, words in (("none", "", (), "No alerts in 0 lines."), ("text", "a\nb\n", (), "No alerts in 2 lines."),
                                    ("text", "", ("--follow",), "No alerts in 0 lines so far."),
                                    ("alerts", None, ("--where", "proc.name=nobody"), "None of 104 alerts is meant by the condition.")):
        path = os.path.join(folder, name + ".jsonl")
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
            t = Terminal(folder, *args, path)
        else:
            t = start(folder, *args)
        with t:
            t.wait(words, lambda l: l[2].strip() == words)
            t.keys("Q")
            equal(t.exit_code(), 0)
    with open(os.path.join(folder, "marks.jsonl"), "w") as f:
        f.writelines(json.dumps({"rule": rule, "fields": {}}) + "\n" for rule in BY_COUNT)
    with start(folder) as t:
        t.wait("rows", lambda l: "104 alerts" in l[0])
        t.keys("H")
        t.wait("all hidden", lambda l: l[2].strip() == "All of it is marked as noise: H shows it.")
        t.keys("H", "Q")
        equal(t.exit_code(), 0)


def follow(folder):
    path = os.path.join(folder, "alerts.jsonl")
    with start(folder, "--follow") as t:
        t.wait("rows", lambda l: "104 alerts, following" in l[0])
        t.keys("j")
        journal.write(path, [json.dumps(journal.alert("Read sensitive file untrusted", "Warning", journal.BASE + 50000 + i,
                                                      "new", **{"proc.name": "late"})) for i in range(40)], "ab")
        lines = t.wait("144 alerts", lambda l: "144 alerts" in l[0] and "70" in column(l, "Count"))
        equal(column(lines, "Count"), ["70", "60", "12", "2"])
        t.wait("the bar stays on its rule", lambda l: "1/4" in l[22])
        t.keys("a")
        lines = t.head("alerts of rule = Read sensitive")
        equal(cells(lines)[0]["Host"], "new")
        journal.write(path, [json.dumps(journal.alert("Read sensitive file untrusted", "Warning", journal.BASE + 60000,
                                                      "newer", **{"proc.name": "late"}))], "ab")
        t.wait("a deeper level is made anew", lambda l: cells(l) and cells(l)[0].get("Host") == "newer")
        t.keys("Q")
        equal(t.exit_code(), 0)
    # Standard input is no terminal: the keys come from the terminal all the same.
    with Terminal(folder, "--marks", folder + "/none", "-", stdin=path) as t:
        t.wait("rows of standard input", lambda l: "145 alerts" in l[0])
        t.keys("a")
        t.wait("kept lines", lambda l: "/71" in l[22])
        t.keys("Q")
        equal(t.exit_code(), 0)


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


def resize(folder):
    with start(folder) as t:
        t.wait("rows", lambda l: "104 alerts" in l[0])
        equal(bool(COLOUR.search("\n".join(t.screen(True)))), True, "colours")
        t.resize(150, 40)
        lines = t.wait("more columns", lambda l: "Last output" in l[1])
        equal(column(lines, "Burst")[0], "1")
        t.resize(40, 10)
        lines = t.wait("a small screen", lambda l: len(l) <= 11 and "Rule" in l[1])
        equal(max(map(len, lines)) <= 40, True)
        equal(any(c in "".join(lines) for c in "▁▂▃▄▅▆▇█"), False, "no time line on a small screen")
        t.resize(20, 4)
        t.wait("too small", lambda l: "Too small" in l[0])
        t.resize(80, 24)
        t.wait("rows again", lambda l: "104 alerts" in l[0])
        t.keys("?")
        lines = t.head("help")
        equal(any("mark the row as noise" in line for line in lines), True, "the help")
        t.keys("x", "t")
        t.wait("no time line", lambda l: not any(c in "".join(l) for c in "▁▂▃▄▅▆▇█"))
        t.keys("Q")
        equal(t.exit_code(), 0)
    with start(folder, env="NO_COLOR=1") as t:
        t.wait("rows", lambda l: "104 alerts" in l[0])
        equal(COLOUR.search("\n".join(t.screen(True))), None, "no colours")
        t.keys("Q")
        equal(t.exit_code(), 0)
    # The library itself forgets something about a terminal that it does not know.
    with start(folder, env="TERM=nothing ASAN_OPTIONS=detect_leaks=0") as t:
        equal(t.exit_code(), 2)
    done = subprocess.run([EVTAGG, "browse", "-"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal((done.returncode, b"needs a terminal" in done.stderr), (2, True))


def hostile(folder):
    with start(folder, lines=journal.hostile(), size=(150, 24)) as t:
        lines = t.wait("two rules", lambda l: "2 alerts" in l[0] and len(cells(l)) == 2)
        text = "\n".join(lines)
        for want in ("<script>window.hacked=1</script>", "no UTF-8 ??"):
            equal(want in text, True, want + " in\n" + text)
        t.keys("/").type("script")
        t.keys("Enter", "a", "Enter")
        lines = t.head("alert of rule = <script>")
        text = "\n".join(lines)
        equal("\\x1b[31mred \\u202eback" in text, True, text)
        t.keys("q", "q", "/").type("UTF-8")
        t.keys("Enter", "a")
        t.wait("the alert that is no UTF-8", lambda l: "1/1" in l[22])
        t.keys("Q")
        equal(t.exit_code(), 0)


CASES = {f.__name__: f for f in (sort, drill, search, mark, empty, follow, resize, hostile)}

if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("SKIP: no tmux")
        sys.exit(77)
    if subprocess.run([EVTAGG, "browse"], stdout=subprocess.PIPE, stderr=subprocess.PIPE).stderr.find(b"without ncurses") >= 0:
        print("SKIP: built without ncurses")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as where:
        CASES[sys.argv[1]](where)
