# SPDX-License-Identifier: Apache-2.0
"""rulecheck fmt as its users see it: what is laid out means what it meant, stays as it is
when it is laid out again, keeps its comments; the forms of the command. Over our own rule
files, and over Falco's where they are at hand."""
import glob
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

EXE = os.environ["RULECHECK_EXE"]
ROOT = os.environ["SAKER_SOURCE_ROOT"]
REFERENCE = os.environ.get("SAKER_REFERENCE")


def run(*args, text=None, code=0):
    done = subprocess.run([EXE, *args], input=text, capture_output=True, text=True)
    assert code is None or done.returncode == code, (args, done)
    return done


def comments(text):
    """Those that stand alone, which no string can be mistaken for in these files."""
    return re.findall(r"^\s*(#.*?)\s*$", text, re.M)


def check_file(path, folder):
    with open(path, encoding="utf-8") as f:
        before = f.read()
    copy = os.path.join(folder, "rules.yaml")
    shutil.copyfile(path, copy)
    dumped = run("dump", copy, code=None)
    once = run("fmt", copy).stdout
    assert run("fmt", "-", text=once).stdout == once, f"{path}: fmt of fmt differs"
    run("fmt", "-w", copy)
    with open(copy, encoding="utf-8") as f:
        assert f.read() == once
    assert comments(once) == comments(before), path
    run("fmt", "--check", copy)
    # a file that is no rule file by itself has its complaints at other columns
    if dumped.returncode == 0:
        assert run("dump", copy).stdout == dumped.stdout, f"{path}: means something else"
    return dumped.returncode == 0


def test_files():
    paths = glob.glob(f"{ROOT}/tests/golden/*/*.yaml") + glob.glob(f"{ROOT}/librules/rules/*.yaml")
    paths += glob.glob(f"{ROOT}/examples/*rules*.yaml") + [f"{ROOT}/tests/live/rules.yaml"]
    if REFERENCE:
        stock = glob.glob(f"{REFERENCE}/rules/*.yaml")
        assert len(stock) >= 5, "the reference has no rule files"
        paths += stock + glob.glob(f"{REFERENCE}/captures/expressions/*.yaml")
    with tempfile.TemporaryDirectory() as folder:
        valid = sum(check_file(path, folder) for path in sorted(paths))
    assert valid >= 4, "too few of the files are rule files"
    print(f"{len(paths)} files, {valid} of them valid rules")


def test_our_rules_are_laid_out():
    run("fmt", "--check", *sorted(glob.glob(f"{ROOT}/librules/rules/*.yaml")))


def test_forms():
    odd = "- macro:   a\n  condition: (x.y=1)   # why\n"
    even = "- macro: a\n  condition: (x.y = 1)   # why\n"
    assert run("fmt", text=odd).stdout == even
    assert run("fmt", "-", text=odd).stdout == even
    assert run("fmt", "--check", "-", text=odd, code=1).stdout == "/dev/stdin\n"
    assert run("fmt", "--check", "-", text=even).stdout == ""
    diff = run("fmt", "-d", "-", text=odd, code=1).stdout
    assert "-- macro:   a\n" in diff and "+- macro: a\n" in diff and "@@ -1,2 +1,2 @@" in diff
    assert "--write is for files" in run("fmt", "-w", code=2).stderr
    run("fmt", "-w", "--check", "x.yaml", code=2)
    bad = run("fmt", "-", text="- a: [1\n", code=1)
    assert bad.stdout == "" and "/dev/stdin:" in bad.stderr
    odd = run("fmt", "-", text="? [a]\n: b\n", code=1)
    assert "not one word" in odd.stderr and odd.stdout == ""


def test_standard_input_of_other_verbs():
    rules = ("- rule: Gr\u00f6\u00dfe\n  desc: x\n  condition: evt.type = open and "
             "proc.args contains \"" + "\u00e4\u00f6" * 60 + "\" and proc.nam = x\n"
             "  output: x %proc.name\n  priority: INFO\n  tags: [x]\n")
    bad = run("validate", "-", text=rules, code=1).stdout.split("\n")
    assert bad[0] == "/dev/stdin: Invalid" and bad[1].startswith("/dev/stdin:3:"), bad
    # the line can be shown although a pipe was read; the caret counts characters
    line, caret = bad[2], bad[3]
    assert line[caret.index("^"):].startswith("proc.nam = x"), bad
    good = rules.replace("proc.nam ", "proc.name ")
    assert "Gr\u00f6\u00dfe" in run("list", "-", text=good).stdout
    assert run("dump", "-", text=good).stdout.startswith("Gr\u00f6\u00dfe: ")
    assert run("lint", "-", text=good).stdout == ""
    ignored = good.replace("output: x %proc.name", "output: nothing")
    assert "RC040" in run("lint", "-", text=ignored, code=1).stdout
    assert run("lint", "-", text="# rulecheck: ignore RC040\n" + ignored).stdout == ""


def test_caret_below_a_field_of_an_output():
    rules = ("- rule: r\n  desc: x\n  condition: evt.type = open\n  output: >\n    by %user.name\n"
             "    \u00e4 %proc.nme\n  priority: INFO\n")
    bad = run("validate", "-", text=rules, code=1).stdout.split("\n")
    assert bad[1].startswith("/dev/stdin:6:8: error:") and bad[2].endswith("%proc.nme"), bad
    assert bad[2][bad[3].index("^"):] == "proc.nme", bad


def test_what_help_tells_is_told_everywhere():
    """Each verb and option stands in the manual page and in the shells' completions."""
    with open(f"{ROOT}/tools/rulecheck/rulecheck.1.in", encoding="utf-8") as f:
        man = f.read().replace("\\-", "-")
    shells = {}
    for name in ("rulecheck.bash", "_rulecheck", "rulecheck.fish"):
        with open(f"{ROOT}/tools/rulecheck/completions/{name}", encoding="utf-8") as f:
            shells[name] = f.read()
    verbs = re.findall(r"^  ([a-z]+) {2,}[A-Z]", run("--help").stdout, re.M)
    assert len(verbs) >= 9, verbs
    for verb in verbs:
        assert f".SS {verb}\n" in man, verb
        for name, text in shells.items():
            assert re.search(rf"\b{verb}\b", text), (name, verb)
        options = re.findall(r"^ +(?:-[a-z], )? *--([a-z-]+)", run(verb, "--help").stdout, re.M)
        assert "help" in options, (verb, options)
        for option in options:
            assert f"--{option}" in man, (verb, option)
            for name, text in shells.items():
                word = f"-l {option}" if name.endswith("fish") else f"--{option}"
                assert word in text, (name, verb, option)


def test_write_keeps_the_file():
    with tempfile.TemporaryDirectory() as folder:
        real, link = f"{folder}/real.yaml", f"{folder}/link.yaml"
        with open(real, "w", encoding="utf-8") as f:
            f.write("- list: a\n  items: [ b ]\n")
        os.chmod(real, 0o640)
        os.symlink("real.yaml", link)
        run("fmt", "-w", folder)
        assert os.path.islink(link)
        assert stat.S_IMODE(os.stat(real).st_mode) == 0o640
        with open(real, encoding="utf-8") as f:
            assert f.read() == "- list: a\n  items: [b]\n"
        assert sorted(os.listdir(folder)) == ["link.yaml", "real.yaml"]


def test_diff_can_be_applied():
    """The unified form is what patch takes."""
    patch = shutil.which("patch")
    if not patch:
        print("no patch(1): its part is not tested")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/comments.yaml"
        shutil.copyfile(f"{ROOT}/tests/golden/rulecheck/fmt.yaml", path)
        expected = run("fmt", path).stdout
        diff = run("fmt", "-d", path, code=1).stdout
        subprocess.run([patch, "-s", path], input=diff, text=True, check=True)
        with open(path, encoding="utf-8") as f:
            assert f.read() == expected


if __name__ == "__main__":
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test()
    sys.exit(0)
