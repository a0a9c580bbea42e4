# SPDX-License-Identifier: Apache-2.0
"""Real container runtimes for the tests beside this file: each in a scratch folder of its own, ended by id."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from harness import Failure

POD = os.path.join(harness.BUILD, "tests", "live", "pod")
IMAGE = "saker-test:v1"
FULL_IMAGE = "docker.io/library/" + IMAGE
ENOUGH_SECONDS = 60


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            harness.skip(program + " is not installed")


def rootfs(folder):
    """A root file system of busybox, which is all that a shell in a container takes."""
    root = os.path.join(folder, "rootfs")
    os.makedirs(root + "/bin")
    os.makedirs(root + "/etc")
    shutil.copy(shutil.which("busybox"), root + "/bin/busybox")
    for name in ("sh", "cat", "true", "sleep", "id"):
        os.symlink("busybox", root + "/bin/" + name)
    with open(root + "/etc/passwd", "w") as f:
        f.write("root:x:0:0:root:/root:/bin/sh\nhatchling:x:1234:1234::/:/bin/sh\n")
    with open(root + "/etc/group", "w") as f:
        f.write("root:x:0:\nnestlings:x:1234:\n")
    return root


def unmount_below(folder):
    """What a runtime that was ended leaves mounted."""
    with open("/proc/self/mounts") as f:
        mounts = [line.split()[1] for line in f]
    for path in sorted((m for m in mounts if m.startswith(folder + "/")), reverse=True):
        subprocess.run(["umount", "-l", path], stderr=subprocess.DEVNULL)


class Daemon:
    """A runtime that runs until the with statement ends."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="saker-runtime-")
        self.socket = os.path.join(self.dir, "socket")
        self.log = os.path.join(self.dir, "log")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def start(self, argv, ping):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + ENOUGH_SECONDS
        while subprocess.run(ping, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self.log) as f:
                    raise Failure("%s did not start:\n%s" % (argv[0], f.read()[-3000:]))
            time.sleep(0.1)

    def __enter__(self):
        try:
            self.open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        process = getattr(self, "process", None)
        if process and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        unmount_below(self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)


class Docker(Daemon):
    def open(self):
        need("dockerd", "docker", "containerd", "runc", "busybox")
        self.start(["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none",
                    "--data-root", self.path("data"), "--exec-root", self.path("exec"),
                    "--pidfile", self.path("pid"), "-H", "unix://" + self.socket],
                   self.cli("version"))
        tar = subprocess.run(["tar", "-C", rootfs(self.dir), "-c", "."], stdout=subprocess.PIPE, check=True)
        subprocess.run(self.cli("import", "-", IMAGE), input=tar.stdout, check=True, stdout=subprocess.DEVNULL)

    def cli(self, *argv):
        return ["docker", "-H", "unix://" + self.socket] + list(argv)

    def run(self, *argv):
        done = subprocess.run(self.cli(*argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure("docker %s: %s" % (" ".join(argv), done.stderr))
        return done.stdout.strip()

    def __exit__(self, kind, value, trace):
        if getattr(self, "process", None) and self.process.poll() is None:
            ids = subprocess.run(self.cli("ps", "-aq"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split()
            if ids:
                subprocess.run(self.cli("rm", "-f", *ids), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        super().__exit__(kind, value, trace)


class Podman(Daemon):
    """Its client starts containers, its service only tells of them."""

    GROUPS = "/sys/fs/cgroup/**/libpod_parent"

    # A build machine may not raise limits; runc, as crun refuses control groups of both versions.
    MODEST = ["--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--pids-limit=-1"]

    def open(self):
        need("podman", "runc", "conmon", "busybox")
        self.before = set(glob.glob(self.GROUPS, recursive=True))
        self.start(self.cli("system", "service", "--time=0", "unix://" + self.socket),
                   ["test", "-S", self.socket])
        tar = subprocess.run(["tar", "-C", rootfs(self.dir), "-c", "."], stdout=subprocess.PIPE, check=True)
        done = subprocess.run(self.cli("import", "-", FULL_IMAGE), input=tar.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise Failure("podman import: " + done.stderr.decode())

    def __exit__(self, kind, value, trace):
        super().__exit__(kind, value, trace)
        # It leaves these behind; they do not go while somebody is in them.
        for parent in set(glob.glob(self.GROUPS, recursive=True)) - getattr(self, "before", set()):
            for group in glob.glob(parent + "/*/") + [parent]:
                with contextlib.suppress(OSError):
                    os.rmdir(group)

    def cli(self, *argv):
        return ["podman", "--root", self.path("root"), "--runroot", self.path("run"), "--tmpdir", self.path("tmp"), "--runtime", "runc",
                "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none", *argv]

    def run(self, *argv):
        done = subprocess.run(self.cli(*argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure("podman %s: %s" % (" ".join(argv), done.stderr))
        return done.stdout.strip()


CONTAINERD_CONFIG = """
version = 2
root = "%(dir)s/root"
state = "%(dir)s/state"
[grpc]
  address = "%(socket)s"
[ttrpc]
  address = "%(socket)s.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%(image)s"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%(dir)s/cni/bin"
    conf_dir = "%(dir)s/cni/net.d"
"""


def docker_archive(folder):
    """The image in the form that `docker save` gives it, made without Docker."""
    import hashlib
    import json
    import tarfile
    layer = os.path.join(folder, "layer.tar")
    subprocess.run(["tar", "-C", rootfs(folder), "-cf", layer, "."], check=True)
    with open(layer, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sleep", "60"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]}}).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    archive = os.path.join(folder, "image.tar")
    with open(os.path.join(folder, config_name), "wb") as f:
        f.write(config)
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        json.dump([{"Config": config_name, "RepoTags": [FULL_IMAGE], "Layers": ["layer.tar"]}], f)
    with tarfile.open(archive, "w") as tar:
        for name in (config_name, "manifest.json", "layer.tar"):
            tar.add(os.path.join(folder, name), name)
    return archive


class Containerd(Daemon):
    def open(self):
        need("containerd", "ctr", "runc", "busybox")
        with open(self.path("config.toml"), "w") as f:
            f.write(CONTAINERD_CONFIG % {"dir": self.dir, "socket": self.socket, "image": FULL_IMAGE})
        self.start(["containerd", "-c", self.path("config.toml")], self.cli("version"))
        archive = docker_archive(self.dir)
        for namespace in ("default", "k8s.io"):
            subprocess.run(self.cli("-n", namespace, "images", "import", archive), check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cli(self, *argv):
        return ["ctr", "-a", self.socket] + list(argv)

    def run(self, *argv):
        done = subprocess.run(self.cli("run", *argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure("ctr run %s: %s" % (" ".join(argv), done.stderr))
        return done.stdout

    def pod(self, *argv):
        """Starts a pod: its id, and its container's."""
        done = subprocess.run([POD, self.socket, "start", FULL_IMAGE] + list(argv), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        ids = done.stdout.split()
        if done.returncode:
            if ids:
                self.stop_pod(ids[0])
            raise Failure("no pod: " + done.stderr + open(self.log).read()[-2000:])
        return ids

    def stop_pod(self, pod):
        subprocess.run([POD, self.socket, "stop", pod], check=True)
