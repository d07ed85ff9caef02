// id = "sys-filter"
// title = "change the filter itself: SECCOMP_SET_MODE_STRICT, a listener of one's own, no_new_privs off"
// guarantee = "privileges"
// layers = ["seccomp"]
// source = ["OpenShell#584", "dify-sandbox#27"]
// bare = "user"
// notes = "What counts is that no_new_privs is on, that a filter is installed, and that neither can be taken back."
#include "attack.h"
#include <linux/seccomp.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    char note[80];
    int nnp = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    int mode = prctl(PR_GET_SECCOMP);
    /* Asking is itself a call that a filter may refuse; then there is a filter. */
    if (nnp == 0) tried("no_new_privs is off", 0);
    if (mode == 0) tried("no filter at the first instruction", 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) tried("no_new_privs taken back", 0);
    snprintf(note, sizeof note, "no_new_privs %d, filter mode %d", nnp, mode);
    if (*attack_through) attack_finish();
    held(note);
}
