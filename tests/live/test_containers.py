# SPDX-License-Identifier: Apache-2.0
"""A shell in a container: the very first alert names the container, its image and its pod.

Real Docker and containerd; test_containers.py NAME runs one case.
"""
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import harness
import runtimes
from harness import Agent, check, find, tell

EVTCAP = os.path.join(harness.BUILD, "tools", "evtcap", "evtcap")
RULE = "Shell in a container"
FIELDS = ("container.id container.full_id container.name container.type container.image "
          "container.image.repository container.image.tag container.image.digest container.privileged "
          "container.runtime container.mounts container.labels container.host_network container.host_pid k8s.pod.name "
          "k8s.ns.name k8s.pod.uid k8s.pod.labels k8s.pod.sandbox_id user.name group.name proc.cmdline").split()


def rules(folder):
    path = os.path.join(folder, "rules.yaml")
    with open(path, "w") as f:
        json.dump([{"rule": RULE, "desc": "A shell was started in a container.", "priority": "NOTICE",
                    "condition": "evt.type in (execve, execveat) and evt.res = SUCCESS and container.id != host "
                                 "and proc.name = sh",
                    "output": " ".join("%" + field for field in FIELDS)}], f)
    return path


def options(**sockets):
    """Only these runtimes are asked; a busy machine may take its time to answer."""
    return (["container_metadata.hold_ms=10000", "container_metadata.timeout_ms=10000"]
            + ["container_metadata.%s.sockets[0]=%s" % item for item in sockets.items()]
            + ["container_metadata.%s.enabled=false" % name
               for name in ("docker", "podman", "cri", "containerd") if name not in sockets])


def expect(alerts, n, **fields):
    """The first alert of the rule about the n-th container has all of it."""
    wanted = {name.replace("__", "."): value for name, value in fields.items()}
    first = find(alerts, RULE, {"proc.cmdline": lambda text: text and text.endswith(n)})
    check(first, "no alert about %s among:\n%s" % (n, tell(alerts)))
    got = first["output_fields"]
    wrong = ["%s is %r, not %r" % (name, got.get(name), value) for name, value in wanted.items()
             if not (value(got.get(name)) if callable(value) else got.get(name) == value)]
    check(not wrong, "in the first alert about %s: %s" % (n, "; ".join(wrong)))
    return got


def docker():
    with runtimes.Docker() as d, tempfile.TemporaryDirectory() as folder:
        before = d.run("run", "-d", "--network", "none", "--name", "elder", runtimes.IMAGE, "sleep", "600")
        with Agent([rules(folder)], options(docker=d.socket)) as agent:
            # One that was there before us.
            d.run("exec", "elder", "sh", "-c", ": first")
            d.run("run", "--rm", "--network", "none", "--name", "falcon", "--label", "wing=left", "-v", "/etc:/host-etc:ro",
                  runtimes.IMAGE, "sh", "-c", ": second")
            d.run("run", "--rm", "--network", "host", "--pid", "host", "-u", "1234", runtimes.IMAGE, "sh", "-c", ": third")
            agent.fence()
            agent.stop()  # and what still waits for metadata comes out
            alerts = agent.alerts
    expect(alerts, "first", container__name="elder", container__full_id=before, container__type="docker",
           container__image__repository="saker-test", container__image__tag="v1")
    got = expect(alerts, "second", container__name="falcon", container__type="docker", container__runtime="runc", container__image=runtimes.IMAGE,
                 container__image__repository="saker-test", container__image__tag="v1", container__privileged=False,
                 container__mounts="/etc:/host-etc:ro:false:rprivate", container__labels="wing:left",
                 container__host_network=False, container__host_pid=False, k8s__pod__name=None, user__name="root")
    check(len(got["container.id"]) == 12, "container.id is %r" % got["container.id"])
    expect(alerts, "third", container__host_network=True, container__host_pid=True,
           container__image__repository="saker-test", user__name="hatchling", group__name="nestlings")


def containerd():
    with runtimes.Containerd() as c, tempfile.TemporaryDirectory() as folder:
        with Agent([rules(folder)], options(containerd=c.socket, cri=c.socket)) as agent:
            c.run("--rm", "--label", "wing=right", "--mount", "type=bind,src=/etc,dst=/host-etc,options=rbind:ro",
                  runtimes.FULL_IMAGE, "kestrel", "sh", "-c", ": fourth")
            agent.fence()
            agent.stop()  # and what still waits for metadata comes out
            alerts = agent.alerts
    expect(alerts, "fourth", container__id="kestrel", container__name="kestrel", container__type="containerd",
           container__runtime="io.containerd.runc.v2",
           container__image=runtimes.FULL_IMAGE, container__image__repository="docker.io/library/saker-test",
           container__image__tag="v1", container__image__digest=lambda text: text and text.startswith("sha256:"),
           container__privileged=False, container__mounts=lambda text: "/etc:/host-etc::false:" in text,
           container__labels=lambda text: "wing:right" in text)


def podman():
    with runtimes.Podman() as p, tempfile.TemporaryDirectory() as folder:
        before = p.run("create", "--name", "never", *p.MODEST, runtimes.FULL_IMAGE, "sh")
        with Agent([rules(folder)], options(podman=p.socket)) as agent:
            p.run("run", "--rm", *p.MODEST, "--name", "hobby", "--label", "wing=both", "-v", "/etc:/host-etc:ro", runtimes.FULL_IMAGE,
                  "sh", "-c", ": eighth")
            p.run("run", "--rm", *p.MODEST[2:], "--network", "host", "--pid", "host", "-u", "1234", runtimes.FULL_IMAGE, "sh", "-c", ": ninth")
            agent.fence()
            agent.stop()
            alerts = agent.alerts
        p.run("rm", before)
    got = expect(alerts, "eighth", container__name="hobby", container__type="podman", container__runtime="runc",
                 container__image=runtimes.FULL_IMAGE, container__image__repository="docker.io/library/saker-test",
                 container__image__tag="v1", container__image__digest=lambda text: text and text.startswith("sha256:"),
                 container__privileged=False, container__mounts=lambda text: "/etc:/host-etc:" in text,
                 container__labels="wing:both", container__host_network=False, container__host_pid=False, user__name="root")
    check(len(got["container.id"]) == 12 and len(got["container.full_id"]) == 64, "container.id is %r" % got["container.id"])
    expect(alerts, "ninth", container__type="podman", container__host_network=True, container__host_pid=True,
           container__image__repository="docker.io/library/saker-test", user__name="hatchling", group__name="nestlings")


def pod():
    runtimes.need(runtimes.POD)
    with runtimes.Containerd() as c, tempfile.TemporaryDirectory() as folder:
        with Agent([rules(folder)], options(containerd=c.socket, cri=c.socket)) as agent:
            sandbox, container = c.pod("/bin/sh", "-c", ": fifth; sleep 600")
            agent.fence()
            c.stop_pod(sandbox)
            agent.stop()
            alerts = agent.alerts
    expect(alerts, "fifth; sleep 600", container__full_id=container, container__name="egg", container__type="containerd",
           container__runtime="io.containerd.runc.v2",
           container__image__repository="docker.io/library/saker-test", container__image__tag="v1",
           container__privileged=False, container__host_network=True,
           container__mounts=lambda text: "/etc:/host-etc::false:private" in text, k8s__pod__name="nest-0",
           k8s__ns__name="aviary", k8s__pod__uid="11111111-2222-3333-4444-555555555555",
           k8s__pod__labels="team:falconers", k8s__pod__sandbox_id=sandbox[:12])


def footprint(pid):
    """What a process has of what runs out: threads, descriptors, KiB."""
    with open("/proc/%d/status" % pid) as f:
        resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    return len(os.listdir("/proc/%d/task" % pid)), len(os.listdir("/proc/%d/fd" % pid)), resident


def traces():
    """Cgroups and mounts that there are, of any controller: whoever starts containers makes some."""
    groups = {path for path, _, _ in os.walk("/sys/fs/cgroup")}
    with open("/proc/self/mountinfo") as f:
        return groups, {line.split()[4] for line in f}


def account(summary, pattern):
    found = re.search(pattern, summary)
    check(found, "no %s in:\n%s" % (pattern, summary))
    return tuple(map(int, found.groups()))


def churn():
    """200 containers come and go: all are named, and nothing is left of them."""
    n = int(os.environ.get("SAKER_CONTAINERS", "200"))
    with runtimes.Containerd() as c, tempfile.TemporaryDirectory() as folder:
        with Agent([rules(folder)], options(containerd=c.socket)) as agent:
            c.run("--rm", runtimes.FULL_IMAGE, "warm", "sh", "-c", ": warm")
            agent.fence()
            before, ours = footprint(agent.process.pid), traces()
            for i in range(n):
                c.run("--rm", runtimes.FULL_IMAGE, "bird-%d" % i, "sh", "-c", ": bird")
            alerts = agent.fence(60)
            after, left = footprint(agent.process.pid), traces()
            summary = agent.stop()
    birds = [a["output_fields"] for a in alerts if a["output_fields"].get("proc.cmdline") == "sh -c : bird"]
    names = {fields["container.image.repository"] for fields in birds}
    ids = {fields["container.id"] for fields in birds}
    missing = [i for i in range(n) if "bird-%d" % i not in ids]
    check(not missing, "no alert about %d containers: %s" % (len(missing), missing[:5]))
    check(names == {"docker.io/library/saker-test"}, "images are %s\n%s" % (names, summary))
    check(after[0] <= before[0], "%d threads became %d" % (before[0], after[0]))
    check(after[1] <= before[1] + 1, "%d descriptors became %d" % (before[1], after[1]))
    check(after[2] < before[2] + 8192, "%d KiB became %d" % (before[2], after[2]))
    for was, now in zip(ours, left):
        new = {path for path in now - was if "bird-" in path or path.startswith(c.dir)}
        check(not new, "left behind: %s" % sorted(new)[:5])
    known, = account(summary, r"(\d+) containers in")
    asked, told, failed = account(summary, r"containers: (\d+) asked about, (\d+) told, .* (\d+) questions failed")
    # Other containers of the machine, if it has any, are known all the time.
    check(known <= asked - told and told >= n + 1 and not failed,
          "of %d containers asked about %d were told, %d questions failed, %d are still known" % (asked, told, failed, known))
    print("%d containers: threads, descriptors, KiB %s before, %s after; %d known in the end" % (n, before, after, known))


@contextlib.contextmanager
def evtcap_of(d, folder, *options):
    """evtcap, which finds the runtime where the host's root is; ended as a person would."""
    root = folder + "/host"
    os.makedirs(root + "/var/run")
    os.symlink(d.socket, root + "/var/run/docker.sock")
    for name in ("proc", "etc"):
        os.symlink("/" + name, root + "/" + name)
    capture = options[options.index("-w") + 1]
    evtcap = subprocess.Popen([EVTCAP, *options], env=dict(os.environ, HOST_ROOT=root),
                              stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 20
        while not (os.path.exists(capture) and os.path.getsize(capture)):
            check(time.monotonic() < end and evtcap.poll() is None, "evtcap does not record")
            time.sleep(0.05)
        time.sleep(0.5)
        yield
        time.sleep(0.5)
    finally:
        evtcap.terminate()
        said = evtcap.communicate(timeout=20)[1]
    check(evtcap.returncode == 0, "evtcap ended with %d: %s" % (evtcap.returncode, said))


def recording():
    """What evtcap records has the containers' names, so that a replay has them too."""
    with runtimes.Docker() as d, tempfile.TemporaryDirectory() as folder:
        capture = folder + "/trace.scap"
        with evtcap_of(d, folder, "-w", capture):
            d.run("run", "--rm", "--network", "none", "--name", "merlin", runtimes.IMAGE, "sh", "-c",
                  ": sixth; sleep 1; /bin/sh -c ': last'")
        done = subprocess.run([harness.SAKER, "--replay", capture, "-r", rules(folder), "-o", "json_output=true"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        check(done.returncode == 0, "the replay failed: " + done.stderr)
        alerts = [json.loads(line) for line in done.stdout.splitlines()]
        expect(alerts, "last", container__name="merlin", container__image__tag="v1",
               container__type="docker")


def rotated():
    """Of a recording in several files the last one alone knows the container, and what it opened long ago."""
    script = "exec 8</etc/group 9</etc/passwd; /bin/true; exec 8<&-; for i in 1 2 3 4 5 6 7 8 9; do " \
             "read line <&9; /bin/true; sleep 0.4; done"
    with runtimes.Docker() as d, tempfile.TemporaryDirectory() as folder:
        capture = folder + "/trace.scap"
        with evtcap_of(d, folder, "-w", capture, "-z", "-G", "1", "-W", "100"):
            d.run("run", "--rm", "--network", "none", "--name", "falco", runtimes.IMAGE, "sh", "-c", script)
        files = sorted((n for n in os.listdir(folder) if n.startswith("trace")),
                       key=lambda n: int(n[len("trace.scap"):] or 0))
        found = {}
        for name in files:
            done = subprocess.run([EVTCAP, "-q", "-r", os.path.join(folder, name), "-p",
                                   "*%container.name|%container.image.tag|%proc.cmdline|%fd.name",
                                   "proc.cmdline startswith 'sh -c exec' and fd.name=/etc/passwd"],
                                  stdout=subprocess.PIPE, text=True, check=True)
            found[name] = set(done.stdout.splitlines())
        seen = [name for name in files if found[name]]
        check(len(seen) >= 3, "events of the container are in %s of %s" % (seen, files))
        for name in seen[1:]:
            want = "falco|v1|sh -c %s|/etc/passwd" % script
            check(found[name] == {want}, "%s has %s, not %s" % (name, found[name], want))


class Stamped(Agent):
    """When each alert was read, beside when its event was."""

    def _read(self):
        for line in self.process.stdout:
            now, alert = time.time_ns(), json.loads(line)
            alert["late"] = (now - alert["output_fields"].get("evt.time", now)) / 1e6
            with self._arrived:
                self.alerts.append(alert)
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()


class Silent:
    """A runtime's socket that accepts and never answers; or answers nothing but whether it is there."""

    def __init__(self, path, pong):
        self.path, self.pong, self.open = path, pong, []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.open.append(self.server.accept()[0])
                threading.Thread(target=self.serve, args=(self.open[-1],), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError):
            while self.pong and (request := connection.recv(4096)):
                if b"/_ping" in request:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

    def close(self):
        for s in [self.server, *self.open]:
            s.close()


@contextlib.contextmanager
def fake_containers(n):
    """Cgroups with names as Docker gives them; who is in them is not ended."""
    root = "/sys/fs/cgroup/" + ("memory/" if os.path.isdir("/sys/fs/cgroup/memory") else "")
    made = [root + "docker"] if not os.path.isdir(root + "docker") else []
    groups = [root + "docker/%02x" % i + "ab" * 31 for i in range(n)]
    for group in groups:
        os.makedirs(group, exist_ok=True)
    try:
        yield groups
    finally:
        for group in groups + made:
            for _ in range(100):
                try:
                    os.rmdir(group)
                    break
                except OSError:
                    time.sleep(0.02)


def opener(folder, name, n, group=None):
    """A process that opens n files that the rule is about, a thousand a second."""
    script = "import os, time\n" \
             "for i in range(%d):\n    os.close(os.open('%s/%s-%%d' %% i, os.O_RDONLY | os.O_CREAT))\n    time.sleep(0.001)\n"
    enter = "echo 0 > %s/cgroup.procs && " % group if group else ""
    return subprocess.Popen(["sh", "-c", enter + 'exec "$@"', "sh", sys.executable, "-c", script % (n, folder, name)])


def watched(folder):
    path = os.path.join(folder, "watched.yaml")
    with open(path, "w") as f:
        json.dump([{"rule": RULE, "desc": "A file of the test's was opened.", "priority": "NOTICE",
                    "condition": "evt.type = openat and fd.name startswith %s/w" % folder,
                    "output": "%fd.name %container.id %container.name"}], f)
    return path


def lateness(agent, folder, name, n):
    """Of the alerts about n files, in order: ms from the event to its alert."""
    of = [a for a in agent.alerts if a["rule"] == RULE and a["output_fields"]["fd.name"].startswith("%s/%s-" % (folder, name))]
    names = [a["output_fields"]["fd.name"] for a in of]
    check(names == ["%s/%s-%d" % (folder, name, i) for i in range(n)], "of %d files %d were told of, or in another order" % (n, len(of)))
    got = {a["output_fields"]["container.name"] for a in of}
    check(got == {"host" if name == "w-host" else None}, "containers of %s are named %s" % (name, got))
    return [a["late"] for a in of]


def same_speed(what, with_it, without):
    """Both agents saw the same events at the same time, so that a busy machine is busy for both."""
    figures = [(statistics.median(v), sorted(v)[len(v) * 99 // 100]) for v in (with_it, without)]
    print("%s, ms from event to alert: median %.2f, 99 %% within %.2f; without the runtime %.2f, %.2f" % (what, *figures[0], *figures[1]))
    check(figures[0][0] < 1.5 * figures[1][0] + 5 and figures[0][1] < 2 * figures[1][1] + 100, "the silent runtime delays " + what)


@contextlib.contextmanager
def two_agents(folder, pong, *settings):
    """One that asks a runtime which does not answer, and one that asks nobody."""
    server = Silent(folder + "/silent.sock", pong)
    asks = ["container_metadata.docker.sockets[0]=" + server.path, *settings]
    asks += ["container_metadata.%s.enabled=false" % name for name in ("podman", "cri", "containerd")]
    try:
        with Stamped([watched(folder)], asks) as agent, Stamped([watched(folder)], options()) as other:
            yield agent, other
    finally:
        server.close()


def ended(*agents):
    """Nothing was lost on the way."""
    for agent in agents:
        _, _, lost = harness.counters(agent.stop())
        check(lost == 0, "%d events were dropped" % lost)


def hanging():
    """A runtime that accepts and never answers: alerts come as fast as without it, only the names are missing."""
    n = 2000
    with tempfile.TemporaryDirectory() as folder, fake_containers(30) as groups, two_agents(folder, False) as agents:
        work = [opener(folder, "w-host", n), opener(folder, "w-container", n, groups[0])]
        check([w.wait() for w in work] == [0, 0], "the files were not opened")
        [agent.fence() for agent in agents]
        before = footprint(agents[0].process.pid)
        more = [opener(folder, "w%d" % i, 1, group) for i, group in enumerate(groups[1:])]
        check(not any(w.wait() for w in more), "the files were not opened")
        [agent.fence() for agent in agents]
        after = footprint(agents[0].process.pid)
        ended(*agents)
        for name in ("w-host", "w-container"):
            same_speed(name, *(lateness(agent, folder, name, n) for agent in agents))
    check(after[0] <= before[0] and after[1] <= before[1] + 2,  # a question's connection
          "with 29 containers more, threads and descriptors became %s, from %s" % (after, before))


def holding():
    """A runtime that was there and falls silent: who is in that container waits as long as was asked, nobody else."""
    n, hold = 1000, 1500
    with tempfile.TemporaryDirectory() as folder, fake_containers(2) as groups, \
            two_agents(folder, True, "container_metadata.hold_ms=%d" % hold, "container_metadata.timeout_ms=10000") as agents:
        # Only one that is known to answer is waited for.
        check(opener(folder, "wake", 1, groups[0]).wait() == 0, "the file was not opened")
        agents[0].fence()
        time.sleep(0.2)
        work = [opener(folder, "w-host", n), opener(folder, "w-container", n, groups[1])]
        check([w.wait() for w in work] == [0, 0], "the files were not opened")
        time.sleep(hold / 1000)
        [agent.fence() for agent in agents]
        ended(*agents)
        same_speed("w-host", *(lateness(agent, folder, "w-host", n) for agent in agents))
        held = lateness(agents[0], folder, "w-container", n)
    print("the container's first event waited %.0f ms, its last %.0f" % (held[0], held[-1]))
    check(hold * 0.5 < held[0] < hold + 1500, "with hold_ms=%d the first event waited %.0f ms" % (hold, held[0]))


CASES = {f.__name__: f for f in (docker, podman, containerd, pod, churn, recording, rotated, hanging, holding)}


def test():
    harness.require_live()
    CASES[sys.argv[1]]()


harness.main(test)
