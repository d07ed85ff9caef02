#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct student {
    char name[32];
    int age;
    double grade;
};

static int by_grade(const void *a, const void *b)
{
    const struct student *x = a, *y = b;
    if (x->grade != y->grade)
        return x->grade < y->grade ? 1 : -1;
    return strcmp(x->name, y->name);
}

int main(void)
{
    struct student s[64];
    int n = 0;
    while (n < 64 && scanf("%31s %d %lf", s[n].name, &s[n].age, &s[n].grade) == 3)
        n++;
    qsort(s, n, sizeof *s, by_grade);
    for (int i = 0; i < n; i++)
        printf("%-10s|%3d|%5.2f\n", s[i].name, s[i].age, s[i].grade);
}
