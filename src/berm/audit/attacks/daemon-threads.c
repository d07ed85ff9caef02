// id = "daemon-threads"
// title = "end the main thread and live on in another"
// guarantee = "cleanup"
// layers = ["pid-namespace", "agent", "watchdog"]
// source = ["limit: nothing survives the run"]
// expect = ["wall_limit", "exited"]
// limits = { wall_time = 1.0 }
// bare = ""
// why = "What counts is what is left; the audit looks for it. The thread ends by itself after 30 s."
#include "attack.h"
#include <pthread.h>

static void *live(void *unused) {
    sleep(30);
    exit(0);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread;
    pthread_create(&thread, 0, live, 0);
    pthread_exit(0);
}
