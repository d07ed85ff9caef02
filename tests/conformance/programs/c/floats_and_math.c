#include <math.h>
#include <stdio.h>

int main(void)
{
    double x;
    while (scanf("%lf", &x) == 1)
        printf("%.12g %.12g %.12g %.12g %.12g %d\n", sqrt(fabs(x)), sin(x), exp(-x * x), cbrt(x), fmod(x, 3), (int)lround(x));
    printf("%.6f %.6f %.15g\n", hypot(3, 4), atan2(-1, -1), pow(2, 0.5));
}
