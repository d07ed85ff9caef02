"""The programs that are measured: tiny ones of each kind, and one that computes."""

from __future__ import annotations

from typing import Final

QUESTION: Final = "41\n"
ANSWER: Final = "42\n"

PYTHON: Final = "print(int(input())+1)\n"
NUMPY: Final = "import numpy\nprint(int(numpy.array([int(input()), 1]).sum()))\n"
ECHO: Final = "import sys\nsys.stdout.write('x' * int(input()))\n"
NODE: Final = "console.log(parseInt(require('fs').readFileSync(0, 'utf8')) + 1)\n"
JAVA: Final = """import java.util.Scanner;
public class Main {
    public static void main(String[] args) {
        System.out.println(new Scanner(System.in).nextInt() + 1);
    }
}
"""
CPP: Final = """#include <bits/stdc++.h>
using namespace std;
int main() {
    int n;
    cin >> n;
    vector<int> v(n);
    iota(v.begin(), v.end(), 0);
    sort(v.rbegin(), v.rend());
    map<string, int> m;
    for (int x : v) m[to_string(x)]++;
    cout << m.size() + 1 << "\\n";
}
"""
C: Final = """#include <stdio.h>
int main(void) {
    int n;
    if (scanf("%d", &n) != 1) return 1;
    printf("%d\\n", n + 1);
}
"""
WORK: Final = """#include <stdio.h>
static unsigned table[1 << 20];
int main(void) {
    unsigned x = 1;
    for (int i = 0; i < 20000000; i++) {
        x = x * 1664525u + 1013904223u;
        table[x >> 12] += x;
    }
    printf("%u\\n", table[7] & 1);
}
"""
"""Some 0.1 s of arithmetic and memory, for measuring how steady times are."""
