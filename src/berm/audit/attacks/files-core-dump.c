// id = "files-core-dump"
// title = "leave a core dump, or have the host's core handler called"
// guarantee = "secrets"
// layers = ["rlimits"]
// source = ["measured: RLIMIT_CORE"]
// bare = "user"
#include "attack.h"
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    struct rlimit limit = {1 << 20, 1 << 20}, now;
    tried("raise RLIMIT_CORE", setrlimit(RLIMIT_CORE, &limit));
    getrlimit(RLIMIT_CORE, &now);
    if (now.rlim_max > 0) tried("RLIMIT_CORE is above zero", 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_DUMPABLE, 1);
        abort();
    }
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WCOREDUMP(status)) tried("a core was dumped", 0);
    attack_finish();
}
