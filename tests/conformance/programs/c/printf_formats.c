#include <float.h>
#include <limits.h>
#include <stdio.h>

int main(void)
{
    printf("[%5d] [%-5d] [%05d] [%+d] [% d] [%x] [%#X] [%o] [%u]\n", 42, 42, 42, 42, 42, 255, 255, 8, -1);
    printf("[%8.3f] [%-8.1f] [%e] [%G] [%a] [%.0f]\n", 3.14159, 2.75, 12345.678, 1e-10, 0.1, 2.5);
    printf("[%s] [%.3s] [%10s] [%-10s] [%c] [%%] [%*d] [%.*s]\n", "text", "truncated", "right", "left", 'z', 6, 7, 2, "abc");
    printf("%lld %llu %d %d %ld\n", LLONG_MIN, ULLONG_MAX, INT_MAX, SCHAR_MIN, LONG_MAX);
    printf("%g %g %g %g %.17g\n", DBL_MAX, DBL_MIN, 1.0 / 3, -0.0, 0.1 + 0.2);
    double zero = 0;
    printf("%f %f %f\n", 1 / zero, -1 / zero, zero / zero * -1 != 0 ? 0.5 : 1.5);
    int written;
    printf("count%n", &written);
    printf(" %d %zu\n", written, sizeof(long double));
}
