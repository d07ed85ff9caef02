#include <setjmp.h>
#include <stdio.h>

static jmp_buf home;

static void deep(int n)
{
    if (n == 0)
        longjmp(home, 42);
    if (n > 0)
        deep(n - 1);
}

int main(void)
{
    volatile int tries = 0;
    int code = setjmp(home);
    if (code == 0 || tries < 3) {
        printf("try %d code %d\n", ++tries, code);
        deep(tries * 10);
    }
    printf("done after %d\n", tries);
}
