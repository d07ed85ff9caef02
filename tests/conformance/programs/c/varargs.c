#include <stdarg.h>
#include <stdio.h>

static double average(int n, ...)
{
    va_list list;
    double sum = 0;
    va_start(list, n);
    for (int i = 0; i < n; i++)
        sum += va_arg(list, double);
    va_end(list);
    return n ? sum / n : 0;
}

#define COUNT(...) (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))
#define AVERAGE(...) average(COUNT(__VA_ARGS__), __VA_ARGS__)

int main(void)
{
    printf("%.3f %.3f\n", AVERAGE(1.0, 2.0, 4.0), AVERAGE(2.5));
    printf("%s\n", _Generic(1.0f, float: "float", double: "double", default: "other"));
}
