// id = "output-flood-both"
// title = "flood both streams as fast as the machine can, with NUL and invalid UTF-8"
// guarantee = "output"
// layers = ["agent"]
// source = ["snekbox PR#81", "known: invalid UTF-8/NUL output"]
// needs = ["rss"]
// expect = ["output_limit"]
// limits = { wall_time = 8.0, cpu_time = 8.0 }
// bare = ""
// why = "A flood is never run bare. It has a fuse of 256 MiB a stream."
#include "attack.h"

int main(int argc, char **argv) {
    static char block[1 << 20];
    memset(block, 0xfe, sizeof block);
    for (size_t i = 0; i < sizeof block; i += 7) block[i] = i % 2 ? 0 : '\n';
    for (int i = 0; i < 256; i++) {
        if (write(1, block, sizeof block) < 0) return 1;
        if (write(2, block, sizeof block) < 0) return 1;
    }
    escaped("256 MiB a stream were taken");
}
