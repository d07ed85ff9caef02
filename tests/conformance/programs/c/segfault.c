#include <stdio.h>

int main(void)
{
    puts("before");
    fflush(stdout);
    int *volatile p = NULL;
    *p = 1;
    puts("after");
}
