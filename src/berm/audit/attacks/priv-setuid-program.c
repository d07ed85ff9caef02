// id = "priv-setuid-program"
// title = "run a set-uid program of the system"
// guarantee = "privileges"
// layers = ["no-new-privs", "pivot-root"]
// source = ["measured: set-user-id programs on /usr"]
// bare = "user"
// notes = "su waits for a password on a pipe; its effective uid is read meanwhile."
#include "attack.h"
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *programs[] = {"/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/newgrp", "/usr/bin/chsh", "/usr/bin/mount", "/usr/bin/sudo"};
    int found = 0;
    for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct stat info;
        if (stat(programs[i], &info) || !(info.st_mode & S_ISUID) || info.st_uid == getuid()) continue;
        found = 1;
        int pipes[2];
        if (pipe(pipes)) break;
        pid_t child = fork();
        if (child == 0) {
            dup2(pipes[0], 0);
            close(pipes[1]);
            int null = open("/dev/null", O_RDWR);
            dup2(null, 1), dup2(null, 2);
            execl(programs[i], programs[i], (char *)0);
            _exit(99);
        }
        if (child < 0) {
            tried("fork", -1);
            continue;
        }
        char path[40], text[4096];
        int changed = 0;
        for (int wait = 0; wait < 20 && !changed; wait++) {
            usleep(10000);
            snprintf(path, sizeof path, "/proc/%d/status", child);
            int fd = open(path, O_RDONLY);
            ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
            close(fd);
            if (length <= 0) continue;
            text[length] = 0;
            char *uids = strstr(text, "\nUid:");
            unsigned real = 0, effective = 0;
            if (uids && sscanf(uids, "\nUid: %u %u", &real, &effective) == 2 && effective == info.st_uid && real != effective) changed = 1;
        }
        if (changed) tried(programs[i], 0);
        close(pipes[1]);
        kill(child, SIGKILL);
        waitpid(child, 0, 0);
    }
    if (!found) held("no set-uid program can be seen");
    if (*attack_through) attack_finish();
    held("set-uid programs kept the caller's uid");
}
