"""The environments, what each of them is, and what Berm must do there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

#: Without Landlock and without mounts of one's own there is no way to keep a program from files.
NO_FILES = frozenset({"filesystem", "secrets"})
#: Nor, then, from the memory of processes of the same uid, which is a file below /proc.
NO_MEMORY_FILES = NO_FILES | {"processes"}


@dataclasses.dataclass(frozen=True, slots=True)
class Mode:
    """One environment.

    Attributes:
        name: how it is called here and on the command line.
        text: what it is.
        simulator: what runs it: ``envsim`` or ``vm``.
        arguments: arguments of the simulator before the command.
        landlock_abi: the ABI that Berm is told to stop at, or None for all there is.
        refused: guarantees that Berm must refuse by name there.
        lowered: what is left is tried too, with exactly the refused guarantees given up.
        user: in a virtual machine, True for uid 1000 with a delegated cgroup.
        fast: part of the fast run, which every change must pass.
        part: tried with a chosen part of the attacks unless asked for the whole.
    """

    name: str
    text: str
    arguments: tuple[str, ...]
    simulator: str = "envsim"
    landlock_abi: int | None = None
    refused: frozenset[str] = frozenset()
    lowered: bool = True
    user: bool = False
    fast: bool = False
    part: bool = False

    @property
    def chosen(self) -> tuple[str, ...]:
        """The part of the attacks that stands for all of them here."""
        return MACHINE_ATTACKS if self.simulator == "vm" else FAST_ATTACKS

    @property
    def shown(self) -> str:
        """The simulator's call in short, for the page."""
        cap = f" BERM_LANDLOCK_ABI={self.landlock_abi}" if self.landlock_abi is not None else ""
        return f"{self.simulator} {' '.join(self.arguments)}{cap}"


def _bare(name: str, text: str, *, fast: bool = False) -> Mode:
    return Mode(name, text, (name,), fast=fast)


def _capped(abi: int, kernel: str) -> Mode:
    text = f"as aca, Landlock as in Linux {kernel} (ABI {abi})"
    return Mode(f"aca-landlock-{abi}", text, ("aca",), landlock_abi=abi, part=True)


def _machine(kernel: str, user: bool) -> Mode:
    who = "uid 1000 with a delegated cgroup v2" if user else "root"
    name = f"vm-{kernel}-{'user' if user else 'root'}"
    text = f"Debian's {kernel} kernel in a virtual machine, {who}"
    arguments = ("--kernel", kernel, "--python")
    return Mode(name, text, arguments, simulator="vm", user=user, part=True)


_ALL = (
    _bare("bare-root", "this machine, as root", fast=True),
    _bare("bare-user", "this machine, as uid 1000", fast=True),
    _bare("docker-root", "container with Docker's capabilities and seccomp profile, as root"),
    _bare("docker-user", "the same as uid 1000"),
    _bare("aca", "Azure Container Apps: uid 1000, no capability, no user namespaces", fast=True),
    _bare("k8s-restricted", "Kubernetes pod, restricted profile, RuntimeDefault seccomp"),
    _bare("k8s-default", "Kubernetes pod with nothing set but the user: no seccomp profile"),
    _bare("userns-blocked", "uid 1000; making a user namespace fails with EPERM", fast=True),
    _bare("userns-enospc", "uid 1000; making a user namespace fails with ENOSPC"),
    _bare("userns-nocaps", "uid 1000; user namespaces can be made and give no powers"),
    _bare("gvisor-root", "gVisor (runsc of 2022), as root"),
    _bare("gvisor-user", "gVisor (runsc of 2022), as uid 1000", fast=True),
    Mode(
        "aca-landlock-off",
        "as aca, on a kernel without Landlock",
        ("aca", "--landlock", "off"),
        refused=NO_MEMORY_FILES,
        fast=True,
    ),
    _capped(1, "5.13"),
    _capped(3, "6.2"),
    _capped(4, "6.7"),
    _capped(6, "6.12"),
    _machine("6.1", user=False),
    _machine("6.1", user=True),
    _machine("6.12", user=False),
    _machine("6.12", user=True),
)

MODES: Mapping[str, Mode] = {mode.name: mode for mode in _ALL}

#: Languages whose programs the fast run tries: one that is forked warm, one that is compiled and executed.
FAST_PROGRAMS = ("python", "c")

#: Attacks of the fast run, and where only Landlock differs: of each guarantee some that are over soon, and those that found most.
FAST_ATTACKS = (
    *("abi-int80", "abi-x32", "bomb-fork", "bomb-threads", "cpu-burn", "cpu-children"),
    *(
        "daemon-double-fork",
        "daemon-subreaper",
        "disk-deep",
        "disk-fill",
        "disk-hidden",
        "disk-inodes",
        "disk-one-file",
    ),
    *("disk-unlinked", "files-metadata", "files-planted-links", "files-proc-environ"),
    *(
        "files-read-home",
        "files-read-secret",
        "files-runtime",
        "files-write-host",
        "leak-files",
        "leak-sysv",
    ),
    *("memory-bytearray", "memory-children", "memory-memfd", "memory-page-tables"),
    *("memory-shared", "mount-old", "namespace-unshare", "net-families", "net-socketpair"),
    *("net-tcp", "net-tcp-js", "net-unix-path", "net-uring", "others-limits", "others-same-user"),
    *("output-drain", "output-flood-stdout", "priv-capabilities", "raw-syscalls"),
    *("secret-environment", "secret-memory", "signal-all-calls", "signal-bystander"),
    *("signal-everyone", "signal-owner", "sys-bpf", "sys-filter", "sys-userfaultfd"),
    *("trace-memory-calls", "trace-ptrace", "wall-sleep", "wall-stopped"),
)

#: Attacks in virtual machines, which are emulated and slow: what the kernel's version and cgroup v2 decide.
MACHINE_ATTACKS = (
    *("abi-x32", "bomb-fork", "bomb-threads", "cpu-burn", "daemon-subreaper", "disk-hidden"),
    *("files-proc-environ", "files-read-secret", "files-runtime", "files-write-host"),
    *("leak-files", "memory-bytearray", "memory-children", "net-tcp", "net-unix-path"),
    *("others-same-user", "priv-capabilities", "secret-memory", "signal-bystander"),
    *("signal-everyone", "sys-bpf", "sys-userfaultfd", "trace-ptrace", "wall-stopped"),
)
