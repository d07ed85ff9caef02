#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    char word[16];
    struct node *next;
};

static struct node *insert(struct node *list, const char *word)
{
    struct node **place = &list;
    while (*place && strcmp((*place)->word, word) < 0)
        place = &(*place)->next;
    struct node *fresh = malloc(sizeof *fresh);
    strcpy(fresh->word, word);
    fresh->next = *place;
    *place = fresh;
    return list;
}

int main(void)
{
    struct node *list = NULL;
    char word[16];
    while (scanf("%15s", word) == 1)
        list = insert(list, word);
    struct node *previous = NULL;
    while (list) {
        struct node *next = list->next;
        list->next = previous;
        previous = list;
        list = next;
    }
    while (previous) {
        struct node *next = previous->next;
        printf("%s%s", previous->word, next ? " <- " : "\n");
        free(previous);
        previous = next;
    }
}
