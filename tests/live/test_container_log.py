# SPDX-License-Identifier: Apache-2.0
"""Alerts out of the log of a running container, by a real Docker: the library's example and evtagg.

Lines from before are left alone or asked for, none comes twice or gets lost when the container starts again, and lines
longer than the engine's own buffer (16 KiB) come whole, with a terminal and without one.
"""
import json
import os
import signal
import subprocess
import time

import harness
import runtimes
from harness import Failure, check

EVTAGG = os.environ["EVTAGG_EXE"]
EXAMPLE = os.environ["EXAMPLE_EXE"]
LONG = 40000
ENOUGH = 60


def alert(rule, filling=0):
    return json.dumps({"rule": rule, "priority": "Error", "output_fields": {"x": "y" * filling},
                       "time": "2026-11-20T18:35:23.178557652Z", "output": "o " + rule})


def say(docker, name, *lines):
    """As if the container's program had written it."""
    text = "".join(line + "\n" for line in lines)
    subprocess.run(docker.cli("exec", "-i", name, "sh", "-c", "cat > /proc/1/fd/1"), input=text.encode(), check=True,
                   stdout=subprocess.DEVNULL)


class Reader:
    """A program that follows, its standard output in a file."""

    def __init__(self, docker, name, argv):
        self.path = docker.path(name)
        env = dict(os.environ, DOCKER_HOST="unix://" + docker.socket)
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(argv, env=env, stdout=out, stderr=subprocess.PIPE, text=True)

    def lines(self):
        with open(self.path) as f:
            return f.read().splitlines()

    def wait(self, n):
        end = time.monotonic() + ENOUGH
        while len(self.lines()) < n:
            if time.monotonic() > end or self.process.poll() is not None:
                raise Failure("%s: %s lines, not %d" % (self.path, self.lines(), n))
            time.sleep(0.1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        err = self.process.communicate(timeout=20)[1]
        check(self.process.returncode == 0, "exit %s: %s" % (self.process.returncode, err))
        return err


def evtagg(docker, *args):
    done = subprocess.run([EVTAGG, "--json", "-q", "--engine", docker.socket, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=ENOUGH)
    check(done.returncode == 0, done.stderr)
    answer = json.loads(done.stdout)
    return {r["key"]["rule"]: r["count"] for r in answer["rows"]}, answer


def case(docker, name, *options):
    docker.run("run", "-d", "--network", "none", "--name", name, *options, runtimes.IMAGE, "sleep", "600")
    say(docker, name, "starting up", alert("old"))
    time.sleep(1.1)
    moment = time.time()
    example = Reader(docker, name + ".example", [EXAMPLE, name])
    follower = Reader(docker, name + ".evtagg", [EVTAGG, "--json", "-f", "-n", "docker:" + name])
    # Before a line is written both must have asked for the log: connected, and told the time from which on.
    time.sleep(2)
    say(docker, name, alert("one"), "no alert", "{broken", alert("two", 0 if options else LONG))
    example.wait(2)
    docker.run("restart", "-t", "0", name)
    say(docker, name, alert("three"), alert("three"))
    example.wait(4)
    time.sleep(1)  # for what should not come
    err = example.stop()
    check(example.lines() == ["Error: %s: o %s" % (r, r) for r in ("one", "two", "three", "three")], example.lines())
    check("1 errors, 0 dropped" in err, err)
    follower.stop()
    answer = json.loads("\n".join(follower.lines()))
    got = {r["key"]["rule"]: r["count"] for r in answer["rows"]}
    check(got == {"one": 1, "two": 1, "three": 2}, got)
    check(answer["read"]["reconnects"] >= 1 and answer["read"]["dropped"] == 0, answer["read"])
    # All there is, and what came since.
    everything = {"old": 1, "one": 1, "two": 1, "three": 2}
    check(evtagg(docker, "docker:" + name)[0] == everything, evtagg(docker, "docker:" + name)[1])
    # The alerts' own time is older than the log's: the engine is asked by its time, alerts are chosen by theirs.
    check(evtagg(docker, "--since", "@%d" % int(moment), "docker:" + name)[1]["read"]["lines"] == 6, "since")


def removed(docker):
    docker.run("run", "-d", "--network", "none", "--name", "gone", runtimes.IMAGE, "sleep", "600")
    reader = Reader(docker, "gone.example", [EXAMPLE, "gone"])
    time.sleep(1)
    docker.run("rm", "-f", "gone")
    err = reader.process.communicate(timeout=ENOUGH)[1]
    check("0 lines" in err, err)
    done = subprocess.run([EXAMPLE, "gone"], env=dict(os.environ, DOCKER_HOST="unix://" + docker.socket),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 1 and "No such file" in done.stderr, done.stderr)


def test():
    with runtimes.Docker() as docker:
        case(docker, "plain")
        case(docker, "terminal", "-t")
        removed(docker)


harness.main(test)
