#include <stdio.h>

int main(void)
{
    int a, b;
    scanf("%d %d", &a, &b);
    printf("dividing\n");
    fflush(stdout);
    printf("%d\n", a / b);
}
