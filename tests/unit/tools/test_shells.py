# SPDX-License-Identifier: Apache-2.0
"""Completions, typed into the shells themselves: python3 test_shells.py zsh|fish|options

options: the three files of each tool know every option of its --help.

Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import glob
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ["SAKER_SOURCE_ROOT"]
# What is typed, and a word that must be offered.
TYPED = (
    ("saker --dry", "--dry-run"), ("saker --format ma", "markdown"),
    ("evtcap --engi", "--engine"), ("evtcap --engine pro", "procfs"), ("evtcap --by by", "bytes"),
    ("rulecheck expl", "explain"), ("saker --descr", "--describe"), ("evtagg expo", "export"),
)
PATIENCE = 20


def folders():
    return sorted(glob.glob(os.path.join(SOURCE, "tools", "*", "completions")))


def fish(home):
    for typed, word in TYPED:
        tool = typed.split()[0]
        file = os.path.join(SOURCE, "tools", tool, "completions", tool + ".fish")
        done = subprocess.run(["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, typed],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, HOME=home))
        offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
        if word not in offered or done.returncode or done.stderr:
            yield "fish, '%s': %s is not offered: %s%s" % (typed, word, offered, done.stderr)


class Zsh:
    """An interactive shell on a pseudo-terminal."""

    def __init__(self, home):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm", "PS1": "> "}
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, pattern):
        shown, end = b"", time.monotonic() + PATIENCE
        while time.monotonic() < end and not re.search(pattern, shown):
            if select.select([self.terminal], [], [], 0.1)[0]:
                shown += os.read(self.terminal, 65536)
                shown = re.sub(rb"\x07|\x1b\[[0-9;]*[A-Za-z]", b"", shown)  # bell, colours, moves
        return shown if re.search(pattern, shown) else None, shown

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def zsh(home):
    shell = Zsh(home)
    shell.type("fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\n" % " ".join(folders()))
    if not shell.wait(rb"ready\r")[0]:
        yield "zsh does not begin"
    for typed, word in TYPED:
        shell.type("\x15" + typed + "\t")
        begins = typed.rsplit(" ", 1)[0] + " " + word
        found, shown = shell.wait(re.escape(begins).encode())
        if not found:
            yield "zsh, '%s': it does not become '%s': %r" % (typed, begins, shown)
    shell.close()


def options(_):
    for tool in ("saker", "evtcap"):
        text = subprocess.run([tool, "--help"], stdout=subprocess.PIPE, check=True, text=True).stdout
        known = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", text, re.MULTILINE))
        if len(known) < 10:
            yield "%s --help names %s" % (tool, known)
        for name in ("_" + tool, tool + ".bash", tool + ".fish"):
            with open(os.path.join(SOURCE, "tools", tool, "completions", name)) as f:
                file = f.read()
            for option in sorted(known):
                if not re.search(r"(--|-l )%s(?![a-z-])" % option, file):
                    yield "%s does not know --%s" % (name, option)


def main():
    shell = sys.argv[1]
    if shell != "options" and not shutil.which(shell):
        print("SKIP: %s is not installed" % shell)
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="saker-shell-") as home:
        findings = list({"zsh": zsh, "fish": fish, "options": options}[shell](home))
    print("\n".join(findings) or "%d completions offered" % len(TYPED))
    sys.exit(1 if findings else 0)


main()
