# SPDX-License-Identifier: Apache-2.0
"""evtagg serve and evtagg report in a real browser, held against the text of their cells: python3 ... CASE

walk     the live page: sort, search, drill, group, and back
mark     noise, by a click and by a key; into the file
live     alerts that come while one looks
guard    who is refused: other names, other sites, other methods, no token (no browser needed)
report   the file, from disk: chapters, sorting
hostile  scripts, quotes, control characters, broken UTF-8: in both
Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import evtagg_journal as journal
import webdriver

EVTAGG = os.environ["EVTAGG_EXE"]
CELLS = "return [...document.querySelectorAll('#%s tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim()))"
HEADS = "return [...document.querySelectorAll('#%s th')].map(c => c.innerText.trim())"
WHAT = "return (document.getElementById('what') || {}).innerText"
BY_COUNT = [r[0] for r in sorted(journal.RULES, key=lambda r: -r[2])]


def equal(got, want, what=""):
    if got != want:
        raise AssertionError("%s is %r, not %r" % (what, got, want))


class Server:
    """evtagg serve, on any free port."""

    def __init__(self, folder, *args, lines=None):
        self.path = os.path.join(folder, "alerts.jsonl")
        self.marks = os.path.join(folder, "marks.jsonl")
        journal.write(self.path, lines if lines is not None else journal.journal())
        self.process = subprocess.Popen([EVTAGG, "serve", "--listen", "127.0.0.1:0", "--marks", self.marks, *args, self.path],
                                        stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        if not found:
            raise AssertionError("it says " + said)
        self.port = int(found.group(1))
        self.url = found.group(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)

    def ask(self, method, path, **headers):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            c.putheader(name.replace("_", "-"), value)
        c.endheaders()
        answer = c.getresponse()
        data = answer.read()
        c.close()
        return answer.status, data.decode(), dict(answer.getheaders())


def column(browser, n, table="table"):
    return [r[n] for r in browser.run(CELLS % table)]


def walk(folder):
    with Server(folder) as server, webdriver.Browser(folder) as browser:
        browser.open(server.url)
        rows = browser.wait("four rules", CELLS % "table", lambda r: len(r) == 4)
        equal([r[0] for r in rows], BY_COUNT)
        equal([r[1:4] for r in rows], [["60", "Notice", "3"], ["30", "Warning", "2"], ["12", "Error", "4"], ["2", "Critical", "1"]])
        equal(browser.run("return document.querySelectorAll('#timeline svg rect').length > 20"), True, "bars over time")
        browser.wait("the status", "return document.getElementById('status').innerText", lambda t: t == "104 alerts")
        browser.picture("serve-rules")
        for head, want in (("Rule", sorted(BY_COUNT)), ("Rule", sorted(BY_COUNT, reverse=True)), ("Priority", BY_COUNT[::-1]),
                           ("Hosts", [BY_COUNT[2], BY_COUNT[0], BY_COUNT[1], BY_COUNT[3]]), ("Count", BY_COUNT)):
            browser.click("#table th", head)
            equal(column(browser, 0), want, "sorted by " + head)
        browser.type("#search", "Sensitive FILE")
        equal(column(browser, 0), ["Read sensitive file untrusted"], "searched")
        browser.type("#search", "\ue003" * 20)
        equal(len(column(browser, 0)), 4, "the search taken back")
        # From a rule to its fields, to values, to alerts, to one alert.
        browser.click("#table td", "Terminal shell")
        browser.wait("fields", WHAT, lambda t: t == "fields")
        fields = {r[0]: r[1:] for r in browser.wait("fields", CELLS % "table", lambda r: len(r) > 5)}
        equal((fields["proc.name"][:2], fields["container.id"][0]), (["60", "2"], "20"))
        browser.picture("serve-fields")
        browser.click("#table td", "proc.name")
        rows = browser.wait("values", CELLS % "table", lambda r: len(r) == 2)
        equal([r[:2] for r in rows], [["sh", "40"], ["bash", "20"]])
        browser.click("#table td", "bash")
        rows = browser.wait("20 alerts", CELLS % "table", lambda r: len(r) == 20)
        equal(browser.run(HEADS % "table"), ["Time", "Priority", "Host", "Output"])
        equal(rows[0][:3], ["2026-11-21 04:05:23", "Notice", "web00"])
        browser.picture("serve-alerts")
        browser.click("#table tbody td") # not the middle of the row: a button may be there
        facts = browser.wait("one alert", "return Object.fromEntries([...document.querySelectorAll('#alert dt')].map(e => "
                             "[e.innerText, e.nextSibling.firstChild.data]))", lambda f: f and "proc.name" in f)
        equal((facts["proc.name"], facts["user.uid"], facts["tags"], facts["rule"]), ("bash", "1", '["T1059"]', BY_COUNT[0]))
        browser.picture("serve-alert")
        for want in ("alerts", "by proc.name", "fields"):
            browser.run("history.back()")
            browser.wait("back to " + want, WHAT, lambda t, want=want: t == want)
        browser.click("nav button", "all rules")
        browser.wait("four rules", CELLS % "table", lambda r: len(r) == 4)
        browser.type("#by", "hostname,priority\ue007")
        rows = browser.wait("groups", CELLS % "table", lambda r: len(r) > 4 and r[0][0] == "web00")
        equal(sum(int(r[2]) for r in rows), 104, "all alerts in groups")
        # By keys.
        browser.open(server.url)
        browser.wait("four rules", CELLS % "table", lambda r: len(r) == 4)
        browser.keys("jja")
        browser.wait("alerts of the third rule", CELLS % "table", lambda r: len(r) == 12)
        equal(browser.complaints(), [])


def mark(folder):
    with Server(folder) as server, webdriver.Browser(folder, dark=True) as browser:
        browser.open(server.url)
        browser.wait("four rules", CELLS % "table", lambda r: len(r) == 4)
        noise = "return [...document.querySelectorAll('#table tr.noise')].map(r => r.cells[0].innerText.trim())"
        browser.click("#table tbody tr:nth-child(2) button", "noise")
        browser.wait("marked", noise, lambda n: n == [BY_COUNT[1]])
        browser.keys("jjm")
        browser.wait("marked by a key", noise, lambda n: n == BY_COUNT[1:3])
        browser.picture("serve-noise-dark")
        with open(server.marks) as f:
            equal([json.loads(line) for line in f], [{"rule": BY_COUNT[1], "fields": {}}, {"rule": BY_COUNT[2], "fields": {}}])
        browser.click("button", "hide noise")
        browser.wait("hidden", CELLS % "table", lambda r: [x[0] for x in r] == [BY_COUNT[0], BY_COUNT[3]])
        browser.click("button", "noise hidden")
        browser.click("#table tbody tr:nth-child(2) button", "unmark")
        browser.wait("taken back", noise, lambda n: n == [BY_COUNT[2]])
        equal(browser.complaints(), [])


def live(folder):
    with Server(folder, "--follow") as server, webdriver.Browser(folder) as browser:
        browser.open(server.url)
        browser.wait("live", "return document.getElementById('status').innerText", lambda t: t == "104 alerts, live")
        browser.click("#table th", "Hosts")
        order = [BY_COUNT[2], BY_COUNT[0], BY_COUNT[1], BY_COUNT[3]]
        equal(column(browser, 0), order)
        late = [json.dumps(journal.alert(BY_COUNT[3], "Critical", journal.BASE + 50000 + i, "new%d" % i, **{"proc.name": "late"})) for i in range(6)]
        journal.write(server.path, late, "ab")
        rows = browser.wait("the page by itself", CELLS % "table", lambda r: r[0][:2] == [BY_COUNT[3], "8"])
        equal((rows[0][3], [r[0] for r in rows[1:]]), ("7", order[:3]), "hosts, and the order that was chosen")
        browser.wait("the status", "return document.getElementById('status').innerText", lambda t: t == "110 alerts, live")
        browser.click("#table tbody tr:nth-child(1) button", "alerts")
        browser.wait("alerts", CELLS % "table", lambda r: len(r) == 8)
        journal.write(server.path, late[:1], "ab")
        browser.wait("a deeper view by itself", CELLS % "table", lambda r: len(r) == 9)
        browser.picture("serve-live")
        equal(browser.complaints(), [])


def guard(folder):
    with Server(folder) as server:
        host = "127.0.0.1:%d" % server.port
        status, text, headers = server.ask("GET", "/")
        token = re.search(r'"token":"([0-9a-f]{32})"', text).group(1)
        equal(status, 200)
        equal("frame-ancestors 'none'" in headers["Content-Security-Policy"] and "default-src 'none'" in headers["Content-Security-Policy"], True)
        for what in ("http:", "https:", "//"): # nothing is fetched from anywhere
            equal([u for u in re.findall(r"(?:src|href)=[\"']?" + what + r"\S*", text)], [])
        mark_url = "/api/mark?c0=rule&k0=1&v0=Write%20below%20etc"
        for want, method, path, more in (
                (200, "GET", "/api/rows", {}), (200, "HEAD", "/", {}), (200, "GET", "/api/status", {"Host": "localhost:%d" % server.port}),
                (421, "GET", "/api/rows", {"Host": "evil.example:%d" % server.port}), (421, "GET", "/", {"Host": "127.0.0.1.evil.example"}),
                (403, "GET", "/api/rows", {"Sec_Fetch_Site": "cross-site"}), (403, "GET", "/api/events", {"Sec_Fetch_Site": "same-site"}),
                (403, "GET", "/api/rows", {"Origin": "http://evil.example"}), (403, "GET", "/api/rows", {"Origin": "null"}),
                (403, "POST", mark_url, {}), (403, "POST", mark_url, {"X_Evtagg_Token": "0" * 32}),
                (403, "POST", mark_url, {"X_Evtagg_Token": token, "Origin": "http://evil.example"}),
                (405, "GET", "/api/mark", {}), (405, "POST", "/api/rows", {"X_Evtagg_Token": token}), (405, "DELETE", "/api/rows", {}),
                (404, "GET", "/etc/passwd", {}), (404, "GET", "/api/../api/rows/x", {}),
                (400, "GET", "/api/rows?c0=rule&k0=x&v0=a", {}), (400, "GET", "/api/rows?c0=rule", {}), (400, "GET", "/api/rows?c0=&k0=1&v0=", {}),
                (400, "GET", "/api/rows?" + "&".join("c%d=a&k%d=1&v%d=b" % (i, i, i) for i in range(13)), {}),
                (400, "GET", "/api/rows?by=" + ",".join("abcdefghijklmnopq"), {}), (400, "GET", "/api/rows?by=%2C", {}),
                (400, "POST", "/api/mark", {"X_Evtagg_Token": token}),
                (400, "POST", "/api/mark?c0=hostname&k0=1&v0=web00", {"X_Evtagg_Token": token})):
            status, text, _ = server.ask(method, path, **more)
            equal(status, want, "%s %s %s: %s" % (method, path, more, text[:200]))
            equal(os.path.exists(server.marks), False, "marks after " + path)
        status, text, _ = server.ask("POST", mark_url, X_Evtagg_Token=token, Origin="http://" + host, Sec_Fetch_Site="same-origin")
        equal((status, json.loads(text)["marked"]), (200, True))
        with open(server.marks) as f:
            equal(json.loads(f.read()), {"rule": "Write below etc", "fields": {}})
        answer = json.loads(server.ask("GET", "/api/rows?by=proc.name&c0=rule&k0=1&v0=Write%20below%20etc")[1])
        equal([(r["cells"][0], r["cells"][1][1], r["marked"]) for r in answer["rows"]], [("cp", 4, True), ("tee", 4, True), ("vi", 4, True)])
        # Values keep their types: null, numbers and texts are not one.
        answer = json.loads(server.ask("GET", "/api/alerts?c0=container.id&k0=5&v0=")[1])
        equal(answer["all"], sum(1 for line in journal.journal() if json.loads(line)["output_fields"]["container.id"] is None))
        equal(json.loads(server.ask("GET", "/api/alerts?c0=user.uid&k0=2&v0=1")[1])["all"], 52)
        equal(json.loads(server.ask("GET", "/api/alerts?c0=user.uid&k0=1&v0=1")[1])["all"], 0)
    done = subprocess.run([EVTAGG, "serve", "--listen", "nowhere", os.devnull], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal((done.returncode, b"--listen nowhere" in done.stderr), (3, True), done.stderr)


def make_report(folder, lines, *args):
    path, out = os.path.join(folder, "alerts.jsonl"), os.path.join(folder, "report.html")
    journal.write(path, lines)
    subprocess.run([EVTAGG, "report", "-q", "-o", out, *args, path], check=True)
    return out


def report(folder):
    out = make_report(folder, journal.journal() + [json.dumps(journal.alert("Only lately", "Alert", journal.BASE + 36000, "web09", **{"proc.name": "z"}))],
                      "--title", "November", "--new-since", "2026-11-21T04:00:00Z", "--rare", "2")
    with open(out) as f:
        text = f.read()
    equal(re.findall(r"(?:src|href)=[\"']?[^\"' >]*|@import|url\(", text), [], "nothing is fetched")
    order = BY_COUNT[:3] + [BY_COUNT[3], "Only lately"]
    with webdriver.Browser(folder, size=(1300, 1500)) as browser:
        browser.open("file://" + out)
        rows = browser.wait("rules", CELLS % "rules", lambda r: len(r) == 5)
        equal([r[0] for r in rows], order)
        equal([r[2:5] for r in rows[:2]], [["60", "57.1 %", "Notice"], ["30", "28.6 %", "Warning"]])
        equal([r[0::2][:2] for r in browser.run(CELLS % "priorities")], [["Alert", "1"], ["Critical", "2"], ["Error", "12"], ["Warning", "30"], ["Notice", "60"]])
        equal({r[0]: r[2] for r in browser.run(CELLS % "hosts")}, {"web00": "40", "web01": "38", "web02": "23", "web03": "3", "web09": "1"})
        equal(sorted(column(browser, 0, "rare")), ["Drop and execute new binary", "Only lately"])
        equal(column(browser, 0, "new"), ["Only lately"])
        equal(browser.run("return document.querySelector('h1').innerText"), "November")
        tiles = browser.run("return [...document.querySelectorAll('.tile b')].map(e => e.innerText)")
        equal(tiles, ["105", "5", "5", "2", "1", "0"])
        equal(browser.run("return document.querySelectorAll('main > .card svg rect').length > 40"), True, "bars")
        browser.picture("report")
        browser.click("#rules th", "Hosts")
        equal(column(browser, 0, "rules")[0], "Write below etc", "sorted by hosts")
        browser.click("#samples summary", "Write below etc")
        sample = browser.run("return document.querySelectorAll('#samples details')[2].innerText")
        equal(all(w in sample for w in ("proc.name", "tee", "user.uid", "Error Write below etc")), True, sample)
        equal(browser.complaints(), [])
    with webdriver.Browser(folder, size=(420, 900), dark=True) as browser:
        browser.open("file://" + out)
        browser.wait("rules", CELLS % "rules", lambda r: len(r) == 5)
        equal(browser.run("return document.documentElement.scrollWidth <= innerWidth"), True, "a narrow page does not scroll sideways")
        browser.picture("report-narrow-dark")
    # Empty inputs make a report too; without -o there is none.
    out = make_report(folder, [b"no alert"])
    with webdriver.Browser(folder) as browser:
        browser.open("file://" + out)
        browser.wait("none", "return document.querySelector('.tile b').innerText", lambda t: t == "0")
        equal(browser.complaints(), [])
    equal(subprocess.run([EVTAGG, "report", os.devnull], stderr=subprocess.PIPE).returncode, 2)


def narrow(folder):
    """A telephone's width: words of a readable size, counts in sight; and pages with nothing on them say so."""
    words = "return [...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height).filter(h => h < 8)"
    fits = "return document.documentElement.scrollWidth <= innerWidth"
    seen = "const r = [...document.querySelectorAll('#%s tbody tr')][0].children[%d].getBoundingClientRect(); return r.right <= innerWidth && r.width > 0"
    out = make_report(folder, journal.journal())
    with Server(folder) as server, webdriver.Browser(folder, size=(500, 900)) as browser:
        for url, table, cell in ((server.url, "table", 1), ("file://" + out, "rules", 2)):
            browser.open(url)
            browser.wait("rules", CELLS % table, lambda r: len(r) == 4)
            equal(browser.run(words), [], "the words of the chart at " + url)
            equal(browser.run(fits), True, "it does not scroll sideways: " + url)
            equal(browser.run(seen % (table, cell)), True, "the count is in sight: " + url)
            browser.picture("narrow-" + table)
    nothing = "return [...document.querySelectorAll('.note')].map(e => e.innerText)"
    out = make_report(folder, [])
    with Server(folder, lines=[]) as server, webdriver.Browser(folder) as browser:
        browser.open(server.url)
        browser.wait("that there is nothing", nothing, lambda t: t == ["There are no alerts in what was read."])
        browser.open("file://" + out)
        texts = browser.wait("that there is nothing", nothing, lambda t: len(t) > 3)
        equal(texts[0], "There are no alerts in what was read.")
        equal(browser.complaints(), [])
    with Server(folder, "--follow", lines=[]) as server, webdriver.Browser(folder) as browser:
        browser.open(server.url)
        browser.wait("that there is nothing yet", nothing, lambda t: t == ["No alerts so far."])
    with Server(folder) as server, webdriver.Browser(folder) as browser:
        browser.open(server.url)
        browser.wait("rules", CELLS % "table", lambda r: len(r) == 4)
        browser.run("const s = document.getElementById('search'); s.value = 'nowhere'; s.dispatchEvent(new Event('input'))")
        browser.wait("that nothing is found", nothing, lambda t: t == ["Nothing here has these words."])


def hostile(folder):
    out = make_report(folder, journal.hostile())
    with open(out, "rb") as f:
        data = f.read()
    data.decode() # valid UTF-8
    equal(data.count(b"<script"), 2, "scripts in the file: the data and ours")
    equal(b"\x1b" in data or "\u202e".encode() in data, False, "controls")
    wanted = "<script>window.hacked=1</script> \"quoted\" 'single' & \\x1b[31mred \\u202eback"
    with Server(folder, lines=journal.hostile()) as server, webdriver.Browser(folder) as browser:
        for url, table in (("file://" + out, "rules"), (server.url, "table")):
            browser.open(url)
            rows = browser.wait("both", CELLS % table, lambda r: len(r) == 2)
            equal(sorted(r[0] for r in rows), [wanted, "no UTF-8 \ufffd\ufffd"])
            equal(browser.run("return [window.hacked === undefined, document.querySelectorAll('main script, main b > b').length]"), [True, 0])
        browser.picture("serve-hostile")
        # One can walk along such values: they come back as they went.
        for text, name in (("<script>", wanted), ("no UTF-8", "a\ufffd\ufffdb")):
            browser.open(server.url)
            browser.click("#table td", text)
            browser.wait("fields", WHAT, lambda t: t == "fields")
            browser.click("#table td", "proc.name")
            rows = browser.wait("its value", CELLS % "table", lambda r: len(r) == 1 and r[0][1] == "1")
            equal(rows[0][0], name)
            browser.click("#table tbody td") # not the middle of the row: a button may be there
            browser.wait("its alert", CELLS % "table", lambda r: len(r) == 1 and "Output" not in r[0])
            browser.wait("alerts", WHAT, lambda t: t == "alerts")
        equal(browser.run("return window.hacked === undefined"), True)
        equal(browser.complaints(), [])


CASES = {f.__name__: f for f in (walk, mark, live, guard, report, narrow, hostile)}

if __name__ == "__main__":
    reason = webdriver.missing() if sys.argv[1] != "guard" else None
    if reason:
        print("SKIP: " + reason)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as where:
        CASES[sys.argv[1]](where)
