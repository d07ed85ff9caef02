"""Build the image of deploy/Dockerfile with what this machine has: buildah, podman or docker.

    ./dev image                          berm:VERSION with Python, JavaScript, Java, C, C++, C# and the small ones
    ./dev image --languages contest      more languages; a tier, or names with commas between
    ./dev image --base IMAGE             another Debian 12 to start from
    ./dev image --local-base             make that base here from Debian's packages (root, debootstrap): no registry of
                                         images is asked
    ./dev image --rootfs FOLDER          also lay the image's file system out there (buildah), to run it under crun
    ./dev image --isolation chroot       buildah inside of a container, where namespaces cannot be made

Certificates and addresses of this machine's registries (/etc/ssl/certs/ca-certificates.crt, pip's, npm's and apt's
settings) are handed to the steps that need them as secrets; no layer has them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
# What a place may have special about its registries: name of the secret → where Debian keeps it.
SECRETS = {
    "ca": ("/etc/ssl/certs/ca-certificates.crt",),
    "pip-conf": ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf"),
    "npmrc": ("~/.npmrc",),
}
APT_SOURCES = ("/etc/apt/sources.list.d/debian.sources",)


def say(text):
    """Tell the person at the terminal, on stderr."""
    print("berm: " + text, file=sys.stderr, flush=True)


def run(argv, **options):
    """Run a step whose output people see, on stderr; end if it fails."""
    say(" ".join(map(str, argv)))
    options.setdefault("stdout", sys.stderr)
    done = subprocess.run(list(map(str, argv)), check=False, **options)
    if done.returncode:
        sys.exit(f"berm: {argv[0]} failed with exit code {done.returncode}.")
    return done


def output(argv):
    """Return what a command prints; end if it fails."""
    return run(argv, stdout=subprocess.PIPE, text=True).stdout.strip()


def works(argv):
    """Tell whether a command ends with 0."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def first_file(paths):
    """Return the first of some files that is there and not empty, or None."""
    found = (Path(path).expanduser() for path in paths)
    return next((path for path in found if path.is_file() and path.stat().st_size), None)


def builder():
    """Return the program that builds images here."""
    for name in ("buildah", "podman", "docker"):
        if shutil.which(name):
            return name
    sys.exit(
        "berm: no program to build images with. On Debian, as root: apt-get install buildah crun debootstrap"
    )


def local_base(epoch):
    """Make the base image from Debian's packages; return its name. Needs root, buildah and debootstrap."""
    missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        sys.exit("berm: --local-base needs root, and: apt-get install buildah crun debootstrap")
    name = f"localhost/berm-base:{SUITE}"
    with tempfile.TemporaryDirectory(prefix="berm-base-", dir="/var/tmp") as folder:
        run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, folder],
            stdout=subprocess.DEVNULL,
        )
        container = output(["buildah", "from", "scratch"])
        try:
            run(["buildah", "add", "--quiet", container, folder, "/"], stdout=subprocess.DEVNULL)
            run(
                ["buildah", "commit", "--quiet", "--timestamp", str(epoch), container, name],
                stdout=subprocess.DEVNULL,
            )
        finally:
            run(["buildah", "rm", container], stdout=subprocess.DEVNULL)
    return name


def epoch_and_revision():
    """Return the age that all files get, and the commit."""
    git = ["git", "-C", str(ROOT)]

    def ask(*words):
        done = subprocess.run([*git, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    epoch = os.environ.get("SOURCE_DATE_EPOCH") or ask("log", "-1", "--format=%ct") or "1795824000"
    revision = ask("rev-parse", "HEAD") or "unknown"
    return int(epoch), revision + ("-changed" if ask("status", "--porcelain", "-uno") else "")


def build(options):
    """Build; return the program, and the name of the image."""
    epoch, revision = epoch_and_revision()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    program = builder()
    base = local_base(epoch) if options.local_base else options.base
    tag = options.tag or f"berm:{version}"
    argv = [program, "build", "-f", ROOT / "deploy/Dockerfile", "-t", tag]
    given = {
        "SOURCE_DATE_EPOCH": epoch,
        "VERSION": version,
        "REVISION": revision,
        "BERM_LANGUAGES": options.languages,
    } | ({"BASE": base} if base else {})
    argv += [word for name, value in given.items() for word in ("--build-arg", f"{name}={value}")]
    for name, places in (
        SECRETS | ({"apt-sources": APT_SOURCES} if options.local_base else {})
    ).items():
        if file := first_file(places):
            argv += ["--secret", f"id={name},src={file}"]
    if program != "docker":  # HEALTHCHECK is of Docker's format
        argv += ["--format", "docker", "--timestamp", epoch, "--layers=false"]
    if options.isolation:
        argv += ["--isolation", options.isolation]
    # What compilers write holds traces of addresses: let there be no chance in them. Docker's daemon builds by itself.
    steady = ["setarch", "--addr-no-randomize"]
    if program != "docker" and shutil.which(steady[0]) and works([*steady, "true"]):
        argv = [*steady, *argv]
    start = time.monotonic()
    # Docker before 23 takes its old builder otherwise, which knows no secrets.
    run([*argv, ROOT], env=os.environ | {"DOCKER_BUILDKIT": "1"})
    say(f"{tag}: built in {time.monotonic() - start:.0f} s")
    return program, tag


def lay_out(tag, folder):
    """Write the image's file system into a folder, as a runtime would show it."""
    container = output(["buildah", "from", tag])
    try:
        mounted = output(["buildah", "mount", container])
        folder.mkdir(parents=True)
        run(["cp", "-a", f"{mounted}/.", folder])
    finally:
        run(["buildah", "rm", container], stdout=subprocess.DEVNULL)


def describe(program, tag):
    """Print the image's size and that of its layers, as a registry would hold them."""
    if program != "buildah":
        return
    with tempfile.TemporaryDirectory(prefix="berm-image-", dir="/var/tmp") as folder:
        run(["buildah", "push", "--quiet", tag, f"dir:{folder}"], stdout=subprocess.DEVNULL)
        manifest = json.loads(Path(folder, "manifest.json").read_text("utf-8"))
        config = Path(folder, manifest["config"]["digest"].partition(":")[2]).read_text("utf-8")
        layers = [{"digest": one["digest"], "bytes": one["size"]} for one in manifest["layers"]]
        print(
            json.dumps(
                {
                    "image": tag,
                    "config": manifest["config"]["digest"],
                    "layers": layers,
                    "bytes": sum(one["bytes"] for one in layers),
                    "diff_ids": json.loads(config)["rootfs"]["diff_ids"],
                },
                indent=1,
            )
        )


def main(argv):
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(
        prog="./dev image",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--languages", default="minimal,csharp")
    parser.add_argument("--base", default="")
    parser.add_argument("--local-base", action="store_true")
    parser.add_argument("--tag", default="")
    parser.add_argument("--isolation", default="")
    parser.add_argument("--rootfs", type=Path)
    options = parser.parse_args(argv)
    if options.rootfs and options.rootfs.exists():
        parser.error(f"{options.rootfs} is there already")
    program, tag = build(options)
    describe(program, tag)
    if options.rootfs:
        if program != "buildah":
            parser.error("--rootfs needs buildah")
        lay_out(tag, options.rootfs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
