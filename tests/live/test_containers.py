# SPDX-License-Identifier: Apache-2.0
"""A shell in a container: the very first alert names the container, its image and its pod.

Real Docker and containerd; test_containers.py NAME runs one case.
"""
import contextlib
import json
import os
import socket
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


def churn():
    """200 containers come and go: all are named, and nothing is left of them."""
    n = int(os.environ.get("SAKER_CONTAINERS", "200"))
    with runtimes.Containerd() as c, tempfile.TemporaryDirectory() as folder:
        with Agent([rules(folder)], options(containerd=c.socket)) as agent:
            c.run("--rm", runtimes.FULL_IMAGE, "warm", "sh", "-c", ": warm")
            agent.fence()
            before = resident(agent.process.pid), len(os.listdir("/proc/%d/fd" % agent.process.pid))
            for i in range(n):
                c.run("--rm", runtimes.FULL_IMAGE, "bird-%d" % i, "sh", "-c", ": bird")
            alerts = agent.fence(60)
            after = resident(agent.process.pid), len(os.listdir("/proc/%d/fd" % agent.process.pid))
            agent.stop()
    names = {a["output_fields"].get("container.image.repository") for a in alerts if a["rule"] == RULE}
    ids = {a["output_fields"].get("container.id") for a in alerts if a["rule"] == RULE}
    missing = [i for i in range(n) if "bird-%d" % i not in ids]
    check(not missing, "no alert about %d containers: %s" % (len(missing), missing[:5]))
    check(names == {"docker.io/library/saker-test"}, "images are %s" % names)
    check(after[1] <= before[1] + 1, "%d descriptors became %d" % (before[1], after[1]))
    check(after[0] < before[0] + 8192, "%d KiB became %d" % (before[0], after[0]))
    print("%d containers: %d KiB before, %d KiB after" % (n, before[0], after[0]))


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


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


def hanging():
    """A runtime that accepts and never answers: alerts come as fast as without it, only the names are missing."""
    hexid = "ab" * 32
    group = "/sys/fs/cgroup/" + ("memory/" if os.path.isdir("/sys/fs/cgroup/memory") else "")
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/hang.sock"
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(64)
        threading.Thread(target=lambda: [server.accept() for _ in range(1000)], daemon=True).start()
        seconds = {}
        for name, chosen in (("without", options()), ("with", options(docker=path))):
            cgroup = group + "docker/" + hexid
            os.makedirs(cgroup, exist_ok=True)
            try:
                with Agent([rules(folder)], chosen) as agent:
                    took = []
                    for i in range(5):
                        began = time.monotonic()
                        subprocess.run(["sh", "-c", "echo 0 > %s/cgroup.procs; sh -c ': seventh-%d'" % (cgroup, i)], check=True)
                        while not find(agent.alerts, RULE, {"proc.cmdline": lambda t: t and "seventh-%d" % i in t}):
                            check(time.monotonic() < began + 20, "no alert came:\n" + tell(agent.alerts))
                            time.sleep(0.001)
                        took.append(time.monotonic() - began)
                    got = expect(agent.alerts, "seventh-0", container__name=None, container__id="ab" * 6)
                    agent.stop()
                seconds[name] = sorted(took)
            finally:
                for _ in range(50):
                    try:
                        os.rmdir(cgroup)
                        break
                    except OSError:
                        time.sleep(0.02)
        server.close()
    print("from the start of a shell to its alert, ms: " + ", ".join(
        "%s %s" % (name, [round(1000 * t) for t in took]) for name, took in seconds.items()))
    check(seconds["with"][0] < seconds["without"][0] + 0.1 and seconds["with"][-1] < 1.0,
          "the hanging runtime delays alerts: %s" % seconds)


CASES = {f.__name__: f for f in (docker, containerd, pod, churn, recording, rotated, hanging)}


def test():
    harness.require_live()
    CASES[sys.argv[1]]()


harness.main(test)
