#import "Answer.h"
#include <stdio.h>

int main(void)
{
    printf("parts: %d\n", [Answer value]);
    return 0;
}
