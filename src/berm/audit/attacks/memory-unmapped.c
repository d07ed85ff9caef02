// id = "memory-unmapped"
// title = "hold shared memory that is mapped nowhere: written through a mapping, then unmapped"
// guarantee = "memory"
// layers = ["cgroup", "seccomp", "rlimits", "watchdog"]
// source = ["measured: tmpfs and memfd pages stay charged", "a PSS watchdog sees only what is mapped"]
// expect = ["memory_limit", "file_limit", "signalled:SIGBUS"]
// limits = { memory = 67108864, file_size = 1073741824, disk = 33554432 }
// bare = "user"
// notes = "memfd_create and O_TMPFILE in every directory that is memory. What lies in the run's own directories is bounded by its disk limit, here 32 MiB."
#include "attack.h"
#include <sys/mman.h>
#include <sys/vfs.h>

static size_t total;

static void hold(int fd, size_t size) {
    if (fd < 0 || ftruncate(fd, size)) return;
    for (size_t at = 0; at < size; at += 1 << 22) {
        char *part = (char *)mmap(0, 1 << 22, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
        if (part == MAP_FAILED) return;
        for (size_t page = 0; page < 1 << 22; page += 4096) part[page] = 1;
        munmap(part, 1 << 22);
        total += 1 << 22;
    }
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    for (int i = 0; i < 2; i++) hold(syscall(SYS_memfd_create, "berm", 0), 100u << 20);
    const char *places[] = {"/dev/shm", "/tmp", "."};
    for (int i = 0; i < 3; i++) {
        struct statfs kind;
        if (statfs(places[i], &kind) || kind.f_type != 0x01021994 /* tmpfs */) continue;
        hold(open(places[i], O_TMPFILE | O_RDWR, 0600), 100u << 20);
    }
    usleep(700000);
    char line[80];
    snprintf(line, sizeof line, "%zu MiB were held under a limit of 64 MiB", total >> 20);
    if (total > 150u << 20) escaped(line);
    held(line);
}
