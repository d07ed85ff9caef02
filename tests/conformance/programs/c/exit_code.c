#include <stdio.h>
#include <stdlib.h>

static void bye(void)
{
    puts("atexit");
}

int main(void)
{
    atexit(bye);
    puts("main");
    return 77;
}
