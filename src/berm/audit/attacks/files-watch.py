# id = "files-watch"
# title = "watch the host's directories with inotify"
# guarantee = "filesystem"
# layers = ["pivot-root", "seccomp"]
# source = ["measured: Landlock has no right for watching"]
# needs = ["secret-file", "host-file"]
# bare = "user"
import ctypes

from attack import Tally, props, syscall

tally = Tally()


def watch(path):
    fd = syscall("inotify_init1", 0)
    syscall("inotify_add_watch", fd, ctypes.c_char_p(path.encode()), 0xFFF)


for name in ("secret_path", "secret_dir", "host_path", "host_dir"):
    tally.attempt(name, watch, props[name])
tally.finish()
