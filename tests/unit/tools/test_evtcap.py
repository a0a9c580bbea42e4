# SPDX-License-Identifier: Apache-2.0
"""evtcap against the answers of others: python3 test_evtcap.py types|expressions|sysdig|rotation|terminal|unnamed|live|interop

types        how many events of each type Falco saw in each reference capture
expressions  how many events satisfied each of some conditions, by Falco
sysdig       what evtcap writes, read by sysdig as it reads the original
rotation     a capture split into files: each read alone knows what the whole knows there
terminal     colours, a bar while a file is read, a table drawn in place: on a pseudo-terminal
unnamed      calls that sysdig crashes on: written, unless it is asked that they are not
interop      what evtcap records of this machine, events and lists, read by sysdig (root, BTF)
live         what this test does is shown and written, none missing (root, BTF)
Exit codes are those of meson: 0 passed, 1 failed, 77 skipped (with the reason).
"""
import collections
import fcntl
import glob
import gzip
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

EVTCAP = os.environ["EVTCAP_EXE"]
CAPTURES = os.path.join(os.environ.get("SAKER_REFERENCE", ""), "captures")
OUR_CAPTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "attacks.scap")
SAMPLE = 7  # every so many conditions
# libs takes what any bpf call returns for a new descriptor, which these conditions see.
DIFFERENT = {"host_attacks": "r0007 r0064 r0081 r0100 r0112 r0155 r0207 r0213 r0279 r0292".split()}
READY_SECONDS = 20
OPENS = 500


def skip(reason):
    print("SKIP: " + reason)
    sys.exit(77)


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, check=True).stdout


def count(capture, *condition):
    types = json.loads(run(EVTCAP, "-q", "-S", "--json", "-r", capture, "--", *condition))
    return {(t["code"], "syscall" if t["code"] == 1 else t["type"]): t["events"] for t in types}, \
        sum(t["events"] for t in types)


def types():
    for capture in sorted(glob.glob(os.path.join(CAPTURES, "*.scap"))):
        want = collections.Counter()
        with open(capture[:-5] + ".types.txt") as f:
            for line in f:
                if not line.startswith("#"):
                    n, code, name = line.split()
                    want[(int(code), name)] += int(n)
        found = collections.Counter()
        for t in json.loads(run(EVTCAP, "-q", "-S", "--json", "-r", capture)):
            found[(t["code"], "syscall" if t["code"] == 1 else t["type"])] += t["events"]
        if found != want:
            yield "%s: %s" % (capture, {k: (want[k], found[k]) for k in set(want) | set(found)
                                        if want[k] != found[k]})


def expressions():
    for rules in sorted(glob.glob(os.path.join(CAPTURES, "expressions", "*.yaml"))):
        name = os.path.basename(rules)[:-5]
        with open(rules[:-5] + ".counts") as f:
            want = {rule: int(n) for rule, n in (line.split() for line in f)}
        with open(rules) as f:
            conditions = re.findall(r'- rule: (\S+)\n.*?\n  condition: (".*")\n', f.read())
        for rule, condition in conditions[::SAMPLE]:
            if rule in DIFFERENT.get(name, ()):
                continue
            found = count(os.path.join(CAPTURES, name + ".scap"), json.loads(condition))[1]
            if found != want.get(rule, 0):
                yield "%s %s: %d, Falco: %d: %s" % (name, rule, found, want.get(rule, 0), json.loads(condition))


def sysdig():
    if not shutil.which("sysdig"):
        skip("sysdig is not installed (Debian: apt-get install sysdig)")
    # Those of schema 4.x that old sysdig reads; older captures are converted, which it need not know.
    for name in ("container_attacks", "host_attacks", "workload"):
        capture = os.path.join(CAPTURES, name + ".scap")
        want = run("sysdig", "-r", capture)
        with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
            for options in ((), ("-z",)):
                copy = os.path.join(folder, "copy.scap")
                run(EVTCAP, "-q", "-r", capture, *options, "-w", copy)
                if run("sysdig", "-r", copy) != want or len(want) < 1000:
                    yield "%s: sysdig reads what evtcap %s -w wrote differently" % (name, " ".join(options))
            part = os.path.join(folder, "part.scap")
            run(EVTCAP, "-q", "-r", capture, "-w", part, "evt.type=openat")
            seen = run("sysdig", "-p", "%evt.type", "-r", part).split()
            n = count(capture, "evt.type=openat")[1]
            if seen != [b"openat"] * n:
                yield "%s: sysdig sees %d events, not the %d openat that the filter let pass" % (name, len(seen), n)


ROTATION_FIELDS = "*" + "|".join("%" + field for field in (
    "evt.rawtime", "evt.type", "evt.args", "proc.name", "proc.exepath", "proc.pname", "proc.cmdline", "proc.aname[2]",
    "proc.env", "user.name", "user.loginuid", "fd.name", "fd.type", "fd.is_server", "proc.sid", "thread.vtid",
    "container.id", "container.name"))


def rotation():
    for name in ("container_attacks", "host_attacks", "workload", "psp_run_as_user_0_container"):
        capture = os.path.join(CAPTURES, name + ".scap")
        want = run(EVTCAP, "-q", "-r", capture, "-p", ROTATION_FIELDS).splitlines()
        for options in (("-C", "1"), ("-z", "-C", "1"), ("-G", "1")):
            with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
                run(EVTCAP, "-q", "-r", capture, *options, "-w", os.path.join(folder, "part"))
                files = sorted(os.listdir(folder), key=lambda n: int(n[4:] or 0))
                found = []
                for part in files:
                    found += run(EVTCAP, "-q", "-r", os.path.join(folder, part), "-p", ROTATION_FIELDS).splitlines()
                    if shutil.which("sysdig"):
                        run("sysdig", "-r", os.path.join(folder, part), "-n", "1")
            different = [(a, b) for a, b in zip(want, found) if a != b]
            if len(files) < 2 and name == "workload" and options[0] != "-z":
                yield "%s %s: %d files" % (name, options, len(files))
            # A child that its parent told of in the file before, and itself in this one, is taken for new
            # there: with the descriptors that its parent has by then.
            if len(different) > len(want) / 1000 or len(want) != len(found):
                yield "%s %s: %d events of %d, %d different: %s" % (name, " ".join(options), len(found), len(want),
                                                                   len(different), different[:1])


def on_terminal(*args, env=None, rows=24, columns=80, stdout=None, until=None, seconds=15):
    """What evtcap shows on a terminal, and its exit code; Ctrl-C once `until` was seen."""
    terminal, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "", **(env or {})}
    with subprocess.Popen([EVTCAP, *args], stdin=slave, stdout=stdout or slave, stderr=slave, env=environment,
                          start_new_session=True) as process:
        os.close(slave)
        shown, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    shown += os.read(terminal, 65536)
                except OSError:  # nobody has the other end any more
                    break
            if until and re.search(until, shown, re.DOTALL) and process.poll() is None:
                process.send_signal(signal.SIGINT)
                until = None
        process.kill()
    os.close(terminal)
    return shown, process.returncode


def many_events(path):
    """A capture that takes a while to read: ours many times, one section behind the other."""
    with open(OUR_CAPTURE, "rb") as f:
        data = gzip.decompress(f.read())
    with open(path, "wb") as f:
        for _ in range(1500):
            f.write(data)


def terminal():
    event = ("-r", OUR_CAPTURE, "-n", "1", "evt.type=openat and evt.failed=false")
    shown, code = on_terminal(*event)
    if code or b"\x1b[1mopenat\x1b[0m" not in shown:
        yield "no colours: exit %s: %r" % (code, shown)
    for args, env in ((event, {"NO_COLOR": "1"}), (("--color", "never") + event, {}), (event, {"TERM": "dumb"})):
        shown, code = on_terminal(*args, env=env)
        if code or b"\x1b[" in shown or b" openat " not in shown:
            yield "colours, with %s %s: %r" % (args, env, shown)
    if b"\x1b[1m" not in run(EVTCAP, "-q", "--color", "always", *event) or b"\x1b[" in run(EVTCAP, "-q", *event):
        yield "colours that do not go to a terminal are by --color always only"
    with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
        large = os.path.join(folder, "large.scap")
        many_events(large)
        to = ("-r", large, "-w", os.path.join(folder, "copy.scap"), "evt.type exists")
        shown, code = on_terminal(*to, seconds=60)
        if code or not re.search(rb"\r\x1b\[K\[#* *\] +\d+ %  [\d.]+ million events, [\d.]+ million a second", shown):
            yield "no bar: exit %s: %r" % (code, shown)
        if not re.search(rb"\r\x1b\[Kevtcap: \d+ events in ", shown):
            yield "the bar stays: %r" % shown
        shown, _ = on_terminal("-q", *to, seconds=60)
        if shown:
            yield "-q says %r" % shown
    # Redrawn in place, in the lines and columns that there are; at the end the sum of it.
    shown, code = on_terminal("--top", "--engine", "procfs", "--poll", "100", rows=12, columns=40,
                              until=rb"\x1b\[H.*\x1b\[H.*events/s")
    frames = shown.split(b"\x1b[H")[1:]
    if code or len(frames) < 3 or shown.count(b"\x1b[2J") != 1:
        yield "--top: exit %s, %d frames: %r" % (code, len(frames), shown)
    for frame in frames[:-1]:
        lines = [re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", line) for line in frame.split(b"\r\n")]
        if len(lines) > 12 or max(map(len, lines)) > 40:
            yield "--top does not fit into 12 lines of 40: %r" % lines
    if frames and b"EVENTS " not in frames[-1]:
        yield "--top ends without the sum: %r" % frames[-1]


def touch(path):
    os.close(os.open(path, os.O_RDONLY))


def wait_for_canary(process, canary):
    """Opens it until evtcap says so: from then on nothing may be missing."""
    deadline = time.monotonic() + READY_SECONDS
    os.set_blocking(process.stdout.fileno(), False)
    while time.monotonic() < deadline and process.poll() is None:
        touch(canary)
        if canary.encode() in (process.stdout.read() or b""):
            os.set_blocking(process.stdout.fileno(), True)
            return True
        time.sleep(0.05)
    return False


def require_live():
    if os.geteuid() != 0:
        skip("live capture needs root")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        skip("live capture needs a kernel with BTF: /sys/kernel/btf/vmlinux is missing")


def live():
    require_live()
    with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
        bird, canary, written = (os.path.join(folder, name) for name in ("bird", "canary", "live.scap"))
        for path in (bird, canary):
            open(path, "w").close()
        with open(os.path.join(folder, "err"), "w+b") as err, \
                subprocess.Popen([EVTCAP, "-w", written, "--print", "-p", "%proc.pid %fd.name",
                                  "evt.type=openat and fd.directory=" + folder],
                                 stdout=subprocess.PIPE, stderr=err) as process:
            ready = wait_for_canary(process, canary)
            for _ in range(OPENS if ready else 0):
                touch(bird)
            process.send_signal(signal.SIGINT)
            shown = process.stdout.read().decode().splitlines()
            process.wait(READY_SECONDS)
            err.seek(0)
            said = err.read().decode()
        if "CAP_" in said or "not allowed" in said or "bpf(2)" in said:
            skip("the kernel does not let us load BPF programs: " + said)
        if process.returncode or not ready:
            yield "exit %s, ready: %s: %s" % (process.returncode, ready, said)
            return
        if not said.startswith("evtcap: capturing"):
            yield "it does not say that it has begun: " + said
        seen, delivered, dropped, left = map(int, re.search(
            r"(\d+) seen = (\d+) delivered \+ (\d+) dropped \+ (\d+) not", said).groups())
        if seen != delivered + dropped + left or left:
            yield "the account is not even: " + said
        mine = "%d %s" % (os.getpid(), bird)
        if dropped == 0 and shown.count(mine) != OPENS:
            yield "%d of %d opens shown" % (shown.count(mine), OPENS)
        in_file = run(EVTCAP, "-q", "-r", written, "-p", "%proc.pid %fd.name").decode().splitlines()
        if in_file.count(mine) != shown.count(mine):
            yield "%d shown, %d in the file" % (shown.count(mine), in_file.count(mine))
        name = run(EVTCAP, "-q", "-r", written, "-n", "1", "-F", "proc.exepath", "fd.name=" + bird).decode().strip()
        if name != os.path.realpath(sys.executable):
            yield "the file does not know who this process is: '%s'" % name


def record(path, *options, work):
    """Records to a file while work() is done, from the moment on that events are seen."""
    with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
        canary = os.path.join(folder, "canary")
        open(canary, "w").close()
        with open(os.path.join(folder, "err"), "w+b") as err, \
                subprocess.Popen([EVTCAP, "-w", path, *options, "--print", "-p", "%fd.name",
                                  "evt.type exists"], stdout=subprocess.PIPE, stderr=err) as process:
            ready = wait_for_canary(process, canary)
            os.set_blocking(process.stdout.fileno(), False)
            for _ in range(10 if ready else 0):
                work()
                process.stdout.read()
            os.set_blocking(process.stdout.fileno(), True)
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.wait(READY_SECONDS)
            err.seek(0)
            said = err.read().decode()
        if "CAP_" in said or "not allowed" in said or "bpf(2)" in said:
            skip("the kernel does not let us load BPF programs: " + said)
        return "" if ready and not process.returncode else "exit %s: %s" % (process.returncode, said)


def types_of(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wrong = "" if done.returncode == 0 else "%s: exit %d: %s" % (argv[0], done.returncode, done.stderr)
    return collections.Counter(done.stdout.decode().split()), wrong


def unnamed_event(ts):
    """rseq (380, 334 on x86_64) as the generic event, in a block: sysdig of 2022 does not know its name."""
    event = struct.pack("<QQIHI HH HH", ts, 1, 26 + 2 * 2 + 2 * 2, 1, 2, 2, 2, 380, 334)
    size = 8 + 2 + len(event) + -(2 + len(event)) % 4 + 4
    return struct.pack("<IIH", 0x216, size, 0) + event + b"\0" * (-(2 + len(event)) % 4) + struct.pack("<I", size)


def unnamed():
    with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
        old, new, copy = (os.path.join(folder, name) for name in ("old", "new", "copy"))
        run(EVTCAP, "-q", "-r", OUR_CAPTURE, "--for-sysdig", "-w", old)
        with open(old, "rb") as f, open(new, "wb") as to:
            to.write(f.read() + b"".join(unnamed_event(1 << 62 | i) for i in range(3)))
        n = count(old)[1]
        # Whatever the filter and the options are, nothing is left out unless it is asked for.
        for options, left_out in (((), 0), (("-z",), 0), (("--for-sysdig",), 3), (("--for-sysdig", "-z"), 3)):
            for condition in ((), ("evt.type exists",), ("evt.type=rseq",)):
                done = subprocess.run([EVTCAP, "-r", new, *options, "-w", copy, *condition],
                                      stderr=subprocess.PIPE, check=True)
                want = 3 - left_out + (0 if condition == ("evt.type=rseq",) else n)
                if count(copy)[1] != want:
                    yield "%s %s: %d events, not %d" % (options, condition, count(copy)[1], want)
                said = b"%d of system calls that old sysdig cannot name left out" % left_out
                told = b"%d events in %s," % (want, copy.encode()) in done.stderr
                if (said in done.stderr) != (left_out > 0) or not told:
                    yield "%s %s says %r" % (options, condition, done.stderr)


def interop():
    require_live()
    if not shutil.which("sysdig"):
        skip("sysdig is not installed (Debian: apt-get install sysdig)")
    with tempfile.TemporaryDirectory(prefix="saker-evtcap-") as folder:
        mine = os.path.join(folder, "mine")
        # Kinds of descriptors that sysdig refuses by their number: evtcap has some of bpf itself.
        held = [open(mine, "w"), os.memfd_create("held"), os.pidfd_open(os.getpid())]
        for options in ((), ("--for-sysdig",), ("--for-sysdig", "-z")):
            path = os.path.join(folder, "live" + "".join(options))
            wrong = record(path, *options, work=lambda: (touch(mine), subprocess.run(["/bin/true"])))
            if wrong:
                yield wrong
                return
            ours = types_of(EVTCAP, "-q", "-r", path, "-p", "%evt.type")[0]
            if not options:  # all of it, sysdig or not: every program that starts calls rseq
                if not ours["rseq"]:
                    yield "calls newer than sysdig are left out though nobody asked for it: %s" % ours
                continue
            theirs, wrong = types_of("sysdig", "-r", path, "-p", "%evt.type")
            if wrong:
                yield wrong
            # It passes over events that its schema does not have.
            different = {t: (ours[t], theirs[t]) for t in theirs if ours[t] != theirs[t]}
            if different or not {"openat", "close", "execve", "procexit"} <= set(theirs):
                yield "%s: types of ours and theirs: %s of %s" % (path, different, theirs)
            files = run("sysdig", "-r", path, "-c", "lsof").decode(errors="replace")
            if not re.search(r"\s%d\s.*\s%s\n" % (os.getpid(), re.escape(mine)), files):
                yield "sysdig does not list our open file:\n" + files[-2000:]
            if not re.search(r"\s%d\s.*memfd:held" % os.getpid(), files):
                yield "sysdig does not list our memfd:\n" + files[-2000:]
            shown = run(EVTCAP, "-q", "-r", path, "-n", "1", "-p", "%fd.types[" + str(held[2]) + "]",
                        "proc.pid=%d" % os.getpid())
            if b"pidfd" not in shown:
                yield "our own reader does not know that descriptor %d is a pidfd: %s" % (held[2], shown)
        held[0].close()


def reasons():
    """What has no value says why, if asked; each null has a reason and nothing else has."""
    fields = "evt.type,fd.name,fd.type,proc.pname,container.name,evt.certain"
    seen = set()
    with_reasons = run(EVTCAP, "-q", "-r", OUR_CAPTURE, "--json", "--reasons", "-F", fields).splitlines()
    without = run(EVTCAP, "-q", "-r", OUR_CAPTURE, "--json", "-F", fields).splitlines()
    if len(with_reasons) != len(without) or not without:
        yield "%d lines with reasons, %d without" % (len(with_reasons), len(without))
    for line, plain in zip(map(json.loads, with_reasons), map(json.loads, without)):
        absent = line.pop("absent", {})
        seen.update(absent.values())
        if line != plain or set(absent) != {name for name, value in line.items() if value is None}:
            yield "%s gives %s as absent" % (line, absent)
            break
    if not {"not applicable", "not captured"} <= seen:
        yield "reasons are only %s" % sorted(seen)
    if subprocess.run([EVTCAP, "-r", OUR_CAPTURE, "--reasons"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode != 2:
        yield "--reasons without --json is accepted"


def main():
    if sys.argv[1] not in ("live", "interop", "terminal", "unnamed", "reasons") and not os.path.isdir(CAPTURES):
        skip("SAKER_REFERENCE names no folder with captures")
    findings = list({f.__name__: f for f in (types, expressions, sysdig, rotation, terminal, unnamed, reasons, live,
                                              interop)}[sys.argv[1]]())
    print("\n".join(findings) or "all the same")
    sys.exit(1 if findings else 0)


main()
