// id = "disk-file-signal"
// title = "write past the file size limit without handling the signal"
// guarantee = "disk"
// layers = ["rlimits"]
// source = ["limit: file_limit as an outcome"]
// expect = ["file_limit", "signalled:SIGXFSZ"]
// limits = { file_size = 1048576, disk = 67108864 }
// bare = ""
// why = "What counts is that the end is told as what it was."
#include "attack.h"

int main(int argc, char **argv) {
    static char block[1 << 20];
    int fd = open("big", O_CREAT | O_WRONLY, 0600);
    if (fd < 0) return 3;
    for (int i = 0; i < 8; i++)
        if (write(fd, block, sizeof block) < 0) return 4;
    escaped("8 MiB were written under a limit of 1 MiB");
}
