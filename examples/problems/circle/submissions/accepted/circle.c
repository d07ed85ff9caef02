#include <stdio.h>
int main(void) {
    int n;
    double r;
    if (scanf("%d", &n) != 1) return 1;
    while (n-- > 0 && scanf("%lf", &r) == 1) printf("%.17e\n", 3.14159265358979323846 * r * r);
    return 0;
}
