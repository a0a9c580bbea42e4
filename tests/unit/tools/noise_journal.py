# SPDX-License-Identifier: Apache-2.0
"""Journals of alerts with known noise and planted attacks, the same for the same seed.

Noise is steady over a week and on many hosts: a monitoring agent, a backup, a build, a pod that reads
tokens, an agent of many programs. Rare harmless alerts lie between. For each kind of noise an attack is planted
for each field: equal to an alert of the noise but for this one field, a few alerts close together. What the field
has there is either new, or usual elsewhere in the same rule.
"""
import datetime
import json
import random

DAY = 86400
BASE = 1795000000
HOSTS = ["web%02d" % i for i in range(1, 9)]

RULES = """
- macro: container
  condition: (container.id != host)
- rule: Sensitive file read
  desc: a file with secrets was read
  condition: evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.name startswith /
  output: "file read (file=%fd.name type=%evt.type exe=%proc.exepath parent=%proc.pname cmd=%proc.cmdline user=%user.name)"
  priority: WARNING
  tags: [mitre_credential_access, T1555]
- rule: Shell in a container
  desc: a shell was started in a container
  condition: evt.type in (execve, execveat) and container and proc.name in (sh, bash)
  output: "shell (type=%evt.type exe=%proc.exepath parent=%proc.pname cmd=%proc.cmdline image=%container.image.repository)"
  priority: NOTICE
  tags: [mitre_execution, T1059]
- rule: Unexpected connection
  desc: a connection that nobody listed
  condition: evt.type in (connect, sendto) and fd.typechar = 4
  output: "connection (to=%fd.name type=%evt.type exe=%proc.exepath parent=%proc.pname cmd=%proc.cmdline)"
  priority: NOTICE
  tags: [mitre_command_and_control, T1071]
- rule: Kernel module loaded
  desc: a module was loaded
  condition: evt.type in (init_module, finit_module)
  output: "module loaded (type=%evt.type exe=%proc.exepath parent=%proc.pname cmd=%proc.cmdline)"
  priority: CRITICAL
  tags: [mitre_persistence, T1547]
"""

def program(r, rule, priority, hosts, per_day, **fields):
    return {"rule": rule, "priority": priority, "hosts": hosts, "per_day": per_day, "fields": fields}


def hexes(r, n):
    return "".join(r.choice("0123456789abcdef") for _ in range(n - 2)) + r.choice("abcdef") + r.choice("012345")


def kinds(r):
    """Of noise: what is a function is made anew for each alert."""
    read, shell, connect = "Sensitive file read", "Shell in a container", "Unexpected connection"
    return [
        program(r, read, "Warning", HOSTS, 96, **{
            "evt.type": "openat", "proc.exepath": "/usr/bin/node_exporter", "proc.pname": "systemd",
            "proc.cmdline": "node_exporter --path.procfs /proc", "user.name": "monitor",
            "fd.name": lambda: "/proc/%d/environ" % r.randrange(100, 60000), "container.image.repository": None}),
        program(r, read, "Warning", HOSTS[:5], 60, **{
            "evt.type": "openat", "proc.exepath": "/usr/bin/restic", "proc.pname": "backup.sh",
            "proc.cmdline": "restic backup /etc", "user.name": "root",
            "fd.name": lambda: r.choice(["/etc/shadow", "/etc/gshadow", "/etc/sudoers"]),
            "container.image.repository": None}),
        program(r, read, "Warning", HOSTS[2:7], 80, **{
            "evt.type": "openat", "proc.exepath": "/app/vault-agent", "proc.pname": "containerd-shim",
            "proc.cmdline": lambda: "vault-agent --lease %d" % r.randrange(10000, 99999), "user.name": "vault",
            "fd.name": "/var/run/secrets/token", "container.image.repository": "registry/vault"}),
        program(r, shell, "Notice", HOSTS, 120, **{
            "evt.type": "execve", "proc.exepath": "/bin/sh", "proc.pname": "runc",
            "proc.cmdline": "sh -c /healthz", "user.name": "app",
            "fd.name": None, "container.image.repository": lambda: r.choice(["registry/web", "registry/api"])}),
        program(r, shell, "Notice", HOSTS[:3], 70, **{
            "evt.type": "execve", "proc.exepath": "/bin/bash", "proc.pname": "ci-runner",
            "proc.cmdline": lambda: "bash /builds/%s/run.sh" % hexes(r, 12), "user.name": "ci",
            "fd.name": None, "container.image.repository": "registry/build"}),
        program(r, connect, "Notice", HOSTS[1:6], 110, **{
            "evt.type": "connect", "proc.exepath": "/usr/sbin/chronyd", "proc.pname": "systemd",
            "proc.cmdline": "chronyd -F 2", "user.name": "chrony",
            "fd.name": lambda: "10.0.0.%d:%d->192.0.2.7:123" % (5, r.randrange(30000, 60000)),
            "container.image.repository": None}),
    ]


def value(v):
    return v() if callable(v) else v


def alert(r, kind, host, when, mark, change=None):
    fields = {name: value(v) for name, v in kind["fields"].items()}
    fields.update(change or {})
    fields["proc.name"] = (fields["proc.exepath"] or "").split("/")[-1]
    fields["proc.pid"] = r.randrange(2, 4000000)
    fields["container.id"] = hexes(r, 12) if fields["container.image.repository"] else "host"
    stamp = datetime.datetime.fromtimestamp(when, datetime.timezone.utc)
    time = stamp.strftime("%Y-%m-%dT%H:%M:%S.") + "%09dZ" % r.randrange(10 ** 9)
    fields["evt.time"] = int(when) * 10 ** 9
    text = "%s: %s %s %s" % (time[11:], kind["priority"], kind["rule"],
                             " ".join("%s=%s" % kv for kv in sorted(fields.items())))
    return {"hostname": host, "output": text, "output_fields": fields, "priority": kind["priority"],
            "rule": kind["rule"], "source": "syscall", "tags": ["test"], "time": time, "mark": mark}


NEW = {"evt.type": None, "proc.exepath": "/tmp/.x/implant", "proc.pname": "sshd", "proc.cmdline": "sh -i",
       "user.name": "nobody", "container.image.repository": "attacker/miner", "fd.name": "/root/.ssh/id_rsa",
       "hostname": "db01"}


def attacks(r, all_kinds, days):
    """(kind, host, changed field, change, what), one field each."""
    made = []
    for k, kind in enumerate(all_kinds):
        same_rule = [o for o in all_kinds if o["rule"] == kind["rule"] and o is not kind]
        for field in ["proc.exepath", "proc.pname", "proc.cmdline", "user.name", "container.image.repository",
                      "fd.name", "hostname"]:
            host = r.choice(kind["hosts"])
            if field == "hostname":
                made.append((kind, NEW[field], field, {}, "new"))
                continue
            if kind["fields"][field] is None and field == "fd.name":
                continue  # the rule's events have none
            new = NEW[field] + ("/sh" if kind["rule"].startswith("Shell") and field == "proc.exepath" else "")
            made.append((kind, host, field, {field: new}, "new"))
            for other in same_rule:
                usual = value(other["fields"][field])
                if usual is not None and usual != value(kind["fields"][field]):
                    made.append((kind, host, field, {field: usual}, "usual elsewhere"))
                    break
    return made


def journal(seed=1, days=7, scale=1.0, plant=True):
    """Alerts in order of time; "mark" is "noise", "rare" or ("attack", field, what), as text."""
    r = random.Random(seed)
    all_kinds = kinds(r)
    made = []
    for kind in all_kinds:
        for host in kind["hosts"]:
            for _ in range(int(kind["per_day"] * days * scale)):
                made.append(alert(r, kind, host, BASE + r.random() * days * DAY, "noise"))
    for i in range(40):  # each once, somewhere
        kind = r.choice(all_kinds)
        change = {"proc.exepath": "/opt/tool%d/bin/sh" % i, "proc.cmdline": "t --once", "user.name": "admin%d" % (i % 7)}
        made.append(alert(r, kind, r.choice(HOSTS), BASE + r.random() * days * DAY, "rare", change))
    for kind, host, field, change, what in attacks(r, all_kinds, days) if plant else []:
        start = BASE + r.uniform(0.1, 0.9) * days * DAY
        for i in range(r.choice([1, 2, 6, 30])):
            made.append(alert(r, kind, host, start + i * r.uniform(1, 20), "attack %s %s" % (field, what), change))
    module = program(r, "Kernel module loaded", "Critical", HOSTS, 0, **{
        "evt.type": "finit_module", "proc.exepath": "/usr/bin/kmod", "proc.pname": "systemd-udevd",
        "proc.cmdline": "modprobe overlay", "user.name": "root", "fd.name": None, "container.image.repository": None})
    for i in range(700):
        made.append(alert(r, module, HOSTS[i % 8], BASE + r.random() * days * DAY, "critical"))
    made.sort(key=lambda a: a["time"])
    return made


def write(path, alerts):
    with open(path, "w") as f:
        for a in alerts:
            f.write(json.dumps(a, separators=(",", ":")) + "\n")
