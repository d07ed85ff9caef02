#include <stdio.h>
#include <string.h>

typedef int (*operation)(int, int);

static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b; }
static int divide(int a, int b) { return b ? a / b : 0; }

static const struct {
    const char *name;
    operation apply;
} table[] = {{"add", add}, {"sub", sub}, {"mul", mul}, {"div", divide}};

int main(void)
{
    char name[8];
    int a, b;
    while (scanf("%7s %d %d", name, &a, &b) == 3)
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (!strcmp(table[i].name, name))
                printf("%s(%d, %d) = %d\n", name, a, b, table[i].apply(a, b));
}
