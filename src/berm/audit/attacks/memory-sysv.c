// id = "memory-sysv"
// title = "take memory in System V segments"
// guarantee = "memory"
// layers = ["cgroup", "seccomp"]
// source = ["measured: SysV shm survives the run: deny shmget"]
// expect = ["memory_limit"]
// limits = { memory = 67108864 }
// bare = "user"
// notes = "Each segment is marked for removal as soon as it is attached."
#include "attack.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    size_t total = 0;
    for (int i = 0; i < 10; i++) {
        int segment = shmget(IPC_PRIVATE, 20u << 20, IPC_CREAT | 0600);
        if (segment < 0) break;
        char *block = (char *)shmat(segment, 0, 0);
        shmctl(segment, IPC_RMID, 0);
        if (block == (char *)-1) break;
        for (size_t at = 0; at < 20u << 20; at += 4096) block[at] = 1;
        total += 20u << 20;
    }
    int number = errno;
    char line[80];
    snprintf(line, sizeof line, "%zu MiB in segments, then %s", total >> 20, strerrorname_np(number));
    if (total < 150u << 20) held(line);
    usleep(700000);
    escaped(line);
}
