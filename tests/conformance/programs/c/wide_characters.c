#include <locale.h>
#include <stdio.h>
#include <wchar.h>
#include <wctype.h>

int main(void)
{
    printf("%s\n", setlocale(LC_ALL, ""));
    wint_t c;
    int letters = 0, wide = 0;
    while ((c = getwchar()) != WEOF) {
        letters += iswalpha(c) != 0;
        wide += c > 127;
        printf("%x ", (unsigned)c);
    }
    printf("\n%d %d %lc%ls\n", letters, wide, (wint_t)0xe9, L"\u65e5\u672c");
}
