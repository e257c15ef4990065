# SPDX-License-Identifier: GPL-2.0
"""A root file system of Debian's packages for guests: apt fetches them with all that they need, nothing is installed on the host, and the
guest unpacks them from a disk and changes its root to them. The same tree for Ferry and for Debian's Linux."""
import glob
import os
import shlex
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "../bench")]
import peer
import testlib

BASE = "base-files base-passwd bash coreutils dash grep gzip hostname mawk procps sed tar util-linux usr-is-merged".split()
DOCUMENTS = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info")
LEFT_OUT = DOCUMENTS + ("./usr/share/perl",)
UNPACK = """PATH=/bin
mkdir -p /d; mount -t tmpfs -o size=%s d /d && tar xf /dev/vda -C /d || exit 125
mount -t proc p /d/proc; mount -t sysfs s /d/sys; mount -t devtmpfs d /d/dev; mkdir -p /d/dev/pts /d/dev/shm
mount -t devpts -o mode=620,ptmxmode=666 p /d/dev/pts; mount -t tmpfs s /d/dev/shm; mount -t tmpfs t /d/tmp; chmod 1777 /d/tmp /d/dev/shm
printf '127.0.0.1 localhost\\n::1 localhost\\n' > /d/etc/hosts
cd /d && mount --move . /
exec chroot . /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root TERM=dumb LANG=C.UTF-8 sh -c %s
"""


def fetch(packages, archives):
    """The packages and what they depend on, as files of apt's."""
    os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
    status = os.path.join(archives, "nothing-installed")
    open(status, "w").close()
    options = {"Dir::State::status": status, "Dir::State::extended_states": status + ".auto", "Dir::Cache::archives": archives,
               "APT::Install-Recommends": "0", "APT::Sandbox::User": "", "Debug::NoLocking": "1"}
    words = ["apt-get", "-qq", "-y", "-d"] + [w for k, v in options.items() for w in ("-o", "%s=%s" % (k, v))]
    if subprocess.run(words + ["install"] + packages, check=False).returncode:
        sys.exit("debian: apt-get could not fetch %s; apt-get update comes first" % " ".join(packages))
    return sorted(glob.glob(os.path.join(archives, "*.deb")))


def tree(name, packages):
    """The directory with these packages unpacked; made once."""
    out = os.path.abspath(os.path.join(testlib.BUILD, "debian", name))
    stamp, wanted = out + ".list", "\n".join(sorted(BASE + packages))
    with testlib.locked(out + ".lock"):
        if os.path.exists(stamp) and open(stamp).read() == wanted:
            return out
        subprocess.run(["rm", "-rf", out], check=True)
        for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "proc", "sys", "dev", "tmp", "root", "etc"):
            os.makedirs(os.path.join(out, folder))
        for name in ("bin", "sbin", "lib", "lib64"):
            os.symlink("usr/" + name, os.path.join(out, name))
        for path in fetch(BASE + packages, out + ".debs"):
            # dpkg -x would replace the links by directories.
            unpack = "dpkg-deb --fsys-tarfile %s | tar x --keep-directory-symlink -C %s" % (shlex.quote(path), shlex.quote(out))
            subprocess.run(unpack, shell=True, check=True)
        for name in ("passwd", "group"):
            subprocess.run(["cp", os.path.join(out, "usr/share/base-passwd", name + ".master"), os.path.join(out, "etc", name)], check=True)
        with open(stamp, "w") as f:
            f.write(wanted)
    return out


def disk(root, path, extra=(), left_out=LEFT_OUT):
    """A disk that is a tar archive of the tree, but for @left_out, and of @extra (HOST:GUEST)."""
    words = ["tar", "--owner=0", "--group=0", "--numeric-owner", "--sort=name"] + ["--exclude=" + p for p in left_out]
    subprocess.run(words + ["-C", root, "-cf", path, "."], check=True)
    with tarfile.open(path, "a") as archive:
        for item in extra:
            host, guest = item.split(":")
            archive.add(host, "." + guest)
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) + 511 & ~511)


def run(system, disk_path, command, mem="2G", smp=2, timeout=3600, build=None):
    """Run @command in the tree on "ferry" or "linux": (status, output, the kernel's log)."""
    script = UNPACK % ("80%", shlex.quote(command))
    options = ["--smp", str(smp), "--mem", mem, "--disk", disk_path]
    if system == "linux":
        guest = peer.Linux((), ("virtio_blk", "virtio_pci"))
        return guest.run("/bin/busybox mkdir -p /bin; /bin/busybox --install -s /bin; " + script, *options, timeout=timeout)
    return testlib.run(build or testlib.BUILD, script, *options, timeout=timeout)
