#include <stdio.h>
#include <string.h>

int main(void)
{
    char a[300], b[300];
    int row[301];
    if (!fgets(a, sizeof a, stdin) || !fgets(b, sizeof b, stdin))
        return 2;
    a[strcspn(a, "\n")] = b[strcspn(b, "\n")] = 0;
    int n = strlen(a), m = strlen(b);
    for (int j = 0; j <= m; j++)
        row[j] = j;
    for (int i = 1; i <= n; i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    printf("%d\n", row[m]);
}
