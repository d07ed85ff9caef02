#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t seen;

static void handler(int number)
{
    seen = number;
}

int main(void)
{
    signal(SIGTERM, handler);
    raise(SIGTERM);
    printf("survived %d\n", (int)seen);
    fflush(stdout);
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
}
