#import <objc/Object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile last;

@interface Program : Object
+ (void)copy:(FILE *)from;
@end

@implementation Program
+ (void)copy:(FILE *)from
{
    static char block[65536];
    size_t n;
    while ((n = fread(block, 1, sizeof block, from)) > 0)
        fwrite(block, 1, n, stdout);
}
@end

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "hello";
    if (!strcmp(mode, "hello"))
        puts("Hello, world!");
    else if (!strcmp(mode, "echo"))
        [Program copy:stdin];
    else if (!strcmp(mode, "args"))
        for (int i = 2; i < argc; i++)
            puts(argv[i]);
    else if (!strcmp(mode, "exit"))
        return 7;
    else if (!strcmp(mode, "crash"))
        abort();
    else if (!strcmp(mode, "spin"))
        for (volatile unsigned i = 0;; i++)
            ;
    else if (!strcmp(mode, "fill"))
        for (;;) {
            char *more = malloc(1 << 20);
            if (!more) {
                perror("malloc");
                return 1;
            }
            memset(more, 1, 1 << 20);
            last = more;
        }
    else if (!strcmp(mode, "read")) {
        FILE *file = fopen(argv[2], "rb");
        if (!file) {
            perror(argv[2]);
            return 1;
        }
        [Program copy:file];
    }
    return 0;
}
