// id = "net-netlink"
// title = "talk netlink: routes, events, audit, connector, crypto, generic"
// guarantee = "network"
// layers = ["seccomp"]
// source = ["CVE-2026-31431 (AF_NETLINK)"]
// bare = "user"
#include "attack.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    char label[40];
    for (int protocol = 0; protocol < 23; protocol++) {
        int fd = syscall(SYS_socket, AF_NETLINK, SOCK_RAW, protocol);
        snprintf(label, sizeof label, "protocol %d", protocol);
        if (!tried(label, fd) || protocol != NETLINK_ROUTE) continue;
        struct {
            struct nlmsghdr header;
            struct rtgenmsg body;
        } ask = {{sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
        if (send(fd, &ask, sizeof ask, 0) > 0) {
            char answer[8192];
            if (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0) tried("list of the host's links", 0);
        }
    }
    attack_finish();
}
