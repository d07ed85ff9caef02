// id = "net-families"
// title = "make a socket of every address family and type"
// guarantee = "network"
// layers = ["seccomp"]
// source = ["CVE-2026-31431", "isolate 2.6"]
// bare = "user"
// notes = "AF_UNIX alone is passed over: net-unix-path and net-abstract show that it leads nowhere."
#include "attack.h"
#include <sys/socket.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, 6, 10};
    char label[40];
    for (int family = 0; family < 64; family++) {
        if (family == AF_UNIX) continue;
        for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
            int fd = syscall(SYS_socket, family, types[i], 0);
            if (fd >= 0) {
                snprintf(label, sizeof label, "family %d type %d", family, types[i]);
                tried(label, fd);
                close(fd);
            }
        }
    }
    tried("AF_INET", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    /* A family whose upper half is rubbish: the kernel looks at 32 bits, a filter may look at 64. */
    tried("AF_INET with high bits", syscall(SYS_socket, 0x100000000L | AF_INET, SOCK_STREAM, 0));
    attack_finish();
}
