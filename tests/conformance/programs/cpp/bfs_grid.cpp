#include <cstdio>
#include <queue>
#include <string>
#include <vector>

int main() {
    int h, w;
    std::scanf("%d %d", &h, &w);
    std::vector<std::string> g(h);
    char line[512];
    for (auto& row : g) {
        std::scanf("%511s", line);
        row = line;
    }
    std::vector<int> d(h * w, -1);
    std::queue<int> q({0});
    d[0] = 0;
    while (!q.empty()) {
        int at = q.front(), r = at / w, c = at % w;
        q.pop();
        for (int k = 0; k < 4; ++k) {
            int y = r + (k == 0) - (k == 1), x = c + (k == 2) - (k == 3);
            if (y >= 0 && x >= 0 && y < h && x < w && g[y][x] == '.' && d[y * w + x] < 0) {
                d[y * w + x] = d[at] + 1;
                q.push(y * w + x);
            }
        }
    }
    std::printf("%d\n", d.back());
}
