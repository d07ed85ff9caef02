#include "answer.h"
#include <stdio.h>

int main(void)
{
    printf("parts: %d\n", answer());
    return 0;
}
