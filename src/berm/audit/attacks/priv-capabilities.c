// id = "priv-capabilities"
// title = "get a capability back: capset, ambient, bounding and inheritable sets, securebits"
// guarantee = "privileges"
// layers = ["capabilities"]
// source = ["CVE-2022-0492"]
// bare = "root"
#include "attack.h"
#include <linux/capability.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0}};
    if (syscall(SYS_capget, &header, sets) == 0) {
        for (int i = 0; i < 2; i++)
            if (sets[i].effective | sets[i].permitted | sets[i].inheritable) tried("a set is not empty", 0);
    }
    for (int capability = 0; capability < 41; capability++) {
        char label[40];
        snprintf(label, sizeof label, "bounding set has %d", capability);
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
            tried(label, 0);
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0) tried("ambient raised", 0);
    }
    for (int i = 0; i < 2; i++) sets[i].effective = sets[i].permitted = sets[i].inheritable = ~0u;
    sets[1].effective = sets[1].permitted = sets[1].inheritable = 0x1ff;
    tried("capset", syscall(SYS_capset, &header, sets));
    tried("securebits", prctl(PR_SET_SECUREBITS, 0x2f, 0, 0, 0));
    attack_finish();
}
