#include <stdlib.h>

int main(void)
{
    exit(0x1ff);
}
