// id = "net-alg"
// title = "reach the kernel's crypto through AF_ALG and splice (Copy Fail)"
// guarantee = "network"
// layers = ["seccomp"]
// source = ["CVE-2026-31431"]
// bare = "user"
// notes = "Many kernels are built without AF_ALG: bare it fails there as well. net-families shows that the same rule refuses families which do exist."
#include "attack.h"
#include <sys/socket.h>

struct address {
    unsigned short family;
    unsigned char type[14];
    unsigned int feature, mask;
    unsigned char name[64];
};

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int fd = syscall(SYS_socket, 38, SOCK_SEQPACKET, 0);
    if (tried("AF_ALG", fd)) {
        struct address hash = {38, "hash", 0, 0, "sha256"};
        struct address cipher = {38, "aead", 0, 0, "authencesn(hmac(sha256),cbc(aes))"};
        tried("bind hash", bind(fd, (struct sockaddr *)&hash, sizeof hash));
        fd = syscall(SYS_socket, 38, SOCK_SEQPACKET, 0);
        tried("bind aead", bind(fd, (struct sockaddr *)&cipher, sizeof cipher));
    }
    tried("AF_KEY", syscall(SYS_socket, 15, SOCK_RAW, 2));
    attack_finish();
}
