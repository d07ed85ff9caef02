#include <stdio.h>
int main(void) {
    FILE *text = fopen("texts.txt", "r");
    return getc(text);
}
