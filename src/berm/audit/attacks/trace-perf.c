// id = "trace-perf"
// title = "measure another process and the whole machine with perf_event_open"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["surface: perf_event_open"]
// needs = ["bystander"]
// bare = "root"
#include "attack.h"
#include <linux/perf_event.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    struct perf_event_attr event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    event.type = PERF_TYPE_SOFTWARE;
    event.config = PERF_COUNT_SW_TASK_CLOCK;
    tried("itself", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
    tried("bystander", syscall(SYS_perf_event_open, &event, (int)prop_number("bystander_pid"), -1, -1, 0));
    tried("the whole machine", syscall(SYS_perf_event_open, &event, -1, 0, -1, 0));
    attack_finish();
}
