#include <stdio.h>
#include <stdlib.h>

typedef struct tree {
    int key;
    struct tree *side[2];
} tree;

static void insert(tree **t, int key)
{
    while (*t && (*t)->key != key)
        t = &(*t)->side[key > (*t)->key];
    if (!*t) {
        *t = calloc(1, sizeof **t);
        (*t)->key = key;
    }
}

static int height(const tree *t)
{
    if (!t)
        return 0;
    int l = height(t->side[0]), r = height(t->side[1]);
    return 1 + (l > r ? l : r);
}

static void print(const tree *t, int *left)
{
    if (!t || !*left)
        return;
    print(t->side[0], left);
    if (*left)
        printf("%d%s", t->key, --*left ? " " : "\n");
    print(t->side[1], left);
}

int main(void)
{
    tree *root = NULL;
    int key, show = 15;
    while (scanf("%d", &key) == 1)
        insert(&root, key);
    print(root, &show);
    printf("height %d\n", height(root));
}
