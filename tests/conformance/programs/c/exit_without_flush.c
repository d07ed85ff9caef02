#include <stdio.h>
#include <unistd.h>

int main(void)
{
    printf("lost in the buffer");
    fprintf(stderr, "written at once\n");
    _exit(5);
}
