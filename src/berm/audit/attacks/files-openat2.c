// id = "files-openat2"
// title = "open a host file by raw open, openat, openat2, creat, open_tree"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["HUSTOJ#429"]
// needs = ["secret-file"]
// bare = "user"
#include "attack.h"
#include <linux/openat2.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *path = prop("secret_path");
    struct open_how how = {.flags = O_RDONLY};
    int fd;
#ifdef SYS_open
    if (tried("open", fd = syscall(SYS_open, path, O_RDONLY))) attack_show(fd);
#endif
    if (tried("openat", fd = syscall(SYS_openat, -1, path, O_RDONLY))) attack_show(fd);
    if (tried("openat2", fd = syscall(SYS_openat2, -1, path, &how, sizeof how))) attack_show(fd);
    how.resolve = RESOLVE_IN_ROOT;
    int root = syscall(SYS_openat, -1, "/", O_PATH);
    if (tried("openat2 in root", fd = syscall(SYS_openat2, root, path, &how, sizeof how))) attack_show(fd);
    if (tried("openat from O_PATH", fd = syscall(SYS_openat, root, path + 1, O_RDONLY))) attack_show(fd);
    attack_finish();
}
