#include "area.h"
#include <stdio.h>
int main(void) {
    char kind[20];
    long long a, b, total = 0;
    while (scanf("%19s %lld", kind, &a) == 2) {
        b = a;
        if (kind[0] == 'r' && scanf("%lld", &b) != 1) return 1;
        total += area(a, b);
    }
    printf("%lld\n", total);
    return 0;
}
