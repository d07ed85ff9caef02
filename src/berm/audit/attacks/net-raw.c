// id = "net-raw"
// title = "send raw and packet-level frames"
// guarantee = "network"
// layers = ["capabilities", "seccomp"]
// source = ["CVE-2026-31431 (AF_PACKET)"]
// bare = "root"
#include "attack.h"
#include <arpa/inet.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    tried("raw ICMP", syscall(SYS_socket, AF_INET, SOCK_RAW, 1));
    tried("raw TCP", syscall(SYS_socket, AF_INET, SOCK_RAW, 6));
    tried("raw IPv6", syscall(SYS_socket, AF_INET6, SOCK_RAW, 58));
    tried("packet raw", syscall(SYS_socket, AF_PACKET, SOCK_RAW, htons(3)));
    tried("packet datagram", syscall(SYS_socket, AF_PACKET, SOCK_DGRAM, htons(3)));
    tried("XDP", syscall(SYS_socket, 44, SOCK_RAW, 0));
    attack_finish();
}
