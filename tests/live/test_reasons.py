# SPDX-License-Identifier: Apache-2.0
"""Why a field has no value, each reason brought about for real; test_reasons.py NAME runs one case."""
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import cases
import harness
from harness import Agent, check, find, tell

EVTCAP = os.path.join(harness.BUILD, "tools", "evtcap", "evtcap")
RULE = "Watched"
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
# As a service whose rights were cut too far: it sees what happens, and not behind others' links in /proc.
CONFINED = ["setpriv", "--bounding-set", "-sys_ptrace,-dac_override,-dac_read_search"]

PLAIN = ["json_include_absent_property=true", "append_output[0].suggested_output=false"]


class Recording:
    """evtcap, until the with statement ends; it records once it has told of the canary."""

    def __init__(self, folder, *options, wrapper=()):
        self.canary = os.path.join(folder, "canary-%d" % time.monotonic_ns())
        self.out = self.canary + ".out"
        self.argv = [*wrapper, EVTCAP, *options]

    def __enter__(self):
        with open(self.out, "w") as out:
            self.process = subprocess.Popen(self.argv, stdout=out)
        return self

    def wait(self, path, text):
        """Until the text is in the file at path: that of a canary which is opened meanwhile."""
        end = time.monotonic() + harness.READY_SECONDS
        while True:
            check(time.monotonic() < end and self.process.poll() is None, "evtcap does not tell of " + text)
            open(text, "w").close()
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as f:
                if text.encode() in f.read():
                    return
            time.sleep(0.05)

    def wait_again(self, path=None):
        """Until all that was done before is told."""
        self.wait(path or self.out, self.canary + "-again")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def __exit__(self, kind, value, trace):
        self.process.send_signal(signal.SIGCONT)
        self.stop()

    def lines(self):
        self.stop()
        with open(self.out) as f:
            return [json.loads(line) for line in f]


def expect(lines, reason, *fields, **wanted):
    """Some line with these values has none of these fields, all for this reason."""
    wanted = {name.replace("__", "."): value for name, value in wanted.items()}
    found = [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]
    check(found, "nothing about %s in:\n%s" % (wanted, "\n".join(map(str, lines[-10:]))))
    got = [{name: line.get("absent", {}).get(name, "present") for name in fields} for line in found]
    want = {name: reason for name in fields}
    check(want in got, "%s is absent for %s, not for %s" % (wanted, got[-1], reason))


def show(capture, fields, condition):
    done = subprocess.run([EVTCAP, "-q", "-r", capture, "--json", "--reasons", "-F", fields, condition],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def deep_folder(folder):
    """The working directory is 5 KB below, and back where it was afterwards."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    try:
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        yield
    finally:
        os.chdir(folder)
        shutil.rmtree("d" * 200)
        os.chdir(before)
        os.close(before)


def truncated():
    """Longer than the kernel's side keeps: a path, the arguments, the environment."""
    fields = "evt.type,evt.truncated,fd.name,fd.realpath,proc.name,proc.exepath,proc.args[2],proc.args[4]," \
             "proc.env[FIRST],proc.env[LAST],proc.aenv[LAST],proc.env"
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder, \
            Recording(folder, "-q", "--json", "--reasons", "-F", fields, "evt.type in (execve, openat) and "
                      "(proc.name in (lengthy, deep-cat) or fd.name startswith %s/canary)" % folder) as evtcap:
        evtcap.wait(evtcap.out, evtcap.canary)
        lengthy = folder + "/lengthy"
        shutil.copy(shutil.which("sh"), lengthy)
        with deep_folder(folder):
            shutil.copy(shutil.which("cat"), "deep-cat")
            harness.run([lengthy, "-c", "./deep-cat deep-cat; :", "0", "x" * 5000, "last"],
                        env={"FIRST": "1", "FILL": "x" * 5000, "LAST": "2"})
        evtcap.wait_again()
        lines = evtcap.lines()
    expect(lines, "truncated", "proc.args[4]", "proc.env[LAST]", evt__type="execve", proc__name="lengthy",
           **{"proc.args[2]": "0", "proc.env[FIRST]": "1"})
    expect(lines, "truncated", "fd.realpath", "proc.aenv[LAST]", evt__type="openat", proc__name="deep-cat")
    run = next(line for line in lines if line["evt.type"] == "execve" and line["proc.name"] == "deep-cat")
    check(run["proc.exepath"].endswith("/deep-cat") and not run["proc.exepath"].startswith("/")
          and "trusted_exepath" in run["evt.truncated"], "the end of a path looks like all of it: %s" % run)


@contextlib.contextmanager
def in_container():
    """A child does things in a cgroup named like a container's."""
    with cases.container_group() as group:
        yield lambda *argv: harness.run(["sh", "-c", "echo 0 > %s/cgroup.procs; exec \"$@\"" % group, "sh", *argv])


def nobody_to_ask():
    """No runtime has told of a container; of a file there is no address."""
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder, \
            Recording(folder, "-q", "--json", "--reasons", "-F", "proc.name,evt.type,fd.name,fd.sip,container.id,container.name",
                      "evt.type in (execve, openat) and (proc.name = sleep or fd.name startswith %s/canary)" % folder) as evtcap:
        evtcap.wait(evtcap.out, evtcap.canary)
        with in_container() as run:
            run("sleep", "0")
        evtcap.wait_again()
        lines = evtcap.lines()
    expect(lines, "not captured", "container.name", proc__name="sleep", evt__type="execve", container__id="5a4e" * 3)
    expect(lines, "not applicable", "fd.sip", proc__name="sleep", evt__type="openat")


def flood(cpu):
    """More than a ring has room for, by this thread and with it on this CPU."""
    os.sched_setaffinity(0, {cpu})
    for _ in range(150000):
        os.close(os.open("/dev/null", os.O_RDONLY))


def overrun(folder, capture):
    """A recording in which a process opens a file, its number 7, that the full ring has no place for."""
    with Recording(folder, "-q", "-w", capture, "-e", "state,io") as evtcap:
        evtcap.wait(capture, evtcap.canary)
        evtcap.process.send_signal(signal.SIGSTOP)
        pid = os.fork()
        if not pid:
            flood(min(os.sched_getaffinity(0)))
            os.dup2(os.open("/etc/passwd", os.O_RDONLY), 7)
            os.kill(evtcap.process.pid, signal.SIGCONT)
            for _ in range(100):
                os.pread(7, 1, 0)
                time.sleep(0.01)
            os._exit(0)
        check(os.waitpid(pid, 0)[1] == 0, "the child failed")
        evtcap.wait_again(capture)
        evtcap.stop()
    return pid


def dropped():
    """The ring was full when a file was opened: neither evtcap nor the agent can say what was read of it."""
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder:
        capture = folder + "/trace.scap"
        pid = overrun(folder, capture)
        condition = "evt.type = pread and fd.num = 7 and proc.pid = %d" % pid
        lines = show(capture, "evt.type,fd.type,fd.ino,evt.certain", condition)
        expect(lines, "dropped", "fd.type", "fd.ino", evt__type="pread")
        alerts = replay(folder, capture, condition, "%fd.type %fd.ino")
        check(alerts and alerts[0].get("absent") == {"fd.ino": "dropped", "fd.type": "dropped"},
              "the agent's alert does not say why: %s" % alerts[:1])
        check("absent" not in replay(folder, capture, condition, "%fd.type", "json_include_absent_property=false")[0],
              "reasons though nobody asked for them")


def replay(folder, capture, condition, output, *options):
    rules = watch(folder, condition, output)
    argv = [harness.SAKER, "--replay", capture, "-r", rules]
    for option in ("json_output=true", *PLAIN, *options):
        argv += ["-o", option]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 0, "the replay failed: " + done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def watch(folder, condition, output):
    path = folder + "/rules.yaml"
    with open(path, "w") as f:
        json.dump([{"rule": RULE, "desc": "Something done by the test.", "priority": "NOTICE", "condition": condition,
                    "output": output}], f)
    return path


def evicted():
    """More open files than memory_max has room for; the first one's name is gone when it is used."""
    n = 3900   # a process may have 4096 without that
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder:
        capture = folder + "/trace.scap"
        long = folder + "/" + "d" * 220
        os.mkdir(long)
        with Recording(folder, "-q", "-w", capture, "-e", "state,io") as evtcap:
            evtcap.wait(capture, evtcap.canary)
            pid = os.fork()
            if not pid:
                resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, n + 100))
                first = os.open("/etc/passwd", os.O_RDONLY)
                for i in range(n):
                    os.open("%s/%0220d" % (long, i), os.O_RDONLY | os.O_CREAT)
                os.pread(first, 1, 0)
                os._exit(0)
            check(os.waitpid(pid, 0)[1] == 0, "the child failed")
            evtcap.wait_again(capture)
            evtcap.stop()
        condition = "evt.type = pread and thread.tid = %d" % pid
        for memory, reason in ((64, None), (2, "evicted")):
            alerts = replay(folder, capture, condition, "%fd.type", "state.memory_max_mb=%d" % memory)
            got = alerts and alerts[0].get("absent", {}).get("fd.type")
            check(len(alerts) == 1 and got == reason, "with %d MB the reason is %s: %s" % (memory, got, alerts))


def unprivileged():
    """Polling as nobody: of others' processes there are names and arguments, no more."""
    hidden = ["proc.exepath", "proc.pexepath", "proc.cwd", "proc.env", "proc.env[HOME]", "proc.aenv[HOME]", "proc.exe_ino",
              "proc.is_exe_writable", "proc.stdin.name", "proc.exe_hash", "proc.fdopencount", "proc.fdusage"]
    runs = subprocess.run([*NOBODY, EVTCAP, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if runs.returncode:
        harness.skip("nobody may not run " + EVTCAP)
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder, \
            Recording(folder, "-q", "--json", "--reasons", "--engine", "procfs", "--poll", "20", "-F",
                      "proc.name,proc.cmdline," + ",".join(hidden), "evt.type = execve and proc.name = sleep", wrapper=NOBODY) as evtcap:
        end = time.monotonic() + harness.READY_SECONDS
        while not os.path.getsize(evtcap.out):
            check(time.monotonic() < end, "evtcap sees no process")
            harness.run(["sleep", "0.1"])
        harness.run([*NOBODY, "sleep", "0.11"], cwd="/")
        lines = evtcap.lines()
    expect(lines, "no permission", *hidden, proc__cmdline="sleep 0.1")
    own = [line for line in lines if line["proc.cmdline"] == "sleep 0.11"]
    check(own and own[0]["proc.cwd"] == "/" and own[0]["proc.exepath"], "of its own user's it knows no more: %s" % own)


@contextlib.contextmanager
def silent_socket(path):
    """A runtime that accepts and never answers."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    threading.Thread(target=lambda: [server.accept() for _ in range(1000)], daemon=True).start()
    try:
        yield path
    finally:
        server.close()


def asks_only(docker, *options):
    return [*options, *PLAIN, "container_metadata.docker.sockets[0]=" + docker] + [
        "container_metadata.%s.enabled=false" % name for name in ("podman", "cri", "containerd")]


def in_agent(folder, output, options, wrapper=()):
    """The alert about a program that runs in a container."""
    rules = watch(folder, "evt.type = execve and proc.name = sleep and container.id != host", output)
    with Agent([rules], options, wrapper) as agent, in_container() as run:
        run("sleep", "0")
        agent.fence()
        agent.stop()
    alert = find(agent.alerts, RULE, {})
    check(alert, "no alert:\n" + tell(agent.alerts))
    return alert.get("absent")


def denied():
    """An agent with too few rights: the runtime's socket is another's, and so is what is executed."""
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder, silent_socket(folder + "/docker.sock") as path:
        os.chmod(path, 0o600)
        os.chown(path, 65534, 65534)
        absent = in_agent(folder, "%container.id %container.name %proc.exe_hash", asks_only(path), CONFINED)
    want = {"container.name": "no permission", "proc.exe_hash": "no permission"}
    check(absent == want, "reasons are %s" % absent)


def pending():
    """Nobody waits for a runtime that takes its time; an executable may be too large to be read."""
    with tempfile.TemporaryDirectory(prefix="saker-live-") as folder, silent_socket(folder + "/docker.sock") as path:
        absent = in_agent(folder, "%container.id %container.name", asks_only(path, "container_metadata.hold_ms=0"))
    check(absent == {"container.name": "pending"}, "reasons are %s" % absent)


CASES = {f.__name__: f for f in (nobody_to_ask, evicted, dropped, truncated, unprivileged, denied, pending)}


def test():
    harness.require_live()
    CASES[sys.argv[1]]()


harness.main(test)
