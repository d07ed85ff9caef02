#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char *p;

static double sum(void);

static double atom(void)
{
    while (isspace((unsigned char)*p))
        p++;
    if (*p == '(') {
        p++;
        double v = sum();
        p += *p == ')';
        return v;
    }
    if (*p == '-')
        return p++, -atom();
    char *end;
    double v = strtod(p, &end);
    if (end == p) {
        fprintf(stderr, "syntax error at '%s'\n", p);
        exit(EXIT_FAILURE);
    }
    p = end;
    return v;
}

static double chain(const char *operators, double (*next)(void))
{
    double v = next();
    for (;;) {
        while (*p == ' ')
            p++;
        if (*p != operators[0] && *p != operators[1])
            return v;
        char sign = *p++;
        double w = next();
        v = sign == '+' ? v + w : sign == '-' ? v - w : sign == '*' ? v * w : v / w;
    }
}

static double product(void)
{
    return chain("*/", atom);
}

static double sum(void)
{
    return chain("+-", product);
}

int main(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        p = line;
        printf("%g\n", sum());
    }
}
