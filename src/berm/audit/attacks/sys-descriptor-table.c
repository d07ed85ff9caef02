// id = "sys-descriptor-table"
// title = "write the local descriptor table, I/O ports and segment bases: modify_ldt, iopl, ioperm"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["surface: modify_ldt"]
// machines = ["x86_64"]
// bare = "user"
// notes = "iopl and ioperm need CAP_SYS_RAWIO too."
#include "attack.h"
#include <asm/ldt.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    struct user_desc entry;
    memset(&entry, 0, sizeof entry);
    entry.limit = 0xfffff;
    entry.seg_32bit = 1;
    entry.limit_in_pages = 1;
    entry.useable = 1;
    char table[64];
    tried("modify_ldt write", (int)syscall(SYS_modify_ldt, 1, &entry, sizeof entry));
    tried("modify_ldt read", (int)syscall(SYS_modify_ldt, 0, table, sizeof table));
    tried("iopl", syscall(SYS_iopl, 3));
    tried("ioperm", syscall(SYS_ioperm, 0x70, 2, 1));
    entry.entry_number = -1;
    tried("set_thread_area", syscall(SYS_set_thread_area, &entry));
    attack_finish();
}
