# SPDX-License-Identifier: Apache-2.0
"""rulecheck lsp against a scripted client: what an editor asks, and what no editor would."""
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

EXE = os.environ["RULECHECK_EXE"]
SECONDS = 30

A = """\
- list: shells
  items: [sh, bash]

- macro: started
  condition: evt.type = execve

# Größe
- rule: Shell started
  desc: A shell.
  condition: started and proc.name in (shells) and proc.args contains "\U0001f985" and started
  output: Shell %proc.cmdline by %user.name
  priority: NOTICE
  tags: [mitre_execution, T1059]
"""
B = """\
- rule: Anything started
  desc: Anything.
  condition: started and not proc.pname in (shells, "x")
  output: Started %proc.cmdline
  priority: INFO
  tags: [mitre_execution]
  exceptions:
    - name: known
      fields: [proc.name]
      comps: [in]
      values:
        - [[shells, cron]]

- macro: started
  condition: or evt.type = execveat
  override:
    condition: append

- rule: Shell started
  enabled: false
  override:
    enabled: replace
"""


class Client:
    def __init__(self, *args, folder=None):
        self.process = subprocess.Popen([EXE, "lsp", *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.next_id = 0
        self.diagnostics = {}
        self.published = 0
        self.messages = queue.Queue()
        self.reader = threading.Thread(target=self.read_all, daemon=True)
        self.reader.start()
        if folder is not None:
            self.request("initialize", {"rootUri": uri(folder), "capabilities": {}})
            self.notify("initialized", {})

    def send_bytes(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        body = json.dumps(message, ensure_ascii=False).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def read_message(self):
        length = None
        while True:
            line = self.process.stdout.readline()
            if not line:
                return None
            if line == b"\r\n":
                return json.loads(self.process.stdout.read(length))
            name, value = line.split(b":")
            if name == b"Content-Length":
                length = int(value)

    def read_all(self):
        """An editor reads at any time: the server never waits for it."""
        while True:
            message = self.read_message()
            self.messages.put(message)
            if message is None:
                return

    def receive(self):
        message = self.messages.get(timeout=SECONDS)
        assert message, "the server is gone"
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            self.published += 1
        return message

    def notify(self, method, params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def answer(self, method, params):
        self.next_id += 1
        self.send({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.next_id:
                return message

    def request(self, method, params):
        message = self.answer(method, params)
        assert "result" in message, message
        return message["result"]

    def error(self, method, params):
        return self.answer(method, params)["error"]

    def open(self, path, text):
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": uri(path), "languageId": "yaml", "version": 1, "text": text}})

    def wrong(self, path):
        """What is more than a note."""
        return [d for d in self.diagnostics[uri(path)] if d["severity"] < 3]

    def settle(self):
        """Everything sent so far has been taken in once an answer comes."""
        assert self.error("rulecheck/nothing", {})["code"] == -32601

    def end(self, code=0):
        assert self.request("shutdown", None) is None
        self.notify("exit", None)
        self.process.stdin.close()
        assert self.process.wait(SECONDS) == code
        self.reader.join(SECONDS)
        self.process.stdout.close()


def uri(path):
    return "file://" + urllib.parse.quote(path)


def units(text):
    return len(text.encode("utf-16-le")) // 2


def position(text, needle, nth=0, into=1):
    """Of the nth needle, some characters into it."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(needle, at + 1)
    at += into
    line = text.count("\n", 0, at)
    return {"line": line, "character": units(text[text.rfind("\n", 0, at) + 1:at])}


def offset(text, where):
    lines = text.split("\n")
    line = lines[where["line"]].encode("utf-16-le")
    return sum(len(x) + 1 for x in lines[:where["line"]]) + len(
        line[:2 * where["character"]].decode("utf-16-le"))


def apply(text, edits):
    for edit in sorted(edits, key=lambda e: offset(text, e["range"]["start"]), reverse=True):
        start, end = (offset(text, edit["range"][x]) for x in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    return text


def at(path, text, needle, nth=0, into=1):
    return {"textDocument": {"uri": uri(path)}, "position": position(text, needle, nth, into)}


class Folder:
    def __enter__(self):
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="saker-test-ä "))
        self.a, self.b = f"{self.path}/10_a.yaml", f"{self.path}/20_b.yaml"
        for path, text in ((self.a, A), (self.b, B)):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        with open(f"{self.path}/other.yaml", "w", encoding="utf-8") as f:
            f.write("services:\n  - name: not rules\n")
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.path)


def dump(*paths):
    return subprocess.run([EXE, "dump", *paths], capture_output=True, text=True, check=True).stdout


def test_life():
    with Folder() as f:
        c = Client()
        assert c.error("textDocument/hover", at(f.a, A, "started"))["code"] == -32002
        result = c.request("initialize", {"rootUri": uri(f.path), "capabilities": {}})
        for name in ("hover", "definition", "references", "documentSymbol", "documentFormatting"):
            assert result["capabilities"][name + "Provider"] is True
        assert result["capabilities"]["renameProvider"]["prepareProvider"] is True
        assert c.error("initialize", {})["code"] == -32600
        c.notify("initialized", {})
        c.settle()
        assert c.request("shutdown", None) is None
        assert c.error("textDocument/hover", at(f.a, A, "started"))["code"] == -32600
        c.notify("exit", None)
        assert c.process.wait(SECONDS) == 0
        # exit without shutdown, and an end without either
        c = Client(folder=f.path)
        c.notify("exit", None)
        assert c.process.wait(SECONDS) == 1
        c = Client(folder=f.path)
        c.process.stdin.close()
        assert c.process.wait(SECONDS) == 1


def test_diagnostics():
    with Folder() as f:
        c = Client(folder=f.path)
        c.open(f.a, A)
        c.settle()
        assert c.wrong(f.a) == [], c.diagnostics
        assert uri(f"{f.path}/other.yaml") not in c.diagnostics
        # behind two characters of two units each, and with a name that is nearly right
        bad = A.replace("contains \"\U0001f985\" and started", "contains \"\U0001f985\" and startd")
        start = position(A, "started", 3, 0)
        assert A[offset(A, start):].startswith("started\n")
        c.notify("textDocument/didChange", {
            "textDocument": {"uri": uri(f.a), "version": 2},
            "contentChanges": [{"range": {"start": start, "end": {
                "line": start["line"], "character": start["character"] + 7}}, "text": "startd"}]})
        c.settle()
        found = c.wrong(f.a)
        assert len(found) == 1 and found[0]["severity"] == 1, found
        assert "startd" in found[0]["message"] and "started" in found[0]["message"], found
        where = found[0]["range"]
        assert bad[offset(bad, where["start"]):offset(bad, where["end"])] == "startd", found
        # the whole text anew; what lint has to say comes as well
        c.notify("textDocument/didChange", {
            "textDocument": {"uri": uri(f.a), "version": 3},
            "contentChanges": [{"text": A.replace("Shell %proc.cmdline by %user.name", "Shell")}]})
        c.settle()
        assert [d["code"] for d in c.wrong(f.a)] == ["RC040"]
        # a field that an output has: it is underlined, not the output
        wrong = A.replace("by %user.name", "by %user.nme")
        c.notify("textDocument/didChange", {"textDocument": {"uri": uri(f.a), "version": 4},
                                            "contentChanges": [{"text": wrong}]})
        c.settle()
        assert c.wrong(f.a)[0]["range"]["start"] == position(wrong, "user.nme", 0, 0)
        # closed without saving: as on disk
        c.notify("textDocument/didClose", {"textDocument": {"uri": uri(f.a)}})
        c.settle()
        assert c.wrong(f.a) == [], c.diagnostics
        # YAML that is none
        c.open(f.b, B + "- rule: [\n")
        c.settle()
        assert c.wrong(f.b)[0]["code"].startswith("LOAD_ERR_YAML")
        c.end()


def test_other_files_change():
    with Folder() as f:
        c = Client(folder=f.path)
        c.open(f.b, B)
        c.settle()
        assert c.wrong(f.b) == [], c.diagnostics
        with open(f.a, "w", encoding="utf-8") as out:
            out.write(A.replace("macro: started", "macro: begun").replace("started and", "begun and")
                      .replace("and started\n", "and begun\n"))
        c.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri(f.a), "type": 2}]})
        c.settle()
        assert any("no macro" in d["message"] for d in c.wrong(f.b))
        os.unlink(f.b)
        c.notify("textDocument/didClose", {"textDocument": {"uri": uri(f.b)}})
        c.settle()
        assert c.wrong(f.b) == [], c.diagnostics
        c.end()


def test_given_files():
    with Folder() as f:
        config = f"{f.path}/falco.conf"
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"rules_files: [{f.b}, {f.a}]\n")
        c = Client("--config", config, folder=f.path)
        c.open(f.a, A)
        c.settle()
        # in this order the file that appends comes first
        assert "no macro by that name" in c.wrong(f.b)[0]["message"]
        c.end()
        c = Client(f.a, folder=f.path)
        found = c.request("textDocument/references", {
            **at(f.a, A, "started"), "context": {"includeDeclaration": True}})
        assert {x["uri"] for x in found} == {uri(f.a)}
        c.end()


def test_rename():
    """A macro, a list and a rule that two files use, in both; the rules mean what they meant."""
    with Folder() as f:
        before = dump(f.a, f.b)
        c = Client(folder=f.path)
        c.open(f.a, A)
        texts = {f.a: A, f.b: B}
        for needle, nth, name, count in (("started", 2, "program_started", 5),
                                         ("shells", 1, "login-shells", 4),
                                         ("Shell started", 0, 'A "shell": # started', 2)):
            ready = c.request("textDocument/prepareRename", at(f.a, texts[f.a], needle, nth))
            assert ready["placeholder"] == needle
            edit = c.request("textDocument/rename",
                             {**at(f.a, texts[f.a], needle, nth), "newName": name})
            assert set(edit["changes"]) == {uri(f.a), uri(f.b)}, edit
            assert sum(len(x) for x in edit["changes"].values()) == count, edit
            for path in texts:
                texts[path] = apply(texts[path], edit["changes"][uri(path)])
                with open(path, "w", encoding="utf-8") as out:
                    out.write(texts[path])
            c.notify("textDocument/didChange", {
                "textDocument": {"uri": uri(f.a), "version": 9},
                "contentChanges": [{"text": texts[f.a]}]})
            c.notify("textDocument/didSave", {"textDocument": {"uri": uri(f.a)}})
            c.settle()
        assert "program_started and not proc.pname in (login-shells, \"x\")" in texts[f.b]
        assert '- rule: "A \\"shell\\": # started"' in texts[f.b]
        assert dump(f.a, f.b) == before.replace("Shell started", 'A "shell": # started')
        # what cannot be
        for needle, nth, name in (("program_started", 0, "not"), ("program_started", 0, "a b"),
                                  ("program_started", 0, ""), ("login-shells", 0, "a,b"),
                                  ("proc.name", 0, "x")):
            error = c.error("textDocument/rename",
                            {**at(f.a, texts[f.a], needle, nth), "newName": name})
            assert error["code"] == -32803, error
        other = c.error("textDocument/rename", {
            **at(f.b, texts[f.b], "Anything started"), "newName": 'A "shell": # started'})
        assert "already" in other["message"]
        c.end()


def test_definition_and_references():
    with Folder() as f:
        c = Client(folder=f.path)
        found = c.request("textDocument/definition", at(f.b, B, "shells"))
        assert [x["uri"] for x in found] == [uri(f.a)]
        assert found[0]["range"]["start"] == position(A, "shells", 0, 0)
        found = c.request("textDocument/definition", at(f.b, B, "shells", 1))  # of an exception
        assert len(found) == 1
        found = c.request("textDocument/definition", at(f.a, A, "started", 3))  # behind the eagle
        assert [x["uri"] for x in found] == [uri(f.a), uri(f.b)]
        assert c.request("textDocument/definition", at(f.a, A, "execve")) is None
        found = c.request("textDocument/references", {
            **at(f.a, A, "started"), "context": {"includeDeclaration": False}})
        assert len(found) == 3
        for x in found:
            text = A if x["uri"] == uri(f.a) else B
            start, end = (offset(text, x["range"][y]) for y in ("start", "end"))
            assert text[start:end] == "started"
        c.end()


def hover(c, path, text, needle, nth=0):
    result = c.request("textDocument/hover", at(path, text, needle, nth))
    return result["contents"]["value"] if result else None


def test_hover():
    with Folder() as f:
        c = Client(folder=f.path)
        assert "**proc.name** (string)" in hover(c, f.a, A, "proc.name")
        assert "**proc.cmdline**" in hover(c, f.a, A, "proc.cmdline")  # in an output
        text = hover(c, f.a, A, "started", 2)
        assert "macro **started**" in text and "evt.type = execveat" in text
        assert "Events: execve, execveat" in text, text
        assert "`sh`, `bash`" in hover(c, f.a, A, "shells", 1)
        assert "Events: execve, execveat" in hover(c, f.a, A, "Shell started")
        assert "begins with" not in hover(c, f.a, A, "contains")
        assert "somewhere" in hover(c, f.a, A, "contains")
        assert hover(c, f.a, A, "bash") is None
        c.end()


def complete(c, path, text):
    """Of a text with | where the cursor is."""
    where = text.index("|")
    text = text[:where] + text[where + 1:]
    c.open(path, text)
    line = text.count("\n", 0, where)
    result = c.request("textDocument/completion", {
        "textDocument": {"uri": uri(path)},
        "position": {"line": line, "character": where - text.rfind("\n", 0, where) - 1}})
    return {x["label"]: x for x in result["items"]}


def test_completion():
    with Folder() as f:
        c = Client(folder=f.path)
        path = f"{f.path}/30_new.yaml"
        rule = "- rule: New\n  desc: x\n  condition: "
        labels = complete(c, path, rule + "started and proc.na|\n")
        assert "proc.name" in labels and "started" in labels and "not" in labels
        assert "in" not in labels and "shells" not in labels
        assert "proc" in labels["proc.name"]["documentation"]["value"]
        edit = labels["proc.name"]["textEdit"]
        assert edit["newText"] == "proc.name"
        assert edit["range"]["start"]["character"] == len("  condition: started and ")
        labels = complete(c, path, rule + "proc.name |\n")
        assert "startswith" in labels and "in" in labels and "proc.name" not in labels
        labels = complete(c, path, rule + "proc.name in (|\n")
        assert "shells" in labels and "started" not in labels
        labels = complete(c, path, rule + "evt.type in (open, |)\n  output: x\n")
        assert "openat" in labels and "shells" in labels
        labels = complete(c, path, rule + "evt.type = |\n")
        assert "openat" in labels and "val" in labels
        labels = complete(c, path, rule + "started |\n")
        assert set(labels) == {"and", "or"}
        labels = complete(c, path, rule + ">\n    started\n    and not st|\n  output: x\n")
        assert "started" in labels
        labels = complete(c, path, rule + "toupper(|\n")
        assert "proc.name" in labels and "started" not in labels
        labels = complete(c, path, "- rule: New\n  output: by %us|\n")
        assert "user.name" in labels
        labels = complete(c, path, "- rule: New\n  desc: x\n  |\n")
        assert "condition" in labels and "priority" in labels and "items" not in labels
        labels = complete(c, path, "- list: l\n  |\n")
        assert "items" in labels and "output" not in labels
        labels = complete(c, path, "- rule: New\n  priority: |\n")
        assert "Critical" in labels
        labels = complete(c, path, "- rule: New\n  tags: [mitre_|]\n")
        assert "mitre_execution" in labels
        labels = complete(c, path, "- list: l\n  items: [a, |]\n")
        assert "shells" in labels
        labels = complete(c, path, "- |\n")
        assert {"rule", "macro", "list"} <= set(labels)
        labels = complete(c, path, "- rule: New\n  exceptions:\n    - name: x\n      |\n")
        assert "fields" in labels and "output" not in labels
        c.end()


def test_symbols_and_layout():
    with Folder() as f:
        c = Client(folder=f.path)
        document = {"textDocument": {"uri": uri(f.a)}}
        symbols = c.request("textDocument/documentSymbol", document)
        assert [(s["name"], s["detail"]) for s in symbols] == [
            ("shells", "list"), ("started", "macro"), ("Shell started", "rule")]
        last = symbols[-1]["range"]
        assert A[offset(A, last["start"]):offset(A, last["end"])].startswith("rule: Shell")
        assert A[:offset(A, last["end"])] == A[:-1]
        c.open(f.a, "- list: a\n  items: [ \U0001f985,b ]  # c\n")
        edits = c.request("textDocument/formatting", {**document, "options": {"tabSize": 2}})
        assert apply("- list: a\n  items: [ \U0001f985,b ]  # c\n", edits) == (
            "- list: a\n  items: [\U0001f985, b]  # c\n")
        c.open(f.a, A)
        assert c.request("textDocument/formatting", document) == []
        c.open(f.a, "a: [\n")
        assert c.error("textDocument/formatting", document)["code"] == -32803
        c.end()


def test_nonsense():
    """Each of these is answered or passed over, and the server goes on."""
    with Folder() as f:
        c = Client(folder=f.path)
        c.settle()
        for data, code in (
                (b"Content-Length: 5\r\n\r\nnever", -32700),
                (b"Content-Length: 2\r\n\r\n[]", -32600),
                (b"Content-Length: 4\r\n\r\nnull", -32700),
                (b"Content-Length: 0\r\n\r\n", -32700),
                (b"Content-Type: x\r\n\r\n", -32700),
                (b"Content-Length: -7\r\n\r\n", -32700),
                (b"X" * 5000 + b"\r\n\r\n", -32700),
                (b'Content-Length: 8\r\n\r\n{"id":1}', -32600),
                (b'Content-Length: 24\r\n\r\n{"id":{},"method":"foo"}', -32600),
                (b'Content-Length: 23\r\n\r\n{"id":1,"method":"\xff\xff\xff"}', -32700)):
            c.send_bytes(data)
            message = c.receive()
            assert message.get("error", {}).get("code") == code, (data, message)
        depth = b"[" * 100000
        c.send_bytes(b"Content-Length: %d\r\n\r\n" % len(depth) + depth)
        assert c.receive()["error"]["code"] == -32700
        for method in ("completion", "hover", "definition", "references", "rename",
                       "prepareRename", "documentSymbol", "formatting"):
            assert c.error("textDocument/" + method, None)["code"] == -32602
            assert c.error("textDocument/" + method, {"textDocument": 7})["code"] == -32602
            answer = c.answer("textDocument/" + method, {
                "textDocument": {"uri": uri(f.a)},
                "position": {"line": 2**31 - 1, "character": 2**31 - 1}, "newName": "x"})
            assert "result" in answer or answer["error"]["code"] == -32803, answer
        for params in (None, [], {"textDocument": {}}, {"textDocument": {"uri": 1, "text": 2}},
                       {"textDocument": {"uri": "untitled:x", "text": "- rule: x\n"}}):
            for method in ("didOpen", "didChange", "didClose", "didSave"):
                c.notify("textDocument/" + method, params)
        c.notify("textDocument/didChange", {
            "textDocument": {"uri": uri(f.a)}, "contentChanges": [
                {"range": {"start": {"line": 9999, "character": 5}, "end": {
                    "line": 0, "character": 0}}, "text": "#"}, {"range": {}}, 5]})
        c.notify("$/cancelRequest", {"id": 1})
        c.settle()
        c.end()
        # where the next message begins cannot be known
        c = Client(folder=f.path)
        c.send_bytes(b"Content-Length: 99999999999\r\n\r\n")
        c.process.stdin.close()
        assert c.process.wait(SECONDS) == 1


def test_edit_by_edit():
    """A file typed letter by letter: a finding or none, never a fall."""
    with Folder() as f:
        c = Client(folder=f.path)
        c.open(f.a, "")
        text = ""
        for letter in A:
            end = {"line": text.count("\n"), "character": units(text[text.rfind("\n") + 1:])}
            c.notify("textDocument/didChange", {
                "textDocument": {"uri": uri(f.a)},
                "contentChanges": [{"range": {"start": end, "end": end}, "text": letter}]})
            text += letter
        c.settle()
        assert c.wrong(f.a) == [], c.diagnostics
        symbols = c.request("textDocument/documentSymbol", {"textDocument": {"uri": uri(f.a)}})
        assert len(symbols) == 3
        c.end()


def test_burst():
    """What comes at once is judged at once."""
    with Folder() as f:
        c = Client(folder=f.path)
        c.open(f.a, A)
        c.settle()
        before = c.published
        body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
            "textDocument": {"uri": uri(f.a)}, "contentChanges": [{"text": A}]}}).encode()
        c.send_bytes((b"Content-Length: %d\r\n\r\n" % len(body) + body) * 40)
        c.settle()
        assert c.published - before < 40, c.published
        c.end()


if __name__ == "__main__":
    for name, test in sorted(globals().items()):
        if name.startswith("test_") and (len(sys.argv) == 1 or name in sys.argv[1:]):
            test()
            print("ok", name)
    sys.exit(0)
