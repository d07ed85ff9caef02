#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1021 };

struct entry {
    struct entry *next;
    int count;
    char word[];
};

static struct entry *table[BUCKETS];

static struct entry *lookup(const char *word)
{
    unsigned h = 5381;
    for (const char *p = word; *p; p++)
        h = h * 33 ^ (unsigned char)*p;
    struct entry **place = &table[h % BUCKETS];
    for (struct entry *e = *place; e; e = e->next)
        if (!strcmp(e->word, word))
            return e;
    struct entry *e = malloc(sizeof *e + strlen(word) + 1);
    e->count = 0;
    e->next = *place;
    strcpy(e->word, word);
    return *place = e;
}

int main(void)
{
    char word[64];
    int length = 0, c, total = 0, distinct = 0;
    do {
        c = getchar();
        if (c != EOF && isalpha(c) && length < 63) {
            word[length++] = tolower(c);
        } else if (length) {
            word[length] = 0;
            length = 0;
            distinct += lookup(word)->count++ == 0;
            total++;
        }
    } while (c != EOF);
    int most = 0;
    const char *best = "";
    for (int b = 0; b < BUCKETS; b++)
        for (struct entry *e = table[b]; e; e = e->next)
            if (e->count > most || (e->count == most && strcmp(e->word, best) < 0))
                most = e->count, best = e->word;
    printf("%d %d %s %d\n", total, distinct, best, most);
}
