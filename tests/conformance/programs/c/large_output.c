#include <stdio.h>

int main(void)
{
    for (int i = 0; i < 60000; i++)
        printf("%d %o\n", i, i);
}
