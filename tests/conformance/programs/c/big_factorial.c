#include <stdint.h>
#include <stdio.h>

int main(void)
{
    static uint32_t limb[2000] = {1};
    int size = 1, n;
    scanf("%d", &n);
    for (int i = 2; i <= n; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < size; k++) {
            carry += (uint64_t)limb[k] * i;
            limb[k] = carry % 1000000000u;
            carry /= 1000000000u;
        }
        if (carry)
            limb[size++] = carry;
    }
    printf("%u", limb[--size]);
    while (size--)
        printf("%09u", limb[size]);
    putchar('\n');
}
