#include <stdio.h>
int main(int argc, char **argv) {
    int count = 0, c;
    FILE *text = fopen("text.txt", "r");
    if (!text || argc < 2) return 1;
    while ((c = getc(text)) != EOF) count += c == argv[1][0];
    printf("%d\n", count);
    return 0;
}
