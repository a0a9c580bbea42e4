# SPDX-License-Identifier: Apache-2.0
"""The things the live tests do, and what an alert about each must say.

A case names the rule that must fire: Falco's stable one where there is one, and
ours. `act` does it for real, on files that the test made itself. `fields` are
held against the alert's output_fields; a callable is a predicate.
"""
import contextlib
import os
import shutil
import subprocess
import tempfile

import harness
from harness import ACTOR, Failure, named_actor, run

DOC_ADDRESS = "203.0.113.7"  # of RFC 5737, never anybody's; only inside a namespace


class Unable(Exception):
    """This machine cannot do it; the text says why."""


class Case:
    def __init__(self, name, act, fields, stable=None, ours=None):
        self.name = name
        self.act = act
        self.fields = fields
        self.stable = stable
        self.ours = ours

    def rule(self):
        return self.stable if harness.stable_rules() == [harness.STABLE_RULES] else self.ours


def write(path, text="x\n"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


@contextlib.contextmanager
def folder_in(parent):
    path = tempfile.mkdtemp(prefix="saker-live-", dir=parent)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def container_group():
    """A cgroup named as docker names a container's: what makes a process one of a container."""
    root = "/sys/fs/cgroup"
    if not os.path.exists(root + "/cgroup.controllers"):
        root += "/cpu"  # version 1: one of the hierarchies that events tell of
    path = "%s/docker-%s.scope" % (root, "5a4e" * 16)
    try:
        os.mkdir(path)
    except OSError as error:
        raise Unable("no cgroup can be made: %s" % error)
    try:
        yield path
    finally:
        os.rmdir(path)


def in_group(path, child):
    """Runs child() in a forked process that joins the cgroup; its result is the exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with open(path + "/cgroup.procs", "w") as f:
                f.write("0")
            code = child()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise Failure("the process in the container's cgroup failed with %d" % code)


def traversal(agent):
    run([ACTOR, "open", "/usr/share/../../etc/hostname"])


def late_reader(agent):
    run([named_actor(agent, "nginx"), "wait-open", "6", "/etc/shadow"])


def cat_shadow(agent):
    run(["cat", "/etc/shadow"])


def shell_below_server(agent):
    run([named_actor(agent, "httpd"), "spawn", "0", "/bin/sh", "-c", "exit 0"])


def daemon_below_sshd(agent):
    run([named_actor(agent, "sshd"), "spawn", "1", "/bin/true"])


def grep_key(agent):
    write(agent.path("notes", "a"), "-----BEGIN RSA PRIVATE KEY-----\n")
    run(["grep", "-r", "BEGIN RSA PRIVATE", agent.path("notes")])


def find_key(agent):
    write(agent.path("notes", "id_rsa"))
    run(["find", agent.path("notes"), "-name", "id_rsa"])


def grep_cloud_key(agent):
    write(agent.path("notes", "b"), "aws_secret_access_key = none\n")
    run(["grep", "aws_secret_access_key", agent.path("notes", "b")])


def empty_log(agent):
    with folder_in("/var/log") as logs:
        write(logs + "/auth.log")
        run(["cp", "/dev/null", logs + "/auth.log"])


def remove_log(agent):
    with folder_in("/var/log") as logs:
        write(logs + "/auth.log")
        run(["rm", logs + "/auth.log"])


def shred(agent):
    run(["shred", "-u", write(agent.path("waste"))])


def symlink_shadow(agent):
    run(["ln", "-s", "/etc/shadow", agent.path("link")])


def hardlink_shadow(agent):
    run([ACTOR, "scratch", "/etc", "/bin/sh", "-c", "echo x > /etc/shadow; ln /etc/shadow /etc/copy"])


def attach(agent):
    run([ACTOR, "attach"])


def traceme(agent):
    run([ACTOR, "traceme"])


def from_shared_memory(agent):
    with folder_in("/dev/shm") as shm:
        shutil.copy("/bin/true", shm + "/dropped")
        try:
            run([shm + "/dropped"])
        except PermissionError:
            raise Unable("/dev/shm is mounted noexec")


def from_memfd(agent):
    run([ACTOR, "memfd", "/bin/true"])


def ssh_elsewhere(agent):
    run([named_actor(agent, "ssh"), "connect", DOC_ADDRESS, "8443"])


def cat_ssh_key(agent):
    run(["cat", write(agent.path(".ssh", "id_ed25519"))])


def cat_cloud_credentials(agent):
    run(["cat", write(agent.path(".aws", "credentials"))])


def write_cron(agent):
    run([ACTOR, "scratch", "/etc", "/bin/sh", "-c", "echo > /etc/crontab"])


def move_cron(agent):
    run([ACTOR, "scratch", "/etc", "/bin/sh", "-c",
         "mkdir /etc/cron.d; echo > /etc/job; mv /etc/job /etc/cron.d/job"])


def write_preload(agent):
    run([ACTOR, "scratch", "/etc", "/bin/sh", "-c", "echo > /etc/ld.so.preload"])


def write_authorized_keys(agent):
    run(["sh", "-c", 'echo key >> "$1"', "sh", write(agent.path(".ssh", "authorized_keys"))])


def set_user_id(agent):
    run(["chmod", "u+s", write(agent.path("tool"))])


def remove_history(agent):
    run(["rm", write(agent.path(".bash_history"))])


def empty_history(agent):
    run(["bash", "-c", ': > "$1"', "bash", write(agent.path(".bash_history"))])


def wire(agent):
    run([ACTOR, "wire", "/bin/sh", "-c", "exit 0"])


def packet(agent):
    run([ACTOR, "packet"])


def module(agent):
    run([ACTOR, "module"])


def bpf(agent):
    run([ACTOR, "bpf"])


def io_uring(agent):
    try:
        run([ACTOR, "io-uring"])
    except Failure as failure:
        raise Unable(str(failure))


def ring_open(path):
    def act(agent):
        try:
            run([ACTOR, "ring-open", path])
        except Failure as failure:
            raise Unable(str(failure))
    return act


def linked_shadow(agent):
    """By a link in a folder of ours: the name that is opened is on no list."""
    with folder_in("/tmp") as folder:
        os.symlink("/etc", os.path.join(folder, "harmless"))
        run([ACTOR, "open", os.path.join(folder, "harmless/shadow")])


def namespace_in_container(agent):
    with container_group() as group:
        in_group(group, lambda: subprocess.call(["unshare", "-m", "true"]))


def shell_in_container(agent):
    def child():
        pid, _ = os.forkpty()
        if pid == 0:
            os.execv("/bin/sh", ["sh", "-c", "exit 0"])
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    with container_group() as group:
        in_group(group, child)


def ends(text):
    return lambda value: isinstance(value, str) and value.endswith(text)


def has(text):
    return lambda value: isinstance(value, str) and text in value


# Who did it, which every alert must say.
def who(name, user="root", **more):
    return {"proc.name": name, "user.name": user, **more}


CASES = [
    Case("directory-traversal", traversal,
         {**who("actor"), "fd.name": "/etc/hostname"},
         stable="Directory traversal monitored file read", ours="Fixture: path with parent folders"),
    Case("read-after-startup", late_reader,
         {**who("nginx"), "fd.name": "/etc/shadow"},
         stable="Read sensitive file trusted after startup", ours="Fixture: server reads secrets late"),
    Case("read-untrusted", cat_shadow,
         {**who("cat"), "fd.name": "/etc/shadow"},
         stable="Read sensitive file untrusted", ours="Account secrets read by unexpected program"),
    Case("shell-untrusted", shell_below_server,
         {**who("sh"), "proc.pname": "httpd"},
         stable="Run shell untrusted", ours="Fixture: shell below server"),
    Case("system-user", daemon_below_sshd,
         {**who("true", "daemon"), "proc.pname": "sshd"},
         stable="System user interactive", ours="Fixture: system user at work"),
    Case("search-keys", grep_key,
         {**who("grep"), "proc.cmdline": has("BEGIN RSA PRIVATE")},
         stable="Search Private Keys or Passwords", ours="Secrets searched for"),
    Case("find-keys", find_key,
         {**who("find"), "proc.cmdline": has("-name id_rsa")},
         stable="Search Private Keys or Passwords", ours="Secrets searched for"),
    Case("clear-log", empty_log,
         {**who("cp"), "fd.name": ends("/auth.log")},
         stable="Clear Log Activities", ours="System log cleared"),
    Case("bulk-removal", shred,
         {**who("shred"), "proc.cmdline": ends("/waste")},
         stable="Remove Bulk Data from Disk", ours="Data wiped"),
    Case("symlink", symlink_shadow,
         {**who("ln"), "evt.arg.target": "/etc/shadow"},
         stable="Create Symlink Over Sensitive Files", ours="Link made to account secrets"),
    Case("hardlink", hardlink_shadow,
         {**who("ln"), "evt.arg.oldpath": "/etc/shadow"},
         stable="Create Hardlink Over Sensitive Files", ours="Link made to account secrets"),
    Case("ptrace-attach", attach, who("actor"),
         stable="PTRACE attached to process", ours="Process taken over with ptrace"),
    Case("ptrace-traceme", traceme, who("actor"),
         stable="PTRACE anti-debug attempt", ours="Fixture: asks to be traced"),
    Case("find-cloud-keys", grep_cloud_key,
         {**who("grep"), "proc.cmdline": has("aws_secret_access_key")},
         stable="Find AWS Credentials", ours="Secrets searched for"),
    Case("shared-memory", from_shared_memory,
         {**who("dropped"), "proc.exepath": lambda v: isinstance(v, str) and v.startswith("/dev/shm/")},
         stable="Execution from /dev/shm", ours="Program started from shared memory"),
    Case("ssh-port", ssh_elsewhere,
         {**who("ssh"), "fd.name": ends("->%s:8443" % DOC_ADDRESS)},
         stable="Disallowed SSH Connection Non Standard Port", ours="Fixture: ssh to another port"),
    Case("memfd", from_memfd,
         {"user.name": "root", "proc.exepath": has("memfd:")},
         stable="Fileless execution via memfd_create", ours="Program started from anonymous memory"),

    Case("ssh-key", cat_ssh_key, {**who("cat"), "fd.name": ends("/.ssh/id_ed25519")},
         ours="Login or cloud credentials read by unexpected program"),
    Case("cloud-credentials", cat_cloud_credentials, {**who("cat"), "fd.name": ends("/.aws/credentials")},
         ours="Login or cloud credentials read by unexpected program"),
    Case("cron", write_cron, {**who("sh"), "fd.name": "/etc/crontab"}, ours="Scheduled job written"),
    Case("cron-move", move_cron, {**who("mv"), "fs.path.target": "/etc/cron.d/job"},
         ours="Scheduled job written"),
    Case("preload", write_preload, {**who("sh"), "fd.name": "/etc/ld.so.preload"},
         ours="Preload list changed"),
    Case("authorized-keys", write_authorized_keys, {**who("sh"), "fd.name": ends("/.ssh/authorized_keys")},
         ours="SSH keys for login changed"),
    Case("set-user-id", set_user_id, {**who("chmod"), "evt.args": has("S_ISUID")},
         ours="Set-user-ID bit set"),
    Case("remove-history", remove_history, {**who("rm"), "fs.path.name": ends("/.bash_history")},
         ours="Shell history erased"),
    Case("empty-history", empty_history, {**who("bash"), "fd.name": ends("/.bash_history")},
         ours="Shell history erased"),
    Case("remove-log", remove_log, {**who("rm"), "fs.path.name": ends("/auth.log")},
         ours="System log cleared"),
    Case("wire-dup", wire, {**who("actor"), "fd.name": has("127.0.0.1:")},
         ours="Program wired to the network"),
    Case("wire-shell", wire, {**who("sh"), "proc.stdin.name": has("127.0.0.1:")},
         ours="Program wired to the network"),
    Case("packet", packet, {**who("actor"), "evt.args": has("AF_PACKET")}, ours="Packet socket opened"),
    Case("module", module, who("actor"), ours="Code loaded into the kernel by unexpected program"),
    Case("bpf", bpf, who("actor"), ours="Code loaded into the kernel by unexpected program"),
    Case("ring-shadow", ring_open("/etc/shadow"),
         {**who("actor"), "fd.name": "/etc/shadow"},
         stable="Read sensitive file untrusted", ours="Account secrets read by unexpected program"),
    Case("ring-via", ring_open("/etc/hostname"),
         {**who("actor"), "evt.via": "io_uring", "fd.name": "/etc/hostname"},
         ours="Fixture: opened through a ring"),
    Case("linked-shadow", linked_shadow,
         {**who("actor"), "fd.realpath": "/etc/shadow", "fd.name": has("harmless/shadow")},
         ours="Fixture: secrets by another name"),
    Case("io-uring", io_uring, who("actor"), ours="io_uring set up by unexpected program"),
    Case("container-namespace", namespace_in_container,
         {**who("unshare"), "container.id": "5a4e5a4e5a4e"}, ours="Namespace changed in container"),
    Case("container-shell", shell_in_container,
         {**who("sh"), "container.id": "5a4e5a4e5a4e"}, ours="Interactive shell in container"),
]
