// Accepts every order that keeps all pairs.
#include "check.h"
#include <fstream>
#include <iostream>
#include <vector>
int main(int argc, char **argv) {
    if (argc < 4) return 1;
    std::ifstream in(argv[1]), ans(argv[2]);
    feedback.open(std::string(argv[3]) + "judgemessage.txt");
    int n, m;
    std::string expected, word;
    if (!(in >> n >> m) || !(ans >> expected)) return 1;
    if (!(std::cin >> word)) reject("no output");
    if (word == "IMPOSSIBLE") {
        if (std::cin >> word) reject("more output");
        if (expected == word) accept();
        expected == "IMPOSSIBLE" ? accept() : reject("it is possible");
    }
    if (expected == "IMPOSSIBLE") reject("it is impossible");
    std::vector<int> place(n + 1, 0);
    for (int i = 1; i <= n; i++) {
        if (i > 1 && !(std::cin >> word)) reject("too few tasks");
        int task = 0;
        if (word.size() > 6 || word.find_first_not_of("0123456789") != std::string::npos) reject("no number");
        task = std::stoi(word);
        if (task < 1 || task > n || place[task]) reject("no such task, or twice");
        place[task] = i;
    }
    if (std::cin >> word) reject("more output");
    for (int a, b; m-- > 0 && in >> a >> b;)
        if (place[a] > place[b]) reject("a pair is not kept");
    accept();
}
