# SPDX-License-Identifier: Apache-2.0
"""A machine with another kernel than the one at hand, to run a few programs of the build in.

The kernel is the one of Debian's package for clouds, downloaded with apt-get into
the build folder and never installed. SAKER_SECOND_KERNEL names another image to
boot instead. QEMU emulates the machine, so nothing but QEMU is needed, not even
root; all files it has are in its initramfs, which is made anew for each boot.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402, F401 (those who import this module take it from here)
from harness import BUILD, Failure, check, skip  # noqa: E402

PACKAGE = "linux-image-cloud-amd64"
CACHE = os.path.join(BUILD, "tests", "live", "second_kernel", "cache")
DOWNLOAD_SECONDS = 240
BOOT_SECONDS = 300  # from power on to power off; some 10 to 20 are usual
FOLDERS = ("bin", "lib", "lib64", "proc", "sys", "dev", "tmp", "etc", "root", "run", "usr/bin",
           "usr/share", "var/log")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\n",
    "etc/shadow": "root:*:1::::::\n",
    "etc/hostname": "second-kernel\n",
}


def need(program, package):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        skip("%s is missing: install %s" % (program, package))
    return path


def output(argv, seconds=60):
    """What a command prints; None when it cannot be run or fails."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=seconds, text=True)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


# ---- what the machine is made of ---------------------------------------------------

def download(folder):
    """The newest kernel package, in the folder; None: cannot be had here."""
    depends = output(["apt-cache", "depends", PACKAGE]) or ""
    image = re.search(r"Depends: (linux-image-\S+)", depends)
    if not image:
        return None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        # As who runs the test: apt's own user need not reach the build folder.
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", image.group(1)],
                       cwd=folder, stdin=subprocess.DEVNULL, timeout=DOWNLOAD_SECONDS)
    found = [name for name in os.listdir(folder) if name.endswith(".deb")]
    return os.path.join(folder, found[0]) if found else None


def unpack(package, folder):
    """The kernel image out of the package; its path."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
        with tarfile.open(fileobj=tar.stdout, mode="r|") as files:
            for member in files:
                name = os.path.basename(member.name)
                if name.startswith("vmlinuz-") and member.isfile():
                    path = os.path.join(folder, name)
                    with open(path, "wb") as to:
                        shutil.copyfileobj(files.extractfile(member), to)
                    tar.terminate()
                    return path
    raise Failure("there is no vmlinuz in %s" % package)


def kernel():
    """The image to boot; downloaded when the cache has none."""
    chosen = os.environ.get("SAKER_SECOND_KERNEL")
    if chosen:
        check(os.path.exists(chosen), "SAKER_SECOND_KERNEL: there is no %s" % chosen)
        return chosen
    os.makedirs(CACHE, exist_ok=True)
    cached = sorted(name for name in os.listdir(CACHE) if name.startswith("vmlinuz-"))
    if cached:
        return os.path.join(CACHE, cached[-1])
    need("apt-get", "apt, or set SAKER_SECOND_KERNEL to a kernel image with BTF")
    need("dpkg-deb", "dpkg")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        package = download(folder)
        if not package:
            skip("the package %s cannot be downloaded (no network, or apt-get update has not run)"
                 % PACKAGE)
        image = unpack(package, folder)
        path = os.path.join(CACHE, os.path.basename(image))
        os.rename(image, path)
    return path


def libraries(program):
    """The shared libraries that a program loads, by path."""
    listing = output(["ldd", program])
    if listing is None:
        return []  # static
    check("not found" not in listing, "libraries of %s are missing:\n%s" % (program, listing))
    return re.findall(r"(/\S+) \(0x", listing)


def static_busybox():
    path = need("busybox", "busybox-static")
    if libraries(path):
        skip("%s needs shared libraries: install busybox-static" % path)
    return path


class Image:
    """The files of the machine, put together in a scratch folder."""

    def __init__(self, folder):
        self.folder = folder
        for name in FOLDERS:
            os.makedirs(self.path(name))
        for name, text in FILES.items():
            self.write(name, text)
        os.chmod(self.path("tmp"), 0o1777)
        busybox = static_busybox()
        shutil.copy(busybox, self.path("bin/busybox"))
        for applet in (output([busybox, "--list"]) or "").split():
            if applet != "busybox":
                os.symlink("busybox", self.path("bin", applet))
        os.unlink(self.path("bin/true"))
        self.program("/bin/true")  # busybox is not one under another name
        shutil.copy(os.path.join(HERE, "init"), self.path("init"))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def program(self, path, name=None):
        """A program of this machine or of the build, and what it loads."""
        check(os.path.exists(path), "%s is not built" % path)
        shutil.copy(path, self.path("bin", name or os.path.basename(path)))
        for library in libraries(path):
            # The loader is looked for where the program says, the rest in LD_LIBRARY_PATH.
            to = "lib64" if os.path.basename(library).startswith("ld-linux") else "lib"
            shutil.copy(library, self.path(to))

    def pack(self, path):
        names = [os.path.relpath(os.path.join(base, name), self.folder)
                 for base, folders, files in os.walk(self.folder) for name in folders + files]
        with open(path, "wb") as archive:
            subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=self.folder,
                           input="\n".join(sorted(names)).encode(), stdout=archive, check=True)


# ---- running it --------------------------------------------------------------------

class Results:
    """What the job reported: name -> (exit code, text)."""

    def __init__(self, text, console):
        self.finished = "@@ done" in text
        self.console = console
        self.reports = {name: (int(code), body.rstrip()) for name, body, code in re.findall(
            r"^@@ begin (\S+)\n(.*?)^@@ end \1 (\d+)$", text, re.MULTILINE | re.DOTALL)}
        self.rest = text

    def get(self, name):
        if name not in self.reports:
            raise Failure("the machine did not report %s; the end of what it said:\n%s\n%s"
                          % (name, self.rest[-3000:], self.console[-3000:]))
        return self.reports[name]


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read().replace("\r", "")
    except OSError:
        return ""


def boot(qemu, image, folder):
    """From power on to power off; QEMU ends with this test, whatever happens."""
    initramfs, line, console = (os.path.join(folder, name) for name in ("initramfs", "line", "console"))
    image.pack(initramfs)
    argv = [qemu, "-accel", "tcg", "-m", "1024", "-smp", "2", "-nodefaults", "-display", "none",
            "-no-reboot", "-kernel", kernel(), "-initrd", initramfs,
            "-append", "console=ttyS0 quiet panic=-1",
            "-serial", "file:" + console, "-serial", "file:" + line]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        said, _ = process.communicate(timeout=BOOT_SECONDS)
        late = ""
    except subprocess.TimeoutExpired:
        said, late = "", "the machine was not done within %d s" % BOOT_SECONDS
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    results = Results(read(line), said + read(console))
    check(results.finished, "%s; the end of what it said:\n%s\n%s"
          % (late or "the machine ended before the job did", results.rest[-3000:], results.console[-3000:]))
    return results


def run(prepare):
    """Boots a machine whose files prepare(image) completes, among them /job; its results."""
    if os.uname().machine != "x86_64":
        skip("the second kernel is one for x86_64, this machine is %s" % os.uname().machine)
    qemu = need("qemu-system-x86_64", "qemu-system-x86")
    need("cpio", "cpio")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is open is closed
    image_of = kernel()
    with tempfile.TemporaryDirectory(prefix="saker-machine-") as folder:
        image = Image(os.path.join(folder, "root"))
        prepare(image)
        results = boot(qemu, image, folder)
    print("kernel: %s" % os.path.basename(image_of))
    return results
