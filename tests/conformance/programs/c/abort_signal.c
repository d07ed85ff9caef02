#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    puts("flushed");
    fflush(stdout);
    abort();
}
