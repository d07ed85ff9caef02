"""Start the systemd unit under systemd: in a virtual machine with Debian's kernel and Debian's systemd as its init.

    sudo .venv/bin/python tests/environments/unit.py --root /var/tmp/berm-debian [--kernel 6.12]

As root, with debootstrap and the simulator of environments. Makes a Debian 12 with systemd and a clone in /opt/berm
below the folder (once; three minutes), installs the unit by the lines at its head, and has ``inside_unit.py`` look:
does it start, is the cgroup that it was given divided, do limits hold, do attacks under the unit's own settings get
nowhere, does it restart, drain, and stop for good where a setting is wrong. Prints JSON; ends with 1 if something is
not as it should be. Seven minutes where nothing else runs: the machine is emulated.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import stat
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from machine import ROOT, simulator  # noqa: E402

SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,ca-certificates"
MARK = "BERM-UNIT "
COMMAND = "opt/berm/.venv/bin/python"
#: What is carried in beside the clone: who looks, and the program that attacks.
LOOKING = ("inside_unit.py", "inside.py")
#: What an emulated machine need not hold in its memory.
UNUSED = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/zoneinfo"),
    *("var/cache", "var/lib/apt", "var/lib/dpkg", "usr/lib/udev/hwdb.d", "usr/lib/udev/hwdb.bin"),
    *("usr/lib/python3.11/ensurepip", "usr/share/python-wheels", "boot"),
)
#: Where this machine keeps what reaches its registry of Python packages; lent to the one step, never left there.
LENT = {
    "ca.crt": ("/etc/ssl/certs/ca-certificates.crt",),
    "pip.conf": ("~/.config/pip/pip.conf", "/etc/pip.conf"),
}
# The kernel's first file system cannot be turned round (pivot_root): it is bound onto itself, as everywhere else.
INIT = """#!/bin/sh
if [ "$1" != again ]; then
    mount --bind / /newroot; cd /newroot; mount --move . /; exec chroot . /init again
fi
exec /lib/systemd/systemd --unit=berm-check.service
"""
CHECK = """[Unit]
Description=What this machine was started for
Requires=multi-user.target
After=multi-user.target
[Service]
Type=oneshot
WorkingDirectory=/opt/berm
ExecStart=/usr/bin/python3 /check/inside_unit.py
StandardOutput=tty
StandardError=inherit
TTYPath=/dev/ttyS1
ExecStopPost=/bin/sh -c 'echo exit $EXIT_STATUS >/dev/ttyS2; systemctl poweroff --force --force'
"""


def tool() -> ModuleType:
    """Return the simulator's machine as a module: its kernels, its file system image, its QEMU."""
    sys.dont_write_bytecode = True
    loader = SourceFileLoader("simulated_machine", str(simulator() / "vm"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def run(*argv: str | Path) -> None:
    """Run one step; what it says goes to stderr."""
    print("berm:", *argv, file=sys.stderr, flush=True)
    subprocess.run([*map(str, argv)], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def make(root: Path) -> None:
    """Make a Debian with systemd, and a clone with its virtual environment as the guide says."""
    run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root)
    clone = root / "opt/berm"
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, clone)
    shutil.rmtree(clone / ".git")
    lent = root / "run/lent"
    lent.mkdir(parents=True)
    environment = ["-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
    for name, variable in (("ca.crt", "PIP_CERT"), ("pip.conf", "PIP_CONFIG_FILE")):
        places = [Path(path).expanduser() for path in LENT[name]]
        if found := next((path for path in places if path.is_file()), None):
            shutil.copy(found, lent / name)
            environment.append(f"{variable}=/run/lent/{name}")
    if Path("/etc/resolv.conf").exists():
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    script = "\n".join(["set -e", *commands("## Without a container", "python3 -m venv")])
    run("chroot", root, "env", *environment, "sh", "-c", script)
    shutil.rmtree(lent)
    run("chroot", root, "useradd", "--system", "--no-create-home", "berm")
    compile_all(root, "/usr/lib/python3.11", "/opt/berm/.venv/lib")


def compile_all(root: Path, *folders: str) -> None:
    """Compile modules so that their age is not asked: in the machine's file system all files are of 1970."""
    words = ["-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    run("chroot", root, f"/{COMMAND}", *words, "-x", "/(attacks|lib2to3|tests?)/", *folders)


def renew(root: Path) -> None:
    """Bring what the clone has of Berm up to date; raises SystemExit where its packages are others."""
    clone = root / "opt/berm"
    for path in sorted(ROOT.glob("requirements/*.txt")):
        if path.read_bytes() != clone.joinpath("requirements", path.name).read_bytes():
            raise SystemExit(
                f"berm: {root} was made for other packages: remove it, it is made anew."
            )
    for name in ("src", "deploy"):
        shutil.rmtree(clone / name)
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    compile_all(root, "/opt/berm/src")


def commands(heading: str, first: str) -> list[str]:
    """Return the lines of the guide's block of commands that has a line beginning with ``first``."""
    text = (ROOT / "docs/guides/image.md").read_text("utf-8").partition(heading)[2]
    blocks = text.split("```sh\n")[1:]
    block = next(block for block in blocks if f"\n{first}" in "\n" + block)
    lines = block.partition("```")[0].splitlines()
    return [line for line in lines if not line.startswith("git clone")]


def image(vm: ModuleType, root: Path, path: Path) -> None:
    """Write the machine's file system; everything in it belongs to root, as the simulator's image has it."""
    skipped = {root / name for name in UNUSED}
    with path.open("wb") as out:
        made = vm.Initramfs(out)
        for name in ("newroot", "proc", "sys", "dev", "run", "var/cache", "var/lib/apt"):
            made.add_dir(name)
        made.add_dir("tmp", 0o1777)
        made.add_dir("var/tmp", 0o1777)

        def add(source: Path, name: str) -> None:
            mode = source.lstat().st_mode
            if source in skipped or stat.S_ISSOCK(mode):
                return
            if not stat.S_ISDIR(mode):
                made.copy(str(source), name)
                return
            made.add_dir(name, stat.S_IMODE(mode))
            for child in sorted(source.iterdir()):
                add(child, f"{name}/{child.name}")

        made.add_file("init", INIT.encode(), 0o755)
        for name in LOOKING:
            made.add_file(f"check/{name}", (HERE / name).read_bytes())
        made.add_file("etc/systemd/system/berm-check.service", CHECK.encode())
        add(root, "")
        made.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="where the Debian is, or is made")
    parser.add_argument("--kernel", default="6.1", choices=("6.1", "6.12"))
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for the machine")
    parser.add_argument("--console", action="store_true", help="show what the kernel said")
    options = parser.parse_args()
    vm = tool()
    if not options.root.exists():
        make(options.root)
    renew(options.root)
    vmlinuz, release = vm.kernel(options.kernel)
    with tempfile.TemporaryDirectory(prefix="berm-unit-", dir="/var/tmp") as folder:
        initramfs = Path(folder, "initramfs")
        image(vm, options.root, initramfs)
        command = vm.qemu_command(vmlinuz, str(initramfs), folder, 3072, 2)
        at = command.index("-serial", command.index("stdio") - 1)
        command[at + 1] = f"file:{folder}/said"
        command[-1] += " systemd.show_status=0 systemd.mask=serial-getty@ttyS0.service"
        code = vm.boot(command, folder, options.timeout)
        said = Path(folder, "said").read_text("utf-8", "replace").replace("\r", "")
        if options.console or code != 0:
            print(Path(folder, "console").read_text("utf-8", "replace"), file=sys.stderr)
    lines = [line for line in said.splitlines() if line.startswith(MARK)]
    if code != 0 or not lines:
        print(said, file=sys.stderr)
    report = json.loads(lines[-1].removeprefix(MARK)) if lines else {}
    print(json.dumps({"kernel": release, "exit code": code, **report}, indent=1))
    return 0 if code == 0 and report else 1


if __name__ == "__main__":
    sys.exit(main())
