#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    mkdir("d", 0755);
    rename("data.bin", "d/moved.bin");
    f = fopen("data.bin", "rb");
    printf("%s\n", f ? "still there" : strerror(errno));
    remove("d/moved.bin");
    char path[200];
    snprintf(path, sizeof path, "%s/XXXXXX", getenv("TMPDIR"));
    f = fdopen(mkstemp(path), "w+");
    fputs("temporary", f);
    rewind(f);
    char text[20];
    printf("%s\n", fgets(text, sizeof text, f));
    remove(path);
    f = fopen(path, "r");
    perror("perror");
}
