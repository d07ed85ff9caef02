// id = "net-vsock"
// title = "reach the hypervisor or a neighbour by AF_VSOCK"
// guarantee = "network"
// layers = ["seccomp"]
// source = ["isolate 2.6", "CVE-2026-31431 (AF_VSOCK)"]
// bare = "user"
// notes = "Network namespaces do not cover vsock before Linux 7: the filter alone holds it."
#include "attack.h"
#include <linux/vm_sockets.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int fd = syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
    if (tried("AF_VSOCK", fd)) {
        struct sockaddr_vm to = {.svm_family = AF_VSOCK, .svm_port = 1, .svm_cid = 2};
        fcntl(fd, F_SETFL, O_NONBLOCK);
        tried_past("connect to the hypervisor", connect(fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    }
    tried("AF_VSOCK datagram", syscall(SYS_socket, AF_VSOCK, SOCK_DGRAM, 0));
    tried("AF_QIPCRTR", syscall(SYS_socket, 42, SOCK_DGRAM, 0));
    tried("AF_TIPC", syscall(SYS_socket, 30, SOCK_STREAM, 0));
    attack_finish();
}
