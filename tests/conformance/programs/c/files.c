#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    FILE *f = fopen("data.bin", "w+b");
    for (int i = 0; i < 1000; i++)
        fwrite(&i, sizeof i, 1, f);
    fseek(f, 500 * (long)sizeof(int), SEEK_SET);
    int x;
    fread(&x, sizeof x, 1, f);
    printf("%d %ld\n", x, ftell(f));
    fclose(f);
    rename("data.bin", "moved.bin");
    f = fopen("data.bin", "rb");
    printf("%s\n", f ? "still there" : strerror(errno));
    remove("moved.bin");
    f = tmpfile();
    fputs("temporary", f);
    rewind(f);
    char text[20];
    printf("%s\n", fgets(text, sizeof text, f));
    perror("perror");
}
