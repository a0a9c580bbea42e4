# SPDX-License-Identifier: Apache-2.0
"""Runs the agent against the live kernel, for the tests beside this file.

An Agent is one run of saker in a scratch folder of its own. It is ready when it
reports the opening of a canary file, and fence() opens another: as events come
out in order of time, every alert of what was done before is there when the
fence's alert is. So no test sleeps and hopes.

Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SKIP = 77
BUILD = os.environ.get("SAKER_BUILD_ROOT", "build")
SOURCE = os.environ.get("SAKER_SOURCE_ROOT", os.path.join(os.path.dirname(__file__), "..", ".."))
REFERENCE = os.environ.get("SAKER_REFERENCE", "")
SAKER = os.path.join(BUILD, "tools", "saker", "saker")
ACTOR = os.path.join(BUILD, "tests", "live", "actor")
OUR_RULES = os.path.join(SOURCE, "librules", "rules", "saker_rules.yaml")
FIXTURE_RULES = os.path.join(SOURCE, "tests", "live", "rules.yaml")
STABLE_RULES = os.path.join(REFERENCE, "rules", "falco_rules.yaml") if REFERENCE else ""
CANARY = "Live test canary"
READY_SECONDS = 20


class Failure(Exception):
    """What was expected and did not happen."""


def skip(reason):
    print("SKIP: " + reason)
    sys.exit(SKIP)


def check(condition, message):
    if not condition:
        raise Failure(message)


def require_live():
    """Skips where the machine cannot capture, and says what is missing."""
    if os.geteuid() != 0:
        skip("live capture needs root")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        skip("live capture needs a kernel with BTF: /sys/kernel/btf/vmlinux is missing")
    probe = subprocess.run([ACTOR, "bpf"], stderr=subprocess.PIPE, text=True)
    if probe.returncode:
        skip("the kernel does not let us load BPF programs: " + probe.stderr.strip())
    leave_container_group()


def leave_container_group():
    """Moves this test to the root of a cgroup whose path reads like a container's (/<namespace>/<id>).

    Build machines do that to their jobs; rules for hosts, and users' names, would not apply to us.
    """
    with open("/proc/self/cgroup") as f:
        groups = [line.strip().split(":", 2) for line in f]
    for _, controllers, path in groups:
        if not re.match(r"^/[^/]+/[^/]+$", path) or path.endswith((".service", ".slice", ".scope")):
            continue
        root = os.path.join("/sys/fs/cgroup", controllers.replace("name=", ""))
        try:
            with open(os.path.join(root, "cgroup.procs"), "w") as f:
                f.write("0")
        except OSError as error:
            print("cannot leave cgroup %s: %s" % (path, error))


def stable_rules():
    """Falco's stable rules when the reference material is there, else ours that test the same."""
    if STABLE_RULES and os.path.exists(STABLE_RULES):
        return [STABLE_RULES]
    return [FIXTURE_RULES, OUR_RULES]  # the first that matches speaks


class Agent:
    """One run of saker; use it in a with statement."""

    def __init__(self, rules, options=(), wrapper=()):
        self.wrapper = list(wrapper)  # a program and its arguments that runs the agent
        self.rules = list(rules)
        self.options = list(options)
        self.dir = tempfile.mkdtemp(prefix="saker-live-")
        self.process = None
        self.alerts = []
        self.summary = ""
        self.ready_seconds = 0.0
        self._arrived = threading.Condition()
        self._reader = None
        self._fences = 0

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._clean()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self._clean()

    def _start(self):
        canary = self.path("canary.yaml")
        with open(canary, "w") as f:
            json.dump([{
                "rule": CANARY,
                "desc": "Says that the agent sees what happens, and up to where.",
                "condition": "evt.type in (open, openat, openat2) and fd.name startswith "
                             + self.path("canary-"),
                "output": "canary %fd.name",
                "priority": "EMERGENCY",
            }], f)
        argv = self.wrapper + [SAKER, "-o", "json_output=true"]
        for option in self.options:
            argv += ["-o", option]
        for rules in self.rules + [canary]:
            argv += ["-r", rules]
        self.stderr = open(self.path("stderr"), "w+")
        began = time.monotonic()
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.stderr, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._wait_canary("canary-ready", READY_SECONDS, "the agent did not become ready")
        self.ready_seconds = time.monotonic() - began

    def _read(self):
        for line in self.process.stdout:
            try:
                alert = json.loads(line)
            except ValueError:
                alert = {"rule": "not JSON: " + line, "output_fields": {}}
            with self._arrived:
                self.alerts.append(alert)
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()

    def _canary_seen(self, name):
        return any(a.get("rule") == CANARY and a["output_fields"].get("fd.name") == self.path(name)
                   for a in self.alerts)

    def _wait_canary(self, name, seconds, complaint):
        """Opens the canary until its alert comes; the first may be before the agent listens."""
        path = self.path(name)
        open(path, "w").close()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            open(path).close()
            with self._arrived:
                if self._arrived.wait_for(lambda: self._canary_seen(name), timeout=0.05):
                    return
            if self.process.poll() is not None:
                raise Failure("the agent ended by itself with code %d: %s"
                              % (self.process.returncode, self.errors()))
        raise Failure("%s within %d s: %s" % (complaint, seconds, self.errors()))

    def fence(self, seconds=15):
        """Returns when all alerts of what has been done so far have arrived: those without ours."""
        self._fences += 1
        self._wait_canary("canary-%d" % self._fences, seconds, "the agent stopped answering")
        with self._arrived:
            return [a for a in self.alerts if a.get("rule") != CANARY]

    def errors(self):
        self.stderr.flush()
        with open(self.path("stderr")) as f:
            return f.read().strip()

    def stop(self, seconds=20):
        """SIGTERM; expects exit code 0 and returns the summary that the agent prints."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure("the agent did not stop within %d s of SIGTERM" % seconds)
        self._reader.join(5)
        self.summary = self.errors()
        check(code == 0, "the agent ended with code %d: %s" % (code, self.summary))
        return self.summary

    def _clean(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._reader:
            self._reader.join(5)
        shutil.rmtree(self.dir, ignore_errors=True)


def counters(summary):
    """What the agent says at its end about events: seen, delivered, dropped."""
    found = re.search(r"events: (\d+) seen = (\d+) delivered \+ (\d+) dropped", summary)
    check(found, "the summary does not say what was seen, delivered and dropped:\n%s" % summary)
    return tuple(int(n) for n in found.groups())


def run(argv, **options):
    """A fresh process; fails when it does."""
    options.setdefault("stdout", subprocess.DEVNULL)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)
    check(done.returncode == 0, "%s: exit code %d: %s" % (" ".join(argv), done.returncode, done.stderr.strip()))


def named_actor(agent, name):
    """A copy of the actor under another name, for rules that go by the process name."""
    path = agent.path(name)
    shutil.copy(ACTOR, path)
    return path


def find(alerts, rule, fields):
    """The first alert of the rule whose fields match; a value is a text, or a predicate."""
    for alert in alerts:
        got = alert.get("output_fields", {})
        if alert.get("rule") == rule and all(
                want(got.get(name)) if callable(want) else got.get(name) == want
                for name, want in fields.items()):
            return alert
    return None


def tell(alerts):
    return "\n".join("  %s: %s" % (a.get("rule"), a.get("output")) for a in alerts) or "  none"


def main(test):
    """Runs a test function and turns what it does into an exit code."""
    try:
        test()
    except Failure as failure:
        print("FAILED: %s" % failure)
        sys.exit(1)
    sys.exit(0)
