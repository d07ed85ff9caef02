# id = "files-read-system"
# title = "read what a machine keeps in /etc, /var, /root, /home, /boot, /srv, /run"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2024-28185", "DMOJ#318"]
# bare = "user"
import os

from attack import Tally

tally = Tally()
FILES = (
    "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/machine-id", "/etc/fstab",
    "/etc/ssh/sshd_config", "/etc/crontab", "/var/log/dpkg.log", "/var/lib/dpkg/status",
    "/root/.bashrc", "/root/.ssh/id_rsa", "/run/utmp",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
)


def read(path):
    with open(path, "rb") as file:
        return file.read(20) and None


def entries(path):
    if not os.listdir(path):
        raise FileNotFoundError(2, "empty")


for path in FILES:
    tally.attempt(path, read, path)
for folder in ("/root", "/home", "/var", "/boot", "/srv", "/run", "/mnt", "/media", "/etc/ssl/private"):
    tally.attempt(folder, entries, folder)
tally.finish()
